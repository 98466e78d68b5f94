// SPDX-License-Identifier: Apache-2.0
// Where tests take the place of the system.
#pragma once

#include "platform/clock.hpp"
#include "platform/files.hpp"

namespace relume {

struct Seams {
  platform::Files* files = &platform::system_files();
  platform::Clock* clock = &platform::system_clock();
  /// Called inside every mutation after step 1 hot state and mirror, 2 output, 3 clients, 4 disk (DESIGN 3).
  void (*after_step)(void* user, int step) = nullptr;
  void* user = nullptr;
};

}  // namespace relume
