// SPDX-License-Identifier: Apache-2.0
#include "decklink/colour_bars.hpp"

#include "decklink/uyvy.hpp"

#include <cstring>

namespace rig {

ColourBars::ColourBars(std::int32_t width, std::int32_t height)
    : width_(width), height_(height), row_(2 * static_cast<std::size_t>(width)) {
  constexpr std::uint8_t k75 = 191;
  constexpr std::uint8_t kBars[8][3] = {{255, 255, 255}, {k75, k75, 0}, {0, k75, k75}, {0, k75, 0},
                                        {k75, 0, k75},   {k75, 0, 0},   {0, 0, k75},   {0, 0, 0}};
  std::vector<std::uint8_t> pixels(4 * static_cast<std::size_t>(width));
  for (std::int32_t x = 0; x < width; ++x)
    std::memcpy(&pixels[4 * static_cast<std::size_t>(x)], kBars[x * 8 / width], 3);
  convert_to_uyvy(pixels.data(), 0, PixelOrder::rgba, row_.data(), 0, width, 1);
}

void ColourBars::draw(std::uint64_t number, std::uint8_t* uyvy, std::size_t row_bytes) const noexcept {
  constexpr std::uint8_t kLine[8] = {128, 16, 128, 16, 128, 235, 128, 235};
  const std::size_t line = 4 * static_cast<std::size_t>(number % static_cast<std::uint64_t>(width_ / 2 - 1));
  for (std::int32_t y = 0; y < height_; ++y) {
    std::uint8_t* const row = uyvy + static_cast<std::size_t>(y) * row_bytes;
    std::memcpy(row, row_.data(), row_.size());
    std::memcpy(row + line, kLine, sizeof kLine);
  }
}

}  // namespace rig
