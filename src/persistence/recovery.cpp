// SPDX-License-Identifier: Apache-2.0
#include "persistence/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "persistence/keep_aside.hpp"
#include "platform/process.hpp"

namespace relume::core {
namespace {

// What a recovery from anything but the mirror adds to the revision: no client can know a number of the lost branch that high.
constexpr std::uint64_t kJump = std::uint64_t{1} << 32U;

std::uint32_t verdict_of(Mirror::Verdict verdict) {
  switch (verdict) {
    case Mirror::Verdict::ok: return RELUME_VERDICT_OK;
    case Mirror::Verdict::absent: return RELUME_VERDICT_FRESH;
    case Mirror::Verdict::newer_format: return RELUME_VERDICT_NEWER_FORMAT;
    case Mirror::Verdict::foreign_boot: return RELUME_VERDICT_FOREIGN;
    case Mirror::Verdict::damaged: return RELUME_VERDICT_DAMAGED;
    default: return RELUME_VERDICT_UNREADABLE;
  }
}

class Recovery {
 public:
  Recovery(const RecoverySetup& setup, ShowFolder& folder, Stores& stores, RecoveryReport& report, SaveLedger& ledger,
           Recovered& out)
      : s_(setup), folder_(folder), stores_(stores), report_(report), ledger_(ledger), out_(out) {}

  Fault run() {
    if (Fault fault = open_mirror()) return fault;
    bool taken = false;
    if (old_ != nullptr) {
      if (Fault fault = take_mirror(taken)) return fault;
    }
    if (!taken) {
      if (Fault fault = take_from_disk()) return fault;
    }
    make_mirror();
    // Without it, later revisions die with us, and the next recovery would give their numbers a second meaning.
    // (From anywhere else the history is a new one already.)
    if (out_.mirror == nullptr && out_.rung == RELUME_RUNG_MIRROR) jump(out_.head);
    if (Fault fault = folder_.note_history(out_.head.history)) return fault;
    // What was found need not be on the disk: a death may have left it in the system's memory alone. The disk role makes sure of
    // the checkpoint before it counts as saved.
    if (stores_.looked_at_document() && document_done_ >= 0 && stores_.document().settle() < 0) document_done_ = -1;
    ledger_.begin(kCheckpoint, out_.head.revision, -1);
    ledger_.begin(kDocument, out_.head.document_wanted, document_done_);
    ledger_.hold(out_.held);
    return {};
  }

 private:
  Fault open_mirror() {
    RecoveryCandidate candidate;
    candidate.path = path();
    const Mirror::Verdict verdict = Mirror::open(s_.files, path(), folder_.identity(), old_, candidate.reason);
    if (verdict == Mirror::Verdict::owned) {
      return {RELUME_E_OWNED, folder_.path(),
              fmt::format("the mirror {} of show {} is held by another process; close it there first", path(),
                          folder_.path())};
    }
    candidate.verdict = verdict_of(verdict);
    if (old_ != nullptr) candidate.revision = old_->head().revision;
    report_.add(candidate);
    if (verdict != Mirror::Verdict::ok && verdict != Mirror::Verdict::absent)
      refuse_mirror(candidate.verdict, candidate.reason, verdict != Mirror::Verdict::unreadable);
    return {};
  }

  // What cannot be used is kept under another name; where that fails nothing may take its place.
  void refuse_mirror(std::uint32_t verdict, const std::string& reason, bool keep) {
    std::string kept;
    if (keep) kept = keep_aside(s_.files, platform::Files::kNoFolder, path(), "damaged");
    report_.judge(path(), verdict, reason, kept);
    if (kept.empty())
      out_.mirror_reason = fmt::format("{} cannot be used ({}) and is in the way; move it away", path(), reason);
  }

  // A session without it, or with another one, came after it: what it has is older than what that session saved.
  bool is_stale() {
    if (folder_.last_history() == 0 || folder_.last_history() == old_->head().history) return false;
    old_.reset();
    refuse_mirror(RELUME_VERDICT_FOREIGN, "the show has been run without it since", true);
    return true;
  }

