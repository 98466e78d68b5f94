// SPDX-License-Identifier: Apache-2.0
// A bounded queue from one thread to one other, wait-free on both sides.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>

#include "platform/memory.hpp"
#include "platform/memory_order.hpp"

namespace relume::core {

template <class T>
class SpscRing {
 public:
  /// Holds at least `capacity` elements.
  explicit SpscRing(std::size_t capacity) : items_(std::bit_ceil(capacity)), mask_(std::bit_ceil(capacity) - 1) {}

  /// Producer.
  bool full() const noexcept { return tail_.load(std::memory_order_relaxed) - head_.load(order::kRingRoom) > mask_; }
  /// Producer. False when full; nothing is lost then, the caller keeps it.
  bool push(const T& item) noexcept {
    if (full()) return false;
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    items_[tail & mask_] = item;
    tail_.store(tail + 1, order::kRingPush);
    return true;
  }
  /// Consumer: how many can be taken now.
  std::size_t size() const noexcept { return tail_.load(order::kRingSize) - head_.load(std::memory_order_relaxed); }
  /// Consumer: the oldest, when size() > 0.
  const T& front() const noexcept { return items_[head_.load(std::memory_order_relaxed) & mask_]; }
  void pop() noexcept { head_.store(head_.load(std::memory_order_relaxed) + 1, order::kRingPop); }

 private:
  platform::FixedArray<T> items_;
  std::size_t mask_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace relume::core
