// SPDX-License-Identifier: Apache-2.0
// The parameters of the model tests, in a form that the reference model understands without the library.
#pragma once

#include <relume/relume.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/test_show.hpp"

namespace relume::test {

/// Every value of every type; what the tests use of ints, times and texts (numbers of texts) is exact in a double.
using Lanes = std::array<double, 4>;

struct ModelDef {
  std::string key;
  relume_type type = RELUME_FLOAT;
  double min = 0;
  double max = 0;  // equal to min: unbounded
  double initial = 0;
  std::int64_t smoothing = 0;
  std::int64_t settle = 0;  // the show's
  relume_commit_policy policy = RELUME_COMMIT_DEFAULT;
  bool clamp = false;
  std::vector<std::string> labels = {};
  bool highest = false;

  bool bounded() const { return min != max; }
  bool is_float() const { return type == RELUME_FLOAT || (type >= RELUME_VEC2 && type <= RELUME_COLOR); }
  std::size_t lanes() const { return relume_type_lanes(static_cast<std::uint32_t>(type)); }
  bool operator==(const ModelDef&) const = default;
};
using ModelType = std::vector<ModelDef>;

inline const std::vector<std::string>& model_texts() {
  static const std::vector<std::string> texts = {"", "one", "two", "a longer text, in which nothing is said"};
  return texts;
}

/// The definitions that a type key goes through as it is reloaded; the first one is declared at open.
inline const std::vector<ModelType>& model_definitions(const std::string& type_key) {
  static const auto make = [](double top, std::int64_t level_ms, std::int64_t color_ms) {
    return ModelType{{"level", RELUME_FLOAT, 0, top, top / 2, level_ms * kMs},
                     {"color", RELUME_COLOR, 0, 1, 1, color_ms * kMs},
                     {"pan", RELUME_VEC2, -1, 1, 0},
                     {"free", RELUME_FLOAT, 0, 0, 0, 80 * kMs, 300 * kMs + kMs / 2},
                     {"on", RELUME_BOOL},
                     {"count", RELUME_INT, -10, top > 0.75 ? 10.0 : 3.0, 0, 0, 0, RELUME_COMMIT_DEFAULT, true},
                     {"mode", RELUME_ENUM, 0, 0, 0, 0, 0, RELUME_COMMIT_DEFAULT, false, {"off", "slow", "fast"}},
                     {"start", RELUME_TIME},
                     {"soft", RELUME_FLOAT, 0, 1, 0, 0, 100 * kMs + kMs / 2, RELUME_COMMIT_PERSIST, true},
                     {"drive", RELUME_FLOAT, 0, 2, 0, 200 * kMs, 0, RELUME_COMMIT_RENDER_ONLY},
                     {"at", RELUME_VEC3, -4, 4, 1, 30 * kMs},
                     {"dim", RELUME_FLOAT, 0, 1, 0, 40 * kMs, 0, RELUME_COMMIT_DEFAULT, false, {}, true},
                     {"flash", RELUME_TRIGGER},
                     {"title", RELUME_TEXT}};
  };
  static const std::vector<ModelType> fixture = [] {
    std::vector<ModelType> all = {make(1, 100, 50), make(0.5, 100, 50), make(1, 0, 400)};
    ModelType other = make(1, 100, 50);
    other[6].labels = {"fast", "off"};
    other.erase(other.begin() + 2);
    other.insert(other.begin(), {"extra", RELUME_VEC4, 0, 1, 0, 60 * kMs});
    all.push_back(std::move(other));
    return all;
  }();
  static const std::vector<ModelType> strip = {
      {{"level", RELUME_FLOAT, 0, 1, 0, 100 * kMs},
       {"count", RELUME_FLOAT, 0, 1},  // another type than the fixture's
       {"free", RELUME_FLOAT, 0, 0, 0, 80 * kMs, 300 * kMs + kMs / 2},
       {"speed", RELUME_FLOAT, 0, 4, 1}},
      {{"speed", RELUME_FLOAT, 0, 4, 1}, {"level", RELUME_FLOAT, 0.25, 1, 0.25, 20 * kMs}}};
  return type_key == "fixture" ? fixture : strip;
}

inline relume_value value_of(const ModelDef& def, const Lanes& lanes) {
  relume_value value{};
  value.type = static_cast<std::uint32_t>(def.type);
  switch (def.type) {
    case RELUME_BOOL:
    case RELUME_INT:
    case RELUME_ENUM: value.as.i = static_cast<std::int32_t>(lanes[0]); break;
    case RELUME_TRIGGER: value.as.i = static_cast<std::int32_t>(lanes[0]); break;
    case RELUME_TIME: value.as.t = static_cast<std::int64_t>(lanes[0]); break;
    case RELUME_TEXT: value = relume_value_text(model_texts()[static_cast<std::size_t>(lanes[0])].c_str()); break;
    default:
      for (std::size_t i = 0; i < def.lanes(); ++i) value.as.f[i] = static_cast<float>(lanes[i]);
  }
  return value;
}

/// Lanes of a value that came out of the library; a text's are asked for apart.
inline Lanes lanes_of(const relume_value& value) {
  Lanes lanes{};
  switch (value.type) {
    case RELUME_BOOL:
    case RELUME_INT:
    case RELUME_ENUM:
    case RELUME_TRIGGER: lanes[0] = value.as.i; break;
    case RELUME_TIME: lanes[0] = static_cast<double>(value.as.t); break;
    default:
      for (std::size_t i = 0; i < relume_type_lanes(value.type); ++i) lanes[i] = static_cast<double>(value.as.f[i]);
  }
  return lanes;
}

inline Lanes lanes_of(const ModelDef& def, const relume_slot* slots) {
  Lanes lanes{};
  switch (def.type) {
    case RELUME_BOOL:
    case RELUME_INT:
    case RELUME_ENUM:
    case RELUME_TRIGGER: lanes[0] = slots[0].i; break;
    case RELUME_TIME:
      lanes[0] =
          static_cast<double>(static_cast<std::int64_t>(slots[0].u | static_cast<std::uint64_t>(slots[1].u) << 32U));
      break;
    default:
      for (std::size_t i = 0; i < def.lanes(); ++i) lanes[i] = static_cast<double>(slots[i].f);
  }
  return lanes;
}

/// One of a few values that the definition can be given, so that equal ones come often; a few of them do not fit.
inline Lanes pick(const ModelDef& def, std::uint32_t n) {
  Lanes lanes{};
  const bool unfit = n % 32 >= 30;
  switch (def.type) {
    case RELUME_BOOL: lanes[0] = unfit ? 2 : n % 2; break;
    case RELUME_INT: lanes[0] = unfit ? 77 : static_cast<int>(n % 7) * 3 - 9; break;
    case RELUME_ENUM: lanes[0] = unfit ? 3 : n % 2; break;
    case RELUME_TIME: lanes[0] = n % 3 * 5e9; break;
    case RELUME_TRIGGER: lanes[0] = unfit ? 0 : n % 3 + 1; break;
    case RELUME_TEXT: lanes[0] = n % static_cast<std::uint32_t>(model_texts().size()); break;
    default:
      for (std::size_t i = 0; i < def.lanes(); ++i) {
        const double part = static_cast<double>((n + i) % 5) / 4;
        lanes[i] = def.bounded() ? def.min + (def.max - def.min) * part : 100 * part - 25;
      }
      if (unfit) lanes[def.lanes() - 1] = n % 32 == 30 ? def.max + 1 : std::nan("");
  }
  return lanes;
}

inline Param param_of(const ModelDef& def) {
  Param param(def.key, def.type);
  param.range(def.min, def.max).smoothing(def.smoothing).settle(def.settle).commit(def.policy).labels(def.labels);
  if (def.clamp) param.clamp();
  if (def.type == RELUME_TRIGGER) return param;
  if (def.type == RELUME_TEXT) {
    param.initial(model_texts()[static_cast<std::size_t>(def.initial)]);
  } else {
    param.initial(value_of(def, {def.initial, def.initial, def.initial, def.initial}));
  }
  return param;
}

/// A layer type as the C functions take it.
class DeclaredType {
 public:
  DeclaredType(const std::string& key, const ModelType& type) : face_(layer_type(key, type)), def_(face_.def()) {
    params_.assign(def_.params, def_.params + def_.param_count);
    for (std::size_t i = 0; i < params_.size(); ++i) {
      if (type[i].highest) params_[i].flags |= RELUME_PARAM_HIGHEST;
    }
    def_.params = params_.data();
  }
  DeclaredType(const DeclaredType&) = delete;
  DeclaredType& operator=(const DeclaredType&) = delete;
  const relume_layer_type_def& def() const { return def_; }

 private:
  static LayerType layer_type(const std::string& key, const ModelType& type) {
    std::vector<Param> params;
    for (const ModelDef& def : type) params.push_back(param_of(def));
    return LayerType(key, std::move(params));
  }
  LayerType face_;
  std::vector<relume_param_def> params_;
  relume_layer_type_def def_;
};

}  // namespace relume::test
