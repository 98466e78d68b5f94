// SPDX-License-Identifier: Apache-2.0
// The ordered layer stack and who sits where: identity, keys, flags, slots. Values live elsewhere.
#pragma once

#include <relume/mutation.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/fault.hpp"
#include "model/handle.hpp"
#include "model/layer_type.hpp"

namespace relume::core {

struct Layer {
  std::uint64_t id = 0;
  std::string key;
  std::shared_ptr<const LayerType> type;
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  std::uint32_t first_slot = 0;
  std::uint32_t flags = 0;

  relume_layer handle() const { return layer_handle(index, generation); }
  /// Recovered, but its type is not declared: kept, not shown.
  bool dormant() const { return !type->declared(); }
};

class Stack {
 public:
  Stack(std::uint32_t max_layers, std::uint32_t max_slots);

  /// Bottom to top, dormant layers included.
  const std::vector<std::shared_ptr<const Layer>>& order() const { return order_; }
  const Layer* find(std::string_view key) const;                 // dormant ones too
  const Layer* find(relume_layer handle) const noexcept;         // nullptr when stale or dormant
  std::shared_ptr<const Layer> find_id(std::uint64_t id) const;  // dormant ones too; nullptr when there is none
  /// The layer and definition behind a handle; false when stale.
  bool find(relume_param handle, const Layer*& layer, const ParamDef*& def) const noexcept;
  /// By route, "layer/key"; false when there is none.
  bool find_route(std::string_view route, const Layer*& layer, const ParamDef*& def) const;
  std::uint64_t next_layer_id() const { return next_layer_id_; }
  std::uint32_t table_size() const { return static_cast<std::uint32_t>(table_.size()); }
  std::uint32_t max_slots() const { return max_slots_; }

  Fault add(std::string_view key, const std::shared_ptr<const LayerType>& type, relume_layer before, const Layer*& out);
  /// A layer as it was saved, on top of those before. Its slots are as given, or newly placed when `first_slot` is kPlaced.
  static constexpr std::uint32_t kPlaced = UINT32_MAX;
  Fault restore(std::string_view key, const std::shared_ptr<const LayerType>& type, std::uint64_t id,
                std::uint32_t flags, std::uint32_t first_slot, const Layer*& out);
  void set_next_layer_id(std::uint64_t id) { next_layer_id_ = id; }
  void remove(const Layer& layer);
  /// False when it was there already.
  bool move(const Layer& layer, relume_layer before);
  bool set_flag(const Layer& layer, std::uint32_t flag, bool on);
  /// Another key for a layer, which is its own again or no layer's. `changed` is false when it has it already.
  Fault rename(const Layer& layer, std::string_view key, const Layer*& out, bool& changed);
  /// Gives layers, by id, the keys that a proved stack has for them, in any order: keys may change hands.
  void take_keys(const std::vector<std::pair<std::uint64_t, std::string>>& keys);
  /// Another type for a layer; of the same shape it keeps its slots and handles, of another it gets new ones of both. `apart`
  /// says that new and old slots do not overlap. On a Fault nothing has changed.
  Fault retype(const Layer& layer, const std::shared_ptr<const LayerType>& type, const Layer*& out, bool& apart);

 private:
  struct Range {
    std::uint32_t begin, end;
  };
  Fault insert(Layer layer, std::size_t position, const Layer*& out);
  const Layer* replace(const Layer& layer, Layer by);
  const Layer* set_key(const Layer& layer, std::string_view key);
  Fault no_room(const Layer& layer, std::uint32_t count) const;
  bool take_slots(std::uint32_t count, std::uint32_t& first);
  bool take_slots_at(std::uint32_t first, std::uint32_t count);
  void give_slots(std::uint32_t first, std::uint32_t count);
  std::size_t position_of(std::uint32_t index) const;
  std::size_t key_position(std::string_view key) const;

  std::uint32_t max_layers_;
  std::uint32_t max_slots_;
  std::uint64_t next_layer_id_ = 1;
  std::vector<std::shared_ptr<const Layer>> order_;
  std::vector<std::shared_ptr<const Layer>> table_;  // by index; nullptr where free
  std::vector<std::uint32_t> generations_;           // by index: of the layer there, or of the last one
  std::vector<const Layer*> by_key_;                 // sorted by key
  std::vector<Range> free_;                          // sorted, never touching
};

}  // namespace relume::core
