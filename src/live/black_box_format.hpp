// SPDX-License-Identifier: Apache-2.0
// What the black box writes, in words of 64 bits, little endian. A record is a head and `count` words of payload; its head names the
// place where it stands, so that a reader knows a record from what was written over it.
//
//   block   block << 32, lanes, gliding lanes; then of each lane its value (32 bits) or its glide (to, from, start, rate, near:
//           5 x 32 bits), two to a word. All lanes of a block now and then: from there on it is known.
//   write   source << 32 | policy << 24 | kind << 16 | smoothing_ms, param, time, 4 lanes: what a source said, for the reader
//   stack   structure, then per layer handle, id, slot_count << 32 | first_slot, flags
//   frame   number, time, revision, count << 32 | first block, hash of those blocks: all records since the frame before belong to it
#pragma once

#include <cstddef>
#include <cstdint>

namespace relume::core::black_box {

inline constexpr std::uint64_t kMagic = 0x42424d4c45523152;  // "R1RELMBB"
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::uint64_t kSmallest = std::uint64_t{1} << 16U;  // bytes of a ring
inline constexpr std::uint64_t kLargest = std::uint64_t{1} << 36U;
inline constexpr std::int64_t kSpan = 60'000'000'000;  // of a dump
inline constexpr std::uint32_t kHashedBlocks = 64;     // of each frame, in turn

enum class Kind : std::uint8_t { block = 1, write = 2, stack = 3, frame = 4 };

inline constexpr std::size_t kBlockHead = 3;  // words before the lanes
inline constexpr std::size_t kWriteWords = 5;
inline constexpr std::size_t kLayerWords = 4;
inline constexpr std::size_t kFrameWords = 5;
inline constexpr std::size_t kGlideHalves = 5;

constexpr std::uint64_t head_of(Kind kind, std::size_t count, std::uint64_t position) noexcept {
  return static_cast<std::uint64_t>(kind) | static_cast<std::uint64_t>(count & 0xffffffU) << 8U | position << 32U;
}
constexpr Kind kind_of(std::uint64_t head) noexcept { return static_cast<Kind>(head & 0xffU); }
constexpr std::size_t count_of(std::uint64_t head) noexcept { return head >> 8U & 0xffffffU; }
constexpr bool stands_at(std::uint64_t head, std::uint64_t position) noexcept {
  return head >> 32U == (position & 0xffffffffU);
}

/// Head of a file; the words of the ring follow.
struct FileHead {
  std::uint64_t magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t slots = 0;
  std::uint64_t position = 0;  // of the first word
  std::uint64_t words = 0;
  std::uint8_t show_id[16] = {};
  std::uint64_t checksum = 0;  // XXH3-64 of the file with 0 here
};
static_assert(sizeof(FileHead) == 56);

}  // namespace relume::core::black_box
