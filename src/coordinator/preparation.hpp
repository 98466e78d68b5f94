// SPDX-License-Identifier: Apache-2.0
// Change-sets that need more than the short mutex may cost: changes of structure, texts and records. What they lead to is built
// beside what is, and taken over whole.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "coordinator/change_set.hpp"
#include "coordinator/type_report.hpp"
#include "model/objects.hpp"
#include "model/schema.hpp"
#include "model/stack.hpp"

namespace relume::core {

class Preparation {
 public:
  Preparation(const Schema& schema, const Stack& from, const ObjectTable& with)
      : stack(from), objects(with), schema_(schema) {}

  /// Whether a change has to be prepared; `has_text` says whether any layer type has texts.
  static bool needed(const relume_change& change, bool has_text);

  /// Resolves the next change against what those before it lead to.
  Fault add(const relume_change& change);
  /// Another type for a layer, which may be dormant.
  Fault retype(const Layer& layer, const std::shared_ptr<const LayerType>& type);

  Stack stack;
  ObjectTable objects;
  std::vector<ResolvedChange> resolved;
  relume_layer added{0};               // of the last ADD
  std::shared_ptr<TypeReport> report;  // of changes of type; nullptr without one
  std::size_t carried = 0;             // parameters whose automation may go on after a change of type
  bool stack_changed = false;
  bool objects_changed = false;

 private:
  Fault add_structure(const relume_change& change);
  Fault add_record(const relume_change& change);
  Fault find_type(const relume_change& change, std::shared_ptr<const LayerType>& out) const;
  void move_texts(const Layer& from, const LayerType& to, std::vector<MovedText>& moved);
  void add_layer_change(const ResolvedChange& change);
  void apply_text(ResolvedChange& change, std::string_view text);
  void apply_to_texts(const ResolvedChange& change);
  bool put(const std::string& name, Object object);
  bool drop(const std::string& name);
  std::shared_ptr<const Layer> keep(const Layer* layer) const;

  const Schema& schema_;
};

Fault unknown_type(const std::string& key);

/// Refuses a kind that there is not, and reserved fields that are not 0.
Fault check_change(const relume_change& change);

}  // namespace relume::core
