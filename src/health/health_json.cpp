// SPDX-License-Identifier: Apache-2.0
#include "health/health_json.hpp"

#include <nlohmann/json.hpp>

#include <cstring>

namespace relume::core {
namespace {

using Json = nlohmann::ordered_json;

const char* level_name(std::uint32_t level) {
  static constexpr const char* names[] = {"ok", "notice", "degraded", "off"};
  return level < std::size(names) ? names[level] : "unknown";
}

Json target_json(const relume_target_health& target) {
  Json json = {{"level", level_name(target.level)},
               {"wanted", target.wanted},
               {"done", target.done},
               {"first_unsaved", target.first_unsaved},
               {"unsaved_events", target.unsaved_events},
               {"unsaved_age_ms", target.unsaved_age_ns / 1'000'000},
               {"writing", target.writing != 0},
               {"in_flight_ms", target.in_flight_ns / 1'000'000},
               {"last_success_ns", target.last_success_ns},
               {"last_failure_ns", target.last_failure_ns},
               {"last_duration_us", target.last_duration_ns / 1'000},
               {"successes", target.successes},
               {"failures", target.failures},
               {"retries", target.retries},
               {"request_pending", target.request_pending != 0},
               {"reason", target.reason}};
  if (target.step[0] == '\0') return json;
  json["error"] = {{"step", target.step},
                   {"errno", target.error},
                   {"errno_name", target.error != 0 ? ::strerrorname_np(target.error) : ""},
                   {"path", target.path},
                   {"retry_in_ms", target.retry_in_ns / 1'000'000}};
  return json;
}

}  // namespace

std::string health_json(const relume_health& health, const std::map<std::string, ComponentReport>& components) {
  Json parts = Json::object();
  for (const auto& [component, report] : components) {
    parts[component] = Json::parse(report.json);
    parts[component]["level"] = level_name(report.level);
  }
  const Json json = {{"level", level_name(health.level)},
                     {"mirror", level_name(health.mirror)},
                     {"memory", level_name(health.memory)},
                     {"disk", level_name(health.disk)},
                     {"held", health.held},
                     {"unsaved", health.unsaved != 0},
                     {"unsaved_events", health.unsaved_events},
                     {"unsaved_age_ms", health.unsaved_age_ns / 1'000'000},
                     {"checkpoint", target_json(health.checkpoint)},
                     {"document", target_json(health.document)},
                     {"components", std::move(parts)}};
  // A path need not be UTF-8; what is not is replaced rather than thrown at.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace relume::core
