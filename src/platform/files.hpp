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
  std::int64_t modified_ns = 0;
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::uint32_t mode = 0;  // permission bits
  bool regular = false;
};

/// What a byte range of a file is locked for. Such a lock belongs to the open file, and excludes fcntl's locks of other
/// processes, as the sqlite3 shell takes them.
enum class RangeLock { none, shared, exclusive };

/// File calls with the semantics of their POSIX namesakes. Each returns 0 (or a count or descriptor) or -errno.
/// Names are relative to `folder`, an open directory; or they are paths and `folder` is kNoFolder.
class Files {
 public:
  static constexpr int kNoFolder = -100;  // AT_FDCWD

  virtual ~Files() = default;
  virtual int open(int folder, const std::string& name, int flags, unsigned mode) = 0;
  virtual int close(int fd) = 0;
  virtual ssize_t read(int fd, void* data, std::size_t size) = 0;
  virtual ssize_t read_at(int fd, void* data, std::size_t size, std::uint64_t offset) = 0;
  virtual ssize_t write(int fd, const void* data, std::size_t size) = 0;
  virtual ssize_t write_at(int fd, const void* data, std::size_t size, std::uint64_t offset) = 0;
  virtual int truncate(int fd, std::uint64_t size) = 0;
  virtual int allocate(int fd, std::uint64_t size) = 0;  // posix_fallocate: the blocks are there afterwards
  virtual int sync(int fd) = 0;
  virtual int rename(int from_folder, const std::string& from, int to_folder, const std::string& to) = 0;
  virtual int link(int from_folder, const std::string& from, int to_folder, const std::string& to) = 0;
  virtual int unlink(int folder, const std::string& name) = 0;
  virtual int make_directory(int folder, const std::string& name, unsigned mode) = 0;
  virtual int remove_directory(int folder, const std::string& name) = 0;
  virtual int status(int folder, const std::string& name, FileStatus& out) = 0;  // does not follow a symbolic link
  virtual int status(int fd, FileStatus& out) = 0;
  virtual int set_owner(int fd, std::uint32_t owner, std::uint32_t group) = 0;
  virtual int set_mode(int fd, std::uint32_t mode) = 0;
  virtual int resolve(const std::string& path, std::string& out) = 0;  // realpath: no symbolic link is left in it
  virtual int lock(int fd) = 0;  // exclusive flock, not waiting: -EWOULDBLOCK when another holds it
  virtual int lock_range(int fd, RangeLock kind, std::uint64_t start, std::uint64_t length) = 0;  // not waiting either
  virtual int list(int folder, const std::string& name, std::vector<std::string>& names) = 0;     // without . and ..
  virtual void* map(int fd, std::uint64_t offset, std::size_t size,
                    int& error) = 0;  // shared, read-write, populated; nullptr and errno
  virtual void unmap(void* data, std::size_t size) = 0;

  // By path alone.
  int open(const std::string& path, int flags, unsigned mode) { return open(kNoFolder, path, flags, mode); }
  int rename(const std::string& from, const std::string& to) { return rename(kNoFolder, from, kNoFolder, to); }
  int unlink(const std::string& path) { return unlink(kNoFolder, path); }
  int make_directory(const std::string& path, unsigned mode) { return make_directory(kNoFolder, path, mode); }
  int status(const std::string& path, FileStatus& out) { return status(kNoFolder, path, out); }
  int list(const std::string& path, std::vector<std::string>& names) { return list(kNoFolder, path, names); }
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
int read_whole(Files& files, int folder, const std::string& name, std::size_t limit, std::string& out);
inline int read_whole(Files& files, const std::string& path, std::size_t limit, std::string& out) {
  return read_whole(files, Files::kNoFolder, path, limit, out);
}

/// Where an atomic replace stands. Only `committed` may be built upon; `unknown` is one whose last sync failed: after a power
/// cut either content may be there.
enum class Replaced { committed, not_committed, unknown };

struct ReplaceResult {
  Replaced state = Replaced::committed;
  int error = 0;          // errno, positive
  const char* step = "";  // the call that failed: "create", "write", "sync", "rename", ...
  explicit operator bool() const { return state == Replaced::committed; }
};

/// Makes or replaces a file so that a cut at any instant leaves the old content or the new: temporary name in the same folder,
/// sync, rename, sync of the folder. Owner and mode of a file that is replaced are kept where the system allows it.
/// @param folder an open directory, which the caller has locked against other writers of the name.
ReplaceResult replace_whole(Files& files, int folder, const std::string& name, const std::string& content);

}  // namespace relume::core::platform
