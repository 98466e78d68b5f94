// SPDX-License-Identifier: Apache-2.0
// The stack as frames show it: an immutable picture, made by the mutator at each change of structure.
#pragma once

#include <relume/frame.h>

#include <cstdint>
#include <vector>

#include "model/layer_type.hpp"

namespace relume::core {

/// Where the layer with a table index lies; generation 0: nowhere.
struct FrameEntry {
  std::uint32_t generation = 0;
  std::uint32_t first_slot = 0;
  std::uint32_t slot_count = 0;
};

/// A parameter got another definition, and perhaps another place: its automation goes with it.
struct Carry {
  std::uint64_t version = 0;     // of the edit that did it
  std::uint64_t order = 0;       // of that mutation
  std::uint64_t taken = 0;       // what operators had taken there before, see Taken
  std::uint64_t from_param = 0;  // handle bits
  std::uint64_t to_param = 0;
  std::uint32_t from_slot = 0;  // in the show
  std::uint32_t to_slot = 0;
  const ParamDef* def = nullptr;  // the new one
};

struct StackView {
  std::uint64_t created = 0;               // version of the edit that made it
  std::vector<relume_frame_layer> layers;  // bottom to top, without dormant ones
  std::vector<FrameEntry> table;           // by layer index
  std::vector<const LayerType*> types;     // by layer index; they live as long as the show
  std::vector<Carry> carries;              // in order; also those of views that no composer may have seen
};

}  // namespace relume::core
