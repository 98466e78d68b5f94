// SPDX-License-Identifier: Apache-2.0
// One parameter of the reference model: its tiers, the claims of sources on it, and its glide.
#pragma once

#include <relume/relume.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "support/model_types.hpp"

namespace relume::test {

inline bool clamp_lanes(const ModelDef& def, Lanes& lanes) {
  bool clamped = false;
  if (!def.bounded()) return false;
  for (std::size_t i = 0; i < def.lanes(); ++i) {
    const double inside = std::clamp(lanes[i], def.min, def.max);
    clamped |= inside != lanes[i];
    lanes[i] = inside;
  }
  return clamped;
}

/// The door: what becomes of a value that is given to a parameter.
inline relume_result fit_value(const ModelDef& def, Lanes& lanes) {
  for (std::size_t i = 0; i < def.lanes(); ++i) {
    if (!std::isfinite(lanes[i])) return RELUME_E_NOT_FINITE;
  }
  Lanes inside = lanes;
  bool out = clamp_lanes(def, inside);
  if (def.type == RELUME_TRIGGER) return lanes[0] >= 1 ? RELUME_OK : RELUME_E_RANGE;
  if (def.type == RELUME_BOOL || def.type == RELUME_ENUM) {
    const double last = def.type == RELUME_BOOL ? 1 : static_cast<double>(def.labels.size()) - 1;
    out = lanes[0] > last;
    inside[0] = std::min(lanes[0], last);
  }
  if (out && !def.clamp) return RELUME_E_RANGE;
  lanes = inside;
  return RELUME_OK;
}

/// What a source has said of a parameter since the newest frame; only its last word counts.
struct ModelWrite {
  enum class Kind : std::uint8_t { value, hold, change, end, release, again };
  Kind kind = Kind::value;
  Lanes lanes{};
  std::int64_t time = 0;
  relume_commit_policy policy = RELUME_COMMIT_DEFAULT;
  std::uint32_t smoothing_ms = 0;
  std::uint64_t sequence = 0;
};

/// What one source holds of one parameter.
struct ModelClaim {
  Lanes target{};
  std::uint32_t source = 0;
  std::uint32_t priority = 0;
  relume_commit_policy policy = RELUME_COMMIT_SESSION;
  std::uint32_t smoothing_ms = 0;
  std::int64_t time = 0;  // of its last change
  std::uint64_t sequence = 0;
  bool gesture = false;  // nothing is committed before it ends
  bool ending = false;
};

/// Changes that are closer than this are simultaneous.
inline std::int64_t model_tick(std::int64_t time) { return time >> 16; }

enum class ModelGesture : std::uint8_t { none, held, changed };

struct ModelGlide {
  Lanes from{};
  Lanes near{};
  std::array<bool, 4> moving{};
  std::array<bool, 4> tiny{};  // a way that floats may or may not have: it is there, or goes on to arrive
  std::int64_t start = 0;
  std::int64_t tau = 0;
  bool loose = false;  // began at a value that the frame had, not the model

