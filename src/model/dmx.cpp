// SPDX-License-Identifier: Apache-2.0
#include "model/dmx.hpp"

#include <algorithm>

namespace relume::core {
namespace {

std::uint32_t reversed(std::uint32_t bits) noexcept RELUME_NONBLOCKING {
  bits = (bits & 0x55555555U) << 1U | (bits >> 1U & 0x55555555U);
  bits = (bits & 0x33333333U) << 2U | (bits >> 2U & 0x33333333U);
  bits = (bits & 0x0f0f0f0fU) << 4U | (bits >> 4U & 0x0f0f0f0fU);
  bits = (bits & 0x00ff00ffU) << 8U | (bits >> 8U & 0x00ff00ffU);
  return bits << 16U | bits >> 16U;
}

/// Unlike std::clamp it takes NaN to 0.
double unit(double x) noexcept RELUME_NONBLOCKING { return x > 0.0 ? (x < 1.0 ? x : 1.0) : 0.0; }

/// The threshold that is added before the fraction is cut off.
class Threshold {
 public:
  Threshold(std::uint32_t flags, std::uint32_t tick) noexcept RELUME_NONBLOCKING
      : dithers_((flags & RELUME_DMX_DITHER) != 0),
        // With its place a threshold is not finer than a float's 24 bits: a value that means a whole step and misses it by the
        // rounding of a float is nearer to it than the least threshold is to 0.
        unused_bits_((flags & RELUME_DMX_FINE) != 0 ? 24U : 16U),
        unit_(1.0 / static_cast<double>(std::uint64_t{1} << (32U - unused_bits_))),
        phase_(reversed(tick)) {}

  /// An exclusive or turns every run of 2^k ticks into a run of 2^k others, so each channel keeps the bound on its mean; the
  /// multiples of the golden ratio spread the channels evenly, whatever the distance between those of a kind.
  double at(std::size_t channel) const noexcept RELUME_NONBLOCKING {
    if (!dithers_) return 0.5;
    const std::uint32_t place = phase_ ^ (static_cast<std::uint32_t>(channel) * 0x9e3779b1U);
    return (static_cast<double>(place >> unused_bits_) + 0.5) * unit_;
  }

 private:
  bool dithers_;
  std::uint32_t unused_bits_;
  double unit_;
  std::uint32_t phase_;
};

/// A value in steps of its channel or channels, not yet whole.
double steps(double x, std::uint32_t flags) noexcept RELUME_NONBLOCKING {
  const double light = unit(x);
  return ((flags & RELUME_DMX_FINE) != 0 ? 65535.0 : 255.0) * ((flags & RELUME_DMX_INVERT) != 0 ? 1.0 - light : light);
}

void write(std::uint32_t whole, std::uint32_t flags, std::uint8_t* channel) noexcept RELUME_NONBLOCKING {
  if ((flags & RELUME_DMX_FINE) != 0) *channel++ = static_cast<std::uint8_t>(whole >> 8U);
  *channel = static_cast<std::uint8_t>(whole);
}

}  // namespace

void pack_dmx(const float* values, std::size_t stride, std::size_t count, std::uint32_t flags, std::uint32_t tick,
              std::uint8_t* channels) noexcept RELUME_NONBLOCKING {
  const Threshold threshold(flags, tick);
  const std::size_t width = dmx_width(flags);
  for (std::size_t i = 0; i < count; ++i) {
    const double value = steps(static_cast<double>(values[i * stride]), flags);
    write(static_cast<std::uint32_t>(value + threshold.at(i * width)), flags, channels + i * width);
  }
}

bool dmx_line_fits(const relume_dmx_patch& line, std::size_t slot_count,
                   std::size_t channel_count) noexcept RELUME_NONBLOCKING {
  const auto inside = [&](std::uint32_t slot, std::size_t lanes) {
    return slot == RELUME_DMX_NO_SLOT || (slot < slot_count && lanes <= slot_count - slot);
  };
  const std::size_t last_fixture = std::max<std::size_t>(line.fixtures, 1) - 1;
  const std::size_t end = line.channel + last_fixture * line.stride + line.lanes * dmx_width(line.flags);
  return inside(line.slot, line.lanes) && inside(line.level, 1) && end <= channel_count;
}

void pack_dmx_line(const relume_dmx_patch& line, const relume_slot* slots, double master, std::uint32_t tick,
                   std::uint8_t* channels) noexcept RELUME_NONBLOCKING {
  const Threshold threshold(line.flags, tick);
  const std::size_t width = dmx_width(line.flags);
  const double level = line.level != RELUME_DMX_NO_SLOT ? static_cast<double>(slots[line.level].f) : 1.0;
  for (std::size_t lane = 0; lane < line.lanes; ++lane) {
    const double x = line.slot != RELUME_DMX_NO_SLOT ? static_cast<double>(slots[line.slot + lane].f) : 0.0;
    const double value = steps(x * level * master, line.flags);
    std::size_t channel = line.channel + lane * width;
    for (std::size_t n = std::max<std::size_t>(line.fixtures, 1); n > 0; --n, channel += line.stride) {
      write(static_cast<std::uint32_t>(value + threshold.at(channel)), line.flags, channels + channel);
    }
  }
}

}  // namespace relume::core
