// SPDX-License-Identifier: Apache-2.0
// Pictures against those that somebody has looked at.
#pragma once

#include <png.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace rig::test {

/// Drivers and processors round differently: every channel may be this far off ...
inline constexpr int kTolerance = 2;
/// ... and where an edge falls between two pixels, one in a thousand may be anything.
inline constexpr std::size_t kStrayDivisor = 1000;

inline std::vector<std::uint8_t> read_png(const std::string& path, int width, int height) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_file(&image, path.c_str()) == 0) throw std::runtime_error(path + ": " + image.message);
  image.format = PNG_FORMAT_RGBA;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr) == 0) {
    throw std::runtime_error(path + ": " + image.message);
  }
  if (image.width != static_cast<png_uint_32>(width) || image.height != static_cast<png_uint_32>(height)) {
    throw std::runtime_error(path + " has another size");
  }
  return pixels;
}

struct Difference {
  int largest = 0;         ///< of any channel
  std::size_t strays = 0;  ///< pixels beyond the tolerance
  std::size_t allowed = 0;
  bool tolerable() const { return strays <= allowed; }
};

inline Difference compare(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  if (a.size() != b.size()) throw std::runtime_error("pictures of different sizes");
  Difference difference;
  difference.allowed = a.size() / 4 / kStrayDivisor;
  for (std::size_t pixel = 0; pixel < a.size(); pixel += 4) {
    int worst = 0;
    for (std::size_t i = pixel; i < pixel + 4; ++i) worst = std::max(worst, std::abs(int{a[i]} - int{b[i]}));
    difference.largest = std::max(difference.largest, worst);
    if (worst > kTolerance) ++difference.strays;
  }
  return difference;
}

}  // namespace rig::test
