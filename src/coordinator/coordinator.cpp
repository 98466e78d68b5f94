// SPDX-License-Identifier: Apache-2.0
#include "coordinator/coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "coordinator/change_set.hpp"
#include "persistence/structure_codec.hpp"

namespace relume::core {

Coordinator::Coordinator(Parts parts, const Seams& seams)
    : schema_(std::move(parts.schema)),
      seams_(seams),
      stack_(std::move(parts.stack)),
      mirror_(std::move(parts.mirror)),
      head_(parts.head),
      tree_(parts.tree),
      composer_(parts.composer),
      frames_(parts.frames),
      events_(parts.events),
      layers_(parts.layers),
      order_(parts.order) {}

void Coordinator::start(const std::vector<SavedBlock>& blocks) {
  tree_.begin();
  for (const auto& layer : stack_.order()) {
    const std::uint32_t last = (layer->first_slot + layer->type->slot_count() - 1) / kBlockSlots;
    for (std::uint32_t block = layer->first_slot / kBlockSlots; block <= last; ++block) {
      tree_.edit(block).saved = blocks[block];
    }
    if (!layer->dormant()) layers_.put(layer->index, layer->generation, layer->first_slot, layer->type.get());
  }
  tree_.publish(head_.revision, view_of(stack_, tree_.version()));
}

std::unique_ptr<StackView> Coordinator::view_of(const Stack& stack, std::uint64_t version) const {
  auto view = std::make_unique<StackView>();
  view->created = version;
  view->table.resize(stack.table_size());
  for (const auto& layer : stack.order()) {
    if (layer->dormant()) continue;
    view->table[layer->index] = {layer->generation, layer->first_slot, layer->type->slot_count()};
    view->layers.push_back({layer->handle(), layer->id, layer->first_slot, layer->type->slot_count(), layer->flags, 0});
  }
  return view;
}

Fault Coordinator::apply(std::span<const relume_change> changes, relume_outcome& outcome, relume_layer* added) {
  const bool structural =
      std::any_of(changes.begin(), changes.end(), [](const auto& c) { return is_structural(c.kind); });
  Fault fault = structural ? apply_structure(changes, outcome, added) : apply_values(changes, outcome);
  if (fault) {
    outcome.state = RELUME_STATE_REJECTED;
    outcome.reason = fault.code;
    rejected_.fetch_add(1, std::memory_order_relaxed);
  }
  return fault;
}

namespace {

relume_event event_of(std::span<const relume_change> changes) {
  relume_event event{};
  event.kind = RELUME_EVENT_ACCEPTED;
  event.count = static_cast<std::uint32_t>(changes.size());
  if (changes.empty()) return event;
  event.change = changes[0].kind;
  event.param = changes[0].param;
  event.layer = changes[0].layer;
  return event;
}

Fault check_kind(const relume_change& change) {
  if (change.reserved[0] != 0 || change.reserved[1] != 0) {
    return {RELUME_E_INVALID, "reserved", "a change's reserved fields must be 0: start it zeroed"};
  }
  if (effects_of(change.kind).targets != 0) return {};
  return {RELUME_E_INVALID, "kind", fmt::format("{} is not a kind of change", change.kind)};
}

}  // namespace

namespace {

// What a refused change-set would have met is of no interest.
void forget_masking(relume_outcome& outcome) {
  outcome.masked_count = outcome.masked_by = outcome.masked_priority = 0;
  outcome.masked_param = {0};
}

}  // namespace

Fault Coordinator::apply_values(std::span<const relume_change> changes, relume_outcome& outcome) {
  const std::lock_guard lock(hot_);
  outcome.revision = head_.revision;
  outcome.level = level();
  ChangeSet set(*this);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    ResolvedChange resolved;
    Fault fault = check_kind(changes[i]);
    if (!fault) fault = resolve_value_change(stack_, changes[i], resolved);
    if (fault) {
      outcome.culprit = static_cast<std::uint32_t>(i);
      forget_masking(outcome);
      return fault;
    }
    set.edit(resolved, stack_, outcome);
  }
  if (set.changed()) {
    outcome.urgency = set.lossy_only() ? RELUME_URGENCY_LOSSY : RELUME_URGENCY_COALESCE;
    set.hand_over();
    accept(set.effects(), event_of(changes), nullptr, nullptr, outcome);
    return {};
  }
  stay_same(set, outcome);
  return {};
}

// Nothing to save, but automation that is still on its way must find that an operator was faster.
void Coordinator::stay_same(ChangeSet& set, relume_outcome& outcome) {
  outcome.state = RELUME_STATE_SAME;
  if (tree_.touched().empty()) return;
  set.hand_over();
  order_.store(set.order(), std::memory_order_release);
  tree_.publish(head_.revision, nullptr);
}

