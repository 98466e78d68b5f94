// SPDX-License-Identifier: Apache-2.0
#include "persistence/stores.hpp"

#include <algorithm>

#include "persistence/keep_aside.hpp"

namespace relume::core {
namespace {

std::uint32_t verdict_of(CheckpointStore::Verdict verdict) {
  switch (verdict) {
    case CheckpointStore::Verdict::ok: return RELUME_VERDICT_OK;
    case CheckpointStore::Verdict::absent: return RELUME_VERDICT_FRESH;
    case CheckpointStore::Verdict::newer_format: return RELUME_VERDICT_NEWER_FORMAT;
    case CheckpointStore::Verdict::recovered:
    case CheckpointStore::Verdict::damaged: return RELUME_VERDICT_DAMAGED;
    default: return RELUME_VERDICT_UNREADABLE;
  }
}

std::uint32_t verdict_of(DocumentStore::Verdict verdict) {
  switch (verdict) {
    case DocumentStore::Verdict::ok: return RELUME_VERDICT_OK;
    case DocumentStore::Verdict::absent: return RELUME_VERDICT_FRESH;
    case DocumentStore::Verdict::newer_format: return RELUME_VERDICT_NEWER_FORMAT;
    case DocumentStore::Verdict::damaged: return RELUME_VERDICT_DAMAGED;
    default: return RELUME_VERDICT_UNREADABLE;
  }
}

}  // namespace

Stores::Stores(platform::Files& files, platform::Clock& clock, const ShowFolder& folder, RecoveryReport& report)
    : files_(files),
      folder_(folder),
      report_(report),
      checkpoint_(files, clock, folder.fd(), folder.path()),
      document_(files, folder.fd(), folder.path()) {}

const CheckpointStore::Found& Stores::look_at_checkpoint(bool with_state) {
  if (checkpoint_looked_) return checkpoint_found_;
  checkpoint_looked_ = true;
  checkpoint_found_ = checkpoint_.open(with_state ? &checkpoint_state : nullptr);
  const CheckpointStore::Found& found = checkpoint_found_;
  RecoveryCandidate candidate{
      RELUME_RUNG_CHECKPOINT, verdict_of(found.verdict), found.head.revision, found.path, {}, found.reason};
  // Checkpoints have to go on whatever the one that is there is: it makes room, and stays.
  if (candidate.verdict == RELUME_VERDICT_DAMAGED) candidate.kept_as = keep_checkpoint_aside("damaged");
  if (candidate.verdict == RELUME_VERDICT_NEWER_FORMAT) candidate.kept_as = keep_checkpoint_aside("newer");
  report_.add(std::move(candidate));
  return found;
}

std::string Stores::keep_checkpoint_aside(const char* word) {
  checkpoint_.close();
  const std::string kept = keep_aside(files_, folder_.fd(), CheckpointStore::kFolder, word);
  return kept.empty() ? kept : folder_.path() + "/" + kept;
}

const DocumentStore::Found& Stores::look_at_document() {
  if (document_looked_) return document_found_;
  document_looked_ = true;
  document_found_ = document_.read();
  const DocumentStore::Found& found = document_found_;
  RecoveryCandidate candidate{
      RELUME_RUNG_DOCUMENT, verdict_of(found.verdict), found.header.head.revision, found.path, {}, found.reason};
  if (found.verdict == DocumentStore::Verdict::damaged) candidate.kept_as = document_.keep_aside("damaged");
  report_.add(std::move(candidate));
  return found;
}

bool Stores::has_refused_document() {
  std::vector<std::string> names;
  if (files_.list(folder_.fd(), ".", names) < 0) return false;
  const std::string prefix = std::string(DocumentStore::kName) + ".damaged-";
  return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return n.starts_with(prefix); });
}

const std::vector<DocumentStore::Found>& Stores::look_at_generations() {
  if (generations_looked_) return generations_found_;
  generations_looked_ = true;
  generations_found_ = document_.read_generations();
  for (const DocumentStore::Found& found : generations_found_) {
    RecoveryCandidate candidate{
        RELUME_RUNG_GENERATION, verdict_of(found.verdict), found.header.head.revision, found.path, {}, found.reason};
    if (found.verdict == DocumentStore::Verdict::damaged) {
      candidate.kept_as = document_.keep_generation_aside(found.path);
    }
    report_.add(std::move(candidate));
  }
  return generations_found_;
}

bool is_own_later_document(const DocumentHeader& header, const DocumentMark& known, const SavedHead& state) {
  if (header.by_hand || header.head.history != state.history) return false;
  return known.hash == 0 || header.head.revision >= known.revision;
}

}  // namespace relume::core
