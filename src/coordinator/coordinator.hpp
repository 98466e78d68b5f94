// SPDX-License-Identifier: Apache-2.0
// The coordinator: every mutation goes in here, and outcomes, events and persistence requests come out. All policy, no I/O.
//
// Two mutexes. `structure_` orders changes that are prepared, of the stack, texts and records, which may take time; `hot_` is
// held by every mutation for as long as the change itself costs. Nobody who holds hot_ allocates much, calls back, or waits.
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
#include "coordinator/seams.hpp"
#include "coordinator/type_changes.hpp"
#include "coordinator/type_report.hpp"
#include "health/event_log.hpp"
#include "live/composer.hpp"
#include "model/objects.hpp"
#include "model/schema.hpp"
#include "model/stack.hpp"
#include "persistence/mirror.hpp"
#include "persistence/save_ledger.hpp"
#include "platform/mutex.hpp"

namespace relume::core {

class ChangeSet;
class Preparation;
class RestoredBlocks;

class Coordinator {
 public:
  struct Parts {
    Schema schema;
    Stack stack;
    ObjectTable objects;
    std::unique_ptr<Mirror> mirror;  // nullptr: memory is all there is
    SavedHead head;                  // of the recovered state
    PageTree& tree;
    Composer& composer;
    FrameStore& frames;
    EventLog& events;
    LayerTable& layers;
    std::atomic<std::uint64_t>& order;  // count of operator mutations, which sources read
    SaveLedger& ledger;
  };
  Coordinator(Parts parts, const Seams& seams);
  ~Coordinator();

  /// Shows recovered blocks to composer and mirror for the first time.
  void start(const RestoredBlocks& blocks);

  /// Applies a change-set: one revision, or nothing and a Fault. `added` gets the layer of its last ADD.
  Fault apply(std::span<const relume_change> changes, relume_outcome& outcome, relume_layer* added);

  /// For tests that kill between the steps of a mutation: called after 1 hot state and mirror, 2 output, 3 clients, 4 disk
  /// (DESIGN 3). Set before mutations begin.
  using StepObserver = void (*)(void* user, int step);
  void observe_steps(StepObserver observer, void* user) {
    step_observer_ = observer;
    step_user_ = user;
  }

  /// Takes the place of everything by a document, as one mutation: stack, base and records are the document's, committed values
  /// are cleared. Layers that are in both, by id and type, keep their handles and their automation.
  Fault load(const SavedShow& document, relume_outcome& outcome);

  // Changes of type in two phases (relume/type.h).
  Fault prepare_type(const relume_layer_type_def& def, relume_type_change& out);
  Fault prepare_retype(relume_layer layer, const char* type_key, relume_type_change& out);
  Fault commit_type(relume_type_change handle, relume_outcome& outcome);
  Fault abort_type(relume_type_change handle, std::string why);
  Fault fail_type(const std::string& type_key, std::string why);
  std::string type_failure(const std::string& type_key);
  /// What became of all values at the change of type of that revision.
  Fault type_report(std::uint64_t revision, std::shared_ptr<const TypeReport>& out);

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
  /// The parameters of a layer in the order of its type, as many as fit, all of one moment. `count` is how many it has.
  Fault explain_layer(relume_layer layer, std::span<relume_explanation> out, std::size_t& count);
  Fault text(relume_param param, std::shared_ptr<const std::string>& out, relume_tier& tier);
  Fault record(const char* key, Object& out);
  std::string record_key(std::size_t n);
  struct Changes {
    std::vector<relume_param> params;
    bool whole = false;
    std::uint64_t history = 0;
    std::uint64_t revision = 0;
  };
  Changes changes_since(std::uint64_t history, std::uint64_t revision);
  void status(relume_status& out);
  const SavedHead& head() const { return head_; }
  Mirror* mirror() { return mirror_.get(); }

