// SPDX-License-Identifier: Apache-2.0
// From saved layers and values to a stack and values that fit what the host declares today.
#pragma once

#include <functional>
#include <vector>

#include "live/page_tree.hpp"
#include "model/objects.hpp"
#include "model/schema.hpp"
#include "persistence/structure_codec.hpp"
#include "persistence/type_match.hpp"

namespace relume::core {

/// The blocks of a show, empty at first. One that is just as it was saved need not be copied: it can be lent.
class RestoredBlocks {
 public:
  RestoredBlocks() = default;
  RestoredBlocks(RestoredBlocks&&) = default;
  RestoredBlocks& operator=(RestoredBlocks&&) = default;
  void assign_empty(std::uint32_t count);
  std::uint32_t size() const { return static_cast<std::uint32_t>(at_.size()); }
  const SavedBlock& operator[](std::uint32_t i) const { return *at_[i]; }
  /// An own one, to be written.
  SavedBlock& edit(std::uint32_t i);
  /// `block` stays as it is, and where it is, until own().
  void lend(std::uint32_t i, const SavedBlock& block);
  /// Copies what was lent.
  void own();

 private:
  std::vector<const SavedBlock*> at_;
  std::vector<bool> owned_;
  std::vector<SavedBlock> own_;  // never more than it was given room for: they stay where they are
};

enum class Lend : bool { no, yes };

struct RestoredLayers {
  RestoredBlocks blocks;
  ObjectTable objects;
  std::uint32_t dormant_layers = 0;
  std::uint32_t converted_layers = 0;
  std::uint32_t cleared_values = 0;
};

/// A new stack as the schema declares it, all defaults. RELUME_E_LIMIT when it does not fit.
Fault restore_defaults(const Schema& schema, Stack& stack, RestoredLayers& out);

/// A saved stack under the declared types: equal control key and shape keep their value, a changed range clamps, an enum
/// matches by label, anything else is cleared (DESIGN 5). A layer whose type is not declared stays dormant with its bits.
/// RELUME_E_LIMIT when it does not fit the capacities, RELUME_E_INVALID when it contradicts itself.
/// @param lend whether out.blocks may refer to what `block` returned.
Fault restore_saved(const Schema& schema, const SavedStack& saved,
                    const std::function<const SavedBlock*(std::uint32_t)>& block, Lend lend, const ObjectTable& objects,
                    Stack& stack, RestoredLayers& out);

/// The values of one saved layer in the slots that it has now, into out.blocks, where nothing lies there yet.
void restore_values(const SavedLayer& saved, const Layer& layer,
                    const std::function<const SavedBlock*(std::uint32_t)>& block, TypeMatches& matches,
                    RestoredLayers& out);

/// Without the texts of parameters that are not in the stack any more, or are no texts.
ObjectTable restore_objects(const ObjectTable& saved, const Stack& stack);

}  // namespace relume::core
