// SPDX-License-Identifier: Apache-2.0
// What mutators left: other tiers below, another stack, automation that an operator ended or that goes on elsewhere.
#include <algorithm>
#include <bit>

#include "live/composer.hpp"
#include "model/handle.hpp"

namespace relume::core {
namespace {

// Calls f(block, lane) for the triggers of a stack.
template <class F>
void for_each_trigger(const StackView& view, F f) {
  for (const LayerExtent& extent : view.extents) {
    for (const std::uint32_t inner : extent.type->triggers()) {
      const std::uint32_t slot = extent.first_slot + inner;
      f(slot / kBlockSlots, slot % kBlockSlots);
    }
  }
}

}  // namespace

void Composer::take_root() noexcept RELUME_NONBLOCKING {
  const Root* newer = tree_.take();
  if (newer == nullptr) return;
  const Root* before = root_;
  root_ = newer;
  last_extent_ = nullptr;
  known_order_ = before != nullptr ? before->order : 0;
  if (before == nullptr || before->stack != newer->stack) {
    const StackView* stack = before != nullptr ? before->stack : nullptr;
    if (newer->stack->has_triggers || (stack != nullptr && stack->has_triggers)) tag_triggers(stack, *newer->stack);
  }
  if (before != nullptr && before->stack != newer->stack) {
    take_carries(newer->stack->carries, *before);
    end_of_layers(*before->stack, *newer->stack);
  }
  tree_.compare(before, *newer, [this](std::uint32_t block, const Page& page) { take_page(block, page); });
  if (before != nullptr && before->stack != newer->stack) judge_carried(newer->stack->carries, before->version);
  changed_ = changed_ || before == nullptr || newer->revision != before->revision || newer->stack != before->stack;
  seen_stack_.store(newer->stack, std::memory_order_release);  // before the older one may go
  tree_.hold(*newer);
}

void Composer::tag_triggers(const StackView* before, const StackView& after) noexcept RELUME_NONBLOCKING {
  if (before != nullptr)
    for_each_trigger(*before, [this](std::uint32_t block, std::uint32_t) { automation_[block].triggers = 0; });
  for_each_trigger(after, [this](std::uint32_t block, std::uint32_t lane) {
    automation_[block].triggers |= std::uint64_t{1} << lane;
  });
}

// What layers that are gone had ends here, whoever has their slots now: what an operator did to those says nothing of it.
void Composer::end_of_layers(const StackView& before, const StackView& after) noexcept RELUME_NONBLOCKING {
  for (const LayerExtent& extent : before.extents) {
    const std::uint32_t generation = before.table[extent.index].generation;
    if (extent.index < after.table.size() && after.table[extent.index].generation == generation) continue;
    for (std::uint32_t slot = extent.first_slot; slot < extent.end_slot;) {
      const std::uint32_t block = slot / kBlockSlots;
      const std::uint32_t stop = std::min(extent.end_slot, (block + 1) * kBlockSlots);
      const std::uint64_t lanes = (~std::uint64_t{0} >> (kBlockSlots - (stop - slot))) << (slot % kBlockSlots);
      std::uint64_t owners = automation_[block].owners() & lanes & ~marked_lanes_[block];
      for (; owners != 0; owners &= owners - 1) end({block, static_cast<std::uint32_t>(std::countr_zero(owners))});
      slot = stop;
    }
  }
}

void Composer::take_page(std::uint32_t block, const Page& page) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[block];
  for (std::uint64_t owners = b.owners(); owners != 0; owners &= owners - 1) {
    const Spot spot{block, static_cast<std::uint32_t>(std::countr_zero(owners))};
    if ((marked_lanes_[block] & spot.bit()) != 0) continue;  // that it came here is what the page says
    const Taken taken = page.taken(spot.first);
    if (taken.order > known_order_) take_from(spot, taken, known_order_);
    const bool releasing = (b.owners() & ~b.held() & spot.bit()) != 0;
    if (releasing) aim_back(spot);
  }
  touch(block, ~std::uint64_t{0});
}

// An operator's mutation ends the claims that it outranks. What shows has outlived those up to `known`.
void Composer::take_from(const Spot& spot, const Taken& taken, std::uint64_t known) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  if ((b.triggers & spot.bit()) != 0) {
    if (taken.is_layer()) end(spot);  // its layer is gone: pulses are lost by nothing else
    return;
  }
  if ((b.contended & spot.bit()) != 0) {
    const bool left = claims_.remove_if(spot.slot(), [&](const Claim& claim) {
      return !claim.shown && taken.outranks(claim.order, priority_of(claim.place, claim.state));
    });
    if (!left) b.contended &= ~spot.bit();
  }
  const bool releasing = (b.held() & spot.bit()) == 0;
  const std::uint32_t priority = releasing ? 0 : priority_of(b.source_place(spot.first), b.state(spot.first));
  if (!taken.outranks(known, priority)) return;
  if (taken.glides()) {
    if (!releasing) release(spot, moment_);
  } else if (releasing || !install_best(spot, moment_)) {
    end(spot);
  }
}

