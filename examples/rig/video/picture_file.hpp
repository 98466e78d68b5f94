// SPDX-License-Identifier: Apache-2.0
// Pictures on disk and in pipes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace rig {

/// A picture could not be written: step, path and errno are in the text.
class PictureError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Writes 4 * width * height bytes of RGBA, sRGB, the top row first. Whoever opens `path` finds the old file or the whole new
/// one. \throws PictureError, and then `path` is as it was.
void write_png(const std::string& path, std::span<const std::uint8_t> rgba, int width, int height);

/// Raw frames one after the other, into a file or pipe or, for "-", to standard output.
class RawWriter {
 public:
  /// \throws PictureError; a named pipe that nobody reads is one (ENXIO).
  explicit RawWriter(const std::string& path);
  ~RawWriter();
  RawWriter(const RawWriter&) = delete;
  RawWriter& operator=(const RawWriter&) = delete;

  /// Writes all of it, at the pace of whoever reads.
  /// \return false: `stop` has become true in the meantime, and the frame is not complete.
  /// \throws PictureError; a reader that has gone is one (EPIPE), provided SIGPIPE is ignored.
  bool write(std::span<const std::uint8_t> bytes, const std::atomic<bool>& stop);
  void write(std::span<const std::uint8_t> bytes);

 private:
  std::string path_;
  int fd_;
  std::size_t at_once_;  ///< bytes that a write takes without waiting once poll() has said so
};

}  // namespace rig
