// SPDX-License-Identifier: Apache-2.0
#include "persistence/restore.hpp"

#include <algorithm>
#include <utility>

#include "model/conversion.hpp"

namespace relume::core {
namespace {

const SavedBlock kEmptyBlock{};

// A tier's value of one parameter, lane by lane out of the blocks.
struct Place {
  std::uint32_t slot;
  std::uint32_t block() const { return slot / kBlockSlots; }
  std::uint32_t lane() const { return slot % kBlockSlots; }
  std::uint64_t bit() const { return std::uint64_t{1} << lane(); }
};

bool read(const SavedBlock* from, bool committed, Place first, std::uint32_t lanes, Lanes& out) {
  if (from == nullptr) return false;
  if (((committed ? from->committed_present : from->persisted_present) & first.bit()) == 0) return false;
  for (std::uint32_t i = 0; i < lanes; ++i) out[i] = (committed ? from->committed : from->persisted)[first.lane() + i];
  return true;
}

void write(SavedBlock& to, bool committed, Place first, std::uint32_t lanes, const Lanes& value, bool present) {
  const std::uint64_t mask = ((std::uint64_t{1} << lanes) - 1) << first.lane();
  for (std::uint32_t i = 0; i < lanes; ++i) (committed ? to.committed : to.persisted)[first.lane() + i] = value[i];
  if (present) (committed ? to.committed_present : to.persisted_present) |= mask;
}

void fill_defaults(const Layer& layer, RestoredBlocks& blocks) {
  for (const ParamDef& def : layer.type->params()) {
    const Place place{layer.first_slot + def.slot};
    write(blocks.edit(place.block()), false, place, def.lanes, def.initial, false);
  }
}

using BlockAt = std::function<const SavedBlock*(std::uint32_t)>;

// The usual case: all of a layer's values stay as they are and where they are. False: they do not, and nothing was done.
bool keep_in_place(const SavedLayer& saved, const Layer& layer, const BlockAt& block, Lend lend, const TypeMatch& match,
                   RestoredLayers& out) {
  if (!match.same_places() || saved.first_slot != layer.first_slot) return false;
  bool fits = true;
  for_each_piece(layer.first_slot, layer.type->slot_count(), [&](const LayerPiece& piece) {
    const SavedBlock* from = fits ? block(piece.block) : nullptr;
    fits = fits && (from == nullptr || match.fits(*from, piece));
  });
  if (!fits) return false;
  for_each_piece(layer.first_slot, layer.type->slot_count(), [&](const LayerPiece& piece) {
    const SavedBlock* from = block(piece.block);
    if (lend == Lend::yes && from != nullptr && piece.count == kBlockSlots && match.settled(*from, piece)) {
      out.blocks.lend(piece.block, *from);
    } else {
      match.copy(from != nullptr ? *from : kEmptyBlock, piece, out.blocks.edit(piece.block));
    }
  });
  return true;
}

void keep_values(const SavedLayer& saved, const Layer& layer, const BlockAt& block, const TypeMatch& match,
                 RestoredLayers& out) {
  for (const auto& [def, to] : match.params()) {
    const ParamDef& from = *def;
    const Place old{saved.first_slot + from.slot};
    const SavedBlock* source = block(old.block());
    for (const bool committed : {false, true}) {
      Lanes value{};
      if (!read(source, committed, old, from.lanes, value)) continue;
      Lanes fits{};
      if (to == nullptr || convert(from, *to, value, fits) == Fit::cleared) {
        ++out.cleared_values;
        continue;
      }
      const Place place{layer.first_slot + to->slot};
      write(out.blocks.edit(place.block()), committed, place, to->lanes, fits, true);
    }
  }
  if (!match.same_places()) ++out.converted_layers;
}

void keep_bits(const SavedLayer& saved, const Layer& layer, const BlockAt& block, RestoredLayers& out) {
  for (const ParamDef& def : saved.type->params()) {
    const Place old{saved.first_slot + def.slot};
    const Place place{layer.first_slot + def.slot};
    for (const bool committed : {false, true}) {
      Lanes value{};
      if (!read(block(old.block()), committed, old, def.lanes, value)) continue;
      write(out.blocks.edit(place.block()), committed, place, def.lanes, value, true);
    }
  }
  ++out.dormant_layers;
}

bool overlap(const SavedStack& saved) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  ranges.reserve(saved.layers.size());
  for (const SavedLayer& layer : saved.layers) {
    ranges.emplace_back(layer.first_slot, std::uint64_t{layer.first_slot} + layer.type->slot_count());
  }
  std::sort(ranges.begin(), ranges.end());
  return std::adjacent_find(ranges.begin(), ranges.end(),
                            [](const auto& a, const auto& b) { return a.second > b.first; }) != ranges.end();
}

}  // namespace

