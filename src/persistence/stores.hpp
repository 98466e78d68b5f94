// SPDX-License-Identifier: Apache-2.0
// The files of a show folder besides the mirror, what is known of them, and how each of them is looked at as a candidate of
// recovery: before the first frame where the mirror does not help, by the disk role where it does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "persistence/checkpoint_store.hpp"
#include "persistence/document_store.hpp"
#include "persistence/recovery_report.hpp"
#include "persistence/show_folder.hpp"
#include "platform/clock.hpp"
#include "platform/files.hpp"

namespace relume::core {

class Stores {
 public:
  Stores(platform::Files& files, platform::Clock& clock, const ShowFolder& folder, RecoveryReport& report);
  Stores(const Stores&) = delete;
  Stores& operator=(const Stores&) = delete;

  CheckpointStore& checkpoint() { return checkpoint_; }
  DocumentStore& document() { return document_; }

  /// Each is looked at once, and reported. A damaged one is moved out of the way; a second look is free.
  const CheckpointStore::Found& look_at_checkpoint(bool with_state);
  const DocumentStore::Found& look_at_document();
  const std::vector<DocumentStore::Found>& look_at_generations();
  bool looked_at_document() const { return document_looked_; }
  /// Whether a document lies beside that was refused.
  bool has_refused_document();

  /// Moves the checkpoint's folder to "checkpoint.<word>-N"; the new path, empty on failure.
  std::string keep_checkpoint_aside(const char* word);

  /// What the checkpoint held, after a look that asked for it.
  SavedShow checkpoint_state;

  /// The document as the show last read or wrote it; zeros when it never did.
  DocumentMark mark;

 private:
  platform::Files& files_;
  const ShowFolder& folder_;
  RecoveryReport& report_;
  CheckpointStore checkpoint_;
  DocumentStore document_;
  CheckpointStore::Found checkpoint_found_;
  DocumentStore::Found document_found_;
  std::vector<DocumentStore::Found> generations_found_;
  bool checkpoint_looked_ = false;
  bool document_looked_ = false;
  bool generations_looked_ = false;
};

/// Whether a document is one that this show wrote itself after the one of `known`, though nobody noted it any more: a death, or
/// a thread that was left behind, came in between.
bool is_own_later_document(const DocumentHeader& header, const DocumentMark& known, const SavedHead& state);

}  // namespace relume::core
