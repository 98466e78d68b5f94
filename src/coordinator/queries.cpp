// SPDX-License-Identifier: Apache-2.0
// What may be asked of a show at any time: the stack, definitions, values, watermarks.
#include <fmt/format.h>

#include <algorithm>

#include "coordinator/coordinator.hpp"
#include "persistence/trigger_count.hpp"
#include "platform/copy_text.hpp"

namespace relume::core {
namespace {

Fault no_layer(std::string who) {
  return {RELUME_E_UNKNOWN_LAYER, std::move(who), "there is no such layer: it was never added, or it was removed"};
}

Fault no_route(std::string who) {
  return {RELUME_E_UNKNOWN_ROUTE, std::move(who),
          "there is no such parameter: a route is layer-key/control-key, and a handle ends with its layer"};
}

}  // namespace

Fault Coordinator::find(relume_param param, Found& out) const {
  if (!stack_->find(param, out.layer, out.def)) return no_route(fmt::format("param {:#x}", param.bits));
  out.slot = out.layer->first_slot + out.def->slot;
  return {};
}

Fault Coordinator::find(relume_layer handle, const Layer*& out) const {
  out = stack_->find(handle);
  return out != nullptr ? Fault{} : no_layer(fmt::format("layer {:#x}", handle.bits));
}

Fault Coordinator::find_layer(const char* key, relume_layer& out) {
  const std::lock_guard lock(hot_);
  const Layer* layer = stack_->find(std::string_view(key));
  if (layer == nullptr || layer->dormant()) return no_layer(key);
  out = layer->handle();
  return {};
}

Fault Coordinator::layer_at(std::uint32_t position, relume_layer& out) {
  const std::lock_guard lock(hot_);
  std::uint32_t at = 0;
  for (const auto& layer : stack_->order()) {
    if (layer->dormant()) continue;
    if (at++ != position) continue;
    out = layer->handle();
    return {};
  }
  return no_layer(fmt::format("position {}", position));
}

std::uint32_t Coordinator::layer_count() {
  const std::lock_guard lock(hot_);
  const auto& order = stack_->order();
  return static_cast<std::uint32_t>(
      std::count_if(order.begin(), order.end(), [](const auto& l) { return !l->dormant(); }));
}

Fault Coordinator::layer_info(relume_layer handle, relume_layer_info& out) {
  const std::lock_guard lock(hot_);
  const Layer* layer = nullptr;
  if (Fault fault = find(handle, layer)) return fault;
  out.flags = layer->flags;
  out.layer = handle;
  out.id = layer->id;
  out.param_count = static_cast<std::uint32_t>(layer->type->params().size());
  out.slot_count = layer->type->slot_count();
  copy_text(out.key, layer->key);
  copy_text(out.type_key, layer->type->key());
  return {};
}

Fault Coordinator::find_param(const char* route, relume_param& out) {
  const std::lock_guard lock(hot_);
  const Layer* layer = nullptr;
  const ParamDef* def = nullptr;
  if (!stack_->find_route(route, layer, def)) return no_route(route);
  out = param_handle(layer->index, layer->generation, def->slot);
  return {};
}

Fault Coordinator::param_at(relume_layer handle, std::uint32_t n, relume_param& out) {
  const std::lock_guard lock(hot_);
  const Layer* layer = nullptr;
  if (Fault fault = find(handle, layer)) return fault;
  if (n >= layer->type->params().size()) return no_route(fmt::format("{}: parameter {}", layer->key, n));
  out = param_handle(layer->index, layer->generation, layer->type->params()[n].slot);
  return {};
}

Fault Coordinator::param_info(relume_param param, relume_param_info& out) {
  const std::lock_guard lock(hot_);
  Found found;
  if (Fault fault = find(param, found)) return fault;
  const ParamDef& def = *found.def;
  out.type = def.type;
  out.param = param;
  out.layer = found.layer->handle();
  out.min = def.min;
  out.max = def.max;
  out.default_value = decode_value(def.type, def.initial.data());
  if (def.type == RELUME_TEXT) out.default_value.as.text.size = def.initial_text.size();
  out.smoothing_ns = def.smoothing_ns;
  out.settle_ns = def.settle_ns;
  out.flags = def.flags;
  out.commit_policy = def.commit_policy;
  out.label_count = static_cast<std::uint32_t>(def.labels.size());
  out.slot = def.slot;
  copy_text(out.route, found.layer->key + "/" + def.key);
  return {};
}

Fault Coordinator::find_label(relume_param param, const char* label, std::int32_t& out) {
  const std::lock_guard lock(hot_);
  Found found;
  if (Fault fault = find(param, found)) return fault;
  const std::string route = found.layer->key + "/" + found.def->key;
  if (found.def->type != RELUME_ENUM)
    return {RELUME_E_TYPE, route, fmt::format("{} is no enum and has no labels", route)};
  const auto& labels = found.def->labels;
  const auto at = std::find(labels.begin(), labels.end(), label);
  if (at == labels.end()) return {RELUME_E_RANGE, route, fmt::format("{} has no label {}", route, label)};
  out = static_cast<std::int32_t>(at - labels.begin());
  return {};
}

std::string Coordinator::label(relume_param param, std::int32_t index) {
  const std::lock_guard lock(hot_);
  Found found;
  const bool there = !find(param, found) && index >= 0 && static_cast<std::size_t>(index) < found.def->labels.size();
  return there ? found.def->labels[static_cast<std::size_t>(index)] : std::string();
}

// What holds now. Under automation that is what the newest frame shows; without it, what the tiers say, composed or not.
relume_tier Coordinator::composed(const Found& found, const OverlayGlimpse& overlay, relume_value& out) const {
  const SavedBlock& saved = tree_.page(found.slot / kBlockSlots)->saved;
  const std::uint32_t lane = found.slot % kBlockSlots;
  const bool committed = ((saved.committed_present >> lane) & 1U) != 0;
  const bool persisted = ((saved.persisted_present >> lane) & 1U) != 0;
  out = decode_value(found.def->type, (committed ? saved.committed : saved.persisted).data() + lane);
  if (found.def->type == RELUME_TRIGGER) out = relume_value_trigger(count_of(saved, lane));
  if (overlay.there) {
    out = decode_value(found.def->type, overlay.lanes.data());
    if (found.def->type == RELUME_TRIGGER) out = relume_value_trigger(saved.persisted[lane] + overlay.lanes[0]);
    if (overlay.automated) return RELUME_TIER_TRANSIENT;
  }
  return committed ? RELUME_TIER_COMMITTED : persisted ? RELUME_TIER_PERSISTED : RELUME_TIER_DEFAULT;
}

Fault Coordinator::value(relume_param param, relume_value& out, relume_tier& tier) {
  const std::lock_guard lock(hot_);
  Found found;
  if (Fault fault = find(param, found)) return fault;
  tier = composed(found, live_overlay(found.slot, *found.def), out);
  if (found.def->type == RELUME_TEXT) out.as.text.size = text_in(found, tier)->size();
  return {};
}

void Coordinator::status(relume_status& out) {
  const std::lock_guard lock(hot_);
  out.level = level();
  out.accepted = head_.revision;
  out.mirrored = is_mirrored() ? static_cast<std::int64_t>(mirror_->head().revision) : -1;
  out.checkpoint_wanted = ledger_.wanted(kCheckpoint);
  out.checkpoint_done = ledger_.done(kCheckpoint);
  out.document_wanted = ledger_.wanted(kDocument);
  out.document_done = ledger_.done(kDocument);
  out.rejected = rejected_.load(std::memory_order_relaxed);
}

}  // namespace relume::core