// The order is the contract: 1 hot state and mirror, 2 output, 3 clients, 4 disk. hot_ is held.
void Coordinator::accept(const Effects& effects, const relume_event& event, const std::string* structure,
                         std::unique_ptr<const StackView> view, relume_outcome& outcome) {
  ++head_.revision;
  head_.accepted_ns = seams_.clock->realtime_ns();
  if (mirror_ != nullptr) {
    for (const std::uint32_t block : tree_.touched()) mirror_->put_block(block, tree_.page(block)->saved);
    if (structure != nullptr) mirror_->put_structure(*structure);
    mirror_->commit(head_);
  }
  step(1);
  order_.fetch_add(1, std::memory_order_release);
  tree_.publish(head_.revision, std::move(view));
  step(2);
  relume_event published = event;
  published.revision = head_.revision;
  events_.publish(published);
  step(3);
  const SaveLedger::Request request = ledger_.request(effects.targets, head_.revision);
  step(4);
  outcome.state = RELUME_STATE_CHANGED;
  outcome.revision = head_.revision;
  outcome.persistence = request.persistence;
  outcome.targets = effects.targets;
  outcome.debounce_key = request.debounce_key;
  outcome.request_sequence = request.sequence;
  outcome.invalidation = effects.invalidation;
  outcome.render_reset = effects.render_reset;
  outcome.events = 1;
}

namespace {

struct StructureEdit {
  Stack stack;
  std::vector<ResolvedChange> resolved;
  relume_layer added{0};
};

Fault resolve_structure_change(const Schema& schema, const relume_change& change, StructureEdit& edit) {
  ResolvedChange resolved;
  resolved.kind = change.kind;
  if (change.kind == RELUME_CHANGE_ADD) {
    const std::string type_key = change.type_key != nullptr ? change.type_key : "";
    const auto type = schema.type(type_key);
    if (type == nullptr) {
      return {RELUME_E_UNKNOWN_TYPE, type_key, fmt::format("no layer type {} was declared at open", type_key)};
    }
    const std::string key = change.key != nullptr ? change.key : "";
    if (Fault fault = edit.stack.add(key, type, change.before, resolved.layer)) return fault;
    edit.added = resolved.layer->handle();
  } else {
    const bool lost = change.before.bits != 0 && edit.stack.find(change.before) == nullptr;
    resolved.layer = edit.stack.find(change.layer);
    if (resolved.layer == nullptr || lost) {
      return {RELUME_E_UNKNOWN_LAYER, resolved.layer == nullptr ? "layer" : "before",
              "the layer's handle is stale or none: the layer is gone; resolve its key again"};
    }
  }
  const auto& order = edit.stack.order();
  resolved.keep = *std::find_if(order.begin(), order.end(), [&](const auto& l) { return l.get() == resolved.layer; });
  switch (change.kind) {
    case RELUME_CHANGE_REMOVE: edit.stack.remove(*resolved.layer); break;
    case RELUME_CHANGE_MOVE: resolved.changed = edit.stack.move(*resolved.layer, change.before); break;
    case RELUME_CHANGE_ENABLE:
      resolved.changed = edit.stack.set_flag(*resolved.layer, RELUME_LAYER_DISABLED, change.flag == 0);
      break;
    case RELUME_CHANGE_BYPASS:
      resolved.changed = edit.stack.set_flag(*resolved.layer, RELUME_LAYER_BYPASSED, change.flag != 0);
      break;
    default: break;
  }
  edit.resolved.push_back(std::move(resolved));
  return {};
}

// STORE, REVERT and RESET of all layers mean the layers of that moment, not those that later changes leave.
void resolve_all_layers(const ResolvedChange& all, StructureEdit& edit) {
  for (const auto& layer : edit.stack.order()) {
    if (layer->dormant()) continue;
    ResolvedChange one = all;
    one.layer = layer.get();
    one.keep = layer;
    edit.resolved.push_back(std::move(one));
  }
}

Fault resolve_in_structure(const Schema& schema, const relume_change& change, StructureEdit& edit) {
  if (Fault fault = check_kind(change)) return fault;
  if (is_structural(change.kind)) return resolve_structure_change(schema, change, edit);
  ResolvedChange resolved;
  if (Fault fault = resolve_value_change(edit.stack, change, resolved)) return fault;
  if (resolved.layer == nullptr) {
    resolve_all_layers(resolved, edit);
    return {};
  }
  const auto& order = edit.stack.order();
  resolved.keep = *std::find_if(order.begin(), order.end(), [&](const auto& l) { return l.get() == resolved.layer; });
  edit.resolved.push_back(std::move(resolved));
  return {};
}

}  // namespace

