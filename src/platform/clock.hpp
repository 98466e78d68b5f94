// SPDX-License-Identifier: Apache-2.0
// The clock seam: all time that the library reads itself comes from here, so that tests can hold it.
#pragma once

#include <cstdint>

namespace relume::core::platform {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t realtime_ns() = 0;   // since the Unix epoch
  virtual std::int64_t monotonic_ns() = 0;  // since some instant; never set back
};

Clock& system_clock();

}  // namespace relume::core::platform
