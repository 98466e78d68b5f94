// SPDX-License-Identifier: Apache-2.0
#include "video/shader_changes.hpp"

#include "video/shader_package.hpp"

#include <algorithm>

namespace rig {

void ShaderChanges::writing(const std::string& file, std::int64_t now_ns) {
  const std::optional<std::string> package = package_of_file(file);
  if (!package) return;
  Pending& pending = pending_[*package];
  pending.open_files.insert(file);
  defer(pending, now_ns);
}

void ShaderChanges::settled(const std::string& file, std::int64_t now_ns) {
  const std::optional<std::string> package = package_of_file(file);
  if (!package) return;
  Pending& pending = pending_[*package];
  pending.open_files.erase(file);
  defer(pending, now_ns);
}

void ShaderChanges::unknown(const std::string& package, std::int64_t now_ns) {
  Pending& pending = pending_[package];
  pending.open_files.clear();
  defer(pending, now_ns);
}

std::vector<std::string> ShaderChanges::take_ready(std::int64_t now_ns) {
  std::vector<std::string> ready;
  for (auto it = pending_.begin(); it != pending_.end();) {
    if (it->second.ready_ns > now_ns) {
      ++it;
      continue;
    }
    ready.push_back(it->first);
    it = pending_.erase(it);
  }
  return ready;
}

std::optional<std::int64_t> ShaderChanges::next_ns() const {
  std::optional<std::int64_t> next;
  for (const auto& [package, pending] : pending_) next = std::min(next.value_or(pending.ready_ns), pending.ready_ns);
  return next;
}

void ShaderChanges::defer(Pending& pending, std::int64_t now_ns) const {
  pending.ready_ns = now_ns + (pending.open_files.empty() ? quiet_ns_ : patience_ns_);
}

}  // namespace rig
