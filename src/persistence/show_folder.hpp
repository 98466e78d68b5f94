// SPDX-License-Identifier: Apache-2.0
// The show folder: who owns it, and which show it is.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "model/fault.hpp"
#include "persistence/mirror.hpp"
#include "platform/files.hpp"

namespace relume::core {

class ShowFolder {
 public:
  /// Makes the folder if absent and takes its kernel lock. RELUME_E_OWNED names the owner.
  static Fault open(platform::Files& files, const std::string& path, ShowFolder& out);

  /// Reads or makes the show id. A lost id is taken from a mirror in `runtime_dir` that belongs to this folder; a damaged id
  /// file is kept aside and `kept_as` names it.
  Fault identify(const std::string& runtime_dir, std::string& kept_as);

  const std::string& path() const { return path_; }
  const MirrorIdentity& identity() const { return identity_; }

 private:
  Fault lock();
  bool id_from_mirror(const std::string& runtime_dir);

  platform::Files* files_ = nullptr;
  std::string path_;
  platform::File lock_;
  MirrorIdentity identity_;
};

}  // namespace relume::core
