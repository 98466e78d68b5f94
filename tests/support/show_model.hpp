// SPDX-License-Identifier: Apache-2.0
// What a show should hold, kept beside it, and both of them as text.
#pragma once

#include <fmt/format.h>
#include <relume/relume.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace relume::test {

/// Small, with slots enough for more than one block, and with everything that a change can be about.
inline const Schema& model_schema() {
  static const Schema schema = [] {
    Schema made;
    made.type("fixture", {Param("level", RELUME_FLOAT).range(0, 1).initial(scalar(1)), Param("color", RELUME_COLOR),
                          Param("on", RELUME_BOOL), Param("count", RELUME_INT), Param("pan", RELUME_VEC2),
                          Param("at", RELUME_VEC3), Param("mode", RELUME_ENUM).labels({"off", "slow", "fast"}),
                          Param("start", RELUME_TIME), Param("title", RELUME_TEXT), Param("go", RELUME_TRIGGER)});
    made.layer("wash", "fixture").layer("spot", "fixture");
    return made;
  }();
  return schema;
}

inline std::string text_of(const relume_value& v) {
  switch (v.type) {
    case 0: return "-";
    case RELUME_TEXT: return fmt::format("#{}", v.as.text.size);  // its bytes are asked for apart
    case RELUME_TRIGGER: return fmt::format("{}", static_cast<std::uint32_t>(v.as.i));
    case RELUME_TIME: return fmt::format("{}", v.as.t);
    case RELUME_BOOL:
    case RELUME_INT:
    case RELUME_ENUM: return fmt::format("{}", v.as.i);
    default: break;
  }
  std::string text;
  for (std::uint32_t i = 0; i < relume_type_lanes(v.type); ++i) text += fmt::format("{} ", v.as.f[i]);
  return text;
}

/// Stack, every parameter's persisted and committed value, the text that holds, records.
inline std::string picture(relume_show* show) {
  std::string text;
  std::string buffer(RELUME_TEXT_MAX + 1, '\0');
  relume_layer layer{0};
  for (std::uint32_t at = 0; relume_layer_at(show, at, &layer, nullptr) == RELUME_OK; ++at) {
    relume_layer_info info = RELUME_LAYER_INFO_INIT;
    relume_layer_info_get(show, layer, &info, nullptr);
    text += fmt::format("{} {} flags {}\n", info.key, info.type_key, info.flags);
    for (std::uint32_t n = 0; n < info.param_count; ++n) {
      relume_param param{0};
      relume_explanation values = RELUME_EXPLANATION_INIT;
      if (relume_param_at(show, layer, n, &param, nullptr) != RELUME_OK) return "no parameter";
      if (relume_explain(show, param, &values, nullptr) != RELUME_OK) return "no values";
      text += fmt::format("  {}|{}", text_of(values.persisted), text_of(values.committed));
      std::size_t size = 0;
      if (values.composed.type == RELUME_TEXT &&
          relume_text_get(show, param, buffer.data(), buffer.size(), &size, nullptr, nullptr) == RELUME_OK) {
        text += fmt::format("={}", buffer.substr(0, size));
      }
      text += '\n';
    }
  }
  char key[64];
  for (std::size_t n = 0; relume_record_key(show, n, key, sizeof key) > 0; ++n) {
    std::uint32_t kind = 0;
    std::size_t size = 0;
    relume_record_get(show, key, nullptr, 0, &size, &kind, nullptr);
    std::string bytes(size, '\0');
    relume_record_get(show, key, bytes.data(), bytes.size(), &size, &kind, nullptr);
    text += fmt::format("record {} {} {}\n", key, kind, bytes);
  }
  return text;
}

class ShowModel {
 public:
  ShowModel() : layers_{{"wash", false, {}}, {"spot", false, {}}} {}

  /// As picture() writes it.
  std::string text() const {
    std::string text;
    for (const Layer& layer : layers_) {
      text += fmt::format("{} fixture flags {}\n", layer.key, layer.bypassed ? RELUME_LAYER_BYPASSED : 0);
      for (const char* param : kParams) {
        const auto at = layer.values.find(param);
        const Values none;
        const Values& values = at != layer.values.end() ? at->second : none;
        const auto shown = [](const std::optional<relume_value>& v) { return v ? text_of(*v) : "-"; };
        text += fmt::format("  {}|{}", shown(values.persisted), shown(values.committed));
        if (std::string(param) == "title")
          text += "=" + (values.committed ? values.committed_text : values.persisted_text);
        text += '\n';
      }
    }
    for (const auto& [key, record] : records_) {
      text += fmt::format("record {} {} {}\n", key, static_cast<std::uint32_t>(record.kind), record.bytes);
    }
    return text;
  }
  /// What a document keeps of it.
  std::string base_text() const {
    ShowModel base = *this;
    base.revert();
    return base.text();
  }

