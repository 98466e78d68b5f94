// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>
#include <vector>

#include "capi/handles.hpp"

using namespace relume::core;
using namespace relume::core::capi;

namespace {

Fault try_apply(relume_show* show, std::span<const relume_change> changes, relume_layer* added,
                relume_outcome* outcome) {
  if (show == nullptr) return null_argument("show");
  return mutated(outcome, [&](relume_outcome& out) { return show->show->coordinator().apply(changes, out, added); });
}

relume_result apply(relume_show* show, std::span<const relume_change> changes, relume_layer* added,
                    relume_outcome* outcome, relume_error* error) {
  return guarded(error, [&] { return try_apply(show, changes, added, outcome); });
}

relume_change change_of(relume_change_kind kind, relume_layer layer) {
  relume_change change{};
  change.kind = kind;
  change.layer = layer;
  return change;
}

relume_result apply_value(relume_show* show, relume_change_kind kind, relume_param param, const relume_value* value,
                          relume_outcome* outcome, relume_error* error) {
  if (value == nullptr) return report(null_argument("value"), error);
  relume_change change{};
  change.kind = kind;
  change.param = param;
  change.value = *value;
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

}  // namespace

extern "C" {

relume_result relume_apply(relume_show* show, const relume_change* changes, size_t count, relume_outcome* outcome,
                           relume_error* error) {
  if (changes == nullptr && count > 0) return report(null_argument("changes"), error);
  return apply(show, {changes, count}, nullptr, outcome, error);
}

relume_result relume_value_set(relume_show* show, relume_param param, const relume_value* value,
                               relume_outcome* outcome, relume_error* error) {
  return apply_value(show, RELUME_CHANGE_SET, param, value, outcome, error);
}

relume_result relume_value_persist(relume_show* show, relume_param param, const relume_value* value,
                                   relume_outcome* outcome, relume_error* error) {
  return apply_value(show, RELUME_CHANGE_PERSIST, param, value, outcome, error);
}

relume_result relume_values_set(relume_show* show, const relume_param* params, const relume_value* values, size_t count,
                                relume_outcome* outcome, relume_error* error) {
  if ((params == nullptr || values == nullptr) && count > 0) return report(null_argument("params or values"), error);
  return guarded(error, [&]() -> Fault {
    std::vector<relume_change> changes(count);
    for (size_t i = 0; i < count; ++i) {
      changes[i].kind = RELUME_CHANGE_SET;
      changes[i].param = params[i];
      changes[i].value = values[i];
    }
    return try_apply(show, changes, nullptr, outcome);
  });
}

relume_result relume_store(relume_show* show, relume_layer layer, relume_outcome* outcome, relume_error* error) {
  const relume_change change = change_of(RELUME_CHANGE_STORE, layer);
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

relume_result relume_revert(relume_show* show, relume_layer layer, relume_outcome* outcome, relume_error* error) {
  const relume_change change = change_of(RELUME_CHANGE_REVERT, layer);
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

relume_result relume_reset(relume_show* show, relume_layer layer, relume_outcome* outcome, relume_error* error) {
  const relume_change change = change_of(RELUME_CHANGE_RESET, layer);
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

relume_result relume_layer_add(relume_show* show, const char* layer_key, const char* type_key, relume_layer before,
                               relume_layer* out_layer, relume_outcome* outcome, relume_error* error) {
  relume_change change = change_of(RELUME_CHANGE_ADD, relume_layer{0});
  change.before = before;
  change.key = layer_key;
  change.type_key = type_key;
  return apply(show, {&change, 1}, out_layer, outcome, error);
}

relume_result relume_layer_remove(relume_show* show, relume_layer layer, relume_outcome* outcome, relume_error* error) {
  const relume_change change = change_of(RELUME_CHANGE_REMOVE, layer);
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

relume_result relume_layer_retype(relume_show* show, relume_layer layer, const char* type_key, relume_outcome* outcome,
                                  relume_error* error) {
  relume_change change = change_of(RELUME_CHANGE_RETYPE, layer);
  change.type_key = type_key;
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

relume_result relume_layer_move(relume_show* show, relume_layer layer, relume_layer before, relume_outcome* outcome,
                                relume_error* error) {
  relume_change change = change_of(RELUME_CHANGE_MOVE, layer);
  change.before = before;
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

relume_result relume_layer_rename(relume_show* show, relume_layer layer, const char* new_key, relume_outcome* outcome,
                                  relume_error* error) {
  relume_change change = change_of(RELUME_CHANGE_RENAME, layer);
  change.key = new_key;
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

relume_result relume_layer_enable(relume_show* show, relume_layer layer, int on, relume_outcome* outcome,
                                  relume_error* error) {
  relume_change change = change_of(RELUME_CHANGE_ENABLE, layer);
  change.flag = on != 0 ? 1 : 0;
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

relume_result relume_layer_bypass(relume_show* show, relume_layer layer, int on, relume_outcome* outcome,
                                  relume_error* error) {
  relume_change change = change_of(RELUME_CHANGE_BYPASS, layer);
  change.flag = on != 0 ? 1 : 0;
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

relume_result relume_value_get(relume_show* show, relume_param param, relume_value* out_value, relume_tier* out_tier,
                               relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (out_value == nullptr) return null_argument("out_value");
    relume_tier tier = RELUME_TIER_DEFAULT;
    if (Fault fault = show->show->coordinator().value(param, *out_value, tier)) return fault;
    if (out_tier != nullptr) *out_tier = tier;
    return {};
  });
}

relume_result relume_text_get(relume_show* show, relume_param param, char* buffer, size_t size, size_t* out_size,
                              relume_tier* out_tier, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (buffer == nullptr && size > 0) return null_argument("buffer");
    std::shared_ptr<const std::string> text;
    relume_tier tier = RELUME_TIER_DEFAULT;
    if (Fault fault = show->show->coordinator().text(param, text, tier)) return fault;
    if (size > 0) buffer[text->copy(buffer, size - 1)] = '\0';
    if (out_size != nullptr) *out_size = text->size();
    if (out_tier != nullptr) *out_tier = tier;
    return {};
  });
}

relume_result relume_record_set(relume_show* show, const char* record_key, uint32_t kind, const void* data, size_t size,
                                relume_outcome* outcome, relume_error* error) {
  if (record_key == nullptr) return report(null_argument("record_key"), error);
  if (data == nullptr && size > 0) return report(null_argument("data"), error);
  relume_change change{};
  change.kind = RELUME_CHANGE_RECORD;
  change.key = record_key;
  change.flag = kind;
  change.value.type = RELUME_TEXT;
  change.value.as.text = {static_cast<const char*>(data), size};
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

relume_result relume_record_remove(relume_show* show, const char* record_key, relume_outcome* outcome,
                                   relume_error* error) {
  if (record_key == nullptr) return report(null_argument("record_key"), error);
  relume_change change{};
  change.kind = RELUME_CHANGE_RECORD_REMOVE;
  change.key = record_key;
  return apply(show, {&change, 1}, nullptr, outcome, error);
}

relume_result relume_record_get(relume_show* show, const char* record_key, void* buffer, size_t size, size_t* out_size,
                                uint32_t* out_kind, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (record_key == nullptr) return null_argument("record_key");
    if (buffer == nullptr && size > 0) return null_argument("buffer");
    Object record;
    if (Fault fault = show->show->coordinator().record(record_key, record)) return fault;
    if (size > 0) record.bytes->copy(static_cast<char*>(buffer), size);
    if (out_size != nullptr) *out_size = record.bytes->size();
    if (out_kind != nullptr) *out_kind = record.kind == ObjectKind::json ? RELUME_RECORD_JSON : RELUME_RECORD_BYTES;
    return {};
  });
}

size_t relume_record_key(relume_show* show, size_t n, char* buffer, size_t size) {
  std::string key;
  const Fault fault = guarded_fault([&]() -> Fault {
    if (show != nullptr) key = show->show->coordinator().record_key(n);
    return {};
  });
  if (buffer != nullptr && size > 0) buffer[key.copy(buffer, size - 1)] = '\0';
  return fault ? 0 : key.size();
}

relume_result relume_explain(relume_show* show, relume_param param, relume_explanation* out, relume_error* error) {
  return filled(out, "out", error, [&](relume_explanation& full) -> Fault {
    return show != nullptr ? show->show->coordinator().explain(param, full) : null_argument("show");
  });
}

relume_result relume_explain_layer(relume_show* show, relume_layer layer, relume_explanation* out, size_t capacity,
                                   size_t* out_count, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (out == nullptr && capacity > 0) return null_argument("out");
    if (out_count == nullptr) return null_argument("out_count");
    SizedArray<relume_explanation> array(out, capacity);
    if (Fault fault = array.check("relume_explanation")) return fault;
    std::vector<relume_explanation> full(std::min<std::size_t>(capacity, kMaxLayerSlots));
    if (Fault fault = show->show->coordinator().explain_layer(layer, full, *out_count)) return fault;
    full.resize(std::min(full.size(), *out_count));
    array.give(full);
    return {};
  });
}

}  // extern "C"
