// SPDX-License-Identifier: Apache-2.0
// What sources say: whose claim on a parameter wins, and where the parameter goes for it.
#include <algorithm>
#include <bit>

#include "live/composer.hpp"
#include "model/handle.hpp"

namespace relume::core {
namespace {

std::int64_t time_of(const Lanes& lanes) noexcept {
  return static_cast<std::int64_t>(std::uint64_t{lanes[1]} << 32U | lanes[0]);
}

}  // namespace

void Composer::collect_sources() noexcept RELUME_NONBLOCKING {
  turns_ = 0;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    AnySource* source = sources_[i].load(order::kSourceFind);
    if (source == nullptr) continue;
    take_turn(static_cast<std::uint8_t>(i), source->number());
    source->note_closing();  // first: what it wrote before closing is collected
    if (source->kind() == AnySource::Kind::run) {
      static_cast<Stream*>(source)->collect();
    } else {
      static_cast<Source*>(source)->collect(now_);
    }
  }
}

// By number: who has which place depends on when others were closed.
void Composer::take_turn(std::uint8_t place, std::uint32_t number) noexcept RELUME_NONBLOCKING {
  std::uint32_t at = turns_++;
  for (; at > 0 && turn_[at - 1].number > number; --at) turn_[at] = turn_[at - 1];
  turn_[at] = {number, place};
}

void Composer::take_sources() noexcept RELUME_NONBLOCKING {
  Places gone{};
  taking_ = true;
  for (std::uint32_t turn = 0; turn < turns_; ++turn) {
    const std::uint8_t place = turn_[turn].place;
    AnySource* source = sources_[place].load(order::kSourceFind);
    const auto take = [&](const OverlayWrite& write) { return take_write(place, *source, write); };
    if (source->kind() == AnySource::Kind::run) {
      static_cast<Stream*>(source)->offer(take);
    } else {
      static_cast<Source*>(source)->offer(take);
    }
    const bool lost = source->falls_silent(now_);
    if (lost && source->kind() == AnySource::Kind::run) static_cast<Stream*>(source)->forget();
    if (lost || source->closing_noted()) gone[place / 64] |= std::uint64_t{1} << (place % 64);
  }
  taking_ = false;
  touched_.for_each([this](std::uint32_t block) { marked_lanes_[block] = 0; });
  // After all that is said, and all at once: of two that are lost together the one is not shown in place of the other.
  if (gone == Places{}) return;
  release_places(gone);
  for (std::uint32_t turn = 0; turn < turns_; ++turn) {
    std::atomic<AnySource*>& at = sources_[turn_[turn].place];
    AnySource* source = at.load(order::kSourceFind);
    if (!source->closing_noted()) continue;
    at.store(nullptr, std::memory_order_release);
    source->acknowledge_close();
  }
}

bool Composer::take_write(std::uint8_t place, const AnySource& source,
                          const OverlayWrite& write) noexcept RELUME_NONBLOCKING {
  const Page* page = root_ != nullptr ? tree_.page(*root_, write.slot / kBlockSlots) : nullptr;
  const Taken taken = page != nullptr ? page->taken(write.slot % kBlockSlots) : Taken{};
  const bool gesture = write.kind == OverlayWrite::Kind::change || write.kind == OverlayWrite::Kind::hold ||
                       write.kind == OverlayWrite::Kind::end || write.kind == OverlayWrite::Kind::again;
  const bool pulses = write.kind == OverlayWrite::Kind::pulses;
  const bool gone = taken.is_layer();  // its layer: only that ends pulses
  if ((!pulses || gone) && taken.outranks(write.order, gesture ? RELUME_PRIORITY_GESTURE : source.priority()))
    return true;
  // Not late and yet not in the stack: its layer is in a root that comes with the next frame. Late: its layer is gone.
  if (!in_stack(write.param)) return root_ != nullptr && root_->order > write.order;
  const relume_param param{write.param};
  const ParamDef* def = root_->stack->types[layer_index(param)]->at_slot(slot_of(param));
  if (def == write.def) return take_fitting(place, source, write);
  OverlayWrite fitted = write;  // its type was reloaded since, in the same shape
  fitted.def = def;
  clamp_to_range(*def, fitted.lanes);
  return take_fitting(place, source, fitted);
}

