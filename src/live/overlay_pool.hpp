// SPDX-License-Identifier: Apache-2.0
// The live overlays: which parameter is under automation, whose, since when. Owned by the composer; the coordinator looks in
// through the atomic fields to tell who masks whom.
#pragma once

#include <atomic>
#include <cstdint>

#include "model/param.hpp"
#include "platform/memory.hpp"

namespace relume::core {

struct Overlay {
  enum class Phase : std::uint8_t {
    live,        // gliding to its target, or there and waiting to settle
    committing,  // settled; the coordinator was asked
    kept,        // stays: render-only
    releasing,   // no more automation: gliding back
  };
  // Written in the frame role, read by any.
  std::atomic<std::uint64_t> param;
  std::atomic<std::uint64_t> order;      // newest operator mutation that its source knew of
  std::atomic<std::uint64_t> owner;      // source number << 32 | priority << 8 | phase
  std::atomic<std::int64_t> changed_ns;  // time of its last change

  // Frame role only.
  const ParamDef* def;
  std::uint32_t slot;
  std::uint32_t source;
  std::uint32_t priority;
  std::uint32_t policy;
  std::uint32_t token;     // changes with each change, so that an answer to an older request is told apart
  std::uint32_t position;  // in the list of those that need attention, or kNowhere
  Phase phase;

  static constexpr std::uint32_t kNowhere = UINT32_MAX;
};

/// What another thread sees of an overlay.
struct OverlayGlimpse {
  bool there = false;
  bool automated = false;  // false while it only glides back
  std::uint32_t source = 0;
  std::uint32_t priority = 0;
  std::uint64_t order = 0;
  std::int64_t changed_ns = 0;
};

class OverlayPool {
 public:
  OverlayPool(std::uint32_t capacity, std::uint32_t slots)
      : overlays_(capacity), free_(capacity), attention_(capacity), at_(slots), free_count_(capacity) {
    for (std::uint32_t i = 0; i < capacity; ++i) free_[i] = capacity - 1 - i;
  }

  // --- frame role ---
  Overlay* at(std::uint32_t slot) noexcept {
    const std::uint32_t place = at_[slot].load(std::memory_order_relaxed);
    return place != 0 ? &overlays_[place - 1] : nullptr;
  }
  Overlay& operator[](std::uint32_t index) noexcept { return overlays_[index]; }
  std::uint32_t index_of(const Overlay& o) const noexcept { return static_cast<std::uint32_t>(&o - overlays_.data()); }
  /// To another place, which holds none.
  void move(Overlay& o, std::uint32_t slot) noexcept {
    at_[o.slot].store(0, std::memory_order_release);
    o.slot = slot;
  }
  bool full() const noexcept { return free_count_ == 0; }
  Overlay& take(std::uint32_t slot) noexcept {
    const std::uint32_t index = free_[--free_count_];
    overlays_[index].slot = slot;
    overlays_[index].position = Overlay::kNowhere;
    return overlays_[index];
  }
  /// Makes the overlay visible to other threads, or what has changed of it.
  void show(Overlay& o) noexcept {
    o.owner.store(
        std::uint64_t{o.source} << 32U | std::uint64_t{o.priority} << 8U | static_cast<std::uint64_t>(o.phase),
        std::memory_order_relaxed);
    at_[o.slot].store(index_of(o) + 1, std::memory_order_release);
  }
  void give(Overlay& o) noexcept {
    at_[o.slot].store(0, std::memory_order_release);
    rest(o);
    free_[free_count_++] = index_of(o);
  }
  /// The list of overlays that the composer looks at each frame.
  void attend(Overlay& o) noexcept {
    if (o.position != Overlay::kNowhere) return;
    o.position = attention_count_;
    attention_[attention_count_++] = index_of(o);
  }
  void rest(Overlay& o) noexcept {
    if (o.position == Overlay::kNowhere) return;
    const std::uint32_t last = attention_[--attention_count_];
    attention_[o.position] = last;
    overlays_[last].position = o.position;
    o.position = Overlay::kNowhere;
  }
  std::uint32_t attention_count() const noexcept { return attention_count_; }
  Overlay& attention(std::uint32_t i) noexcept { return overlays_[attention_[i]]; }

  // --- any ---
  OverlayGlimpse glimpse(std::uint32_t slot, std::uint64_t param) const noexcept {
    const std::uint32_t place = at_[slot].load(std::memory_order_acquire);
    if (place == 0) return {};
    const Overlay& o = overlays_[place - 1];
    OverlayGlimpse out;
    const std::uint64_t owner = o.owner.load(std::memory_order_relaxed);
    out.there = o.param.load(std::memory_order_relaxed) == param;
    out.automated = static_cast<Overlay::Phase>(owner & 0xffU) != Overlay::Phase::releasing;
    out.source = static_cast<std::uint32_t>(owner >> 32U);
    out.priority = static_cast<std::uint32_t>(owner >> 8U) & 0xffU;
    out.order = o.order.load(std::memory_order_relaxed);
    out.changed_ns = o.changed_ns.load(std::memory_order_relaxed);
    return out;
  }

 private:
  platform::FixedArray<Overlay> overlays_;
  platform::FixedArray<std::uint32_t> free_;
  platform::FixedArray<std::uint32_t> attention_;
  platform::FixedArray<std::atomic<std::uint32_t>> at_;  // by first slot: place in overlays_ + 1
  std::uint32_t free_count_;
  std::uint32_t attention_count_ = 0;
};

}  // namespace relume::core
