// SPDX-License-Identifier: Apache-2.0
// Where layers are, for threads that must not wait: sources resolve handles here. Written under the coordinator's mutex.
#pragma once

#include <atomic>
#include <cstdint>

#include "model/handle.hpp"
#include "model/layer_type.hpp"
#include "platform/memory.hpp"
#include "platform/memory_order.hpp"

namespace relume::core {

class LayerTable {
 public:
  explicit LayerTable(std::uint32_t capacity) : entries_(capacity) {}

  void put(std::uint32_t index, std::uint32_t generation, std::uint32_t first_slot, const LayerType* type) noexcept {
    Entry& e = entries_[index];
    // Release on each field: who reads a new field sees that the old generation is gone.
    e.generation.store(0, std::memory_order_relaxed);
    e.first_slot.store(first_slot, order::kLayerPut);
    e.type.store(type, order::kLayerPut);
    e.generation.store(generation, order::kLayerPut);
  }
  /// Another definition of the same shape: whoever reads the old one reads the same places.
  void retype(std::uint32_t index, const LayerType* type) noexcept {
    entries_[index].type.store(type, order::kLayerPut);
  }
  void clear(std::uint32_t index) noexcept { entries_[index].generation.store(0, std::memory_order_relaxed); }

  /// The definition behind a handle and its first slot in the show; nullptr when stale. Types live as long as the show, so a
  /// result that is overtaken by a removal is still safe to read; the composer drops the value by its generation.
  const ParamDef* find(relume_param param, std::uint32_t& slot) const noexcept RELUME_NONBLOCKING {
    std::uint32_t first = 0;
    const LayerType* type = layer_type(param, first);
    if (type == nullptr) return nullptr;
    slot = first + slot_of(param);
    return type->at_slot(slot_of(param));
  }

  /// The same for its layer: type and first slot.
  const LayerType* layer_type(relume_param param, std::uint32_t& first_slot) const noexcept RELUME_NONBLOCKING {
    const std::uint32_t index = layer_index(param);
    const std::uint32_t generation = generation_of(param.bits);
    if (index >= entries_.size() || generation == 0) return nullptr;
    const Entry& e = entries_[index];
    if (e.generation.load(order::kLayerFind) != generation) return nullptr;
    first_slot = e.first_slot.load(order::kLayerFind);
    const LayerType* type = e.type.load(order::kLayerFind);
    return e.generation.load(std::memory_order_relaxed) == generation ? type : nullptr;
  }

 private:
  struct Entry {
    std::atomic<std::uint32_t> generation;
    std::atomic<std::uint32_t> first_slot;
    std::atomic<const LayerType*> type;
  };
  platform::FixedArray<Entry> entries_;
};

}  // namespace relume::core
