// SPDX-License-Identifier: Apache-2.0
// The stack as frames show it: an immutable picture, made by the mutator at each change of structure.
#pragma once

#include <relume/frame.h>

#include <cstdint>
#include <vector>

namespace relume::core {

/// Where the layer with a table index lies; generation 0: nowhere.
struct FrameEntry {
  std::uint32_t generation = 0;
  std::uint32_t first_slot = 0;
  std::uint32_t slot_count = 0;
};

struct StackView {
  std::uint64_t created = 0;               // version of the edit that made it
  std::vector<relume_frame_layer> layers;  // bottom to top, without dormant ones
  std::vector<FrameEntry> table;           // by layer index
};

}  // namespace relume::core
