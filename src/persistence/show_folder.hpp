// SPDX-License-Identifier: Apache-2.0
// The show folder: who owns it, and which show it is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "model/fault.hpp"
#include "persistence/mirror.hpp"
#include "platform/files.hpp"

namespace relume::core {

class ShowFolder {
 public:
  /// Makes the folder if absent and takes its kernel lock. RELUME_E_OWNED names the owner.
  static Fault open(platform::Files& files, const std::string& path, ShowFolder& out);

  /// Reads or makes the show id. A lost id is taken from a mirror in `runtime_dir` that belongs to this folder, or from
  /// `elsewhere`; a damaged id file is kept aside and `kept_as` names it.
  Fault identify(const std::string& runtime_dir, const std::function<bool(ShowId&)>& elsewhere, std::string& kept_as);

  /// Notes the history that goes on from here. A mirror of another one is not that of the last session.
  Fault note_history(std::uint64_t history);
  /// As the last session noted it; 0: it is not known.
  std::uint64_t last_history() const { return last_history_; }

  /// Syncs the folder's own entry: without it all that is in it, synced or not, is gone after a power cut. Disk role: once per
  /// session, before the first save. Also when the folder was there already: whoever made it may have died first.
  platform::ReplaceResult sync_entry() const;

  const std::string& path() const { return path_; }
  /// The open directory: what is written goes there even when somebody renames it.
  int fd() const { return folder_.fd(); }
  const MirrorIdentity& identity() const { return identity_; }

 private:
  Fault lock();
  Fault write_id();
  Fault write_owner(std::uint64_t history);
  bool id_from_mirror(const std::string& runtime_dir);

  platform::Files* files_ = nullptr;
  std::string path_;
  platform::File folder_;
  platform::File lock_;
  std::uint64_t last_history_ = 0;
  MirrorIdentity identity_;
};

}  // namespace relume::core
