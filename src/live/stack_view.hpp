// SPDX-License-Identifier: Apache-2.0
// The stack as frames show it: an immutable picture, made by the mutator at each change of structure.
#pragma once

#include <relume/frame.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "model/layer_type.hpp"

namespace relume::core {

/// Where the layer with a table index lies; generation 0: nowhere.
struct FrameEntry {
  std::uint32_t generation = 0;
  std::uint32_t first_slot = 0;
  std::uint32_t slot_count = 0;
  const LayerType* type = nullptr;  // lives as long as the show, and as its retained frames
};

/// A parameter got another definition, and perhaps another place: its automation goes with it.
struct Carry {
  std::uint64_t version = 0;      // of the edit that did it
  std::uint64_t order = 0;        // of that mutation
  std::uint64_t taken_order = 0;  // what operators had taken there before, see Taken
  std::uint32_t taken_flags = 0;
  std::uint64_t taken_forced = 0;
  std::uint64_t from_param = 0;  // handle bits
  std::uint64_t to_param = 0;
  std::uint32_t from_slot = 0;  // in the show
  std::uint32_t to_slot = 0;
  const ParamDef* old = nullptr;  // definition before
  const ParamDef* def = nullptr;  // and now
};

/// The slots that a layer has in the show.
struct LayerExtent {
  std::uint32_t first_slot = 0;
  std::uint32_t end_slot = 0;
  std::uint32_t index = 0;  // of the layer
  const LayerType* type = nullptr;
};

struct StackView {
  std::uint64_t created = 0;               // version of the edit that made it
  std::uint64_t revision = 0;              // of that edit
  std::vector<relume_frame_layer> layers;  // bottom to top, without dormant ones
  std::vector<FrameEntry> table;           // by layer index
  std::vector<const LayerType*> types;     // by layer index; they live as long as the show
  std::vector<LayerExtent> extents;        // by first slot
  std::vector<std::uint64_t> held_layout;  // by block: which layers and types lie there, see HeldBlock
  bool has_triggers = false;
  std::vector<Carry> carries;  // in order; also those of views that no composer may have seen

  /// The layer that a slot belongs to, nullptr for none.
  const LayerExtent* extent_at(std::uint32_t slot) const noexcept {
    const auto after =
        std::upper_bound(extents.begin(), extents.end(), slot,
                         [](std::uint32_t s, const LayerExtent& extent) { return s < extent.first_slot; });
    if (after == extents.begin()) return nullptr;
    const LayerExtent& extent = *(after - 1);
    return slot < extent.end_slot ? &extent : nullptr;
  }
};

}  // namespace relume::core
