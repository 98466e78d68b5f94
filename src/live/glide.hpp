// SPDX-License-Identifier: Apache-2.0
// The glide of automation: a first-order low-pass answered in closed form (relume/overlay.h), per block of 64 slots.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "live/page_tree.hpp"
#include "model/param.hpp"

namespace relume::core {

/// Automation of 64 slots. Lanes of `overlay` hold their target here; lanes that glide but are not in `overlay` glide back to
/// the tier below.
struct alignas(64) AutomationBlock {
  std::uint64_t owned;    // first lane of each parameter that has an overlay, also one that glides back
  std::uint64_t overlay;  // lanes that automation holds
  std::uint64_t gliding;  // lanes that have not arrived
  std::array<std::uint32_t, kBlockSlots> target;
  std::array<float, kBlockSlots> from;
  std::array<float, kBlockSlots> rate;  // 1 / time constant, per nanosecond
  std::array<float, kBlockSlots> near;  // within this of the target it has arrived
  std::array<std::int64_t, kBlockSlots> start;

  /// The value of a gliding lane at a time, without regard to arrival.
  float glide(std::uint32_t lane, float to, std::int64_t now) const noexcept {
    const std::int64_t elapsed = now > start[lane] ? now - start[lane] : 0;
    const double left = std::exp(-static_cast<double>(elapsed) * static_cast<double>(rate[lane]));
    return static_cast<float>(static_cast<double>(to) +
                              (static_cast<double>(from[lane]) - static_cast<double>(to)) * left);
  }
  void begin_glide(std::uint32_t lane, const ParamDef& def, float value, float to, std::int64_t now) noexcept {
    from[lane] = value;
    start[lane] = now;
    rate[lane] = static_cast<float>(1.0 / static_cast<double>(def.smoothing_ns));
    const double range =
        def.bounded ? def.max - def.min : std::abs(static_cast<double>(to) - static_cast<double>(value));
    near[lane] = static_cast<float>(kArrival * range);
    gliding |= std::uint64_t{1} << lane;
  }
};

/// Composes the lanes of a mask by precedence: automation, else the tiers below. Gliding lanes that arrive stop gliding.
inline void compose_lanes(AutomationBlock& automation, const SavedBlock& saved, std::uint64_t lanes, std::int64_t now,
                          relume_slot* out) noexcept {
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
    const std::uint64_t bit = std::uint64_t{1} << lane;
    const std::uint32_t to = (automation.overlay & bit) != 0 ? automation.target[lane] : saved.resting(lane);
    if ((automation.gliding & bit) == 0) {
      out[lane].u = to;
      continue;
    }
    const float target = std::bit_cast<float>(to);
    const float value = automation.glide(lane, target, now);
    if (std::abs(value - target) <= automation.near[lane]) {
      automation.gliding &= ~bit;
      out[lane].u = to;
    } else {
      out[lane].f = value;
    }
  }
}

}  // namespace relume::core