bool Composer::take_fitting(std::uint8_t place, const AnySource& source,
                            const OverlayWrite& write) noexcept RELUME_NONBLOCKING {
  using Word = OverlayWrite::Kind;
  const composer::Moment at = noticed(write.time);
  const auto record = [&] {
    if (black_box_ != nullptr) black_box_->write(source.number(), write);
    return true;
  };
  if (write.kind == Word::pulses) {
    add_pulses(place, write);
    return record();
  }
  if (write.kind == Word::release) {
    withdraw(write.slot, place, at);
    return record();
  }
  Claim claim;
  claim.def = write.def;
  claim.order = write.order;
  claim.lanes = write.lanes;
  claim.slot = write.slot;
  claim.tick = at.tick;
  claim.smoothing_ms = write.smoothing_ms;
  claim.place = place;
  claim.state.lanes = static_cast<std::uint8_t>((write.def->lanes - 1) & 3U);
  claim.state.policy = static_cast<std::uint8_t>(policy_of(*write.def, source, write) & 3U);
  if (write.kind != Word::value) {
    claim.state.gesture = 1;
    if (claim.state.policy == RELUME_COMMIT_RENDER_ONLY) claim.state.policy = RELUME_COMMIT_SESSION;
  }
  const Spot spot = spot_of(write.slot);
  claim.state.ending = write.kind == Word::end || write.kind == Word::again ? 1 : 0;
  if (write.kind == Word::again && !stake(claim, at)) return false;
  if (write.kind == Word::hold || write.kind == Word::again) {
    if (!commit_ended(spot, place)) return false;
    claim.state.ending = 0;
    const composer::Moment held_at = not_before(spot, write.def->lanes, at);
    for (std::uint32_t i = 0; i < write.def->lanes; ++i) {
      claim.lanes[i] = shown(spot.block, spot.first + i, *write.def, held_at);
    }
  }
  return stake(claim, at) && record();  // once, however often it has to be offered
}

// A gesture that has ended, and may be on its way still, is committed although its source has the parameter in hand again. False:
// the queue is full.
bool Composer::commit_ended(const Spot& spot, std::uint8_t place) noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[spot.block];
  if ((b.held() & b.owners() & spot.bit()) == 0 || b.source_place(spot.first) != place) return true;
  const ClaimState state = b.state(spot.first);
  return state.ending == 0 || state.phase != ClaimState::live || request_commit(spot, state);
}

std::uint8_t Composer::policy_of(const ParamDef& def, const AnySource& source,
                                 const OverlayWrite& write) const noexcept RELUME_NONBLOCKING {
  if (write.commit_policy != 0) return write.commit_policy;
  if (def.commit_policy != 0) return static_cast<std::uint8_t>(def.commit_policy);
  return static_cast<std::uint8_t>(source.commit_policy() != 0 ? source.commit_policy() : config_.commit_policy);
}

std::uint32_t Composer::priority_of(std::uint8_t place, ClaimState state) const noexcept RELUME_NONBLOCKING {
  if (state.gesture != 0) return RELUME_PRIORITY_GESTURE;
  return static_cast<std::uint32_t>(places_[place].load(std::memory_order_relaxed));
}

// Nothing in it depends on which of the two was looked at first.
bool Composer::beats(const Claim& a, const Claim& b) const noexcept RELUME_NONBLOCKING {
  const std::uint32_t priority_a = priority_of(a.place, a.state);
  const std::uint32_t priority_b = priority_of(b.place, b.state);
  if (priority_a != priority_b) return priority_a > priority_b;
  if ((a.def->flags & RELUME_PARAM_HIGHEST) != 0 && a.lanes != b.lanes) {
    if (a.def->type == RELUME_TIME) return time_of(a.lanes) > time_of(b.lanes);
    for (std::uint32_t i = 0; i < a.def->lanes; ++i) {
      if (a.lanes[i] == b.lanes[i]) continue;
      if (is_float_type(a.def->type)) return std::bit_cast<float>(a.lanes[i]) > std::bit_cast<float>(b.lanes[i]);
      return static_cast<std::int32_t>(a.lanes[i]) > static_cast<std::int32_t>(b.lanes[i]);
    }
  }
  if (a.tick != b.tick) return static_cast<std::int32_t>(a.tick - b.tick) > 0;
  return places_[a.place].load(std::memory_order_relaxed) > places_[b.place].load(std::memory_order_relaxed);
}

