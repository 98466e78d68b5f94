// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <relume/base.h>
#include <relume/stack.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "persistence/document_codec.hpp"
#include "persistence/document_format.hpp"
#include "persistence/json_writer.hpp"
#include "persistence/trigger_count.hpp"
#include "platform/base64.hpp"
#include "platform/hex.hpp"

namespace relume::core {
namespace {

using namespace document;

std::string iso_utc(std::int64_t ns) {
  using namespace std::chrono;
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t fraction = (ns % second + second) % second;
  const sys_seconds time{seconds(ns / second - (ns % second < 0 ? 1 : 0))};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), fraction);
}

class Encoder {
 public:
  Encoder(const Stack& stack, const ObjectTable& objects, const std::function<const SavedBlock*(std::uint32_t)>& block)
      : stack_(stack), objects_(objects), block_(block) {}

  std::string encode(const DocumentHeader& header);

 private:
  struct Type {
    const LayerType* type;
    std::uint32_t variant;  // 1 and up among the types of one key
    bool alone = true;      // with its key: what was carried for the key can belong to no other
  };

  void number_types();
  void write_header(const DocumentHeader& header);
  void write_type(const Type& type);
  void write_param(const ParamDef& param, std::string_view carried);
  void write_layer(const Layer& layer);
  void write_values(const Layer& layer, std::string_view carried);
  static bool is_value(const ParamDef& param, const std::uint32_t* lanes);
  void write_value(const Layer& layer, const ParamDef& param, const std::uint32_t* lanes);
  std::uint32_t format() const;
  void write_count(JsonLines& lines, const ParamDef& param, const SavedBlock& block, std::uint32_t lane);
  void write_records();
  void prove();

  std::string_view extra(std::string_view name) const {
    const auto found = objects_.find(name);
    return found != objects_.end() && found->second.kind == ObjectKind::extra ? std::string_view(*found->second.bytes)
                                                                              : std::string_view();
  }
  /// The members that came with an earlier document and that this version does not write by itself.
  template <std::size_t N>
  void write_extra(JsonLines& lines, std::string_view members, const std::array<const char*, N>& known) {
    each_extra(members, [&](std::string_view key, std::string_view value) {
      if (find_name(known, key) >= 0) return;
      lines.member(key);
      out_ += value;
    });
  }
  /// What such members carry for an object or array that this version does write: its inside.
  static std::string_view inside(std::string_view members, std::string_view name) {
    std::string_view found;
    each_extra(members, [&](std::string_view key, std::string_view value) {
      if (key == name) found = contents(value);
    });
    return found;
  }
  void write_variant(std::uint32_t variant) {
    if (variant != 1) out_ += fmt::format(", \"variant\": {}", variant);
  }

  const Stack& stack_;
  const ObjectTable& objects_;
  const std::function<const SavedBlock*(std::uint32_t)>& block_;
  std::vector<Type> types_;  // in the order in which layers name them
  std::unordered_map<const LayerType*, std::uint32_t> variant_of_;
  std::string out_;
};

// Layers of one type share it; but a dormant layer may have kept a type that is another one now, under the same key.
void Encoder::number_types() {
  std::map<std::string_view, std::vector<const LayerType*>> by_key;
  for (const auto& layer : stack_.order()) {
    const LayerType* const type = layer->type.get();
    if (variant_of_.contains(type)) continue;
    auto& namesakes = by_key[type->key()];
    std::size_t i = 0;
    while (i < namesakes.size() && (namesakes[i]->version() != type->version() || !namesakes[i]->same_shape(*type))) {
      ++i;
    }
    const auto variant = static_cast<std::uint32_t>(i + 1);
    variant_of_[type] = variant;
    if (i < namesakes.size()) continue;
    namesakes.push_back(type);
    types_.push_back({type, variant});
  }
  for (Type& type : types_) type.alone = by_key[type.type->key()].size() == 1;
}

std::uint32_t Encoder::format() const {
  const bool triggers =
      std::any_of(types_.begin(), types_.end(), [](const Type& t) { return !t.type->triggers().empty(); });
  return triggers ? kFormatOfTriggers : 1;
}