// What it glides back to may be another now.
void Composer::aim_back(const Spot& spot) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  const SavedBlock& below = saved(spot.block);
  const std::uint32_t lanes = b.state(spot.first).lane_count();
  bool elsewhere = false;
  for (std::uint32_t lane = spot.first; lane < spot.first + lanes; ++lane) {
    elsewhere |= b.target[lane] != resting(below, b, lane);
  }
  if (elsewhere) glide_back(spot, moment_);
}

void Composer::take_carries(const std::vector<Carry>& carries, const Root& before) noexcept RELUME_NONBLOCKING {
  std::size_t last = 0;
  for (std::size_t i = 0; i < carries.size(); ++i) {
    if (carries[i].version <= before.version) continue;
    const Spot from = spot_of(carries[i].from_slot);
    if ((automation_[from.block].owners() & from.bit()) == 0) {
      if (carries[i].to_slot != carries[i].from_slot) clear_spot(spot_of(carries[i].to_slot), carries[i].def->lanes);
      continue;
    }
    std::uint64_t known = known_order_;
    if (continues(carries, i, before, last, known)) carry(carries[i], known);
  }
}

// Whether what automation has in the old place is that parameter's: from the frame before, or carried there just now, by the
// mutation that `known` gets then. `last` is where that was found for the parameter before: as a rule the next is not far.
bool Composer::continues(const std::vector<Carry>& carries, std::size_t at, const Root& before, std::size_t& last,
                         std::uint64_t& known) const noexcept RELUME_NONBLOCKING {
  const std::uint64_t param = carries[at].from_param;
  const std::uint32_t index = layer_index(relume_param{param});
  const std::vector<FrameEntry>& table = before.stack->table;
  if (index < table.size() && table[index].generation == generation_of(param)) return true;
  for (std::size_t n = 0; n < at; ++n) {
    last = last + 1 < at ? last + 1 : 0;
    const Carry& made = carries[last];  // the one that the handle came from: those in place keep it
    if (made.to_param != param || made.from_param == param || made.version <= before.version) continue;
    known = made.order;
    return true;
  }
  return false;
}

// A parameter got another definition and perhaps another place. Its automation goes on there, without a jump unless the new
// range or the lack of a glide asks for one.
void Composer::carry(const Carry& to, std::uint64_t known) noexcept RELUME_NONBLOCKING {
  const Spot from = spot_of(to.from_slot);
  const Spot spot = spot_of(to.to_slot);
  const AutomationBlock& old = automation_[from.block];
  const bool moved = to.to_slot != to.from_slot;
  const bool held = (old.held() & from.bit()) != 0;
  if (moved) move_lanes(from, spot, to.def->lanes);
  fit_lanes(spot, to);
  AutomationBlock& b = automation_[spot.block];
  ClaimState state = b.state(spot.first);
  if (to.old->commit_policy != to.def->commit_policy && to.def->commit_policy != 0) {
    state.policy = static_cast<std::uint8_t>(to.def->commit_policy & 3U);
    if (state.phase == ClaimState::kept) state.phase = ClaimState::live;
  }
  // What was asked for, was asked for under the old type.
  if (state.phase == ClaimState::committing) state.phase = ClaimState::live;
  b.set_state(spot.first, state);
  if (!held && (b.moving() & AutomationBlock::mask(spot.first, to.def->lanes)) == 0) {
    forget(spot);  // the new range has ended its way back
    touch(spot.block, AutomationBlock::mask(spot.first, to.def->lanes));
    return;
  }
  if (held && state.phase == ClaimState::live && (b.moving() & AutomationBlock::mask(spot.first, to.def->lanes)) == 0) {
    rest(spot, moment_.tick);
  }
  touch(spot.block, AutomationBlock::mask(spot.first, to.def->lanes));
  const Taken taken{to.taken_order, to.taken_flags, to.taken_forced};
  // Pulses end with their layer alone.
  if (moved && to.def->type != RELUME_TRIGGER && taken.order > known) take_carried(spot, taken, known);
}

// What an operator took in the old place is not in the new one's page. What is to glide back does so from where it comes to stay.
void Composer::take_carried(const Spot& spot, const Taken& taken, std::uint64_t known) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  const bool held = (b.held() & spot.bit()) != 0;
  ClaimState state = b.state(spot.first);
  if (!taken.outranks(known, held ? priority_of(b.source_place(spot.first), state) : 0)) return;
  if (!taken.glides()) {
    end(spot);
  } else if (held) {
    state.phase = ClaimState::releasing;
    b.set_state(spot.first, state);
  }
}

