// SPDX-License-Identifier: Apache-2.0
// What clients ask of the output. How the clock takes frames from the queue is in video_clock.cpp.
#include "decklink/virtual_card/video_output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <utility>

namespace rig::decklink::card {

namespace {

constexpr std::uint64_t kSynchronous = UINT64_MAX;

std::int64_t nanoseconds(Time time) { return rescaled(time, 1'000'000'000).value_or(0); }

/// -1 when another process holds it.
int take_lock_file(const std::string& path, std::uint32_t card) {
  const std::string own = card == 0 ? path : path + "." + std::to_string(card);
  const int file = open(own.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  if (file >= 0) close(file);
  return -1;
}

}  // namespace

VideoOutput::VideoOutput(const Parts& parts)
    : parts_(parts), clock_(parts.settings.ppm), queue_limit_(parts.settings.queue_limit) {
  if (!parts.settings.manual_clock) clock_thread_ = std::thread([this] { run_clock(); });
}

VideoOutput::~VideoOutput() {
  {
    const std::lock_guard lock(mutex_);
    switch_off();
    quit_ = true;
  }
  changed_.notify_all();
  if (clock_thread_.joinable()) clock_thread_.join();
}

void VideoOutput::log(const std::string& members) const {
  if (parts_.recorder.logs())
    parts_.recorder.log(
        fmt::format(R"({{"card":{},"ns":{},{}}})", parts_.card, running_ ? nanoseconds(elapsed()) : 0, members));
}

abi::Result VideoOutput::admit(Caller caller) const {
  if (!present_ || caller.plugging != plugging_) return abi::kFailed;
  if (mode_ == nullptr || caller.era != era_) return abi::kAccessDenied;
  return abi::kOk;
}

abi::Result VideoOutput::check(Caller caller) const {
  const std::lock_guard lock(mutex_);
  return admit(caller);
}

abi::Result VideoOutput::enable(Caller caller, const Mode& mode) {
  const std::lock_guard lock(mutex_);
  if (!present_ || caller.plugging != plugging_) return abi::kFailed;
  if (busy_ || mode_ != nullptr) return abi::kAccessDenied;
  if (!parts_.settings.lock_path.empty()) {
    lock_file_ = take_lock_file(parts_.settings.lock_path, parts_.card);
    if (lock_file_ < 0) return abi::kAccessDenied;
  }
  mode_ = &mode;
  era_ = caller.era;
  enabled_ns_ = clock_.now_ns();
  log(fmt::format(R"("event":"enabled","mode":"{}","era":"{}")", mode.name, era_ == Era::a ? "a" : "b"));
  return abi::kOk;
}

void VideoOutput::switch_off() {
  flush_all();
  mode_ = nullptr;
  if (lock_file_ >= 0) close(std::exchange(lock_file_, -1));
}

abi::Result VideoOutput::disable(Caller caller) {
  {
    const std::lock_guard lock(mutex_);
    if (const abi::Result refused = admit(caller); refused != abi::kOk) return refused;
    if (running_) end_playback();
    switch_off();
    log(R"("event":"disabled")");
  }
  changed_.notify_all();
  return abi::kOk;
}

std::shared_ptr<Look> VideoOutput::prepare_look(const SubmittedFrame& frame) {
  if (parts_.settings.hash_every == 0 && !parts_.settings.keep_picture) return nullptr;
  auto look = std::make_shared<Look>();
  look->frame = frame;
  look->ledger = &parts_.ledger;
  look->desk = parts_.settings.keep_picture ? &parts_.desk : nullptr;
  return look;
}

bool VideoOutput::fits(const FrameLayout& layout) const {
  const std::int64_t needed = abi::min_row_bytes(layout.format, layout.width);
  return layout.width == mode_->width && layout.height == mode_->height && needed != 0 && layout.row_bytes >= needed;
}

abi::Result VideoOutput::refuse(const char* why, abi::Result result) {
  parts_.ledger.count([](virtual_card_ledger& counters) { ++counters.refused; });
  log(fmt::format(R"("event":"refused","why":"{}")", why));
  return result;
}

abi::Result VideoOutput::schedule(Caller caller, SubmittedFrame frame, Time at, std::int64_t duration) {
  if (at.scale <= 0 || duration <= 0) return refuse("time scale or duration is not above 0", abi::kInvalidArgument);
  if (parts_.settings.strict && !frame.answers_for_itself()) {
    return refuse("the frame does not answer for its ids", abi::kInvalidArgument);
  }
  Queued queued;
  queued.look = prepare_look(frame);
  const std::lock_guard lock(mutex_);
  if (const abi::Result refused = admit(caller); refused != abi::kOk)
    return refuse("the output is not enabled", refused);
  if (failing_schedules_ > 0) {
    --failing_schedules_;
    return refuse("told to fail", abi::kFailed);
  }
  if (!fits(frame.layout())) return refuse("the frame does not fit the mode", abi::kInvalidArgument);
  if (queue_.size() >= queue_limit_) return refuse("too many frames are queued", abi::kOutOfMemory);
  const auto slot = slot_of(at, running_ ? start_ : Time{}, mode_->rate);
  const auto slots = slots_of_length({duration, at.scale}, mode_->rate);
  if (!slot || !slots) return refuse("its time is out of range", abi::kInvalidArgument);

  parts_.callbacks.scheduled_again(frame.identity());
  queued.at = at;
  queued.slot = *slot;
  queued.slots = *slots;
  queued.serial = next_serial_++;
  queued.arrived_ns = parts_.settings.manual_clock ? 0 : clock_.now_ns();
  if (parts_.recorder.logs()) {
    log(fmt::format(R"("event":"scheduled","serial":{},"time":{},"duration":{},"scale":{},"row_bytes":{},"frame":"{}")",
                    queued.serial, at.value, duration, at.scale, frame.layout().row_bytes, frame.identity()));
  }
  queued.frame = std::move(frame);
  queue_.push_back(std::move(queued));
  parts_.ledger.count([](virtual_card_ledger& counters) { ++counters.scheduled; });
  return abi::kOk;
}

abi::Result VideoOutput::display_now(Caller caller, SubmittedFrame frame) {
  Queued shown;
  shown.serial = kSynchronous;
  shown.slot = -1;
  shown.look = prepare_look(frame);
  shown.frame = std::move(frame);
  {
    std::unique_lock lock(mutex_);
    const auto refused = [this, caller] {
      const abi::Result result = admit(caller);
      return result == abi::kOk && running_ ? abi::kAccessDenied : result;
    };
    if (const abi::Result result = refused(); result != abi::kOk) return result;
    if (!fits(shown.frame.layout())) return abi::kInvalidArgument;
    if (!parts_.settings.manual_clock) {
      const auto slot = slot_of({clock_.now_ns() - enabled_ns_, 1'000'000'000}, {}, mode_->rate);
      const auto next = clock_.when(enabled_ns_ + slot_middle_ns(slot.value_or(0), mode_->rate));
      changed_.wait_until(lock, next, [&refused] { return refused() != abi::kOk; });
      if (const abi::Result result = refused(); result != abi::kOk) return result;
    }
    parts_.ledger.count([](virtual_card_ledger& counters) { ++counters.synchronous; });
    show(shown, -1);
  }
  if (shown.look != nullptr) parts_.recorder.wait_for(*shown.look);
  return abi::kOk;
}

abi::Result VideoOutput::start(Caller caller, Time time, double speed) {
  {
    const std::lock_guard lock(mutex_);
    if (const abi::Result refused = admit(caller); refused != abi::kOk) return refused;
    if (running_) return abi::kFailed;
    if (time.scale <= 0) return abi::kInvalidArgument;
    if (speed != 1.0) return abi::kNotImplemented;
    for (const Queued& queued : queue_) {
      if (!slot_of(queued.at, time, mode_->rate)) return abi::kInvalidArgument;
    }
    for (Queued& queued : queue_) queued.slot = *slot_of(queued.at, time, mode_->rate);
    start_ = time;
    origin_ns_ = clock_.now_ns();
    origin_frames_ = shown_frames_;
    stop_slot_.reset();
    running_ = true;
    log(fmt::format(R"("event":"started","time":{},"scale":{})", time.value, time.scale));
    next_slot_ = 0;
    parts_.audio.playback_started(time);
  }
  changed_.notify_all();
  return abi::kOk;
}

abi::Result VideoOutput::stop(Caller caller, std::optional<Time> at, std::int64_t* actual, std::int64_t scale) {
  {
    const std::lock_guard lock(mutex_);
    if (const abi::Result refused = admit(caller); refused != abi::kOk) return refused;
    if (!running_) return abi::kFailed;
    std::optional<std::int64_t> slot;
    if (at) {
      slot = slot_of(*at, start_, mode_->rate);
      if (!slot) return abi::kInvalidArgument;
    }
    log(R"("event":"stop")");
    if (slot && *slot >= next_slot_) {
      stop_slot_ = slot;
      flush_from(*slot);
      if (actual != nullptr) *actual = at->value;
      return abi::kOk;
    }
    if (actual != nullptr && scale > 0) {
      const auto begun = rescaled(start_, scale);
      const auto gone_by = rescaled(elapsed(), scale);
      if (!begun || !gone_by) return abi::kInvalidArgument;
      *actual = *begun + *gone_by;
    }
    end_playback();
  }
  changed_.notify_all();
  return abi::kOk;
}

abi::Result VideoOutput::stream_time(Caller caller, std::int64_t scale, std::int64_t* time, double* speed) const {
  const std::lock_guard lock(mutex_);
  if (const abi::Result refused = admit(caller); refused != abi::kOk) return refused;
  if (scale <= 0) return abi::kInvalidArgument;
  std::int64_t now = 0;
  if (running_) {
    const auto begun = rescaled(start_, scale);
    const auto gone_by = rescaled(elapsed(), scale);
    if (!begun || !gone_by || __builtin_add_overflow(*begun, *gone_by, &now)) return abi::kInvalidArgument;
  }
  if (time != nullptr) *time = now;
  if (speed != nullptr) *speed = running_ ? 1.0 : 0.0;
  return abi::kOk;
}

abi::Result VideoOutput::hardware_clock(Caller caller, std::int64_t scale, std::int64_t* time, std::int64_t* in_frame,
                                        std::int64_t* per_frame) const {
  const std::lock_guard lock(mutex_);
  if (const abi::Result refused = admit(caller); refused != abi::kOk) return refused;
  if (scale <= 0) return abi::kInvalidArgument;
  const auto now = rescaled(card_time(), scale);
  const auto frame = rescaled({mode_->rate.duration, mode_->rate.scale}, scale);
  if (!now || !frame) return abi::kInvalidArgument;
  if (time != nullptr) *time = *now;
  if (in_frame != nullptr) *in_frame = *frame > 0 ? *now % *frame : 0;
  if (per_frame != nullptr) *per_frame = *frame;
  return abi::kOk;
}

bool VideoOutput::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

std::uint32_t VideoOutput::queued() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint32_t>(queue_.size());
}

const Mode* VideoOutput::mode() const {
  const std::lock_guard lock(mutex_);
  return mode_;
}

bool VideoOutput::plugged(std::uint64_t plugging) const {
  const std::lock_guard lock(mutex_);
  return present_ && plugging == plugging_;
}

std::uint64_t VideoOutput::plugging() const {
  const std::lock_guard lock(mutex_);
  return plugging_;
}

void VideoOutput::unplug() {
  {
    const std::lock_guard lock(mutex_);
    present_ = false;
    switch_off();
    log(R"("event":"unplugged")");
  }
  changed_.notify_all();
}

void VideoOutput::plug() {
  const std::lock_guard lock(mutex_);
  present_ = true;
  ++plugging_;
  log(R"("event":"plugged")");
}

void VideoOutput::set_busy(bool on) {
  const std::lock_guard lock(mutex_);
  busy_ = on;
}

void VideoOutput::set_queue_limit(std::uint64_t frames) {
  const std::lock_guard lock(mutex_);
  queue_limit_ = frames;
}

void VideoOutput::set_no_stop_notice(bool on) {
  const std::lock_guard lock(mutex_);
  no_stop_notice_ = on;
}

void VideoOutput::stall_clock(std::uint64_t frames) {
  const std::lock_guard lock(mutex_);
  stalled_slots_ = frames;
}

void VideoOutput::keep_clock_asleep(bool on) {
  {
    const std::lock_guard lock(mutex_);
    clock_asleep_ = on;
  }
  changed_.notify_all();
}

void VideoOutput::fail_schedules(std::uint64_t calls) {
  const std::lock_guard lock(mutex_);
  failing_schedules_ = calls;
}

}  // namespace rig::decklink::card
