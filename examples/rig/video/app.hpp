// SPDX-License-Identifier: Apache-2.0
// The whole of relume-video but main().
#pragma once

namespace rig {

/// Runs the rig until SIGINT, SIGTERM or the last of its pictures, and returns the exit code. Call it before the process has
/// other threads.
int run_video(int argc, char** argv);

}  // namespace rig
