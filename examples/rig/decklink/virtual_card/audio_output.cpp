// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/audio_output.hpp"

#include "decklink/virtual_card/callback_thread.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace rig::decklink::card {

namespace {

constexpr std::uint64_t kCapacity = abi::kAudioRate;  // one second
constexpr std::chrono::milliseconds kPeriod{20};

}  // namespace

AudioOutput::AudioOutput(const Settings& settings, Ledger& ledger)
    : settings_(settings), ledger_(ledger), clock_(settings.ppm), thread_([this] { run(); }) {}

AudioOutput::~AudioOutput() {
  {
    const std::lock_guard lock(mutex_);
    quit_ = true;
    enabled_ = false;
  }
  changed_.notify_all();
  taken_.notify_all();
  thread_.join();
}

abi::Result AudioOutput::enable(std::uint32_t rate, std::uint32_t bits, std::uint32_t channels, std::uint32_t stream) {
  const bool known_channels = channels == 2 || channels == 8 || channels == 16 || channels == 32 || channels == 64;
  if (rate != abi::kAudioRate || (bits != 16 && bits != 32) || !known_channels || stream > abi::kAudioTimestamped) {
    return abi::kInvalidArgument;
  }
  const std::lock_guard lock(mutex_);
  if (enabled_) return abi::kAccessDenied;
  enabled_ = true;
  timestamped_ = stream == abi::kAudioTimestamped;
  restart_clock();
  return abi::kOk;
}

abi::Result AudioOutput::disable() {
  std::unique_lock lock(mutex_);
  if (!enabled_) return abi::kFailed;
  flush_locked();
  enabled_ = prerolling_ = synchronous_ = false;
  calls_due_ = 0;
  taken_.notify_all();
  changed_.notify_all();
  if (!on_calling_thread()) called_.wait(lock, [this] { return !calling_; });
  return abi::kOk;
}

std::uint64_t AudioOutput::buffered_locked() const {
  std::uint64_t sum = 0;
  for (const Samples& samples : samples_) sum += samples.count;
  return sum;
}

void AudioOutput::flush_locked() {
  const std::uint64_t flushed = buffered_locked();
  samples_.clear();
  ledger_.count([flushed](virtual_card_ledger& counters) { counters.audio_flushed += flushed; });
}

abi::Result AudioOutput::write(std::uint32_t count, std::optional<Time> at, std::uint32_t* written) {
  std::optional<std::int64_t> position;
  std::unique_lock lock(mutex_);
  if (!enabled_) return abi::kAccessDenied;
  if (timestamped_ && !at && !synchronous_) return abi::kInvalidArgument;
  if (timestamped_ && at) {
    position = slot_of(*at, {}, {1, abi::kAudioRate});
    if (!position) return abi::kInvalidArgument;
  }
  std::uint32_t left = count;
  for (;;) {
    const std::uint64_t space = kCapacity - std::min(kCapacity, buffered_locked());
    const auto now = static_cast<std::uint32_t>(std::min<std::uint64_t>(space, left));
    if (now > 0) {
      const std::int64_t behind = samples_.empty() ? head_ : samples_.back().at + samples_.back().count;
      const std::int64_t begin = position ? *position + (count - left) : behind;
      samples_.push_back({begin, now});
      left -= now;
      ledger_.count([now](virtual_card_ledger& counters) { counters.audio_written += now; });
    }
    if (left == 0 || written != nullptr) break;
    taken_.wait(lock, [this] { return !enabled_ || buffered_locked() < kCapacity; });
    if (!enabled_) return abi::kAborted;
  }
  if (written != nullptr) *written = count - left;
  return abi::kOk;
}

abi::Result AudioOutput::write_now(std::uint32_t count, std::uint32_t* written) {
  {
    const std::lock_guard lock(mutex_);
    if (!enabled_ || playing_) return abi::kAccessDenied;
    if (!synchronous_) {
      synchronous_ = true;
      restart_clock();
    }
  }
  changed_.notify_all();
  return write(count, {}, written);
}

abi::Result AudioOutput::preroll(bool on) {
  const std::lock_guard lock(mutex_);
  if (!enabled_) return abi::kAccessDenied;
  prerolling_ = on;
  changed_.notify_all();
  return abi::kOk;
}

