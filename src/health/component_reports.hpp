// SPDX-License-Identifier: Apache-2.0
// What parts of the host say of their health; the newest report of each counts.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace relume::core {

struct ComponentReport {
  std::uint32_t level = 0;  // relume_health_level
  std::string json;         // one object
};

class ComponentReports {
 public:
  static constexpr std::size_t kMost = 64;

  /// False when there are as many components as can be.
  bool put(const std::string& component, ComponentReport report);
  void remove(const std::string& component);
  std::map<std::string, ComponentReport> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ComponentReport> reports_;
};

/// Whether a text is one JSON object.
bool is_json_object(const std::string& text);

}  // namespace relume::core
