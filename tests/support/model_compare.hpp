// SPDX-License-Identifier: Apache-2.0
// Where a show and its reference model may not differ: frames, tiers, events.
#pragma once

#include <fmt/format.h>
#include <relume/relume.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/reference_model.hpp"

namespace relume::test {

struct Mismatch {
  std::string what;
};

/// Bytes of a frame that may not change while it is held.
class HeldFrame {
 public:
  explicit HeldFrame(Frame frame)
      : slots_(frame->slots, frame->slots + frame->slot_count), number_(frame->number), layers_(frame->layer_count) {}
  bool holds(const relume_frame& frame) const {
    return frame.number == number_ && frame.layer_count == layers_ &&
           std::memcmp(frame.slots, slots_.data(), slots_.size() * sizeof(relume_slot)) == 0;
  }

 private:
  std::vector<relume_slot> slots_;
  std::uint64_t number_;
  std::uint32_t layers_;
};

template <class... Args>
void demand(bool holds, fmt::format_string<Args...> text, Args&&... args) {
  if (!holds) throw Mismatch{fmt::format(text, std::forward<Args>(args)...)};
}

inline std::string route(const ModelLayer& layer, const ModelParam& p) { return layer.key + "/" + p.def->key; }

inline std::string words(const ModelDef& def, const Lanes& lanes) {
  if (def.type == RELUME_TEXT) return '"' + model_texts()[static_cast<std::size_t>(lanes[0])] + '"';
  std::string text = fmt::format("{}", lanes[0]);
  for (std::size_t i = 1; i < def.lanes() && def.type != RELUME_TIME; ++i) text += fmt::format(",{}", lanes[i]);
  return text;
}
inline std::string words(const std::vector<ModelEvent>& events) {
  std::string text;
  for (const ModelEvent& event : events)
    text += fmt::format(" {} of revision {} ({:#x})", static_cast<int>(event.kind), event.revision, event.settled);
  return text;
}
inline const char* change_name(std::uint32_t kind) {
  switch (kind) {
    case RELUME_CHANGE_SET: return "set";
    case RELUME_CHANGE_PERSIST: return "persist";
    case RELUME_CHANGE_STORE: return "store";
    case RELUME_CHANGE_RESET: return "reset";
    case RELUME_CHANGE_REMOVE: return "remove";
    case RELUME_CHANGE_BYPASS: return "bypass";
    case RELUME_CHANGE_RETYPE: return "retype";
    default: return "?";
  }
}
inline std::string change_detail(const ModelLayer& layer, const relume_change& change) {
  for (const ModelParam& p : layer.params) {
    if (change.param.bits != 0 && p.handle.bits == change.param.bits && p.def->type != RELUME_TEXT)
      return fmt::format("/{} = {}", p.def->key, words(*p.def, lanes_of(change.value)));
  }
  return change.type_key != nullptr ? fmt::format(" as {}", change.type_key) : std::string();
}

/// Compares one show with one model, each time that it is asked.
class ModelCompare {
 public:
  ModelCompare(Show& show, ReferenceModel& model) : show_(show), model_(model) {}

  void frame(Frame frame) {
    demand(frame->revision == model_.revision, "the frame's revision is {}, expected {}", frame->revision,
           model_.revision);
    demand(frame->layer_count == model_.layers.size(), "the frame has {} layers", frame->layer_count);
    std::vector<bool> used(frame->slot_count);
    for (std::size_t i = 0; i < model_.layers.size(); ++i) {
      const ModelLayer& l = model_.layers[i];
      const relume_frame_layer& shown = frame->layers[i];
      demand(shown.layer.bits == l.handle.bits && shown.flags == l.flags, "layer {} of the frame is not {}", i, l.key);
      demand(shown.first_slot % 4 == 0 && shown.first_slot + shown.slot_count <= used.size(), "layer {} lies badly", i);
      for (std::uint32_t s = 0; s < shown.slot_count; ++s) {
        demand(!used[shown.first_slot + s], "slot {} belongs to two layers", shown.first_slot + s);
        used[shown.first_slot + s] = true;
      }
      for (const ModelParam& p : l.params) param(frame, l, p);
    }

    const auto [least, most] = model_.moving();
    demand(frame->moving >= least && frame->moving <= most, "{} slots are moving, expected {}", frame->moving, least);
    for (std::uint32_t s = 0; s < frame->slot_count; ++s) {
      demand(used[s] || frame->slots[s].u == 0, "slot {} of no layer is not 0", s);
    }
  }

