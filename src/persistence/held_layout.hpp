// SPDX-License-Identifier: Apache-2.0
// Which layers and types lie in a block, as one number: what the frame thread left behind under another stack than the mirrored
// one is used only where the same still lies at the same place.
#pragma once

#include <cstdint>
#include <vector>

#include "model/stack.hpp"
#include "persistence/structure_codec.hpp"

namespace relume::core {

/// By block of the show; 0 where no layer lies. Order, keys and flags of layers do not matter, their ids and shapes do.
std::vector<std::uint64_t> held_layouts(const Stack& stack);
/// The same of a stack as it was saved, of so many blocks.
std::vector<std::uint64_t> held_layouts(const SavedStack& stack, std::uint32_t blocks);

}  // namespace relume::core
