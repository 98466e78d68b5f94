// SPDX-License-Identifier: Apache-2.0
// The state of a show as many programs keep it: each tier a hash table of variants by route. It knows one thread, and
// nothing of it outlives the process.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace relume::bench {

using MapValue = std::variant<bool, std::int64_t, float, std::string>;

class MapShow {
 public:
  /// With routes as a show of layers of so many parameters has them, and a persisted value for each.
  MapShow(std::size_t parameters, std::size_t per_layer, float persisted) : frame(parameters) {
    routes.reserve(parameters);
    for (Tier& tier : tiers_) tier.reserve(parameters);
    for (std::size_t i = 0; i < parameters; ++i) {
      routes.push_back("l" + std::to_string(i / per_layer) + "/p" + std::to_string(i % per_layer));
      tiers_[0].emplace(routes.back(), persisted);
    }
  }

  const MapValue* read(const std::string& route) const {
    for (std::size_t tier = tiers_.size(); tier-- > 0;) {
      const auto found = tiers_[tier].find(route);
      if (found != tiers_[tier].end()) return &found->second;
    }
    return nullptr;
  }
  void commit(const std::string& route, float value) { tiers_[1].insert_or_assign(route, MapValue(value)); }
  void automate(const std::string& route, float value) { tiers_[2].insert_or_assign(route, MapValue(value)); }

  /// Without smoothing.
  void compose() {
    for (std::size_t i = 0; i < routes.size(); ++i) frame[i] = std::get<float>(*read(routes[i]));
  }

  std::vector<std::string> routes;
  std::vector<float> frame;

 private:
  using Tier = std::unordered_map<std::string, MapValue>;
  std::array<Tier, 3> tiers_;  // persisted, committed, transient
};

}  // namespace relume::bench
