// SPDX-License-Identifier: Apache-2.0
#include "persistence/structure_codec.hpp"

#include <fmt/format.h>
#include <relume/stack.h>

#include <algorithm>
#include <concepts>
#include <cstring>
#include <utility>

#include "model/key.hpp"

namespace relume::core {
namespace {

constexpr std::uint32_t kFormat = 1;

class Writer {
 public:
  template <std::unsigned_integral T>
  void number(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view value) {
    number(static_cast<std::uint8_t>(value.size()));  // keys and labels have at most 63 bytes
    out_.append(value);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <std::unsigned_integral T>
  T number() {
    T value{};
    const std::string_view from = take(sizeof value);
    if (ok_) std::memcpy(&value, from.data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(take(number<std::uint8_t>())); }
  /// A count of things that take at least `least` bytes each: more than fit in what is left cannot be meant.
  std::uint32_t count(std::size_t least) {
    const auto value = number<std::uint32_t>();
    if (ok_ && value > bytes_.size() / least) ok_ = false;
    return ok_ ? value : 0;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && bytes_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (!ok_ || size > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::string_view bytes_;
  bool ok_ = true;
};

void write_type(Writer& w, const LayerType& type) {
  w.text(type.key());
  w.number(type.version());
  w.number(static_cast<std::uint32_t>(type.params().size()));
  for (const ParamDef& param : type.params()) {
    w.text(param.key);
    w.number(static_cast<std::uint8_t>(param.type));
    w.number(static_cast<std::uint32_t>(param.labels.size()));
    for (const std::string& label : param.labels) w.text(label);
  }
}

Fault broken(const char* what) {
  return {RELUME_E_INVALID, "stack", fmt::format("the saved stack is broken at {}", what)};
}

Fault read_type(Reader& r, std::shared_ptr<const LayerType>& out) {
  std::string key = r.text();
  const auto version = r.number<std::uint32_t>();
  std::vector<ParamDef> params(r.count(6));
  for (ParamDef& param : params) {
    param.key = r.text();
    param.type = r.number<std::uint8_t>();
    param.lanes = lanes_of(param.type);
    param.labels.resize(r.count(1));
    for (std::string& label : param.labels) label = r.text();
    if (!r.ok() || param.lanes == 0 || !valid_key(param.key)) return broken("a parameter");
  }
  if (!r.ok() || !valid_key(key)) return broken("a layer type");
  return LayerType::make(std::move(key), version, std::move(params), false, out);
}

}  // namespace

std::string encode_stack(const Stack& stack) {
  std::vector<const LayerType*> types;
  for (const auto& layer : stack.order()) types.push_back(layer->type.get());
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());

  Writer w;
  w.number(kFormat);
  w.number(stack.next_layer_id());
  w.number(static_cast<std::uint32_t>(types.size()));
  for (const LayerType* type : types) write_type(w, *type);
  w.number(static_cast<std::uint32_t>(stack.order().size()));
  for (const auto& layer : stack.order()) {
    const auto type = std::lower_bound(types.begin(), types.end(), layer->type.get());
    w.number(layer->id);
    w.text(layer->key);
    w.number(static_cast<std::uint32_t>(type - types.begin()));
    w.number(layer->first_slot);
    w.number(layer->flags);
  }
  return w.take();
}

Fault decode_stack(std::string_view bytes, SavedStack& out) {
  Reader r(bytes);
  if (r.number<std::uint32_t>() != kFormat) return broken("its format number");
  out.next_layer_id = r.number<std::uint64_t>();
  std::vector<std::shared_ptr<const LayerType>> types(r.count(10));
  for (auto& type : types) {
    if (Fault fault = read_type(r, type)) return fault;
  }
  out.layers.resize(r.count(21));
  for (SavedLayer& layer : out.layers) {
    layer.id = r.number<std::uint64_t>();
    layer.key = r.text();
    const auto type = r.number<std::uint32_t>();
    layer.first_slot = r.number<std::uint32_t>();
    layer.flags = r.number<std::uint32_t>();
    constexpr std::uint32_t known = RELUME_LAYER_DISABLED | RELUME_LAYER_BYPASSED;
    const bool sound = r.ok() && type < types.size() && valid_key(layer.key) && layer.id < out.next_layer_id &&
                       (layer.flags & ~known) == 0 && layer.first_slot % 4 == 0;
    if (!sound) return broken("a layer");
    layer.type = types[type];
  }
  return r.at_end() ? Fault{} : broken("its end");
}

}  // namespace relume::core
