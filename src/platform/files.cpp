// SPDX-License-Identifier: Apache-2.0
#include "platform/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace relume::core::platform {
namespace {

int result(int value) { return value < 0 ? -errno : value; }

void fill(const struct stat& from, FileStatus& to) {
  to.device = from.st_dev;
  to.inode = from.st_ino;
  to.size = static_cast<std::uint64_t>(from.st_size);
  to.modified_ns = from.st_mtim.tv_sec * std::int64_t{1'000'000'000} + from.st_mtim.tv_nsec;
  to.owner = from.st_uid;
  to.group = from.st_gid;
  to.mode = from.st_mode & 07777U;
  to.regular = S_ISREG(from.st_mode);
}

class SystemFiles final : public Files {
 public:
  int open(int folder, const std::string& name, int flags, unsigned mode) override {
    return result(::openat(folder, name.c_str(), flags | O_CLOEXEC, mode));
  }
  int close(int fd) override { return result(::close(fd)); }
  ssize_t read(int fd, void* data, std::size_t size) override { return count(::read(fd, data, size)); }
  ssize_t read_at(int fd, void* data, std::size_t size, std::uint64_t offset) override {
    return count(::pread(fd, data, size, static_cast<off_t>(offset)));
  }
  ssize_t write(int fd, const void* data, std::size_t size) override { return count(::write(fd, data, size)); }
  ssize_t write_at(int fd, const void* data, std::size_t size, std::uint64_t offset) override {
    return count(::pwrite(fd, data, size, static_cast<off_t>(offset)));
  }
  int truncate(int fd, std::uint64_t size) override { return result(::ftruncate(fd, static_cast<off_t>(size))); }
  int allocate(int fd, std::uint64_t size) override { return -::posix_fallocate(fd, 0, static_cast<off_t>(size)); }
  int sync(int fd) override { return result(::fsync(fd)); }
  int rename(int from_folder, const std::string& from, int to_folder, const std::string& to) override {
    return result(::renameat(from_folder, from.c_str(), to_folder, to.c_str()));
  }
  int link(int from_folder, const std::string& from, int to_folder, const std::string& to) override {
    return result(::linkat(from_folder, from.c_str(), to_folder, to.c_str(), 0));
  }
  int unlink(int folder, const std::string& name) override { return result(::unlinkat(folder, name.c_str(), 0)); }
  int make_directory(int folder, const std::string& name, unsigned mode) override {
    return result(::mkdirat(folder, name.c_str(), mode));
  }
  int remove_directory(int folder, const std::string& name) override {
    return result(::unlinkat(folder, name.c_str(), AT_REMOVEDIR));
  }
  int status(int folder, const std::string& name, FileStatus& out) override {
    struct stat s{};
    if (::fstatat(folder, name.c_str(), &s, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    fill(s, out);
    return 0;
  }
  int status(int fd, FileStatus& out) override {
    struct stat s{};
    if (::fstat(fd, &s) < 0) return -errno;
    fill(s, out);
    return 0;
  }
  int set_owner(int fd, std::uint32_t owner, std::uint32_t group) override {
    return result(::fchown(fd, owner, group));
  }
  int set_mode(int fd, std::uint32_t mode) override { return result(::fchmod(fd, mode)); }
  int resolve(const std::string& path, std::string& out) override {
    char* real = ::realpath(path.c_str(), nullptr);
    if (real == nullptr) return -errno;
    out = real;
    std::free(real);
    return 0;
  }
  int lock(int fd) override { return result(::flock(fd, LOCK_EX | LOCK_NB)); }
  int lock_range(int fd, RangeLock kind, std::uint64_t start, std::uint64_t length) override {
    struct flock range{};
    range.l_type = kind == RangeLock::none ? F_UNLCK : kind == RangeLock::shared ? F_RDLCK : F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = static_cast<off_t>(start);
    range.l_len = static_cast<off_t>(length);
    return result(::fcntl(fd, F_OFD_SETLK, &range));
  }
  int list(int folder, const std::string& name, std::vector<std::string>& names) override {
    const int fd = ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    DIR* dir = ::fdopendir(fd);
    if (dir == nullptr) {
      const int error = errno;
      ::close(fd);
      return -error;
    }
    while (const dirent* entry = ::readdir(dir)) {
      const std::string_view found = entry->d_name;
      if (found != "." && found != "..") names.emplace_back(found);
    }
    ::closedir(dir);
    return 0;
  }
  void* map(int fd, std::uint64_t offset, std::size_t size, int& error) override {
    void* data =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, static_cast<off_t>(offset));
    error = data == MAP_FAILED ? errno : 0;
    return data == MAP_FAILED ? nullptr : data;
  }
  void unmap(void* data, std::size_t size) override { ::munmap(data, size); }

 private:
  static ssize_t count(ssize_t n) { return n < 0 ? -errno : n; }
};

}  // namespace

Files& system_files() {
  static SystemFiles* const files = new SystemFiles;
  return *files;
}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    reset();
    files_ = other.files_;
    fd_ = other.release();
  }
  return *this;
}

