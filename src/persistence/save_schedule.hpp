// SPDX-License-Identifier: Apache-2.0
// When a target is to be written: quiet time, maximum age, pacing and backoff of one target. Pure: time comes in.
#pragma once

#include <cstdint>

namespace relume::core {

struct SavePolicy {
  std::int64_t quiet_ns = 250'000'000;
  std::int64_t max_age_ns = 2'000'000'000;
};

class SaveSchedule {
 public:
  explicit SaveSchedule(const SavePolicy& policy) : policy_(policy) {}

  /// What the ledger says now: the newest revision that is due, and the newest that is saved (-1: none).
  void look(std::uint64_t due, std::int64_t done, std::int64_t now_ns);
  bool is_due(std::int64_t now_ns) const { return (pending_ || failures_ > 0) && now_ns >= due_at(); }

  void began(std::int64_t now_ns);
  void ended(bool committed, std::int64_t now_ns);

  /// Since when something has been unsaved; now when nothing is.
  std::int64_t pending_since(std::int64_t now_ns) const { return pending_ ? first_ns_ : now_ns; }
  std::uint32_t failures() const { return failures_; }
  /// When the next attempt is due by itself, if the last one failed.
  std::int64_t retry_at() const { return due_at(); }

 private:
  std::int64_t due_at() const;

  SavePolicy policy_;
  std::uint64_t seen_ = 0;
  std::int64_t first_ns_ = 0;  // when the oldest unsaved change was noticed
  std::int64_t last_ns_ = 0;   // when the newest was
  std::int64_t began_ns_ = 0;
  std::int64_t free_ns_ = 0;  // pacing: not before
  std::int64_t failed_ns_ = 0;
  std::int64_t retry_ns_ = 0;
  std::uint32_t failures_ = 0;  // since the last success
  bool pending_ = false;
  bool renewed_ = false;  // a change came after the last failure
};

}  // namespace relume::core
