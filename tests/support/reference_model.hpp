// SPDX-License-Identifier: Apache-2.0
// What the public headers promise of tiers, automation and frames, written down as plainly as possible: maps, doubles and the
// closed form of a glide, every parameter by itself. Slow, and without a thought for threads.
//
// Mutations have no time of their own: what they do to the output is done at the time of the next frame.
#pragma once

#include <relume/relume.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/model_param.hpp"

namespace relume::test {

struct ModelLayer {
  std::string key;
  std::string type_key;
  const ModelType* type = nullptr;
  std::uint32_t flags = 0;
  relume_layer handle{0};
  std::vector<ModelParam> params;
};

struct ModelSource {
  std::uint32_t priority = 0;
  relume_commit_policy policy = RELUME_COMMIT_DEFAULT;
  std::int64_t timeout = 0;
  bool spoke = false;  // since the newest frame
  std::optional<std::int64_t> heard =
      std::nullopt;   // time of the frame that found it speaking last, with nothing lost since
  bool lost = false;  // all that it says is news
  bool closing = false;
};

/// What a mutation should answer.
struct ModelAnswer {
  relume_result result = RELUME_OK;
  bool changed = false;
  std::uint32_t masked = 0;
  std::uint32_t masked_by = 0;
  std::uint32_t clamped = 0;
  std::uint32_t cleared = 0;
};

struct ModelEvent {
  relume_event_kind kind;
  std::uint64_t revision;
  std::uint64_t settled =
      0;  // bits of the parameter that has settled; the order in which several do is nobody's promise
  auto operator<=>(const ModelEvent&) const = default;
};

/// Mistakes that can be put into the model, to prove that the comparison would notice them in the library.
enum class Planted {
  none,
  set_keeps_automation,
  settle_ignores_operator,
  release_steps,
  store_keeps_committed,
  late_glide
};

class ReferenceModel {
 public:
  static constexpr std::int64_t kShowSettle = 500 * kMs + kMs / 2;

  Planted planted = Planted::none;
  std::vector<ModelLayer> layers;  // bottom to top
  std::map<std::uint32_t, ModelSource> sources;
  std::uint64_t revision = 0;
  std::vector<ModelEvent> events;  // since they were looked at last
  std::int64_t last = 0;           // compose time of the newest frame

