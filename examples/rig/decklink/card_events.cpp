// SPDX-License-Identifier: Apache-2.0
#include "decklink/card_events.hpp"

#include "adapters/clock.hpp"

#include <algorithm>
#include <chrono>

namespace rig {

CardEvents::CardEvents(std::size_t capacity) { results_.reserve(capacity); }

std::uint64_t CardEvents::begin_session() {
  const std::lock_guard lock(mutex_);
  results_.clear();
  stopped_ = false;
  return ++session_;
}

void CardEvents::take(std::vector<CardResult>& out) {
  out.clear();
  const std::lock_guard lock(mutex_);
  out.insert(out.end(), results_.begin(), results_.end());
  results_.clear();
}

bool CardEvents::wait_stopped(std::int64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [this] { return stopped_; });
}

bool CardEvents::wait_results(std::size_t count, std::int64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [&] { return results_.size() >= count; });
}

void CardEvents::wait(std::int64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [this] { return woken_ || !results_.empty(); });
  woken_ = false;
}

void CardEvents::completed(std::uint64_t session, const void* frame, std::uint32_t completion) noexcept {
  const std::int64_t begin = monotonic_now();
  {
    const std::lock_guard lock(mutex_);
    if (session == session_) results_.push_back({frame, completion});
  }
  changed_.notify_one();
  note_callback_time(monotonic_now() - begin);
}

void CardEvents::stopped(std::uint64_t session) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (session == session_) stopped_ = true;
  }
  changed_.notify_one();
}

void CardEvents::wake() noexcept {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void CardEvents::note_callback_time(std::int64_t ns) noexcept {
  const std::uint64_t n = times_count_.load(std::memory_order_relaxed);
  times_[n % times_.size()].store(ns, std::memory_order_relaxed);
  if (ns > times_max_.load(std::memory_order_relaxed)) times_max_.store(ns, std::memory_order_relaxed);
  times_count_.store(n + 1, std::memory_order_release);
}

CardEvents::CallbackTimes CardEvents::callback_times() const {
  const std::uint64_t count = times_count_.load(std::memory_order_acquire);
  std::vector<std::int64_t> times(std::min<std::uint64_t>(count, times_.size()));
  if (times.empty()) return {};
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = times_[i].load(std::memory_order_relaxed);
  const auto percentile = [&times](std::size_t percent) {
    const auto at = times.begin() + static_cast<std::ptrdiff_t>((times.size() - 1) * percent / 100);
    std::nth_element(times.begin(), at, times.end());
    return *at;
  };
  return {percentile(50), percentile(99), times_max_.load(std::memory_order_relaxed)};
}

void CardEvents::clear_callback_times() noexcept {
  times_count_.store(0, std::memory_order_relaxed);
  times_max_.store(0, std::memory_order_relaxed);
}

}  // namespace rig
