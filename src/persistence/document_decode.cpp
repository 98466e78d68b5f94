// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <relume/stack.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "model/key.hpp"
#include "persistence/document_codec.hpp"
#include "persistence/document_format.hpp"
#include "platform/base64.hpp"
#include "platform/hex.hpp"

namespace relume::core {
namespace {

using namespace document;

// By value type, for people.
constexpr std::array kWanted{"",
                             "true or false",
                             "a whole number of 32 bits",
                             "a number that a 32-bit float can hold",
                             "an array of 2 numbers",
                             "an array of 3 numbers",
                             "an array of 4 numbers",
                             "an array of 4 numbers",
                             "one of the labels in its type",
                             "nanoseconds, a whole number of 64 bits",
                             "a string of at most 1,024 bytes without NUL",
                             "a whole number from 0 to 4,294,967,295"};

std::string variant_name(std::string_view type_key, std::uint32_t variant) {
  return variant == 1 ? std::string(type_key) : fmt::format("{}/{}", type_key, variant);
}

bool parse_bool(std::string_view raw, bool& out) {
  out = raw == "true";
  return out || raw == "false";
}

class Decoder {
 public:
  explicit Decoder(SavedShow& out) : out_(out) {}
  Fault decode(std::string_view bytes);

 private:
  struct Type {
    std::shared_ptr<const LayerType> type;
    // Of the enums, by the parameter's place.
    std::unordered_map<std::size_t, std::unordered_map<std::string, std::uint32_t>> labels;
    std::string extra;
    bool used = false;  // by a layer; what none uses is not written again
  };

  Fault read_types(std::string_view raw);
  Fault read_type(std::string_view raw, const std::string& where);
  Fault read_param(std::string_view raw, const std::string& where, ParamDef& out, std::string& extra);
  Fault read_labels(std::string_view raw, const std::string& where, std::vector<std::string>& out);
  Fault keep_type_extras();
  Fault read_layers(std::string_view raw);
  Fault read_layer(std::string_view raw, const std::string& where);
  Fault read_values(std::string_view raw, const SavedLayer& layer, const Type& type, std::string& carried);
  bool read_value(std::string_view raw, const SavedLayer& layer, const ParamDef& param, const Type& type, Lanes& lanes);
  bool read_text(std::string_view raw, const SavedLayer& layer, const ParamDef& param, Lanes& lanes);
  void store(const SavedLayer& layer, const ParamDef& param, const Lanes& lanes, bool& twice);
  Fault read_records(std::string_view raw, std::string& carried);
  Fault read_record(std::string_view key, std::string_view raw, std::string& carried);
  Fault keep(std::string name, ObjectKind kind, std::string bytes);

