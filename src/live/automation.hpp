// SPDX-License-Identifier: Apache-2.0
// Automation of 64 slots: which lanes it holds, where they go, since when and by whose claim. Written in the frame role. The
// coordinator looks in to tell who masks whom and what is shown: what it reads is atomic, and a count tells it of a write that
// came in between.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "composer/glide.hpp"
#include "live/page_tree.hpp"
#include "model/param.hpp"
#include "platform/memory_order.hpp"

namespace relume::core {

/// How the claim on a parameter stands, in one byte.
struct ClaimState {
  enum Phase : std::uint8_t {
    live = 0,        // gliding to its target, or there and waiting to settle
    committing = 1,  // settled; the coordinator was asked
    kept = 2,        // stays: render-only, or its commit was rejected
    releasing = 3,   // no claim any more: gliding back
  };
  std::uint8_t phase : 2 = live;
  std::uint8_t policy : 2 = 0;   // relume_commit_policy
  std::uint8_t gesture : 1 = 0;  // of RELUME_PRIORITY_GESTURE
  std::uint8_t ending : 1 = 0;   // to be committed without waiting for the settle time
  std::uint8_t lanes : 2 = 0;    // less one

  std::uint32_t lane_count() const noexcept { return lanes + 1U; }
};
static_assert(sizeof(ClaimState) == 1);

/// Automation of one parameter, as read by another thread.
struct AutomationGlimpse {
  bool there = false;
  bool automated = false;  // false while it only glides back
  std::uint8_t place = 0;  // of its source
  ClaimState state;
  std::uint32_t start[4] = {};  // tick of its last change, by lane
  std::uint32_t gliding = 0;    // bit per lane of the parameter
  std::uint16_t smoothing_ms = 0;
  Lanes target{};
  std::array<float, 4> from{};
};

struct alignas(64) AutomationBlock {
  // First lane of each parameter that automation holds, also of one that glides back.
  std::atomic<std::uint64_t> owned;
  // Lanes with a claim: the target is their value, or where it is going. Lanes that glide without one glide to what lies below.
  std::atomic<std::uint64_t> overlay;
  std::atomic<std::uint64_t> gliding;  // lanes that have not arrived
  std::uint64_t contended;             // first lanes where other sources have claims too
  std::uint64_t unsettled;             // first lanes that have arrived and wait for their settle time
  std::uint64_t timed;                 // lanes with a smoothing_ms of their own
  std::uint64_t triggers;              // lanes that count pulses
  std::atomic<std::uint32_t> writes;   // odd while a parameter is being written
  std::array<std::uint32_t, kBlockSlots> target;
  std::array<float, kBlockSlots> from;
  std::array<std::uint32_t, kBlockSlots> start;  // of the glide; since when the value stands
  std::array<std::uint16_t, kBlockSlots> smoothing_ms;
  std::array<std::atomic<std::uint8_t>, kBlockSlots> place;      // by first lane
  std::array<std::atomic<ClaimState>, kBlockSlots> claim_state;  // by first lane

  // --- frame role ---
  std::uint64_t held() const noexcept { return overlay.load(std::memory_order_relaxed); }
  std::uint64_t moving() const noexcept { return gliding.load(std::memory_order_relaxed); }
  std::uint64_t owners() const noexcept { return owned.load(std::memory_order_relaxed); }
  ClaimState state(std::uint32_t first) const noexcept { return claim_state[first].load(std::memory_order_relaxed); }
  void set_state(std::uint32_t first, ClaimState state) noexcept {
    claim_state[first].store(state, std::memory_order_relaxed);
  }
  std::uint8_t source_place(std::uint32_t first) const noexcept { return place[first].load(std::memory_order_relaxed); }
  static std::uint64_t mask(std::uint32_t first, std::uint32_t lanes) noexcept {
    return ((std::uint64_t{1} << lanes) - 1) << first;
  }
  static void raise(std::atomic<std::uint64_t>& bits, std::uint64_t which) noexcept {
    bits.store(bits.load(std::memory_order_relaxed) | which, std::memory_order_relaxed);
  }
  static void clear(std::atomic<std::uint64_t>& bits, std::uint64_t which) noexcept {
    bits.store(bits.load(std::memory_order_relaxed) & ~which, std::memory_order_relaxed);
  }
  template <class T>
  static void put(T& place, T value) noexcept {
    std::atomic_ref<T>(place).store(value, std::memory_order_relaxed);
  }

  /// While one lives, the block is being written.
  class Writing {
   public:
    explicit Writing(AutomationBlock& block) noexcept : block_(block) {
      const std::uint32_t count = block.writes.load(std::memory_order_relaxed);
      block.writes.store(count + 1, std::memory_order_relaxed);
      order::fence(std::memory_order_release);
    }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;
    ~Writing() { block_.writes.store(block_.writes.load(std::memory_order_relaxed) + 1, order::kMarksWritten); }

   private:
    AutomationBlock& block_;
  };

  // --- any ---
  AutomationGlimpse glimpse(std::uint32_t first) const noexcept;
};

}  // namespace relume::core
