// SPDX-License-Identifier: Apache-2.0
#include "model/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "model/key.hpp"
#include "model/record.hpp"

namespace relume::core {
namespace {

// Elements of a host that was built against an older header are smaller; their size says how far apart they lie.
Fault read_def(const relume_param_def* first, std::size_t i, const std::string& type_key, relume_param_def& out) {
  std::uint32_t size = 0;
  std::memcpy(&size, first, sizeof size);
  std::uint32_t own = 0;
  const char* element = reinterpret_cast<const char*>(first) + i * size;
  if (size >= sizeof(relume_param_def)) std::memcpy(&own, element, sizeof own);
  if (size > sizeof(relume_param_def)) {
    return {RELUME_E_VERSION, type_key, "relume_param_def is larger than this library knows: update the library"};
  }
  if (size < sizeof(relume_param_def) || own != size) {
    return {RELUME_E_INVALID, type_key,
            fmt::format("parameter {} has a wrong struct_size: start it with RELUME_PARAM_DEF_INIT", i)};
  }
  std::memcpy(&out, element, sizeof out);
  return {};
}

}  // namespace

Fault make_layer_type(const relume_layer_type_def& def, std::shared_ptr<const LayerType>& out) {
  const std::string key = def.key != nullptr ? def.key : "";
  if (!valid_key(key)) return key_fault(key, "the layer type's");
  if (def.param_count > 65535) return {RELUME_E_INVALID, key, "a layer type has 1 to 65,535 parameters"};
  if (def.params == nullptr && def.param_count > 0) return {RELUME_E_INVALID, key, "params is NULL"};
  std::vector<ParamDef> params(def.param_count);
  for (std::size_t i = 0; i < def.param_count; ++i) {
    relume_param_def from;
    if (Fault fault = read_def(def.params, i, key, from)) return fault;
    if (Fault fault = make_param(from, params[i])) return fault;
  }
  return LayerType::make(key, std::max(def.version, 1U), std::move(params), true, out);
}

Fault Schema::add_type(const relume_layer_type_def& def) {
  const std::string key = def.key != nullptr ? def.key : "";
  if (type(key) != nullptr) return {RELUME_E_EXISTS, key, fmt::format("layer type {} is declared already", key)};
  std::shared_ptr<const LayerType> made;
  if (Fault fault = make_layer_type(def, made)) return fault;
  types_.push_back(std::move(made));
  return {};
}

void Schema::put_type(std::shared_ptr<const LayerType> type) {
  const auto same = std::find_if(types_.begin(), types_.end(), [&](const auto& t) { return t->key() == type->key(); });
  if (same != types_.end()) {
    *same = std::move(type);
  } else {
    types_.push_back(std::move(type));
  }
}

Fault Schema::add_layer(std::string_view layer_key, std::string_view type_key) {
  if (!valid_key(layer_key)) return key_fault(layer_key, "the layer's");
  const auto same = [&](const auto& layer) { return layer.first == layer_key; };
  if (std::any_of(layers_.begin(), layers_.end(), same)) {
    return {RELUME_E_EXISTS, std::string(layer_key), fmt::format("layer {} is declared already", layer_key)};
  }
  if (type(type_key) == nullptr) {
    return {RELUME_E_UNKNOWN_TYPE, std::string(type_key), fmt::format("declare layer type {} first", type_key)};
  }
  layers_.emplace_back(layer_key, type_key);
  return {};
}

Fault Schema::add_record(std::string_view key, std::uint32_t kind, std::string_view bytes) {
  Object record;
  if (Fault fault = make_record(key, kind, bytes, record)) return fault;
  if (!records_.emplace(record_name(key), std::move(record)).second) {
    return {RELUME_E_EXISTS, std::string(key), fmt::format("record {} is declared already", key)};
  }
  return {};
}

bool Schema::has_text() const {
  return std::any_of(types_.begin(), types_.end(), [](const auto& type) {
    const auto& params = type->params();
    return std::any_of(params.begin(), params.end(), [](const ParamDef& p) { return p.type == RELUME_TEXT; });
  });
}

std::shared_ptr<const LayerType> Schema::type(std::string_view key) const {
  const auto found = std::find_if(types_.begin(), types_.end(), [&](const auto& t) { return t->key() == key; });
  return found == types_.end() ? nullptr : *found;
}

}  // namespace relume::core
