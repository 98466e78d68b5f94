// SPDX-License-Identifier: Apache-2.0
// Why a parameter has the value that it has. What has to be of one moment is sampled under the short mutex; what that means is
// worked out without it.
#include <algorithm>
#include <vector>

#include "coordinator/coordinator.hpp"

namespace relume::core {

struct Coordinator::Sample {
  relume_param param{0};
  const ParamDef* def = nullptr;  // lives as long as the show
  std::uint64_t layer_id = 0;
  Lanes persisted{};
  Lanes committed{};
  bool is_persisted = false;
  bool is_committed = false;
  relume_tier winner = RELUME_TIER_DEFAULT;
  relume_value composed{};
  OverlayGlimpse overlay;
  std::uint32_t generation = 0;
};

Coordinator::Sample Coordinator::sample(relume_param param, const Found& found) const {
  const Page& page = *tree_.page(found.slot / kBlockSlots);
  const std::uint32_t lane = found.slot % kBlockSlots;
  const std::uint64_t bit = std::uint64_t{1} << lane;
  Sample s;
  s.param = param;
  s.def = found.def;
  s.layer_id = found.layer->id;
  s.is_persisted = (page.saved.persisted_present & bit) != 0;
  s.is_committed = (page.saved.committed_present & bit) != 0;
  std::copy_n(page.saved.persisted.begin() + lane, found.def->lanes, s.persisted.begin());
  std::copy_n(page.saved.committed.begin() + lane, found.def->lanes, s.committed.begin());
  s.overlay = live_overlay(found.slot, *found.def);
  s.winner = composed(found, s.overlay, s.composed);
  s.generation = static_cast<std::uint32_t>(page.taken(lane).order);
  return s;
}

namespace {

std::uint64_t text_size(const ObjectTable& objects, std::uint64_t layer_id, const ParamDef& def, relume_tier tier) {
  if (tier != RELUME_TIER_DEFAULT) {
    const auto text = objects.find(text_name(layer_id, def.key, tier == RELUME_TIER_COMMITTED));
    if (text != objects.end()) return text->second.bytes->size();
  }
  return def.initial_text.size();
}

template <class Sample>
void explain_sample(const Sample& s, const ObjectTable& objects, relume_explanation& out) {
  const std::uint32_t size = out.struct_size;
  out = RELUME_EXPLANATION_INIT;
  out.struct_size = size;
  const auto value_of = [&](relume_value value, relume_tier tier) {
    if (s.def->type == RELUME_TEXT) value.as.text.size = text_size(objects, s.layer_id, *s.def, tier);
    return value;
  };
  const auto decoded = [&](const Lanes& lanes, relume_tier tier) {
    return value_of(decode_value(s.def->type, lanes.data()), tier);
  };
  out.param = s.param;
  out.winner = s.winner;
  out.composed = value_of(s.composed, s.winner);
  out.default_value = decoded(s.def->initial, RELUME_TIER_DEFAULT);
  if (s.is_persisted) out.persisted = decoded(s.persisted, RELUME_TIER_PERSISTED);
  if (s.is_committed) out.committed = decoded(s.committed, RELUME_TIER_COMMITTED);
  out.generation = s.generation;
  out.gliding_back = s.overlay.there && !s.overlay.automated ? 1 : 0;
  if (s.winner != RELUME_TIER_TRANSIENT) return;
  out.transient = out.composed;
  if (s.def->type == RELUME_TRIGGER) {
    out.transient = relume_value_trigger(static_cast<std::uint32_t>(out.composed.as.i) - s.persisted[0]);
  }
  out.source = s.overlay.source;
  out.priority = s.overlay.priority;
  out.age_ns = s.overlay.age_ns;
}

}  // namespace

Fault Coordinator::explain(relume_param param, relume_explanation& out) {
  std::shared_ptr<const ObjectTable> objects;
  Sample sampled;
  {
    const std::lock_guard lock(hot_);
    Found found;
    if (Fault fault = find(param, found)) return fault;
    objects = objects_;
    sampled = sample(param, found);
  }
  explain_sample(sampled, *objects, out);
  return {};
}

Fault Coordinator::explain_layer(relume_layer handle, std::span<relume_explanation> out, std::size_t& count) {
  std::shared_ptr<const ObjectTable> objects;
  std::vector<Sample> samples(std::min<std::size_t>(out.size(), kMaxLayerSlots));
  {
    const std::lock_guard lock(hot_);
    const Layer* layer = nullptr;
    if (Fault fault = find(handle, layer)) return fault;
    objects = objects_;
    const std::vector<ParamDef>& params = layer->type->params();
    count = params.size();
    samples.resize(std::min(samples.size(), count));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const relume_param param = param_handle(layer->index, layer->generation, params[i].slot);
      samples[i] = sample(param, {layer, &params[i], layer->first_slot + params[i].slot});
    }
  }
  for (std::size_t i = 0; i < samples.size(); ++i) explain_sample(samples[i], *objects, out[i]);
  return {};
}

}  // namespace relume::core
