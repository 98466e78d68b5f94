// SPDX-License-Identifier: Apache-2.0
// One open show: all rooms put together, opened in order and closed in the other.
#pragma once

#include <relume/events.h>
#include <relume/frame.h>
#include <relume/health.h>
#include <relume/overlay.h>
#include <relume/persistence.h>
#include <relume/show.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "coordinator/coordinator.hpp"
#include "coordinator/seams.hpp"
#include "health/component_reports.hpp"
#include "health/event_log.hpp"
#include "live/composer.hpp"
#include "live/frame_store.hpp"
#include "live/layer_table.hpp"
#include "live/page_tree.hpp"
#include "live/source.hpp"
#include "live/stream.hpp"
#include "model/schema.hpp"
#include "persistence/recovery.hpp"
#include "persistence/saver.hpp"
#include "platform/periodic_thread.hpp"

namespace relume::core {

class Show {
 public:
  static Fault open(const Schema& schema, const relume_show_options& options, const Seams& seams,
                    std::unique_ptr<Show>& out);
  ~Show();
  Show(const Show&) = delete;
  Show& operator=(const Show&) = delete;

  /// Saves what is unsaved within the deadline, ends the threads and marks a clean close; what is left is destruction.
  /// RELUME_E_STATE inside a callback; RELUME_E_UNSAVED when it is closed with something that is not saved.
  Fault close();
  /// A thread is stuck in the disk and may come back: the show must live on for ever.
  bool left_behind() const { return left_behind_; }

  Coordinator& coordinator() { return *coordinator_; }
  Composer& composer() { return composer_; }
  EventLog& events() { return events_; }

  Fault tick();
  Fault disk_tick();
  Fault save(std::uint64_t& ticket);
  Fault save_wait(std::uint64_t ticket, std::int64_t timeout_ns, relume_save_result& out);
  Fault flush(std::int64_t timeout_ns);
  Fault wait(std::uint64_t revision, std::uint32_t level, std::int64_t timeout_ns);
  Fault recovery_wait(std::int64_t timeout_ns);
  Fault accept(std::uint32_t choice, relume_outcome& outcome);
  void health(relume_health& out);
  /// What a part of the host says of itself; `json` nullptr takes it back.
  Fault report_health(const std::string& component, std::uint32_t level, const char* json);
  const ComponentReports& reports() const { return reports_; }
  Fault open_reader(std::uint32_t& number);
  void close_reader(std::uint32_t number);
  const relume_frame* acquire(std::uint32_t reader) noexcept RELUME_NONBLOCKING { return frames_->acquire(reader); }
  Fault open_source(const relume_source_options& options, Source*& out);
  Fault open_stream(const relume_source_options& options, relume_param first, std::size_t count, Stream*& out);
  void close_source(AnySource& source);
  /// What the black box holds, as a file.
  Fault dump_black_box(const std::string& path);

  void info(relume_show_info& out);
  void recovery(relume_recovery& out) const;
  Fault candidate(std::uint32_t n, relume_candidate& out) const;

 private:
  struct Limits {
    std::uint32_t layers, slots, readers, retained, sources, contended, events, commit_policy;
    std::int64_t settle_ns, held_ns, control_period_ns, disk_period_ns, close_deadline_ns;
    std::uint64_t black_box_bytes;
    SavePolicy save;
  };
  struct DropFrames {
    void operator()(FrameStore* f) const { f->drop(); }
  };
  static Fault limits_of(const relume_show_options& options, Limits& out);
  Show(const Limits& limits, const Seams& seams);
  void start_saver(const relume_show_options& options, Recovered& recovered);
  void start_threads();
  Fault may_wait(const char* call, std::int64_t timeout_ns) const;
  Fault needs_folder(const char* call) const;
  Fault recover_from(const Schema& schema, const relume_show_options& options, std::unique_ptr<Recovered>& out);
  void show_first_frame(const Recovered& recovered);
  void look();
  static Fault identity_of(const relume_source_options& options, AnySource::Identity& out);
  template <class Make>
  Fault add_source(AnySource::Identity identity, Make make);
  void reap_sources();

  const Limits limits_;
  const Seams seams_;
  ShowFolder folder_;
  PageTree tree_;
  std::unique_ptr<FrameStore, DropFrames> frames_;
  LayerTable layers_;
  std::atomic<std::uint64_t> order_{1};
  std::unique_ptr<BlackBox> black_box_;  // nullptr: none was asked for
  Composer composer_;
  EventLog events_;
  std::unique_ptr<Coordinator> coordinator_;
  relume_recovery report_ = RELUME_RECOVERY_INIT;
  RecoveryReport candidates_;
  std::unique_ptr<Stores> stores_;  // nullptr: the show has no folder
  SaveLedger ledger_;
  std::unique_ptr<Saver> saver_;  // nullptr: the show has no folder
  bool left_behind_ = false;
  ComponentReports reports_;

  std::mutex roles_mutex_;  // readers and sources come and go
  std::vector<bool> reader_open_;
  std::vector<std::unique_ptr<AnySource>> sources_;
  std::uint32_t next_source_ = 1;
  int lock_errno_ = 0;
  bool hands_off_ = false;  // RELUME_SHOW_NO_THREADS
  std::unique_ptr<platform::PeriodicThread> control_;
  std::unique_ptr<platform::PeriodicThread> disk_;
};

}  // namespace relume::core
