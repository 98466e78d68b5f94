// SPDX-License-Identifier: Apache-2.0
// A show and its reference model, taken through the same steps. Whatever differs ends the run as a Mismatch.
#pragma once

#include <fmt/format.h>
#include <relume/relume.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/model_show.hpp"
#include "support/model_steps.hpp"

namespace relume::test {

class ModelPair : public ModelShow {
 public:
  explicit ModelPair(Planted planted = Planted::none) : ModelShow(planted) {
    for (std::uint32_t n = 0; n < 4; ++n) open_source(n);
    compose(0);
  }

  void run(const Step& step) {
    settle_courses(step);
    switch (step.op) {
      case Op::set:
      case Op::persist: set(step); break;
      case Op::set_many: set_many(step); break;
      case Op::change_set: change_set(step); break;
      case Op::store:
      case Op::revert:
      case Op::reset: whole_layers(step); break;
      case Op::add: add(step); break;
      case Op::remove:
      case Op::move:
      case Op::enable:
      case Op::bypass:
      case Op::retype: restack(step); break;
      case Op::reload: reload(step); break;
      case Op::abandon_build: abandon_build(step); break;
      case Op::write: write(step); break;
      case Op::write_many: write_many(step); break;
      case Op::release: release(step); break;
      case Op::close_source: close_source(step.source); break;
      case Op::open_source: open_source(step.source); break;
      case Op::begin_gesture:
      case Op::change_gesture:
      case Op::end_gesture:
      case Op::abort_gesture: gesture(step); break;
      case Op::compose: compose(step.time); break;
      case Op::tick: tick(); break;
      case Op::borrow: borrow(); break;
      case Op::retain: retain(); break;
      case Op::give_back: give_back(step); break;
      case Op::use_stale: use_stale(step); break;
    }
    compare_.events(events_);
    compare_.tiers(reader_.acquire());
  }

 private:
  // --- mutations ---
  // Where several changes of a parameter fall into one frame, the headers leave its course open: with it when a glide without a
  // range has arrived, which is by its own length, and what a gesture that begins there holds. So each of those gets a frame.
  void settle_courses(const Step& step) {
    const bool of_source = step.op == Op::write || step.op == Op::change_gesture || step.op == Op::end_gesture;
    for (const ModelLayer& l : model_.layers) {
      for (const ModelParam& p : l.params) {
        const bool own_length = p.def->is_float() && !p.def->bounded();
        if (own_length && (!p.pending.empty() || p.back || !p.refits.empty())) return compose(0);
        for (const auto& [source, write] : p.pending) {
          const bool goes_on = of_source && source == sources_[step.source].number;
          if (write.kind == ModelWrite::Kind::hold && !goes_on) return compose(0);
        }
      }
    }
  }

  void set(const Step& step) {
    ModelLayer* l = layer(step.layer);
    if (l == nullptr) return;
    ModelParam& p = param(*l, step.param);
    const bool persist = step.op == Op::persist;
    const Lanes lanes = pick(*p.def, step.value);
    say("{} {} = {}", persist ? "persist" : "set", route(*l, p), words(*p.def, lanes));
    const relume_value value = value_of(*p.def, lanes);
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    const relume_result result =
        (persist ? relume_value_persist : relume_value_set)(show_.get(), p.handle, &value, &outcome, nullptr);
    finish(model_.set(p, lanes, persist), outcome, result);
  }

  void set_many(const Step& step) {
    ModelLayer* l = layer(step.layer);
    if (l == nullptr) return;
    std::vector<relume_param> params;
    std::vector<relume_value> values;
    ReferenceModel next = model_;
    ModelLayer& to = next.layers[step.layer % next.layers.size()];
    ModelAnswer all;
    std::string text;
    for (std::uint32_t i = 0; i < 1 + step.value % 4; ++i) {
      ModelParam& p = param(to, step.param + i * (1 + step.value % 3));
      const Lanes lanes = pick(*p.def, step.value / 8 + i);
      params.push_back(p.handle);
      values.push_back(value_of(*p.def, lanes));
      text += fmt::format(" {} = {}", route(to, p), words(*p.def, lanes));
      if (all.result == RELUME_OK) join(all, next.set(p, lanes, false));
    }
    say("set together{}", text);
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    const relume_result result =
        relume_values_set(show_.get(), params.data(), values.data(), params.size(), &outcome, nullptr);
    commit(std::move(next), all, outcome, result);
  }

