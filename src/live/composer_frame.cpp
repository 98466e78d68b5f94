// SPDX-License-Identifier: Apache-2.0
// The values of a frame. What is touched is composed by precedence, what glides is computed, and what rests is left as it is:
// a frame buffer that lay idle takes it over from the newest.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

#include "composer/block.hpp"
#include "live/composer.hpp"

namespace relume::core {
namespace {

constexpr std::uint32_t kAhead = 10;
constexpr std::size_t kGlideBytes = offsetof(AutomationBlock, smoothing_ms);

}  // namespace

void Composer::build_frame() noexcept RELUME_NONBLOCKING {
  const bool moving = list_.moving() != 0 || !dense_.empty();
  if (!changed_ && !moving && touched_.empty()) return;
  changed_ = false;

  const FrameBuffer& before = frames_.newest();
  FrameBuffer& buffer = frames_.free_buffer();
  buffer.frame.revision = root_ != nullptr ? root_->revision : 0;
  catch_up(buffer, before);
  buffer.frame.number = before.frame.number + 1;
  buffer.frame.time_ns = now_;
  touched_.for_each([&](std::uint32_t block) {
    const std::uint64_t lanes = touched_lanes_[block];
    refresh(block, buffer.slots + std::size_t{block} * kBlockSlots);
    if (black_box_ != nullptr) record_block(block, lanes, buffer);
    stamp(block, buffer.frame.number);
    if (held_targets_ != nullptr && (automation_[block].owners() != 0 || left_.has(block))) leaving_.add(block);
    touched_.remove(block);
  });
  auto* values = &buffer.slots->f;
  std::uint32_t gliding = list_.moving();
  list_.write(moment_, values, [this](std::uint32_t slot) {
    note_arrival(slot / kBlockSlots, std::uint64_t{1} << (slot % kBlockSlots));
  });
  dense_.for_each([&](std::uint32_t block) {
    // The next ones most likely: they come while this one is computed.
    if (block + kAhead < automation_.size()) platform::prefetch_read(&automation_[block + kAhead], kGlideBytes);
    gliding += static_cast<std::uint32_t>(std::popcount(automation_[block].moving()));
    move_dense(block, values + std::size_t{block} * kBlockSlots);
  });
  arrived_.for_each([&](std::uint32_t block) {
    gliding -= static_cast<std::uint32_t>(std::popcount(marked_lanes_[block]));
    stamp(block, buffer.frame.number);
    arrive(block);
    arrived_.remove(block);
  });
  buffer.frame.moving = gliding;
  show_stack(buffer);
  if (streamed_) platform::finish_streams();
  leave_targets(buffer);
  if (black_box_ != nullptr) record_frame(buffer);
  frames_.publish(buffer);
}

// A buffer that lay idle for some frames takes over the blocks that changed meanwhile. Gliding slots need no stamp: they are
// written into every frame until they rest.
void Composer::catch_up(FrameBuffer& buffer, const FrameBuffer& from) noexcept RELUME_NONBLOCKING {
  const std::uint64_t has = buffer.frame.number;
  for (std::size_t group = 0; group < group_stamp_.size(); ++group) {
    if (group_stamp_[group] <= has) continue;
    const std::size_t end = std::min<std::size_t>((group + 1) * 64, block_stamp_.size());
    for (std::size_t block = group * 64; block < end; ++block) {
      if (block_stamp_[block] <= has) continue;
      std::memcpy(buffer.slots + block * kBlockSlots, from.slots + block * kBlockSlots,
                  kBlockSlots * sizeof(relume_slot));
    }
  }
}

void Composer::stamp(std::uint32_t block, std::uint64_t frame) noexcept RELUME_NONBLOCKING {
  block_stamp_[block] = frame;
  group_stamp_[block / 64] = frame;
}

// The touched lanes of a block by precedence, but those that glide.
void Composer::refresh(std::uint32_t block, relume_slot* out) noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[block];
  const SavedBlock& below = saved(block);
  const std::uint64_t lanes = touched_lanes_[block] & ~b.moving();
  const std::uint64_t held = b.held();
  const std::uint64_t committed = below.committed_present;
  for (std::uint32_t lane = 0; lane < kBlockSlots; ++lane) {
    const std::uint32_t tiers = (committed >> lane & 1U) != 0 ? below.committed[lane] : below.persisted[lane];
    const std::uint32_t value = (held >> lane & 1U) != 0 ? b.target[lane] : tiers;
    out[lane].u = (lanes >> lane & 1U) != 0 ? value : out[lane].u;
  }
  for (std::uint64_t triggers = lanes & b.triggers; triggers != 0; triggers &= triggers - 1) {
    const auto lane = static_cast<std::uint32_t>(std::countr_zero(triggers));
    const std::uint32_t fired = (held >> lane & 1U) != 0 ? b.target[lane] : resting(below, b, lane);
    out[lane].u = below.persisted[lane] + fired;  // what operators fired, and what sources did
  }
  touched_lanes_[block] = 0;
  list_moving(block);
}

