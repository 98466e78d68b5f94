// SPDX-License-Identifier: Apache-2.0
// A file table that hands every call on to another one. Tests override the calls in which something is to go wrong.
#pragma once

#include "platform/files.hpp"

namespace relume::test {

class PassingFiles : public core::platform::Files {
 public:
  explicit PassingFiles(core::platform::Files& to = core::platform::system_files()) : to_(to) {}
  using Files::list;
  using Files::make_directory;
  using Files::open;
  using Files::rename;
  using Files::status;
  using Files::unlink;
  int open(int d, const std::string& n, int f, unsigned m) override { return to_.open(d, n, f, m); }
  int close(int fd) override { return to_.close(fd); }
  ssize_t read(int fd, void* d, std::size_t n) override { return to_.read(fd, d, n); }
  ssize_t read_at(int fd, void* d, std::size_t n, std::uint64_t o) override { return to_.read_at(fd, d, n, o); }
  ssize_t write(int fd, const void* d, std::size_t n) override { return to_.write(fd, d, n); }
  ssize_t write_at(int fd, const void* d, std::size_t n, std::uint64_t o) override { return to_.write_at(fd, d, n, o); }
  int truncate(int fd, std::uint64_t n) override { return to_.truncate(fd, n); }
  int allocate(int fd, std::uint64_t n) override { return to_.allocate(fd, n); }
  int sync(int fd) override { return to_.sync(fd); }
  int rename(int fd, const std::string& f, int td, const std::string& t) override { return to_.rename(fd, f, td, t); }
  int link(int fd, const std::string& f, int td, const std::string& t) override { return to_.link(fd, f, td, t); }
  int unlink(int d, const std::string& n) override { return to_.unlink(d, n); }
  int make_directory(int d, const std::string& n, unsigned m) override { return to_.make_directory(d, n, m); }
  int remove_directory(int d, const std::string& n) override { return to_.remove_directory(d, n); }
  int status(int d, const std::string& n, core::platform::FileStatus& s) override { return to_.status(d, n, s); }
  int status(int fd, core::platform::FileStatus& s) override { return to_.status(fd, s); }
  int set_owner(int fd, std::uint32_t o, std::uint32_t g) override { return to_.set_owner(fd, o, g); }
  int set_mode(int fd, std::uint32_t m) override { return to_.set_mode(fd, m); }
  int resolve(const std::string& p, std::string& out) override { return to_.resolve(p, out); }
  int lock(int fd) override { return to_.lock(fd); }
  int lock_range(int fd, core::platform::RangeLock k, std::uint64_t s, std::uint64_t n) override {
    return to_.lock_range(fd, k, s, n);
  }
  int list(int d, const std::string& n, std::vector<std::string>& names) override { return to_.list(d, n, names); }
  void* map(int fd, std::uint64_t o, std::size_t n, int& error) override { return to_.map(fd, o, n, error); }
  void unmap(void* d, std::size_t n) override { to_.unmap(d, n); }

 private:
  core::platform::Files& to_;
};

}  // namespace relume::test
