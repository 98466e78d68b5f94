// SPDX-License-Identifier: Apache-2.0
// The stack as bytes: layers in order, and of their types what it takes to find values again, keys, value types and labels.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/stack.hpp"

namespace relume::core {

struct SavedLayer {
  std::uint64_t id = 0;
  std::string key;
  std::shared_ptr<const LayerType> type;  // as saved, not as declared
  std::uint32_t first_slot = 0;
  std::uint32_t flags = 0;
};

struct SavedStack {
  std::uint64_t next_layer_id = 1;
  std::vector<SavedLayer> layers;  // bottom to top
};

std::string encode_stack(const Stack& stack);

/// Reads what encode_stack wrote; hostile bytes get a Fault that says where they make no sense.
Fault decode_stack(std::string_view bytes, SavedStack& out);

}  // namespace relume::core
