// SPDX-License-Identifier: Apache-2.0
// The glide of automation, alone: a first-order low-pass in closed form, answered for many slots at once. No state of a show, no
// allocation, no other room: this is what the public composer and the show's own are both made of.
//
// A glide is a curve towards `to` through one point of it, its anchor: the value `from` at the moment `start`. Moments are ticks
// of 65,536 ns, which wrap after 78 hours, so that a start fits 32 bits. A curve passes through all its points: the anchor is put
// on the tick before the true beginning, at the value that the curve has there. So the tick costs no precision.
#pragma once

#include <relume/base.h>

#include <cstddef>
#include <cstdint>

namespace relume::composer {

/// Within this part of the range, or of the step, a glide has arrived (relume/overlay.h).
inline constexpr float kArrival = 1e-4F;
inline constexpr unsigned kTickBits = 16;
inline constexpr std::int64_t kTick = std::int64_t{1} << kTickBits;
/// No glide and no claim may become older than this; whoever holds them moves their anchors before.
inline constexpr std::uint32_t kOldest = std::uint32_t{1} << 30U;

/// A moment as the loops want it: its tick, and what is left of it in nanoseconds.
struct Moment {
  std::uint32_t tick;
  float rest;

  static Moment of(std::int64_t ns) noexcept {
    return {static_cast<std::uint32_t>(static_cast<std::uint64_t>(ns) >> kTickBits),
            static_cast<float>(ns & (kTick - 1))};
  }
};

/// Ticks from one moment to a later one.
inline std::uint32_t ticks_between(std::uint32_t start, std::uint32_t now) noexcept { return now - start; }

struct Anchor {
  float from;
  std::uint32_t start;
};

/// A shorter time constant is none that a frame could show; and an anchor a tick back from it would be out of reach of a float.
inline constexpr std::int64_t kShortest = 10'000;

/// 1 / time constant, in 1/ns; 0 for what steps.
float rate_of(std::int64_t smoothing_ns) noexcept RELUME_NONBLOCKING;

/// The glide from `value` at `now` to `to`. False: it cannot be (the way is longer than a float is); it has to step.
bool begin(float value, float to, float rate, const Moment& now, Anchor& out) noexcept RELUME_NONBLOCKING;

/// Arrays of glides. `near`: within this of its target a glide has arrived; 0 for 1e-4 of its way.
struct Glides {
  const float* to;
  const float* from;
  const std::uint32_t* start;
  const float* rate;
  const float* near;
};

/// Writes the values of `count` glides at a moment; those that have arrived are exactly at their target. True when one has.
/// The same bits on every processor.
bool values_at(const Glides& glides, std::size_t count, const Moment& now, float* out) noexcept RELUME_NONBLOCKING;

/// The value of one glide; the same bits as values_at.
float value_at(float to, const Anchor& anchor, float rate, float near, const Moment& now,
               bool& arrived) noexcept RELUME_NONBLOCKING;

}  // namespace relume::composer
