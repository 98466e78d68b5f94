// SPDX-License-Identifier: Apache-2.0
// The loops over a block, included once by each file that compiles them for a family of processors. As in glide_loop.hpp,
// everything is in an unnamed namespace, and each family gives the same bits.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>

#include "composer/block.hpp"
#include "composer/families.hpp"
#include "composer/glide_loop.hpp"

namespace relume::composer {
namespace {

constexpr std::size_t kHalf = 32;  // lanes whose bits fit the width of a slot, so that mask and values go in one vector
struct Bits {
  std::uint32_t of[kHalf];
};
constexpr Bits bits_of_lanes() noexcept {
  Bits bits{};
  for (std::size_t i = 0; i < kHalf; ++i) bits.of[i] = std::uint32_t{1} << i;
  return bits;
}
alignas(64) constexpr Bits kBits = bits_of_lanes();

inline std::uint32_t half_of(Mask mask, std::size_t first) noexcept {
  return static_cast<std::uint32_t>(mask >> first);
}
// All ones for a lane that is in the mask.
inline std::uint32_t wide(std::uint32_t half, std::size_t lane) noexcept {
  return (half & kBits.of[lane]) != 0 ? 0xffffffffU : 0U;
}
inline std::uint32_t wide_if(int one) noexcept { return 0U - static_cast<std::uint32_t>(one); }
inline float blend(std::uint32_t which, float yes, float no) noexcept {
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(yes) & which) |
                              (std::bit_cast<std::uint32_t>(no) & ~which));
}

// 1 when there is a way to go from `value`, and an anchor to go from.
inline int goes(float value, float anchor, float to, float rate) noexcept {
  return can_glide(anchor, to, rate) & static_cast<int>(value != to);
}

// So few that one after the other is faster than all at once.
inline bool few(Mask lanes) noexcept {
  for (int i = 0; i < 4; ++i) lanes &= lanes - 1;
  return lanes == 0;
}

// Not inlined, as begin_lanes: within a longer function g++ 12 leaves their loops as they are.
[[gnu::noinline]] Mask glide_lanes(const Glides& g, Mask gliding, const Moment& now,
                                   float* __restrict out) noexcept RELUME_NONBLOCKING {
  const float* __restrict to = g.to;
  const float* __restrict from = g.from;
  const std::uint32_t* __restrict start = g.start;
  const float* __restrict rate = g.rate;
  const float* __restrict near = g.near;
  const Moment moment = now;
  Mask arrived = 0;
  if (few(gliding)) {
    std::memcpy(out, to, kBlock * sizeof *out);
    for (Mask left = gliding; left != 0; left &= left - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(left));
      std::uint32_t done = 0;
      out[i] = step(to[i], from[i], start[i], rate[i], near[i], moment, done);
      arrived |= Mask{done} << i;
    }
    return arrived;
  }
  for (std::size_t first = 0; first < kBlock; first += kHalf) {
    const std::uint32_t half = half_of(gliding, first);
    std::uint32_t there = 0;
    for (std::size_t lane = 0; lane < kHalf; ++lane) {
      const std::size_t i = first + lane;
      std::uint32_t done = 0;
      const float value = step(to[i], from[i], start[i], rate[i], near[i], moment, done);
      out[i] = blend(wide(half, lane), value, to[i]);
      there |= wide_if(static_cast<int>(done)) & kBits.of[lane];
    }
    arrived |= Mask{there & half} << first;
  }
  return arrived;
}

[[gnu::noinline]] Mask begin_lanes(const Beginnings& g, Mask lanes, const Moment& now, float* __restrict from,
                                   std::uint32_t* __restrict start) noexcept RELUME_NONBLOCKING {
  const float* __restrict value = g.value;
  const float* __restrict to = g.to;
  const float* __restrict rate = g.rate;
  const Moment moment = now;
  Mask begun = 0;
  if (few(lanes)) {
    for (Mask left = lanes; left != 0; left &= left - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(left));
      from[i] = back_to_tick(value[i], to[i], rate[i], moment.rest);
      start[i] = moment.tick;
      begun |= static_cast<Mask>(goes(value[i], from[i], to[i], rate[i])) << i;
    }
    return begun;
  }
  for (std::size_t first = 0; first < kBlock; first += kHalf) {
    const std::uint32_t half = half_of(lanes, first);
    std::uint32_t good = 0;
    for (std::size_t lane = 0; lane < kHalf; ++lane) {
      const std::size_t i = first + lane;
      const std::uint32_t which = wide(half, lane);
      const float there = back_to_tick(value[i], to[i], rate[i], moment.rest);
      from[i] = blend(which, there, from[i]);
      start[i] = (moment.tick & which) | (start[i] & ~which);
      good |= wide_if(goes(value[i], there, to[i], rate[i])) & kBits.of[lane];
    }
    begun |= Mask{good & half} << first;
  }
  return begun;
}

