// SPDX-License-Identifier: Apache-2.0
#include "coordinator/show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "coordinator/snapshot.hpp"
#include "platform/copy_text.hpp"
#include "platform/process.hpp"

namespace relume::core {
namespace {

constexpr std::uint32_t kMaxSlots = 16777216;
constexpr std::size_t kMaxPath = 900;  // leaves room for a file name within relume_show_info.mirror_path

std::uint32_t or_default(std::uint32_t value, std::uint32_t fallback) { return value != 0 ? value : fallback; }

Fault over(const char* field, std::uint32_t value, std::uint32_t most) {
  return {RELUME_E_INVALID, field, fmt::format("{} is {}, at most {} is possible", field, value, most)};
}

}  // namespace

Fault Show::limits_of(const relume_show_options& o, Limits& out) {
  if ((o.flags & ~static_cast<std::uint32_t>(RELUME_SHOW_NO_THREADS)) != 0) {
    return {RELUME_E_INVALID, "flags", "flags hold a bit that has no meaning"};
  }
  if (o.commit_policy > RELUME_COMMIT_PERSIST) return {RELUME_E_INVALID, "commit_policy", "there is no such policy"};
  constexpr std::int64_t kLongestPeriod = 60'000'000'000;
  for (const auto& [name, period] :
       {std::pair("control_period_ns", o.control_period_ns), std::pair("disk_period_ns", o.disk_period_ns)}) {
    if (period > kLongestPeriod) return {RELUME_E_INVALID, name, "at most a minute is possible"};
    if (period < 0) return {RELUME_E_INVALID, name, "a duration cannot be negative"};
  }
  for (const auto& [name, duration] : {std::pair("settle_ns", o.settle_ns), std::pair("quiet_ns", o.quiet_ns),
                                       std::pair("max_age_ns", o.max_age_ns)}) {
    if (duration < 0) return {RELUME_E_INVALID, name, "a duration cannot be negative"};
  }
  if (o.settle_ns > kMaxSettle) {
    return {RELUME_E_INVALID, "settle_ns", "is over 19 hours; who never commits says RELUME_COMMIT_RENDER_ONLY"};
  }
  if (o.on_damaged > RELUME_ON_DAMAGED_KEEP_AND_SAVE || o.reserved != 0) {
    return {RELUME_E_INVALID, "on_damaged", "on_damaged or reserved hold a number that has no meaning"};
  }
  for (const char* path : {o.folder, o.runtime_dir}) {
    if (path == nullptr) continue;
    const std::size_t size = std::strlen(path);
    if (size == 0 || size > kMaxPath) {
      return {RELUME_E_INVALID, path == o.folder ? "folder" : "runtime_dir",
              fmt::format("a path has 1 to {} bytes, this one {}; use NULL for the default", kMaxPath, size)};
    }
  }
  if (o.max_layers > kMaxLayers) return over("max_layers", o.max_layers, kMaxLayers);
  if (o.max_slots > kMaxSlots) return over("max_slots", o.max_slots, kMaxSlots);
  if (o.max_readers > 64) return over("max_readers", o.max_readers, 64);
  if (o.max_retained > 256 && o.max_retained != RELUME_NONE) return over("max_retained", o.max_retained, 256);
  if (o.max_sources > 254) return over("max_sources", o.max_sources, 254);
  if (o.event_capacity > 1048576) return over("event_capacity", o.event_capacity, 1048576);
  out.layers = or_default(o.max_layers, 1024);
  out.slots = (or_default(o.max_slots, 65536) + kBlockSlots - 1) / kBlockSlots * kBlockSlots;
  out.readers = or_default(o.max_readers, 4);
  out.retained = o.max_retained != RELUME_NONE ? or_default(o.max_retained, 8) : 0;
  out.sources = or_default(o.max_sources, 16);
  if (o.max_contended > out.slots) return over("max_contended", o.max_contended, out.slots);
  out.contended = or_default(o.max_contended, std::min(4096U, out.slots));
  const bool box_fits = o.black_box_bytes >= black_box::kSmallest && o.black_box_bytes <= black_box::kLargest;
  if (o.black_box_bytes != 0 && !box_fits) {
    return {RELUME_E_INVALID, "black_box_bytes",
            fmt::format("black_box_bytes is {}; 0 or {} to {} are possible", o.black_box_bytes, black_box::kSmallest,
                        black_box::kLargest)};
  }
  out.black_box_bytes = std::bit_floor(o.black_box_bytes);
  out.events = or_default(o.event_capacity, 1024);
  out.commit_policy = or_default(o.commit_policy, RELUME_COMMIT_SESSION);
  out.settle_ns = o.settle_ns != 0 ? o.settle_ns : 500'000'000;
  out.held_ns = o.held_ns != 0 ? o.held_ns : 10'000'000'000;
  out.control_period_ns = o.control_period_ns != 0 ? o.control_period_ns : 5'000'000;
  out.disk_period_ns = o.disk_period_ns != 0 ? o.disk_period_ns : 10'000'000;
  out.close_deadline_ns = o.close_deadline_ns != 0 ? std::max<std::int64_t>(0, o.close_deadline_ns) : 2'000'000'000;
  if (o.quiet_ns != 0) out.save.quiet_ns = o.quiet_ns;
  if (o.max_age_ns != 0) out.save.max_age_ns = o.max_age_ns;
  return {};
}

Show::Show(const Limits& limits, const Seams& seams)
    : limits_(limits),
      seams_(seams),
      tree_(limits.slots / kBlockSlots),
      frames_(FrameStore::create({limits.slots, limits.layers, limits.readers, limits.retained})),
      layers_(limits.layers),
      composer_(
          {limits.slots, limits.contended, limits.sources, limits.commit_policy, limits.settle_ns, limits.held_ns},
          tree_, *frames_),
      events_(limits.events),
      reader_open_(limits.readers) {
  if (limits.black_box_bytes == 0) return;
  black_box_ = std::make_unique<BlackBox>(limits.black_box_bytes, limits.slots);
  composer_.record_into(black_box_.get());
}

Show::~Show() = default;

Fault Show::open(const Schema& schema, const relume_show_options& options, const Seams& seams,
                 std::unique_ptr<Show>& out) {
  Limits limits;
  if (Fault fault = limits_of(options, limits)) return fault;
  const platform::LockWatch watch;
  std::unique_ptr<Show> show(new Show(limits, seams));
  show->lock_errno_ = watch.first_errno();
  std::unique_ptr<Recovered> recovered;
  if (Fault fault = show->recover_from(schema, options, recovered)) return fault;
  show->coordinator_ = std::make_unique<Coordinator>(
      Coordinator::Parts{schema, std::move(recovered->stack), std::move(recovered->layers.objects),
                         std::move(recovered->mirror), recovered->head, show->tree_, show->composer_, *show->frames_,
                         show->events_, show->layers_, show->order_, show->ledger_},
      seams);
  show->coordinator_->start(recovered->layers.blocks);
  show->show_first_frame(*recovered);
  show->hands_off_ = (options.flags & RELUME_SHOW_NO_THREADS) != 0;
  if (show->stores_ != nullptr) show->start_saver(options, *recovered);
  if (!show->hands_off_) show->start_threads();
  out = std::move(show);
  return {};
}

// The room sees next what it saw last: tiers, and automation where it stood in the last frame.
void Show::show_first_frame(const Recovered& recovered) {
  const RestoredHeld& held = recovered.held_automation;
  for (const auto& [block, automation] : held.blocks) composer_.hold(block, automation);
  Mirror* const mirror = coordinator_->mirror();
  composer_.keep_targets_in(mirror != nullptr && limits_.held_ns >= 0 ? &mirror->held() : nullptr);
  composer_.compose(held.time);
  // What goes on was put again; what was dropped shall not come back with the next death.
  if (mirror != nullptr) mirror->held().forget_found();
}

void Show::start_saver(const relume_show_options& options, Recovered& recovered) {
  Coordinator& coordinator = *coordinator_;
  saver_ = std::make_unique<Saver>(Saver::Parts{
      *seams_.clock, folder_, *stores_, candidates_, ledger_, events_, coordinator.mirror(),
      std::move(recovered.replaced), recovered.replaced_mark, [&] { return std::make_unique<Snapshot>(coordinator); },
      [&](const SavedShow& document, relume_outcome& outcome) { return coordinator.load(document, outcome); },
      limits_.save, options.on_damaged == RELUME_ON_DAMAGED_KEEP_AND_SAVE, seams_.document_first,
      recovered.head.revision, recovered.head.history});
}

// Without memory a look is given up; nothing is lost, the next one takes up where this one stood.
void Show::start_threads() {
  control_ = std::make_unique<platform::PeriodicThread>("relume-control", limits_.control_period_ns, [this] {
    try {
      look();
    } catch (const std::bad_alloc&) { return; }
  });
  if (saver_ == nullptr) return;
  disk_ = std::make_unique<platform::PeriodicThread>("relume-disk", limits_.disk_period_ns, [this] {
    try {
      saver_->look();
    } catch (const std::bad_alloc&) { return; }
  });
  saver_->on_wake([this] { disk_->wake(); });
  // The host's first frame goes before the disk, which takes a processor for a while; a long period is no reason to wait, though.
  constexpr std::int64_t kFirstFrame = 20'000'000;
  if (limits_.disk_period_ns > kFirstFrame) disk_->wake();
}

Fault Show::recover_from(const Schema& schema, const relume_show_options& options, std::unique_ptr<Recovered>& out) {
  out = std::make_unique<Recovered>(Stack(limits_.layers, limits_.slots));
  if (options.folder == nullptr) {
    out->mirror_reason = "the show was opened without a folder";
    out->head.accepted_ns = seams_.clock->realtime_ns();
    platform::random_bytes(&out->head.history, sizeof out->head.history);
    if (Fault fault = restore_defaults(schema, out->stack, out->layers)) return fault;
  } else {
    if (Fault fault = ShowFolder::open(*seams_.files, options.folder, folder_)) return fault;
    stores_ = std::make_unique<Stores>(*seams_.files, *seams_.clock, folder_, candidates_);
    const RecoverySetup setup{*seams_.files,
                              *seams_.clock,
                              schema,
                              options.runtime_dir != nullptr ? options.runtime_dir : "/dev/shm",
                              limits_.layers,
                              limits_.slots,
                              limits_.held_ns >= 0};
    if (Fault fault = identify(setup, folder_, *stores_, candidates_)) return fault;
    if (Fault fault = recover(setup, folder_, *stores_, candidates_, ledger_, *out)) return fault;
  }
  report_.rung = out->rung;
  report_.revision = out->found_revision;
  report_.age_ns = out->age_ns;
  report_.restarts = out->head.restarts;
  report_.clean_close = out->clean_close ? 1 : 0;
  report_.dormant_layers = out->layers.dormant_layers;
  report_.converted_layers = out->layers.converted_layers;
  report_.cleared_values = out->layers.cleared_values;
  report_.held_values = out->held_automation.values;
  report_.dropped_held = out->held_automation.dropped;
  order_.store(std::max<std::uint64_t>(1, out->held_automation.order));
  report_.mirror = out->mirror != nullptr ? 1 : 0;
  copy_text(report_.mirror_reason, out->mirror_reason);
  return {};
}

void Show::look() {
  coordinator_->commit_settled();
  events_.deliver();
}

Fault Show::tick() {
  if (!hands_off_) {
    return {RELUME_E_STATE, "relume_control_tick",
            "the show has a control thread; open it with RELUME_SHOW_NO_THREADS"};
  }
  if (events_.delivering_here()) {
    return {RELUME_E_STATE, "relume_control_tick", "the control role is at work already: this is its callback"};
  }
  look();
  return {};
}

Fault Show::close() {
  if (events_.delivering_here()) {
    return {RELUME_E_STATE, "relume_show_close", "a show cannot be closed in its own callback; return first"};
  }
  control_.reset();
  look();  // the last settled values and the last events
  std::string unsaved;
  if (saver_ != nullptr) {
    if (hands_off_) {
      saver_->close();
    } else if (!disk_->stop(limits_.close_deadline_ns, [this] {
                 try {
                   saver_->close();
                 } catch (const std::bad_alloc&) { return; }
               })) {
      left_behind_ = true;
      saver_->leave_behind();
    }
    unsaved = saver_->unsaved();
    events_.deliver();
  }
  // A document that waits in conflict is met again by the next open; a thread that was left behind may still write one.
  Mirror* mirror = coordinator_->mirror();
  if (mirror != nullptr && !left_behind_ && ledger_.held() != RELUME_VERDICT_CONFLICT) mirror->mark_clean_close();
  if (unsaved.empty() && left_behind_) {
    return {RELUME_E_TIMEOUT, folder_.path(),
            fmt::format("{} is closed and saved, but a file call has not returned: the folder stays locked while this "
                        "process lives",
                        folder_.path())};
  }
  if (unsaved.empty()) return {};
  return {RELUME_E_UNSAVED, folder_.path(), fmt::format("{} is closed, not saved: {}", folder_.path(), unsaved)};
}

Fault Show::open_reader(std::uint32_t& number) {
  const std::lock_guard lock(roles_mutex_);
  const auto free = std::find(reader_open_.begin(), reader_open_.end(), false);
  if (free == reader_open_.end()) {
    return {RELUME_E_LIMIT, "max_readers",
            fmt::format("{} readers are open; close one or raise max_readers", limits_.readers)};
  }
  *free = true;
  number = static_cast<std::uint32_t>(free - reader_open_.begin());
  return {};
}

void Show::close_reader(std::uint32_t number) {
  const std::lock_guard lock(roles_mutex_);
  reader_open_[number] = false;
}

Fault Show::identity_of(const relume_source_options& options, AnySource::Identity& out) {
  out.priority = or_default(options.priority, RELUME_PRIORITY_DEFAULT);
  // A continuous input would be committed at each rest of its sender.
  const bool continuous = options.kind == RELUME_SOURCE_DMX;
  out.commit_policy = or_default(options.commit_policy, continuous ? RELUME_COMMIT_RENDER_ONLY : 0);
  out.timeout_ns = options.timeout_ns;
  if (out.priority > 200) return over("priority", out.priority, 200);
  if (out.timeout_ns < 0) return {RELUME_E_INVALID, "timeout_ns", "a duration cannot be negative"};
  if (options.kind > RELUME_SOURCE_DMX || options.commit_policy > RELUME_COMMIT_PERSIST || options.reserved != 0) {
    return {RELUME_E_INVALID, "options", "kind, commit_policy or reserved hold a number that has no meaning"};
  }
  return {};
}

template <class Make>
Fault Show::add_source(AnySource::Identity identity, Make make) {
  const std::lock_guard lock(roles_mutex_);
  reap_sources();
  const int place = composer_.free_source_place();
  if (place < 0) {
    return {RELUME_E_LIMIT, "max_sources",
            fmt::format("{} sources are open, or closed and not yet composed; raise max_sources", limits_.sources)};
  }
  identity.number = next_source_++;
  const platform::LockWatch watch;
  sources_.push_back(make(identity));
  if (lock_errno_ == 0) lock_errno_ = watch.first_errno();
  composer_.put_source(place, sources_.back().get());
  return {};
}

Fault Show::open_source(const relume_source_options& options, Source*& out) {
  AnySource::Identity identity;
  if (Fault fault = identity_of(options, identity)) return fault;
  const std::uint32_t max_params = or_default(options.max_params, std::min(4096U, limits_.slots));
  if (max_params > limits_.slots) return over("max_params", max_params, limits_.slots);
  return add_source(identity, [&](const AnySource::Identity& who) {
    auto source = std::make_unique<Source>(who, max_params, layers_, order_);
    out = source.get();
    return source;
  });
}

Fault Show::open_stream(const relume_source_options& options, relume_param first, std::size_t count, Stream*& out) {
  AnySource::Identity identity;
  if (Fault fault = identity_of(options, identity)) return fault;
  if (options.max_params != 0) {
    return {RELUME_E_INVALID, "max_params", "a stream has the parameters of its run; leave max_params at 0"};
  }
  if (count == 0) return {RELUME_E_INVALID, "count", "a run has at least one slot"};
  std::uint32_t slot = 0;
  const LayerType* type = layers_.layer_type(first, slot);
  if (type == nullptr || type->at_slot(slot_of(first)) == nullptr) {
    return {RELUME_E_UNKNOWN_ROUTE, "first", "the handle is stale or none: resolve the route again"};
  }
  if (Fault fault = Stream::check_run(*type, slot_of(first), count)) return fault;
  return add_source(identity, [&](const AnySource::Identity& who) {
    auto stream = std::make_unique<Stream>(who, first, static_cast<std::uint32_t>(count), *type, layers_, order_);
    out = stream.get();
    return stream;
  });
}

void Show::close_source(AnySource& source) {
  source.close();
  const std::lock_guard lock(roles_mutex_);
  reap_sources();
}

// A closed source is the composer's until it has released what the source held.
void Show::reap_sources() {
  std::erase_if(sources_, [](const auto& source) { return source->closed(); });
}

void Show::info(relume_show_info& out) {
  out.max_slots = limits_.slots;
  const SavedHead& head = coordinator_->head();
  std::memcpy(out.show_id, folder_.identity().show_id.data(), sizeof out.show_id);
  out.history_id = head.history;
  out.restarts = head.restarts;
  {
    const std::lock_guard lock(roles_mutex_);
    out.memory_lock_errno = lock_errno_;
  }
  out.memory_locked = out.memory_lock_errno == 0 ? 1 : 0;
  out.reserved = 0;
  const Mirror* mirror = coordinator_->mirror();
  copy_text(out.mirror_path, mirror != nullptr ? mirror->path() : std::string());
}

void Show::recovery(relume_recovery& out) const {
  const std::uint32_t size = out.struct_size;
  out = report_;
  out.struct_size = size;
  const std::vector<RecoveryCandidate> candidates = candidates_.candidates();
  out.candidate_count = static_cast<std::uint32_t>(candidates.size());
  out.refused = RecoveryReport::refused(candidates);
  out.complete = stores_ == nullptr || candidates_.is_complete() ? 1 : 0;
  out.held = ledger_.held();
}

Fault Show::candidate(std::uint32_t n, relume_candidate& out) const {
  const std::vector<RecoveryCandidate> candidates = candidates_.candidates();
  if (n >= candidates.size()) {
    return {RELUME_E_INVALID, "n", fmt::format("there are {} candidates, 0 is the first", candidates.size())};
  }
  const RecoveryCandidate& from = candidates[n];
  out.rung = from.rung;
  out.verdict = from.verdict;
  out.reserved = 0;
  out.revision = from.revision;
  copy_text(out.path, from.path);
  copy_text(out.kept_as, from.kept_as);
  copy_text(out.reason, from.reason);
  return {};
}

}  // namespace relume::core
