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
#include <cstring>

namespace relume::core::platform {
namespace {

int result(int value) { return value < 0 ? -errno : value; }

void fill(const struct stat& from, FileStatus& to) {
  to.device = from.st_dev;
  to.inode = from.st_ino;
  to.size = static_cast<std::uint64_t>(from.st_size);
  to.owner = from.st_uid;
  to.mode = from.st_mode & 07777U;
  to.regular = S_ISREG(from.st_mode);
}

class SystemFiles final : public Files {
 public:
  int open(const std::string& path, int flags, unsigned mode) override {
    return result(::open(path.c_str(), flags | O_CLOEXEC, mode));
  }
  int close(int fd) override { return result(::close(fd)); }
  ssize_t read(int fd, void* data, std::size_t size) override {
    const ssize_t n = ::read(fd, data, size);
    return n < 0 ? -errno : n;
  }
  ssize_t write(int fd, const void* data, std::size_t size) override {
    const ssize_t n = ::write(fd, data, size);
    return n < 0 ? -errno : n;
  }
  int truncate(int fd, std::uint64_t size) override { return result(::ftruncate(fd, static_cast<off_t>(size))); }
  int allocate(int fd, std::uint64_t size) override { return -::posix_fallocate(fd, 0, static_cast<off_t>(size)); }
  int sync(int fd) override { return result(::fsync(fd)); }
  int rename(const std::string& from, const std::string& to) override {
    return result(::rename(from.c_str(), to.c_str()));
  }
  int unlink(const std::string& path) override { return result(::unlink(path.c_str())); }
  int make_directory(const std::string& path, unsigned mode) override { return result(::mkdir(path.c_str(), mode)); }
  int status(const std::string& path, FileStatus& out) override {
    struct stat s{};
    if (::lstat(path.c_str(), &s) < 0) return -errno;
    fill(s, out);
    return 0;
  }
  int status(int fd, FileStatus& out) override {
    struct stat s{};
    if (::fstat(fd, &s) < 0) return -errno;
    fill(s, out);
    return 0;
  }
  int lock(int fd) override { return result(::flock(fd, LOCK_EX | LOCK_NB)); }
  int list(const std::string& directory, std::vector<std::string>& names) override {
    DIR* dir = ::opendir(directory.c_str());
    if (dir == nullptr) return -errno;
    while (const dirent* entry = ::readdir(dir)) names.emplace_back(entry->d_name);
    ::closedir(dir);
    return 0;
  }
  void* map(int fd, std::size_t size, int& error) override {
    void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    error = data == MAP_FAILED ? errno : 0;
    return data == MAP_FAILED ? nullptr : data;
  }
  void unmap(void* data, std::size_t size) override { ::munmap(data, size); }
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

int read_whole(Files& files, const std::string& path, std::size_t limit, std::string& out) {
  const int fd = files.open(path, O_RDONLY | O_NOFOLLOW, 0);
  if (fd < 0) return fd;
  const File file(files, fd);
  out.clear();
  char chunk[4096];
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

int sync_folder(Files& files, const std::string& folder) {
  const int fd = files.open(folder, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return fd;
  const File file(files, fd);
  return files.sync(fd);
}

}  // namespace

int replace_whole(Files& files, const std::string& folder, const std::string& name, const std::string& content,
                  std::string& step) {
  const std::string temporary = folder + "/." + name + ".new";
  const std::string target = folder + "/" + name;
  // A leftover of a death in mid-write; whoever calls holds the folder's lock.
  if (const int r = files.unlink(temporary); r < 0 && r != -ENOENT) return step = "unlink", r;
  const int fd = files.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (fd < 0) return step = "create", fd;
  int r = 0;
  {
    File file(files, fd);
    if (r = write_whole(files, fd, content); r < 0) {
      step = "write";
    } else if (r = files.sync(fd); r < 0) {
      step = "sync";
    } else if (r = files.close(file.release()); r < 0) {
      step = "close";
    }
  }
  if (r == 0 && (r = files.rename(temporary, target)) < 0) step = "rename";
  if (r < 0) {
    files.unlink(temporary);
    return r;
  }
  if (r = sync_folder(files, folder); r < 0) step = "sync folder";
  return r;
}

}  // namespace relume::core::platform
