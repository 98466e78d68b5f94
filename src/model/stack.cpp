// SPDX-License-Identifier: Apache-2.0
#include "model/stack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/key.hpp"

namespace relume::core {
namespace {

std::uint32_t whole_quads(std::uint32_t slots) { return (slots + 3) / 4 * 4; }

Fault taken_key(std::string_view key) {
  return {RELUME_E_EXISTS, std::string(key), fmt::format("there is a layer {} already", key)};
}

}  // namespace

Stack::Stack(std::uint32_t max_layers, std::uint32_t max_slots)
    : max_layers_(max_layers), max_slots_(max_slots), free_{{0, max_slots}} {}

const Layer* Stack::find(std::string_view key) const {
  const std::size_t position = key_position(key);
  return position < by_key_.size() && by_key_[position]->key == key ? by_key_[position] : nullptr;
}

std::size_t Stack::key_position(std::string_view key) const {
  const auto found = std::lower_bound(by_key_.begin(), by_key_.end(), key,
                                      [](const Layer* layer, std::string_view k) { return layer->key < k; });
  return static_cast<std::size_t>(found - by_key_.begin());
}

const Layer* Stack::find(relume_layer handle) const noexcept {
  const std::uint32_t index = layer_index(handle);
  if (index >= table_.size() || table_[index] == nullptr) return nullptr;
  const Layer* layer = table_[index].get();
  return layer->generation == generation_of(handle.bits) && !layer->dormant() ? layer : nullptr;
}

std::shared_ptr<const Layer> Stack::find_id(std::uint64_t id) const {
  const auto found = std::find_if(order_.begin(), order_.end(), [&](const auto& layer) { return layer->id == id; });
  return found != order_.end() ? *found : nullptr;
}

bool Stack::find(relume_param handle, const Layer*& layer, const ParamDef*& def) const noexcept {
  layer = find(layer_of(handle));
  def = layer != nullptr ? layer->type->at_slot(slot_of(handle)) : nullptr;
  return def != nullptr;
}

bool Stack::find_route(std::string_view route, const Layer*& layer, const ParamDef*& def) const {
  const std::size_t slash = route.find('/');
  if (slash == std::string_view::npos) return false;
  layer = find(route.substr(0, slash));
  if (layer == nullptr || layer->dormant()) return false;
  def = layer->type->find(route.substr(slash + 1));
  return def != nullptr;
}

std::size_t Stack::position_of(std::uint32_t index) const {
  const auto found = std::find_if(order_.begin(), order_.end(), [&](const auto& l) { return l->index == index; });
  return static_cast<std::size_t>(found - order_.begin());
}

Fault Stack::add(std::string_view key, const std::shared_ptr<const LayerType>& type, relume_layer before,
                 const Layer*& out) {
  if (!valid_key(key)) return key_fault(key, "the layer's");
  std::size_t position = order_.size();
  if (before.bits != 0) {
    const Layer* above = find(before);
    if (above == nullptr) {
      return {RELUME_E_UNKNOWN_LAYER, "before", "the layer to put it below is gone; resolve its key again"};
    }
    position = position_of(above->index);
  }
  Layer layer;
  layer.id = next_layer_id_;
  layer.key = key;
  layer.type = type;
  layer.first_slot = kPlaced;
  if (Fault fault = insert(std::move(layer), position, out)) return fault;
  ++next_layer_id_;
  return {};
}

Fault Stack::restore(std::string_view key, const std::shared_ptr<const LayerType>& type, std::uint64_t id,
                     std::uint32_t flags, std::uint32_t first_slot, const Layer*& out) {
  Layer layer;
  layer.id = id;
  layer.key = key;
  layer.type = type;
  layer.flags = flags;
  layer.first_slot = first_slot;
  return insert(std::move(layer), order_.size(), out);
}

Fault Stack::insert(Layer layer, std::size_t position, const Layer*& out) {
  if (find(layer.key) != nullptr) return taken_key(layer.key);
  const auto free_entry = std::find(table_.begin(), table_.end(), nullptr);
  layer.index = static_cast<std::uint32_t>(free_entry - table_.begin());
  if (layer.index >= max_layers_) {
    return {RELUME_E_LIMIT, layer.key, fmt::format("there are {} layers, which is max_layers; raise it", max_layers_)};
  }
  const std::uint32_t count = whole_quads(layer.type->slot_count());
  const bool placed =
      layer.first_slot == kPlaced ? take_slots(count, layer.first_slot) : take_slots_at(layer.first_slot, count);
  if (!placed) { return no_room(layer, count); }
  if (free_entry == table_.end()) {
    table_.emplace_back();
    generations_.push_back(0);
  }
  layer.generation = ++generations_[layer.index];
  auto made = std::make_shared<const Layer>(std::move(layer));
  out = made.get();
  by_key_.insert(by_key_.begin() + static_cast<std::ptrdiff_t>(key_position(made->key)), made.get());
  table_[made->index] = made;
  order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(position), std::move(made));
  return {};
}

Fault Stack::no_room(const Layer& layer, std::uint32_t count) const {
  return {RELUME_E_LIMIT, layer.key,
          fmt::format("no {} slots in a row are free of {}, which is max_slots; raise it", count, max_slots_)};
}

