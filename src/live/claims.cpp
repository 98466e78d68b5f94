// SPDX-License-Identifier: Apache-2.0
#include "live/claims.hpp"

#include <bit>

namespace relume::core {

Claims::Claims(std::uint32_t capacity) : entries_(capacity), buckets_(std::bit_ceil(std::size_t{2} * capacity)) {}

bool Claims::put(const Claim& claim) noexcept RELUME_NONBLOCKING {
  std::uint32_t& head = buckets_[hash(claim.slot)];
  for (std::uint32_t at = head; at != 0; at = entries_[at - 1].next) {
    Claim& there = entries_[at - 1].claim;
    if (there.slot != claim.slot || there.place != claim.place) continue;
    there = claim;
    return true;
  }
  std::uint32_t place = free_;
  if (place != 0) {
    free_ = entries_[place - 1].next;
  } else if (touched_ < entries_.size()) {
    place = ++touched_;
  } else {
    return false;
  }
  entries_[place - 1] = {claim, head, true};
  head = place;
  return true;
}

const Claim* Claims::find(std::uint32_t slot, std::uint8_t place) const noexcept RELUME_NONBLOCKING {
  const Claim* found = nullptr;
  for_each(slot, [&](const Claim& claim) {
    if (claim.place == place) found = &claim;
  });
  return found;
}

void Claims::renew(std::uint32_t now, std::uint32_t oldest, std::uint32_t count) noexcept RELUME_NONBLOCKING {
  for (count = count < touched_ ? count : touched_; count > 0; --count) {
    renew_next_ = renew_next_ + 1 < touched_ ? renew_next_ + 1 : 0;
    std::uint32_t& tick = entries_[renew_next_].claim.tick;
    if (now - tick > oldest) tick = now - oldest;
  }
}

}  // namespace relume::core
