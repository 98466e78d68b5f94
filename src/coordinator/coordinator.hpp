// SPDX-License-Identifier: Apache-2.0
// The coordinator: every mutation goes in here, and outcomes, events and persistence requests come out. All policy, no I/O.
//
// Two mutexes. `structure_` orders changes of the stack, whose preparation may take time; `hot_` is held by every mutation for
// as long as the change itself costs. Nobody who holds hot_ allocates much, calls back, or waits.
#pragma once

#include <relume/mutation.h>
#include <relume/persistence.h>
#include <relume/stack.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "coordinator/effects.hpp"
#include "coordinator/save_ledger.hpp"
#include "coordinator/seams.hpp"
#include "health/event_log.hpp"
#include "live/composer.hpp"
#include "model/schema.hpp"
#include "model/stack.hpp"
#include "persistence/mirror.hpp"
#include "platform/mutex.hpp"

namespace relume::core {

class ChangeSet;

class Coordinator {
 public:
  struct Parts {
    Schema schema;
    Stack stack;
    std::unique_ptr<Mirror> mirror;  // nullptr: memory is all there is
    MirrorHead head;                 // of the recovered state
    PageTree& tree;
    Composer& composer;
    FrameStore& frames;
    EventLog& events;
    LayerTable& layers;
    std::atomic<std::uint64_t>& order;  // count of operator mutations, which sources read
  };
  Coordinator(Parts parts, const Seams& seams);

  /// Shows recovered blocks to composer and mirror for the first time.
  void start(const std::vector<SavedBlock>& blocks);

  /// Applies a change-set: one revision, or nothing and a Fault. `added` gets the layer of its last ADD.
  Fault apply(std::span<const relume_change> changes, relume_outcome& outcome, relume_layer* added);

  /// For tests that kill between the steps of a mutation: called after 1 hot state and mirror, 2 output, 3 clients, 4 disk
  /// (DESIGN 3). Set before mutations begin.
  using StepObserver = void (*)(void* user, int step);
  void observe_steps(StepObserver observer, void* user) {
    step_observer_ = observer;
    step_user_ = user;
  }

  /// Takes what automation has settled. Control role.
  void commit_settled();

  // Queries, any thread.
  Fault find_layer(const char* key, relume_layer& out);
  Fault layer_at(std::uint32_t position, relume_layer& out);
  std::uint32_t layer_count();
  Fault layer_info(relume_layer layer, relume_layer_info& out);
  Fault find_param(const char* route, relume_param& out);
  Fault param_at(relume_layer layer, std::uint32_t n, relume_param& out);
  Fault param_info(relume_param param, relume_param_info& out);
  Fault find_label(relume_param param, const char* label, std::int32_t& out);
  std::string label(relume_param param, std::int32_t index);
  Fault value(relume_param param, relume_value& out, relume_tier& tier);
  Fault explain(relume_param param, relume_explanation& out);
  void status(relume_status& out);
  const MirrorHead& head() const { return head_; }
  Mirror* mirror() { return mirror_.get(); }

 private:
  friend class ChangeSet;
  Fault apply_values(std::span<const relume_change> changes, relume_outcome& outcome);
  Fault apply_structure(std::span<const relume_change> changes, relume_outcome& outcome, relume_layer* added);
  void accept(const Effects& effects, const relume_event& event, const std::string* structure,
              std::unique_ptr<const StackView> view, relume_outcome& outcome);
  void commit_one(const CommitRequest& request);
  void step(int number) {
    if (step_observer_ != nullptr) step_observer_(step_user_, number);
  }
  std::unique_ptr<StackView> view_of(const Stack& stack, std::uint64_t version) const;
  void update_layer_table(const Stack& before, const Stack& after);
  /// Automation that holds a parameter now, by what the newest mutation left of it.
  OverlayGlimpse live_overlay(relume_param param, std::uint32_t slot, bool glides) const;
  void stay_same(ChangeSet& set, relume_outcome& outcome);
  std::uint32_t level() const { return mirror_ != nullptr ? RELUME_LEVEL_MIRRORED : RELUME_LEVEL_MEMORY; }
  struct Found {
    const Layer* layer = nullptr;
    const ParamDef* def = nullptr;
    std::uint32_t slot = 0;
  };
  Fault find(relume_param param, Found& out) const;
  Fault find(relume_layer handle, const Layer*& out) const;
  relume_tier composed(relume_param param, const Found& found, relume_value& out) const;

  const Schema schema_;
  const Seams seams_;
  platform::Mutex structure_;
  platform::Mutex hot_;
  Stack stack_;
  std::unique_ptr<Mirror> mirror_;
  MirrorHead head_;
  PageTree& tree_;
  Composer& composer_;
  FrameStore& frames_;
  EventLog& events_;
  LayerTable& layers_;
  std::atomic<std::uint64_t>& order_;
  SaveLedger ledger_;
  std::atomic<std::uint64_t> rejected_{0};
  StepObserver step_observer_ = nullptr;
  void* step_user_ = nullptr;
};

}  // namespace relume::core