Claim Composer::winner_of(const Spot& spot) const noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[spot.block];
  Claim claim;
  claim.def = &def_at(spot.slot());
  claim.order = root_->order;
  claim.slot = spot.slot();
  claim.tick = tick_of(spot);
  claim.smoothing_ms = (b.timed & spot.bit()) != 0 ? b.smoothing_ms[spot.first] : std::uint16_t{0};
  claim.place = b.source_place(spot.first);
  claim.state = b.state(spot.first);
  claim.state.phase = ClaimState::live;
  for (std::uint32_t i = 0; i < claim.def->lanes; ++i) claim.lanes[i] = b.target[spot.first + i];
  return claim;
}

// When the claim that shows was changed last.
std::uint32_t Composer::tick_of(const Spot& spot) const noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[spot.block];
  const Claim* own = (b.contended & spot.bit()) != 0 ? claims_.find(spot.slot(), b.source_place(spot.first)) : nullptr;
  return own != nullptr && own->shown ? own->tick : b.start[spot.first];
}

// Without room the claim counts as changed when its glide began: no others that wait are newer, unless they are weaker.
void Composer::keep_tick(const Spot& spot, std::uint32_t tick) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  const std::uint8_t place = b.source_place(spot.first);
  if (tick != b.start[spot.first]) {
    Claim own;
    own.slot = spot.slot();
    own.tick = tick;
    own.place = place;
    own.shown = true;
    if (claims_.put(own)) b.contended |= spot.bit();
  } else if ((b.contended & spot.bit()) != 0 && !claims_.remove(spot.slot(), place)) {
    b.contended &= ~spot.bit();
  }
}

// False: there is no room for a claim that loses; it waits at its source.
bool Composer::stake(const Claim& claim, const composer::Moment& at) noexcept RELUME_NONBLOCKING {
  const Spot spot = spot_of(claim.slot);
  AutomationBlock& b = automation_[spot.block];
  if ((b.held() & spot.bit()) == 0) {
    install(claim, at);
    return true;
  }
  const bool own = b.source_place(spot.first) == claim.place;
  if (!own) {
    const Claim winner = winner_of(spot);
    if (!beats(claim, winner)) {
      if (!claims_.put(claim)) return false;
      b.contended |= spot.bit();
      return true;
    }
    claims_.remove_if(claim.slot, [&](const Claim& other) { return other.shown || other.place == claim.place; });
    // A claim that is displaced waits, too. Without room for it, it is as if its source had not spoken.
    if (winner.place != kRecoveredPlace && claims_.put(winner)) b.contended |= spot.bit();
    install(claim, at);
    return true;
  }
  install(claim, at);
  if ((b.contended & spot.bit()) == 0) return true;
  // It may have become weaker than one that waits.
  const Claim winner = winner_of(spot);
  const Claim* best = best_waiting(claim.slot);
  if (best != nullptr && beats(*best, winner)) {
    const Claim next = *best;
    claims_.remove(next.slot, next.place);
    claims_.put(winner);  // in that one's place: there is room
    b.contended |= spot.bit();
    install(next, at);
  }
  return true;
}

const Claim* Composer::best_waiting(std::uint32_t slot) const noexcept RELUME_NONBLOCKING {
  const Claim* best = nullptr;
  claims_.for_each(slot, [&](const Claim& claim) {
    if (!claim.shown && (best == nullptr || beats(claim, *best))) best = &claim;
  });
  return best;
}

