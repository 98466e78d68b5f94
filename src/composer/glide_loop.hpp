// SPDX-License-Identifier: Apache-2.0
// The loop itself, included once by each file that compiles it for a family of processors. Everything is in an unnamed namespace,
// so that no linker can take one family's code for another's. Plain arithmetic of IEEE 754 in a fixed order, never contracted
// (the files are compiled with -ffp-contract=off): each family gives the same bits.
#pragma once

#include <bit>
#include <cmath>
#include <limits>

#include "composer/glide.hpp"

namespace relume::composer {
namespace {

// e^-x for x >= 0: 2^y = 2^n * 2^f with y = -x / ln 2, n the nearest whole number. 2^f by a polynomial of degree 6, fitted at
// Chebyshev nodes on [-1/2, 1/2] (relative error 2e-9 before rounding), 1 at f = 0. Under 2^-64, where every glide has long arrived,
// the answer is 2^-64: no product of it is one of the denormal numbers, which take a processor a hundred times as long.
inline float exp_minus(float x) noexcept {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to whole numbers
  float y = x * -1.442695040888963F;
  y = y < -64.0F ? -64.0F : y;
  const float shifted = y + kRound;
  const float f = y - (shifted - kRound);
  float p = 0.00015337576743891878F;
  p = p * f + 0.001339986036521676F;
  p = p * f + 0.009618519534614657F;
  p = p * f + 0.05550328997511861F;
  p = p * f + 0.24022646608712805F;
  p = p * f + 0.693147205600513F;
  p = p * f + 1.0F;
  // The low bits of `shifted` are n; shifted up, those of its own exponent fall out.
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) + (std::bit_cast<std::uint32_t>(shifted) << 23U));
}

// e^x, |x| <= 700, in double, by the Taylor series of e^r to its twelfth power, |r| <= ln 2 / 2: to the last bit or two. Not the C
// library's, whose bits are of its version and of the processor.
inline double exp_double(double x) noexcept {
  constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52
  constexpr double kLn2High = 0x1.62e42fefap-1;  // its products with whole numbers under 2^16 are exact
  constexpr double kLn2Low = 0x1.cf79abc9e3b39p-40;
  x = x < -700.0 ? -700.0 : x;
  x = x > 700.0 ? 700.0 : x;
  const double shifted = x * 1.4426950408889634 + kRound;
  const double n = shifted - kRound;
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double p = 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(p) + (std::bit_cast<std::uint64_t>(shifted) << 52U));
}

// Where a curve that is at `value` now was at the tick before: farther from its target by what it fell since.
inline float back_to_tick(float value, float to, float rate, float rest) noexcept {
  const double way = (static_cast<double>(value) - static_cast<double>(to)) *
                     exp_double(static_cast<double>(rest) * static_cast<double>(rate));
  return static_cast<float>(static_cast<double>(to) + way);
}

// 1 when a glide can be anchored there. What is not finite, or farther than a float, is not less than infinity. Without a branch, as
// everything that a loop is to do for many at once.
inline int can_glide(float from, float to, float rate) noexcept {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  return static_cast<int>(rate > 0.0F) & static_cast<int>(std::fabs(from - to) < infinity) &
         static_cast<int>(std::fabs(from) < infinity);
}

// One step of the loop. A glide that begins after `now` (a clock that went back) is at its beginning.
inline float step(float to, float from, std::uint32_t start, float rate, float near, const Moment& now,
                  std::uint32_t& arrived) noexcept {
  const auto ticks = static_cast<std::int32_t>(now.tick - start);
  const float age = static_cast<float>(ticks) * static_cast<float>(kTick) + now.rest;
  const float x = (age < 0.0F ? 0.0F : age) * rate;
  const float way = from - to;
  const float left = way * exp_minus(x);
  const float relative = std::fabs(way) * kArrival;
  const float limit = near > relative ? near : relative;
  const bool done = std::fabs(left) <= limit;
  arrived |= static_cast<std::uint32_t>(done);
  return done ? to : to + left;
}

inline bool loop(const Glides& g, std::size_t count, const Moment& now,
                 float* __restrict out) noexcept RELUME_NONBLOCKING {
  const float* __restrict to = g.to;
  const float* __restrict from = g.from;
  const std::uint32_t* __restrict start = g.start;
  const float* __restrict rate = g.rate;
  const float* __restrict near = g.near;
  const Moment moment = now;
  std::uint32_t arrived = 0;
  for (std::size_t i = 0; i < count; ++i) out[i] = step(to[i], from[i], start[i], rate[i], near[i], moment, arrived);
  return arrived != 0;
}

}  // namespace
}  // namespace relume::composer
