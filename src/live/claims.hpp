// SPDX-License-Identifier: Apache-2.0
// Several sources on one parameter: each keeps its claim. The one that wins lies in the automation block; those that lose wait
// here until the winner is released, is lost, or has settled. Frame role.
#pragma once

#include <cstdint>

#include "live/automation.hpp"
#include "platform/memory.hpp"

namespace relume::core {

struct Claim {
  const ParamDef* def = nullptr;
  std::uint64_t order = 0;  // newest operator mutation that its source knew of
  Lanes lanes{};
  std::uint32_t slot = 0;
  std::uint32_t tick = 0;  // of its last change
  std::uint16_t smoothing_ms = 0;
  std::uint8_t place = 0;
  ClaimState state;
  // It is the winner's, and here for its tick alone: the glide began later, since the claim waited before or its definition changed.
  bool shown = false;
};

class Claims {
 public:
  explicit Claims(std::uint32_t capacity);

  /// Keeps a claim, in place of an older one of the same source. False: there is no room.
  bool put(const Claim& claim) noexcept RELUME_NONBLOCKING;
  const Claim* find(std::uint32_t slot, std::uint8_t place) const noexcept RELUME_NONBLOCKING;
  /// True when others are left.
  bool remove(std::uint32_t slot, std::uint8_t place) noexcept {
    return remove_if(slot, [place](const Claim& claim) { return claim.place == place; });
  }
  /// Removes those of a slot for which f(claim) says so; true when others are left.
  template <class F>
  bool remove_if(std::uint32_t slot, F&& f) noexcept;
  template <class F>
  void for_each(std::uint32_t slot, F&& f) const noexcept {
    for (std::uint32_t at = bucket(slot); at != 0; at = entries_[at - 1].next) {
      if (entries_[at - 1].claim.slot == slot) f(entries_[at - 1].claim);
    }
  }
  /// Removes those for which f(claim) says so, whatever the slot; calls none_left(slot) where it was the last.
  template <class F, class G>
  void remove_all(F&& f, G&& none_left) noexcept;
  /// Looks at `count` entries, in turn: none may be older than `oldest`, or it would look young when ticks come round.
  void renew(std::uint32_t now, std::uint32_t oldest, std::uint32_t count) noexcept RELUME_NONBLOCKING;
  /// tick = f(tick) for all.
  template <class F>
  void for_each_tick(F&& f) noexcept {
    for (std::uint32_t i = 0; i < touched_; ++i) entries_[i].claim.tick = f(entries_[i].claim.tick);
  }

 private:
  struct Entry {
    Claim claim;
    std::uint32_t next;  // + 1; 0 at the end
    bool used;
  };
  std::size_t hash(std::uint32_t slot) const noexcept {
    return (slot * 0x9e3779b97f4a7c15ULL >> 32U) & (buckets_.size() - 1);
  }
  std::uint32_t bucket(std::uint32_t slot) const noexcept { return buckets_[hash(slot)]; }

  platform::FixedArray<Entry> entries_;
  platform::FixedArray<std::uint32_t> buckets_;  // first entry + 1
  std::uint32_t free_ = 0;                       // list of entries that were used before, + 1
  std::uint32_t touched_ = 0;                    // entries that ever were
  std::uint32_t renew_next_ = 0;
};

template <class F>
bool Claims::remove_if(std::uint32_t slot, F&& f) noexcept {
  bool others = false;
  for (std::uint32_t* link = &buckets_[hash(slot)]; *link != 0;) {
    Entry& entry = entries_[*link - 1];
    if (entry.claim.slot != slot || !f(entry.claim)) {
      others |= entry.claim.slot == slot;
      link = &entry.next;
      continue;
    }
    const std::uint32_t freed = *link;
    *link = entry.next;
    entry.used = false;
    entry.next = free_;
    free_ = freed;
  }
  return others;
}

template <class F, class G>
void Claims::remove_all(F&& f, G&& none_left) noexcept {
  for (std::uint32_t i = 0; i < touched_; ++i) {
    if (!entries_[i].used || !f(entries_[i].claim)) continue;
    const std::uint32_t slot = entries_[i].claim.slot;
    if (!remove_if(slot, f)) none_left(slot);
  }
}

}  // namespace relume::core