  Fault take_mirror(bool& taken) {
    if (is_stale()) return {};
    SavedShow saved;
    Fault fault = decode_stack(old_->stack_bytes(), saved.stack);
    if (fault) fault.code = RELUME_E_INVALID;  // whatever it is, it is not today's capacities
    const auto block = [this](std::uint32_t i) { return i < old_->blocks() ? old_->block(i) : nullptr; };
    if (!fault)
      fault = restore_saved(s_.schema, saved.stack, block, Lend::yes, old_->objects(), out_.stack, out_.layers);
    if (fault.code == RELUME_E_LIMIT) return fault;
    if (fault) {
      old_.reset();
      refuse_mirror(RELUME_VERDICT_DAMAGED, fault.message, true);
      out_.stack = Stack(s_.max_layers, s_.max_slots);
      out_.layers = {};
      return {};
    }
    taken = true;
    out_.clean_close = old_->was_closed_clean();
    take_held(saved.stack);
    stores_.mark = old_->document();
    document_done_ = stores_.mark.hash != 0 ? static_cast<std::int64_t>(stores_.mark.revision) : -1;
    found(RELUME_RUNG_MIRROR, old_->head());
    out_.head = old_->head();
    ++out_.head.restarts;
    return out_.clean_close ? take_edited_document() : Fault{};
  }

  // Found is forgotten before this state says that it is not one that was closed.
  void take_held(const SavedStack& saved) {
    restore_held(*old_, saved, out_.stack, out_.held_automation);
    if (s_.hold_automation && !out_.clean_close) return;
    const std::uint64_t order = out_.held_automation.order;
    out_.held_automation = {};
    out_.held_automation.order = order;
    old_->held().forget_found();
  }

  // The show was closed in peace: a document that was put there since is meant to be taken.
  Fault take_edited_document() {
    DocumentMark now;
    const bool nothing_there = stores_.document().look(now) < 0 || now.inode == 0;
    if (nothing_there || now.same_file(stores_.mark)) return {};
    const DocumentStore::Found& document = stores_.look_at_document();
    if (document.verdict != DocumentStore::Verdict::ok) {
      hold_for(document.verdict);
      return {};
    }
    if (document.mark.hash != stores_.mark.hash && !is_own_later_document(document.header, stores_.mark, out_.head)) {
      return take_document(document, RELUME_RUNG_DOCUMENT, RELUME_VERDICT_EDITED,
                           "it was replaced while the show was closed");
    }
    const bool same = document.mark.hash == stores_.mark.hash;
    const std::uint64_t revision = same ? stores_.mark.revision : document.header.head.revision;
    stores_.mark = document.mark;
    stores_.mark.revision = revision;
    document_done_ = static_cast<std::int64_t>(revision);
    return {};
  }

  void hold_for(DocumentStore::Verdict verdict) {
    if (verdict == DocumentStore::Verdict::damaged) out_.held = RELUME_VERDICT_DAMAGED;
    if (verdict == DocumentStore::Verdict::newer_format) out_.held = RELUME_VERDICT_NEWER_FORMAT;
  }

  // No mirror: a power cut, as far as the show is concerned.
  Fault take_from_disk() {
    const CheckpointStore::Found& checkpoint = stores_.look_at_checkpoint(true);
    const DocumentStore::Found& document = stores_.look_at_document();
    hold_for(document.verdict);
    // One that fell back to an older state of its history was moved out of the way, but it is a state.
    have_checkpoint_ =
        checkpoint.verdict == CheckpointStore::Verdict::ok || checkpoint.verdict == CheckpointStore::Verdict::recovered;
    const bool have_document = document.verdict == DocumentStore::Verdict::ok;
    if (have_checkpoint_) {
      highest_ = std::max(highest_, saved_.head.revision);
      restarts_ = std::max(restarts_, saved_.head.restarts + 1);
      stores_.mark = checkpoint.note.document;
    }
    if (have_document) {
      highest_ = std::max(highest_, document.header.head.revision);
      document_done_ = static_cast<std::int64_t>(document.header.head.revision);
    }
    // An earlier open refused it, and nobody has chosen yet.
    if (document.verdict == DocumentStore::Verdict::absent && stores_.mark.hash != 0 &&
        stores_.has_refused_document()) {
      out_.held = RELUME_VERDICT_DAMAGED;
    }
    if (!have_document) return take_checkpoint();
    if (!have_checkpoint_) return take_document(document, RELUME_RUNG_DOCUMENT, RELUME_VERDICT_OK, "");
    switch (compare(checkpoint, document)) {
      case Newer::checkpoint: return take_checkpoint();
      case Newer::document: return take_document(document, RELUME_RUNG_DOCUMENT, RELUME_VERDICT_OK, "");
      case Newer::edited: break;
    }
    return take_document(document, RELUME_RUNG_DOCUMENT, RELUME_VERDICT_EDITED,
                         "it was replaced while the show was closed");
  }

