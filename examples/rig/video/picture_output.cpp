// SPDX-License-Identifier: Apache-2.0
#include "video/picture_output.hpp"

#include "adapters/clock.hpp"
#include "operator/compose.hpp"

#include <algorithm>
#include <utility>

namespace rig {

PictureOutput::PictureOutput(relume::Show& show, Renderer& renderer, const PictureParams& params, const Pace& pace,
                             Hooks hooks, NoticeSink notices)
    : show_(show),
      reader_(show.reader()),
      renderer_(renderer),
      params_(params),
      pace_(pace),
      hooks_(std::move(hooks)),
      notices_(std::move(notices)),
      canvas_(renderer.picture_bytes()),
      told_counts_(PictureCounts{}) {
  picture_.rgba.resize(renderer.picture_bytes());
  copy_.rgba.resize(renderer.picture_bytes());
}

PictureOutput::~PictureOutput() { stop(); }

void PictureOutput::start() {
  stopping_.store(false, std::memory_order_relaxed);
  std::promise<void> shown;
  std::future<void> first = shown.get_future();
  thread_ = std::thread([this, promise = std::move(shown)]() mutable { run(std::move(promise)); });
  first.wait();
}

void PictureOutput::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_relaxed);
  thread_.join();
}

void PictureOutput::follow(PictureParams params) {
  params_.back() = std::move(params);
  params_.publish();
}

void PictureOutput::want() noexcept {
  if (!std::exchange(waiting_, true)) wanted_.store(true, std::memory_order_release);
}

const Picture* PictureOutput::take() noexcept {
  if (!kept_.exchange(false, std::memory_order_acquire)) return nullptr;
  waiting_ = false;
  return &copy_;
}

const PictureCounts& PictureOutput::counts() noexcept {
  told_counts_.take();
  return told_counts_.front();
}

/// False: the picture stays as it was.
bool PictureOutput::draw(std::int64_t tick_ns) {
  // Taken first, so that the frame is never older than the handles.
  params_.take();
  const PictureParams& params = params_.front();
  compose_frame(show_, monotonic_now());
  const relume::Frame frame = reader_.acquire();
  if (!of_one_stack(*frame, params.stack)) {
    ++counts_.held;
    return false;
  }
  layers_.clear();
  for (std::size_t i = 0; i < params.stack.size(); ++i) {
    const relume_frame_layer& layer = frame->layers[i];
    layers_.push_back({params.shaders[i].get(), {frame->slots + layer.first_slot, layer.slot_count}, layer.flags});
  }
  const MasterState master = master_of(frame, params.master);
  const std::int64_t show_time = pace_.at_ns.value_or(tick_ns - pace_.time_zero_ns);
  try {
    renderer_.render(layers_, show_time, {static_cast<float>(master.dimmer), master.blackout}, canvas_);
  } catch (const GlError& error) {
    ++counts_.failed;
    if (!std::exchange(failing_, true)) {
      notices_({error.what(), "the renderer", "the last picture is repeated until it can be drawn again"});
    }
    return false;
  }
  failing_ = false;
  std::swap(canvas_, picture_.rgba);
  picture_.show_time_ns = show_time;
  picture_.revision = frame->revision;
  return true;
}

void PictureOutput::show_picture(std::int64_t tick_ns) {
  const std::int64_t begin = monotonic_now();
  // Asked before the frame is composed, so that whoever wants a picture gets a later one.
  const bool wanted = wanted_.load(std::memory_order_acquire);
  // What cannot be drawn is no reason for the picture to go: the one before is shown again.
  const bool drawn = draw(tick_ns);
  counts_.draw_us[counts_.pictures % PictureCounts::kTimes] =
      static_cast<std::uint32_t>((monotonic_now() - begin) / 1'000);
  picture_.number = ++counts_.pictures;
  counts_.unfit = renderer_.counts().unfit;
  told_counts_.back() = counts_;
  told_counts_.publish();
  if (drawn && wanted) {
    wanted_.store(false, std::memory_order_relaxed);
    copy_ = picture_;
    kept_.store(true, std::memory_order_release);
  }
}

/// Number of the first tick that is still to come.
std::int64_t PictureOutput::next_tick() const noexcept {
  const std::int64_t elapsed = monotonic_now() - first_ns_;
  std::int64_t tick = elapsed / pace_.mode->nanoseconds(1);
  while (pace_.mode->nanoseconds(tick) > elapsed) --tick;  // the length of one was rounded down
  return tick + 1;
}

void PictureOutput::run(std::promise<void> first_shown) {
  constexpr std::int64_t kSlice = 50 * kMillisecond;
  first_ns_ = monotonic_now();
  show_picture(first_ns_);
  hooks_.shown(picture_);
  first_shown.set_value();
  hooks_.record(picture_);
  for (std::int64_t last = 0; !complete();) {
    // A tick that was missed is left out: the picture is the newest anyway.
    const std::int64_t tick = next_tick();
    counts_.missed += static_cast<std::uint64_t>(tick - last - 1);
    last = tick;
    const std::int64_t deadline = first_ns_ + pace_.mode->nanoseconds(tick);
    for (std::int64_t now = monotonic_now(); now < deadline; now = monotonic_now()) {
      if (stopping_.load(std::memory_order_relaxed)) return;
      sleep_until(std::min(deadline, now + kSlice));
    }
    if (stopping_.load(std::memory_order_relaxed)) return;
    show_picture(deadline);
    hooks_.shown(picture_);
    hooks_.record(picture_);
  }
  hooks_.finished();
}

}  // namespace rig
