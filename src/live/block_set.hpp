// SPDX-License-Identifier: Apache-2.0
// A set of blocks that is walked in order, at a cost that follows what is in it and not how many blocks there are.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "platform/memory.hpp"

namespace relume::core {

class BlockSet {
 public:
  explicit BlockSet(std::uint32_t blocks) : words_((blocks + 63) / 64), groups_((words_.size() + 63) / 64) {}

  void add(std::uint32_t block) noexcept {
    std::atomic<std::uint64_t>& word = words_[block / 64];
    word.store(word.load(std::memory_order_relaxed) | std::uint64_t{1} << (block % 64), std::memory_order_relaxed);
    groups_[block / 4096] |= std::uint64_t{1} << (block / 64 % 64);
  }
  void remove(std::uint32_t block) noexcept {
    std::atomic<std::uint64_t>& word = words_[block / 64];
    const std::uint64_t left = word.load(std::memory_order_relaxed) & ~(std::uint64_t{1} << (block % 64));
    word.store(left, std::memory_order_relaxed);
    if (left == 0) groups_[block / 4096] &= ~(std::uint64_t{1} << (block / 64 % 64));
  }
  /// Any thread.
  bool has(std::uint32_t block) const noexcept {
    return (words_[block / 64].load(std::memory_order_relaxed) >> (block % 64) & 1U) != 0;
  }
  bool empty() const noexcept {
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      if (groups_[i] != 0) return false;
    }
    return true;
  }
  /// Calls f(block) in ascending order. f may remove that block, and add others: those before it are not met any more.
  template <class F>
  void for_each(F&& f) noexcept {
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      for (std::uint64_t words = groups_[group]; words != 0; words &= words - 1) {
        const std::size_t word = group * 64 + static_cast<std::size_t>(std::countr_zero(words));
        for (std::uint64_t bits = words_[word].load(std::memory_order_relaxed); bits != 0; bits &= bits - 1) {
          f(static_cast<std::uint32_t>(word * 64) + static_cast<std::uint32_t>(std::countr_zero(bits)));
        }
      }
    }
  }

 private:
  platform::FixedArray<std::atomic<std::uint64_t>> words_;
  platform::FixedArray<std::uint64_t> groups_;  // bit per word that is not 0
};

}  // namespace relume::core
