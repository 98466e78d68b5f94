// SPDX-License-Identifier: Apache-2.0
// Times as exact fractions. Clients pick any time scale (one counts nanoseconds, in which no 59.94 frame begins at a whole
// number), so slots are found by rounding, in 128 bits, never by truncating and never in floating point.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace rig::decklink::card {

__extension__ using Wide = __int128;

/// `value` units of 1/`scale` seconds; scale > 0.
struct Time {
  std::int64_t value = 0;
  std::int64_t scale = 1;
};

/// A frame takes duration/scale seconds; both > 0.
struct FrameRate {
  std::int64_t duration = 1;
  std::int64_t scale = 1;
};

constexpr Wide floor_div(Wide dividend, Wide divisor) {
  const Wide quotient = dividend / divisor;
  return dividend % divisor != 0 && (dividend < 0) != (divisor < 0) ? quotient - 1 : quotient;
}

constexpr std::optional<std::int64_t> narrow(Wide value) {
  if (value < std::numeric_limits<std::int64_t>::min() || value > std::numeric_limits<std::int64_t>::max()) return {};
  return static_cast<std::int64_t>(value);
}

/// The same time in another scale, rounded down; nothing if it does not fit.
constexpr std::optional<std::int64_t> rescaled(Time time, std::int64_t scale) {
  // |value| < 2^63 and scale < 2^63: the product fits.
  return narrow(floor_div(Wide{time.value} * scale, time.scale));
}

/// The slot, counted from `start`, whose beginning is nearest to `at` (halves go up); nothing if that leaves 128 bits.
constexpr std::optional<std::int64_t> slot_of(Time at, Time start, FrameRate rate) {
  if (at.scale <= 0 || start.scale <= 0) return {};
  // (at - start) / frame
  //   = (at.value * start.scale - start.value * at.scale) * rate.scale / (at.scale * start.scale * duration)
  Wide elapsed = 0;
  Wide dividend = 0;
  Wide divisor = 0;
  if (__builtin_sub_overflow(Wide{at.value} * start.scale, Wide{start.value} * at.scale, &elapsed) ||
      __builtin_mul_overflow(elapsed, Wide{rate.scale}, &dividend) ||
      __builtin_mul_overflow(Wide{at.scale} * start.scale, Wide{rate.duration}, &divisor) ||
      __builtin_mul_overflow(dividend, Wide{2}, &dividend) || __builtin_add_overflow(dividend, divisor, &dividend) ||
      __builtin_mul_overflow(divisor, Wide{2}, &divisor)) {
    return {};
  }
  return narrow(floor_div(dividend, divisor));
}

/// How many slots a frame of this length fills: the nearest number, and one at least.
constexpr std::optional<std::int64_t> slots_of_length(Time length, FrameRate rate) {
  const auto slots = slot_of(length, {0, 1}, rate);
  if (!slots) return {};
  return *slots < 1 ? 1 : *slots;
}

/// The middle of a slot in nanoseconds from the start, rounded up. There the frames of the output begin: half a frame off the
/// scheduler's slots, "the first output frame that begins at or after a picture's time" is the slot nearest to that time.
constexpr std::int64_t slot_middle_ns(std::int64_t slot, FrameRate rate) {
  return static_cast<std::int64_t>(
      -floor_div(-(Wide{slot} * 2 + 1) * rate.duration * 1'000'000'000, Wide{rate.scale} * 2));
}

}  // namespace rig::decklink::card