// Where the gliding slots of a block are computed: side by side with those of others, or as a block.
void Composer::list_moving(std::uint32_t block) noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[block];
  if (list_.has(block)) list_.remove_block(block);
  const std::uint64_t moving = b.moving();
  if (moving == 0) {
    dense_.remove(block);
    return;
  }
  if (!list_.fits(static_cast<std::uint32_t>(std::popcount(moving)))) {
    dense_.add(block);
    return;
  }
  dense_.remove(block);
  list_.begin_block(block);
  const LayerExtent* extent = nullptr;
  for (std::uint64_t lanes = moving; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
    const std::uint32_t slot = block * kBlockSlots + lane;
    if (extent == nullptr || slot >= extent->end_slot) extent = root_->stack->extent_at(slot);
    const std::uint32_t inner = slot - extent->first_slot;
    list_.add(block, {slot, std::bit_cast<float>(b.target[lane]), b.from[lane], b.start[lane],
                      rate_of(b, lane, extent->type->glide_rates()[inner]), extent->type->arrivals()[inner]});
  }
}

// Of a block that lies in one layer they are as its type has them.
Composer::Curves Composer::curves_of(std::uint32_t block,
                                     std::array<float, 2 * kBlockSlots>& room) noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[block];
  const std::uint32_t begin = block * kBlockSlots;
  const std::uint32_t end = begin + kBlockSlots;
  const LayerExtent* extent = last_extent_;
  if (extent == nullptr || begin < extent->first_slot || begin >= extent->end_slot) {
    extent = root_->stack->extent_at(begin);
    last_extent_ = extent;
  }
  if (extent != nullptr && end <= extent->end_slot && b.timed == 0) {
    return {extent->type->glide_rates() + (begin - extent->first_slot),
            extent->type->arrivals() + (begin - extent->first_slot)};
  }
  for (std::uint32_t lane = 0; lane < kBlockSlots; ++lane) {
    const std::uint32_t slot = begin + lane;
    if (extent == nullptr || slot >= extent->end_slot) extent = root_->stack->extent_at(slot);
    const bool there = extent != nullptr;
    const float defined = there ? extent->type->glide_rates()[slot - extent->first_slot] : 0;
    room[lane] = rate_of(b, lane, defined);
    room[kBlockSlots + lane] = there ? extent->type->arrivals()[slot - extent->first_slot] : 0;
  }
  return {room.data(), room.data() + kBlockSlots};
}

