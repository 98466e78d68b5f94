// SPDX-License-Identifier: Apache-2.0
//
// Real time for load tests: beats, and work that is due at a rate.
#pragma once

#include <time.h>

#include <cstdint>

namespace relume::test {

inline constexpr std::int64_t kSecond = 1'000'000'000;

inline std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

inline std::int64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }

inline void sleep_until(std::int64_t when) {
  const timespec at{when / kSecond, when % kSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) != 0) {}
}

/// Beats at a rate. Who is late by more than 100 ms goes on from where it is.
class Beat {
 public:
  explicit Beat(double rate) : period_(static_cast<std::int64_t>(1e9 / rate)), next_(monotonic_ns()) {}
  void wait() {
    next_ += period_;
    const std::int64_t now = monotonic_ns();
    if (now - next_ > kSecond / 10) next_ = now;
    sleep_until(next_);
  }

 private:
  std::int64_t period_;
  std::int64_t next_;
};

/// Units of work that are due at a rate, looked at in beats. What is late by more than 100 ms is given up: a load that pays back
/// all it owes would never pause again on a machine that is too slow for it.
class Pace {
 public:
  explicit Pace(double rate, double beats = 1000) : rate_(rate), begun_(monotonic_ns()), woken_(begun_), beat_(beats) {}
  std::uint64_t due() {
    const double elapsed = static_cast<double>(monotonic_ns() - begun_);
    const auto due = static_cast<std::uint64_t>(elapsed * rate_ / 1e9);
    const auto most = static_cast<std::uint64_t>(rate_ / 10) + 1;
    if (due > done_ + most) done_ = due - most;
    return due - done_;
  }
  void did(std::uint64_t units) { done_ += units; }
  void pause() {
    const std::int64_t ran = monotonic_ns() - woken_;
    longest_run_ = ran > longest_run_ ? ran : longest_run_;
    beat_.wait();
    woken_ = monotonic_ns();
  }
  /// The longest time between two pauses.
  std::int64_t longest_run() const { return longest_run_; }

 private:
  double rate_;
  std::int64_t begun_;
  std::int64_t woken_;
  std::int64_t longest_run_ = 0;
  std::uint64_t done_ = 0;
  Beat beat_;
};

}  // namespace relume::test
