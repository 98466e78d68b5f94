// SPDX-License-Identifier: Apache-2.0
// What has arrived and rests is asked to be committed; what was committed ends, invisibly.
#include <algorithm>
#include <bit>

#include "live/composer.hpp"
#include "model/handle.hpp"

namespace relume::core {
namespace {

// Parameters that are looked at in one frame, at most: when a whole rig comes to rest at once, the next frames do the rest.
constexpr std::uint32_t kLooks = 4096;

}  // namespace

// It has arrived. `due`: the tick when to look at it, or earlier.
void Composer::rest(const Spot& spot, std::uint32_t due) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  const ClaimState state = b.state(spot.first);
  if (state.gesture != 0 && state.ending == 0) return;  // somebody has it in the hand
  b.unsettled |= spot.bit();
  if (settling_.empty()) next_due_ = due;
  if (!settling_.has(spot.block)) {
    settling_.add(spot.block);
    due_[spot.block] = due;
  } else if (static_cast<std::int32_t>(due - due_[spot.block]) < 0) {
    due_[spot.block] = due;
  }
  if (static_cast<std::int32_t>(due - next_due_) < 0) next_due_ = due;
}

void Composer::settle() noexcept RELUME_NONBLOCKING {
  if (settling_.empty() || static_cast<std::int32_t>(moment_.tick - next_due_) < 0) return;
  std::uint32_t looks = kLooks;
  std::uint32_t next = moment_.tick + composer::kOldest;
  settling_.for_each([&](std::uint32_t block) {
    if (looks > 0 && static_cast<std::int32_t>(moment_.tick - due_[block]) >= 0) settle_block(block, looks);
    if (automation_[block].unsettled == 0) {
      settling_.remove(block);
    } else if (static_cast<std::int32_t>(due_[block] - next) < 0) {
      next = due_[block];
    }
  });
  next_due_ = next;
}

void Composer::settle_block(std::uint32_t block, std::uint32_t& looks) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[block];
  std::uint32_t due = moment_.tick + composer::kOldest;
  for (std::uint64_t firsts = b.unsettled; firsts != 0; firsts &= firsts - 1) {
    const Spot spot{block, static_cast<std::uint32_t>(std::countr_zero(firsts))};
    ClaimState state = b.state(spot.first);
    if (looks == 0) {
      due = moment_.tick;
      break;
    }
    --looks;
    if (state.policy == RELUME_COMMIT_RENDER_ONLY) {
      state.phase = ClaimState::kept;
      b.set_state(spot.first, state);
      b.unsettled &= ~spot.bit();
      continue;
    }
    const ParamDef& def = def_at(spot.slot());
    const std::int64_t settle = def.settle_ns != 0 ? def.settle_ns : config_.settle_ns;
    const std::int64_t ticks = static_cast<std::int32_t>(moment_.tick - b.start[spot.first]);
    const std::int64_t age = ticks * composer::kTick + static_cast<std::int64_t>(moment_.rest);
    if (state.ending == 0 && age < settle) {
      const std::uint32_t then = b.start[spot.first] + static_cast<std::uint32_t>(std::min<std::int64_t>(
                                                           settle / composer::kTick, composer::kOldest / 2));
      if (static_cast<std::int32_t>(then - due) < 0) due = then;
      continue;
    }
    if (!request_commit(spot, state)) {
      due = moment_.tick;  // the queue is full: asked again with the next frame
      break;
    }
    state.phase = ClaimState::committing;
    b.set_state(spot.first, state);
    b.unsettled &= ~spot.bit();
  }
  due_[block] = due;
}

bool Composer::request_commit(const Spot& spot, ClaimState state) noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[spot.block];
  const LayerExtent& extent = *root_->stack->extent_at(spot.slot());
  CommitRequest request{};
  request.param =
      param_handle(extent.index, root_->stack->table[extent.index].generation, spot.slot() - extent.first_slot);
  request.order = root_->order;
  request.slot = spot.slot();
  request.policy = state.policy;
  request.priority = priority_of(b.source_place(spot.first), state);
  for (std::uint32_t i = 0; i < state.lane_count(); ++i) request.lanes[i] = b.target[spot.first + i];
  return requests_.push(request);
}

// A claim ends when what it says was committed; an older answer that says the same is as good.
void Composer::take_answers() noexcept RELUME_NONBLOCKING {
  for (std::size_t count = answers_.size(); count > 0; --count) {
    const CommitAnswer answer = answers_.front();
    // The committed value must be below before the claim goes.
    if (root_ == nullptr || root_->version < answer.version) return;
    answers_.pop();
    const Spot spot = spot_of(answer.slot);
    AutomationBlock& b = automation_[spot.block];
    if ((b.held() & b.owners() & spot.bit()) == 0) continue;
    ClaimState state = b.state(spot.first);
    if (state.phase != ClaimState::committing) continue;  // it has changed since
    bool same = true;
    for (std::uint32_t i = 0; i < state.lane_count(); ++i) same = same && b.target[spot.first + i] == answer.lanes[i];
    if (!same) continue;  // it has changed, and asked again: that answer is still to come
    if (answer.result != RELUME_OK) {
      state.phase = ClaimState::kept;
      b.set_state(spot.first, state);
      continue;
    }
    if ((b.contended & spot.bit()) != 0) {
      const Claim winner = winner_of(spot);
      const bool newer = claims_.remove_if(answer.slot, [&winner](const Claim& claim) {
        return static_cast<std::int32_t>(claim.tick - winner.tick) <= 0;
      });
      if (!newer) b.contended &= ~spot.bit();
    }
    if (!install_best(spot, moment_)) end(spot);
  }
}

}  // namespace relume::core