 private:
  friend class ChangeSet;
  friend class Snapshot;
  bool needs_preparation(std::span<const relume_change> changes) const;
  bool apply_values(std::span<const relume_change> changes, relume_outcome& outcome, Fault& fault);
  Fault apply_prepared(std::span<const relume_change> changes, relume_outcome& outcome, relume_layer* added);
  /// Stack and objects that are to take the place of what is; after accept() it holds what was, to be ended without a mutex.
  struct Successor {
    Successor() = default;
    Successor(const Successor&) = delete;
    Successor& operator=(const Successor&) = delete;
    ~Successor();
    Fault build(Coordinator& coordinator, Preparation& preparation);
    static void hand_on_carries(Coordinator& coordinator, StackView& view, std::size_t more);

    std::shared_ptr<const Stack> stack;
    std::shared_ptr<const std::string> stack_bytes;
    std::shared_ptr<const ObjectTable> objects;
    std::unique_ptr<StackView> view;  // nullptr: the stack is as it was
    Mirror* staged_in = nullptr;
  };
  Fault apply_preparation(Preparation& preparation, const relume_event& event, relume_outcome& outcome);
  void take_effect(Preparation& preparation, const relume_event& event, Successor& next, relume_outcome& outcome);
  Fault commit_definition(const TypeChanges::Pending& change, relume_outcome& outcome);
  Fault commit_retype(const TypeChanges::Pending& change, relume_outcome& outcome);
  void publish_type_event(std::uint32_t kind, const TypeChanges::Pending& change);
  void reject(const Fault& fault, relume_outcome& outcome);
  void accept(const Effects& effects, const relume_event& event, Successor* next, relume_outcome& outcome);
  void take_over(Successor& next);
  void commit_one(const CommitRequest& request);
  void step(int number) {
    if (step_observer_ != nullptr) step_observer_(step_user_, number);
  }
  std::unique_ptr<StackView> view_of(const Stack& stack, std::uint64_t version) const;
  void update_layer_table(const Stack& before, const Stack& after);
  /// Automation that holds a parameter now, by what the newest mutation left of it.
  OverlayGlimpse live_overlay(std::uint32_t slot, const ParamDef& def) const;
  void stay_same(ChangeSet& set, relume_outcome& outcome);
  void put_touched();
  bool is_mirrored() const { return mirror_ != nullptr && !mirror_->lost(); }
  std::uint32_t level() const { return is_mirrored() ? RELUME_LEVEL_MIRRORED : RELUME_LEVEL_MEMORY; }
  struct Found {
    const Layer* layer = nullptr;
    const ParamDef* def = nullptr;
    std::uint32_t slot = 0;
  };
  Fault find(relume_param param, Found& out) const;
  Fault find(relume_layer handle, const Layer*& out) const;
  relume_tier composed(const Found& found, const OverlayGlimpse& overlay, relume_value& out) const;
  void keep_counts(const Stack& next, RestoredBlocks& blocks) const;
  std::shared_ptr<const std::string> text_in(const Found& found, relume_tier tier) const;
  struct Sample;
  Sample sample(relume_param param, const Found& found) const;

  // Under structure_.
  Schema schema_;
  std::vector<std::shared_ptr<const LayerType>> retired_types_;  // replaced ones, which others may still point to
  TypeChanges type_changes_;
  TypeReports type_reports_;
  std::atomic<bool> has_text_;  // of any type; never falls
  const Seams seams_;
  platform::Mutex structure_;
  platform::Mutex hot_;
  // Replaced whole, under both mutexes; whoever holds one of them may read.
  std::shared_ptr<const Stack> stack_;
  std::shared_ptr<const std::string> stack_bytes_;
  std::shared_ptr<const ObjectTable> objects_;
  std::unique_ptr<Mirror> mirror_;
  SavedHead head_;
  std::uint64_t structure_revision_;  // the newest that changed the stack
  PageTree& tree_;
  Composer& composer_;
  FrameStore& frames_;
  EventLog& events_;
  LayerTable& layers_;
  std::atomic<std::uint64_t>& order_;
  SaveLedger& ledger_;
  std::atomic<std::uint64_t> rejected_{0};
  StepObserver step_observer_ = nullptr;
  void* step_user_ = nullptr;
};

}  // namespace relume::core
