// SPDX-License-Identifier: Apache-2.0
// A show and its reference model side by side: how both are opened, looked up in and held against each other.
#pragma once

#include <fmt/format.h>
#include <relume/relume.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/model_compare.hpp"

namespace relume::test {

class ModelShow {
 public:
  explicit ModelShow(Planted planted)
      : show_(opened()), reader_(show_.reader()), slow_(show_.reader()), events_(show_.events()) {
    model_.planted = planted;
    model_.add(0, "a", "fixture", model_definitions("fixture")[0]);
    model_.add(1, "b", "strip", model_definitions("strip")[0]);
    resolve();
  }

  /// What was done, in words.
  const std::vector<std::string>& log() const { return log_; }

 protected:
  template <class... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) {
    log_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  // --- looking things up; nullptr when the stack is empty ---
  ModelLayer* layer(std::uint32_t n) {
    return model_.layers.empty() ? nullptr : &model_.layers[n % model_.layers.size()];
  }
  static ModelParam& param(ModelLayer& layer, std::uint32_t n) { return layer.params[n % layer.params.size()]; }
  const ModelType& current(const std::string& type_key) { return model_definitions(type_key)[version_[type_key]]; }

  // Handles stay where the model says so, and are resolved anew where it does not.
  void resolve() {
    for (ModelLayer& l : model_.layers) {
      const relume_layer found = show_.layer(l.key);
      demand(l.handle.bits == 0 || l.handle.bits == found.bits, "the handle of layer {} has changed", l.key);
      l.handle = found;
      for (ModelParam& p : l.params) {
        const relume_param handle = show_.param(route(l, p));
        demand(p.handle.bits == 0 || p.handle.bits == handle.bits, "the handle of {} has changed", route(l, p));
        p.handle = handle;
      }
    }
  }
  void bury(const ModelLayer& layer) {
    stale_layers_.push_back(layer.handle);
    for (const ModelParam& p : layer.params) stale_params_.push_back(p.handle);
  }

  void compare_outcome(const ModelAnswer& expected, const relume_outcome& outcome, relume_result result) {
    demand(result == expected.result, "answered {}, expected {}", relume_result_name(result),
           relume_result_name(expected.result));
    const std::uint32_t state = expected.result != RELUME_OK ? RELUME_STATE_REJECTED
                                : expected.changed           ? RELUME_STATE_CHANGED
                                                             : RELUME_STATE_SAME;
    demand(outcome.state == state, "outcome.state is {}, expected {}", outcome.state, state);
    demand(outcome.revision == model_.revision, "outcome.revision is {}, expected {}", outcome.revision,
           model_.revision);
    demand(outcome.masked_count == expected.masked, "outcome.masked_count is {}, expected {}", outcome.masked_count,
           expected.masked);
    demand(outcome.masked_by == expected.masked_by, "outcome.masked_by is {}, expected {}", outcome.masked_by,
           expected.masked_by);
    demand(outcome.clamped_values == expected.clamped && outcome.cleared_values == expected.cleared,
           "outcome: {} clamped and {} cleared, expected {} and {}", outcome.clamped_values, outcome.cleared_values,
           expected.clamped, expected.cleared);
  }
  void finish(ModelAnswer answer, const relume_outcome& outcome, relume_result result) {
    if (answer.result == RELUME_OK && answer.changed) model_.accept();
    compare_outcome(answer, outcome, result);
    resolve();
  }

  static void join(ModelAnswer& all, const ModelAnswer& one) {
    all.result = one.result;
    all.changed |= one.changed;
    if (all.masked == 0) all.masked_by = one.masked_by;
    all.masked += one.masked;
    all.clamped += one.clamped;
    all.cleared += one.cleared;
  }
  void commit(ReferenceModel next, ModelAnswer& all, const relume_outcome& outcome, relume_result result) {
    if (all.result == RELUME_OK) {
      model_ = std::move(next);
    } else {
      all = {all.result, false, 0, 0, 0, 0};
    }
    finish(all, outcome, result);
  }

  static constexpr std::uint32_t kMaxSources = 6;
  static constexpr std::uint32_t kMaxRetained = 3;
  static constexpr const char* kKeys[] = {"a", "b", "c", "d", "e"};
  static constexpr const char* kTypes[] = {"fixture", "strip"};

  Show show_;
  Reader reader_;
  Reader slow_;
  Events events_;
  ReferenceModel model_;
  ModelCompare compare_{show_, model_};
  std::map<std::string, std::size_t> version_;
  std::vector<relume_param> stale_params_;
  std::vector<relume_layer> stale_layers_;
  std::vector<std::string> log_;

 private:
  static relume_show* opened() {
    relume_schema* schema = nullptr;
    relume_show* show = nullptr;
    const auto must = [](relume_result result) {
      demand(result == RELUME_OK, "cannot open: {}", relume_result_name(result));
    };
    must(relume_schema_create(&schema, nullptr));
    for (const char* key : {"fixture", "strip"}) {
      must(relume_schema_add_type(schema, &DeclaredType(key, model_definitions(key)[0]).def(), nullptr));
    }
    must(relume_schema_add_layer(schema, "a", "fixture", nullptr));
    must(relume_schema_add_layer(schema, "b", "strip", nullptr));
    const relume_show_options o = options();
    must(relume_show_open(schema, &o, &show, nullptr));
    relume_schema_destroy(schema);
    return show;
  }
  static relume_show_options options() {
    relume_show_options o = RELUME_SHOW_OPTIONS_INIT;
    o.flags = RELUME_SHOW_NO_THREADS;
    o.max_slots = 1024;
    o.max_layers = 16;
    o.max_readers = 2;
    o.max_retained = kMaxRetained;
    o.max_sources = kMaxSources;
    o.settle_ns = ReferenceModel::kShowSettle;
    return o;
  }
};

}  // namespace relume::test
