// SPDX-License-Identifier: Apache-2.0
// From what the frame thread left behind to automation that fits what the host declares today.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "live/held_targets.hpp"
#include "model/stack.hpp"
#include "persistence/mirror.hpp"
#include "persistence/structure_codec.hpp"

namespace relume::core {

struct RestoredHeld {
  std::vector<std::pair<std::uint32_t, HeldBlock>> blocks;  // for Composer::hold(), in order
  std::int64_t time = 0;                                    // compose time of the last frame
  std::uint64_t order = 0;    // no operator mutation, and no automation, of the mirror has a greater one
  std::uint32_t values = 0;   // parameters whose automation goes on
  std::uint32_t dropped = 0;  // such that did not fit or prove themselves
};

/// What the mirror of a show that died holds of automation, in the slots that its layers have now. Not a value of the declared
/// type, out of its range, of a layer that is dormant or elsewhere: dropped. What an operator took after it is not there.
/// @param saved the mirror's stack. @param stack that it was restored to.
void restore_held(Mirror& mirror, const SavedStack& saved, const Stack& stack, RestoredHeld& out);

}  // namespace relume::core