  SavedShow& out_;
  std::unordered_map<std::string, Type> types_;  // by variant_name
  std::unordered_set<std::uint64_t> layer_ids_;
  std::unordered_set<std::string> layer_keys_;
  std::uint32_t slots_ = 0;
};

Fault Decoder::keep(std::string name, ObjectKind kind, std::string bytes) {
  if (bytes.empty() && kind == ObjectKind::extra) return {};
  if (bytes.size() > kMaxRecordBytes) return broken(name, fmt::format("it has more than {} bytes", kMaxRecordBytes));
  if (out_.objects.size() >= kMaxObjects)
    return broken(name, fmt::format("there are more than {} texts and records", kMaxObjects));
  out_.objects[std::move(name)] = {kind, std::make_shared<const std::string>(std::move(bytes))};
  return {};
}

Fault Decoder::read_labels(std::string_view raw, const std::string& where, std::vector<std::string>& out) {
  JsonCursor cursor(raw);
  if (!cursor.enter('[')) return broken(where, "an enum needs \"labels\"");
  while (cursor.element()) {
    const std::string_view label = cursor.value();
    out.push_back(is_string(label) ? unescape(label) : std::string());
    if (out.back().empty() || out.back().size() > kMaxKeyBytes || out.size() > 65535) {
      return broken(where,
                    fmt::format("label {} must be a string of 1 to 63 bytes, of at most 65,535", out.size() - 1));
    }
  }
  return out.empty() ? broken(where, "an enum needs \"labels\"") : Fault{};
}

Fault Decoder::read_param(std::string_view raw, const std::string& where, ParamDef& out, std::string& extra) {
  Members<kParamMembers.size()> m;
  if (Fault fault = split(raw, kParamMembers, kParamOptional, where, m)) return fault;
  out.key = plain(m[kParamKey]);
  if (!valid_key(out.key)) return broken(where, "the key is not valid");
  const int type = find_name(kTypeNames, plain(m[kParamType]));
  if (type <= 0) return broken(where + "/" + out.key, fmt::format("{} is no type", shown(m[kParamType])));
  out.type = static_cast<std::uint32_t>(type);
  out.lanes = lanes_of(out.type);
  if (!m.extra.empty()) add_member(extra, out.key, "{" + m.extra + "}");
  if (out.type == RELUME_ENUM) return read_labels(m[kParamLabels], where + "/" + out.key, out.labels);
  return m[kParamLabels].empty() ? Fault{} : broken(where + "/" + out.key, "only an enum has labels");
}

Fault Decoder::read_type(std::string_view raw, const std::string& where) {
  Members<kTypeMembers.size()> m;
  if (Fault fault = split(raw, kTypeMembers, kTypeOptional, where, m)) return fault;
  const std::string key(plain(m[kTypeKey]));
  std::uint32_t version = 0;
  std::uint32_t variant = 1;
  if (!valid_key(key)) return broken(where, "the key is not valid");
  if (!parse_number(m[kTypeVersion], version)) return broken(where, "the version is no number");
  if (!m[kTypeVariant].empty() && !parse_number(m[kTypeVariant], variant))
    return broken(where, "the variant is no number");

  std::vector<ParamDef> params;
  std::string param_extra;
  JsonCursor cursor(m[kTypeParams]);
  if (!cursor.enter('[')) return broken(where, "\"params\" is no array");
  while (cursor.element()) {
    if (Fault fault = read_param(cursor.value(), "type " + key, params.emplace_back(), param_extra)) return fault;
  }
  const std::string name = variant_name(key, variant);
  const auto [place, added] = types_.try_emplace(name);
  if (!added) return broken("type " + name, "it is there twice");
  Type& type = place->second;
  if (Fault fault = LayerType::make(key, version, std::move(params), false, type.type))
    return broken("type " + name, fault.message);
  for (std::size_t i = 0; i < type.type->params().size(); ++i) {
    const std::vector<std::string>& labels = type.type->params()[i].labels;
    for (std::size_t k = 0; k < labels.size(); ++k) {
      if (!type.labels[i].emplace(labels[k], static_cast<std::uint32_t>(k)).second) {
        return broken("type " + name, fmt::format("label \"{}\" is there twice", labels[k]));
      }
    }
  }
  if (!param_extra.empty()) add_member(m.extra, "params", "{" + param_extra + "}");
  type.extra = std::move(m.extra);
  return {};
}

Fault Decoder::read_types(std::string_view raw) {
  JsonCursor cursor(raw);
  if (!cursor.enter('[')) return broken("types", "an array is wanted here");
  for (std::size_t i = 0; cursor.element(); ++i) {
    if (Fault fault = read_type(cursor.value(), fmt::format("types[{}]", i))) return fault;
  }
  return {};
}

bool Decoder::read_text(std::string_view raw, const SavedLayer& layer, const ParamDef& param, Lanes& lanes) {
  if (!is_string(raw)) return false;
  std::string text = unescape(raw);
  if (text.size() > kMaxTextBytes || text.find('\0') != std::string::npos) return false;
  // As the model has it: another number for another text, 0 for none.
  lanes[0] = text.empty() ? 0 : static_cast<std::uint32_t>(XXH3_64bits(text.data(), text.size()));
  return !keep(text_name(layer.id, param.key, false), ObjectKind::text, std::move(text));
}

bool read_floats(std::string_view raw, std::uint32_t count, Lanes& lanes) {
  JsonCursor cursor(raw);
  if (count > 1 && !cursor.enter('[')) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    float value = 0;
    if ((count > 1 && !cursor.element()) || !parse_number(cursor.value(), value) || !std::isfinite(value)) return false;
    lanes[i] = std::bit_cast<std::uint32_t>(value);
  }
  return count == 1 || !cursor.element();
}

bool Decoder::read_value(std::string_view raw, const SavedLayer& layer, const ParamDef& param, const Type& type,
                         Lanes& lanes) {
  switch (param.type) {
    case RELUME_BOOL: {
      bool on = false;
      const bool fits = parse_bool(raw, on);
      lanes[0] = on ? 1 : 0;
      return fits;
    }
    case RELUME_INT: {
      std::int32_t value = 0;
      const bool fits = parse_number(raw, value);
      lanes[0] = std::bit_cast<std::uint32_t>(value);
      return fits;
    }
    case RELUME_TRIGGER: return parse_number(raw, lanes[0]);
    case RELUME_TIME: {
      std::int64_t value = 0;
      const bool fits = parse_number(raw, value);
      lanes[0] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(value));
      lanes[1] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(value) >> 32U);
      return fits;
    }
    case RELUME_ENUM: {
      const auto& labels = type.labels.at(static_cast<std::size_t>(&param - type.type->params().data()));
      const auto label = is_string(raw) ? labels.find(unescape(raw)) : labels.end();
      if (label != labels.end()) lanes[0] = label->second;
      return label != labels.end();
    }
    case RELUME_TEXT: return read_text(raw, layer, param, lanes);
    default: return read_floats(raw, param.lanes, lanes);
  }
}

