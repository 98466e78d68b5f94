// SPDX-License-Identifier: Apache-2.0
// A test picture that shows what matters on a monitor: colours at their places, black and white at theirs, and motion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rig {

/// Colour bars of 100/0/75/0, with a line of black and white that wanders over them, a pixel pair each picture: every picture
/// differs from the one before.
class ColourBars {
 public:
  /// \param width even, at least 8.
  ColourBars(std::int32_t width, std::int32_t height);

  /// Draws picture `number` as 8-bit UYVY.
  void draw(std::uint64_t number, std::uint8_t* uyvy, std::size_t row_bytes) const noexcept;

 private:
  std::int32_t width_;
  std::int32_t height_;
  std::vector<std::uint8_t> row_;  // of all rows, without the line
};

}  // namespace rig