  // Up to four changes of any kind, told by the bits of one number.
  void change_set(const Step& step) {
    std::vector<relume_change> changes;
    std::vector<ModelLayer> buried;
    ReferenceModel next = model_;
    ModelAnswer all;
    std::string text;
    for (std::uint32_t i = 0; i < 2 + step.value % 3; ++i) {
      if (model_.layers.empty()) break;
      const std::uint32_t bits = (step.value + 1) * 2654435761U >> (5 * i);
      const ModelLayer& named = model_.layers[(step.layer + bits) % model_.layers.size()];
      relume_change change{};
      change.layer = named.handle;
      const auto at = std::find_if(next.layers.begin(), next.layers.end(),
                                   [&](const ModelLayer& l) { return l.handle.bits == named.handle.bits; });
      ModelLayer* const l = at != next.layers.end() ? &*at : nullptr;
      const auto position = static_cast<std::size_t>(at - next.layers.begin());
      ModelAnswer one;
      if (l == nullptr) one.result = RELUME_E_UNKNOWN_LAYER;
      switch (bits % 8) {
        case 0:
          change.kind = RELUME_CHANGE_STORE;
          if (l != nullptr) one.changed = next.store(*l);
          break;
        case 1:
          change.kind = RELUME_CHANGE_RESET;
          if (l != nullptr) one.changed = next.reset(*l);
          break;
        case 2:
          change.kind = RELUME_CHANGE_REMOVE;
          one.changed = true;
          if (l != nullptr) {
            buried.push_back(*l);
            next.remove(position);
          }
          break;
        case 3:
          change.kind = RELUME_CHANGE_BYPASS;
          change.flag = bits / 8 % 2;
          if (l != nullptr) one.changed = ReferenceModel::set_flag(*l, RELUME_LAYER_BYPASSED, change.flag != 0);
          break;
        case 4: {
          change.kind = RELUME_CHANGE_RETYPE;
          change.type_key = kTypes[bits / 8 % 2];
          const bool other = l != nullptr && l->type_key != change.type_key;
          if (other) buried.push_back(*l);
          if (other) next.retype(*l, change.type_key, current(change.type_key), one);
          break;
        }
        default: {
          const bool persist = bits % 8 == 5;
          change.kind = persist ? RELUME_CHANGE_PERSIST : RELUME_CHANGE_SET;
          change.layer = {0};
          const std::size_t n = (step.param + bits / 8) % named.params.size();
          const ModelDef& def = *named.params[n].def;
          const Lanes lanes = pick(def, bits / 16);
          change.param = named.params[n].handle;
          change.value = value_of(def, lanes);
          if (l == nullptr) {
            one.result = RELUME_E_UNKNOWN_ROUTE;
          } else {
            one = next.set(l->params[n], lanes, persist);
          }
          break;
        }
      }
      changes.push_back(change);
      text += fmt::format(" | {} {}{}", change_name(change.kind), named.key, change_detail(named, change));
      if (all.result == RELUME_OK) join(all, one);
    }
    say("change-set{}", text);
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    const relume_result result = relume_apply(show_.get(), changes.data(), changes.size(), &outcome, nullptr);
    if (all.result == RELUME_OK) {
      for (const ModelLayer& l : buried) bury(l);
    }
    commit(std::move(next), all, outcome, result);
  }

  void whole_layers(const Step& step) {
    ModelLayer* one = step.value % 4 == 0 ? nullptr : layer(step.layer);
    const bool store = step.op == Op::store;
    const bool revert = step.op == Op::revert;
    say("{} {}", store ? "store" : revert ? "revert" : "reset", one != nullptr ? one->key : "everything");
    ModelAnswer answer;
    for (ModelLayer& l : model_.layers) {
      if (one != nullptr && one != &l) continue;
      answer.changed |= store ? model_.store(l) : revert ? ReferenceModel::revert(l) : model_.reset(l);
    }
    const relume_layer which = one != nullptr ? one->handle : relume_layer{0};
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    finish(answer, outcome,
           (store    ? relume_store
            : revert ? relume_revert
                     : relume_reset)(show_.get(), which, &outcome, nullptr));
  }

