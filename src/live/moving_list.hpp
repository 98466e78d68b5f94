// SPDX-License-Identifier: Apache-2.0
// What glides here and there: the few gliding slots of blocks that mostly rest, side by side, so that a frame of a large show in
// which little moves costs what moves. A copy of what the blocks hold, rebuilt block by block when one changes.
#pragma once

#include <cstdint>

#include "composer/glide.hpp"
#include "platform/memory.hpp"

namespace relume::core {

class MovingList {
 public:
  /// A block with more gliding slots than this is better composed as a whole.
  static constexpr std::uint32_t kMostOfBlock = 12;
  struct Entry {
    std::uint32_t slot;
    float to;
    float from;
    std::uint32_t start;
    float rate;
    float near;
  };

  /// `idle_slot`: a place in each frame that nobody reads.
  MovingList(std::uint32_t capacity, std::uint32_t blocks, std::uint32_t idle_slot);

  /// Whether a block with so many gliding slots can be taken; makes room if need be.
  bool fits(std::uint32_t count) noexcept RELUME_NONBLOCKING;
  void begin_block(std::uint32_t block) noexcept { at_[block] = size_; }
  void add(std::uint32_t block, const Entry& entry) noexcept RELUME_NONBLOCKING;
  /// Takes all slots of a block out.
  void remove_block(std::uint32_t block) noexcept RELUME_NONBLOCKING;
  bool has(std::uint32_t block) const noexcept { return count_[block] != 0; }
  std::uint32_t moving() const noexcept { return size_ - idle_; }

  /// Writes all values into a frame; calls arrived(slot) for those that are at their target now.
  template <class F>
  void write(const composer::Moment& now, float* frame, F&& arrived) noexcept;

 private:
  void squeeze() noexcept RELUME_NONBLOCKING;

  const std::uint32_t idle_slot_;
  platform::FixedArray<std::uint32_t> slot_;
  platform::FixedArray<float> to_;
  platform::FixedArray<float> from_;
  platform::FixedArray<std::uint32_t> start_;
  platform::FixedArray<float> rate_;
  platform::FixedArray<float> near_;
  platform::FixedArray<std::uint32_t> at_;    // by block: its first entry
  platform::FixedArray<std::uint8_t> count_;  // by block
  std::uint32_t size_ = 0;
  std::uint32_t idle_ = 0;  // entries whose block was taken out
};

template <class F>
void MovingList::write(const composer::Moment& now, float* frame, F&& arrived) noexcept {
  constexpr std::uint32_t kPiece = 512;
  float values[kPiece];
  for (std::uint32_t begin = 0; begin < size_; begin += kPiece) {
    const std::uint32_t count = size_ - begin < kPiece ? size_ - begin : kPiece;
    const composer::Glides glides{to_.data() + begin, from_.data() + begin, start_.data() + begin, rate_.data() + begin,
                                  near_.data() + begin};
    const bool any = composer::values_at(glides, count, now, values);
    for (std::uint32_t i = 0; i < count; ++i) frame[slot_[begin + i]] = values[i];
    if (!any) continue;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t at = begin + i;
      if (values[i] != to_[at] || slot_[at] == idle_slot_) continue;
      bool there = false;  // it may only be so near that a float cannot tell
      composer::value_at(to_[at], {from_[at], start_[at]}, rate_[at], near_[at], now, there);
      if (there) arrived(slot_[at]);
    }
  }
}

}  // namespace relume::core
