// SPDX-License-Identifier: Apache-2.0
// How a show comes up: the newest state that proves itself, and a mirror for what follows.
#pragma once

#include <relume/persistence.h>

#include <memory>
#include <string>
#include <vector>

#include "model/schema.hpp"
#include "persistence/mirror.hpp"
#include "persistence/restore.hpp"
#include "persistence/show_folder.hpp"
#include "platform/clock.hpp"

namespace relume::core {

struct RecoveryCandidate {
  std::uint32_t rung = RELUME_RUNG_MIRROR;
  std::uint32_t verdict = RELUME_VERDICT_FRESH;
  std::uint64_t revision = 0;
  std::string path;
  std::string kept_as;
  std::string reason;
};

struct Recovered {
  explicit Recovered(Stack s) : stack(std::move(s)) {}

  Stack stack;
  RestoredLayers layers;
  MirrorHead head;
  std::unique_ptr<Mirror> mirror;  // already holds this state; nullptr: there is none
  std::string mirror_reason;
  std::vector<RecoveryCandidate> candidates;
  std::uint32_t rung = RELUME_RUNG_DEFAULTS;
  std::uint64_t found_revision = 0;
  std::int64_t age_ns = -1;
  bool clean_close = false;
};

struct RecoverySetup {
  platform::Files& files;
  platform::Clock& clock;
  const Schema& schema;
  std::string runtime_dir;
  std::uint32_t max_layers;
  std::uint32_t max_slots;
};

/// Recovers a show from its folder and runtime directory. A mirror that cannot be had is no fault; what was refused is in the
/// candidates.
Fault recover(const RecoverySetup& setup, ShowFolder& folder, Recovered& out);

}  // namespace relume::core
