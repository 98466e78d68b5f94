// SPDX-License-Identifier: Apache-2.0
#include "persistence/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "platform/process.hpp"

namespace relume::core {
namespace {

// Room for the stack's bytes: every layer that fits, and the declared types twice, for dormant ones of another version.
std::uint64_t structure_capacity(const Schema& schema, std::uint32_t max_layers, std::size_t now) {
  std::uint64_t types = 0;
  for (const auto& type : schema.types()) {
    types += 128;
    for (const ParamDef& param : type->params()) types += 72 + 64 * param.labels.size();
  }
  const std::uint64_t wanted = 4096 + std::uint64_t{96} * max_layers + 2 * types;
  return (std::max<std::uint64_t>(wanted, now + 4096) + 63) / 64 * 64;
}

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
  Recovery(const RecoverySetup& setup, ShowFolder& folder, Recovered& out) : s_(setup), folder_(folder), out_(out) {}

  Fault run() {
    if (Fault fault = open_mirror()) return fault;
    if (old_ != nullptr) {
      if (Fault fault = take_mirror()) return fault;
    }
    if (out_.rung == RELUME_RUNG_DEFAULTS) {
      if (Fault fault = take_defaults()) return fault;
    }
    make_mirror();
    // Without it, later revisions die with us, and the next recovery would give their numbers a second meaning.
    if (out_.mirror == nullptr) platform::random_bytes(&out_.head.history, sizeof out_.head.history);
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
    out_.candidates.push_back(std::move(candidate));
    if (verdict != Mirror::Verdict::ok && verdict != Mirror::Verdict::absent)
      refuse(verdict != Mirror::Verdict::unreadable);
    return {};
  }

  // What cannot be used is kept under another name; where that fails nothing may take its place.
  void refuse(bool keep) {
    RecoveryCandidate& candidate = out_.candidates.back();
    if (keep) candidate.kept_as = keep_aside(s_.files, path());
    if (candidate.kept_as.empty()) {
      out_.mirror_reason =
          fmt::format("{} cannot be used ({}) and is in the way; move it away", path(), candidate.reason);
    }
  }

  Fault take_mirror() {
    SavedStack saved;
    Fault fault = decode_stack(old_->structure(), saved);
    if (fault) fault.code = RELUME_E_INVALID;  // whatever it is, it is not today's capacities
    const auto block = [this](std::uint32_t i) { return i < old_->geometry().blocks ? old_->block(i) : nullptr; };
    if (!fault) fault = restore_saved(s_.schema, saved, block, out_.stack, out_.layers);
    if (fault.code == RELUME_E_LIMIT) return fault;
    if (fault) {
      out_.candidates.back().verdict = RELUME_VERDICT_DAMAGED;
      out_.candidates.back().reason = fault.message;
      old_.reset();
      refuse(true);
      out_.stack = Stack(s_.max_layers, s_.max_slots);
      out_.layers = {};
      return {};
    }
    out_.rung = RELUME_RUNG_MIRROR;
    out_.head = old_->head();
    out_.found_revision = out_.head.revision;
    out_.age_ns = std::max<std::int64_t>(0, s_.clock.realtime_ns() - out_.head.accepted_ns);
    out_.clean_close = old_->was_closed_clean();
    ++out_.head.restarts;
    return {};
  }

  Fault take_defaults() {
    if (Fault fault = restore_defaults(s_.schema, out_.stack, out_.layers)) return fault;
    platform::random_bytes(&out_.head.history, sizeof out_.head.history);
    out_.head.accepted_ns = s_.clock.realtime_ns();
    return {};
  }

  // The old file goes on when it fits; else a new one is written whole beside it and takes its name.
  void make_mirror() {
    if (!out_.mirror_reason.empty()) return;
    const std::string bytes = encode_stack(out_.stack);
    const MirrorGeometry wanted{s_.max_slots / kBlockSlots, structure_capacity(s_.schema, s_.max_layers, bytes.size())};
    if (old_ != nullptr && old_->geometry() == wanted) {
      out_.mirror = std::move(old_);
    } else if (Fault fault = Mirror::create(s_.files, path(), folder_.identity(), wanted, out_.mirror)) {
      out_.mirror_reason = fault.message;
      return;
    }
    Mirror& mirror = *out_.mirror;
    static constexpr SavedBlock kEmpty{};
    for (std::uint32_t i = 0; i < wanted.blocks; ++i) {
      const SavedBlock* has = mirror.block(i);
      const SavedBlock& now = out_.layers.blocks[i];
      if (std::memcmp(has != nullptr ? has : &kEmpty, &now, sizeof now) != 0) mirror.put_block(i, now);
    }
    if (mirror.structure() != bytes) mirror.put_structure(bytes);
    mirror.commit(out_.head);
    if (Fault fault = mirror.publish()) {
      out_.mirror.reset();
      out_.mirror_reason = fault.message;
    }
  }

  std::string path() const { return s_.runtime_dir + "/" + mirror_name(platform::user_id(), folder_.identity()); }

  const RecoverySetup& s_;
  ShowFolder& folder_;
  Recovered& out_;
  std::unique_ptr<Mirror> old_;
};

}  // namespace

Fault recover(const RecoverySetup& setup, ShowFolder& folder, Recovered& out) {
  std::string kept_as;
  if (Fault fault = folder.identify(setup.runtime_dir, kept_as)) return fault;
  if (!kept_as.empty()) {
    out.candidates.push_back({RELUME_RUNG_DEFAULTS, RELUME_VERDICT_DAMAGED, 0, folder.path() + "/id", kept_as,
                              "it does not hold a show id of 32 hex digits"});
  }
  return Recovery(setup, folder, out).run();
}

}  // namespace relume::core
