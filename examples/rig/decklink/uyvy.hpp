// SPDX-License-Identifier: Apache-2.0
// RGB as a renderer has it to 8-bit UYVY as a card takes it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rig {

/// Order of the four bytes of a pixel. The fourth is not looked at.
enum class PixelOrder { rgba, bgra };

/// Converts full-range R'G'B' to Rec.709 Y'CbCr 4:2:2, Y 16..235, chroma 16..240. Chroma sits on the even pixels and is
/// weighted 1:2:1 over its neighbours.
/// \param pixels the top row; \param pixels_row_bytes from one row to the one below it: negative for a picture whose bottom row
/// comes first in memory, as OpenGL reads it.
/// \param width even, at least 2.
void convert_to_uyvy(const std::uint8_t* pixels, std::ptrdiff_t pixels_row_bytes, PixelOrder order, std::uint8_t* uyvy,
                     std::size_t uyvy_row_bytes, std::int32_t width, std::int32_t height) noexcept;

}  // namespace rig
