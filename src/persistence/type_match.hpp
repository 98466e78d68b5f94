// SPDX-License-Identifier: Apache-2.0
// How values of a saved type become values of the type that takes its place. Found out once for all layers of the two types: of a
// show with many layers of few types, the blocks are then looked at lane by lane, and no key is compared.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "live/page_tree.hpp"
#include "model/layer_type.hpp"

namespace relume::core {

/// The lanes of one block that belong to one layer.
struct LayerPiece {
  std::uint32_t block;
  std::uint32_t lane;   // the first of them
  std::uint32_t count;  // 1 to kBlockSlots
  std::uint32_t slot;   // of the first, within the layer

  std::uint64_t mask() const { return (~std::uint64_t{0} >> (kBlockSlots - count)) << lane; }
};

/// Calls f(piece) for the pieces of a layer, from its first slot on.
template <class F>
void for_each_piece(std::uint32_t first_slot, std::uint32_t slot_count, F&& f) {
  for (std::uint32_t slot = 0; slot < slot_count;) {
    const std::uint32_t at = first_slot + slot;
    const std::uint32_t lane = at % kBlockSlots;
    const std::uint32_t room = kBlockSlots - lane;
    const std::uint32_t count = slot_count - slot < room ? slot_count - slot : room;
    f(LayerPiece{at / kBlockSlots, lane, count, slot});
    slot += count;
  }
}

class TypeMatch {
 public:
  struct Param {
    const ParamDef* from;
    const ParamDef* to;  // nullptr: there is none of that key any more
  };

  /// Both outlive it.
  TypeMatch(const LayerType& saved, const LayerType& now);
  TypeMatch(const TypeMatch&) = delete;
  TypeMatch& operator=(const TypeMatch&) = delete;

  /// The parameters of the saved type, in their order.
  const std::vector<Param>& params() const { return params_; }
  /// LayerType::same_shape: every value can stay in its slot.
  bool same_places() const { return same_places_; }

  // --- of types with the same places ---

  /// Whether all values of a piece are kept as they are: none is cleared, clamped, or there in part.
  bool fits(const SavedBlock& block, const LayerPiece& piece) const;
  /// Whether a piece that fits holds nothing but that: what has no value is at its default.
  bool settled(const SavedBlock& block, const LayerPiece& piece) const;
  /// Takes over the values of a piece that fits, and defaults where there are none. `to` is empty there.
  void copy(const SavedBlock& from, const LayerPiece& piece, SavedBlock& to) const;

 private:
  /// A bit for each slot of a layer.
  class SlotBits {
   public:
    explicit SlotBits(std::uint32_t slots) : words_(slots / kBlockSlots + 2) {}
    void set(std::uint32_t slot) { words_[slot / kBlockSlots] |= std::uint64_t{1} << slot % kBlockSlots; }
    /// Those of a piece, where its lanes are.
    std::uint64_t of(const LayerPiece& piece) const;

   private:
    std::vector<std::uint64_t> words_;
  };

  bool floats_fit(const std::array<std::uint32_t, kBlockSlots>& values, std::uint64_t present,
                  const LayerPiece& piece) const;
  bool others_fit(const SavedBlock& block, const LayerPiece& piece) const;

  std::vector<Param> params_;
  bool same_places_;
  std::vector<const Param*> others_;    // which are no floats, by slot
  std::vector<std::uint32_t> initial_;  // by slot
  std::vector<float> low_;              // by slot: the range, or all that is finite
  std::vector<float> high_;
  SlotBits lanes_;  // of any parameter
  SlotBits rest_;   // of any parameter, but its first
  SlotBits floats_;
};

/// The matches of the types of one saved show.
class TypeMatches {
 public:
  const TypeMatch& of(const LayerType& saved, const LayerType& now) {
    return made_.try_emplace({&saved, &now}, saved, now).first->second;
  }

 private:
  std::map<std::pair<const LayerType*, const LayerType*>, TypeMatch> made_;
};

}  // namespace relume::core
