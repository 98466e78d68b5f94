// SPDX-License-Identifier: Apache-2.0
// What recovery found, candidate by candidate. Some are looked at after the first frame, by the disk role, so it grows.
#pragma once

#include <relume/persistence.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace relume::core {

struct RecoveryCandidate {
  std::uint32_t rung = RELUME_RUNG_MIRROR;
  std::uint32_t verdict = RELUME_VERDICT_FRESH;
  std::uint64_t revision = 0;
  std::string path;
  std::string kept_as;
  std::string reason;
};

class RecoveryReport {
 public:
  void add(RecoveryCandidate candidate) {
    const std::lock_guard lock(mutex_);
    candidates_.push_back(std::move(candidate));
  }
  /// Another verdict on the newest candidate of a path, which is known only after the others were looked at.
  void judge(const std::string& path, std::uint32_t verdict, const std::string& reason, const std::string& kept_as) {
    const std::lock_guard lock(mutex_);
    for (auto at = candidates_.rbegin(); at != candidates_.rend(); ++at) {
      if (at->path != path) continue;
      at->verdict = verdict;
      at->reason = reason;
      if (!kept_as.empty()) at->kept_as = kept_as;
      return;
    }
  }
  void complete() {
    const std::lock_guard lock(mutex_);
    complete_ = true;
  }
  bool is_complete() const {
    const std::lock_guard lock(mutex_);
    return complete_;
  }
  std::vector<RecoveryCandidate> candidates() const {
    const std::lock_guard lock(mutex_);
    return candidates_;
  }
  /// Those that were there and could not be used.
  static std::uint32_t refused(const std::vector<RecoveryCandidate>& candidates) {
    std::uint32_t count = 0;
    for (const RecoveryCandidate& c : candidates) {
      const bool fine =
          c.verdict == RELUME_VERDICT_FRESH || c.verdict == RELUME_VERDICT_OK || c.verdict == RELUME_VERDICT_EDITED;
      count += fine ? 0 : 1;
    }
    return count;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<RecoveryCandidate> candidates_;
  bool complete_ = false;
};

}  // namespace relume::core
