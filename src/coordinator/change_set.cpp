// SPDX-License-Identifier: Apache-2.0
#include "coordinator/change_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "model/conversion.hpp"
#include "persistence/restore.hpp"

namespace relume::core {
namespace {

std::uint64_t mask_of(std::uint32_t slot, std::uint32_t lanes) {
  return ((std::uint64_t{1} << lanes) - 1) << (slot % kBlockSlots);
}

// Calls f(block, mask) for the blocks that a layer lies in, with the layer's slots there.
template <class F>
void for_each_block(const Layer& layer, F f) {
  const std::uint32_t end = layer.first_slot + layer.type->slot_count();
  for (std::uint32_t slot = layer.first_slot; slot < end;) {
    const std::uint32_t block = slot / kBlockSlots;
    const std::uint32_t stop = std::min(end, (block + 1) * kBlockSlots);
    const std::uint64_t mask = (~std::uint64_t{0} >> (kBlockSlots - (stop - slot))) << (slot % kBlockSlots);
    f(block, mask);
    slot = stop;
  }
}

// Those of a block's slots that are triggers of a layer.
std::uint64_t triggers_in(const Layer& layer, std::uint32_t block) {
  const std::vector<std::uint32_t>& slots = layer.type->triggers();
  std::uint64_t mask = 0;
  const std::uint32_t begin = std::max(block * kBlockSlots, layer.first_slot) - layer.first_slot;
  for (auto slot = std::lower_bound(slots.begin(), slots.end(), begin); slot != slots.end(); ++slot) {
    const std::uint32_t place = layer.first_slot + *slot;
    if (place / kBlockSlots != block) break;
    mask |= mask_of(place, 1);
  }
  return mask;
}

bool write_lanes(std::array<std::uint32_t, kBlockSlots>& values, std::uint64_t& present, std::uint32_t slot,
                 std::uint32_t lanes, const Lanes& value) {
  const std::uint32_t first = slot % kBlockSlots;
  const std::uint64_t mask = mask_of(slot, lanes);
  const bool same =
      (present & mask) == mask && std::equal(value.begin(), value.begin() + lanes, values.begin() + first);
  if (same) return false;
  std::copy(value.begin(), value.begin() + lanes, values.begin() + first);
  present |= mask;
  return true;
}

Fault stale_route(const relume_change& change) {
  return {RELUME_E_UNKNOWN_ROUTE, fmt::format("param {:#x}", change.param.bits),
          "the parameter's handle is stale or none: its layer is gone; resolve the route again"};
}

}  // namespace

Fault resolve_value_change(const Stack& stack, const relume_change& change, ResolvedChange& out,
                           std::string_view& text) {
  out.kind = change.kind;
  if (change.kind == RELUME_CHANGE_SET || change.kind == RELUME_CHANGE_PERSIST) {
    if (!stack.find(change.param, out.layer, out.def)) return stale_route(change);
    const relume_result result = encode_any(*out.def, change.value, out.lanes, text);
    if (result != RELUME_OK) return value_fault(*out.def, out.layer->key + "/" + out.def->key, result);
    return {};
  }
  out.layer = change.layer.bits != 0 ? stack.find(change.layer) : nullptr;
  if (change.layer.bits != 0 && out.layer == nullptr) {
    return {RELUME_E_UNKNOWN_LAYER, fmt::format("layer {:#x}", change.layer.bits),
            "the layer's handle is stale: the layer is gone; resolve its key again"};
  }
  return {};
}

// Only what changed something has effects: what is not needed is not written.
void ChangeSet::edit(const ResolvedChange& change, const Stack& stack, relume_outcome& outcome) {
  const bool before = std::exchange(changed_, change.changed);
  switch (change.kind) {
    case RELUME_CHANGE_SET:
    case RELUME_CHANGE_PERSIST: set(change, outcome); break;
    case RELUME_CHANGE_ADD: lay_out(*change.layer, false); break;
    case RELUME_CHANGE_REMOVE: lay_out(*change.layer, true); break;
    case RELUME_CHANGE_RETYPE:
      if (change.changed) retype(change, outcome);
      break;
    case RELUME_CHANGE_STORE:
    case RELUME_CHANGE_REVERT:
    case RELUME_CHANGE_RESET: for_each_value(change, stack); break;
    default: break;  // moves and flags leave the values alone
  }
  if (changed_) {
    Effects effects = effects_of(change.kind);
    const bool value = change.kind == RELUME_CHANGE_SET || change.kind == RELUME_CHANGE_PERSIST;
    if (!value || (change.def->flags & RELUME_PARAM_LOSSY) == 0) lossy_only_ = false;
    if (value && change.def->type == RELUME_TRIGGER) effects.invalidation = RELUME_INVALIDATE_NONE;
    effects_.join(effects);
  }
  changed_ |= before;
}

// True when the value, or the tier that it comes from, is another one now.
bool ChangeSet::write(const ResolvedChange& change, Page& page) {
  const std::uint32_t slot = change.layer->first_slot + change.def->slot;
  const std::uint32_t lanes = change.def->lanes;
  SavedBlock& saved = page.saved;
  if (change.kind == RELUME_CHANGE_SET) {
    return write_lanes(saved.committed, saved.committed_present, slot, lanes, change.lanes);
  }
  const bool covered = (saved.committed_present & mask_of(slot, lanes)) != 0;
  saved.committed_present &= ~mask_of(slot, lanes);
  return write_lanes(saved.persisted, saved.persisted_present, slot, lanes, change.lanes) || covered;
}

bool ChangeSet::settle(const ResolvedChange& change) {
  const std::uint32_t slot = change.layer->first_slot + change.def->slot;
  Page& page = c_.tree_.edit(slot / kBlockSlots);
  if (change.def->type != RELUME_TRIGGER) return write(change, page);
  SavedBlock& saved = page.saved;
  const bool present = (saved.committed_present & mask_of(slot, 1)) != 0;
  const std::uint32_t count = present ? saved.committed[slot % kBlockSlots] : 0;
  return is_later_count(change.lanes[0], count) &&
         write_lanes(saved.committed, saved.committed_present, slot, 1, change.lanes);
}

// The persisted slot of a trigger counts the operators' pulses, the committed one those of sources, and what shows is their
// sum: a pulse masks nothing, is masked by nothing, and takes nothing from automation.
void ChangeSet::fire(const ResolvedChange& change) {
  const std::uint32_t slot = change.layer->first_slot + change.def->slot;
  SavedBlock& saved = c_.tree_.edit(slot / kBlockSlots).saved;
  const Lanes count{saved.persisted[slot % kBlockSlots] + change.lanes[0]};
  changed_ |= write_lanes(saved.persisted, saved.persisted_present, slot, 1, count);
}

void ChangeSet::set(const ResolvedChange& change, relume_outcome& outcome) {
  if (change.def->type == RELUME_TRIGGER) return fire(change);
  const std::uint32_t slot = change.layer->first_slot + change.def->slot;
  const relume_param param = param_handle(change.layer->index, change.layer->generation, change.def->slot);
  // What is written below is not at hand in a large show: it comes while the rest is looked up.
  c_.tree_.warm(slot / kBlockSlots);
  if (c_.mirror_ != nullptr) c_.mirror_->warm(slot / kBlockSlots);
  const OverlayGlimpse overlay = c_.live_overlay(slot, *change.def);
  Page& page = c_.tree_.edit(slot / kBlockSlots);
  changed_ |= write(change, page);
  page.take(slot % kBlockSlots, order_, Taken::kValue, seen_);
  if (!overlay.there) return;
  if (!overlay.automated || overlay.priority <= RELUME_PRIORITY_DEFAULT) {
    changed_ = true;  // releasing automation, or cutting its glide back short, is a change, even to an equal value
  } else if (outcome.masked_count++ == 0) {
    outcome.masked_param = param;
    outcome.masked_by = overlay.source;
    outcome.masked_priority = overlay.priority;
  }
}

void ChangeSet::lay_out(const Layer& layer, bool removed) {
  for_each_block(layer, [&](std::uint32_t block, std::uint64_t mask) {
    Page& page = c_.tree_.edit(block);
    page.saved.persisted_present &= ~mask;
    page.saved.committed_present &= ~mask;
    for (std::uint64_t lanes = mask; lanes != 0; lanes &= lanes - 1) {
      const auto lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
      page.saved.persisted[lane] = 0;
      page.saved.committed[lane] = 0;
      page.take(lane, order_, Taken::kLayer, seen_);
    }
  });
  changed_ = true;
  if (!removed) put_defaults(layer);
}

// All values are read before the first is written: old and new slots may overlap.
void ChangeSet::retype(const ResolvedChange& change, relume_outcome& outcome) {
  const Layer& from = *change.from;
  const Layer& to = *change.layer;
  struct Kept {
    const ParamDef* def;
    std::uint32_t kind;
    Lanes lanes;
  };
  std::vector<Kept> kept;
  report_->begin(from, to);
  for (const MovedText& text : change.texts) {
    report_->add(*text.from, text.to, text.tier, text.fit, unfit_of(*text.from, text.to, text.fit), {text.size});
  }
  for (const ParamDef& old : from.type->params()) {
    const std::uint32_t slot = from.first_slot + old.slot;
    const SavedBlock& saved = c_.tree_.page(slot / kBlockSlots)->saved;
    const ParamDef* def = to.type->find(old.key);
    report_automation(change, old, def);
    for (const std::uint32_t kind : {RELUME_CHANGE_PERSIST, RELUME_CHANGE_SET}) {
      const bool committed = kind == RELUME_CHANGE_SET;
      if (((committed ? saved.committed_present : saved.persisted_present) & mask_of(slot, 1)) == 0) continue;
      Lanes value{};
      const auto& values = committed ? saved.committed : saved.persisted;
      std::copy_n(values.begin() + slot % kBlockSlots, old.lanes, value.begin());
      Kept one{def, kind, {}};
      const Fit fit = def != nullptr ? convert(old, *def, value, one.lanes) : Fit::cleared;
      if (fit == Fit::clamped) ++outcome.clamped_values;
      if (fit == Fit::cleared) ++outcome.cleared_values;
      if (fit != Fit::cleared) kept.push_back(one);
      if (old.type == RELUME_TEXT) continue;
      report_->add(old, def, committed ? RELUME_TIER_COMMITTED : RELUME_TIER_PERSISTED, fit, unfit_of(old, def, fit),
                   value);
    }
  }
  if (change.carries) carry(from, to);
  // In place nothing is taken from automation, which goes on.
  const bool in_place = from.handle().bits == to.handle().bits && !from.dormant();
  if (!in_place) {
    lay_out(from, true);
    lay_out(to, false);
  } else {
    put_defaults(to);
  }
  for (const Kept& value : kept) {
    const std::uint32_t slot = to.first_slot + value.def->slot;
    SavedBlock& saved = c_.tree_.edit(slot / kBlockSlots).saved;
    if (value.kind == RELUME_CHANGE_SET) {
      write_lanes(saved.committed, saved.committed_present, slot, value.def->lanes, value.lanes);
    } else {
      write_lanes(saved.persisted, saved.persisted_present, slot, value.def->lanes, value.lanes);
    }
  }
}

void ChangeSet::report_automation(const ResolvedChange& change, const ParamDef& old, const ParamDef* def) {
  const Layer& from = *change.from;
  if (from.dormant()) return;
  const OverlayGlimpse overlay = c_.live_overlay(from.first_slot + old.slot, old);
  if (!overlay.there || !overlay.automated) return;
  const Lanes& before = overlay.lanes;
  Lanes after{};
  Fit fit = def != nullptr ? convert(old, *def, before, after) : Fit::cleared;
  relume_unfit why = unfit_of(old, def, fit);
  if (fit != Fit::cleared && !converts_always(old, *def)) {
    fit = Fit::cleared;
    why = RELUME_UNFIT_LABELS;
  } else if (fit != Fit::cleared && !change.carries) {
    fit = Fit::cleared;
    why = RELUME_UNFIT_NO_ROOM;
  }
  report_->add(old, def, RELUME_TIER_TRANSIENT, fit, why, before);
}

void ChangeSet::carry(const Layer& from, const Layer& to) {
  for (const ParamDef& old : from.type->params()) {
    const ParamDef* def = to.type->find(old.key);
    if (def == nullptr || !converts_always(old, *def)) continue;
    Carry carry;
    carry.version = c_.tree_.version();
    carry.order = order_;
    carry.from_param = param_handle(from.index, from.generation, old.slot).bits;
    carry.to_param = param_handle(to.index, to.generation, def->slot).bits;
    carry.from_slot = from.first_slot + old.slot;
    carry.to_slot = to.first_slot + def->slot;
    const Taken taken = c_.tree_.page(carry.from_slot / kBlockSlots)->taken(carry.from_slot % kBlockSlots);
    carry.taken_order = taken.order;
    carry.taken_flags = taken.flags;
    carry.taken_forced = taken.forced;
    carry.old = &old;
    carry.def = def;
    carries_->push_back(carry);
  }
}

void ChangeSet::put_defaults(const Layer& layer) {
  for (const ParamDef& def : layer.type->params()) {
    const std::uint32_t slot = layer.first_slot + def.slot;
    SavedBlock& saved = c_.tree_.edit(slot / kBlockSlots).saved;
    std::copy_n(def.initial.begin(), def.lanes, saved.persisted.begin() + slot % kBlockSlots);
  }
}

void ChangeSet::replace(const RestoredBlocks& blocks) {
  static constexpr SavedBlock kEmpty{};
  for (std::uint32_t block = 0; block < blocks.size(); ++block) {
    const Page* page = c_.tree_.page(block);
    const SavedBlock& now = page != nullptr ? page->saved : kEmpty;
    if (now != blocks[block]) c_.tree_.edit(block).saved = blocks[block];
  }
}

void ChangeSet::for_each_value(const ResolvedChange& change, const Stack& stack) {
  const auto act = [&](const Layer& layer) {
    if (change.kind == RELUME_CHANGE_STORE) store(layer);
    if (change.kind == RELUME_CHANGE_REVERT) revert(layer);
    if (change.kind == RELUME_CHANGE_RESET) reset(layer);
  };
  if (change.layer != nullptr) return act(*change.layer);
  for (const auto& layer : stack.order()) {
    if (!layer->dormant()) act(*layer);
  }
}

void ChangeSet::store(const Layer& layer) {
  for_each_block(layer, [&](std::uint32_t block, std::uint64_t mask) {
    const Page* page = c_.tree_.page(block);
    const std::uint64_t committed = page->saved.committed_present & mask & ~triggers_in(layer, block);
    if (committed == 0) return;
    SavedBlock& saved = c_.tree_.edit(block).saved;
    for (std::uint64_t lanes = committed; lanes != 0; lanes &= lanes - 1) {
      const auto lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
      saved.persisted[lane] = saved.committed[lane];
    }
    saved.persisted_present |= committed;
    saved.committed_present &= ~committed;
    changed_ = true;
  });
}

void ChangeSet::revert(const Layer& layer) {
  for_each_block(layer, [&](std::uint32_t block, std::uint64_t mask) {
    const std::uint64_t committed = c_.tree_.page(block)->saved.committed_present & mask & ~triggers_in(layer, block);
    if (committed == 0) return;
    c_.tree_.edit(block).saved.committed_present &= ~committed;
    changed_ = true;
  });
}

void ChangeSet::reset(const Layer& layer) {
  revert(layer);
  for (const ParamDef& def : layer.type->params()) {
    if (def.type == RELUME_TRIGGER) continue;  // its automation is pulses that were fired
    const std::uint32_t slot = layer.first_slot + def.slot;
    const OverlayGlimpse overlay = c_.live_overlay(slot, def);
    if (overlay.there && overlay.automated) changed_ = true;
    c_.tree_.edit(slot / kBlockSlots).take(slot % kBlockSlots, order_, Taken::kReset, seen_);
  }
}

}  // namespace relume::core