// The parameter is that claim's, and goes where it says from where it is.
void Composer::install(const Claim& claim, const composer::Moment& noticed_at) noexcept RELUME_NONBLOCKING {
  const Spot spot = spot_of(claim.slot);
  AutomationBlock& b = automation_[spot.block];
  const ParamDef& def = def_at(claim.slot);
  const composer::Moment at = not_before(spot, def.lanes, noticed_at);
  const std::uint64_t mask = AutomationBlock::mask(spot.first, def.lanes);
  Lanes to = claim.lanes;
  if (&def != claim.def) clamp_to_range(def, to);  // its type was reloaded while it waited
  Lanes from{};
  for (std::uint32_t i = 0; i < def.lanes; ++i) from[i] = shown(spot.block, spot.first + i, def, at);
  bool gliding = false;
  {
    const AutomationBlock::Writing writing(b);
    const bool timed = claim.smoothing_ms != 0 && is_float_type(def.type);
    b.timed = timed ? b.timed | mask : b.timed & ~mask;
    for (std::uint32_t i = 0; i < def.lanes; ++i) {
      const std::uint32_t lane = spot.first + i;
      AutomationBlock::put(b.smoothing_ms[lane], timed ? claim.smoothing_ms : std::uint16_t{0});
      gliding |= aim(b, lane, from[i], to[i], rate_of(b, lane, def.glide_rate), at);
    }
    AutomationBlock::raise(b.overlay, mask);
    AutomationBlock::raise(b.owned, spot.bit());
    b.place[spot.first].store(claim.place, std::memory_order_relaxed);
    ClaimState state = claim.state;
    state.phase = ClaimState::live;
    b.set_state(spot.first, state);
  }
  if (taking_) marked_lanes_[spot.block] |= mask;
  keep_tick(spot, claim.tick);
  b.unsettled &= ~spot.bit();
  owned_.add(spot.block);
  touch(spot.block, mask);
  if (!gliding) rest(spot, moment_.tick);
}

// The strongest of those that wait takes over. False: none does.
bool Composer::install_best(const Spot& spot, const composer::Moment& at) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  if ((b.contended & spot.bit()) == 0) return false;
  claims_.remove_if(spot.slot(), [](const Claim& claim) { return claim.shown; });
  const Claim* best = best_waiting(spot.slot());
  if (best == nullptr) {
    b.contended &= ~spot.bit();
    return false;
  }
  install(Claim(*best), at);
  return true;
}

// What is noticed late begins no earlier than what began meanwhile.
composer::Moment Composer::not_before(const Spot& spot, std::uint32_t lanes,
                                      const composer::Moment& at) const noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[spot.block];
  composer::Moment later = at;
  for (std::uint32_t lane = spot.first; lane < spot.first + lanes; ++lane) {
    const std::uint32_t start = b.start[lane];
    const auto since = static_cast<std::int32_t>(later.tick - start);
    const bool begins_now = start == moment_.tick || (taking_ && (marked_lanes_[spot.block] >> lane & 1U) != 0);
    if ((b.moving() >> lane & 1U) == 0 || since > 0 || (since == 0 && !begins_now)) continue;
    // The true beginning is within that tick: what the curve says of the time before it was never shown.
    later = start == moment_.tick ? moment_ : composer::Moment{start + 1, 0};
  }
  return later;
}

// Of an operator's pulses nothing is here: they are in the tier below, and the frame adds both.
void Composer::add_pulses(std::uint8_t place, const OverlayWrite& write) noexcept RELUME_NONBLOCKING {
  const Spot spot = spot_of(write.slot);
  AutomationBlock& b = automation_[spot.block];
  const bool held = (b.held() & spot.bit()) != 0;
  const std::uint32_t count = held ? b.target[spot.first] : resting(saved(spot.block), b, spot.first);
  ClaimState state;
  state.policy = RELUME_COMMIT_SESSION;
  state.ending = 1;
  {
    const AutomationBlock::Writing writing(b);
    AutomationBlock::put(b.target[spot.first], count + write.lanes[0]);
    AutomationBlock::put(b.start[spot.first], moment_.tick);
    AutomationBlock::raise(b.overlay, spot.bit());
    AutomationBlock::raise(b.owned, spot.bit());
    b.place[spot.first].store(place, std::memory_order_relaxed);
    b.set_state(spot.first, state);
  }
  owned_.add(spot.block);
  touch(spot.block, spot.bit());
  rest(spot, moment_.tick);
}

// --- ends ---

