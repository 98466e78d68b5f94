// SPDX-License-Identifier: Apache-2.0
// What a host declares before it opens a show: layer types, and the stack of a new show.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/layer_type.hpp"
#include "model/objects.hpp"

namespace relume::core {

/// Turns a host's definition of a layer type into ours.
Fault make_layer_type(const relume_layer_type_def& def, std::shared_ptr<const LayerType>& out);

class Schema {
 public:
  Fault add_type(const relume_layer_type_def& def);
  /// A type that is new, or takes the place of the one of its key.
  void put_type(std::shared_ptr<const LayerType> type);
  /// The next put_type needs no memory.
  void make_room() { types_.reserve(types_.size() + 1); }
  Fault add_layer(std::string_view layer_key, std::string_view type_key);
  Fault add_record(std::string_view key, std::uint32_t kind, std::string_view bytes);
  std::shared_ptr<const LayerType> type(std::string_view key) const;
  const std::vector<std::shared_ptr<const LayerType>>& types() const { return types_; }
  std::vector<std::shared_ptr<const LayerType>> release_types() noexcept { return std::exchange(types_, {}); }
  /// Layer key and type key, bottom to top.
  const std::vector<std::pair<std::string, std::string>>& layers() const { return layers_; }
  /// The records of a new show.
  const ObjectTable& records() const { return records_; }
  bool has_text() const;

 private:
  std::vector<std::shared_ptr<const LayerType>> types_;
  std::vector<std::pair<std::string, std::string>> layers_;
  ObjectTable records_;
};

}  // namespace relume::core
