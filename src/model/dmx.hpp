// SPDX-License-Identifier: Apache-2.0
// Values as DMX channels; include/relume/dmx.h says how. What is passed here has been checked.
#pragma once

#include <relume/dmx.h>

#include <cstddef>
#include <cstdint>

namespace relume::core {

inline constexpr std::uint32_t kDmxFlags = RELUME_DMX_FINE | RELUME_DMX_INVERT | RELUME_DMX_DITHER;

/// Channels that each value takes.
inline std::size_t dmx_width(std::uint32_t flags) noexcept { return (flags & RELUME_DMX_FINE) != 0 ? 2 : 1; }

void pack_dmx(const float* values, std::size_t stride, std::size_t count, std::uint32_t flags, std::uint32_t tick,
              std::uint8_t* channels) noexcept RELUME_NONBLOCKING;

/// Whether a line keeps within the frame and the universe.
bool dmx_line_fits(const relume_dmx_patch& line, std::size_t slot_count,
                   std::size_t channel_count) noexcept RELUME_NONBLOCKING;

void pack_dmx_line(const relume_dmx_patch& line, const relume_slot* slots, double master, std::uint32_t tick,
                   std::uint8_t* channels) noexcept RELUME_NONBLOCKING;

}  // namespace relume::core
