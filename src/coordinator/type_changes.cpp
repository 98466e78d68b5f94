// SPDX-License-Identifier: Apache-2.0
#include "coordinator/type_changes.hpp"

#include <algorithm>
#include <utility>

namespace relume::core {

relume_type_change TypeChanges::add(Pending change) {
  std::erase_if(pending_, [&](const Pending& p) {
    const bool same_kind = (p.type != nullptr) == (change.type != nullptr);
    return same_kind && (p.type != nullptr ? p.type_key == change.type_key : p.layer_id == change.layer_id);
  });
  change.handle = {next_++};
  pending_.push_back(std::move(change));
  return pending_.back().handle;
}

bool TypeChanges::take(relume_type_change handle, Pending& out) {
  const auto found =
      std::find_if(pending_.begin(), pending_.end(), [&](const Pending& p) { return p.handle.bits == handle.bits; });
  if (found == pending_.end()) return false;
  out = std::move(*found);
  pending_.erase(found);
  return true;
}

std::string TypeChanges::failure(const std::string& type_key) const {
  const auto found = failures_.find(type_key);
  return found != failures_.end() ? found->second : std::string();
}

}  // namespace relume::core