  enum class Newer { checkpoint, document, edited };
  Newer compare(const CheckpointStore::Found& checkpoint, const DocumentStore::Found& document) {
    const SavedHead& head = document.header.head;
    if (document.mark.hash == stores_.mark.hash || is_own_later_document(document.header, stores_.mark, saved_.head)) {
      stores_.mark = document.mark;
      const bool newer = head.history == saved_.head.history && head.revision > saved_.head.revision;
      return newer ? Newer::document : Newer::checkpoint;
    }
    if (checkpoint.note.clean) return Newer::edited;
    out_.held = RELUME_VERDICT_CONFLICT;
    document_done_ = stores_.mark.hash != 0 ? static_cast<std::int64_t>(stores_.mark.revision) : -1;
    report_.judge(document.path, RELUME_VERDICT_CONFLICT,
                  "it was replaced while the show was dead; choose with relume_accept", "");
    return Newer::checkpoint;
  }

  Fault take_checkpoint() {
    if (!have_checkpoint_) return take_generation();
    Fault fault = take(saved_);
    if (fault.code == RELUME_E_LIMIT) return fault;
    if (fault) {
      report_.judge(stores_.look_at_checkpoint(true).path, RELUME_VERDICT_DAMAGED, fault.message,
                    stores_.keep_checkpoint_aside("damaged"));
      have_checkpoint_ = false;
      const DocumentStore::Found& document = stores_.look_at_document();
      if (document.verdict != DocumentStore::Verdict::ok) return take_generation();
      return take_document(document, RELUME_RUNG_DOCUMENT, RELUME_VERDICT_OK, "");
    }
    found(RELUME_RUNG_CHECKPOINT, saved_.head);
    jump(saved_.head);
    // A document that is gone, or was refused, is wanted as it would be now.
    if (stores_.look_at_document().verdict != DocumentStore::Verdict::ok) want_document();
    return {};
  }

  Fault take_document(const DocumentStore::Found& document, std::uint32_t rung, std::uint32_t verdict,
                      const std::string& reason) {
    SavedShow saved;
    Fault fault = decode_document(document.bytes, saved);
    if (!fault) fault = take(saved);
    if (fault.code == RELUME_E_LIMIT) return fault;
    if (fault) return refuse_document(document, rung, fault);
    highest_ = std::max({highest_, out_.head.revision, saved.head.revision});
    restarts_ = std::max(restarts_, out_.head.restarts);
    report_.judge(document.path, verdict, reason, "");
    found(rung, saved.head);
    jump(saved.head);
    out_.head.document_wanted = saved.head.revision;
    if (rung == RELUME_RUNG_DOCUMENT) {
      stores_.mark = document.mark;
      document_done_ = static_cast<std::int64_t>(saved.head.revision);
    } else {
      want_document();
    }
    return {};
  }

  // Its checksum holds and yet it contradicts itself: somebody's tool wrote it. The next rung is tried.
  Fault refuse_document(const DocumentStore::Found& document, std::uint32_t rung, const Fault& fault) {
    const bool generation = rung == RELUME_RUNG_GENERATION;
    const std::string kept =
        generation ? stores_.document().keep_generation_aside(document.path) : stores_.document().keep_aside("damaged");
    report_.judge(document.path, RELUME_VERDICT_DAMAGED, fault.message, kept);
    if (generation) return {};
    out_.held = RELUME_VERDICT_DAMAGED;
    document_done_ = -1;
    return out_.rung == RELUME_RUNG_MIRROR ? Fault{} : take_checkpoint();
  }

  Fault take_generation() {
    for (const DocumentStore::Found& generation : stores_.look_at_generations()) {
      if (generation.verdict != DocumentStore::Verdict::ok) continue;
      if (Fault fault = take_document(generation, RELUME_RUNG_GENERATION, RELUME_VERDICT_OK, "")) return fault;
      if (out_.rung == RELUME_RUNG_GENERATION) return {};
    }
    return take_defaults();
  }

  Fault take_defaults() {
    if (Fault fault = restore_defaults(s_.schema, out_.stack, out_.layers)) return fault;
    const bool fresh = RecoveryReport::refused(report_.candidates()) == 0;
    platform::random_bytes(&out_.head.history, sizeof out_.head.history);
    out_.head.accepted_ns = s_.clock.realtime_ns();
    out_.head.restarts = restarts_;
    if (!fresh) out_.head.revision = highest_ + kJump;
    document_done_ = -1;
    if (!fresh) want_document();
    return {};
  }

  // What was taken before is kept: an edited document takes its place, and it has to be there to return to.
  Fault take(const SavedShow& saved) {
    Stack stack(s_.max_layers, s_.max_slots);
    RestoredLayers layers;
    const auto block = [&](std::uint32_t i) { return saved.block(i); };
    if (Fault fault = restore_saved(s_.schema, saved.stack, block, Lend::no, saved.objects, stack, layers))
      return fault;
    if (out_.rung == RELUME_RUNG_MIRROR) {
      out_.replaced = std::make_unique<const RestingState>(out_.head, std::move(out_.stack), std::move(out_.layers));
      out_.replaced_mark = stores_.mark;
    }
    out_.stack = std::move(stack);
    out_.layers = std::move(layers);
    return {};
  }

