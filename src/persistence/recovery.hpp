// SPDX-License-Identifier: Apache-2.0
// How a show comes up: the newest state that proves itself, and a mirror for what follows.
#pragma once

#include <relume/persistence.h>

#include <memory>
#include <string>

#include "model/schema.hpp"
#include "persistence/held_restore.hpp"
#include "persistence/mirror.hpp"
#include "persistence/restore.hpp"
#include "persistence/save_ledger.hpp"
#include "persistence/show_folder.hpp"
#include "persistence/stores.hpp"
#include "platform/clock.hpp"

namespace relume::core {

/// A whole state that nothing changes any more, to be written before another takes its place.
class RestingState final : public StateView {
 public:
  RestingState(SavedHead head, Stack stack, RestoredLayers layers)
      : head_(head), stack_(std::move(stack)), layers_(std::move(layers)) {
    layers_.blocks.own();  // the mirror that lent them goes on
  }
  const SavedHead& head() const override { return head_; }
  const Stack& stack() const override { return stack_; }
  const ObjectTable& objects() const override { return layers_.objects; }
  const SavedBlock* block(std::uint32_t index) const override {
    return index < layers_.blocks.size() ? &layers_.blocks[index] : nullptr;
  }
  void each_block_since(std::uint64_t, const std::function<void(std::uint32_t, const SavedBlock&)>& f) const override {
    for (std::uint32_t i = 0; i < layers_.blocks.size(); ++i) f(i, layers_.blocks[i]);
  }

 private:
  SavedHead head_;
  Stack stack_;
  RestoredLayers layers_;
};

struct Recovered {
  explicit Recovered(Stack s) : stack(std::move(s)) {}

  Stack stack;
  RestoredLayers layers;
  SavedHead head;
  std::unique_ptr<Mirror> mirror;  // already holds this state; nullptr: there is none
  std::string mirror_reason;
  std::uint32_t rung = RELUME_RUNG_DEFAULTS;
  std::uint64_t found_revision = 0;
  std::int64_t age_ns = -1;
  bool clean_close = false;
  std::uint32_t held = 0;                        // relume_verdict for which the document waits
  std::unique_ptr<const RestingState> replaced;  // what an edited document took the place of
  DocumentMark replaced_mark;                    // the document that belonged to it
  RestoredHeld held_automation;                  // of a show that died, and has a good mirror
};

struct RecoverySetup {
  platform::Files& files;
  platform::Clock& clock;
  const Schema& schema;
  std::string runtime_dir;
  std::uint32_t max_layers;
  std::uint32_t max_slots;
  bool hold_automation;
};

/// Recovers a show from its folder and runtime directory. Files that cannot be had are no fault; what was refused is in the
/// report, and what is unsaved in the ledger. A mirror of a show that died is taken without a look at anything slower.
Fault recover(const RecoverySetup& setup, ShowFolder& folder, Stores& stores, RecoveryReport& report,
              SaveLedger& ledger, Recovered& out);

/// Finds out which show it is: by the folder's id, or where that is lost by whatever else knows it.
Fault identify(const RecoverySetup& setup, ShowFolder& folder, Stores& stores, RecoveryReport& report);

}  // namespace relume::core
