// SPDX-License-Identifier: Apache-2.0
#include "live/automation.hpp"

namespace relume::core {
namespace {

template <class T>
T read(const T& place) noexcept {
  return std::atomic_ref<T>(const_cast<T&>(place)).load(std::memory_order_relaxed);
}

}  // namespace

AutomationGlimpse AutomationBlock::glimpse(std::uint32_t first) const noexcept {
  // The writer never waits, and may be interrupted in between: after some looks what was read has to do. It is of no other
  // type for that, at worst the beginning of one glide with the end of another.
  constexpr int kLooks = 64;
  AutomationGlimpse out;
  for (int look = 0; look < kLooks; ++look) {
    const std::uint32_t before = writes.load(order::kMarksRead);
    out = {};
    out.there = (owned.load(std::memory_order_relaxed) >> first & 1U) != 0;
    out.automated = (overlay.load(std::memory_order_relaxed) >> first & 1U) != 0;
    out.place = place[first].load(std::memory_order_relaxed);
    out.state = state(first);
    out.smoothing_ms = read(smoothing_ms[first]);
    const std::uint32_t lanes = out.state.lane_count();
    out.gliding = static_cast<std::uint32_t>(gliding.load(std::memory_order_relaxed) >> first) & ((1U << lanes) - 1U);
    for (std::uint32_t i = 0; i < lanes && first + i < kBlockSlots; ++i) {
      out.target[i] = read(target[first + i]);
      out.start[i] = read(start[first + i]);
      out.from[i] = read(from[first + i]);
    }
    order::fence(std::memory_order_acquire);
    if (before % 2 == 0 && writes.load(std::memory_order_relaxed) == before) break;
  }
  return out;
}

}  // namespace relume::core
