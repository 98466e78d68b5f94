// SPDX-License-Identifier: Apache-2.0
// What sources say: whose claim on a parameter wins, and where the parameter goes for it.
#include <algorithm>
#include <bit>

#include "live/composer.hpp"
#include "model/handle.hpp"

namespace relume::core {

void Composer::collect_sources() noexcept RELUME_NONBLOCKING {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    AnySource* source = sources_[i].load(order::kSourceFind);
    if (source == nullptr) continue;
    source->note_closing();  // first: what it wrote before closing is collected
    if (source->kind() == AnySource::Kind::run) {
      static_cast<Stream*>(source)->collect();
    } else {
      static_cast<Source*>(source)->collect(now_);
    }
  }
}

void Composer::take_sources() noexcept RELUME_NONBLOCKING {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    AnySource* source = sources_[i].load(order::kSourceFind);  // it may be newer than what was collected
    if (source == nullptr || !source->collected()) continue;
    const auto place = static_cast<std::uint8_t>(i);
    const auto take = [&](const OverlayWrite& write) { return take_write(place, *source, write); };
    if (source->kind() == AnySource::Kind::run) {
      static_cast<Stream*>(source)->offer(take);
    } else {
      static_cast<Source*>(source)->offer(take);
    }
    if (source->falls_silent(now_)) {
      release_place(place);
      if (source->kind() == AnySource::Kind::run) static_cast<Stream*>(source)->forget();
    }
    if (!source->closing_noted()) continue;
    release_place(place);
    sources_[i].store(nullptr, std::memory_order_release);
    source->acknowledge_close();
  }
}

bool Composer::take_write(std::uint8_t place, const AnySource& source,
                          const OverlayWrite& write) noexcept RELUME_NONBLOCKING {
  const Page* page = root_ != nullptr ? tree_.page(*root_, write.slot / kBlockSlots) : nullptr;
  const Taken taken = page != nullptr ? page->taken(write.slot % kBlockSlots) : Taken{};
  const bool gesture = write.kind == OverlayWrite::Kind::change || write.kind == OverlayWrite::Kind::hold ||
                       write.kind == OverlayWrite::Kind::end;
  const bool pulses = write.kind == OverlayWrite::Kind::pulses;
  const bool gone = taken.forces() && !taken.glides();  // its layer: only that ends pulses
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
  using Kind = OverlayWrite::Kind;
  const composer::Moment at = noticed(write.time);
  const auto record = [&] {
    if (black_box_ != nullptr) black_box_->write(source.number(), write);
    return true;
  };
  if (write.kind == Kind::pulses) {
    add_pulses(place, write);
    return record();
  }
  if (write.kind == Kind::release) {
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
  if (write.kind != Kind::value) {
    claim.state.gesture = 1;
    if (claim.state.policy == RELUME_COMMIT_RENDER_ONLY) claim.state.policy = RELUME_COMMIT_SESSION;
  }
  if (write.kind == Kind::end) claim.state.ending = 1;
  if (write.kind == Kind::hold) {
    const Spot spot = spot_of(write.slot);
    for (std::uint32_t i = 0; i < write.def->lanes; ++i) {
      claim.lanes[i] = shown(spot.block, spot.first + i, *write.def, at);
    }
  }
  return stake(claim, at) && record();  // once, however often it has to be offered
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
  claim.tick = b.start[spot.first];
  claim.smoothing_ms = (b.timed & spot.bit()) != 0 ? b.smoothing_ms[spot.first] : std::uint16_t{0};
  claim.place = b.source_place(spot.first);
  claim.state = b.state(spot.first);
  claim.state.phase = ClaimState::live;
  for (std::uint32_t i = 0; i < claim.def->lanes; ++i) claim.lanes[i] = b.target[spot.first + i];
  // One that took over glides since then, but stands since its own change.
  const Claim* waited = (b.contended & spot.bit()) != 0 ? claims_.find(claim.slot, claim.place) : nullptr;
  if (waited != nullptr && waited->shown) {
    claim.tick = waited->tick;
    claim.order = waited->order;
  }
  return claim;
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
    claims_.remove(claim.slot, claim.place);
    // A claim that is displaced waits, too. Without room for it, it is as if its source had not spoken.
    if (winner.place != kRecoveredPlace && claims_.put(winner)) b.contended |= spot.bit();
    install(claim, at);
    return true;
  }
  if ((b.contended & spot.bit()) != 0) claims_.remove(claim.slot, claim.place);
  install(claim, at);
  if ((b.contended & spot.bit()) == 0) return true;
  // It may have become weaker than one that waits.
  const Claim winner = winner_of(spot);
  const Claim* best = best_waiting(claim.slot);
  if (best != nullptr && beats(*best, winner)) {
    claims_.put(winner);
    install_best(spot, at);
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
  b.unsettled &= ~spot.bit();
  owned_.add(spot.block);
  touch(spot.block, mask);
  if (!gliding) rest(spot, moment_.tick);
}

// The strongest of those that wait takes over. False: none does.
bool Composer::install_best(const Spot& spot, const composer::Moment& at) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[spot.block];
  if ((b.contended & spot.bit()) == 0) return false;
  const Claim* best = best_waiting(spot.slot());
  if (best == nullptr) {
    claims_.remove_if(spot.slot(), [](const Claim&) { return true; });
    b.contended &= ~spot.bit();
    return false;
  }
  Claim claim = *best;
  claim.shown = true;
  claims_.put(claim);  // in its own place: there is room
  install(claim, at);
  return true;
}

// What is noticed late begins no earlier than what began meanwhile.
composer::Moment Composer::not_before(const Spot& spot, std::uint32_t lanes,
                                      const composer::Moment& at) const noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[spot.block];
  composer::Moment later = at;
  for (std::uint32_t lane = spot.first; lane < spot.first + lanes; ++lane) {
    if ((b.moving() >> lane & 1U) == 0 || static_cast<std::int32_t>(later.tick - b.start[lane]) >= 0) continue;
    later = {b.start[lane], b.start[lane] == moment_.tick ? moment_.rest : 0.0F};
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
    const bool others = claims_.remove_if(slot, [place](const Claim& claim) { return claim.place == place; });
    if (!others) b.contended &= ~spot.bit();
  }
  if ((b.held() & spot.bit()) != 0 && b.source_place(spot.first) == place) release(spot, at);
}

// The winner goes: the next claim takes over, or the tiers below.
void Composer::release(const Spot& spot, const composer::Moment& at) noexcept RELUME_NONBLOCKING {
  if (!install_best(spot, at)) glide_back(spot, at);
}

void Composer::release_place(std::uint8_t place) noexcept RELUME_NONBLOCKING {
  claims_.remove_place(place, [this](std::uint32_t slot, bool left) {
    const Spot spot = spot_of(slot);
    if (!left) automation_[spot.block].contended &= ~spot.bit();
  });
  owned_.for_each([&](std::uint32_t block) {
    AutomationBlock& b = automation_[block];
    for (std::uint64_t held = b.owners() & b.held() & ~b.triggers; held != 0; held &= held - 1) {
      const Spot spot{block, static_cast<std::uint32_t>(std::countr_zero(held))};
      if (b.source_place(spot.first) == place) release(spot, moment_);
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
  Lanes from{};
  for (std::uint32_t i = 0; i < def.lanes; ++i) from[i] = shown(spot.block, spot.first + i, def, at);
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