  void events(Events& events) {
    std::vector<ModelEvent> seen;
    for (const relume_event& event : events.poll()) {
      const auto kind = static_cast<relume_event_kind>(event.kind);
      const bool settled = kind == RELUME_EVENT_OVERLAY_SETTLED || kind == RELUME_EVENT_OVERLAY_STALE ||
                           kind == RELUME_EVENT_OVERLAY_REJECTED;
      seen.push_back({kind, settled ? 0 : event.revision, settled ? event.param.bits : 0});
    }
    std::sort(seen.begin(), seen.end());
    std::sort(model_.events.begin(), model_.events.end());
    demand(seen == model_.events, "events:{}, expected:{}", words(seen), words(model_.events));
    model_.events.clear();
    demand(show_.status().accepted == model_.revision, "the revision is {}, expected {}", show_.status().accepted,
           model_.revision);
  }

  /// `frame` is the newest one.
  void tiers(Frame frame) {
    for (ModelLayer& l : model_.layers) {
      for (ModelParam& p : l.params) param_tiers(frame, l, p);
    }
  }

 private:
  void param(Frame frame, const ModelLayer& l, const ModelParam& p) {
    const relume_slot* at = frame.at(p.handle);
    demand(at != nullptr, "the frame does not have {}", route(l, p));
    if (p.def->type == RELUME_TEXT) {
      const auto n = static_cast<std::size_t>(p.shown[0]);
      std::uint32_t& mark = text_marks_.try_emplace(n, at->u).first->second;
      demand(mark == at->u && (n == 0) == (at->u == 0), "the slot of {} does not tell its text", route(l, p));
      return;
    }
    const Lanes shown = lanes_of(*p.def, at);
    for (std::size_t i = 0; i < p.def->lanes(); ++i) {
      const double range =
          p.def->bounded() ? p.def->max - p.def->min : std::max(1.0, std::abs(p.glide.from[i] - p.aim[i]));
      const double slack = p.glide.moving[i] || p.inexact ? 1e-5 * range : 0;
      demand(std::abs(shown[i] - p.shown[i]) <= slack, "{} lane {} is {} in the frame, expected {}", route(l, p), i,
             shown[i], p.shown[i]);
    }
  }

  void param_tiers(Frame frame, const ModelLayer& l, ModelParam& p) {
    const relume_explanation real = show_.explain(p.handle);
    const auto tier = [&](const char* name, const relume_value& value, const std::optional<Lanes>& expected) {
      demand((value.type != 0) == expected.has_value(), "{}: {} is {}", route(l, p), name,
             value.type != 0 ? "there" : "absent");
      if (!expected || p.def->type == RELUME_TEXT) return;
      demand(lanes_of(value) == *expected, "{}: {} is {}, expected {}", route(l, p), name,
             words(*p.def, lanes_of(value)), words(*p.def, *expected));
    };
    tier("persisted", real.persisted, p.persisted);
    tier("committed", real.committed, p.committed);
    const bool touched = std::exchange(p.taken_before, p.taken) != p.taken;
    demand(real.generation >= p.generation + (touched ? 1 : 0), "{}: generation {} came after {}", route(l, p),
           real.generation, p.generation);
    p.generation = real.generation;
    if (p.is_trigger()) {
      const bool firing = p.firing && !p.unseen;
      demand((real.winner == RELUME_TIER_TRANSIENT) == firing, "{}: the winner is tier {}", route(l, p), real.winner);
      demand(p.unseen || lanes_of(real.composed) == p.resting(), "{}: the count is {}, expected {}", route(l, p),
             real.composed.as.i, p.resting()[0]);
      return;
    }
    const ModelClaim* winner = p.unseen ? nullptr : p.winner();
    const auto expected = winner != nullptr ? RELUME_TIER_TRANSIENT : p.tier_below();
    demand(real.winner == static_cast<std::uint32_t>(expected), "{}: the winner is tier {}, expected {}", route(l, p),
           real.winner, static_cast<int>(expected));
    demand(real.source == (winner != nullptr ? winner->source : 0), "{}: source {} wins", route(l, p), real.source);
    demand(real.priority == (winner != nullptr ? winner->priority : 0), "{}: priority {} wins", route(l, p),
           real.priority);
    const std::int64_t age = winner != nullptr ? model_.last - p.since : 0;
    demand(std::abs(real.age_ns - age) < 65536, "{}: the age is {}, expected {}", route(l, p), real.age_ns, age);
    if (p.def->type == RELUME_TEXT) {
      demand(show_.get_text(p.handle) == model_texts()[static_cast<std::size_t>(p.resting()[0])], "{} is another text",
             route(l, p));
      return;
    }
    const bool as_shown = !p.unseen && (winner != nullptr || p.goes_back());
    const Lanes holds = as_shown ? lanes_of(*p.def, frame.at(p.handle)) : p.resting();
    demand(lanes_of(real.composed) == holds, "{} holds {}, expected {}", route(l, p),
           words(*p.def, lanes_of(real.composed)), words(*p.def, holds));
  }

  Show& show_;
  ReferenceModel& model_;
  std::map<std::size_t, std::uint32_t> text_marks_;
};

}  // namespace relume::test