void Stack::remove(const Layer& layer) {
  const std::uint32_t index = layer.index;
  give_slots(layer.first_slot, whole_quads(layer.type->slot_count()));
  by_key_.erase(by_key_.begin() + static_cast<std::ptrdiff_t>(key_position(layer.key)));
  order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(position_of(index)));
  table_[index] = nullptr;  // the last reference: `layer` is gone
}

bool Stack::move(const Layer& layer, relume_layer before) {
  const std::size_t from = position_of(layer.index);
  const Layer* above = before.bits != 0 ? find(before) : nullptr;
  std::size_t to = above != nullptr ? position_of(above->index) : order_.size();
  if (to > from) --to;
  if (to == from || above == &layer) return false;
  auto moved = std::move(order_[from]);
  order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(from));
  order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(to), std::move(moved));
  return true;
}

bool Stack::set_flag(const Layer& layer, std::uint32_t flag, bool on) {
  const std::uint32_t flags = on ? layer.flags | flag : layer.flags & ~flag;
  if (flags == layer.flags) return false;
  Layer changed = layer;
  changed.flags = flags;
  replace(layer, std::move(changed));
  return true;
}

Fault Stack::rename(const Layer& layer, std::string_view key, const Layer*& out, bool& changed) {
  if (!valid_key(key)) return key_fault(key, "the layer's");
  changed = layer.key != key;
  out = &layer;
  if (!changed) return {};
  if (find(key) != nullptr) return taken_key(key);
  out = set_key(layer, key);
  return {};
}

const Layer* Stack::set_key(const Layer& layer, std::string_view key) {
  Layer renamed = layer;
  renamed.key = key;
  return replace(layer, std::move(renamed));
}

void Stack::take_keys(const std::vector<std::pair<std::uint64_t, std::string>>& keys) {
  const auto rekey = [this](std::uint64_t id, const std::string& key) {
    const auto found = std::find_if(order_.begin(), order_.end(), [&](const auto& l) { return l->id == id; });
    if (found != order_.end()) set_key(**found, key);
  };
  // By way of names that no layer can have: two layers may change places.
  for (const auto& entry : keys) rekey(entry.first, fmt::format("~{}", entry.first));
  for (const auto& [id, key] : keys) rekey(id, key);
}

const Layer* Stack::replace(const Layer& layer, Layer by) {
  const std::size_t position = position_of(layer.index);
  auto made = std::make_shared<const Layer>(std::move(by));
  by_key_.erase(by_key_.begin() + static_cast<std::ptrdiff_t>(key_position(layer.key)));
  by_key_.insert(by_key_.begin() + static_cast<std::ptrdiff_t>(key_position(made->key)), made.get());
  table_[made->index] = made;
  order_[position] = std::move(made);  // the last reference: `layer` is gone
  return order_[position].get();
}

Fault Stack::retype(const Layer& layer, const std::shared_ptr<const LayerType>& type, const Layer*& out, bool& apart) {
  Layer changed = layer;
  changed.type = type;
  apart = true;
  if (!layer.type->same_shape(*type)) {
    const std::uint32_t count = whole_quads(type->slot_count());
    const std::uint32_t before = whole_quads(layer.type->slot_count());
    apart = take_slots(count, changed.first_slot);
    give_slots(layer.first_slot, before);
    if (!apart && !take_slots(count, changed.first_slot)) {
      take_slots_at(layer.first_slot, before);
      return no_room(layer, count);
    }
    changed.generation = ++generations_[layer.index];
  }
  out = replace(layer, std::move(changed));
  return {};
}

bool Stack::take_slots(std::uint32_t count, std::uint32_t& first) {
  const auto fits = std::find_if(free_.begin(), free_.end(), [&](Range r) { return r.end - r.begin >= count; });
  if (fits == free_.end()) return false;
  first = fits->begin;
  fits->begin += count;
  if (fits->begin == fits->end) free_.erase(fits);
  return true;
}

bool Stack::take_slots_at(std::uint32_t first, std::uint32_t count) {
  const std::uint64_t end = std::uint64_t{first} + count;
  const auto around =
      std::find_if(free_.begin(), free_.end(), [&](Range r) { return r.begin <= first && end <= r.end; });
  if (around == free_.end()) return false;
  const Range before{around->begin, first};
  const Range after{static_cast<std::uint32_t>(end), around->end};
  auto place = free_.erase(around);
  if (after.begin < after.end) place = free_.insert(place, after);
  if (before.begin < before.end) free_.insert(place, before);
  return true;
}

void Stack::give_slots(std::uint32_t first, std::uint32_t count) {
  auto next = std::find_if(free_.begin(), free_.end(), [&](Range r) { return r.begin > first; });
  next = free_.insert(next, {first, first + count});
  if (const auto after = next + 1; after != free_.end() && next->end == after->begin) {
    next->end = after->end;
    free_.erase(after);
  }
  if (next != free_.begin()) {
    const auto before = next - 1;
    if (before->end == next->begin) {
      before->end = next->end;
      free_.erase(next);
    }
  }
}

}  // namespace relume::core
