// SPDX-License-Identifier: Apache-2.0
#include "video/video_stage.hpp"

#include "adapters/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

namespace rig {
namespace {

constexpr std::int64_t kReportPeriod = kSecond;

nlohmann::json json_of(const PictureCounts& counts) {
  const auto filled = static_cast<std::size_t>(std::min<std::uint64_t>(counts.pictures, PictureCounts::kTimes));
  std::vector<std::uint32_t> times(counts.draw_us.begin(),
                                   counts.draw_us.begin() + static_cast<std::ptrdiff_t>(filled));
  std::sort(times.begin(), times.end());
  const auto quantile = [&](double q) {
    return times.empty() ? 0.0 : times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))] / 1'000.0;
  };
  return {{"pictures", counts.pictures},
          {"missed", counts.missed},
          {"held", counts.held},
          {"failed", counts.failed},
          {"unfit", counts.unfit},
          {"draw_ms", {{"p50", quantile(0.5)}, {"p99", quantile(0.99)}, {"max", quantile(1.0)}}}};
}

}  // namespace

VideoStage::VideoStage(relume::Show& show, const PictureOptions& options, std::vector<ShaderPackage> declared,
                       const Console& console, std::function<void()> finished)
    : show_(show),
      console_(console),
      notices_([&console](const Notice& notice) { console.warn(notice); }),
      options_(options) {
  try {
    make_output(options, std::move(declared), std::move(finished));
  } catch (const GlError& error) {
    throw RigError(kExitRuntime, {error.what(), "the renderer", "install Mesa's EGL: libegl-mesa0, libgl1-mesa-dri"});
  } catch (const PackageError& error) {
    throw RigError(kExitRuntime, {error.what(), options.shaders, "check the folder of shader packages"});
  } catch (const PictureError& error) {
    throw RigError(kExitRuntime, {error.what(), options.raw, "name another file with --raw"});
  }
}

VideoStage::~VideoStage() { stop(); }

void VideoStage::make_output(const PictureOptions& options, std::vector<ShaderPackage> declared,
                             std::function<void()> finished) {
  const DeckLinkMode& mode = *options.mode;
  renderer_ = std::make_unique<Renderer>(mode.width, mode.height);
  if (options.device != "none") card_ = std::make_unique<CardSink>(options.device, mode, notices_);
  if (!options.raw.empty()) raw_ = std::make_unique<RawWriter>(options.raw);
  auto library = std::make_unique<ShaderLibrary>(*renderer_, options.shaders);
  const std::vector<ShaderFailure> failures = library->build_all();
  const Pace pace{&mode, options.time_zero_ns, options.at_ns, options.frames};
  output_ = std::make_unique<PictureOutput>(
      show_, *renderer_, PictureParams{}, pace,
      PictureOutput::Hooks{[this](const Picture& picture) {
                             if (card_ != nullptr) card_->put(picture);
                           },
                           [this](const Picture& picture) { record(picture); }, std::move(finished)},
      notices_);
  types_ = std::make_unique<ShaderTypes>(
      show_, options.shaders, std::move(declared),
      [this](const ShaderTypes::ShaderOf& shader_of) { output_->follow(find_picture(show_, shader_of)); }, notices_);
  types_->begin(library->all(), failures);
  types_->refresh();
  library_ = std::move(library);
}

void VideoStage::start() {
  if (card_ != nullptr) card_->start();
  output_->start();
  library_->start(types_->events());
  running_ = true;
}

void VideoStage::stop() {
  if (!std::exchange(running_, false)) return;
  stopping_.store(true, std::memory_order_relaxed);
  library_->stop();
  output_->stop();
  if (card_ != nullptr) card_->stop();
  if (options_.frames != 0 && !options_.png.empty()) take_picture(output_->newest());
  report_health();
  console_.note(fmt::format("picture {}", json_of(output_->counts()).dump()));
  if (card_ != nullptr) console_.note(fmt::format("card {}", card_->json()));
}

void VideoStage::follow() { types_->refresh(); }

void VideoStage::reload() { types_->refresh(); }

void VideoStage::look() {
  if (const Picture* picture = output_->take()) take_picture(*picture);
  if (monotonic_now() < report_due_ns_) return;
  report_due_ns_ = monotonic_now() + kReportPeriod;
  report_health();
}

void VideoStage::show_picture() {
  if (options_.png.empty()) {
    notices_({"a picture was asked for (SIGUSR1), and there is no file for it", "the command line",
              "start the rig with --png FILE"});
  } else {
    output_->want();
  }
}

std::string VideoStage::words() const { return fmt::format("device={} mode={}", options_.device, options_.mode->name); }

void VideoStage::take_picture(const Picture& picture) {
  try {
    write_png(options_.png, picture.rgba, options_.mode->width, options_.mode->height);
    console_.note(fmt::format("picture written show_time_ns={} revision={} number={} file={}", picture.show_time_ns,
                              picture.revision, picture.number, options_.png));
  } catch (const PictureError& error) { notices_({error.what(), options_.png, "free space or name another file"}); }
}

/// In the thread that draws.
void VideoStage::record(const Picture& picture) {
  if (raw_ == nullptr) return;
  try {
    raw_->write(picture.rgba, stopping_);
  } catch (const PictureError& error) {
    raw_.reset();
    notices_({error.what(), options_.raw, "no more raw frames are written; start the rig anew for them"});
  }
}

void VideoStage::report_health() {
  const std::map<std::string, std::string> failures = types_->failures();
  nlohmann::json shaders = nlohmann::json::object();
  constexpr std::size_t kLongest = 200;  // of all of them together the library takes 4 KiB
  constexpr std::size_t kMost = 12;
  for (const auto& [name, why] : failures) {
    if (shaders.size() < kMost) shaders[name] = printable(why, kLongest);
  }
  try {
    const PictureCounts& counts = output_->counts();
    // Of what was, the counters tell; the level says what is.
    const bool failing = std::exchange(failed_before_, counts.failed) != counts.failed;
    show_.report_health("picture", failing ? RELUME_HEALTH_DEGRADED : RELUME_HEALTH_OK, json_of(counts).dump());
    show_.report_health("shaders", failures.empty() ? RELUME_HEALTH_OK : RELUME_HEALTH_NOTICE,
                        nlohmann::json{{"failed", shaders}}.dump());
    if (card_ != nullptr) show_.report_health("card", card_->level(), card_->json());
  } catch (const relume::Error& error) {
    notices_({error.what(), "the health of the rig", "this should not happen; please report it"});
  }
}

}  // namespace rig
