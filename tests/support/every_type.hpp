// SPDX-License-Identifier: Apache-2.0
// A layer type with a parameter of every value type, two values of each, and what of them a show or a document holds, as text.
#pragma once

#include <relume/relume.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "persistence/document_codec.hpp"
#include "support/test_show.hpp"

namespace relume::test {

struct TypedPair {
  const char* key;
  relume_type type;
  relume_value a, b, wrong;  // neither a nor b is the default; the third is none of this type
};

inline std::vector<TypedPair> typed_pairs() {
  return {{"bool", RELUME_BOOL, boolean(true), boolean(false), integer(1)},
          {"int", RELUME_INT, integer(7), integer(-7), scalar(1)},
          {"float", RELUME_FLOAT, scalar(0.25F), scalar(0.75F), integer(1)},
          {"vec2", RELUME_VEC2, vec2(0.25F, 0.5F), vec2(1, 0.5F), scalar(1)},
          {"vec3", RELUME_VEC3, vec3(0.25F, 0.5F, 1), vec3(1, 1, 0.5F), vec4(0, 0, 0, 0)},
          {"vec4", RELUME_VEC4, vec4(0.25F, 0.5F, 1, 1), vec4(1, 1, 1, 0.5F), color(0, 0, 0, 0)},
          {"color", RELUME_COLOR, color(0.25F, 0.5F, 1), color(1, 0.5F, 0.5F), vec4(0, 0, 0, 0)},
          {"enum", RELUME_ENUM, choice(1), choice(2), integer(1)},
          {"time", RELUME_TIME, time(77), time(INT64_C(1) << 40), integer(1)},
          {"text", RELUME_TEXT, relume_value_text("a"), relume_value_text("bb"), integer(1)}};
}

/// Automation settles in 500 ms and does not glide. `free` is a parameter that some tests leave alone.
inline std::vector<Param> every_param() {
  return {Param("bool", RELUME_BOOL),
          Param("int", RELUME_INT).range(-10, 10),
          Param("float", RELUME_FLOAT).range(0, 1),
          Param("vec2", RELUME_VEC2).range(0, 1),
          Param("vec3", RELUME_VEC3).range(0, 1),
          Param("vec4", RELUME_VEC4).range(0, 1),
          Param("color", RELUME_COLOR).range(0, 1),
          Param("enum", RELUME_ENUM).labels({"off", "slow", "fast"}),
          Param("time", RELUME_TIME),
          Param("text", RELUME_TEXT),
          Param("free", RELUME_FLOAT)};
}

inline Schema every_schema() {
  Schema schema;
  schema.type("every", every_param()).type("other", {Param("else", RELUME_FLOAT)});
  schema.layer("wash", "every").layer("spot", "every");
  return schema;
}

/// A value as text; equal texts, equal values. Of a text the length, which is another one for each of a pair.
inline std::string shown(const relume_value& value) {
  if (value.type == 0) return "-";
  if (value.type == RELUME_TEXT) return std::to_string(value.as.text.size) + "B";
  std::uint32_t lanes[4] = {};
  std::memcpy(lanes, &value.as, relume_type_lanes(value.type) * sizeof lanes[0]);
  char out[48];
  std::snprintf(out, sizeof out, "%x.%x.%x.%x", lanes[0], lanes[1], lanes[2], lanes[3]);
  return out;
}

/// Stack, records and values of a show, line by line; without committed values it is what the document is to hold.
inline std::string digest(const Show& show, bool committed) {
  std::string out;
  for (const relume_layer layer : show.layers()) {
    const relume_layer_info info = show.layer_info(layer);
    out += std::to_string(info.id) + " " + info.key + " " + info.type_key + " " + std::to_string(info.flags) + "\n";
    for (const relume_explanation& one : show.explain_layer(layer)) {
      const std::string route = show.param_info(one.param).route;
      if (one.persisted.type != 0) out += route + " = " + shown(one.persisted) + "\n";
      if (committed && one.committed.type != 0) out += route + " : " + shown(one.committed) + "\n";
    }
  }
  for (const std::string& key : show.record_keys()) out += "record/" + key + " " + show.record(key).bytes + "\n";
  return out;
}

/// The same of a document's bytes.
inline std::string digest(const std::string& document) {
  core::SavedShow saved;
  if (const core::Fault fault = core::decode_document(document, saved)) return fault.message;
  std::string out;
  for (const core::SavedLayer& layer : saved.stack.layers) {
    out +=
        std::to_string(layer.id) + " " + layer.key + " " + layer.type->key() + " " + std::to_string(layer.flags) + "\n";
    for (const core::ParamDef& def : layer.type->params()) {
      const std::uint32_t slot = layer.first_slot + def.slot;
      const core::SavedBlock* block = saved.block(slot / core::kBlockSlots);
      relume_value value{};
      if (def.type == RELUME_TEXT) {
        const auto text = saved.objects.find(core::text_name(layer.id, def.key, false));
        if (text == saved.objects.end()) continue;
        value.type = RELUME_TEXT;
        value.as.text.size = text->second.bytes->size();
      } else {
        const std::uint32_t lane = slot % core::kBlockSlots;
        if (block == nullptr || ((block->persisted_present >> lane) & 1U) == 0) continue;
        value = core::decode_value(def.type, block->persisted.data() + lane);
      }
      out += layer.key + "/" + def.key + " = " + shown(value) + "\n";
    }
  }
  for (const auto& [name, object] : saved.objects) {
    if (name.starts_with("record/")) out += name + " " + *object.bytes + "\n";
  }
  return out;
}

}  // namespace relume::test