  // --- the stack; the caller has looked that it can be done ---
  void add(std::size_t position, const std::string& key, const std::string& type_key, const ModelType& type) {
    ModelLayer layer{key, type_key, &type, 0, {0}, {}};
    for (const ModelDef& def : type) layer.params.push_back(fresh(def));
    layers.insert(layers.begin() + static_cast<std::ptrdiff_t>(position), std::move(layer));
  }
  void remove(std::size_t position) { layers.erase(layers.begin() + static_cast<std::ptrdiff_t>(position)); }
  bool move(std::size_t from, std::optional<std::size_t> before) {
    std::size_t to = before.value_or(layers.size());
    if (before == from) return false;
    if (to > from) --to;
    if (to == from) return false;
    ModelLayer layer = std::move(layers[from]);
    layers.erase(layers.begin() + static_cast<std::ptrdiff_t>(from));
    layers.insert(layers.begin() + static_cast<std::ptrdiff_t>(to), std::move(layer));
    return true;
  }
  static bool set_flag(ModelLayer& layer, std::uint32_t flag, bool on) {
    const std::uint32_t before = std::exchange(layer.flags, on ? layer.flags | flag : layer.flags & ~flag);
    return before != layer.flags;
  }
  /// True when all handles stay valid.
  static bool same_shape(const ModelType& a, const ModelType& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const ModelDef& x, const ModelDef& y) {
      return x.key == y.key && x.type == y.type && x.labels == y.labels;
    });
  }
  void retype(ModelLayer& layer, const std::string& type_key, const ModelType& type, ModelAnswer& answer) {
    const bool same = same_shape(*layer.type, type);
    std::vector<ModelParam> before = std::move(layer.params);
    layer.params.clear();
    for (const ModelDef& def : type) layer.params.push_back(fresh(def));
    for (ModelParam& old : before) {
      const auto at = std::find_if(layer.params.begin(), layer.params.end(),
                                   [&](const ModelParam& p) { return p.def->key == old.def->key; });
      ModelParam* to = at != layer.params.end() ? &*at : nullptr;
      convert(old, to, answer);
      if (to != nullptr) carry(old, *to, same);
    }
    if (!same) layer.handle = {0};
    layer.type_key = type_key;
    layer.type = &type;
    answer.changed = true;
  }

  // --- operator values ---
  ModelAnswer set(ModelParam& p, Lanes lanes, bool persist) {
    ModelAnswer answer;
    answer.result = fit_value(*p.def, lanes);
    if (answer.result != RELUME_OK) return answer;
    if (p.is_trigger()) {
      p.persisted = Lanes{p.persisted.value_or(Lanes{})[0] + lanes[0]};
      answer.changed = true;
      return answer;
    }
    answer.changed = write_tier(p, lanes, persist);
    const ModelClaim* winner = p.winner();
    const bool there = !p.unseen && (winner != nullptr || p.goes_back());
    if (there && winner != nullptr && winner->priority > RELUME_PRIORITY_DEFAULT) {
      answer.masked = 1;
      answer.masked_by = winner->source;
    } else if (there) {
      answer.changed = true;
    }
    take(p);
    return answer;
  }
  bool store(ModelLayer& layer) {
    bool changed = false;
    for (ModelParam& p : layer.params) {
      if (!p.committed || p.is_trigger()) continue;
      p.persisted = p.committed;
      if (planted != Planted::store_keeps_committed) p.committed.reset();
      changed = true;
    }
    return changed;
  }
  static bool revert(ModelLayer& layer) {
    bool changed = false;
    for (ModelParam& p : layer.params) {
      if (p.is_trigger()) continue;
      changed |= p.committed.has_value();
      p.committed.reset();
    }
    return changed;
  }
  bool reset(ModelLayer& layer) {
    bool changed = revert(layer);
    for (ModelParam& p : layer.params) {
      if (p.is_trigger()) continue;
      p.forced = p.taken = ++sequence_;
      p.pending.clear();
      bool held = !p.claims.empty();
      changed |= held && !p.unseen;
      if (p.cut && !held) {
        p.glide = p.cut->glide;
        p.back = p.cut->back;
        held = p.cut->held;
      }
      p.cut.reset();
      if (!held) continue;
      p.claims.clear();
      p.changed();
      p.back = true;
    }
    return changed;
  }
  void accept(relume_event_kind kind = RELUME_EVENT_ACCEPTED) { events.push_back({kind, ++revision, 0}); }

  // --- sources ---
  // Its newest word, also one that changes nothing, or is refused.
  void speak(std::uint32_t number) {
    ModelSource& source = sources.at(number);
    source.spoke = true;
    if (!std::exchange(source.lost, false)) return;
    for (ModelLayer& layer : layers) {
      for (ModelParam& p : layer.params) p.said.erase(number);
    }
  }
  relume_result write(std::uint32_t source, ModelParam& p, Lanes lanes, const ModelWrite& how) {
    speak(source);
    const relume_result result = p.def->type == RELUME_TEXT ? RELUME_E_TYPE : fit_value(*p.def, lanes);
    if (result != RELUME_OK) return result;
    if (p.gestures[source] != ModelGesture::none) return RELUME_E_STATE;
    if (p.is_trigger()) {
      p.fired += lanes[0];
    } else {
      say(source, p, lanes, how);
    }
    return RELUME_OK;
  }
  relume_result release(std::uint32_t source, ModelParam& p, std::int64_t time) {
    speak(source);
    if (p.gestures[source] != ModelGesture::none) return RELUME_E_STATE;
    p.said.erase(source);
    if (!p.is_trigger()) put(source, p, {ModelWrite::Kind::release, {}, time});
    return RELUME_OK;
  }
  relume_result begin_gesture(std::uint32_t source, ModelParam& p, std::int64_t time) {
    speak(source);
    if (p.is_trigger() || p.def->type == RELUME_TEXT) return RELUME_E_TYPE;
    if (p.gestures[source] != ModelGesture::none) return RELUME_E_STATE;
    // What this source said, and no frame has looked at, is where it begins.
    const bool ended = ends_unread(source, p);
    const bool unread = !ended && p.unread.count(source) != 0 && p.said.count(source) != 0;
    p.gestures[source] = unread ? ModelGesture::changed : ModelGesture::held;
    if (ended) {
      p.said.erase(source);
      clamp_lanes(*p.def, p.last[source]);  // its type may have been reloaded since
      put(source, p, {ModelWrite::Kind::again, p.last[source], time});
    } else if (unread) {
      clamp_lanes(*p.def, p.said[source]);  // as above
      put(source, p, {ModelWrite::Kind::change, p.last[source] = p.said[source], time});
    } else {
      p.said.erase(source);
      put(source, p, {ModelWrite::Kind::hold, {}, time});
    }
    return RELUME_OK;
  }
  relume_result change_gesture(std::uint32_t source, ModelParam& p, Lanes lanes, std::int64_t time) {
    speak(source);
    const relume_result result = p.def->type == RELUME_TEXT ? RELUME_E_TYPE : fit_value(*p.def, lanes);
    if (result != RELUME_OK) return result;
    if (p.gestures[source] == ModelGesture::none) return RELUME_E_STATE;
    p.gestures[source] = ModelGesture::changed;
    say(source, p, lanes, {ModelWrite::Kind::change, {}, time});
    return RELUME_OK;
  }
  relume_result end_gesture(std::uint32_t source, ModelParam& p, bool abort, std::int64_t time) {
    speak(source);
    const ModelGesture was = std::exchange(p.gestures[source], ModelGesture::none);
    if (was == ModelGesture::none) return RELUME_E_STATE;
    const auto unread = p.unread.find(source);
    const bool ended = unread != p.unread.end() && unread->second == ModelWrite::Kind::again;
    if (ended) p.said[source] = p.last[source];
    if (ended || (was == ModelGesture::changed && !abort)) {
      clamp_lanes(*p.def, p.last[source]);  // as above
      if (p.said.count(source) != 0) p.said[source] = p.last[source];
      put(source, p, {ModelWrite::Kind::end, p.last[source], time});
    } else {
      p.said.erase(source);
      put(source, p, {ModelWrite::Kind::release, {}, time});
    }
    return RELUME_OK;
  }

  // --- frame and control ---
  /// `seen` is what the frame has, for what the headers leave to it: which side of the threshold a glide is on that is as near to
  /// its target as makes no difference, and the course between several changes that fall into one frame.
  struct Seen {
    std::function<Lanes(const ModelParam&)> lanes;
    std::function<std::int64_t(const ModelParam&)> age;
    std::function<bool(const ModelParam&)> gliding_back;
  };
  void compose(std::int64_t time, const Seen& seen) {
    const std::int64_t now = std::max(last, time);
    for (auto& [number, source] : sources) {
      silent_[number] = false;
      if (std::exchange(source.spoke, false)) source.heard = now;
      if (!source.heard) continue;
      if (source.timeout == 0 || now - *source.heard < source.timeout) continue;
      source.heard.reset();
      silent_[number] = source.lost = true;
    }
    for (ModelLayer& layer : layers) {
      for (ModelParam& p : layer.params) compose(p, now, seen);
    }
    answers_.clear();
    std::erase_if(sources, [](const auto& s) { return s.second.closing; });
    last = now;
  }
  void tick() {
    for (const Request& request : std::exchange(requests_, {})) commit(request);
  }
  /// At least, and at most.
  std::pair<std::uint32_t, std::uint32_t> moving() const {
    std::uint32_t certain = 0;
    std::uint32_t tiny = 0;
    for (const ModelLayer& layer : layers) {
      for (const ModelParam& p : layer.params) {
        certain += static_cast<std::uint32_t>(std::count(p.glide.moving.begin(), p.glide.moving.end(), true));
        if (last - p.glide.start < 10 * p.glide.tau)
          tiny += static_cast<std::uint32_t>(std::count(p.glide.tiny.begin(), p.glide.tiny.end(), true));
      }
    }
    return {certain, certain + tiny};
  }

 private:
  struct Request {
    relume_param param;
    ModelClaim claim;
    std::uint64_t token;
  };

  static ModelParam fresh(const ModelDef& def) {
    ModelParam p;
    p.def = &def;
    p.aim = p.resting();
    return p;
  }

  void put(std::uint32_t source, ModelParam& p, ModelWrite write) {
    write.sequence = ++sequence_;
    p.pending[source] = write;
    p.unread[source] = write.kind;
  }
  static bool ends_unread(std::uint32_t source, const ModelParam& p) {
    const auto unread = p.unread.find(source);
    if (unread == p.unread.end()) return false;
    return unread->second == ModelWrite::Kind::end || unread->second == ModelWrite::Kind::again;
  }
  void say(std::uint32_t source, ModelParam& p, const Lanes& lanes, ModelWrite how) {
    const auto said = p.said.find(source);
    if (said != p.said.end() && said->second == lanes) return;
    p.said[source] = p.last[source] = how.lanes = lanes;
    put(source, p, how);
  }

  static bool write_tier(ModelParam& p, const Lanes& lanes, bool persist) {
    const auto before = std::pair(p.persisted, p.committed);
    if (persist) {
      p.persisted = lanes;
      p.committed.reset();
    } else {
      p.committed = lanes;
    }
    return before != std::pair(p.persisted, p.committed);
  }

  // The operator wins the race, against what is on its way too.
  void take(ModelParam& p) {
    p.taken = ++sequence_;
    if (planted == Planted::set_keeps_automation) return;
    std::erase_if(p.pending, [&](const auto& w) { return priority_of(w.first, w.second) <= RELUME_PRIORITY_DEFAULT; });
    const bool held = !p.claims.empty();
    std::erase_if(p.claims, [](const auto& c) { return c.second.priority <= RELUME_PRIORITY_DEFAULT; });
    if (!p.claims.empty()) return;
    if (held) p.changed();
    if (!p.cut && (held || p.back || p.glide.any())) p.cut = {p.glide, held, p.back};
    p.glide = {};
    p.back = false;
  }

  static bool in_gesture(const ModelWrite& write) {
    return write.kind != ModelWrite::Kind::value && write.kind != ModelWrite::Kind::release;
  }
  std::uint32_t priority_of(std::uint32_t source, const ModelWrite& write) const {
    return in_gesture(write) ? RELUME_PRIORITY_GESTURE : sources.at(source).priority;
  }

  static std::optional<Lanes> converted(const ModelDef& from, const ModelDef& to, Lanes value, bool& clamped) {
    clamped = false;
    if (from.type != to.type) return std::nullopt;
    if (to.type == RELUME_ENUM) {
      const auto label = std::find(to.labels.begin(), to.labels.end(), from.labels[static_cast<std::size_t>(value[0])]);
      if (label == to.labels.end()) return std::nullopt;
      value[0] = static_cast<double>(label - to.labels.begin());
    } else {
      clamped = clamp_lanes(to, value);
    }
    return value;
  }

  static void convert(const ModelParam& from, ModelParam* to, ModelAnswer& answer) {
    const auto one = [&](const std::optional<Lanes>& value, std::optional<Lanes> ModelParam::* tier) {
      if (!value) return;
      bool clamped = false;
      const std::optional<Lanes> fitted =
          to != nullptr ? converted(*from.def, *to->def, *value, clamped) : std::nullopt;
      answer.clamped += clamped ? 1 : 0;
      answer.cleared += fitted ? 0 : 1;
      if (to != nullptr) to->*tier = fitted;
    };
    one(from.persisted, &ModelParam::persisted);
    one(from.committed, &ModelParam::committed);
  }

  // Automation goes on where the parameter fits; under a new handle nobody has said anything yet.
  static void carry(ModelParam& from, ModelParam& to, bool same_handle) {
    const bool fits = from.def->type == to.def->type && from.def->labels == to.def->labels;
    to.generation = from.generation;
    to.taken = from.taken;
    to.taken_before = from.taken_before;
    to.forced = from.forced;
    to.token = from.token + 1;
    if (same_handle) {
      to.handle = from.handle;
      to.unseen = from.unseen;
      to.pending = std::move(from.pending);
      to.unread = std::move(from.unread);
      to.cut = from.cut;
      to.said = std::move(from.said);
      to.last = std::move(from.last);
      to.gestures = std::move(from.gestures);
      to.fired = from.fired;
    }
    to.aim = to.resting();
    if (!fits || from.def->type == RELUME_TEXT) return;
    to.shown = from.shown;
    to.firing = from.firing;
    to.smoothing_ms = from.smoothing_ms;
    to.since = from.since;
    to.inexact = from.inexact;
    const ModelClaim* const winner = from.winner();
    if (same_handle) {
      to.claims = std::move(from.claims);
    } else if (winner != nullptr) {
      to.claims.emplace(winner->source, *winner);  // nobody could ever take back those that lose
    }
    for (auto& [source, claim] : to.claims) clamp_lanes(*to.def, claim.target);
    to.glide = from.glide;
    to.aim = from.aim;
    to.back = from.back;
    to.refits = std::move(from.refits);
    to.refits.push_back(to.def);
  }

  // The course under the newest definition, from what shows now.
  static bool refit(ModelParam& p, std::int64_t now) {
    if (p.refits.empty()) return false;
    const Lanes shown = p.value(now);
    Lanes inside = shown;
    Lanes held = p.aim;
    const ModelGlide before = p.glide;
    bool glides = true;  // under each of them
    bool bent = false;
    for (const ModelDef* def : p.refits) {
      clamp_lanes(*def, inside);
      clamp_lanes(*def, held);
      glides &= p.smoothing_ms != 0 || def->smoothing > 0;
      bent |= p.tau_under(*def) != before.tau;
    }
    p.refits.clear();
    const ModelClaim* winner = p.winner();
    const Lanes aim = p.back ? held : winner != nullptr ? winner->target : p.resting();
    const bool same_course = inside == shown && aim == p.aim && !bent;
    const bool restarts = before.moving[0] && (inside[0] != shown[0] || aim[0] != p.aim[0] || bent);
    if (restarts) p.since = now;
    if (!same_course) p.go(inside, aim, now);
    for (std::size_t i = 0; i < p.def->lanes(); ++i) {
      p.glide.moving[i] = before.moving[i] && glides;
      if (p.def->bounded()) p.glide.near[i] = 1e-4 * (p.def->max - p.def->min);
    }
    return before.any();
  }

  relume_commit_policy policy_of(const ModelParam& p, std::uint32_t source, relume_commit_policy of_write) const {
    if (of_write != RELUME_COMMIT_DEFAULT) return of_write;
    if (p.def->policy != RELUME_COMMIT_DEFAULT) return p.def->policy;
    const relume_commit_policy of_source = sources.at(source).policy;
    return of_source != RELUME_COMMIT_DEFAULT ? of_source : RELUME_COMMIT_SESSION;
  }

  // Who shows may be another now; if so, it goes there from where it was at `time`.
  bool follow(ModelParam& p, const std::optional<ModelClaim>& before, const Lanes& from, std::int64_t time) {
    const ModelClaim* const winner = p.winner();
    const bool same = winner == nullptr
                          ? !before
                          : before && before->source == winner->source && before->sequence == winner->sequence;
    if (same) return false;
    p.changed();
    p.since = time;
    if (winner != nullptr) p.smoothing_ms = winner->smoothing_ms;
    p.go(from, winner != nullptr ? winner->target : p.resting(), time);
    if (winner == nullptr && planted == Planted::release_steps) p.glide = {};
    return true;
  }
  static std::optional<ModelClaim> shows(const ModelParam& p) {
    const ModelClaim* const winner = p.winner();
    return winner != nullptr ? std::optional(*winner) : std::nullopt;
  }

  bool take_write(ModelParam& p, std::uint32_t source, const ModelWrite& write, std::int64_t now) {
    const std::int64_t time = std::clamp(write.time, last, now);
    if (write.kind == ModelWrite::Kind::release) return release_claim(p, source, time);
    if (write.kind == ModelWrite::Kind::again) {
      ModelWrite end = write;
      end.kind = ModelWrite::Kind::end;
      const bool ended = take_write(p, source, end, now);
      ModelWrite hold = write;
      hold.kind = ModelWrite::Kind::hold;
      return take_write(p, source, hold, now) || ended;
    }
    const std::optional<ModelClaim> before = shows(p);
    // A gesture that has ended is committed, though it may be on its way still.
    if (write.kind == ModelWrite::Kind::hold && before && before->source == source && before->ending && !p.asked) {
      requests_.push_back({p.handle, *before, p.token});
    }
    const Lanes from = p.value(time);
    ModelClaim claim;
    claim.target = write.kind == ModelWrite::Kind::hold ? from : write.lanes;
    claim.source = source;
    claim.priority = priority_of(source, write);
    claim.policy = policy_of(p, source, write.policy);
    claim.smoothing_ms = p.def->is_float() ? write.smoothing_ms : 0;
    claim.time = time;
    claim.sequence = write.sequence;
    claim.gesture = in_gesture(write);
    claim.ending = write.kind == ModelWrite::Kind::end;
    if (claim.gesture && claim.policy == RELUME_COMMIT_RENDER_ONLY) claim.policy = RELUME_COMMIT_SESSION;
    clamp_lanes(*p.def, claim.target);
    p.claims[source] = claim;
    if (write.kind == ModelWrite::Kind::hold && p.def->is_float()) p.inexact = true;
    return follow(p, before, from, planted == Planted::late_glide ? now : time);
  }

  bool release_claim(ModelParam& p, std::uint32_t source, std::int64_t time) {
    const std::optional<ModelClaim> before = shows(p);
    const Lanes from = p.value(time);
    return p.claims.erase(source) != 0 && follow(p, before, from, time);
  }

  // Who is closed or lost goes at once with all others that are.
  bool lose(ModelParam& p, std::int64_t now) {
    const std::optional<ModelClaim> before = shows(p);
    const Lanes from = p.value(now);
    bool any = false;
    for (const auto& [number, source] : sources) {
      if (source.closing || silent_[number]) any |= p.claims.erase(number) != 0;
      if (source.closing) p.said.erase(number);
    }
    return any && follow(p, before, from, now);
  }

  void compose(ModelParam& p, std::int64_t now, const Seen& seen) {
    if (p.is_trigger()) return compose_trigger(p);
    const Lanes frame = seen.lanes(p);
    if (p.claims.empty() && !p.glide.any()) p.inexact = false;
    int changes = refit(p, now) ? 1 : 0;
    Hull hull(p);
    if (p.back || (p.claims.empty() && p.glide.any() && p.aim != p.resting())) {
      p.go(p.value(now), p.resting(), now);
      ++changes;
    }
    p.back = false;
    p.cut.reset();
    p.unread.clear();
    if (p.claims.empty()) p.aim = p.resting();
    hull.take(p.aim);
    const auto done = [&](bool changed) {
      changes += changed ? 1 : 0;
      hull.take(p.aim);
    };
    for (const auto& [source, write] : std::exchange(p.pending, {})) {
      if (write.kind != ModelWrite::Kind::release && write.kind != ModelWrite::Kind::hold) hull.take(write.lanes);
      const bool taken = take_write(p, source, write, now);
      // Looked at in another order, one that loses leads for a while.
      done(taken || (write.kind != ModelWrite::Kind::release && p.claims.size() > 1));
    }
    done(lose(p, now));
    done(take_answer(p, now));
    p.shown = p.value(now);
    if (changes > 1 && !p.claims.empty()) p.since = std::clamp(now - seen.age(p), std::min(p.since, last), now);
    if (changes > 1 && p.glide.any() && hull.holds(frame)) {
      p.go(frame, p.aim, now);
      p.glide.loose = true;
      p.shown = frame;
    }
    arrive(p, frame, seen, now);
    p.unseen = false;
    settle(p, now);
  }

  // Where several changes in one frame may lead.
  class Hull {
   public:
    explicit Hull(const ModelParam& p) : lanes_(p.def->lanes()), low_(p.shown), high_(p.shown) { take(p.aim); }
    void take(const Lanes& lanes) {
      for (std::size_t i = 0; i < lanes_; ++i) {
        low_[i] = std::min(low_[i], lanes[i]);
        high_[i] = std::max(high_[i], lanes[i]);
      }
    }
    bool holds(const Lanes& lanes) const {
      bool inside = true;
      for (std::size_t i = 0; i < lanes_; ++i) {
        const double slack = 1e-6 * (high_[i] - low_[i] + std::abs(low_[i]) + std::abs(high_[i]));
        inside &= lanes[i] >= low_[i] - slack && lanes[i] <= high_[i] + slack;
      }
      return inside;
    }

   private:
    std::size_t lanes_;
    Lanes low_;
    Lanes high_;
  };

  static void arrive(ModelParam& p, const Lanes& frame, const Seen& seen, std::int64_t now) {
    for (std::size_t i = 0; i < p.def->lanes(); ++i) {
      if (!p.glide.moving[i]) continue;
      const double away = std::abs(p.way_left(i, now));
      const double slack = p.glide.loose ? p.glide.near[i] : 0.01 * p.glide.near[i];
      const bool close = std::abs(away - p.glide.near[i]) <= slack + 1e-6 * std::abs(p.aim[i]);
      // Without a range the way of a glide that leads nowhere is what floats leave of it.
      const double no_way = p.def->bounded() ? 0 : 1e-5;
      const double rounding = p.inexact ? std::max(no_way, 0.1 * p.glide.near[i]) : 0;
      const bool tiny = std::abs(p.glide.from[i] - p.aim[i]) < no_way;
      const bool open = close || (p.glide.loose && !p.def->bounded()) || tiny;
      const bool arrived = tiny && p.claims.empty() ? !seen.gliding_back(p)
                           : open                   ? std::abs(frame[i] - p.aim[i]) <= rounding
                                                    : away < p.glide.near[i];
      p.shown[i] = arrived ? p.aim[i] : p.aim[i] + p.way_left(i, now);
      p.glide.moving[i] = !arrived;
      p.glide.tiny[i] = arrived && tiny;
    }
  }

  // What was committed ends with the claims that are older; newer ones take over.
  bool take_answer(ModelParam& p, std::int64_t now) {
    for (const Request& answer : answers_) {
      if (answer.param.bits != p.handle.bits || p.claims.empty()) continue;
      const std::optional<ModelClaim> before = shows(p);
      if (answer.token != p.token || !p.asked) continue;
      const Lanes from = p.value(now);
      const std::int64_t time = model_tick(before->time);
      std::erase_if(p.claims,
                    [&](const auto& c) { return c.first == before->source || model_tick(c.second.time) <= time; });
      if (!p.claims.empty()) return follow(p, before, from, now);
      p.changed();
      p.glide = {};
      p.aim = p.resting();
    }
    return false;
  }

  void settle(ModelParam& p, std::int64_t now) {
    const ModelClaim* winner = p.winner();
    if (winner == nullptr || p.asked || p.glide.any()) return;
    if (winner->policy == RELUME_COMMIT_RENDER_ONLY || (winner->gesture && !winner->ending)) return;
    if (!winner->ending && now - p.since < (p.def->settle != 0 ? p.def->settle : kShowSettle)) return;
    p.asked = true;
    requests_.push_back({p.handle, *winner, p.token});
  }

  void compose_trigger(ModelParam& p) {
    if (p.fired > 0) {
      p.firing = p.firing.value_or(p.committed.value_or(Lanes{})[0]) + std::exchange(p.fired, 0);
      p.changed();
    }
    p.refits.clear();
    for (const Request& answer : answers_) {
      if (answer.param.bits != p.handle.bits || answer.token != p.token || !p.asked) continue;
      p.firing.reset();
      p.changed();
    }
    p.shown = p.aim = p.resting();
    p.unseen = false;
    if (!p.firing || p.asked) return;
    p.asked = true;
    ModelClaim claim;
    claim.target = {*p.firing};
    requests_.push_back({p.handle, claim, p.token});
  }

  void commit(const Request& request) {
    const bool persist = request.claim.policy == RELUME_COMMIT_PERSIST;
    for (ModelLayer& layer : layers) {
      for (ModelParam& p : layer.params) {
        if (p.handle.bits != request.param.bits) continue;
        const bool weak = request.claim.priority <= RELUME_PRIORITY_DEFAULT;
        const bool late = request.claim.sequence < p.forced || (weak && request.claim.sequence < p.taken);
        if (late && !p.is_trigger() && planted != Planted::settle_ignores_operator) {
          events.push_back({RELUME_EVENT_OVERLAY_STALE, 0, request.param.bits});
          return;
        }
        Lanes lanes = request.claim.target;
        clamp_lanes(*p.def, lanes);
        if (write_tier(p, lanes, persist)) {
          ++revision;
          events.push_back({RELUME_EVENT_OVERLAY_SETTLED, 0, request.param.bits});
        }
        answers_.push_back(request);
        return;
      }
    }
    events.push_back({RELUME_EVENT_OVERLAY_STALE, 0, request.param.bits});
  }

  std::uint64_t sequence_ = 0;
  std::vector<Request> requests_;
  std::vector<Request> answers_;
  std::map<std::uint32_t, bool> silent_;
};

}  // namespace relume::test