  void add(const Step& step) {
    const char* key = kKeys[step.value % std::size(kKeys)];
    const char* type = kTypes[step.value / 8 % 2];
    const ModelLayer* before = step.value / 16 % 2 == 0 ? nullptr : layer(step.layer);
    say("add {} of type {} {}", key, type, before != nullptr ? "below " + before->key : std::string("on top"));
    const relume_layer below = before != nullptr ? before->handle : relume_layer{0};
    const std::size_t position =
        before != nullptr ? static_cast<std::size_t>(before - model_.layers.data()) : model_.layers.size();
    ModelAnswer answer;
    answer.changed = true;
    for (const ModelLayer& l : model_.layers) {
      if (l.key == key) answer.result = RELUME_E_EXISTS;
    }
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    relume_layer made{0};
    const relume_result result = relume_layer_add(show_.get(), key, type, below, &made, &outcome, nullptr);
    if (answer.result == RELUME_OK) model_.add(position, key, type, current(type));
    finish(answer, outcome, result);
  }

  void restack(const Step& step) {
    ModelLayer* l = layer(step.layer);
    if (l == nullptr) return;
    const auto position = static_cast<std::size_t>(l - model_.layers.data());
    const relume_layer handle = l->handle;
    const bool on = step.value % 2 != 0;
    ModelAnswer answer;
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    relume_result result = RELUME_OK;
    if (step.op == Op::remove) {
      say("remove {}", l->key);
      bury(*l);
      model_.remove(position);
      answer.changed = true;
      result = relume_layer_remove(show_.get(), handle, &outcome, nullptr);
    } else if (step.op == Op::move) {
      const std::size_t n = step.value % (model_.layers.size() + 1);
      const bool top = n == model_.layers.size();
      say("move {} {}", l->key, top ? std::string("to the top") : "below " + model_.layers[n].key);
      const relume_layer before = top ? relume_layer{0} : model_.layers[n].handle;
      answer.changed = model_.move(position, top ? std::nullopt : std::optional(n));
      result = relume_layer_move(show_.get(), handle, before, &outcome, nullptr);
    } else if (step.op == Op::retype) {
      const char* type = kTypes[step.value % 2];
      say("retype {} as {}", l->key, type);
      if (l->type_key != type) {
        bury(*l);
        model_.retype(*l, type, current(type), answer);
      }
      result = relume_layer_retype(show_.get(), handle, type, &outcome, nullptr);
    } else {
      const bool enable = step.op == Op::enable;
      say("{} {} {}", enable ? "enable" : "bypass", l->key, on);
      answer.changed =
          ReferenceModel::set_flag(*l, enable ? RELUME_LAYER_DISABLED : RELUME_LAYER_BYPASSED, enable ? !on : on);
      result = (enable ? relume_layer_enable : relume_layer_bypass)(show_.get(), handle, on ? 1 : 0, &outcome, nullptr);
    }
    finish(answer, outcome, result);
  }

  void reload(const Step& step) {
    const std::string key = kTypes[step.value % 2];
    const auto& definitions = model_definitions(key);
    const std::size_t next = step.value / 2 % definitions.size();
    say("reload {} as its definition {}", key, next);
    const relume_type_change change = prepare(key, definitions[next]);
    model_.events.push_back({RELUME_EVENT_BUILD_STARTED, model_.revision, 0});
    ModelAnswer answer;
    if (std::exchange(version_[key], next) != next) {
      for (ModelLayer& l : model_.layers) {
        if (l.type_key != key) continue;
        if (!ReferenceModel::same_shape(*l.type, definitions[next])) bury(l);
        model_.retype(l, key, definitions[next], answer);
      }
    }
    if (answer.changed) {
      model_.accept(RELUME_EVENT_TYPE_CHANGED);
    } else {
      model_.events.push_back({RELUME_EVENT_TYPE_CHANGED, model_.revision, 0});
    }
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    const relume_result result = relume_type_commit(show_.get(), change, &outcome, nullptr);
    compare_outcome(answer, outcome, result);
    resolve();
  }

