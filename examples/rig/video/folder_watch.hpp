// SPDX-License-Identifier: Apache-2.0
// What happens to the files of one folder, as the kernel tells it (inotify).
#pragma once

#include "adapters/udp.hpp"
#include "video/shader_changes.hpp"

#include <cstdint>
#include <string>

namespace rig {

class FolderWatch {
 public:
  /// \throws PackageError
  explicit FolderWatch(std::string folder);

  /// Readable when there is something for read().
  int fd() const noexcept { return inotify_.get(); }
  bool watching() const noexcept { return watch_ >= 0; }

  /// What happened since the last call.
  struct News {
    bool lost = false;  ///< more happened than the kernel could keep: anything may have changed
    bool gone = false;  ///< the folder was deleted or moved; watching() is false now
  };
  News read(ShaderChanges& changes, std::int64_t now_ns);

  /// Looks for the folder again. False: it is not there.
  bool again() noexcept;

 private:
  std::string folder_;
  FileDescriptor inotify_;
  int watch_ = -1;
};

}  // namespace rig
