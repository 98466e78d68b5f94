// SPDX-License-Identifier: Apache-2.0
// What is to be saved and what is: per target the newest revision that was asked for, and the newest that is on the disk. The
// coordinator asks under its mutex, the disk role answers; neither ever waits for the other.
#pragma once

#include <relume/mutation.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

namespace relume::core {

enum Target : std::uint32_t { kCheckpoint = 0, kDocument = 1 };
inline constexpr std::array<Target, 2> kTargets{kCheckpoint, kDocument};
inline std::uint32_t target_bit(Target target) { return 1U << target; }  // relume_targets

class SaveLedger {
 public:
  struct Request {
    std::uint32_t persistence = RELUME_PERSISTENCE_NOT_NEEDED;
    std::uint64_t debounce_key = 0;
    std::uint64_t sequence = 0;
  };

  /// Before mutations begin: what recovery found. `done` is -1 where nothing is on the disk. Until then, as in a show without a
  /// folder, nothing is ever saved and nothing has to be.
  void begin(Target target, std::uint64_t wanted, std::int64_t done) noexcept {
    on_ = true;
    marks_[target].wanted = marks_[target].due = wanted;
    marks_[target].done = done;
  }

  /// An accepted change asks for its targets. A lossy one waits for another to ride along with.
  Request request(std::uint32_t targets, bool lossy, std::uint64_t revision) noexcept {
    if (targets == 0 || !on_) return {};
    bool joined = true;
    for (const Target target : kTargets) {
      if ((targets & target_bit(target)) == 0) continue;
      Mark& mark = marks_[target];
      if (!is_unsaved(target)) {
        joined = false;
        mark.first_unsaved.store(revision, std::memory_order_relaxed);
      }
      mark.requests.fetch_add(1, std::memory_order_relaxed);
      mark.wanted.store(revision, std::memory_order_release);
      if (!lossy) mark.due.store(revision, std::memory_order_release);
    }
    if (!joined) ++sequence_;
    return {persistence_of(targets, joined), targets, sequence_};
  }

  std::uint64_t wanted(Target target) const noexcept { return marks_[target].wanted.load(std::memory_order_acquire); }
  /// The newest revision that asked to be saved by the timers.
  std::uint64_t due(Target target) const noexcept { return marks_[target].due.load(std::memory_order_acquire); }
  std::int64_t done(Target target) const noexcept { return marks_[target].done.load(std::memory_order_acquire); }
  /// Accepted changes that are not saved.
  std::uint64_t unsaved_requests(Target target) const noexcept {
    const Mark& mark = marks_[target];
    return mark.requests.load(std::memory_order_relaxed) - mark.saved_requests.load(std::memory_order_relaxed);
  }
  /// Under the coordinator's mutex, when a picture is taken: what is asked for up to now is in it.
  void pictured() noexcept {
    for (Mark& mark : marks_) mark.pictured_requests = mark.requests.load(std::memory_order_relaxed);
  }
  bool is_unsaved(Target target) const noexcept {
    return on_ && done(target) < static_cast<std::int64_t>(wanted(target));
  }
  /// The oldest revision that is not saved, 0 when all are; 1 also for a new show, of which nothing is.
  std::uint64_t first_unsaved(Target target) const noexcept {
    if (!is_unsaved(target)) return 0;
    const std::uint64_t first = marks_[target].first_unsaved.load(std::memory_order_relaxed);
    const auto next = static_cast<std::uint64_t>(done(target) + 1);
    return std::max({first, next, std::uint64_t{1}});
  }

  // Disk role.
  void saved(Target target, std::uint64_t revision) noexcept {
    marks_[target].saved_requests.store(marks_[target].pictured_requests, std::memory_order_relaxed);
    marks_[target].done.store(static_cast<std::int64_t>(revision), std::memory_order_release);
  }
  void lost(Target target) noexcept { marks_[target].done.store(-1, std::memory_order_release); }
  /// Asks once more for what is accepted already, as when a document was lost.
  void want(Target target, std::uint64_t revision) noexcept {
    std::uint64_t before = wanted(target);
    while (before < revision && !marks_[target].wanted.compare_exchange_weak(before, revision)) {}
    before = due(target);
    while (before < revision && !marks_[target].due.compare_exchange_weak(before, revision)) {}
  }
  void failing(Target target, bool now) noexcept { marks_[target].failing.store(now, std::memory_order_relaxed); }
  /// A relume_verdict for which the document waits, 0: it does not.
  void hold(std::uint32_t verdict) noexcept { held_.store(verdict, std::memory_order_release); }
  std::uint32_t held() const noexcept { return held_.load(std::memory_order_acquire); }

 private:
  struct Mark {
    std::atomic<std::uint64_t> wanted{0};
    std::atomic<std::uint64_t> due{0};
    std::atomic<std::int64_t> done{-1};
    std::atomic<std::uint64_t> first_unsaved{0};
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> saved_requests{0};
    std::uint64_t pictured_requests = 0;  // disk role's
    std::atomic<bool> failing{false};
  };

  std::uint32_t persistence_of(std::uint32_t targets, bool joined) const noexcept;

  std::array<Mark, 2> marks_;
  std::atomic<std::uint32_t> held_{0};
  std::uint64_t sequence_ = 0;
  bool on_ = false;
};

}  // namespace relume::core
