// SPDX-License-Identifier: Apache-2.0
// The whole rig but main(), so that tests can run variants of it.
#pragma once

#include <relume/relume.h>

#include <functional>

namespace rig {

/// Places where a test may reach in. Empty ones are not called.
struct LightsSeams {
  /// The show is open and recovered; nothing has been changed or sent yet.
  std::function<void(relume_show*)> show_opened;
};

/// Runs the rig until SIGINT or SIGTERM and returns the exit code. Call it before the process has other threads, because it
/// blocks both signals for all of them.
int run_lights(int argc, char** argv, const LightsSeams& seams);

}  // namespace rig
