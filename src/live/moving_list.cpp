// SPDX-License-Identifier: Apache-2.0
#include "live/moving_list.hpp"

#include "live/page_tree.hpp"

namespace relume::core {

MovingList::MovingList(std::uint32_t capacity, std::uint32_t blocks, std::uint32_t idle_slot)
    : idle_slot_(idle_slot),
      slot_(capacity),
      to_(capacity),
      from_(capacity),
      start_(capacity),
      rate_(capacity),
      near_(capacity),
      at_(blocks),
      count_(blocks) {}

bool MovingList::fits(std::uint32_t count) noexcept RELUME_NONBLOCKING {
  if (count > kMostOfBlock) return false;
  // Squeezing costs what is in the list: it has to be worth it.
  if (idle_ > size_ / 4 + 64 || (size_ + count > slot_.size() && idle_ > size_ / 8)) squeeze();
  return size_ + count <= slot_.size();
}

void MovingList::add(std::uint32_t block, const Entry& entry) noexcept RELUME_NONBLOCKING {
  slot_[size_] = entry.slot;
  to_[size_] = entry.to;
  from_[size_] = entry.from;
  start_[size_] = entry.start;
  rate_[size_] = entry.rate;
  near_[size_] = entry.near;
  ++size_;
  ++count_[block];
}

// Its entries stay where they are and write, without ever arriving, where nobody reads.
void MovingList::remove_block(std::uint32_t block) noexcept RELUME_NONBLOCKING {
  for (std::uint32_t i = at_[block]; i < at_[block] + count_[block]; ++i) {
    slot_[i] = idle_slot_;
    to_[i] = 0;
    from_[i] = 1;
    rate_[i] = 0;
    near_[i] = 0;
  }
  idle_ += count_[block];
  count_[block] = 0;
}

void MovingList::squeeze() noexcept RELUME_NONBLOCKING {
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < size_; ++i) {
    if (slot_[i] == idle_slot_) continue;
    const std::uint32_t block = slot_[i] / kBlockSlots;
    if (at_[block] == i) at_[block] = kept;
    slot_[kept] = slot_[i];
    to_[kept] = to_[i];
    from_[kept] = from_[i];
    start_[kept] = start_[i];
    rate_[kept] = rate_[i];
    near_[kept] = near_[i];
    ++kept;
  }
  size_ = kept;
  idle_ = 0;
}

}  // namespace relume::core
