// SPDX-License-Identifier: Apache-2.0
#include "video/options.hpp"

#include "adapters/notice.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string_view>

namespace rig {
namespace {

constexpr const char* kDefaultMode = "720p25";

const DeckLinkMode* parse_mode(std::string_view name) {
  if (const DeckLinkMode* mode = find_decklink_mode(name)) return mode;
  std::string known;
  for (const DeckLinkMode& mode : decklink_modes()) known += fmt::format("{}{}", known.empty() ? "" : ", ", mode.name);
  throw UsageError(fmt::format("--mode: \"{}\" is none of {}", printable(name), known));
}

std::string parse_device(const std::string& name) {
  if (name == "virtual" || name == "auto" || name == "none") return name;
  throw UsageError(fmt::format("--device: \"{}\" is none of virtual, auto, none", printable(name)));
}

}  // namespace

void add_picture_options(CLI::App& app, PictureOptions& options) {
  options.mode = find_decklink_mode(kDefaultMode);
  options.shaders = RELUME_RIG_SHADERS;
  app.add_option_function<std::string>(
         "--device", [&options](const std::string& text) { options.device = parse_device(text); },
         "Where the pictures go: the emulated card of the build tree, the first card of the system, or nowhere")
      ->type_name("virtual|auto|none")
      ->default_str(options.device);
  app.add_option_function<std::string>(
         "--mode", [&options](const std::string& text) { options.mode = parse_mode(text); },
         "Size and rate: 1080p50, 720p50, 720p25, ...")
      ->type_name("MODE")
      ->default_str(kDefaultMode);
  app.add_option("--frames", options.frames, "End after so many pictures; 0: at a signal")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--png", options.png, "Write the newest picture there at SIGUSR1, and at the end of --frames")
      ->type_name("FILE");
  app.add_option("--raw", options.raw, "Write every picture there, 4 bytes RGBA a pixel; - is standard output")
      ->type_name("FILE|-");
  app.add_option("--shaders", options.shaders, "Folder of the shader packages")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--time-zero", options.time_zero_ns, "Moment of the monotonic clock at which show time is 0")
      ->type_name("NS")
      ->capture_default_str();
  app.add_option_function<std::int64_t>(
         "--at", [&options](std::int64_t ns) { options.at_ns = ns; }, "Let show time stand still at this moment")
      ->type_name("NS");
}

std::optional<VideoOptions> parse_video_options(int argc, const char* const* argv) {
  VideoOptions options;
  CLI::App app("Shader layers to a video card, and the same picture again after kill -9.", "relume-video");
  add_operator_options(app, options);
  add_picture_options(app, options);
  if (!parse_command_line(app, options, argc, argv)) return std::nullopt;
  return options;
}

}  // namespace rig