 private:
  friend class Edit;
  static constexpr const char* kParams[] = {"level", "color", "on",    "count", "pan",
                                            "at",    "mode",  "start", "title", "go"};
  struct Values {
    std::optional<relume_value> persisted;
    std::optional<relume_value> committed;
    std::string persisted_text;
    std::string committed_text;
  };
  struct Layer {
    std::string key;
    bool bypassed = false;
    std::map<std::string, Values> values;
  };

  std::vector<Layer>::iterator layer(const std::string& key) {
    return std::find_if(layers_.begin(), layers_.end(), [&](const Layer& l) { return l.key == key; });
  }
  Values& values(const std::string& route) {
    const std::size_t slash = route.find('/');
    return layer(route.substr(0, slash))->values[route.substr(slash + 1)];
  }
  void store() {
    for (Layer& layer : layers_) {
      for (auto& [key, v] : layer.values) {
        if (!v.committed) continue;
        v.persisted = std::exchange(v.committed, std::nullopt);
        v.persisted_text = std::exchange(v.committed_text, "");
      }
    }
  }
  void revert() {
    for (Layer& layer : layers_) {
      for (auto& [key, v] : layer.values) {
        v.committed.reset();
        v.committed_text.clear();
      }
    }
  }

  std::vector<Layer> layers_;  // bottom to top
  std::map<std::string, Record> records_;
};

/// One change-set, done to a show and to its model.
class Edit {
 public:
  Edit(Show& show, ShowModel& model) : show_(show), model_(model) {}

  Edit& set(const std::string& route, const relume_value& v) {
    set_.set(show_.param(route), v);
    ShowModel::Values& values = model_.values(route);
    if (v.type == RELUME_TRIGGER) return fire(values, v);
    values.committed = v;
    values.committed_text = bytes_of(v);
    return *this;
  }
  Edit& persist(const std::string& route, const relume_value& v) {
    set_.persist(show_.param(route), v);
    ShowModel::Values& values = model_.values(route);
    if (v.type == RELUME_TRIGGER) return fire(values, v);
    values.persisted = v;
    values.persisted_text = bytes_of(v);
    values.committed.reset();
    values.committed_text.clear();
    return *this;
  }
  Edit& store() {
    set_.store();
    model_.store();
    return *this;
  }
  Edit& revert() {
    set_.revert();
    model_.revert();
    return *this;
  }
  Edit& add(const std::string& key, const std::string& before) {
    set_.add_layer(keep(key).c_str(), "fixture", show_.layer(before));
    model_.layers_.insert(model_.layer(before), {key, false, {}});
    return *this;
  }
  Edit& remove(const std::string& key) {
    set_.remove(show_.layer(key));
    model_.layers_.erase(model_.layer(key));
    return *this;
  }
  Edit& to_top(const std::string& key) {
    set_.move(show_.layer(key));
    std::rotate(model_.layer(key), model_.layer(key) + 1, model_.layers_.end());
    return *this;
  }
  Edit& bypass(const std::string& key, bool on) {
    set_.bypass(show_.layer(key), on);
    model_.layer(key)->bypassed = on;
    return *this;
  }
  Edit& record(const std::string& key, relume_record_kind kind, const std::string& bytes) {
    set_.record(keep(key).c_str(), kind, keep(bytes));
    model_.records_[key] = {bytes, kind};
    return *this;
  }
  Edit& remove_record(const std::string& key) {
    set_.remove_record(keep(key).c_str());
    model_.records_.erase(key);
    return *this;
  }
  relume_outcome apply() { return show_.apply(set_); }

 private:
  Edit& fire(ShowModel::Values& values, const relume_value& v) {
    const std::int32_t before = values.persisted ? values.persisted->as.i : 0;
    values.persisted = trigger(static_cast<std::uint32_t>(before) + static_cast<std::uint32_t>(v.as.i));
    return *this;
  }
  static std::string bytes_of(const relume_value& v) {
    return v.type == RELUME_TEXT ? std::string(v.as.text.data, v.as.text.size) : std::string();
  }
  const std::string& keep(const std::string& text) { return kept_.emplace_back(text); }

  Show& show_;
  ShowModel& model_;
  ChangeSet set_;
  std::deque<std::string> kept_;  // borrowed by the change-set
};

}  // namespace relume::test