void Decoder::store(const SavedLayer& layer, const ParamDef& param, const Lanes& lanes, bool& twice) {
  const std::uint32_t slot = layer.first_slot + param.slot;
  if (slot / kBlockSlots >= out_.blocks.size()) out_.blocks.resize(slot / kBlockSlots + 1);
  SavedBlock& block = out_.blocks[slot / kBlockSlots];
  const std::uint64_t present = presence(param, slot % kBlockSlots);
  twice = (block.persisted_present & present) != 0;
  block.persisted_present |= present;
  std::copy_n(lanes.begin(), param.lanes, block.persisted.begin() + slot % kBlockSlots);
}

Fault Decoder::read_values(std::string_view raw, const SavedLayer& layer, const Type& type, std::string& carried) {
  JsonCursor cursor(raw);
  if (!cursor.enter('{')) return broken(layer.key, "\"values\" is no object");
  const std::vector<ParamDef>& params = type.type->params();
  std::size_t next = 0;  // they come in the order of the type, when nobody has changed that
  for (std::string_view key; cursor.member(key);) {
    const std::string_view value = cursor.value();
    const bool expected = next < params.size() && params[next].key == key;
    const ParamDef* const param = expected ? &params[next] : type.type->find(key);
    if (param == nullptr) {
      add_member(carried, key, value);
      continue;
    }
    next = static_cast<std::size_t>(param - params.data()) + 1;
    Lanes lanes{};
    bool twice = false;
    if (!read_value(value, layer, *param, type, lanes)) {
      return broken(layer.key + "/" + param->key,
                    fmt::format("it cannot be {}, but {}", shown(value), kWanted[param->type]));
    }
    store(layer, *param, lanes, twice);
    if (twice) return broken(layer.key + "/" + param->key, "it has two values");
  }
  return {};
}

Fault Decoder::read_layer(std::string_view raw, const std::string& where) {
  Members<kLayerMembers.size()> m;
  if (Fault fault = split(raw, kLayerMembers, kLayerOptional, where, m)) return fault;
  SavedLayer layer;
  layer.key = plain(m[kLayerKey]);
  if (!valid_key(layer.key) || !layer_keys_.insert(layer.key).second) {
    return broken(where, fmt::format("the key {} is not valid, or is there twice", shown(m[kLayerKey])));
  }
  if (!parse_number(m[kLayerId], layer.id) || layer.id >= out_.stack.next_layer_id ||
      !layer_ids_.insert(layer.id).second) {
    return broken(layer.key,
                  fmt::format("the id {} is there twice, or is not below next_layer_id", shown(m[kLayerId])));
  }
  std::uint32_t variant = 1;
  if (!m[kLayerVariant].empty() && !parse_number(m[kLayerVariant], variant))
    return broken(layer.key, "the variant is no number");
  const std::string type_name = variant_name(plain(m[kLayerType]), variant);
  const auto type = types_.find(type_name);
  if (type == types_.end()) return broken(layer.key, fmt::format("there is no type {}", shown(m[kLayerType])));
  type->second.used = true;
  layer.type = type->second.type;
  bool enabled = true;
  bool bypassed = false;
  if (!parse_bool(m[kEnabled], enabled) || !parse_bool(m[kBypassed], bypassed)) {
    return broken(layer.key, "\"enabled\" and \"bypassed\" are true or false");
  }
  if (!enabled) layer.flags |= RELUME_LAYER_DISABLED;
  if (bypassed) layer.flags |= RELUME_LAYER_BYPASSED;
  layer.first_slot = slots_;
  slots_ += layer.type->slot_count();
  if (slots_ > kMaxDocumentSlots || out_.stack.layers.size() >= kMaxLayers) {
    return broken(layer.key, fmt::format("the layers up to here have more than {} slots, or are more than {}",
                                         kMaxDocumentSlots, kMaxLayers));
  }
  std::string carried;
  if (Fault fault = read_values(m[kValues], layer, type->second, carried)) return fault;
  if (!carried.empty()) add_member(m.extra, "values", "{" + carried + "}");
  if (Fault fault = keep(layer_extra_name(layer.id), ObjectKind::extra, std::move(m.extra))) return fault;
  out_.stack.layers.push_back(std::move(layer));
  return {};
}

