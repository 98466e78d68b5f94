// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/picture.hpp"

#include <png.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace rig::decklink::card {

namespace {

struct Yuv {
  int y, u, v;  // 8 bits, limited range
};

/// Rec.601 for pictures of standard definition, Rec.709 for larger ones; factors in 1/65536.
class ToRgb {
 public:
  explicit ToRgb(std::int64_t height)
      : red_v_(height < 720 ? 104597 : 117489),
        green_u_(height < 720 ? -25675 : -13975),
        green_v_(height < 720 ? -53279 : -34925),
        blue_u_(height < 720 ? 132201 : 138438) {}

  std::array<std::uint8_t, 3> operator()(Yuv in) const {
    const int luma = (in.y - 16) * 76309;
    const int u = in.u - 128;
    const int v = in.v - 128;
    return {clamp(luma + red_v_ * v), clamp(luma + green_u_ * u + green_v_ * v), clamp(luma + blue_u_ * u)};
  }

 private:
  static std::uint8_t clamp(int value) { return static_cast<std::uint8_t>(std::clamp((value + 32768) >> 16, 0, 255)); }
  int red_v_, green_u_, green_v_, blue_u_;
};

void row_of_uyvy(const std::uint8_t* in, std::int64_t width, const ToRgb& convert, std::uint8_t* out) {
  for (std::int64_t x = 0; x < width; ++x, out += 3) {
    const std::uint8_t* pair = in + x / 2 * 4;
    const auto rgb = convert({pair[1 + x % 2 * 2], pair[0], pair[2]});
    std::copy(rgb.begin(), rgb.end(), out);
  }
}

/// Sixteen bytes hold six pixels: twelve samples of ten bits, three in each little-endian word, as u y v y u y v y u y v y.
void row_of_v210(const std::uint8_t* in, std::int64_t width, const ToRgb& convert, std::uint8_t* out) {
  for (std::int64_t x = 0; x < width; x += 6) {
    std::array<int, 12> samples{};
    for (std::size_t word = 0; word < 4; ++word) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, in + x / 6 * 16 + static_cast<std::int64_t>(word) * 4, sizeof bits);
      for (std::size_t i = 0; i < 3; ++i) samples[word * 3 + i] = static_cast<int>(bits >> (10 * i) & 1023u) >> 2;
    }
    const std::int64_t pixels = std::min<std::int64_t>(6, width - x);
    for (std::int64_t i = 0; i < pixels; ++i, out += 3) {
      const auto pair = static_cast<std::size_t>(i / 2 * 4);
      const auto rgb =
          convert({samples[pair + 1 + static_cast<std::size_t>(i % 2) * 2], samples[pair], samples[pair + 2]});
      std::copy(rgb.begin(), rgb.end(), out);
    }
  }
}

void row_of_four(const std::uint8_t* in, std::int64_t width, std::array<int, 3> order, std::uint8_t* out) {
  for (std::int64_t x = 0; x < width; ++x, in += 4) {
    for (const int at : order) *out++ = in[at];
  }
}

int encode(const std::vector<std::uint8_t>& rgb, const FrameLayout& layout, const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return errno;
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(layout.width);
  image.height = static_cast<png_uint_32>(layout.height);
  image.format = PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;
  errno = 0;
  const bool written = png_image_write_to_stdio(&image, file, 0, rgb.data(), 0, nullptr) != 0;
  const int error = errno;
  if (std::fclose(file) != 0) return errno;
  return written ? 0 : (error != 0 ? error : EIO);
}

}  // namespace

std::vector<std::uint8_t> to_rgb(const Picture& picture) {
  const FrameLayout& layout = picture.layout;
  const ToRgb convert(layout.height);
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(layout.width * layout.height * 3));
  for (std::int64_t y = 0; y < layout.height; ++y) {
    const auto* in = reinterpret_cast<const std::uint8_t*>(picture.bytes.data() + y * layout.row_bytes);
    std::uint8_t* out = rgb.data() + y * layout.width * 3;
    switch (layout.format) {
      case abi::kFormatUyvy: row_of_uyvy(in, layout.width, convert, out); break;
      case abi::kFormatV210: row_of_v210(in, layout.width, convert, out); break;
      case abi::kFormatBgra: row_of_four(in, layout.width, {2, 1, 0}, out); break;
      case abi::kFormatArgb: row_of_four(in, layout.width, {1, 2, 3}, out); break;
      default: return {};
    }
  }
  return rgb;
}

int write_png(const Picture& picture, const std::string& path) {
  const std::vector<std::uint8_t> rgb = to_rgb(picture);
  if (rgb.empty()) return ENOTSUP;
  const std::string fresh = path + ".new";
  int error = encode(rgb, picture.layout, fresh);
  if (error == 0 && std::rename(fresh.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) std::remove(fresh.c_str());
  return error;
}

void PictureDesk::keep(const FrameLayout& layout, const std::byte* bytes) {
  auto picture = std::make_shared<const Picture>(Picture{layout, {bytes, bytes + layout.row_bytes * layout.height}});
  const std::lock_guard lock(mutex_);
  newest_.swap(picture);
}

std::shared_ptr<const Picture> PictureDesk::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

}  // namespace rig::decklink::card
