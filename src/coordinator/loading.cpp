// SPDX-License-Identifier: Apache-2.0
// A document takes the place of the whole show while it runs.
#include <algorithm>
#include <utility>

#include "coordinator/change_set.hpp"
#include "coordinator/coordinator.hpp"
#include "coordinator/preparation.hpp"
#include "persistence/restore.hpp"

namespace relume::core {
namespace {

// Handles and automation of a layer survive when it is the same thing in the same slots, whatever its key.
bool survives(const Schema& schema, const Layer& layer, const SavedStack& document) {
  const auto& layers = document.layers;
  const auto to = std::find_if(layers.begin(), layers.end(), [&](const SavedLayer& l) { return l.id == layer.id; });
  if (to == layers.end() || to->type->key() != layer.type->key()) return false;
  const auto declared = schema.type(layer.type->key());
  return declared != nullptr ? declared == layer.type : to->type->same_shape(*layer.type);
}

ResolvedChange change_of(std::uint32_t kind, std::shared_ptr<const Layer> layer) {
  ResolvedChange change;
  change.kind = kind;
  change.layer = layer.get();
  change.keep = std::move(layer);
  return change;
}

// Layers of the document, by id, that the stack knows by another key, or whose key is another layer's there: the id wins.
std::vector<std::uint64_t> disagreements(const Stack& stack, const SavedStack& document) {
  std::vector<std::uint64_t> ids;
  for (const SavedLayer& layer : document.layers) {
    const auto of_id = stack.find_id(layer.id);
    const Layer* of_key = stack.find(std::string_view(layer.key));
    if ((of_id != nullptr && of_id->key != layer.key) || (of_key != nullptr && of_key->id != layer.id)) {
      ids.push_back(layer.id);
    }
  }
  return ids;
}

void take_keys(Stack& stack, const SavedStack& document) {
  std::vector<std::pair<std::uint64_t, std::string>> keys;
  for (const SavedLayer& layer : document.layers) {
    const auto there = stack.find_id(layer.id);
    if (there != nullptr && there->key != layer.key) keys.emplace_back(layer.id, layer.key);
  }
  stack.take_keys(keys);
}

Fault load_layers(const Schema& schema, const SavedShow& document, Preparation& to, RestoredLayers& values) {
  const std::vector<std::shared_ptr<const Layer>> before = to.stack.order();
  for (const auto& layer : before) {
    if (survives(schema, *layer, document.stack)) continue;
    to.resolved.push_back(change_of(RELUME_CHANGE_REMOVE, layer));
    to.stack.remove(*layer);
  }
  take_keys(to.stack, document.stack);
  values.blocks.assign_empty(to.stack.max_slots() / kBlockSlots);
  TypeMatches matches;
  const auto block = [&](std::uint32_t i) { return document.block(i); };
  for (const SavedLayer& from : document.stack.layers) {
    auto layer = to.stack.find_id(from.id);
    if (layer != nullptr) {
      to.stack.move(*layer, {0});
      for (const std::uint32_t flag : {std::uint32_t{RELUME_LAYER_DISABLED}, std::uint32_t{RELUME_LAYER_BYPASSED}}) {
        to.stack.set_flag(*to.stack.find_id(from.id), flag, (from.flags & flag) != 0);
      }
      layer = to.stack.find_id(from.id);
    } else {
      const auto declared = schema.type(from.type->key());
      const Layer* made = nullptr;
      if (Fault fault = to.stack.restore(from.key, declared != nullptr ? declared : from.type, from.id, from.flags,
                                         Stack::kPlaced, made)) {
        return fault;
      }
      layer = to.stack.find_id(from.id);
      to.resolved.push_back(change_of(RELUME_CHANGE_ADD, layer));
    }
    restore_values(from, *layer, block, matches, values);
  }
  to.stack.set_next_layer_id(std::max(to.stack.next_layer_id(), document.stack.next_layer_id));
  to.objects = restore_objects(document.objects, to.stack);
  to.stack_changed = to.objects_changed = true;
  return {};
}

void copy_slot(const SavedBlock& from, std::uint32_t slot, SavedBlock& to, std::uint32_t place) {
  const auto copy_bit = [&](std::uint64_t source, std::uint64_t& target) {
    target = (target & ~(std::uint64_t{1} << place)) | ((source >> slot) & 1U) << place;
  };
  copy_bit(from.persisted_present, to.persisted_present);
  copy_bit(from.committed_present, to.committed_present);
  to.persisted[place] = from.persisted[slot];
  to.committed[place] = from.committed[slot];
}

}  // namespace

// A count that changed would be taken for pulses: triggers that are in both, by layer id and key, go on counting. hot_ is held.
void Coordinator::keep_counts(const Stack& next, RestoredBlocks& blocks) const {
  for (const auto& layer : next.order()) {
    const auto before = layer->type->triggers().empty() ? nullptr : stack_->find_id(layer->id);
    if (before == nullptr) continue;
    for (const std::uint32_t place : layer->type->triggers()) {
      const ParamDef* was = before->type->find(layer->type->at_slot(place)->key);
      if (was == nullptr || was->type != RELUME_TRIGGER) continue;
      const std::uint32_t from = before->first_slot + was->slot;
      const std::uint32_t to = layer->first_slot + place;
      copy_slot(tree_.page(from / kBlockSlots)->saved, from % kBlockSlots, blocks.edit(to / kBlockSlots),
                to % kBlockSlots);
    }
  }
}

Fault Coordinator::load(const SavedShow& document, relume_outcome& outcome) {
  const std::lock_guard structure_lock(structure_);
  outcome.level = level();
  Preparation preparation(schema_, *stack_, *objects_);
  const std::vector<std::uint64_t> disagreeing = disagreements(*stack_, document.stack);
  RestoredLayers values;
  if (Fault fault = load_layers(schema_, document, preparation, values)) return fault;
  Successor next;
  if (Fault fault = next.build(*this, preparation)) return fault;

  const std::lock_guard lock(hot_);
  keep_counts(*next.stack, values.blocks);
  ChangeSet set(*this, nullptr);
  for (const ResolvedChange& change : preparation.resolved) set.edit(change, *next.stack, outcome);
  set.replace(values.blocks);
  relume_event event{};
  event.kind = RELUME_EVENT_ACCEPTED;
  outcome.urgency = RELUME_URGENCY_COALESCE;
  set.hand_over();
  accept({RELUME_TARGET_CHECKPOINT | RELUME_TARGET_DOCUMENT, RELUME_INVALIDATE_INCOMPATIBLE, RELUME_RESET_ALL}, event,
         &next, outcome);
  event.kind = RELUME_EVENT_LAYER_IDENTITY;
  event.revision = head_.revision;
  for (const std::uint64_t id : disagreeing) {
    const auto layer = stack_->find_id(id);
    if (layer == nullptr || layer->dormant()) continue;  // of no handle, and in nobody's hands
    event.layer = layer->handle();
    events_.publish(event);
    ++outcome.events;
  }
  return {};
}

}  // namespace relume::core
