// SPDX-License-Identifier: Apache-2.0
#include "persistence/held_restore.hpp"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "model/conversion.hpp"
#include "persistence/held_layout.hpp"

namespace relume::core {
namespace {

constexpr std::uint64_t kNewestOrder = std::uint64_t{1} << 60U;  // beyond it no show has ever counted

bool may_glide(const ParamDef& def, std::uint16_t smoothing_ms) {
  constexpr std::uint16_t kStep = 65535;
  if (!is_float_type(def.type) || smoothing_ms == kStep) return false;
  return smoothing_ms != 0 || def.glides();
}

class HeldRestore {
 public:
  HeldRestore(Mirror& mirror, const SavedStack& saved, const Stack& stack, RestoredHeld& out)
      : mirror_(mirror), layouts_(held_layouts(stack)), out_(out) {
    for (const SavedLayer& layer : saved.layers) layers_.push_back(&layer);
    std::sort(layers_.begin(), layers_.end(),
              [](const SavedLayer* a, const SavedLayer* b) { return a->first_slot < b->first_slot; });
    for (const auto& layer : stack.order()) now_.emplace(layer->id, layer.get());
  }

  void take(std::uint32_t block, const HeldBlock& held) {
    begin_ = out_.blocks.size();
    const std::uint64_t named = held.overlay | held.gliding;
    for (std::uint64_t left = named; left != 0;) {
      const auto lane = static_cast<std::uint32_t>(std::countr_zero(left));
      std::uint32_t in_layer = 0;
      const SavedLayer* layer = layer_at(block * kBlockSlots + lane, in_layer);
      const ParamDef* def = layer != nullptr ? layer->type->at_slot(in_layer) : nullptr;
      const std::uint32_t lanes = def != nullptr && lane + def->lanes <= kBlockSlots ? def->lanes : 1;
      left &= ~(((std::uint64_t{1} << lanes) - 1) << lane);
      if (def == nullptr || lanes != def->lanes) {
        ++out_.dropped;
      } else {
        take_param(block, lane, held, *layer, *def);
      }
    }
  }

 private:
  const SavedLayer* layer_at(std::uint32_t slot, std::uint32_t& in_layer) const {
    const auto after = std::upper_bound(layers_.begin(), layers_.end(), slot,
                                        [](std::uint32_t at, const SavedLayer* l) { return at < l->first_slot; });
    if (after == layers_.begin()) return nullptr;
    const SavedLayer* layer = *std::prev(after);
    in_layer = slot - layer->first_slot;
    return in_layer < layer->type->slot_count() ? layer : nullptr;
  }

  void take_param(std::uint32_t block, std::uint32_t lane, const HeldBlock& held, const SavedLayer& layer,
                  const ParamDef& from) {
    // The frame thread had not seen it, or not yet left behind that it had.
    if (is_taken(mirror_.taken(block).of(lane), held, lane, from)) return;
    const auto found = now_.find(layer.id);
    const Layer* to = found != now_.end() && !found->second->dormant() ? found->second : nullptr;
    const ParamDef* def = to != nullptr ? to->type->find(from.key) : nullptr;
    Value value;
    if (def == nullptr || !read(held, lane, from, *def, value)) {
      ++out_.dropped;
      return;
    }
    if (!value.automated && !value.gliding) return;  // it would glide back, but this type steps: it is there
    write(to->first_slot + def->slot, *def, held, lane, value);
    ++out_.values;
  }

  static bool is_taken(const Taken& taken, const HeldBlock& held, std::uint32_t lane, const ParamDef& def) {
    // An operator's pulses are counted beside those of sources; only the end of the layer ends these.
    if (def.type == RELUME_TRIGGER && !taken.is_layer()) return false;
    const bool strong = (held.strong >> lane & 1U) != 0;
    return taken.outranks(held.order, strong ? RELUME_PRIORITY_DEFAULT + 1 : RELUME_PRIORITY_DEFAULT);
  }

  struct Value {
    Lanes target{};
    Lanes shown{};
    bool automated = false;
    bool gliding = false;
  };

