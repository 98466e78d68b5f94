// SPDX-License-Identifier: Apache-2.0
#include "video/picture_file.hpp"

#include "adapters/notice.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <png.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>

namespace rig {
namespace {

PictureError failed(const char* step, const std::string& path, int number) {
  return PictureError(fmt::format("cannot {} {} ({})", step, printable(path, 400), std::strerror(number)));
}

/// A file under a temporary name, gone unless it was put in place.
class Draft {
 public:
  explicit Draft(const std::string& path)
      : path_(path),
        temporary_(fmt::format("{}.{}.tmp", path, getpid())),
        stream_(std::fopen(temporary_.c_str(), "wbe")) {
    if (stream_ == nullptr) throw failed("create", temporary_, errno);
  }
  ~Draft() {
    if (stream_ != nullptr) std::fclose(stream_);
    if (!placed_) unlink(temporary_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  std::FILE* stream() const noexcept { return stream_; }
  const std::string& temporary() const noexcept { return temporary_; }

  void place() {
    const bool closed = std::fclose(stream_) == 0;
    stream_ = nullptr;
    if (!closed) throw failed("write", temporary_, errno);
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) throw failed("put in place", path_, errno);
    placed_ = true;
  }

 private:
  std::string path_;
  std::string temporary_;
  std::FILE* stream_;
  bool placed_ = false;
};

}  // namespace

void write_png(const std::string& path, std::span<const std::uint8_t> rgba, int width, int height) {
  if (width < 1 || height < 1 ||
      rgba.size() != 4 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {
    throw PictureError(
        fmt::format("{}: {} bytes are no picture of {} x {}", printable(path, 400), rgba.size(), width, height));
  }
  Draft draft(path);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGBA;
  image.flags = PNG_IMAGE_FLAG_FAST;
  if (png_image_write_to_stdio(&image, draft.stream(), 0, rgba.data(), 0, nullptr) == 0) {
    const int number = errno;
    throw PictureError(fmt::format("cannot write {} ({}, {})", printable(draft.temporary(), 400), image.message,
                                   std::strerror(number)));
  }
  draft.place();
}

RawWriter::RawWriter(const std::string& path)
    : path_(path == "-" ? "standard output" : path),
      fd_(path == "-" ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                      : open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666)),
      at_once_(PIPE_BUF) {
  if (fd_ < 0) throw failed("open", path_, errno);
  struct stat file{};
  if (fstat(fd_, &file) == 0 && S_ISREG(file.st_mode)) at_once_ = std::numeric_limits<std::size_t>::max();
}

RawWriter::~RawWriter() { close(fd_); }

bool RawWriter::write(std::span<const std::uint8_t> bytes, const std::atomic<bool>& stop) {
  constexpr int kSliceMs = 50;
  while (!bytes.empty()) {
    // Standard output may be a pipe that blocks, and its mode is shared with others: so never more than what has room.
    pollfd ready{fd_, POLLOUT, 0};
    if (poll(&ready, 1, kSliceMs) == 0) {
      if (stop.load(std::memory_order_relaxed)) return false;
      continue;
    }
    const ssize_t written = ::write(fd_, bytes.data(), std::min(bytes.size(), at_once_));
    if (written >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      throw failed("write to", path_, errno);
    }
  }
  return true;
}

void RawWriter::write(std::span<const std::uint8_t> bytes) {
  const std::atomic<bool> never{false};
  write(bytes, never);
}

}  // namespace rig
