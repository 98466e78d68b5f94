// SPDX-License-Identifier: Apache-2.0
#include "persistence/held_layout.hpp"

#include <xxhash.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "live/page_tree.hpp"

namespace relume::core {
namespace {

std::uint64_t hash(std::string_view text, std::uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

// Equal for types of the same shape (LayerType::same_shape), and practically only for those.
std::uint64_t shape_of(const LayerType& type) {
  std::uint64_t shape = type.slot_count();
  for (const ParamDef& def : type.params()) {
    const std::uint32_t place[4] = {def.type, def.lanes, def.slot, static_cast<std::uint32_t>(def.labels.size())};
    shape = XXH3_64bits_withSeed(place, sizeof place, hash(def.key, shape));
    for (const std::string& label : def.labels) shape = hash(label, shape);
  }
  return shape;
}

class Layouts {
 public:
  explicit Layouts(std::uint32_t blocks) : by_block_(blocks) {}

  void add(std::uint64_t id, std::uint32_t first_slot, const LayerType& type) {
    const auto [shape, fresh] = shapes_.try_emplace(&type, 0);
    if (fresh) shape->second = shape_of(type);
    const std::uint64_t what[3] = {id, first_slot, shape->second};
    const std::uint64_t part = XXH3_64bits(what, sizeof what);
    const std::uint64_t end = std::uint64_t{first_slot} + type.slot_count();
    const std::uint64_t last = std::min<std::uint64_t>(by_block_.size(), (end + kBlockSlots - 1) / kBlockSlots);
    for (std::uint64_t block = first_slot / kBlockSlots; block < last; ++block) by_block_[block] += part;
  }
  std::vector<std::uint64_t> take() { return std::move(by_block_); }

 private:
  std::vector<std::uint64_t> by_block_;
  std::unordered_map<const LayerType*, std::uint64_t> shapes_;  // many layers are of one type
};

}  // namespace

std::vector<std::uint64_t> held_layouts(const Stack& stack) {
  Layouts layouts(stack.max_slots() / kBlockSlots);
  for (const auto& layer : stack.order()) layouts.add(layer->id, layer->first_slot, *layer->type);
  return layouts.take();
}

std::vector<std::uint64_t> held_layouts(const SavedStack& stack, std::uint32_t blocks) {
  Layouts layouts(blocks);
  for (const SavedLayer& layer : stack.layers) layouts.add(layer.id, layer.first_slot, *layer.type);
  return layouts.take();
}

}  // namespace relume::core
