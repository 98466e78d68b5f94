// SPDX-License-Identifier: Apache-2.0
// Texts and records, read: what has no slots is found by name.
#include <fmt/format.h>

#include "coordinator/coordinator.hpp"

namespace relume::core {

std::shared_ptr<const std::string> Coordinator::text_in(const Found& found, relume_tier tier) const {
  if (tier == RELUME_TIER_PERSISTED || tier == RELUME_TIER_COMMITTED) {
    const auto object = objects_->find(text_name(found.layer->id, found.def->key, tier == RELUME_TIER_COMMITTED));
    if (object != objects_->end()) return object->second.bytes;
  }
  return {std::shared_ptr<const void>(), &found.def->initial_text};  // lives as long as its type: as long as the show
}

Fault Coordinator::text(relume_param param, std::shared_ptr<const std::string>& out, relume_tier& tier) {
  const std::lock_guard lock(hot_);
  Found found;
  if (Fault fault = find(param, found)) return fault;
  if (found.def->type != RELUME_TEXT) {
    const std::string route = found.layer->key + "/" + found.def->key;
    return {RELUME_E_TYPE, route, fmt::format("{} is no text; read it with relume_value_get", route)};
  }
  relume_value unused{};
  tier = composed(found, {}, unused);
  out = text_in(found, tier);
  return {};
}

Fault Coordinator::record(const char* key, Object& out) {
  std::shared_ptr<const ObjectTable> objects;
  {
    const std::lock_guard lock(hot_);
    objects = objects_;
  }
  const auto found = objects->find(record_name(key));
  if (found == objects->end()) return {RELUME_E_UNKNOWN_ROUTE, key, fmt::format("there is no record {}", key)};
  out = found->second;
  return {};
}

std::string Coordinator::record_key(std::size_t n) {
  std::shared_ptr<const ObjectTable> objects;
  {
    const std::lock_guard lock(hot_);
    objects = objects_;
  }
  const std::string prefix = record_name("");
  for (auto at = objects->lower_bound(prefix); at != objects->end() && at->first.starts_with(prefix); ++at) {
    if (n-- == 0) return at->first.substr(prefix.size());
  }
  return {};
}

}  // namespace relume::core
