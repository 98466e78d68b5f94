// SPDX-License-Identifier: Apache-2.0
// States to be written as documents: by chance, or with a number of floats.
#pragma once

#include <relume/stack.h>
#include <xxhash.h>

#include <bit>
#include <cmath>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "persistence/document_codec.hpp"

namespace relume::test {

struct DocumentState {
  core::DocumentHeader header;
  core::Stack stack{65536, 16'777'216};
  core::ObjectTable objects;
  std::vector<core::SavedBlock> blocks;

  std::string encode() const {
    return core::encode_document(header, stack, objects,
                                 [this](std::uint32_t i) { return i < blocks.size() ? &blocks[i] : nullptr; });
  }

  void set(const core::Layer& layer, const core::ParamDef& param, const core::Lanes& lanes) {
    const std::uint32_t slot = layer.first_slot + param.slot;
    if (slot / 64 >= blocks.size()) blocks.resize(slot / 64 + 1);
    for (std::uint32_t i = 0; i < param.lanes; ++i) {
      blocks[slot / 64].persisted_present |= std::uint64_t{1} << (slot % 64 + i);
      blocks[slot / 64].persisted[slot % 64 + i] = lanes[i];
    }
  }
  void set_text(const core::Layer& layer, const core::ParamDef& param, const std::string& text) {
    set(layer, param, {text.empty() ? 0 : static_cast<std::uint32_t>(XXH3_64bits(text.data(), text.size()))});
    add(core::text_name(layer.id, param.key, false), core::ObjectKind::text, text);
  }
  void add(const std::string& name, core::ObjectKind kind, const std::string& bytes) {
    objects[name] = {kind, std::make_shared<const std::string>(bytes)};
  }
  const core::Layer& layer(const std::string& key, const std::shared_ptr<const core::LayerType>& type,
                           std::uint64_t id = 0, std::uint32_t flags = 0) {
    const core::Layer* made = nullptr;
    if (id == 0) id = stack.next_layer_id();
    if (stack.restore(key, type, id, flags, core::Stack::kPlaced, made)) throw std::runtime_error("no layer " + key);
    if (id >= stack.next_layer_id()) stack.set_next_layer_id(id + 1);
    return *made;
  }
};

inline core::ParamDef param(const std::string& key, std::uint32_t type, std::vector<std::string> labels = {}) {
  core::ParamDef def;
  def.key = key;
  def.type = type;
  def.lanes = type == RELUME_TEXT ? 1 : core::lanes_of(type);
  def.labels = std::move(labels);
  return def;
}

inline std::shared_ptr<const core::LayerType> type(const std::string& key, std::vector<core::ParamDef> params,
                                                   bool declared = true, std::uint32_t version = 1) {
  std::shared_ptr<const core::LayerType> made;
  if (core::LayerType::make(key, version, std::move(params), declared, made))
    throw std::runtime_error("no type " + key);
  return made;
}

/// A parameter of every value type, in an order that leaves gaps between the slots.
inline std::vector<core::ParamDef> every_param() {
  return {param("level", RELUME_FLOAT),
          param("at", RELUME_VEC3),
          param("on", RELUME_BOOL),
          param("pan", RELUME_VEC2),
          param("count", RELUME_INT),
          param("quad", RELUME_VEC4),
          param("title", RELUME_TEXT),
          param("start", RELUME_TIME),
          param("color", RELUME_COLOR),
          param("go", RELUME_TRIGGER),
          param("mode", RELUME_ENUM, {"off", "schnell \"ü\"", "back\\slash\n", "langsam"})};
}

inline core::DocumentHeader a_header(std::uint64_t revision = 42) {
  core::DocumentHeader header;
  for (std::size_t i = 0; i < header.show_id.size(); ++i) header.show_id[i] = static_cast<std::uint8_t>(i * 17);
  header.head.revision = revision;
  header.head.document_wanted = revision;
  header.head.history = 0x0123456789abcdefU;
  header.head.epoch = 3;
  header.head.accepted_ns = 1'763'710'000'123'456'789;
  header.saved_ns = 1'763'710'001'000'000'000;
  return header;
}

/// Floats in layers of 500, all of them present.
inline DocumentState float_state(std::size_t count, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> level(0, 1);
  std::vector<core::ParamDef> params;
  for (std::size_t i = 0; i < 500; ++i) params.push_back(param("channel-" + std::to_string(i), RELUME_FLOAT));
  const auto fixture = type("fixture", std::move(params));
  DocumentState state;
  state.header = a_header();
  for (std::size_t done = 0, n = 1; done < count; ++n) {
    const core::Layer& layer = state.layer("group-" + std::to_string(n), fixture);
    for (const core::ParamDef& def : fixture->params()) {
      if (done++ < count) state.set(layer, def, {std::bit_cast<std::uint32_t>(level(random))});
    }
  }
  return state;
}

/// Any state that a show can be in: every value type, texts, records, dormant layers, gaps where layers were removed.
class RandomState {
 public:
  explicit RandomState(unsigned seed) : random_(seed) {}

