// SPDX-License-Identifier: Apache-2.0
#include "persistence/save_schedule.hpp"

#include <algorithm>

namespace relume::core {
namespace {

// A slow disk lowers the rate: after a write it rests for so many times as long as the write took.
constexpr std::int64_t kRest = 2;
constexpr std::int64_t kLongestRest = 30'000'000'000;
constexpr std::int64_t kFirstRetry = 250'000'000;
constexpr std::int64_t kLongestRetry = 30'000'000'000;

}  // namespace

void SaveSchedule::look(std::uint64_t due, std::int64_t done, std::int64_t now_ns) {
  const bool pending = static_cast<std::int64_t>(due) > done;
  if (pending && !pending_) first_ns_ = last_ns_ = now_ns;
  if (pending && due != seen_) {
    last_ns_ = now_ns;
    renewed_ = failures_ > 0;
  }
  seen_ = due;
  pending_ = pending;
}

std::int64_t SaveSchedule::due_at() const {
  const std::int64_t timed = std::min(last_ns_ + policy_.quiet_ns, first_ns_ + policy_.max_age_ns);
  if (failures_ == 0) return std::max(timed, free_ns_);
  // A newer request tries again, too, but no more often than the quiet time.
  const std::int64_t renewed = std::max(last_ns_, failed_ns_) + policy_.quiet_ns;
  return std::max(renewed_ ? std::min(retry_ns_, renewed) : retry_ns_, free_ns_);
}

void SaveSchedule::began(std::int64_t now_ns) { began_ns_ = now_ns; }

void SaveSchedule::ended(bool committed, std::int64_t now_ns) {
  free_ns_ = now_ns + std::min(kRest * (now_ns - began_ns_), kLongestRest);
  renewed_ = false;
  if (committed) {
    failures_ = 0;
    first_ns_ = began_ns_;  // what is unsaved still came after that
    return;
  }
  failed_ns_ = now_ns;
  retry_ns_ = now_ns + std::min(kFirstRetry << std::min(failures_, 10U), kLongestRetry);
  ++failures_;
}

}  // namespace relume::core