abi::Result AudioOutput::flush() {
  const std::lock_guard lock(mutex_);
  if (!enabled_) return abi::kAccessDenied;
  flush_locked();
  taken_.notify_all();
  return abi::kOk;
}

abi::Result AudioOutput::buffered(std::uint32_t* out) const {
  const std::lock_guard lock(mutex_);
  if (!enabled_) return abi::kAccessDenied;
  if (out == nullptr) return abi::kNullPointer;
  *out = static_cast<std::uint32_t>(buffered_locked());
  return abi::kOk;
}

void AudioOutput::set_callback(std::shared_ptr<Reference<abi::AudioCallback>> callback) {
  const std::lock_guard lock(mutex_);
  callback_.swap(callback);
}

void AudioOutput::restart_clock() {
  clock_origin_ns_ = clock_.now_ns();
  drained_ = 0;
  stepped_ = 0;
  stepped_time_ = {0, 1};
}

void AudioOutput::playback_started(Time start) {
  const std::lock_guard lock(mutex_);
  playing_ = true;
  synchronous_ = prerolling_ = false;
  if (timestamped_) head_ = slot_of(start, {}, {1, abi::kAudioRate}).value_or(0);
  restart_clock();
  changed_.notify_all();
}

void AudioOutput::playback_stopped() {
  const std::lock_guard lock(mutex_);
  if (!playing_) return;
  playing_ = false;
  flush_locked();
  taken_.notify_all();
}

void AudioOutput::drain(std::int64_t samples) {
  const std::int64_t end = head_ + samples;
  std::uint64_t played = 0;
  while (!samples_.empty() && samples_.front().at < end) {
    Samples& front = samples_.front();
    // What is before the head has come too late, and is taken at once.
    const auto now = static_cast<std::uint32_t>(std::min<std::int64_t>(front.count, end - front.at));
    played += now;
    front.at += now;
    front.count -= now;
    if (front.count == 0) samples_.pop_front();
  }
  head_ = end;
  const std::uint64_t silence =
      static_cast<std::uint64_t>(samples) - std::min(played, static_cast<std::uint64_t>(samples));
  const bool scheduled = playing_;
  ledger_.count([played, silence, scheduled](virtual_card_ledger& counters) {
    counters.audio_played += played;
    if (scheduled) counters.audio_underruns += silence;
  });
  taken_.notify_all();
}

void AudioOutput::step(FrameRate rate) {
  std::unique_lock lock(mutex_);
  if (!enabled_) return;
  if (drains()) {
    if (stepped_time_.scale != rate.scale) stepped_time_ = {0, rate.scale};
    stepped_time_.value += rate.duration;
    const std::int64_t samples = rescaled(stepped_time_, abi::kAudioRate).value_or(stepped_);
    drain(samples - std::exchange(stepped_, samples));
  }
  ++calls_due_;
  changed_.notify_all();
  if (!on_calling_thread()) called_.wait(lock, [this] { return !enabled_ || (calls_due_ == 0 && !calling_); });
}

void AudioOutput::run() {
  on_calling_thread() = true;
  std::unique_lock lock(mutex_);
  std::int64_t next_call = 0;
  while (!quit_) {
    if (settings_.manual_clock) {
      changed_.wait(lock, [this] { return quit_ || calls_due_ > 0; });
      if (quit_) return;
      calls_due_ = 0;
    } else {
      if (!drains() && !prerolling_) {
        changed_.wait(lock, [this] { return quit_ || drains() || prerolling_; });
        next_call = clock_.now_ns();
        continue;
      }
      next_call += std::chrono::nanoseconds(kPeriod).count();
      changed_.wait_until(lock, clock_.when(next_call), [this] { return quit_ || !enabled_; });
      if (drains()) {
        const auto samples = rescaled({clock_.now_ns() - clock_origin_ns_, 1'000'000'000}, abi::kAudioRate).value_or(0);
        drain(samples - std::exchange(drained_, samples));
      }
    }
    if (enabled_ && callback_ != nullptr && (prerolling_ || playing_)) {
      auto callback = callback_;
      const bool preroll = prerolling_;
      calling_ = true;
      lock.unlock();
      (*callback)->RenderAudioSamples(preroll);
      callback.reset();
      lock.lock();
      calling_ = false;
    }
    called_.notify_all();
  }
}

}  // namespace rig::decklink::card