  DocumentState make() {
    DocumentState state;
    state.header = a_header(number() >> 12U);
    state.header.head.history = number();
    const std::vector types{type("every", every_param()), type("gone", every_param(), false, 7),
                            type("one", {param("x", RELUME_FLOAT)})};
    const std::size_t layers = number() % 6;
    for (std::size_t i = 0; i < layers; ++i) {
      const auto& of = types[number() % types.size()];
      const core::Layer& layer = state.layer("layer-" + std::to_string(i), of, 0, number() & 3U);
      for (const core::ParamDef& def : of->params()) {
        if (number() % 4 != 0) set_any(state, layer, def);
      }
    }
    if (layers > 2) {
      const core::Layer& removed = *state.stack.order()[1];
      const std::string texts = core::text_prefix(removed.id);
      std::erase_if(state.objects, [&](const auto& object) { return object.first.starts_with(texts); });
      state.stack.remove(removed);
    }
    for (std::size_t i = number() % 4; i > 0; --i) {
      state.add(core::record_name("bytes-" + std::to_string(i)), core::ObjectKind::bytes, bytes(number() % 9));
      state.add(core::record_name("json-" + std::to_string(i)), core::ObjectKind::json,
                R"({"a": [1, 2e300, "\u00e9\"}"], "n":)" + std::to_string(number() % 1000) + "}");
    }
    return state;
  }

 private:
  std::uint64_t number() { return random_(); }
  std::string bytes(std::size_t size) {
    std::string made;
    while (made.size() < size) made += static_cast<char>(number());
    return made;
  }
  std::uint32_t finite() {
    for (;;) {
      const auto bits = static_cast<std::uint32_t>(number());
      if (std::isfinite(std::bit_cast<float>(bits))) return bits;
    }
  }
  void set_any(DocumentState& state, const core::Layer& layer, const core::ParamDef& def) {
    static const std::vector<std::string> pieces{"a", "\"", "\\", "\n", "\x01", "\x7f", "ü", "漢", "💡", "/", "\u2028"};
    core::Lanes lanes{};
    switch (def.type) {
      case RELUME_TEXT: {
        std::string text;
        for (std::size_t i = number() % 20; i > 0; --i) text += pieces[number() % pieces.size()];
        return state.set_text(layer, def, text);
      }
      case RELUME_BOOL: lanes[0] = number() & 1U; break;
      case RELUME_ENUM: lanes[0] = static_cast<std::uint32_t>(number() % def.labels.size()); break;
      case RELUME_INT:
      case RELUME_TRIGGER:
      case RELUME_TIME:
        for (std::uint32_t i = 0; i < def.lanes; ++i) lanes[i] = static_cast<std::uint32_t>(number());
        break;
      default:
        for (std::uint32_t i = 0; i < def.lanes; ++i) lanes[i] = finite();
    }
    state.set(layer, def, lanes);
  }

  std::mt19937_64 random_;
};

}  // namespace relume::test
