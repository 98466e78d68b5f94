// SPDX-License-Identifier: Apache-2.0
// A file table on which single files lack what guards them against a power cut. A crash test that passes on it proves nothing.
#pragma once

#include <fcntl.h>

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "support/passing_files.hpp"

namespace relume::test {

/// Says success to the sync of every file or folder whose path ends with one of some names.
class MissingSync final : public PassingFiles {
  using Base = PassingFiles;

 public:
  MissingSync(core::platform::Files& to, std::string path_end) : Base(to), path_end_(std::move(path_end)) {}

  using Base::open;
  int open(int folder, const std::string& name, int flags, unsigned mode) override {
    const int fd = Base::open(folder, name, flags, mode);
    const auto in = paths_.find(folder);
    if (fd >= 0) paths_[fd] = in != paths_.end() ? in->second + "/" + name : name;
    return fd;
  }
  int sync(int fd) override { return paths_[fd].ends_with(path_end_) ? 0 : Base::sync(fd); }

 private:
  const std::string path_end_;
  std::map<int, std::string> paths_;  // of descriptors; a number that is given anew is overwritten
};

/// The checkpoint's first database is made under its name at once.
class MissingTemporaryFolder final : public PassingFiles {
  using Base = PassingFiles;

 public:
  using Base::Base;
  using Base::list;
  using Base::make_directory;
  using Base::open;
  using Base::rename;
  int open(int folder, const std::string& name, int flags, unsigned mode) override {
    return Base::open(folder, real(name), flags, mode);
  }
  int make_directory(int folder, const std::string& name, unsigned mode) override {
    return Base::make_directory(folder, real(name), mode);
  }
  int list(int folder, const std::string& name, std::vector<std::string>& names) override {
    return Base::list(folder, real(name), names);
  }
  int rename(int from_folder, const std::string& from, int to_folder, const std::string& to) override {
    return real(from) == to ? 0 : Base::rename(from_folder, from, to_folder, to);
  }

 private:
  static std::string real(const std::string& name) { return name == "checkpoint.new" ? "checkpoint" : name; }
};

}  // namespace relume::test