void RestoredBlocks::assign_empty(std::uint32_t count) {
  at_.assign(count, &kEmptyBlock);
  owned_.assign(count, false);
  own_ = {};
}

SavedBlock& RestoredBlocks::edit(std::uint32_t i) {
  if (owned_[i]) return const_cast<SavedBlock&>(*at_[i]);
  if (own_.capacity() == 0) own_.reserve(at_.size());
  SavedBlock& own = own_.emplace_back(*at_[i]);
  at_[i] = &own;
  owned_[i] = true;
  return own;
}

void RestoredBlocks::lend(std::uint32_t i, const SavedBlock& block) {
  if (owned_[i]) {
    edit(i) = block;
  } else {
    at_[i] = &block;
  }
}

void RestoredBlocks::own() {
  for (std::uint32_t i = 0; i < size(); ++i) {
    if (at_[i] != &kEmptyBlock) edit(i);
  }
}

Fault restore_defaults(const Schema& schema, Stack& stack, RestoredLayers& out) {
  out.blocks.assign_empty(stack.max_slots() / kBlockSlots);
  for (const auto& [key, type] : schema.layers()) {
    const Layer* layer = nullptr;
    if (Fault fault = stack.add(key, schema.type(type), relume_layer{0}, layer)) return fault;
    fill_defaults(*layer, out.blocks);
  }
  out.objects = schema.records();
  return {};
}

namespace {

void restore_layer(const SavedLayer& saved, const Layer& layer, const BlockAt& block, Lend lend, TypeMatches& matches,
                   RestoredLayers& out) {
  if (layer.dormant()) return keep_bits(saved, layer, block, out);
  const TypeMatch& match = matches.of(*saved.type, *layer.type);
  if (keep_in_place(saved, layer, block, lend, match, out)) return;
  fill_defaults(layer, out.blocks);
  keep_values(saved, layer, block, match, out);
}

}  // namespace

void restore_values(const SavedLayer& saved, const Layer& layer, const BlockAt& block, TypeMatches& matches,
                    RestoredLayers& out) {
  restore_layer(saved, layer, block, Lend::no, matches, out);
}

ObjectTable restore_objects(const ObjectTable& saved, const Stack& stack) {
  ObjectTable objects;
  for (const auto& object : saved) {
    if (object.second.kind != ObjectKind::text) objects.insert(object);
  }
  for (const auto& layer : stack.order()) {
    for (const ParamDef& def : layer->type->params()) {
      if (def.type != RELUME_TEXT) continue;
      for (const bool committed : {false, true}) {
        const auto text = saved.find(text_name(layer->id, def.key, committed));
        if (text != saved.end()) objects.insert(*text);
      }
    }
  }
  return objects;
}

Fault restore_saved(const Schema& schema, const SavedStack& saved, const BlockAt& block, Lend lend,
                    const ObjectTable& objects, Stack& stack, RestoredLayers& out) {
  if (overlap(saved)) return {RELUME_E_INVALID, "stack", "two saved layers claim the same slots"};
  out.blocks.assign_empty(stack.max_slots() / kBlockSlots);
  TypeMatches matches;
  std::vector<std::shared_ptr<const LayerType>> types;
  types.reserve(saved.layers.size());
  // One layer that changed shape moves them all: its new place must not be somebody's old one.
  bool in_place = true;
  for (const SavedLayer& layer : saved.layers) {
    types.push_back(schema.type(layer.type->key()));
    if (types.back() == nullptr) types.back() = layer.type;  // dormant
    if (types.back() != layer.type && !matches.of(*layer.type, *types.back()).same_places()) in_place = false;
    const std::uint64_t end = std::uint64_t{layer.first_slot} + layer.type->slot_count();
    if (end > stack.max_slots()) in_place = false;
  }
  for (std::size_t i = 0; i < saved.layers.size(); ++i) {
    const SavedLayer& from = saved.layers[i];
    const Layer* layer = nullptr;
    const std::uint32_t slot = in_place ? from.first_slot : Stack::kPlaced;
    if (Fault fault = stack.restore(from.key, types[i], from.id, from.flags, slot, layer)) return fault;
    restore_layer(from, *layer, block, lend, matches, out);
  }
  out.objects = restore_objects(objects, stack);
  stack.set_next_layer_id(saved.next_layer_id);
  return {};
}

}  // namespace relume::core
