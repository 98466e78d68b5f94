// SPDX-License-Identifier: Apache-2.0
// Automation that a frame thread leaves behind in a story without end: what frame number n puts, and what then is held.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>

#include "persistence/held_area.hpp"

namespace relume::test {

constexpr std::uint32_t kHeldBlocks = 5;

struct HeldState {
  std::map<std::uint32_t, core::HeldBlock> blocks;
  std::int64_t time = 0;
  bool operator==(const HeldState&) const = default;
};

inline HeldState state_of(const core::HeldArea& area) {
  HeldState state;
  for (const auto& [block, held] : area.found()) state.blocks[block] = *held;
  state.time = area.found_time();
  return state;
}

/// What frame n says of a block. Every fourth time automation of it has ended.
inline core::HeldBlock held_block(std::uint64_t n, std::uint32_t block) {
  core::HeldBlock held;
  held.layout = block + 1;
  held.time = static_cast<std::int64_t>(n * 1000);
  const auto word = static_cast<std::uint32_t>(n * 31 + block);
  held.overlay = n % 4 == 0 ? 0 : ~std::uint64_t{0} >> (n % 7);
  held.gliding = held.overlay & (n * 0x9e3779b97f4a7c15ULL);
  held.target.fill(word);
  held.shown.fill(word + 1);
  held.order = n;
  held.smoothing_ms.fill(static_cast<std::uint16_t>(word));
  held.policy.fill(static_cast<std::uint8_t>(1 + n % 3));
  return held;
}

inline bool puts(std::uint64_t n, std::uint32_t block) { return (n * 7 + block * 5) % 3 == 0; }

inline void put_frame(core::HeldArea& area, std::uint64_t n) {
  for (std::uint32_t block = 0; block < kHeldBlocks; ++block) {
    if (!puts(n, block)) continue;
    if (n % 2 == 0) area.put(block, held_block(n + 1000, block));  // put again in the same frame: that counts
    area.put(block, held_block(n, block));
  }
}

/// What is held after frame n.
inline HeldState held_after(std::uint64_t n) {
  HeldState state;
  for (std::uint32_t block = 0; block < kHeldBlocks; ++block) {
    std::uint64_t last = n;
    while (last > 0 && !puts(last, block)) --last;
    if (last == 0) continue;
    const core::HeldBlock held = held_block(last, block);
    if ((held.overlay | held.gliding) != 0) state.blocks[block] = held;
  }
  state.time = static_cast<std::int64_t>(n * 1000);
  return state;
}

}  // namespace relume::test