  static bool read(const HeldBlock& held, std::uint32_t lane, const ParamDef& from, const ParamDef& to, Value& out) {
    const std::uint64_t mask = from.lane_mask() << lane;
    const std::uint64_t automated = held.overlay & mask;
    if (automated != 0 && automated != mask) return false;
    const std::uint8_t policy = held.policy[lane];
    if (policy < RELUME_COMMIT_RENDER_ONLY || policy > RELUME_COMMIT_PERSIST) return false;
    if (held.order > kNewestOrder || from.type == RELUME_TEXT) return false;
    Lanes target{};
    Lanes shown{};
    std::copy_n(held.target.begin() + lane, from.lanes, target.begin());
    std::copy_n(held.shown.begin() + lane, from.lanes, shown.begin());
    if (convert(from, to, target, out.target) != Fit::kept) return false;
    out.automated = automated != 0;
    out.gliding = (held.gliding & mask) != 0 && may_glide(to, held.smoothing_ms[lane]);
    out.shown = out.gliding ? shown : out.target;
    if (!is_value(to.type, out.shown)) return false;
    clamp_to_range(to, out.shown);  // arithmetic may have put it a hair beyond
    return true;
  }

  // One held block for each pair of a block then and a block now: each has a time of its own.
  void write(std::uint32_t slot, const ParamDef& def, const HeldBlock& from, std::uint32_t lane, const Value& value) {
    const std::uint32_t block = slot / kBlockSlots;
    const auto begin = out_.blocks.begin() + static_cast<std::ptrdiff_t>(begin_);
    auto place = std::find_if(begin, out_.blocks.end(), [block](const auto& made) { return made.first == block; });
    if (place == out_.blocks.end()) {
      HeldBlock made;
      made.layout = layouts_[block];
      made.order = out_.order;
      made.time = std::clamp<std::int64_t>(from.time, 0, out_.time);
      place = out_.blocks.insert(out_.blocks.end(), {block, made});
    }
    HeldBlock& to = place->second;
    const std::uint32_t first = slot % kBlockSlots;
    const std::uint64_t mask = def.lane_mask() << first;
    if (value.automated) to.overlay |= mask;
    if (value.gliding) to.gliding |= mask;
    for (std::uint32_t i = 0; i < def.lanes; ++i) {
      to.target[first + i] = value.target[i];
      to.shown[first + i] = value.shown[i];
      to.smoothing_ms[first + i] = from.smoothing_ms[lane];
      to.policy[first + i] = from.policy[lane];
    }
  }

  Mirror& mirror_;
  const std::vector<std::uint64_t> layouts_;
  RestoredHeld& out_;
  std::vector<const SavedLayer*> layers_;                // by first slot
  std::unordered_map<std::uint64_t, const Layer*> now_;  // by id
  std::size_t begin_ = 0;                                // of what the block at hand has made in out_.blocks
};

std::uint64_t newest_order(Mirror& mirror) {
  std::uint64_t newest = mirror.found_order();
  for (const auto& [block, held] : mirror.held().found()) {
    if (held->order <= kNewestOrder) newest = std::max(newest, held->order);
  }
  return newest;
}

}  // namespace

void restore_held(Mirror& mirror, const SavedStack& saved, const Stack& stack, RestoredHeld& out) {
  const HeldArea& area = mirror.held();
  out = {};
  out.order = newest_order(mirror);
  out.dropped = area.damaged();
  if (area.found().empty()) return;
  out.time = std::max<std::int64_t>(0, area.found_time());
  const std::vector<std::uint64_t> layouts = held_layouts(saved, mirror.blocks());
  HeldRestore restore(mirror, saved, stack, out);
  for (const auto& [block, held] : area.found()) {
    if (held->layout == layouts[block] && held->layout != 0) {
      restore.take(block, *held);
    } else {
      out.dropped += static_cast<std::uint32_t>(std::popcount(held->overlay | held->gliding));
    }
  }
  if (out.blocks.empty()) out.time = 0;
}

}  // namespace relume::core
