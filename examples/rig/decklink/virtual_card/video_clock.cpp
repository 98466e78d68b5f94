// SPDX-License-Identifier: Apache-2.0
// What the clock does to the output: at each of its frames it chooses the picture that goes out. All with the lock held.
#include "decklink/virtual_card/video_output.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace rig::decklink::card {

void VideoOutput::run_clock() {
  std::unique_lock lock(mutex_);
  while (!quit_) {
    if (!running_ || clock_asleep_) {
      changed_.wait(lock);
      continue;
    }
    const std::int64_t due = due_ns(next_slot_);
    if (clock_.now_ns() < due) {
      changed_.wait_until(lock, clock_.when(due));
      continue;
    }
    tick(next_slot_++);
  }
}

void VideoOutput::step() {
  const std::lock_guard lock(mutex_);
  ++shown_frames_;
  if (running_) tick(next_slot_++);
}

void VideoOutput::tick(std::int64_t slot) {
  if (stop_slot_ && slot >= *stop_slot_) return end_playback();
  if (stalled_slots_ > 0) {
    --stalled_slots_;
    return;
  }
  // A clock thread that wakes late must not let in what was scheduled after it should have woken: no card would have had it.
  const std::int64_t due = parts_.settings.manual_clock ? std::numeric_limits<std::int64_t>::max() : due_ns(slot);
  const auto may_go = [slot, due](const Queued& queued) { return queued.slot <= slot && queued.arrived_ns <= due; };
  const Queued* least_late = nullptr;
  for (const Queued& queued : queue_) {
    if (may_go(queued) && (least_late == nullptr || queued.slot >= least_late->slot)) least_late = &queued;
  }
  if (least_late == nullptr) {
    if (on_air_ && slot < on_air_->until) return;
    finish_on_air();
    parts_.ledger.count([](virtual_card_ledger& counters) { ++counters.underruns; });
    return;
  }
  finish_on_air();
  const std::uint64_t chosen = least_late->serial;
  std::vector<Queued> waiting;
  waiting.reserve(queue_.size());
  for (Queued& queued : queue_) {
    if (queued.serial == chosen) {
      put_on_air(std::move(queued), slot);
    } else if (may_go(queued)) {
      post(std::move(queued), abi::kDropped);
    } else {
      waiting.push_back(std::move(queued));
    }
  }
  queue_ = std::move(waiting);
}

void VideoOutput::put_on_air(Queued frame, std::int64_t slot) {
  const abi::CompletionResult result = frame.slot == slot ? abi::kCompleted : abi::kDisplayedLate;
  const std::int64_t until = slot + frame.slots;
  show(frame, slot);
  on_air_.emplace(OnAir{std::move(frame), result, until});
}

void VideoOutput::show(Queued& frame, std::int64_t slot) {
  const std::size_t index = parts_.ledger.add_displayed(frame.serial, frame.slot, slot);
  std::string line;
  if (parts_.recorder.logs()) {
    line = fmt::format(R"({{"card":{},"event":"displayed","serial":{},"slot":{},"shown":{})", parts_.card,
                       static_cast<std::int64_t>(frame.serial), frame.slot, slot);
  }
  if (frame.look == nullptr) {
    if (!line.empty()) parts_.recorder.log(line + "}");
    return;
  }
  frame.look->index = index;
  frame.look->log = std::move(line);
  frame.look->hash = parts_.settings.hash_every != 0 && index % parts_.settings.hash_every == 0;
  frame.look->wanted = true;
  parts_.recorder.look(frame.look);
}

void VideoOutput::finish_on_air() {
  if (!on_air_) return;
  OnAir done = std::move(*on_air_);
  on_air_.reset();
  post(std::move(done.frame), done.result);
}

void VideoOutput::post(Queued frame, abi::CompletionResult result) {
  parts_.callbacks.post(Telling{.frame = std::move(frame.frame),
                                .result = result,
                                .serial = frame.serial,
                                .at = system_time(),
                                .look = std::move(frame.look)});
}

void VideoOutput::flush_from(std::int64_t slot) {
  std::vector<Queued> waiting;
  waiting.reserve(queue_.size());
  for (Queued& queued : queue_) {
    if (queued.slot >= slot) {
      post(std::move(queued), abi::kFlushed);
    } else {
      waiting.push_back(std::move(queued));
    }
  }
  queue_ = std::move(waiting);
}

void VideoOutput::flush_all() {
  finish_on_air();
  flush_from(std::numeric_limits<std::int64_t>::min());
  if (std::exchange(running_, false)) parts_.audio.playback_stopped();
}

void VideoOutput::end_playback() {
  flush_all();
  if (!no_stop_notice_) parts_.callbacks.post(Telling{.stopped_era = era_});
}

Time VideoOutput::elapsed() const {
  if (!parts_.settings.manual_clock) return {clock_.now_ns() - origin_ns_, 1'000'000'000};
  // The first step after the start goes to the middle of slot 0.
  const std::int64_t steps = shown_frames_ - origin_frames_;
  return {(steps == 0 ? 0 : 2 * steps - 1) * mode_->rate.duration, 2 * mode_->rate.scale};
}

Time VideoOutput::card_time() const {
  if (!parts_.settings.manual_clock) return {clock_.now_ns(), 1'000'000'000};
  return {shown_frames_ * mode_->rate.duration, mode_->rate.scale};
}

Time VideoOutput::system_time() const {
  if (parts_.settings.manual_clock) return card_time();
  return {RealCardClock::since_epoch(std::chrono::steady_clock::now()), 1'000'000'000};
}

}  // namespace rig::decklink::card
