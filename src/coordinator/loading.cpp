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

std::shared_ptr<const Layer> find_id(const Stack& stack, std::uint64_t id) {
  const auto& order = stack.order();
  const auto found = std::find_if(order.begin(), order.end(), [&](const auto& l) { return l->id == id; });
  return found != order.end() ? *found : nullptr;
}

// Handles and automation of a layer survive when it is the same thing in the same slots.
bool survives(const Schema& schema, const Layer& layer, const SavedStack& document) {
  const auto& layers = document.layers;
  const auto to = std::find_if(layers.begin(), layers.end(), [&](const SavedLayer& l) { return l.id == layer.id; });
  if (to == layers.end() || to->key != layer.key || to->type->key() != layer.type->key()) return false;
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

Fault load_layers(const Schema& schema, const SavedShow& document, Preparation& to, RestoredLayers& values) {
  const std::vector<std::shared_ptr<const Layer>> before = to.stack.order();
  for (const auto& layer : before) {
    if (survives(schema, *layer, document.stack)) continue;
    to.resolved.push_back(change_of(RELUME_CHANGE_REMOVE, layer));
    to.stack.remove(*layer);
  }
  values.blocks.assign(to.stack.max_slots() / kBlockSlots, {});
  const auto block = [&](std::uint32_t i) { return document.block(i); };
  for (const SavedLayer& from : document.stack.layers) {
    auto layer = find_id(to.stack, from.id);
    if (layer != nullptr) {
      to.stack.move(*layer, {0});
      for (const std::uint32_t flag : {std::uint32_t{RELUME_LAYER_DISABLED}, std::uint32_t{RELUME_LAYER_BYPASSED}}) {
        to.stack.set_flag(*find_id(to.stack, from.id), flag, (from.flags & flag) != 0);
      }
      layer = find_id(to.stack, from.id);
    } else {
      const auto declared = schema.type(from.type->key());
      const Layer* made = nullptr;
      if (Fault fault = to.stack.restore(from.key, declared != nullptr ? declared : from.type, from.id, from.flags,
                                         Stack::kPlaced, made)) {
        return fault;
      }
      layer = find_id(to.stack, from.id);
      to.resolved.push_back(change_of(RELUME_CHANGE_ADD, layer));
    }
    restore_values(from, *layer, block, values);
  }
  to.stack.set_next_layer_id(std::max(to.stack.next_layer_id(), document.stack.next_layer_id));
  to.objects = restore_objects(document.objects, to.stack);
  to.stack_changed = to.objects_changed = true;
  return {};
}

}  // namespace

Fault Coordinator::load(const SavedShow& document, relume_outcome& outcome) {
  const std::lock_guard structure_lock(structure_);
  outcome.level = level();
  Preparation preparation(schema_, *stack_, *objects_);
  RestoredLayers values;
  if (Fault fault = load_layers(schema_, document, preparation, values)) return fault;
  Successor next;
  if (Fault fault = next.build(*this, preparation)) return fault;

  const std::lock_guard lock(hot_);
  ChangeSet set(*this, nullptr);
  for (const ResolvedChange& change : preparation.resolved) set.edit(change, *next.stack, outcome);
  set.replace(values.blocks);
  relume_event event{};
  event.kind = RELUME_EVENT_ACCEPTED;
  outcome.urgency = RELUME_URGENCY_COALESCE;
  set.hand_over();
  accept({RELUME_TARGET_CHECKPOINT | RELUME_TARGET_DOCUMENT, RELUME_INVALIDATE_LAYER, RELUME_RESET_ALL}, event, &next,
         outcome);
  return {};
}

}  // namespace relume::core