void Encoder::write_header(const DocumentHeader& header) {
  out_ += fmt::format(R"({}{}{}{}{}{:>{}}{}{}",)", kBegin, format(), kThenMinor, kMinor, kThenLength, 0, kLengthWidth,
                      kThenChecksum, kNoChecksum);
  out_ += fmt::format(R"(
    "writer": "relume {}.{}.{}",
    "show_id": "{}",
    "history": "{:016x}",
    "revision": {},
    "epoch": {},
    "accepted_ns": {},
    "accepted": "{}",
    "saved_ns": {},
    "saved": "{}")",
                      RELUME_VERSION_MAJOR, RELUME_VERSION_MINOR, RELUME_VERSION_PATCH,
                      platform::to_hex(header.show_id.data(), header.show_id.size()), header.head.history,
                      header.head.revision, header.head.epoch, header.head.accepted_ns,
                      iso_utc(header.head.accepted_ns), header.saved_ns, iso_utc(header.saved_ns));
  each_extra(extra(kHeaderExtra), [&](std::string_view key, std::string_view value) {
    if (find_name(kHeaderMembers, key) >= 0) return;
    out_ += fmt::format(",\n    \"{}\": ", key);
    out_ += value;
  });
  out_ += "\n  }";
}

void Encoder::write_param(const ParamDef& param, std::string_view carried) {
  out_ += fmt::format(R"({{"key": "{}", "type": "{}")", param.key, kTypeNames[param.type]);
  if (param.type == RELUME_ENUM) {
    out_ += ", \"labels\": [";
    for (std::size_t i = 0; i < param.labels.size(); ++i) {
      if (i > 0) out_ += ", ";
      append_string(out_, param.labels[i]);
    }
    out_ += ']';
  }
  each_extra(carried, [&](std::string_view key, std::string_view value) {
    if (find_name(kParamMembers, key) < 0) out_.append(", \"").append(key).append("\": ").append(value);
  });
  out_ += '}';
}

void Encoder::write_type(const Type& type) {
  const std::string_view members = type.alone ? extra(type_extra_name(type.type->key())) : std::string_view();
  std::unordered_map<std::string_view, std::string_view> carried;  // by the parameter's key
  each_extra(inside(members, "params"),
             [&](std::string_view key, std::string_view value) { carried[key] = contents(value); });
  JsonLines lines(out_, '{', 4);
  lines.member("key");
  out_ += fmt::format(R"("{}", "version": {})", type.type->key(), type.type->version());
  write_variant(type.variant);
  lines.member("params");
  JsonLines params(out_, '[', 6);
  for (const ParamDef& param : type.type->params()) {
    params.item();
    write_param(param, carried.empty() ? std::string_view() : carried[param.key]);
  }
  params.close();
  write_extra(lines, members, kTypeMembers);
  lines.close();
}

// Bits that are no value of their type can be in a dormant layer only, which nobody looks into. They are left out.
bool Encoder::is_value(const ParamDef& param, const std::uint32_t* lanes) {
  if (param.type == RELUME_ENUM) return lanes[0] < param.labels.size();
  if (!is_float_type(param.type)) return true;
  return std::all_of(lanes, lanes + lanes_of(param.type),
                     [](std::uint32_t bits) { return std::isfinite(std::bit_cast<float>(bits)); });
}

void Encoder::write_value(const Layer& layer, const ParamDef& param, const std::uint32_t* lanes) {
  switch (param.type) {
    case RELUME_BOOL: return append_bool(out_, lanes[0] != 0);
    case RELUME_INT: return append_number(out_, std::bit_cast<std::int32_t>(lanes[0]));
    case RELUME_FLOAT: return append_number(out_, std::bit_cast<float>(lanes[0]));
    case RELUME_ENUM: return append_string(out_, param.labels[lanes[0]]);
    case RELUME_TIME: return append_number(out_, decode_value(RELUME_TIME, lanes).as.t);
    case RELUME_TEXT: {
      const auto text = objects_.find(text_name(layer.id, param.key, false));
      return append_string(out_, text != objects_.end() ? std::string_view(*text->second.bytes) : std::string_view());
    }
    default: break;
  }
  out_ += '[';
  for (std::uint32_t i = 0; i < lanes_of(param.type); ++i) {
    if (i > 0) out_ += ", ";
    append_number(out_, std::bit_cast<float>(lanes[i]));
  }
  out_ += ']';
}

// Of both tiers: where only the document is left, nobody sees another count than before.
void Encoder::write_count(JsonLines& lines, const ParamDef& param, const SavedBlock& block, std::uint32_t lane) {
  if (((block.persisted_present | block.committed_present) >> lane & 1U) == 0) return;
  lines.member(param.key);
  append_number(out_, count_of(block, lane));
}