  relume_type_change prepare(const std::string& key, const ModelType& type) {
    relume_type_change change{0};
    const relume_result result = relume_type_prepare(show_.get(), &DeclaredType(key, type).def(), &change, nullptr);
    demand(result == RELUME_OK, "not prepared: {}", relume_result_name(result));
    return change;
  }

  void abandon_build(const Step& step) {
    const std::string key = kTypes[step.value % 2];
    say("a build of {} fails", key);
    show_.abort_type(prepare(key, model_definitions(key)[0]), "it does not build");
    model_.events.push_back({RELUME_EVENT_BUILD_STARTED, model_.revision, 0});
    model_.events.push_back({RELUME_EVENT_BUILD_FAILED, model_.revision, 0});
  }

  // --- sources ---
  struct CloseSource {
    void operator()(relume_source* source) const { relume_source_close(source); }
  };
  struct OpenSource {
    std::unique_ptr<relume_source, CloseSource> raw;
    std::uint32_t number = 0;
  };

  void open_source(std::uint32_t n) {
    OpenSource& open = sources_[n];
    if (open.raw != nullptr) return;
    relume_source_options o = RELUME_SOURCE_OPTIONS_INIT;
    o.priority = kPriorities[n];
    o.commit_policy = static_cast<std::uint32_t>(kPolicies[n]);
    o.timeout_ns = kTimeouts[n];
    const bool room = model_.sources.size() < kMaxSources;
    relume_source* made = nullptr;
    const relume_result result = relume_source_open(show_.get(), &o, &made, nullptr);
    demand(result == (room ? RELUME_OK : RELUME_E_LIMIT), "opening a source: {}", relume_result_name(result));
    if (made == nullptr) return;
    open.raw.reset(made);
    relume_source_info info = RELUME_SOURCE_INFO_INIT;
    relume_source_info_get(made, &info);
    demand(info.number > open.number && info.number > last_number_, "a source's number came twice");
    open.number = last_number_ = info.number;
    say("open source {} with priority {}, policy {}, timeout {} ns", open.number, o.priority, o.commit_policy,
        o.timeout_ns);
    model_.sources[open.number] = {o.priority, kPolicies[n], o.timeout_ns};
  }
  void close_source(std::uint32_t n) {
    if (sources_[n].raw == nullptr) return;
    say("close source {}", sources_[n].number);
    sources_[n].raw.reset();
    model_.sources[sources_[n].number].closing = true;
  }

  static void same_answer(relume_result result, relume_result expected) {
    demand(result == expected, "answered {}, expected {}", relume_result_name(result), relume_result_name(expected));
  }

  void write(const Step& step) {
    ModelLayer* l = layer(step.layer);
    OpenSource& open = sources_[step.source];
    if (l == nullptr || open.raw == nullptr) return;
    ModelParam& p = param(*l, step.param);
    if (!p.def->bounded() && kTimeouts[step.source] != 0) return;  // it may be lost in the frame of another change
    const Lanes lanes = pick(*p.def, step.value);
    say("source {} writes {} = {} at {:+} ns", open.number, route(*l, p), words(*p.def, lanes), step.time);
    ModelWrite how;
    how.time = now_ + step.time;
    const relume_value value = value_of(*p.def, lanes);
    const relume_result expected = model_.write(open.number, p, lanes, how);
    same_answer(relume_overlay_write(open.raw.get(), p.handle, &value, how.time), expected);
  }

