// SPDX-License-Identifier: Apache-2.0
// The saver's first look: at the candidates that recovery had no need of. And what becomes of a document that may not simply be
// overwritten.
#include <fmt/format.h>

#include <utility>

#include "persistence/saver.hpp"

namespace relume::core {

void Saver::examine() {
  examine_checkpoint();
  examine_document();
  p_.stores.look_at_generations();
  relume_save_result result = RELUME_SAVE_RESULT_INIT;
  if (p_.replaced != nullptr && p_.ledger.done(kCheckpoint) < static_cast<std::int64_t>(p_.replaced->head().revision)) {
    save_checkpoint(*p_.replaced, "replaced", false, result);
  }
  p_.replaced.reset();
  const std::uint32_t held = p_.ledger.held();
  if (held != 0) {
    if (held == RELUME_VERDICT_DAMAGED) p_.ledger.lost(kDocument);
    p_.ledger.hold(0);
    hold(held);
  }
  // The restart count and the new history are in the checkpoint before anything else is.
  save({true, p_.ledger.is_unsaved(kDocument) && p_.ledger.held() == 0, "open"}, result);
  opened_ = true;
  p_.report.complete();
  publish(RELUME_EVENT_RECOVERED, 0, p_.ledger.wanted(kCheckpoint), RecoveryReport::refused(p_.report.candidates()),
          RELUME_OK);
  const std::lock_guard lock(state_);
  examined_ = true;
  changed_.notify_all();
}

void Saver::examine_checkpoint() {
  const CheckpointStore::Found& found = p_.stores.look_at_checkpoint(false);
  if (found.verdict != CheckpointStore::Verdict::ok) return;
  if (found.head.revision > p_.ledger.wanted(kCheckpoint)) {
    // The mirror was put back from somewhere. What is on the disk is newer, and stays so under another name.
    p_.report.judge(found.path, RELUME_VERDICT_CONFLICT, "it is newer than the mirror that was used",
                    p_.stores.keep_checkpoint_aside("newer"));
  } else if (!p_.stores.checkpoint().settle()) {
    p_.ledger.saved(kCheckpoint, found.head.revision);
  }
}

void Saver::examine_document() {
  if (p_.stores.looked_at_document()) return;
  const DocumentMark known = p_.stores.mark;
  const DocumentStore::Found& found = p_.stores.look_at_document();
  SavedHead head;
  head.history = p_.history;
  switch (found.verdict) {
    case DocumentStore::Verdict::ok:
      if (found.mark.hash == known.hash || is_own_later_document(found.header, known, head)) {
        p_.stores.mark = found.mark;
        if (found.mark.hash == known.hash) p_.stores.mark.revision = known.revision;
        if (p_.stores.document().settle() == 0) p_.ledger.saved(kDocument, p_.stores.mark.revision);
      } else {
        p_.report.judge(found.path, RELUME_VERDICT_CONFLICT,
                        "it was replaced while the show was dead; choose with relume_accept", "");
        p_.ledger.hold(RELUME_VERDICT_CONFLICT);
      }
      break;
    case DocumentStore::Verdict::absent:
      p_.stores.mark = {};
      p_.ledger.lost(kDocument);
      // An earlier open refused it, and nobody has chosen yet.
      if (known.hash != 0 && p_.stores.has_refused_document()) p_.ledger.hold(RELUME_VERDICT_DAMAGED);
      break;
    case DocumentStore::Verdict::damaged:
      p_.stores.mark = {};
      p_.ledger.lost(kDocument);
      p_.ledger.hold(RELUME_VERDICT_DAMAGED);
      break;
    case DocumentStore::Verdict::newer_format: p_.ledger.hold(RELUME_VERDICT_NEWER_FORMAT); break;
    case DocumentStore::Verdict::unreadable: break;  // the next save will say why
  }
}

// The document's name is free afterwards: what has it goes under another one.
bool Saver::make_room(std::uint32_t verdict) {
  DocumentStore& document = p_.stores.document();
  DocumentMark there;
  if (document.look(there) != 0) return false;
  if (there.inode != 0) {
    const std::string kept = document.keep_aside(verdict == RELUME_VERDICT_NEWER_FORMAT ? "newer" : "conflict");
    if (kept.empty()) return false;
    p_.report.judge(document.path(), verdict, "the show was kept instead", kept);
  }
  p_.stores.mark = {};
  p_.ledger.hold(0);
  p_.ledger.lost(kDocument);
  p_.ledger.want(kDocument, p_.ledger.wanted(kCheckpoint));
  return true;
}

Fault Saver::accept(std::uint32_t choice, relume_outcome& outcome) {
  const std::lock_guard disk(disk_);
  const Busy busy(*this);
  if (!opened_) examine();
  outcome.state = RELUME_STATE_SAME;
  outcome.revision = p_.ledger.wanted(kCheckpoint);
  const std::uint32_t held = p_.ledger.held();
  if (held == 0) return {};
  if (choice == RELUME_CHOICE_FILE) {
    if (Fault fault = accept_file(held, outcome)) return fault;
  } else if (!make_room(held)) {
    return {RELUME_E_IO, p_.stores.document().path(),
            fmt::format("{} cannot be renamed; move it away by hand", p_.stores.document().path())};
  }
  publish(RELUME_EVENT_DOCUMENT_ACCEPTED, choice, outcome.revision, 1, RELUME_OK);
  if (wake_) wake_();
  return {};
}

Fault Saver::accept_file(std::uint32_t held, relume_outcome& outcome) {
  DocumentStore& document = p_.stores.document();
  if (held != RELUME_VERDICT_CONFLICT) {
    return {RELUME_E_STATE, document.path(),
            fmt::format("{} cannot be taken, it is {}; keep the show, or put a whole document there", document.path(),
                        held == RELUME_VERDICT_DAMAGED ? "damaged" : "of a newer format")};
  }
  const DocumentStore::Found found = document.read();
  if (found.verdict != DocumentStore::Verdict::ok) {
    return {RELUME_E_IO, found.path, fmt::format("{} cannot be taken: {}", found.path, found.reason)};
  }
  SavedShow saved;
  if (Fault fault = decode_document(found.bytes, saved)) return fault;
  relume_save_result before = RELUME_SAVE_RESULT_INIT;
  if (const auto view = p_.take(); !save_checkpoint(*view, "before the file", false, before)) {
    return {RELUME_E_IO, before.path,
            fmt::format("the show as it is could not be kept first: {}: {} {}", before.path, before.step,
                        before.errno_name)};
  }
  p_.ledger.hold(0);
  if (Fault fault = p_.load(saved, outcome)) return p_.ledger.hold(held), fault;
  p_.stores.mark = found.mark;
  p_.stores.mark.revision = 0;  // its number is of another line than ours
  if (p_.mirror != nullptr) p_.mirror->note_document(p_.stores.mark);
  return {};
}

}  // namespace relume::core
