// SPDX-License-Identifier: Apache-2.0
#include "coordinator/coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "coordinator/change_set.hpp"
#include "coordinator/preparation.hpp"
#include "persistence/held_layout.hpp"
#include "persistence/restore.hpp"
#include "persistence/structure_codec.hpp"

namespace relume::core {

Coordinator::Coordinator(Parts parts, const Seams& seams)
    : schema_(std::move(parts.schema)),
      has_text_(schema_.has_text()),
      seams_(seams),
      stack_(std::make_shared<const Stack>(std::move(parts.stack))),
      stack_bytes_(std::make_shared<const std::string>(encode_stack(*stack_))),
      objects_(std::make_shared<const ObjectTable>(std::move(parts.objects))),
      mirror_(std::move(parts.mirror)),
      head_(parts.head),
      structure_revision_(parts.head.revision),
      tree_(parts.tree),
      composer_(parts.composer),
      frames_(parts.frames),
      events_(parts.events),
      layers_(parts.layers),
      order_(parts.order),
      ledger_(parts.ledger) {}

void Coordinator::start(const RestoredBlocks& blocks) {
  std::uint32_t slots = 0;
  for (const auto& layer : stack_->order()) slots += layer->type->slot_count();
  tree_.prefault((slots + kBlockSlots - 1) / kBlockSlots);
  tree_.begin(head_.revision);
  for (const auto& layer : stack_->order()) {
    const std::uint32_t last = (layer->first_slot + layer->type->slot_count() - 1) / kBlockSlots;
    for (std::uint32_t block = layer->first_slot / kBlockSlots; block <= last; ++block) {
      tree_.edit(block).saved = blocks[block];
    }
    if (!layer->dormant()) layers_.put(layer->index, layer->generation, layer->first_slot, layer->type.get());
  }
  auto view = view_of(*stack_, tree_.version());
  view->revision = head_.revision;
  tree_.publish(head_.revision, order_.load(std::memory_order_relaxed), std::move(view));
}

Coordinator::~Coordinator() { frames_.keep(schema_.release_types(), std::move(retired_types_)); }

std::unique_ptr<StackView> Coordinator::view_of(const Stack& stack, std::uint64_t version) const {
  auto view = std::make_unique<StackView>();
  view->created = version;
  if (mirror_ != nullptr) view->held_layout = held_layouts(stack);
  view->table.resize(stack.table_size());
  view->types.resize(stack.table_size());
  for (const auto& layer : stack.order()) {
    if (layer->dormant()) continue;
    view->types[layer->index] = layer->type.get();
    view->extents.push_back(
        {layer->first_slot, layer->first_slot + layer->type->slot_count(), layer->index, layer->type.get()});
    view->has_triggers |= !layer->type->triggers().empty();
    view->table[layer->index] = {layer->generation, layer->first_slot, layer->type->slot_count(), layer->type.get()};
    view->layers.push_back({layer->handle(), layer->id, layer->first_slot, layer->type->slot_count(), layer->flags, 0});
  }
  std::sort(view->extents.begin(), view->extents.end(),
            [](const LayerExtent& a, const LayerExtent& b) { return a.first_slot < b.first_slot; });
  return view;
}

Fault Coordinator::apply(std::span<const relume_change> changes, relume_outcome& outcome, relume_layer* added) {
  Fault fault;
  if (needs_preparation(changes) || !apply_values(changes, outcome, fault)) {
    fault = apply_prepared(changes, outcome, added);
  }
  if (fault) reject(fault, outcome);
  return fault;
}

bool Coordinator::needs_preparation(std::span<const relume_change> changes) const {
  const bool has_text = has_text_.load(std::memory_order_relaxed);
  return std::any_of(changes.begin(), changes.end(),
                     [has_text](const auto& c) { return Preparation::needed(c, has_text); });
}

void Coordinator::reject(const Fault& fault, relume_outcome& outcome) {
  outcome.state = RELUME_STATE_REJECTED;
  outcome.reason = fault.code;
  rejected_.fetch_add(1, std::memory_order_relaxed);
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

}  // namespace

namespace {

// What a refused change-set would have met is of no interest.
void forget_masking(relume_outcome& outcome) {
  outcome.masked_count = outcome.masked_by = outcome.masked_priority = 0;
  outcome.masked_param = {0};
}

}  // namespace

// False: the first type with a text came in between, and nothing was done.
bool Coordinator::apply_values(std::span<const relume_change> changes, relume_outcome& outcome, Fault& fault) {
  const std::lock_guard lock(hot_);
  if (needs_preparation(changes)) return false;
  outcome.revision = head_.revision;
  outcome.level = level();
  ChangeSet set(*this, nullptr);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    ResolvedChange resolved;
    std::string_view text;  // of no value here: they are prepared
    fault = check_change(changes[i]);
    if (!fault) fault = resolve_value_change(*stack_, changes[i], resolved, text);
    if (fault) {
      outcome.culprit = static_cast<std::uint32_t>(i);
      forget_masking(outcome);
      return true;
    }
    set.edit(resolved, *stack_, outcome);
  }
  if (set.changed()) {
    outcome.urgency = set.lossy_only() ? RELUME_URGENCY_LOSSY : RELUME_URGENCY_COALESCE;
    set.hand_over();
    accept(set.effects(), event_of(changes), nullptr, outcome);
  } else {
    stay_same(set, outcome);
  }
  return true;
}