// What came to another place, and was taken from automation before or after that. The last that came to a place counts.
void Composer::judge_carried(const std::vector<Carry>& carries, std::uint64_t since) noexcept RELUME_NONBLOCKING {
  for (std::size_t i = carries.size(); i-- > 0 && carries[i].version > since;) {
    if (carries[i].to_slot == carries[i].from_slot) continue;  // nothing came by it
    const Spot spot = spot_of(carries[i].to_slot);
    if ((marked_lanes_[spot.block] & spot.bit()) == 0) continue;
    marked_lanes_[spot.block] &= ~spot.bit();
    AutomationBlock& b = automation_[spot.block];
    if ((b.owners() & spot.bit()) == 0) continue;
    if (!in_stack(carries[i].to_param)) {
      end(spot);  // and then its layer went
      continue;
    }
    const bool held = (b.held() & spot.bit()) != 0;
    if (held && b.state(spot.first).phase == ClaimState::releasing) release(spot, moment_);
    const Taken taken = tree_.page(*root_, spot.block)->taken(spot.first);
    if ((b.owners() & spot.bit()) != 0 && taken.order > carries[i].order) take_from(spot, taken, carries[i].order);
  }
}

// Target and glide under the new definition.
void Composer::fit_lanes(const Spot& spot, const Carry& to) noexcept RELUME_NONBLOCKING {
  const ParamDef& def = *to.def;
  AutomationBlock& b = automation_[spot.block];
  // What lies below is known where it stays, and not where it only comes by.
  const bool held = (b.held() & spot.bit()) != 0;
  const bool stays = in_stack(to.to_param);
  Lanes before{};
  Lanes after{};
  Lanes seen{};
  for (std::uint32_t i = 0; i < def.lanes; ++i) {
    const std::uint32_t lane = spot.first + i;
    before[i] = b.target[lane];
    after[i] = held || !stays ? before[i] : resting(saved(spot.block), b, lane);
    if ((b.moving() >> lane & 1U) == 0) continue;
    bool arrived = false;
    seen[i] = std::bit_cast<std::uint32_t>(
        composer::value_at(std::bit_cast<float>(before[i]), {b.from[lane], b.start[lane]},
                           rate_of(b, lane, to.old->glide_rate), to.old->arrival, moment_, arrived));
  }
  Lanes inside = seen;
  clamp_to_range(def, inside);
  if (held || stays) clamp_to_range(def, after);
  const std::uint32_t tick = tick_of(spot);
  {
    const AutomationBlock::Writing writing(b);
    for (std::uint32_t i = 0; i < def.lanes; ++i) {
      const std::uint32_t lane = spot.first + i;
      if ((b.moving() >> lane & 1U) == 0) {
        AutomationBlock::put(b.target[lane], after[i]);
        continue;
      }
      const float rate = rate_of(b, lane, def.glide_rate);
      if (inside[i] == seen[i] && after[i] == before[i] && rate == rate_of(b, lane, to.old->glide_rate)) continue;
      aim(b, lane, inside[i], after[i], rate, moment_);
    }
  }
  if (held) keep_tick(spot, tick);
}

// Whoever had any of these slots is gone, or was carried away before: they were free.
void Composer::clear_spot(const Spot& spot, std::uint32_t lanes) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  const std::uint32_t begin =
      spot.first > 3 ? spot.first - 3 : 0;  // no parameter has more than four lanes, or lies in two blocks
  for (std::uint32_t lane = begin; lane < spot.first + lanes; ++lane) {
    const Spot stale{spot.block, lane};
    if ((b.owners() & stale.bit()) != 0 && lane + b.state(lane).lane_count() > spot.first) end(stale);
  }
}

// Claims that lose there do not come along: their handles are stale, nobody could ever take them back.
void Composer::move_lanes(const Spot& spot, const Spot& target, std::uint32_t lanes) noexcept RELUME_NONBLOCKING {
  clear_spot(target, lanes);
  AutomationBlock& from = automation_[spot.block];
  AutomationBlock& to = automation_[target.block];
  {
    const AutomationBlock::Writing writing(to);
    for (std::uint32_t i = 0; i < lanes; ++i) {
      const std::uint32_t at = target.first + i;
      const std::uint32_t old = spot.first + i;
      AutomationBlock::put(to.target[at], from.target[old]);
      AutomationBlock::put(to.from[at], from.from[old]);
      AutomationBlock::put(to.start[at], from.start[old]);
      AutomationBlock::put(to.smoothing_ms[at], from.smoothing_ms[old]);
      const std::uint64_t bit = std::uint64_t{1} << at;
      if ((from.timed >> old & 1U) != 0) to.timed |= bit;
      if ((from.held() >> old & 1U) != 0) AutomationBlock::raise(to.overlay, bit);
      if ((from.moving() >> old & 1U) != 0) AutomationBlock::raise(to.gliding, bit);
    }
    to.place[target.first].store(from.source_place(spot.first), std::memory_order_relaxed);
    to.set_state(target.first, from.state(spot.first));
    AutomationBlock::raise(to.owned, target.bit());
  }
  marked_lanes_[spot.block] &= ~spot.bit();
  marked_lanes_[target.block] |= target.bit();
  owned_.add(target.block);
  touch(target.block, AutomationBlock::mask(target.first, lanes));
  const std::uint32_t tick = tick_of(spot);
  end(spot);
  if ((to.held() & target.bit()) != 0) keep_tick(target, tick);
}

}  // namespace relume::core
