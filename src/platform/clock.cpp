// SPDX-License-Identifier: Apache-2.0
#include "platform/clock.hpp"

#include <ctime>

namespace relume::core::platform {
namespace {

std::int64_t read(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  std::int64_t realtime_ns() override { return read(CLOCK_REALTIME); }
  std::int64_t monotonic_ns() override { return read(CLOCK_MONOTONIC); }
};

}  // namespace

Clock& system_clock() {
  // Never destroyed: a thread may read it while the process exits.
  static SystemClock* const clock = new SystemClock;
  return *clock;
}

}  // namespace relume::core::platform
