// SPDX-License-Identifier: Apache-2.0
#include "decklink/uyvy.hpp"

namespace rig {
namespace {

// Rec.709 in 16-bit fixed point, with the narrowing to 219 steps of luma and 224 of chroma in the factors. The factors of luma
// add up to 219/255, those of each chroma to zero, so that greys have no colour and white is 235 exactly.
constexpr int kShift = 16;
constexpr int kHalf = 1 << (kShift - 1);
constexpr int kYr = 11966, kYg = 40254, kYb = 4064;
constexpr int kUr = -6596, kUg = -22188, kUb = 28784;
constexpr int kVr = 28784, kVg = -26145, kVb = -2639;
static_assert(kUr + kUg + kUb == 0 && kVr + kVg + kVb == 0);
static_assert(((kYr + kYg + kYb) * 255 + kHalf) >> kShift == 219);

struct Rgb {
  int r;
  int g;
  int b;
};

template <int R, int B>
Rgb pixel(const std::uint8_t* row, std::int32_t x) noexcept {
  const std::uint8_t* const at = row + 4 * static_cast<std::ptrdiff_t>(x);
  return {at[R], at[1], at[B]};
}

std::uint8_t luma(const Rgb& p) noexcept {
  return static_cast<std::uint8_t>(16 + ((kYr * p.r + kYg * p.g + kYb * p.b + kHalf) >> kShift));
}

template <int R, int B>
void convert_row(const std::uint8_t* row, std::uint8_t* out, std::int32_t width) noexcept {
  for (std::int32_t x = 0; x < width; x += 2) {
    const Rgb left = pixel<R, B>(row, x > 0 ? x - 1 : 0);
    const Rgb middle = pixel<R, B>(row, x);
    const Rgb right = pixel<R, B>(row, x + 1);
    const Rgb sum{left.r + 2 * middle.r + right.r, left.g + 2 * middle.g + right.g, left.b + 2 * middle.b + right.b};
    constexpr int kSumShift = kShift + 2;
    constexpr int kSumHalf = 1 << (kSumShift - 1);
    out[0] = static_cast<std::uint8_t>(128 + ((kUr * sum.r + kUg * sum.g + kUb * sum.b + kSumHalf) >> kSumShift));
    out[1] = luma(middle);
    out[2] = static_cast<std::uint8_t>(128 + ((kVr * sum.r + kVg * sum.g + kVb * sum.b + kSumHalf) >> kSumShift));
    out[3] = luma(right);
    out += 4;
  }
}

}  // namespace

void convert_to_uyvy(const std::uint8_t* pixels, std::ptrdiff_t pixels_row_bytes, PixelOrder order, std::uint8_t* uyvy,
                     std::size_t uyvy_row_bytes, std::int32_t width, std::int32_t height) noexcept {
  for (std::int32_t y = 0; y < height; ++y) {
    const std::uint8_t* const row = pixels + y * pixels_row_bytes;
    std::uint8_t* const out = uyvy + static_cast<std::size_t>(y) * uyvy_row_bytes;
    if (order == PixelOrder::rgba) {
      convert_row<0, 2>(row, out, width);
    } else {
      convert_row<2, 0>(row, out, width);
    }
  }
}

}  // namespace rig
