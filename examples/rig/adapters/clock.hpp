// SPDX-License-Identifier: Apache-2.0
// The one clock of the rig: monotonic nanoseconds, as the library takes them.
#pragma once

#include <cstdint>
#include <ctime>

namespace rig {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kMillisecond = 1'000'000;

inline std::int64_t monotonic_now() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * kSecond + now.tv_nsec;
}

/// Sleeps until a moment, not for a time: what the work before it cost does not shift the pace.
inline void sleep_until(std::int64_t deadline_ns) noexcept {
  const timespec deadline{static_cast<time_t>(deadline_ns / kSecond), static_cast<long>(deadline_ns % kSecond)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) != 0) {}
}

}  // namespace rig
