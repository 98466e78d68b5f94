// SPDX-License-Identifier: Apache-2.0
// What is to be saved, as watermarks: the newest revision that each target was asked for.
#pragma once

#include <relume/mutation.h>

#include <cstdint>

namespace relume::core {

class SaveLedger {
 public:
  struct Request {
    std::uint32_t persistence = RELUME_PERSISTENCE_NOT_NEEDED;
    std::uint64_t debounce_key = 0;
    std::uint64_t sequence = 0;
  };

  Request request(std::uint32_t targets, std::uint64_t revision) noexcept {
    if (targets == 0) return {};
    const bool joined = (targets & ~pending_) == 0;
    if (!joined) ++sequence_;
    pending_ |= targets;
    if ((targets & RELUME_TARGET_CHECKPOINT) != 0) checkpoint_wanted_ = revision;
    if ((targets & RELUME_TARGET_DOCUMENT) != 0) document_wanted_ = revision;
    return {joined ? std::uint32_t{RELUME_PERSISTENCE_JOINED} : std::uint32_t{RELUME_PERSISTENCE_SCHEDULED}, targets,
            sequence_};
  }
  std::uint64_t checkpoint_wanted() const noexcept { return checkpoint_wanted_; }
  std::uint64_t document_wanted() const noexcept { return document_wanted_; }

 private:
  std::uint32_t pending_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t checkpoint_wanted_ = 0;
  std::uint64_t document_wanted_ = 0;
};

}  // namespace relume::core