  void found(std::uint32_t rung, const SavedHead& head) {
    out_.rung = rung;
    out_.found_revision = head.revision;
    out_.age_ns = head.accepted_ns != 0 ? std::max<std::int64_t>(0, s_.clock.realtime_ns() - head.accepted_ns) : -1;
  }

  void jump(const SavedHead& from) {
    const std::uint32_t restarts = std::max(restarts_, out_.head.restarts);
    out_.head = from;
    out_.head.revision = std::max(highest_, from.revision) + kJump;
    out_.head.restarts = restarts;
    platform::random_bytes(&out_.head.history, sizeof out_.head.history);
  }

  void want_document() { out_.head.document_wanted = out_.head.revision; }

  // The old file goes on when it fits; else a new one is written whole beside it and takes its name.
  void make_mirror() {
    const std::uint32_t blocks = s_.max_slots / kBlockSlots;
    const bool goes_on = old_ != nullptr && old_->blocks() == blocks && out_.mirror_reason.empty();
    if (!goes_on) out_.layers.blocks.own();  // the mirror that lent them ends with the recovery
    if (!out_.mirror_reason.empty()) return;
    Fault fault;
    if (goes_on) {
      out_.mirror = std::move(old_);
    } else {
      fault = Mirror::create(s_.files, path(), folder_.identity(), blocks, out_.mirror);
    }
    if (!fault) fault = out_.mirror->stage(encode_stack(out_.stack), out_.layers.objects);
    if (!fault) {
      put_blocks(*out_.mirror);
      if (!goes_on) put_held(out_.mirror->held());
      out_.mirror->commit_staged(out_.head);
      out_.mirror->note_document(stores_.mark);
      fault = out_.mirror->publish();
    }
    if (!fault) return;
    out_.layers.blocks.own();
    out_.mirror.reset();
    out_.mirror_reason = fault.message;
  }

  void put_blocks(Mirror& mirror) const {
    static constexpr SavedBlock kEmpty{};
    for (std::uint32_t i = 0; i < mirror.blocks(); ++i) {
      const SavedBlock* has = mirror.block(i);
      const SavedBlock& now = out_.layers.blocks[i];
      if (has == &now) continue;  // lent by it
      if ((has != nullptr ? *has : kEmpty) != now) mirror.put_block(i, now, mirror.taken(i));
    }
  }

  // As far as it goes before the first frame: one that dies before that leaves what it found.
  void put_held(HeldArea& area) const {
    for (const auto& [block, held] : out_.held_automation.blocks) area.put(block, held);
    area.composed(out_.held_automation.time);
  }

  std::string path() const { return s_.runtime_dir + "/" + mirror_name(platform::user_id(), folder_.identity()); }

  const RecoverySetup& s_;
  ShowFolder& folder_;
  Stores& stores_;
  RecoveryReport& report_;
  SaveLedger& ledger_;
  Recovered& out_;
  std::unique_ptr<Mirror> old_;
  const SavedShow& saved_ = stores_.checkpoint_state;
  bool have_checkpoint_ = false;
  std::uint64_t highest_ = 0;  // revision that anybody told of
  std::uint32_t restarts_ = 0;
  std::int64_t document_done_ = -1;
};

}  // namespace

Fault identify(const RecoverySetup& setup, ShowFolder& folder, Stores& stores, RecoveryReport& report) {
  const auto elsewhere = [&](ShowId& id) {
    const DocumentStore::Found& document = stores.look_at_document();
    if (document.verdict == DocumentStore::Verdict::ok) return id = document.header.show_id, true;
    const CheckpointStore::Found& checkpoint = stores.look_at_checkpoint(true);
    if (checkpoint.verdict == CheckpointStore::Verdict::ok) return id = checkpoint.show_id, true;
    for (const DocumentStore::Found& generation : stores.look_at_generations()) {
      if (generation.verdict == DocumentStore::Verdict::ok) return id = generation.header.show_id, true;
    }
    return false;
  };
  std::string kept_as;
  if (Fault fault = folder.identify(setup.runtime_dir, elsewhere, kept_as)) return fault;
  if (!kept_as.empty()) {
    report.add({RELUME_RUNG_DEFAULTS, RELUME_VERDICT_DAMAGED, 0, folder.path() + "/id", kept_as,
                "it does not hold a show id of 32 hex digits"});
  }
  return {};
}

Fault recover(const RecoverySetup& setup, ShowFolder& folder, Stores& stores, RecoveryReport& report,
              SaveLedger& ledger, Recovered& out) {
  return Recovery(setup, folder, stores, report, ledger, out).run();
}

}  // namespace relume::core