// Nothing to save, but automation that is still on its way must find that an operator was faster.
void Coordinator::stay_same(ChangeSet& set, relume_outcome& outcome) {
  outcome.state = RELUME_STATE_SAME;
  if (tree_.touched().empty()) return;
  set.hand_over();
  if (mirror_ != nullptr) {
    put_touched();
    mirror_->commit(head_);
  }
  tree_.publish(head_.revision, set.order(), nullptr);
  order_.store(set.order(), order::kOrderRaise);
}

void Coordinator::put_touched() {
  for (const std::uint32_t block : tree_.touched()) {
    const Page& page = *tree_.page(block);
    mirror_->put_block(block, page.saved, page.taken_lanes);
  }
}

// The order is the contract: 1 hot state and mirror, 2 output, 3 clients, 4 disk. hot_ is held.
void Coordinator::accept(const Effects& effects, const relume_event& event, Successor* next, relume_outcome& outcome) {
  ++head_.revision;
  head_.accepted_ns = seams_.clock->realtime_ns();
  if ((effects.targets & RELUME_TARGET_DOCUMENT) != 0) head_.document_wanted = head_.revision;
  // Handles of removed layers end before the order of this mutation begins, see Source::check.
  if (next != nullptr) take_over(*next);
  if (mirror_ != nullptr) {
    put_touched();
    if (next != nullptr) {
      mirror_->commit_staged(head_);
      next->staged_in = nullptr;
    } else {
      mirror_->commit(head_);
    }
  }
  step(1);
  // Published first: whoever knows of an order finds it in the root.
  const std::uint64_t order = order_.load(std::memory_order_relaxed) + 1;
  tree_.publish(head_.revision, order, next != nullptr ? std::move(next->view) : nullptr);
  order_.store(order, order::kOrderRaise);
  step(2);
  relume_event published = event;
  published.revision = head_.revision;
  events_.publish(published);
  step(3);
  const SaveLedger::Request request =
      ledger_.request(effects.targets, outcome.urgency == RELUME_URGENCY_LOSSY, head_.revision);
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

// All that takes time, copies and encodings, is done before hot_ is taken, and what it replaces ends after hot_ was given back.
Fault Coordinator::apply_prepared(std::span<const relume_change> changes, relume_outcome& outcome,
                                  relume_layer* added) {
  const std::lock_guard structure_lock(structure_);
  outcome.level = level();
  const auto refused = [&](Fault fault) {
    const std::lock_guard lock(hot_);
    outcome.revision = head_.revision;
    return fault;
  };
  Preparation preparation(schema_, *stack_, *objects_);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (Fault fault = preparation.add(changes[i])) {
      outcome.culprit = static_cast<std::uint32_t>(i);
      return refused(std::move(fault));
    }
  }
  if (added != nullptr) *added = preparation.added;
  relume_event event = event_of(changes);
  if (event.change == RELUME_CHANGE_ADD || event.change == RELUME_CHANGE_RETYPE)
    event.layer = preparation.resolved[0].layer->handle();
  return apply_preparation(preparation, event, outcome);
}

// structure_ is held.
Fault Coordinator::apply_preparation(Preparation& preparation, const relume_event& event, relume_outcome& outcome) {
  Successor next;
  Fault fault = next.build(*this, preparation);
  {
    const std::lock_guard lock(hot_);
    outcome.revision = head_.revision;
    if (fault) return fault;
    take_effect(preparation, event, next, outcome);
  }
  const std::shared_ptr<TypeReport>& report = preparation.report;
  const bool tells = outcome.state == RELUME_STATE_CHANGED && report != nullptr && !report->empty();
  if (tells) type_reports_.put(outcome.revision, report);
  return {};
}

// Both mutexes are held.
void Coordinator::take_effect(Preparation& preparation, const relume_event& event, Successor& next,
                              relume_outcome& outcome) {
  ChangeSet set(*this, next.view != nullptr ? &next.view->carries : nullptr, preparation.report.get());
  for (const ResolvedChange& resolved : preparation.resolved) set.edit(resolved, *next.stack, outcome);
  if (!set.changed()) {
    stay_same(set, outcome);
    if (event.kind == RELUME_EVENT_TYPE_CHANGED) {
      // Nothing of the show is another, but what the host has built is.
      relume_event published = event;
      published.revision = head_.revision;
      events_.publish(published);
      outcome.events = 1;
    }
    return;
  }
  outcome.urgency = set.lossy_only() ? RELUME_URGENCY_LOSSY : RELUME_URGENCY_COALESCE;
  set.hand_over();
  accept(set.effects(), event, &next, outcome);
}

