// SPDX-License-Identifier: Apache-2.0
#include "health/component_reports.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace relume::core {

bool ComponentReports::put(const std::string& component, ComponentReport report) {
  const std::lock_guard lock(mutex_);
  const auto found = reports_.find(component);
  if (found != reports_.end()) {
    found->second = std::move(report);
    return true;
  }
  return reports_.size() < kMost && reports_.emplace(component, std::move(report)).second;
}

void ComponentReports::remove(const std::string& component) {
  const std::lock_guard lock(mutex_);
  reports_.erase(component);
}

std::map<std::string, ComponentReport> ComponentReports::all() const {
  const std::lock_guard lock(mutex_);
  return reports_;
}

bool is_json_object(const std::string& text) { return nlohmann::json::parse(text, nullptr, false).is_object(); }

}  // namespace relume::core
