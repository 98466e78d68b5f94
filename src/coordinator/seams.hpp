// SPDX-License-Identifier: Apache-2.0
// Where tests take the place of the system.
#pragma once

#include "platform/clock.hpp"
#include "platform/files.hpp"

namespace relume::core {

struct Seams {
  platform::Files* files = &platform::system_files();
  platform::Clock* clock = &platform::system_clock();
  bool document_first = false;  // the wrong order: documents before checkpoints
};

}  // namespace relume::core