// All that takes time, copies and encodings, is done before hot_ is taken.
Fault Coordinator::apply_structure(std::span<const relume_change> changes, relume_outcome& outcome,
                                   relume_layer* added) {
  const std::lock_guard structure_lock(structure_);
  outcome.level = level();
  StructureEdit edit{stack_, {}, {0}};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (Fault fault = resolve_in_structure(schema_, changes[i], edit)) {
      outcome.culprit = static_cast<std::uint32_t>(i);
      const std::lock_guard lock(hot_);
      outcome.revision = head_.revision;
      return fault;
    }
  }
  const std::string bytes = encode_stack(edit.stack);
  if (mirror_ != nullptr && bytes.size() > mirror_->geometry().structure_capacity) {
    const std::lock_guard lock(hot_);
    outcome.revision = head_.revision;
    return {RELUME_E_LIMIT, "stack", "the mirror has no more room for the stack; raise max_layers"};
  }
  auto view = view_of(edit.stack, 0);

  const std::lock_guard lock(hot_);
  outcome.revision = head_.revision;
  ChangeSet set(*this);
  for (const ResolvedChange& resolved : edit.resolved) set.edit(resolved, edit.stack, outcome);
  if (added != nullptr) *added = edit.added;
  if (!set.changed()) {
    stay_same(set, outcome);
    return {};
  }
  outcome.urgency = RELUME_URGENCY_COALESCE;
  // Handles of removed layers end before the order of this mutation begins, see Source::check.
  update_layer_table(stack_, edit.stack);
  view->created = tree_.version();
  set.hand_over();
  accept(set.effects(), event_of(changes), &bytes, std::move(view), outcome);
  std::swap(stack_, edit.stack);
  return {};
}

void Coordinator::update_layer_table(const Stack& before, const Stack& after) {
  for (const auto& layer : before.order()) {
    if (after.find(layer->handle()) == nullptr) layers_.clear(layer->index);
  }
  for (const auto& layer : after.order()) {
    if (before.find(layer->handle()) == nullptr && !layer->dormant()) {
      layers_.put(layer->index, layer->generation, layer->first_slot, layer->type.get());
    }
  }
}

OverlayGlimpse Coordinator::live_overlay(relume_param param, std::uint32_t slot, bool glides) const {
  OverlayGlimpse overlay = composer_.glimpse(slot, param);
  const Page* page = tree_.page(slot / kBlockSlots);
  const std::uint64_t taken = page != nullptr ? page->taken[slot % kBlockSlots] : 0;
  const std::uint32_t priority = overlay.automated ? overlay.priority : 0;
  if (overlay.there && Taken::outranks(taken, overlay.order, priority)) {
    // Not composed yet: it ends at once, or begins to glide back.
    overlay.there = (taken & Taken::kGlide) != 0 && glides;
    overlay.automated = false;
  }
  return overlay;
}

void Coordinator::commit_settled() {
  CommitRequest request;
  // No answer can be lost: without room for one, the request stays where it is.
  while (composer_.can_answer() && composer_.next_request(request)) commit_one(request);
}

void Coordinator::commit_one(const CommitRequest& request) {
  const std::lock_guard lock(hot_);
  relume_event event{};
  event.count = 1;
  event.param = request.param;
  event.revision = head_.revision;
  event.change = request.policy == RELUME_COMMIT_PERSIST ? RELUME_CHANGE_PERSIST : RELUME_CHANGE_SET;

  const Layer* layer = nullptr;
  const ParamDef* def = nullptr;
  const bool known = stack_.find(request.param, layer, def);
  const std::uint32_t slot = known ? layer->first_slot + def->slot : 0;
  const std::uint64_t taken = known ? tree_.page(slot / kBlockSlots)->taken[slot % kBlockSlots] : 0;
  if (!known || Taken::outranks(taken, request.order, request.priority)) {
    // Nothing to answer: the composer ends the overlay when it sees the mutation that was faster.
    event.kind = RELUME_EVENT_OVERLAY_STALE;
    events_.publish(event);
    return;
  }
  {
    ChangeSet set(*this);
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    if (set.settle({event.change, layer, def, request.lanes, nullptr, false})) {
      event.kind = RELUME_EVENT_OVERLAY_SETTLED;
      set.hand_over();
      accept(effects_of(event.change), event, nullptr, nullptr, outcome);
    }
  }
  composer_.answer({tree_.version(), request.overlay, request.token});
}

}  // namespace relume::core