void Composer::withdraw(std::uint32_t slot, std::uint8_t place,
                        const composer::Moment& at) noexcept RELUME_NONBLOCKING {
  const Spot spot = spot_of(slot);
  AutomationBlock& b = automation_[spot.block];
  if ((b.contended & spot.bit()) != 0) {
    if (!claims_.remove(slot, place)) b.contended &= ~spot.bit();
  }
  if ((b.held() & spot.bit()) != 0 && b.source_place(spot.first) == place) release(spot, at);
}

// The winner goes: the next claim takes over, or the tiers below.
void Composer::release(const Spot& spot, const composer::Moment& at) noexcept RELUME_NONBLOCKING {
  if (!install_best(spot, at)) glide_back(spot, at);
}

void Composer::release_places(const Places& gone) noexcept RELUME_NONBLOCKING {
  const auto is_gone = [&gone](std::uint8_t place) { return (gone[place / 64] >> (place % 64) & 1U) != 0; };
  claims_.remove_all([&](const Claim& claim) { return is_gone(claim.place); },
                     [this](std::uint32_t slot) {
                       const Spot spot = spot_of(slot);
                       automation_[spot.block].contended &= ~spot.bit();
                     });
  owned_.for_each([&](std::uint32_t block) {
    AutomationBlock& b = automation_[block];
    for (std::uint64_t held = b.owners() & b.held() & ~b.triggers; held != 0; held &= held - 1) {
      const Spot spot{block, static_cast<std::uint32_t>(std::countr_zero(held))};
      if (is_gone(b.source_place(spot.first))) release(spot, moment_);
    }
  });
}

// The tiers below are glided to, and the parameter stays here until they are reached.
void Composer::glide_back(const Spot& spot, const composer::Moment& noticed_at) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  const ParamDef& def = def_at(spot.slot());
  const composer::Moment at = not_before(spot, def.lanes, noticed_at);
  const SavedBlock& below = saved(spot.block);
  const std::uint64_t mask = AutomationBlock::mask(spot.first, def.lanes);
  // A lane that has arrived while others are still on their way back stays where it was: not all lie below at once.
  const std::uint64_t stands = (b.held() & spot.bit()) == 0 ? ~b.moving() : 0;
  Lanes from{};
  for (std::uint32_t i = 0; i < def.lanes; ++i) {
    const std::uint32_t lane = spot.first + i;
    from[i] = (stands >> lane & 1U) != 0 ? b.target[lane] : shown(spot.block, lane, def, at);
  }
  bool gliding = false;
  {
    const AutomationBlock::Writing writing(b);
    for (std::uint32_t i = 0; i < def.lanes; ++i) {
      const std::uint32_t lane = spot.first + i;
      gliding |= aim(b, lane, from[i], resting(below, b, lane), rate_of(b, lane, def.glide_rate), at);
    }
    AutomationBlock::clear(b.overlay, mask);
    ClaimState state = b.state(spot.first);
    state.phase = ClaimState::releasing;
    state.gesture = 0;
    b.set_state(spot.first, state);
  }
  if (taking_) marked_lanes_[spot.block] |= mask;
  b.unsettled &= ~spot.bit();
  touch(spot.block, mask);
  if (!gliding) forget(spot);
}

// The tiers below show at once.
void Composer::end(const Spot& spot) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  touch(spot.block, AutomationBlock::mask(spot.first, b.state(spot.first).lane_count()));
  if ((b.contended & spot.bit()) != 0) {
    claims_.remove_if(spot.slot(), [](const Claim&) { return true; });
    b.contended &= ~spot.bit();
  }
  forget(spot);
}

// What is shown is what lies below.
void Composer::forget(const Spot& spot) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  const std::uint64_t mask = AutomationBlock::mask(spot.first, b.state(spot.first).lane_count());
  {
    const AutomationBlock::Writing writing(b);
    AutomationBlock::clear(b.overlay, mask);
    AutomationBlock::clear(b.gliding, mask);
    AutomationBlock::clear(b.owned, spot.bit());
    for (std::uint64_t lanes = mask & b.timed; lanes != 0; lanes &= lanes - 1) {
      AutomationBlock::put(b.smoothing_ms[static_cast<std::size_t>(std::countr_zero(lanes))], std::uint16_t{0});
    }
  }
  b.timed &= ~mask;
  b.unsettled &= ~spot.bit();
  if (b.owners() == 0) owned_.remove(spot.block);
}

}  // namespace relume::core