int File::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void File::reset() {
  if (fd_ >= 0) files_->close(release());
}

std::string errno_name(int error) {
  const char* name = ::strerrorname_np(error);
  return name != nullptr ? name : "errno " + std::to_string(error);
}

int read_whole(Files& files, int folder, const std::string& name, std::size_t limit, std::string& out) {
  const int fd = files.open(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);  // a pipe must not hang us
  if (fd < 0) return fd;
  const File file(files, fd);
  out.clear();
  char chunk[65536];
  for (;;) {
    const ssize_t n = files.read(fd, chunk, sizeof chunk);
    if (n == -EINTR) continue;
    if (n < 0) return static_cast<int>(n);
    if (n == 0) return 0;
    out.append(chunk, static_cast<std::size_t>(n));
    if (out.size() > limit) return -EFBIG;
  }
}

namespace {

int write_whole(Files& files, int fd, const std::string& content) {
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = files.write(fd, content.data() + done, content.size() - done);
    if (n == -EINTR) continue;
    if (n < 0) return static_cast<int>(n);
    if (n == 0) return -ENOSPC;
    done += static_cast<std::size_t>(n);
  }
  return 0;
}

// Who may read the file is the user's decision, made on the file that was there. Root may give it away, others may not.
void keep_owner_and_mode(Files& files, int folder, const std::string& name, int fd) {
  FileStatus before;
  FileStatus made;
  if (files.status(folder, name, before) < 0 || files.status(fd, made) < 0 || !before.regular) return;
  if (before.owner != made.owner || before.group != made.group) files.set_owner(fd, before.owner, before.group);
  if (before.mode != made.mode) files.set_mode(fd, before.mode);
}

}  // namespace

ReplaceResult replace_whole(Files& files, int folder, const std::string& name, const std::string& content) {
  const std::string temporary = "." + name + ".new";
  const auto failed = [&](const char* step, ssize_t r) {
    files.unlink(folder, temporary);
    return ReplaceResult{Replaced::not_committed, static_cast<int>(-r), step};
  };
  // A leftover of a death in mid-write; whoever calls holds the folder's lock.
  if (const int r = files.unlink(folder, temporary); r < 0 && r != -ENOENT) return failed("unlink", r);
  const int fd = files.open(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (fd < 0) return {Replaced::not_committed, -fd, "create"};
  File file(files, fd);
  keep_owner_and_mode(files, folder, name, fd);
  // After a failed sync the kernel may call the same pages clean: the file is condemned, never synced again.
  if (const int r = write_whole(files, fd, content); r < 0) return failed("write", r);
  if (const int r = files.sync(fd); r < 0) return failed("sync", r);
  if (const int r = files.close(file.release()); r < 0) return failed("close", r);
  if (const int r = files.rename(folder, temporary, folder, name); r < 0) return failed("rename", r);
  if (const int r = files.sync(folder); r < 0) return {Replaced::unknown, -r, "sync folder"};
  return {};
}

}  // namespace relume::core::platform
