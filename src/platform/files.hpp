// SPDX-License-Identifier: Apache-2.0
// The file table: every file call of the library goes through here, so that tests can fail, cut and hang each of them.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace relume::core::platform {

struct FileStatus {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::uint32_t owner = 0;
  std::uint32_t mode = 0;  // permission bits
  bool regular = false;
};

/// File calls with the semantics of their POSIX namesakes. Each returns 0 (or a count or descriptor) or -errno.
class Files {
 public:
  virtual ~Files() = default;
  virtual int open(const std::string& path, int flags, unsigned mode) = 0;
  virtual int close(int fd) = 0;
  virtual ssize_t read(int fd, void* data, std::size_t size) = 0;
  virtual ssize_t write(int fd, const void* data, std::size_t size) = 0;
  virtual int truncate(int fd, std::uint64_t size) = 0;
  virtual int allocate(int fd, std::uint64_t size) = 0;  // posix_fallocate: the blocks are there afterwards
  virtual int sync(int fd) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int unlink(const std::string& path) = 0;
  virtual int make_directory(const std::string& path, unsigned mode) = 0;
  virtual int status(const std::string& path, FileStatus& out) = 0;  // does not follow a symbolic link
  virtual int status(int fd, FileStatus& out) = 0;
  virtual int lock(int fd) = 0;  // exclusive flock, not waiting: -EWOULDBLOCK when another holds it
  virtual int list(const std::string& directory, std::vector<std::string>& names) = 0;
  virtual void* map(int fd, std::size_t size, int& error) = 0;  // shared, read-write, populated; nullptr and errno
  virtual void unmap(void* data, std::size_t size) = 0;
};

Files& system_files();

/// A descriptor that is closed at the end of the scope.
class File {
 public:
  File() = default;
  File(Files& files, int fd) : files_(&files), fd_(fd) {}
  File(File&& other) noexcept : files_(other.files_), fd_(other.release()) {}
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { reset(); }
  int fd() const { return fd_; }
  int release();
  void reset();

 private:
  Files* files_ = nullptr;
  int fd_ = -1;
};

/// Symbolic name of an errno value, such as "ENOSPC".
std::string errno_name(int error);

/// Reads at most `limit` bytes; -EFBIG when there are more.
int read_whole(Files& files, const std::string& path, std::size_t limit, std::string& out);

/// Makes or replaces a file so that a cut at any instant leaves the old content or the new: temporary name in the same folder,
/// sync, rename, sync of the folder. On failure `step` names the call.
int replace_whole(Files& files, const std::string& folder, const std::string& name, const std::string& content,
                  std::string& step);

}  // namespace relume::core::platform
