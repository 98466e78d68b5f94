// SPDX-License-Identifier: Apache-2.0
#include "persistence/saver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "platform/copy_text.hpp"

namespace relume::core {
namespace {

constexpr std::size_t kResultsKept = 64;

StoreError error_of(const platform::ReplaceResult& result, const std::string& path) {
  if (result) return {};
  return {path, result.step, result.error,
          fmt::format("{}: {}: {}", path, result.step, platform::errno_name(result.error))};
}

std::uint32_t state_of(platform::Replaced state) {
  switch (state) {
    case platform::Replaced::committed: return RELUME_SAVE_COMMITTED;
    case platform::Replaced::unknown: return RELUME_SAVE_UNKNOWN;
    default: return RELUME_SAVE_NOT_COMMITTED;
  }
}

}  // namespace

Saver::Saver(Parts parts) : p_(std::move(parts)), targets_{TargetState(p_.policy), TargetState(p_.policy)} {}

void Saver::publish(std::uint32_t kind, std::uint32_t change, std::uint64_t revision, std::uint32_t count,
                    std::int32_t reason) {
  relume_event event{};
  event.kind = kind;
  event.change = change;
  event.revision = revision;
  event.count = count;
  event.reason = reason;
  p_.events.publish(event);
}

// --- the disk role ---

void Saver::look() {
  const std::lock_guard disk(disk_);
  if (left_behind_) return;
  const Busy busy(*this);
  if (!opened_) examine();
  look_at_mirror();
  std::vector<Request> requests;
  std::uint64_t last = 0;
  const Attempt attempt = plan(requests, last);
  relume_save_result result = RELUME_SAVE_RESULT_INIT;
  result.state = RELUME_SAVE_COMMITTED;
  result.revision = p_.ledger.wanted(kCheckpoint);
  if (attempt.checkpoint || attempt.document) {
    try {
      save(attempt, result);
    } catch (const std::bad_alloc&) { out_of_memory(result); }
  } else {
    empty_log_when_idle();
  }
  if (requests.empty()) return;
  const bool saves = std::any_of(requests.begin(), requests.end(), [](const Request& r) { return r.ask == Ask::save; });
  const bool waits = p_.ledger.held() != 0 && (saves || p_.ledger.is_unsaved(kDocument));
  if (waits && result.state == RELUME_SAVE_COMMITTED) {
    result.state = RELUME_SAVE_HELD;
    result.target = RELUME_TARGET_DOCUMENT;
  }
  const std::lock_guard lock(state_);
  results_.emplace_back(last, result);
  if (results_.size() > kResultsKept) results_.pop_front();
  changed_.notify_all();
}

// Somebody may delete it while the show runs (a cleaner of temporary files): then it survives nothing any more.
void Saver::look_at_mirror() {
  constexpr std::int64_t kPeriod = 1'000'000'000;
  const std::int64_t now = p_.clock.monotonic_ns();
  if (p_.mirror == nullptr || now - mirror_looked_ns_ < kPeriod) return;
  mirror_looked_ns_ = now;
  p_.mirror->still_linked();
}

Saver::Attempt Saver::plan(std::vector<Request>& requests, std::uint64_t& last) {
  const std::lock_guard lock(state_);
  const std::int64_t now = p_.clock.monotonic_ns();
  requests.swap(requests_);
  last = last_ticket_;
  const auto asked = [&](Ask what) {
    return std::any_of(requests.begin(), requests.end(), [&](const Request& r) { return r.ask == what; });
  };
  Attempt attempt;
  attempt.reason = asked(Ask::save) ? "save" : asked(Ask::flush) ? "flush" : "change";
  std::array<bool, 2> due{};
  for (const Target target : kTargets) {
    SaveSchedule& schedule = targets_[target].schedule;
    schedule.look(p_.ledger.due(target), p_.ledger.done(target), now);
    due[target] = schedule.is_due(now) || asked(Ask::save) || (asked(Ask::flush) && p_.ledger.is_unsaved(target));
  }
  attempt.document = due[kDocument] && p_.ledger.held() == 0;
  // A document of revision R is written after the checkpoint of R.
  attempt.checkpoint = due[kCheckpoint] || (attempt.document && p_.ledger.is_unsaved(kCheckpoint));
  return attempt;
}

void Saver::save(const Attempt& attempt, relume_save_result& result) {
  const std::unique_ptr<StateView> view = p_.take();
  result.revision = view->head().revision;
  if (attempt.document && p_.document_first) save_document(*view, attempt.reason, result);
  if (attempt.checkpoint) save_checkpoint(*view, attempt.reason, false, result);
  if (attempt.document && !p_.document_first) save_document(*view, attempt.reason, result);
}

bool Saver::save_checkpoint(const StateView& view, const std::string& reason, bool closing,
                            relume_save_result& result) {
  if (left_behind_) return false;
  CheckpointNote note;
  note.reason = reason;
  const bool unchanged = view.head().revision == p_.recovered_revision;
  // A document that waits in conflict must be met as a conflict by the next open, too.
  note.clean = (unchanged || closing) && p_.ledger.held() != RELUME_VERDICT_CONFLICT;
  note.document = p_.stores.mark;
  if (&view == p_.replaced.get()) {
    // Until the state that took its place is saved too, it must look as it did: closed in peace, with another document.
    note.clean = true;
    note.document = p_.replaced_mark;
  }
  began(kCheckpoint, view.head().revision, reason);
  const StoreError error = write_checkpoint(view, note);
  ended(kCheckpoint, view.head().revision, error ? RELUME_SAVE_NOT_COMMITTED : RELUME_SAVE_COMMITTED, error, result);
  return !error;
}

StoreError Saver::write_checkpoint(const StateView& view, const CheckpointNote& note) {
  if (const platform::ReplaceResult entry = sync_entry(); !entry) return error_of(entry, p_.folder.path() + "/..");
  CheckpointStore& store = p_.stores.checkpoint();
  if (store.is_open()) {
    StoreError error = store.save(view, note);
    if (!error.damaged) return error;
    if (p_.stores.keep_checkpoint_aside("damaged").empty()) return error;
  }
  const CheckpointStore::Found found = store.open(nullptr);
  switch (found.verdict) {
    case CheckpointStore::Verdict::absent: break;
    case CheckpointStore::Verdict::ok:
      // It could not be read when it was looked at: nobody knows what would be lost with it.
      if (p_.stores.keep_checkpoint_aside("unread").empty()) return store.save(view, note);
      break;
    case CheckpointStore::Verdict::unreadable: return {found.path, "open", 0, found.path + ": " + found.reason};
    default:
      if (p_.stores.keep_checkpoint_aside("damaged").empty()) {
        return {found.path, "rename", 0,
                found.path + " is refused (" + found.reason + ") and in the way; move it away"};
      }
  }
  return store.create(p_.folder.identity().show_id, view, note);
}

// So that a close has nothing to write, and whoever looks at the database alone sees all of it.
void Saver::empty_log_when_idle() {
  constexpr std::int64_t kIdle = 1'000'000'000;
  CheckpointStore& store = p_.stores.checkpoint();
  if (!store.has_log()) return;
  {
    const std::lock_guard lock(state_);
    if (p_.clock.monotonic_ns() - targets_[kCheckpoint].began_ns < kIdle) return;
  }
  if (const StoreError error = store.empty_log()) {
    const std::uint64_t revision = p_.ledger.wanted(kCheckpoint);
    relume_save_result unasked = RELUME_SAVE_RESULT_INIT;
    began(kCheckpoint, revision, "log");  // so that the rest is not counted from the save before
    ended(kCheckpoint, revision, RELUME_SAVE_NOT_COMMITTED, error, unasked);
  }
}

void Saver::save_document(const StateView& view, const std::string& reason, relume_save_result& result) {
  if (left_behind_) return;
  began(kDocument, view.head().revision, reason);
  const platform::ReplaceResult written = write_document(view);
  if (!written && p_.ledger.held() != 0) {
    ended(kDocument, view.head().revision, RELUME_SAVE_HELD, {}, result);
    return;
  }
  ended(kDocument, view.head().revision, state_of(written.state), error_of(written, p_.stores.document().path()),
        result);
}

platform::ReplaceResult Saver::sync_entry() {
  platform::ReplaceResult result;
  if (!entry_synced_) result = p_.folder.sync_entry();
  entry_synced_ = static_cast<bool>(result);
  return result;
}

platform::ReplaceResult Saver::write_document(const StateView& view) {
  if (platform::ReplaceResult entry = sync_entry(); !entry) return entry;
  DocumentHeader header;
  header.show_id = p_.folder.identity().show_id;
  header.head = view.head();
  header.saved_ns = p_.clock.realtime_ns();
  const std::string bytes =
      encode_document(header, view.stack(), view.objects(), [&](std::uint32_t block) { return view.block(block); });
  DocumentMark mark = p_.stores.mark;
  platform::ReplaceResult result = p_.stores.document().write(bytes, header, p_.stores.mark, mark);
  if (result.error == EEXIST || result.error == EUCLEAN) {
    foreign_document();
    if (p_.ledger.held() != 0) return result;
    result = p_.stores.document().write(bytes, header, p_.stores.mark, mark);
  }
  if (result) {
    p_.stores.mark = mark;
    if (p_.mirror != nullptr) p_.mirror->note_document(mark);
  }
  return result;
}

// Somebody put another file there while the show runs: it is the host's to choose.
void Saver::foreign_document() {
  DocumentStore& document = p_.stores.document();
  const DocumentStore::Found found = document.read();
  RecoveryCandidate candidate{RELUME_RUNG_DOCUMENT,
                              RELUME_VERDICT_CONFLICT,
                              found.header.head.revision,
                              found.path,
                              {},
                              "it was replaced while the show runs; choose with relume_accept"};
  if (found.verdict == DocumentStore::Verdict::newer_format) candidate.verdict = RELUME_VERDICT_NEWER_FORMAT;
  if (found.verdict == DocumentStore::Verdict::unreadable) candidate.verdict = RELUME_VERDICT_UNREADABLE;
  if (found.verdict == DocumentStore::Verdict::damaged) {
    candidate.verdict = RELUME_VERDICT_DAMAGED;
    candidate.kept_as = document.keep_aside("damaged");
  }
  if (found.verdict != DocumentStore::Verdict::ok) candidate.reason = found.reason;
  const std::uint32_t verdict = candidate.verdict;
  p_.report.add(std::move(candidate));
  if (verdict != RELUME_VERDICT_UNREADABLE) hold(verdict);
}

void Saver::hold(std::uint32_t verdict) {
  if (p_.keep_and_save && make_room(verdict)) return;
  p_.ledger.hold(verdict);
  publish(RELUME_EVENT_DOCUMENT_HELD, 0, p_.ledger.wanted(kCheckpoint), 1, static_cast<std::int32_t>(verdict));
}

void Saver::began(Target target, std::uint64_t revision, const std::string& reason) {
  const std::lock_guard lock(state_);
  TargetState& t = targets_[target];
  t.writing = true;
  t.writing_revision = revision;
  t.began_ns = p_.clock.monotonic_ns();
  t.reason = reason;
  t.schedule.began(t.began_ns);
}

void Saver::ended(Target target, std::uint64_t revision, std::uint32_t state, const StoreError& error,
                  relume_save_result& result) {
  const bool committed = state == RELUME_SAVE_COMMITTED;
  const bool held = state == RELUME_SAVE_HELD;  // no fault of the disk, and nothing to be tried again
  if (committed) p_.ledger.saved(target, revision);
  p_.ledger.failing(target, !committed && !held);
  {
    const std::lock_guard lock(state_);
    TargetState& t = targets_[target];
    const std::int64_t now = p_.clock.monotonic_ns();
    t.writing = false;
    t.last_duration_ns = now - t.began_ns;
    t.schedule.ended(committed || held, now);
    t.save_state = state;
    t.error = error;
    if (!held) {
      (committed ? t.last_success_ns : t.last_failure_ns) = p_.clock.realtime_ns();
      ++(committed ? t.successes : t.failures);
    }
    changed_.notify_all();
  }
  if (held) return;
  if (committed) {
    publish(RELUME_EVENT_SAVED, target_bit(target), revision, 1, RELUME_OK);
    return;
  }
  publish(RELUME_EVENT_SAVE_FAILED, target_bit(target), p_.ledger.first_unsaved(target),
          static_cast<std::uint32_t>(error.error), RELUME_E_IO);
  if (result.state == RELUME_SAVE_NOT_COMMITTED) return;  // the first failure is the one that is told
  result.state = state;
  result.target = target_bit(target);
  result.error = error.error;
  copy_text(result.step, error.step);
  copy_text(result.errno_name, error.error != 0 ? platform::errno_name(error.error) : std::string());
  copy_text(result.path, error.path);
}

// Whoever waits is told, and the next attempt is planned as after any failure.
void Saver::out_of_memory(relume_save_result& result) {
  for (const Target target : kTargets) {
    bool writing = false;
    std::uint64_t revision = 0;
    {
      const std::lock_guard lock(state_);
      writing = targets_[target].writing;
      revision = targets_[target].writing_revision;
    }
    if (writing)
      ended(target, revision, RELUME_SAVE_NOT_COMMITTED, {p_.folder.path(), "memory", ENOMEM, "no memory"}, result);
  }
  if (result.state == RELUME_SAVE_COMMITTED) result.state = RELUME_SAVE_NOT_COMMITTED;
}

void Saver::close() {
  const std::lock_guard disk(disk_);
  if (left_behind_) return;
  const Busy busy(*this);
  if (!opened_) examine();
  relume_save_result result = RELUME_SAVE_RESULT_INIT;
  const bool document = p_.ledger.is_unsaved(kDocument) && p_.ledger.held() == 0;
  const bool changed = p_.ledger.wanted(kCheckpoint) != p_.recovered_revision;
  if (document || changed || p_.ledger.is_unsaved(kCheckpoint)) {
    const std::unique_ptr<StateView> view = p_.take();
    save_checkpoint(*view, "close", true, result);
    if (document) save_document(*view, "close", result);
  }
  // What this session did not change it does not touch either.
  p_.stores.checkpoint().close(!changed);
}

}  // namespace relume::core
