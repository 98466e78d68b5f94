// SPDX-License-Identifier: Apache-2.0
// A file table on which a durable write lacks one of its steps. A crash test that passes on it proves nothing.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <optional>
#include <string>

#include "support/passing_files.hpp"

namespace relume::test {

class DroppedCalls final : public PassingFiles {
  using Base = PassingFiles;

 public:
  enum class Drop {
    nothing,
    file_sync,
    folder_sync,
    temporary_name,  // what replace_whole writes goes into the file itself
  };

  DroppedCalls(core::platform::Files& to, Drop drop) : Base(to), drop_(drop) {}

  using Base::open;
  using Base::rename;
  using Base::unlink;
  int sync(int fd) override {
    core::platform::FileStatus status;
    if (const int r = Base::status(fd, status); r < 0) return r;
    return drop_ == (status.regular ? Drop::file_sync : Drop::folder_sync) ? 0 : Base::sync(fd);
  }
  int open(int folder, const std::string& name, int flags, unsigned mode) override {
    const std::optional<std::string> in_place = target(name);
    if (!in_place || (flags & O_CREAT) == 0) return Base::open(folder, name, flags, mode);
    return Base::open(folder, *in_place, (flags & ~O_EXCL) | O_TRUNC, mode);
  }
  int unlink(int folder, const std::string& name) override {
    return target(name) ? -ENOENT : Base::unlink(folder, name);
  }
  int rename(int from_folder, const std::string& from, int to_folder, const std::string& to) override {
    return target(from) ? 0 : Base::rename(from_folder, from, to_folder, to);
  }

 private:
  /// The name of which this is the temporary one, if those are dropped.
  std::optional<std::string> target(const std::string& name) const {
    const std::size_t base = name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1;
    const bool temporary = name.size() > base + 5 && name[base] == '.' && name.compare(name.size() - 4, 4, ".new") == 0;
    if (drop_ != Drop::temporary_name || !temporary) return std::nullopt;
    return name.substr(0, base) + name.substr(base + 1, name.size() - base - 5);
  }

  Drop drop_;
};

}  // namespace relume::test