Fault Decoder::keep_type_extras() {
  std::unordered_map<std::string, unsigned> used;
  for (const auto& [name, type] : types_) used[type.type->key()] += type.used ? 1 : 0;
  for (auto& [name, type] : types_) {
    if (!type.used || used[type.type->key()] > 1) continue;
    if (Fault fault = keep(type_extra_name(type.type->key()), ObjectKind::extra, std::move(type.extra))) return fault;
  }
  return {};
}

Fault Decoder::read_layers(std::string_view raw) {
  JsonCursor cursor(raw);
  if (!cursor.enter('[')) return broken("layers", "an array is wanted here");
  for (std::size_t i = 0; cursor.element(); ++i) {
    if (Fault fault = read_layer(cursor.value(), fmt::format("layers[{}]", i))) return fault;
  }
  return {};
}

Fault Decoder::read_record(std::string_view key, std::string_view raw, std::string& carried) {
  Members<kRecordMembers.size()> m;
  const bool object = !split(raw, kRecordMembers, kRecordOptional, "records", m);
  // Exactly one of the two, and nothing else; any other shape is a newer version's, and carried as it is.
  if (!object || !valid_key(key) || !m.extra.empty() || m[kJson].empty() == m[kBase64].empty()) {
    add_member(carried, key, raw);
    return {};
  }
  const std::string where = record_name(key);
  if (!m[kJson].empty()) return keep(where, ObjectKind::json, std::string(m[kJson]));
  std::string bytes;
  if (!platform::from_base64(plain(m[kBase64]), bytes) || !is_string(m[kBase64]))
    return broken(where, "its base64 is not valid");
  return keep(where, ObjectKind::bytes, std::move(bytes));
}

Fault Decoder::read_records(std::string_view raw, std::string& carried) {
  JsonCursor cursor(raw);
  if (!cursor.enter('{')) return broken("records", "an object is wanted here");
  std::unordered_set<std::string_view> keys;
  for (std::string_view key; cursor.member(key);) {
    if (!keys.insert(key).second) return broken(record_name(key), "it is there twice");
    if (Fault fault = read_record(key, cursor.value(), carried)) return fault;
  }
  return {};
}

Fault Decoder::decode(std::string_view bytes) {
  std::string why;
  if (!check_json(bytes, why)) return broken("document", fmt::format("it is no JSON: {}", why));
  Members<kTopMembers.size()> m;
  if (Fault fault = split(bytes, kTopMembers, kTopOptional, "document", m)) return fault;
  DocumentHeader header;
  std::string header_extra;
  if (Fault fault = read_header(m[kHeader], header, header_extra)) return fault;
  if (header.format == 0 || header.format > kFormat)
    return broken("relume", fmt::format("\"format\" cannot be {} here", header.format));
  out_.head = header.head;
  if (!parse_number(m[kNextLayerId], out_.stack.next_layer_id))
    return broken("next_layer_id", "a number is wanted here");
  if (Fault fault = read_types(m[kTypes])) return fault;
  if (Fault fault = read_layers(m[kLayers])) return fault;
  if (Fault fault = keep_type_extras()) return fault;
  std::string carried_records;
  if (Fault fault = read_records(m[kRecords], carried_records)) return fault;
  if (!carried_records.empty()) add_member(m.extra, "records", "{" + carried_records + "}");
  if (Fault fault = keep(kHeaderExtra, ObjectKind::extra, std::move(header_extra))) return fault;
  return keep(kTopExtra, ObjectKind::extra, std::move(m.extra));
}

}  // namespace

Fault decode_document(std::string_view bytes, SavedShow& out) {
  out = {};
  return Decoder(out).decode(bytes);
}

}  // namespace relume::core