Coordinator::Successor::~Successor() {
  if (staged_in != nullptr) staged_in->unstage();
}

// A composer that skips a view must still learn what happened in it. structure_ is held, so no other view comes.
void Coordinator::Successor::hand_on_carries(Coordinator& c, StackView& view, std::size_t more) {
  std::uint64_t taken = 0;
  {
    const std::lock_guard lock(c.hot_);
    taken = c.tree_.last_taken();
  }
  const std::vector<Carry>& before = c.tree_.stack()->carries;
  const auto unseen = [taken](const Carry& carry) { return carry.version > taken; };
  view.carries.reserve(static_cast<std::size_t>(std::count_if(before.begin(), before.end(), unseen)) + more);
  std::copy_if(before.begin(), before.end(), std::back_inserter(view.carries), unseen);
}

Fault Coordinator::Successor::build(Coordinator& c, Preparation& preparation) {
  objects =
      preparation.objects_changed ? std::make_shared<const ObjectTable>(std::move(preparation.objects)) : c.objects_;
  stack = c.stack_;
  stack_bytes = c.stack_bytes_;
  if (preparation.stack_changed) {
    stack = std::make_shared<const Stack>(std::move(preparation.stack));
    stack_bytes = std::make_shared<const std::string>(encode_stack(*stack));
    view = c.view_of(*stack, 0);
    hand_on_carries(c, *view, preparation.carried);
  }
  if (c.mirror_ == nullptr) return {};
  if (Fault fault = c.mirror_->stage(*stack_bytes, *objects)) return fault;
  staged_in = c.mirror_.get();
  return {};
}

void Coordinator::take_over(Successor& next) {
  if (next.view != nullptr) {
    update_layer_table(*stack_, *next.stack);
    next.view->created = tree_.version();
    next.view->revision = structure_revision_ = head_.revision;
  }
  stack_.swap(next.stack);
  stack_bytes_.swap(next.stack_bytes);
  objects_.swap(next.objects);
}

void Coordinator::update_layer_table(const Stack& before, const Stack& after) {
  for (const auto& layer : before.order()) {
    if (after.find(layer->handle()) == nullptr) layers_.clear(layer->index);
  }
  for (const auto& layer : after.order()) {
    if (layer->dormant()) continue;
    const Layer* was = before.find(layer->handle());
    if (was == nullptr) {
      layers_.put(layer->index, layer->generation, layer->first_slot, layer->type.get());
    } else if (was->type != layer->type) {
      layers_.retype(layer->index, layer->type.get());
    }
  }
}

OverlayGlimpse Coordinator::live_overlay(std::uint32_t slot, const ParamDef& def) const {
  OverlayGlimpse overlay = composer_.glimpse(slot, def);
  if (!overlay.there) return overlay;
  const Page* page = tree_.page(slot / kBlockSlots);
  const Taken taken = page != nullptr ? page->taken(slot % kBlockSlots) : Taken{};
  const std::uint32_t priority = overlay.automated ? overlay.priority : 0;
  if (taken.outranks(composer_.seen_order(), priority)) {
    // Not composed yet: it ends at once, or begins to glide back, unless it does so already.
    overlay.there = !taken.renewed() && taken.glides() && (overlay.glides || !overlay.automated);
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
  const bool known = stack_->find(request.param, layer, def);
  const std::uint32_t slot = known ? layer->first_slot + def->slot : 0;
  const Taken taken = known ? tree_.page(slot / kBlockSlots)->taken(slot % kBlockSlots) : Taken{};
  if (!known || taken.outranks(request.order, request.priority)) {
    // Nothing to answer: the composer ends the overlay when it sees the mutation that was faster.
    event.kind = RELUME_EVENT_OVERLAY_STALE;
    events_.publish(event);
    return;
  }
  try {
    ChangeSet set(*this, nullptr);
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    Lanes lanes = request.lanes;
    clamp_to_range(*def, lanes);  // the type may have changed since
    if (set.settle({event.change, layer, def, lanes, nullptr, false, false, nullptr, {}})) {
      event.kind = RELUME_EVENT_OVERLAY_SETTLED;
      set.hand_over();
      const bool lossy = (def->flags & RELUME_PARAM_LOSSY) != 0;
      outcome.urgency = lossy ? RELUME_URGENCY_LOSSY : RELUME_URGENCY_COALESCE;
      accept(effects_of(event.change), event, nullptr, outcome);
    }
  } catch (const std::bad_alloc&) {
    event.kind = RELUME_EVENT_OVERLAY_REJECTED;
    event.reason = RELUME_E_NOMEM;
    events_.publish(event);
    composer_.answer({tree_.version(), request.slot, RELUME_E_NOMEM, request.lanes});
    return;
  }
  composer_.answer({tree_.version(), request.slot, RELUME_OK, request.lanes});
}

}  // namespace relume::core
