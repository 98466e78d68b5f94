// SPDX-License-Identifier: Apache-2.0
#include "coordinator/preparation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "coordinator/effects.hpp"
#include "model/record.hpp"
#include "model/text.hpp"

namespace relume::core {

Fault check_change(const relume_change& change) {
  if (change.reserved[0] != 0 || change.reserved[1] != 0) {
    return {RELUME_E_INVALID, "reserved", "a change's reserved fields must be 0: start it zeroed"};
  }
  if (effects_of(change.kind).targets != 0) return {};
  return {RELUME_E_INVALID, "kind", fmt::format("{} is not a kind of change", change.kind)};
}

Fault unknown_type(const std::string& key) {
  return {RELUME_E_UNKNOWN_TYPE, key, fmt::format("no layer type {} is declared: declare it first", key)};
}

bool Preparation::needed(const relume_change& change, bool has_text) {
  switch (change.kind) {
    case RELUME_CHANGE_SET:
    case RELUME_CHANGE_PERSIST: return change.value.type == RELUME_TEXT;
    case RELUME_CHANGE_STORE:
    case RELUME_CHANGE_REVERT:
    case RELUME_CHANGE_RESET: return has_text;
    default: return effects_of(change.kind).targets != 0;
  }
}

Fault Preparation::add(const relume_change& change) {
  if (Fault fault = check_change(change)) return fault;
  if (change.kind == RELUME_CHANGE_RECORD || change.kind == RELUME_CHANGE_RECORD_REMOVE) return add_record(change);
  if (is_structural(change.kind)) return add_structure(change);
  ResolvedChange next;
  std::string_view text;
  if (Fault fault = resolve_value_change(stack, change, next, text)) return fault;
  if (next.def != nullptr) {
    next.keep = keep(next.layer);
    if (next.def->type == RELUME_TEXT) apply_text(next, text);
    resolved.push_back(std::move(next));
  } else if (next.layer != nullptr) {
    next.keep = keep(next.layer);
    add_layer_change(next);
  } else {
    // All layers means those of this moment, not those that later changes leave.
    for (const auto& layer : stack.order()) {
      if (layer->dormant()) continue;
      ResolvedChange one = next;
      one.layer = layer.get();
      one.keep = layer;
      add_layer_change(one);
    }
  }
  return {};
}

std::shared_ptr<const Layer> Preparation::keep(const Layer* layer) const {
  const auto& order = stack.order();
  return *std::find_if(order.begin(), order.end(), [&](const auto& l) { return l.get() == layer; });
}

void Preparation::add_layer_change(const ResolvedChange& change) {
  apply_to_texts(change);
  resolved.push_back(change);
}

bool Preparation::put(const std::string& name, Object object) {
  const auto [place, is_new] = objects.try_emplace(name, object);
  if (!is_new && place->second == object) return false;
  place->second = std::move(object);
  return objects_changed = true;
}

bool Preparation::drop(const std::string& name) {
  if (objects.erase(name) == 0) return false;
  return objects_changed = true;
}

void Preparation::apply_text(ResolvedChange& change, std::string_view text) {
  const std::uint64_t id = change.layer->id;
  const bool committed = change.kind == RELUME_CHANGE_SET;
  change.changed =
      put(text_name(id, change.def->key, committed), {ObjectKind::text, std::make_shared<const std::string>(text)});
  if (!committed) change.changed |= drop(text_name(id, change.def->key, true));
}

void Preparation::apply_to_texts(const ResolvedChange& change) {
  for (const ParamDef& def : change.layer->type->params()) {
    if (def.type != RELUME_TEXT) continue;
    const std::string committed = text_name(change.layer->id, def.key, true);
    const auto found = objects.find(committed);
    if (found == objects.end()) continue;
    if (change.kind == RELUME_CHANGE_STORE) put(text_name(change.layer->id, def.key, false), found->second);
    drop(committed);
  }
}

Fault Preparation::add_record(const relume_change& change) {
  const std::string key = change.key != nullptr ? change.key : "";
  ResolvedChange next;
  next.kind = change.kind;
  Object record;
  const bool set = change.kind == RELUME_CHANGE_RECORD;
  if (set && change.value.type != RELUME_TEXT) {
    return {RELUME_E_INVALID, key, "a record's bytes come as a value of type RELUME_TEXT"};
  }
  if (Fault fault = make_record(key, set ? change.flag : 0, set ? bytes_of(change.value) : "", record)) return fault;
  if (set && objects.size() >= kMaxObjects && objects.count(record_name(key)) == 0) {
    return {RELUME_E_LIMIT, key, fmt::format("there are {} texts and records; remove some", kMaxObjects)};
  }
  next.changed = set ? put(record_name(key), std::move(record)) : drop(record_name(key));
  resolved.push_back(std::move(next));
  return {};
}

Fault Preparation::find_type(const relume_change& change, std::shared_ptr<const LayerType>& out) const {
  const std::string key = change.type_key != nullptr ? change.type_key : "";
  out = schema_.type(key);
  return out != nullptr ? Fault{} : unknown_type(key);
}

Fault Preparation::retype(const Layer& layer, const std::shared_ptr<const LayerType>& type) {
  ResolvedChange next;
  next.kind = RELUME_CHANGE_RETYPE;
  next.from = keep(&layer);
  next.changed = layer.dormant() || layer.type != type;
  next.layer = next.from.get();
  if (next.changed) {
    bool apart = false;
    if (Fault fault = stack.retype(layer, type, next.layer, apart)) return fault;
    next.carries = apart && !next.from->dormant();
    if (next.carries) carried += next.from->type->params().size();
    move_texts(*next.from, *type, next.texts);
    if (report == nullptr) report = std::make_shared<TypeReport>();
    report->make_room(*next.from->type);
    stack_changed = true;
  }
  next.keep = keep(next.layer);
  resolved.push_back(std::move(next));
  return {};
}

// Texts lie under the layer's id and their key: those that are texts still are where they belong.
void Preparation::move_texts(const Layer& from, const LayerType& to, std::vector<MovedText>& moved) {
  for (const ParamDef& old : from.type->params()) {
    if (old.type != RELUME_TEXT) continue;
    const ParamDef* def = to.find(old.key);
    const Fit fit = def != nullptr && def->type == RELUME_TEXT ? Fit::kept : Fit::cleared;
    for (const relume_tier tier : {RELUME_TIER_PERSISTED, RELUME_TIER_COMMITTED}) {
      const auto text = objects.find(text_name(from.id, old.key, tier == RELUME_TIER_COMMITTED));
      if (text == objects.end()) continue;
      moved.push_back({&old, def, tier, fit, static_cast<std::uint32_t>(text->second.bytes->size())});
      if (fit == Fit::cleared) drop(text->first);
    }
  }
}

Fault Preparation::add_structure(const relume_change& change) {
  ResolvedChange next;
  next.kind = change.kind;
  if (change.kind == RELUME_CHANGE_ADD) {
    std::shared_ptr<const LayerType> type;
    if (Fault fault = find_type(change, type)) return fault;
    const std::string key = change.key != nullptr ? change.key : "";
    if (Fault fault = stack.add(key, type, change.before, next.layer)) return fault;
    added = next.layer->handle();
  } else {
    const bool lost = change.before.bits != 0 && stack.find(change.before) == nullptr;
    next.layer = stack.find(change.layer);
    if (next.layer == nullptr || lost) {
      return {RELUME_E_UNKNOWN_LAYER, next.layer == nullptr ? "layer" : "before",
              "the layer's handle is stale or none: the layer is gone; resolve its key again"};
    }
  }
  if (change.kind == RELUME_CHANGE_RETYPE) {
    std::shared_ptr<const LayerType> type;
    if (Fault fault = find_type(change, type)) return fault;
    return retype(*next.layer, type);
  }
  if (change.kind == RELUME_CHANGE_RENAME) {
    const std::string key = change.key != nullptr ? change.key : "";
    if (Fault fault = stack.rename(*next.layer, key, next.layer, next.changed)) return fault;
  }
  next.keep = keep(next.layer);
  switch (change.kind) {
    case RELUME_CHANGE_REMOVE:
      std::erase_if(objects,
                    [prefix = text_prefix(next.layer->id)](const auto& o) { return o.first.starts_with(prefix); });
      objects.erase(layer_extra_name(next.layer->id));
      objects_changed = true;
      stack.remove(*next.layer);
      break;
    case RELUME_CHANGE_MOVE: next.changed = stack.move(*next.layer, change.before); break;
    case RELUME_CHANGE_ENABLE:
      next.changed = stack.set_flag(*next.layer, RELUME_LAYER_DISABLED, change.flag == 0);
      break;
    case RELUME_CHANGE_BYPASS:
      next.changed = stack.set_flag(*next.layer, RELUME_LAYER_BYPASSED, change.flag != 0);
      break;
    default: break;
  }
  stack_changed = true;
  resolved.push_back(std::move(next));
  return {};
}

}  // namespace relume::core