  bool any() const {
    return std::any_of(moving.begin(), moving.end(), [](bool m) { return m; });
  }
};

/// What a set has ended since the newest frame; a reset that follows makes it glide back.
struct ModelCut {
  ModelGlide glide;
  bool held = false;
  bool back = false;
};

struct ModelParam {
  const ModelDef* def = nullptr;
  relume_param handle{0};
  std::optional<Lanes> persisted;
  std::optional<Lanes> committed;
  std::map<std::uint32_t, ModelClaim> claims;   // by source: what frames have taken
  std::map<std::uint32_t, ModelWrite> pending;  // by source: what the next frame will take
  std::map<std::uint32_t, ModelWrite::Kind>
      unread;                           // by source: its newest word since the newest frame, whatever became of it
  std::map<std::uint32_t, Lanes> said;  // by source: an equal value is no change
  std::map<std::uint32_t, Lanes> last;  // by source: of the gesture it is in
  std::map<std::uint32_t, ModelGesture> gestures;
  double fired = 0;              // trigger: pulses of sources that no frame has taken
  std::optional<double> firing;  // trigger: count of the sources' pulses, not all of them committed
  ModelGlide glide;
  Lanes aim{};                     // where it rests or glides to, as of the newest frame
  Lanes shown{};                   // in the newest frame
  std::uint32_t smoothing_ms = 0;  // of the claim that shows, or showed last
  std::int64_t since = 0;          // since when it shows
  bool inexact = false;            // stands where a glide was when a gesture began
  bool unseen = true;              // no frame has this handle yet
  bool back = false;               // reset: glides back from the next frame on
  std::optional<ModelCut> cut;
  std::vector<const ModelDef*> refits;  // definitions that came since the newest frame
  bool asked = false;                   // its commit is under way
  std::uint64_t token = 0;              // changes when an answer to an older request is none any more
  std::uint64_t taken = 0;              // when an operator set it last
  std::uint64_t forced = 0;             // when it was reset last
  std::uint64_t taken_before = 0;       // when its generation was looked at last
  std::uint32_t generation = 0;         // as it was then

  bool is_trigger() const { return def->type == RELUME_TRIGGER; }
  Lanes resting() const {
    if (is_trigger()) return {persisted.value_or(Lanes{})[0] + firing.value_or(committed.value_or(Lanes{})[0])};
    if (committed) return *committed;
    if (persisted) return *persisted;
    Lanes lanes{};
    std::fill_n(lanes.begin(), def->lanes(), def->initial);
    return lanes;
  }
  /// Time constant; 0 steps.
  std::int64_t tau() const { return tau_under(*def); }
  std::int64_t tau_under(const ModelDef& other) const {
    if (!other.is_float() || smoothing_ms == RELUME_SMOOTHING_STEP) return 0;
    return smoothing_ms != 0 ? smoothing_ms * kMs : other.smoothing;
  }
  /// Without a claim: whether it still shows something else than what rests there.
  bool goes_back() const { return back ? tau() > 0 : glide.any(); }
  relume_tier tier_below() const {
    return committed ? RELUME_TIER_COMMITTED : persisted ? RELUME_TIER_PERSISTED : RELUME_TIER_DEFAULT;
  }
  bool beats(const ModelClaim& a, const ModelClaim& b) const {
    if (a.priority != b.priority) return a.priority > b.priority;
    if (def->highest && a.target != b.target) return a.target > b.target;
    if (model_tick(a.time) != model_tick(b.time)) return a.time > b.time;
    return a.source > b.source;
  }
  /// The claim that shows; nullptr without one.
  const ModelClaim* winner() const {
    const ModelClaim* best = nullptr;
    for (const auto& [source, claim] : claims) {
      if (best == nullptr || beats(claim, *best)) best = &claim;
    }
    return best;
  }
  double way_left(std::size_t lane, std::int64_t now) const {
    const auto elapsed = static_cast<double>(std::max<std::int64_t>(0, now - glide.start));
    return (glide.from[lane] - aim[lane]) * std::exp(-elapsed / static_cast<double>(glide.tau));
  }
  Lanes value(std::int64_t now) const {
    Lanes out = aim;
    for (std::size_t i = 0; i < def->lanes(); ++i) {
      const double left = glide.moving[i] ? way_left(i, now) : 0;
      if (std::abs(left) > glide.near[i]) out[i] += left;
    }
    return out;
  }
  void go(const Lanes& from, const Lanes& to, std::int64_t time) {
    aim = to;
    glide = {};
    glide.tau = tau();
    for (std::size_t i = 0; i < def->lanes() && glide.tau > 0; ++i) {
      glide.moving[i] = true;
      glide.near[i] = 1e-4 * (def->bounded() ? def->max - def->min : std::abs(to[i] - from[i]));
    }
    glide.from = from;
    glide.start = time;
  }
  void changed() {
    ++token;
    asked = false;
  }
};

}  // namespace relume::test
