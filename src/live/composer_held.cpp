// SPDX-License-Identifier: Apache-2.0
// Automation that outlives the process: what is left behind with each frame, and what a death left behind.
#include <bit>

#include "live/composer.hpp"

namespace relume::core {

// --- what is left behind ---

// In what this frame puts there is what it shows, so that it is called when the values are known.
void Composer::leave_targets(const FrameBuffer& buffer) noexcept RELUME_NONBLOCKING {
  if (held_targets_ == nullptr) return;
  leaving_.for_each([&](std::uint32_t block) {
    put_targets(block, buffer.slots + std::size_t{block} * kBlockSlots);
    leaving_.remove(block);
  });
  held_targets_->composed(now_);
}

void Composer::put_targets(std::uint32_t block, const relume_slot* shown) noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[block];
  HeldBlock held;
  held.layout = root_->stack->held_layout[block];
  held.order = root_->order;
  held.time = now_;
  held.overlay = b.held();
  held.gliding = b.moving();
  held.target = b.target;
  held.smoothing_ms = b.smoothing_ms;
  for (std::uint32_t lane = 0; lane < kBlockSlots; ++lane) held.shown[lane] = shown[lane].u;
  for (std::uint64_t owners = b.owners(); owners != 0; owners &= owners - 1) {
    const auto first = static_cast<std::uint32_t>(std::countr_zero(owners));
    const ClaimState state = b.state(first);
    held.policy[first] = state.policy;
    if (priority_of(b.source_place(first), state) > RELUME_PRIORITY_DEFAULT) held.strong |= std::uint64_t{1} << first;
  }
  if (b.owners() != 0) {
    left_.add(block);
  } else {
    left_.remove(block);
  }
  held_targets_->put(block, held);
}

// --- what was left behind ---

void Composer::hold(std::uint32_t block, const HeldBlock& held) {
  if (root_ == nullptr) take_root();
  resume_ = Resume::first_frame;
  places_[kRecoveredPlace].store(std::uint64_t{RELUME_SOURCE_RECOVERED} << 32U, std::memory_order_relaxed);
  moment_ = composer::Moment::of(held.time);
  for (std::uint64_t lanes = held.overlay | held.gliding; lanes != 0;) {
    const Spot spot{block, static_cast<std::uint32_t>(std::countr_zero(lanes))};
    const ParamDef& def = def_at(spot.slot());
    lanes &= ~AutomationBlock::mask(spot.first, def.lanes);
    hold_param(spot, def, held);
  }
}

void Composer::hold_param(const Spot& spot, const ParamDef& def, const HeldBlock& held) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  const SavedBlock& below = saved(spot.block);
  const std::uint64_t mask = AutomationBlock::mask(spot.first, def.lanes);
  const bool automated = (held.overlay & spot.bit()) != 0;
  const std::uint16_t smoothing_ms = held.smoothing_ms[spot.first];
  bool gliding = false;
  {
    const AutomationBlock::Writing writing(b);
    if (smoothing_ms != 0) b.timed |= mask;
    for (std::uint32_t lane = spot.first; lane < spot.first + def.lanes; ++lane) {
      AutomationBlock::put(b.smoothing_ms[lane], smoothing_ms);
      const std::uint32_t target = automated ? held.target[lane] : resting(below, b, lane);
      const std::uint32_t value = (held.gliding & mask) != 0 ? held.shown[lane] : target;
      gliding |= aim(b, lane, value, target, rate_of(b, lane, def.glide_rate), moment_);
    }
    if (automated) AutomationBlock::raise(b.overlay, mask);
    AutomationBlock::raise(b.owned, spot.bit());
    b.place[spot.first].store(kRecoveredPlace, std::memory_order_relaxed);
    ClaimState state;
    state.phase = automated ? ClaimState::live : ClaimState::releasing;
    state.policy = held.policy[spot.first] & 3U;
    state.lanes = (def.lanes - 1) & 3U;
    if ((b.triggers & spot.bit()) != 0) state.ending = 1;
    b.set_state(spot.first, state);
  }
  owned_.add(spot.block);
  touch(spot.block, mask);
  if (gliding) return;
  if (automated) {
    rest(spot, moment_.tick);
  } else {
    forget(spot);
  }
}

// The host's first frame after those that hold() prepared. Its clock may have begun anew: then the glides begin there, as they
// stood.
void Composer::go_on(std::int64_t now) noexcept RELUME_NONBLOCKING {
  if (resume_ == Resume::first_frame) {
    resume_ = Resume::host;
    return;
  }
  if (resume_ != Resume::host) return;
  resume_ = Resume::no;
  recovered_until_ = now < kNever - config_.held_ns ? now + config_.held_ns : kNever;
  if (now >= now_) return;
  const composer::Moment last = composer::Moment::of(now_);
  const composer::Moment at = composer::Moment::of(now);
  owned_.for_each([&](std::uint32_t block) {
    AutomationBlock& b = automation_[block];
    for (std::uint64_t owners = b.owners(); owners != 0; owners &= owners - 1) {
      const auto first = static_cast<std::uint32_t>(std::countr_zero(owners));
      const ParamDef& def = def_at(block * kBlockSlots + first);
      const AutomationBlock::Writing writing(b);
      for (std::uint32_t lane = first; lane < first + def.lanes; ++lane) {
        const std::uint32_t value = shown(block, lane, def, last);
        if ((b.moving() >> lane & 1U) != 0) {
          aim(b, lane, value, b.target[lane], rate_of(b, lane, def.glide_rate), at);
        } else {
          AutomationBlock::put(b.start[lane], at.tick);
        }
        touch(block, std::uint64_t{1} << lane);
      }
    }
  });
  next_due_ = at.tick;
  settling_.for_each([&](std::uint32_t block) { due_[block] = at.tick; });
  last_time_.store(now, std::memory_order_relaxed);
  now_ = now;
}

// Nobody has taken it up.
void Composer::release_recovered() noexcept RELUME_NONBLOCKING {
  if (now_ < recovered_until_) return;
  recovered_until_ = kNever;
  Places recovered{};
  recovered[kRecoveredPlace / 64] = std::uint64_t{1} << (kRecoveredPlace % 64);
  release_places(recovered);
}

}  // namespace relume::core