  void write_many(const Step& step) {
    ModelLayer* l = layer(step.layer);
    OpenSource& open = sources_[step.source];
    if (l == nullptr || open.raw == nullptr) return;
    model_.speak(open.number);  // also with an empty batch
    ReferenceModel next = model_;
    ModelLayer& to = next.layers[step.layer % next.layers.size()];
    ModelWrite how;
    how.time = now_ + step.time;
    how.policy = static_cast<relume_commit_policy>(step.value / 64 % 4);
    how.smoothing_ms = kSmoothings[step.value / 256 % std::size(kSmoothings)];
    std::vector<relume_overlay_value> batch;
    relume_result expected = RELUME_OK;
    std::size_t blamed = 0;
    std::string text;
    for (std::uint32_t i = 0; i < 2 + step.value % 3; ++i) {
      ModelParam& p = param(to, step.param + i * (1 + step.value % 5));
      if (!p.def->bounded() && kTimeouts[step.source] != 0) continue;
      const Lanes lanes = pick(*p.def, step.value / 8 + i);
      batch.push_back({p.handle, value_of(*p.def, lanes), static_cast<std::uint32_t>(how.policy), how.smoothing_ms});
      text += fmt::format(" {} = {}", route(to, p), words(*p.def, lanes));
      if (expected != RELUME_OK) continue;
      expected = next.write(open.number, p, lanes, how);
      blamed = batch.size() - 1;
    }
    say("source {} writes together{} at {:+} ns, policy {}, smoothing {} ms", open.number, text, step.time,
        static_cast<int>(how.policy), how.smoothing_ms);
    std::size_t culprit = 0;
    same_answer(relume_overlay_write_many(open.raw.get(), batch.data(), batch.size(), how.time, &culprit), expected);
    if (expected == RELUME_OK) {
      model_ = std::move(next);
    } else {
      demand(culprit == blamed, "the culprit is {}, expected {}", culprit, blamed);
    }
  }

  void release(const Step& step) {
    ModelLayer* l = layer(step.layer);
    OpenSource& open = sources_[step.source];
    if (l == nullptr || open.raw == nullptr) return;
    ModelParam& p = param(*l, step.param);
    say("source {} releases {} at {:+} ns", open.number, route(*l, p), step.time);
    const relume_result expected = model_.release(open.number, p, now_ + step.time);
    same_answer(relume_overlay_release(open.raw.get(), p.handle, now_ + step.time), expected);
  }

  void gesture(const Step& step) {
    ModelLayer* l = layer(step.layer);
    OpenSource& open = sources_[step.source];
    if (l == nullptr || open.raw == nullptr) return;
    ModelParam& p = param(*l, step.param);
    if (!p.def->bounded() && kTimeouts[step.source] != 0) return;
    if (step.op == Op::begin_gesture && (!p.pending.empty() || p.back || !p.refits.empty())) compose(0);
    const std::int64_t time = now_ + step.time;
    relume_source* const raw = open.raw.get();
    if (step.op == Op::begin_gesture) {
      say("source {} begins a gesture with {} at {:+} ns", open.number, route(*l, p), step.time);
      same_answer(relume_gesture_begin(raw, p.handle, time), model_.begin_gesture(open.number, p, time));
    } else if (step.op == Op::change_gesture) {
      const Lanes lanes = pick(*p.def, step.value);
      const relume_value value = value_of(*p.def, lanes);
      say("source {} moves {} to {} at {:+} ns", open.number, route(*l, p), words(*p.def, lanes), step.time);
      same_answer(relume_gesture_change(raw, p.handle, &value, time),
                  model_.change_gesture(open.number, p, lanes, time));
    } else {
      const bool abort = step.op == Op::abort_gesture;
      say("source {} {} its gesture with {} at {:+} ns", open.number, abort ? "gives up" : "ends", route(*l, p),
          step.time);
      same_answer((abort ? relume_gesture_abort : relume_gesture_end)(raw, p.handle, time),
                  model_.end_gesture(open.number, p, abort, time));
    }
  }

  // --- frames ---
  void compose(std::int64_t later) {
    now_ += later;
    say("compose {:+} ns", later);
    const std::uint64_t before = number_;
    number_ = show_.compose(now_);
    demand(number_ == before || number_ == before + 1, "frame {} came after {}", number_, before);
    const Frame frame = reader_.acquire();
    demand(frame->number == number_, "the reader got frame {}, not {}", frame->number, number_);
    const auto lanes = [&](const ModelParam& p) {
      const relume_slot* at = frame.at(p.handle);
      return at != nullptr ? lanes_of(*p.def, at) : Lanes{};
    };
    const auto age = [&](const ModelParam& p) { return show_.explain(p.handle).age_ns; };
    const auto back = [&](const ModelParam& p) { return show_.explain(p.handle).gliding_back != 0; };
    model_.compose(now_, {lanes, age, back});
    now_ = std::max(now_, model_.last);
    if (number_ != before) demand(frame->time_ns == model_.last, "the frame's time is {}", frame->time_ns);
    compare_.frame(frame);
  }

