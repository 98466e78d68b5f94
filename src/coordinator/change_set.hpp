// SPDX-License-Identifier: Apache-2.0
// One change-set at work: each change is resolved against the stack and edited into the pages, which nobody sees yet.
#pragma once

#include <relume/mutation.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/coordinator.hpp"
#include "coordinator/type_report.hpp"

namespace relume::core {

/// A text at a change of type: it lies elsewhere than the values, and is moved before the change takes place.
struct MovedText {
  const ParamDef* from;
  const ParamDef* to;
  relume_tier tier;
  Fit fit;
  std::uint32_t size;
};

/// A change after its names and its value were checked.
struct ResolvedChange {
  std::uint32_t kind = 0;
  const Layer* layer = nullptr;
  const ParamDef* def = nullptr;
  Lanes lanes{};
  std::shared_ptr<const Layer> keep;  // of a change of structure: the layer as it was then
  bool changed = false;               // what was prepared of it was not so already
  bool carries = false;               // RETYPE: automation can go on in the new place
  std::shared_ptr<const Layer> from;  // RETYPE: the layer with its type before
  std::vector<MovedText> texts;       // RETYPE
};

/// Checks a change of values against a stack; STORE, REVERT and RESET of all layers resolve with no layer. `text` is the value
/// of a text.
Fault resolve_value_change(const Stack& stack, const relume_change& change, ResolvedChange& out,
                           std::string_view& text);

class ChangeSet {
 public:
  /// `carries` takes what goes on after a change of type, `report` what became of all values; both have room for it.
  ChangeSet(Coordinator& coordinator, std::vector<Carry>* carries, TypeReport* report = nullptr)
      : c_(coordinator),
        carries_(carries),
        report_(report),
        order_(coordinator.order_.load(std::memory_order_relaxed) + 1),
        seen_(coordinator.composer_.seen_order()) {
    c_.tree_.begin(c_.head_.revision + 1);
  }
  ChangeSet(const ChangeSet&) = delete;
  ChangeSet& operator=(const ChangeSet&) = delete;
  /// What was not handed over is undone, whatever the reason.
  ~ChangeSet() {
    if (open_) c_.tree_.abort();
  }
  /// The edit goes on to be published.
  void hand_over() { open_ = false; }

  void edit(const ResolvedChange& change, const Stack& stack, relume_outcome& outcome);
  /// Automation that has settled: like a set or persist, but it takes the route from nobody. True when the value is new. Of a
  /// trigger it is the count of all that sources ever fired, whatever the policy, and an older one is no news.
  bool settle(const ResolvedChange& change);
  /// The tiers of all blocks become these; of triggers, those of the show must be in them, see Coordinator::load.
  void replace(const RestoredBlocks& blocks);
  bool changed() const { return changed_; }
  const Effects& effects() const { return effects_; }
  bool lossy_only() const { return lossy_only_; }
  std::uint64_t order() const { return order_; }

 private:
  bool write(const ResolvedChange& change, Page& page);
  void fire(const ResolvedChange& change);
  void set(const ResolvedChange& change, relume_outcome& outcome);
  void for_each_value(const ResolvedChange& change, const Stack& stack);
  void lay_out(const Layer& layer, bool removed);
  void retype(const ResolvedChange& change, relume_outcome& outcome);
  void report_automation(const ResolvedChange& change, const ParamDef& old, const ParamDef* def);
  void carry(const Layer& from, const Layer& to);
  void put_defaults(const Layer& layer);
  void store(const Layer& layer);
  void revert(const Layer& layer);
  void reset(const Layer& layer);

  Coordinator& c_;
  std::vector<Carry>* const carries_;
  TypeReport* const report_;
  const std::uint64_t order_;
  const std::uint64_t seen_;  // see TakenLanes::take
  Effects effects_;
  bool open_ = true;
  bool changed_ = false;
  bool lossy_only_ = true;
};

}  // namespace relume::core
