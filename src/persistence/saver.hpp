// SPDX-License-Identifier: Apache-2.0
// The writer of a show: what is unsaved goes to checkpoint and document in the background, one write at a time.
//
// The disk role calls look(). Everybody else asks and waits; nobody who mutates waits for anything here. `disk_` is held over
// file calls, which may never return; `state_` never is, and is all that questions take.
#pragma once

#include <relume/health.h>
#include <relume/persistence.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "health/event_log.hpp"
#include "persistence/mirror.hpp"
#include "persistence/save_ledger.hpp"
#include "persistence/save_schedule.hpp"
#include "persistence/stores.hpp"
#include "platform/clock.hpp"

namespace relume::core {

class Saver {
 public:
  struct Parts {
    platform::Clock& clock;
    const ShowFolder& folder;
    Stores& stores;
    RecoveryReport& report;
    SaveLedger& ledger;
    EventLog& events;
    Mirror* mirror;                             // nullptr: there is none
    std::unique_ptr<const StateView> replaced;  // to be in the checkpoint's history before anything else is saved
    DocumentMark replaced_mark;
    std::function<std::unique_ptr<StateView>()> take;  // a picture of the newest state
    std::function<Fault(const SavedShow&, relume_outcome&)> load;
    SavePolicy policy;
    bool keep_and_save = false;
    bool document_first = false;           // for tests alone: the wrong order
    std::uint64_t recovered_revision = 0;  // with any jump
    std::uint64_t history = 0;
  };
  explicit Saver(Parts parts);
  Saver(const Saver&) = delete;
  Saver& operator=(const Saver&) = delete;

  /// One look of the disk role: at the candidates that nobody looked at yet, then for what is due.
  void look();
  /// The last look: saves what is unsaved and says in the checkpoint that the show was closed.
  void close();
  /// The disk role is stuck in a file call: should it ever return, it begins nothing more.
  void leave_behind() { left_behind_ = true; }

  // Any role. Where a time is given they wait so long at most.

  std::uint64_t ask_save() { return ask(Ask::save); }
  std::uint64_t ask_flush() { return ask(Ask::flush); }
  enum class Answer { ended, pending, unknown };  // unknown: the ticket was never given
  Answer wait_for(std::uint64_t ticket, std::int64_t timeout_ns, relume_save_result& out);
  /// True when the target has the revision.
  bool wait_for(Target target, std::uint64_t revision, std::int64_t timeout_ns);
  bool wait_until_examined(std::int64_t timeout_ns);
  Fault accept(std::uint32_t choice, relume_outcome& outcome);
  void health(relume_health& out);
  /// What is not saved, in words; empty when everything is.
  std::string unsaved();
  /// Lets look() be called soon: for the thread that has the disk role.
  void on_wake(std::function<void()> wake) { wake_ = std::move(wake); }

 private:
  enum class Ask { save, flush };
  struct Request {
    std::uint64_t ticket;
    Ask ask;
  };
  struct TargetState {
    explicit TargetState(const SavePolicy& policy) : schedule(policy) {}
    SaveSchedule schedule;
    bool writing = false;
    std::int64_t began_ns = 0;
    std::uint64_t writing_revision = 0;
    std::int64_t last_success_ns = 0, last_failure_ns = 0, last_duration_ns = 0;
    std::uint64_t successes = 0, failures = 0;
    std::uint32_t save_state = RELUME_SAVE_PENDING;
    std::string reason;
    StoreError error;  // that stands
  };
  struct Attempt {
    bool checkpoint = false;
    bool document = false;
    std::string reason;
  };

  /// While one lives, health counts how long the disk role has been at work.
  class Busy {
   public:
    explicit Busy(Saver& saver) : saver_(saver) { set(saver.p_.clock.monotonic_ns()); }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() { set(0); }

   private:
    void set(std::int64_t since) {
      const std::lock_guard lock(saver_.state_);
      saver_.busy_since_ = since;
    }
    Saver& saver_;
  };

  void out_of_memory(relume_save_result& result);
  std::uint64_t ask(Ask what);
  void examine();
  void examine_checkpoint();
  void examine_document();
  void hold(std::uint32_t verdict);
  Attempt plan(std::vector<Request>& requests, std::uint64_t& last);
  void save(const Attempt& attempt, relume_save_result& result);
  bool save_checkpoint(const StateView& view, const std::string& reason, bool closing, relume_save_result& result);
  void save_document(const StateView& view, const std::string& reason, relume_save_result& result);
  StoreError write_checkpoint(const StateView& view, const CheckpointNote& note);
  platform::ReplaceResult write_document(const StateView& view);
  platform::ReplaceResult sync_entry();
  void empty_log_when_idle();
  void look_at_mirror();
  void foreign_document();
  void began(Target target, std::uint64_t revision, const std::string& reason);
  void ended(Target target, std::uint64_t revision, std::uint32_t state, const StoreError& error,
             relume_save_result& result);
  void fill(Target target, std::int64_t now_ns, relume_target_health& out) const;
  bool make_room(std::uint32_t verdict);
  Fault accept_file(std::uint32_t held, relume_outcome& outcome);
  void publish(std::uint32_t kind, std::uint32_t change, std::uint64_t revision, std::uint32_t count,
               std::int32_t reason);
  template <class Predicate>
  bool wait(std::int64_t timeout_ns, Predicate done);

  Parts p_;
  std::function<void()> wake_;

  std::mutex disk_;
  std::atomic<bool> left_behind_{false};
  bool entry_synced_ = false;
  bool opened_ = false;  // the checkpoint says that the show runs
  std::int64_t mirror_looked_ns_ = 0;

  mutable std::mutex state_;
  std::condition_variable changed_;
  std::array<TargetState, 2> targets_;
  std::vector<Request> requests_;
  std::uint64_t last_ticket_ = 0;
  std::deque<std::pair<std::uint64_t, relume_save_result>> results_;  // up to a ticket; the oldest are forgotten
  bool examined_ = false;
  std::int64_t busy_since_ = 0;  // of the disk role, in whatever file call it is; 0: it rests
};

}  // namespace relume::core