  void tick() {
    say("tick");
    show_.tick();
    model_.tick();
  }

  void borrow() {
    say("the slow reader takes a frame");
    if (borrowed_ != nullptr) demand(borrowed_->holds(**borrowed_frame_), "a borrowed frame has changed");
    borrowed_frame_ = slow_.acquire();
    borrowed_ = std::make_unique<HeldFrame>(*borrowed_frame_);
  }
  void retain() {
    say("retain the newest frame");
    try {
      RetainedFrame frame(reader_.acquire());
      const HeldFrame held(frame.get());
      retained_.emplace_back(std::move(frame), held);
      demand(retained_.size() <= kMaxRetained, "a frame more than max_retained was retained");
    } catch (const Error& error) {
      demand(error.code() == RELUME_E_LIMIT && retained_.size() == kMaxRetained, "not retained: {}", error.what());
    }
  }
  void give_back(const Step& step) {
    if (retained_.empty()) return;
    say("give a retained frame back");
    const auto at = retained_.begin() + static_cast<std::ptrdiff_t>(step.value % retained_.size());
    demand(at->second.holds(*at->first.get()), "a retained frame has changed");
    retained_.erase(at);
  }

  void use_stale(const Step& step) {
    if (stale_params_.empty()) return;
    const relume_param param = stale_params_[(step.param + step.value) % stale_params_.size()];
    const relume_layer layer = stale_layers_[step.value % stale_layers_.size()];
    say("use stale handles {:#x} and {:#x}", param.bits, layer.bits);
    const relume_value value = relume_value_float(0.5F);
    relume_explanation explanation = RELUME_EXPLANATION_INIT;
    const auto refused = [](relume_result result, relume_result expected) {
      demand(result == expected, "a stale handle: answered {}", relume_result_name(result));
    };
    refused(relume_value_set(show_.get(), param, &value, nullptr, nullptr), RELUME_E_UNKNOWN_ROUTE);
    refused(relume_explain(show_.get(), param, &explanation, nullptr), RELUME_E_UNKNOWN_ROUTE);
    refused(relume_layer_remove(show_.get(), layer, nullptr, nullptr), RELUME_E_UNKNOWN_LAYER);
    refused(relume_reset(show_.get(), layer, nullptr, nullptr), RELUME_E_UNKNOWN_LAYER);
    relume_source* const source = sources_[step.source].raw.get();
    if (source == nullptr) return;
    model_.speak(sources_[step.source].number);
    refused(relume_overlay_write(source, param, &value, now_), RELUME_E_UNKNOWN_ROUTE);
    refused(relume_overlay_release(source, param, now_), RELUME_E_UNKNOWN_ROUTE);
    refused(relume_gesture_begin(source, param, now_), RELUME_E_UNKNOWN_ROUTE);
  }

  static constexpr std::uint32_t kPriorities[] = {100, 50, 150, 100};
  static constexpr relume_commit_policy kPolicies[] = {RELUME_COMMIT_DEFAULT, RELUME_COMMIT_PERSIST,
                                                       RELUME_COMMIT_SESSION, RELUME_COMMIT_RENDER_ONLY};

  static constexpr std::int64_t kTimeouts[] = {0, 0, 700 * kMs + kMs / 4, 250 * kMs + kMs / 4};
  static constexpr std::uint32_t kSmoothings[] = {0, 0, 20, 300, RELUME_SMOOTHING_STEP};

  OpenSource sources_[4];
  std::uint32_t last_number_ = 0;
  std::int64_t now_ = 0;
  std::uint64_t number_ = 1;
  std::optional<Frame> borrowed_frame_;
  std::unique_ptr<HeldFrame> borrowed_;
  std::vector<std::pair<RetainedFrame, HeldFrame>> retained_;
};

}  // namespace relume::test