void Composer::move_dense(std::uint32_t block, float* out) noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[block];
  std::array<float, 2 * kBlockSlots> room;
  const Curves curves = curves_of(block, room);
  const float* to = reinterpret_cast<const float*>(b.target.data());
  const composer::Glides glides{to, b.from.data(), b.start.data(), curves.rate, curves.near};
  const std::uint64_t moving = b.moving();
  const bool all = moving == ~std::uint64_t{0};
  alignas(64) std::array<float, kBlockSlots> some;
  float* values = all && !streamed_ ? out : some.data();
  // Which lanes have arrived is asked for when one has.
  std::uint64_t arrived = 0;
  if (!all || composer::values_at(glides, kBlockSlots, moment_, values)) {
    arrived = composer::glide_block(glides, moving, moment_, values);
  }
  if (all && streamed_) {
    platform::stream(out, values, sizeof some);
  } else if (!all) {
    for (std::uint64_t lanes = moving; lanes != 0; lanes &= lanes - 1) {
      const auto lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
      out[lane] = values[lane];
    }
  }
  if (arrived != 0) note_arrival(block, arrived);
}

void Composer::note_arrival(std::uint32_t block, std::uint64_t lanes) noexcept RELUME_NONBLOCKING {
  if (marked_lanes_[block] == 0) arrived_.add(block);
  marked_lanes_[block] |= lanes;
}

void Composer::arrive(std::uint32_t block) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[block];
  const std::uint64_t lanes = std::exchange(marked_lanes_[block], 0);
  {
    const AutomationBlock::Writing writing(b);
    AutomationBlock::clear(b.gliding, lanes);
  }
  list_moving(block);
  for (std::uint64_t owners = b.owners(); owners != 0; owners &= owners - 1) {
    const Spot spot{block, static_cast<std::uint32_t>(std::countr_zero(owners))};
    const std::uint64_t mask = AutomationBlock::mask(spot.first, b.state(spot.first).lane_count());
    if ((mask & lanes) == 0 || (mask & b.moving()) != 0) continue;
    if ((b.held() & spot.bit()) != 0) {
      rest(spot, moment_.tick);
    } else {
      forget(spot);
    }
  }
}

// --- the black box ---

void Composer::record_block(std::uint32_t block, std::uint64_t lanes,
                            const FrameBuffer& buffer) noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[block];
  const std::uint64_t moving = b.moving();
  const relume_slot* const shown = buffer.slots + std::size_t{block} * kBlockSlots;
  const LayerExtent* extent = nullptr;
  black_box_->block(block, lanes, moving, [&](std::uint32_t lane) -> RecordedLane {
    if ((moving >> lane & 1U) == 0) return {shown[lane].u, 0, 0, 0, 0};
    const std::uint32_t slot = block * kBlockSlots + lane;
    if (extent == nullptr || slot >= extent->end_slot) extent = root_->stack->extent_at(slot);
    const std::uint32_t inner = slot - extent->first_slot;
    return {b.target[lane], b.from[lane], b.start[lane], rate_of(b, lane, extent->type->glide_rates()[inner]),
            extent->type->arrivals()[inner]};
  });
}

// A few whole blocks with each frame, in turn, and what the frame came to.
void Composer::record_frame(const FrameBuffer& buffer) noexcept RELUME_NONBLOCKING {
  for (std::uint32_t i = 0; i < black_box_->whole_blocks(); ++i) {
    record_block(black_box_->next_whole(), ~std::uint64_t{0}, buffer);
  }
  black_box_->frame(buffer.frame);
}

void Composer::show_stack(FrameBuffer& buffer) noexcept RELUME_NONBLOCKING {
  if (root_ == nullptr || buffer.structure == root_->stack->created) return;
  const StackView& view = *root_->stack;
  buffer.structure = view.created;
  if (black_box_ != nullptr) black_box_->stack(view);
  std::copy(view.layers.begin(), view.layers.end(), buffer.layers);
  std::copy(view.table.begin(), view.table.end(), buffer.table);
  buffer.table_size = static_cast<std::uint32_t>(view.table.size());
  buffer.frame.layer_count = static_cast<std::uint32_t>(view.layers.size());
  buffer.frame.structure = view.revision;
}

}  // namespace relume::core