inline void choose(Mask which, const relume_slot* __restrict yes, const relume_slot* __restrict no,
                   relume_slot* __restrict out) noexcept {
  for (std::size_t first = 0; first < kBlock; first += kHalf) {
    const std::uint32_t half = half_of(which, first);
    for (std::size_t lane = 0; lane < kHalf; ++lane) {
      const std::size_t i = first + lane;
      const std::uint32_t mask = wide(half, lane);
      out[i].u = (yes[i].u & mask) | (no[i].u & ~mask);
    }
  }
}

inline Mask differing(const relume_slot* __restrict a, const relume_slot* __restrict b) noexcept {
  Mask all = 0;
  for (std::size_t first = 0; first < kBlock; first += kHalf) {
    std::uint32_t half = 0;
    for (std::size_t lane = 0; lane < kHalf; ++lane) {
      const std::size_t i = first + lane;
      half |= wide_if(static_cast<int>(a[i].u != b[i].u)) & kBits.of[lane];
    }
    all |= Mask{half} << first;
  }
  return all;
}

// A tier over those below it: no copy where it is everywhere or nowhere.
inline const relume_slot* lay_over(const relume_slot* below, const Tier& tier, Mask lanes, relume_slot* room) noexcept {
  const Mask present = tier.present & lanes;
  if (present == 0) return below;
  if (present == kAll) return tier.values;
  choose(present, tier.values, below, room);
  return room;
}

inline const float* floats_of(const relume_slot* slots) noexcept { return &slots->f; }

inline Glides glides_of(const relume_composer_scratch& s, const relume_composer_defs& defs) noexcept {
  return {floats_of(s.target), s.from, s.start, defs.rate, defs.arrival};
}

inline void stamp(relume_composer_scratch& s, Mask lanes, const Moment& now) noexcept {
  const auto rest = static_cast<std::uint16_t>(now.rest);
  if (lanes == kAll) {
    std::fill_n(s.changed, kBlock, now.tick);
    std::fill_n(s.changed_rest, kBlock, rest);
    return;
  }
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(lanes));
    s.changed[i] = now.tick;
    s.changed_rest[i] = rest;
  }
}

// What is not as it was in the last call. A slot's first call knows no value to glide from.
inline void take_changes(relume_composer_scratch& s, const relume_composer_defs& defs, const relume_slot* target,
                         Mask overlay, Mask differs, const Moment& now) noexcept {
  const Mask fresh = ~s.known;
  const Mask touched = differs | (overlay ^ s.overlay) | fresh;
  const Mask written = overlay & touched;
  const Mask released = s.overlay & ~overlay;
  // (Those that are no floats have no rate and would not begin: leaving them out saves looking.)
  const Mask glides = (written | released) & defs.floats & ~fresh;
  alignas(64) float shown[kBlock];
  if (glides != 0) glide_lanes(glides_of(s, defs), s.gliding & glides, now, shown);
  if (differs != 0) std::memcpy(s.target, target, sizeof s.target);
  s.gliding &= ~touched;
  if (glides != 0) s.gliding |= begin_lanes({shown, floats_of(s.target), defs.rate}, glides, now, s.from, s.start);
  stamp(s, written, now);
  s.settled &= overlay & ~touched;
  s.overlay = overlay;
  s.known = kAll;
  s.due_ns = 0;
}

inline void compose_lanes(const Block& block, const Moment& now, relume_composer_scratch& s,
                          relume_slot* out) noexcept RELUME_NONBLOCKING {
  const relume_composer_defs& defs = *block.defs;
  alignas(64) relume_slot room[3][kBlock];
  const relume_slot* target = lay_over(defs.defaults, block.base, defs.used & ~defs.triggers, room[0]);
  target = lay_over(target, block.committed, defs.used, room[1]);
  target = lay_over(target, block.overlay, defs.used, room[2]);
  const Mask overlay = block.overlay.present & defs.used;
  const Mask differs = differing(target, s.target);
  if ((differs | (overlay ^ s.overlay) | ~s.known) != 0) take_changes(s, defs, target, overlay, differs, now);
  if (s.gliding == 0) {
    std::memcpy(out, s.target, sizeof s.target);
  } else {
    const Mask arrived = glide_lanes(glides_of(s, defs), s.gliding, now, &out->f);
    if (arrived != 0) s.due_ns = 0;
    s.gliding &= ~arrived;
  }
  for (Mask counts = defs.triggers & block.base.present; counts != 0; counts &= counts - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(counts));
    out[i].u += block.base.values[i].u;
  }
}

}  // namespace
}  // namespace relume::composer