void Encoder::write_values(const Layer& layer, std::string_view carried) {
  JsonLines lines(out_, '{', 6);
  const SavedBlock* block = nullptr;
  std::uint32_t block_index = UINT32_MAX;
  for (const ParamDef& param : layer.type->params()) {
    const std::uint32_t slot = layer.first_slot + param.slot;
    if (slot / kBlockSlots != block_index) {
      block_index = slot / kBlockSlots;
      block = block_(block_index);
    }
    const std::uint64_t present = presence(param, slot % kBlockSlots);
    if (param.type == RELUME_TRIGGER) {
      if (block != nullptr) write_count(lines, param, *block, slot % kBlockSlots);
      continue;
    }
    if (block == nullptr || (block->persisted_present & present) != present) continue;
    const std::uint32_t* const lanes = &block->persisted[slot % kBlockSlots];
    if (!is_value(param, lanes)) continue;
    lines.member(param.key);
    write_value(layer, param, lanes);
  }
  each_extra(carried, [&](std::string_view key, std::string_view value) {
    if (layer.type->find(key) != nullptr) return;
    lines.member(key);
    out_ += value;
  });
  lines.close();
}

void Encoder::write_layer(const Layer& layer) {
  const std::string_view members = extra(layer_extra_name(layer.id));
  JsonLines lines(out_, '{', 4);
  lines.member("id");
  out_ += fmt::format(R"({}, "key": "{}", "type": "{}")", layer.id, layer.key, layer.type->key());
  write_variant(variant_of_.at(layer.type.get()));
  out_ += fmt::format(R"(, "enabled": {}, "bypassed": {})", (layer.flags & RELUME_LAYER_DISABLED) == 0,
                      (layer.flags & RELUME_LAYER_BYPASSED) != 0);
  lines.member("values");
  write_values(layer, inside(members, "values"));
  write_extra(lines, members, kLayerMembers);
  lines.close();
}

void Encoder::write_records() {
  JsonLines lines(out_, '{', 2);
  const std::string prefix = record_name("");
  for (auto at = objects_.lower_bound(prefix); at != objects_.end() && at->first.starts_with(prefix); ++at) {
    lines.member(std::string_view(at->first).substr(prefix.size()));
    if (at->second.kind == ObjectKind::json) {
      out_.append("{\"json\": ").append(*at->second.bytes).append("}");
    } else {
      out_ += "{\"base64\": \"";
      platform::append_base64(out_, *at->second.bytes);
      out_ += "\"}";
    }
  }
  each_extra(inside(extra(kTopExtra), "records"), [&](std::string_view key, std::string_view value) {
    if (objects_.contains(record_name(key))) return;
    lines.member(key);
    out_ += value;
  });
  lines.close();
}

std::string Encoder::encode(const DocumentHeader& header) {
  number_types();
  std::size_t params = 0;
  for (const auto& layer : stack_.order()) params += layer->type->params().size();
  out_.reserve(4096 + params * 40);

  write_header(header);
  JsonLines top(out_, 0);
  top.member("types");
  JsonLines types(out_, '[', 2);
  for (const Type& type : types_) {
    types.item();
    write_type(type);
  }
  types.close();
  top.member("layers");
  JsonLines layers(out_, '[', 2);
  for (const auto& layer : stack_.order()) {
    layers.item();
    write_layer(*layer);
  }
  layers.close();
  top.member("next_layer_id");
  append_number(out_, stack_.next_layer_id());
  top.member("records");
  write_records();
  write_extra(top, extra(kTopExtra), kTopMembers);
  top.close();
  out_ += '\n';
  prove();
  return std::move(out_);
}

// The length first, then the checksum of everything with its own digits still zero.
void Encoder::prove() {
  const std::size_t length_at = out_.find(kThenLength) + kThenLength.size();
  out_.replace(length_at, kLengthWidth, fmt::format("{:>{}}", out_.size(), kLengthWidth));
  const std::size_t checksum_at = out_.find(kThenChecksum) + kThenChecksum.size();
  out_.replace(checksum_at, kNoChecksum.size(), fmt::format("{:08x}", checksum(out_, checksum_at)));
}

}  // namespace

std::string encode_document(const DocumentHeader& header, const Stack& stack, const ObjectTable& objects,
                            const std::function<const SavedBlock*(std::uint32_t)>& block) {
  return Encoder(stack, objects, block).encode(header);
}

}  // namespace relume::core
