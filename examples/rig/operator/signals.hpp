// SPDX-License-Identifier: Apache-2.0
// The signals of a rig, and what else ends it, taken in turn by its main thread.
#pragma once

#include "adapters/udp.hpp"

#include <cstdint>

namespace rig {

/// SIGINT and SIGTERM end the rig. Make it before the process has other threads, because it blocks its signals for all of them.
class Signals {
 public:
  enum class Came { nothing, end, look };

  /// \param look whether SIGUSR1 is one of them: somebody wants to see the picture.
  explicit Signals(bool look);

  /// Waits for the next one, at most so long. After the end it says so again and again.
  Came wait(std::int64_t timeout_ns);

  /// Ends the rig from inside. Any thread.
  void finish() noexcept;

 private:
  FileDescriptor signals_;
  FileDescriptor finished_;  // an eventfd that is never read
  bool ended_ = false;
};

}  // namespace rig
