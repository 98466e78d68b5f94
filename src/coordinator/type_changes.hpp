// SPDX-License-Identifier: Apache-2.0
// Changes of type that the host has prepared and is building, and why the last build of a type failed.
#pragma once

#include <relume/type.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/layer_type.hpp"

namespace relume::core {

/// Not synchronised: the coordinator's mutex of structure is held around it.
class TypeChanges {
 public:
  struct Pending {
    relume_type_change handle{0};
    std::string type_key;
    std::shared_ptr<const LayerType> type;  // the definition to be; nullptr: a layer gets the declared type of that key
    std::uint64_t layer_id = 0;             // of that layer
  };

  /// Supersedes a pending change of the same type, or of the same layer.
  relume_type_change add(Pending change);
  /// Ends a pending change; false when it is none.
  bool take(relume_type_change handle, Pending& out);

  void note_failure(const std::string& type_key, std::string why) { failures_[type_key] = std::move(why); }
  void note_success(const std::string& type_key) { failures_.erase(type_key); }
  /// Empty: it did not fail.
  std::string failure(const std::string& type_key) const;

 private:
  std::uint64_t next_ = 1;
  std::vector<Pending> pending_;
  std::map<std::string, std::string> failures_;
};

}  // namespace relume::core
