// SPDX-License-Identifier: Apache-2.0
// Newest-wins hand-over between one writer and one reader, neither of which ever waits for the other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace rig {

/// Three slots: the writer fills one, the reader looks at one, the third is the newest that was published. Publishing and
/// taking swap a slot with the third by one atomic exchange.
template <class T>
class TripleBuffer {
 public:
  explicit TripleBuffer(const T& initial) : slots_{initial, initial, initial} {}

  /// All slots anew, with nothing published. For a moment in which neither side is at work.
  void reset(const T& value) {
    slots_.fill(value);
    middle_.store(middle_.load(std::memory_order_relaxed) & kIndex, std::memory_order_relaxed);
  }

  /// The writer's slot. It holds what was published some time ago, not what was published last.
  T& back() noexcept { return slots_[back_]; }
  void publish() noexcept { back_ = middle_.exchange(back_ | kFresh, std::memory_order_acq_rel) & kIndex; }

  /// Takes the newest publication, if there was one since the last call.
  bool take() noexcept {
    if ((middle_.load(std::memory_order_relaxed) & kFresh) == 0) return false;
    front_ = middle_.exchange(front_, std::memory_order_acq_rel) & kIndex;
    return true;
  }
  const T& front() const noexcept { return slots_[front_]; }

 private:
  static constexpr std::uint32_t kIndex = 3;
  static constexpr std::uint32_t kFresh = 4;
  std::array<T, 3> slots_;
  alignas(64) std::uint32_t back_ = 0;
  alignas(64) std::atomic<std::uint32_t> middle_{1};
  alignas(64) std::uint32_t front_ = 2;
};

}  // namespace rig
