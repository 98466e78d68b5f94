// SPDX-License-Identifier: Apache-2.0
//
// What several threads did to each route and in which order, kept so that a frame can be judged exactly: a value is right when
// it is one that somebody wrote, and nothing that was done after it was already done when the frame's compose began.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace relume::test {

/// Who writes to a route. A value names its actor in the low two bits; 0 is what a reset leaves.
enum Actor : std::uint32_t { kOperator = 0, kSingles = 1, kBatches = 2, kRun = 3, kActors = 4 };

// The book itself must not bring about the order that the library has to: ThreadSanitizer would see no missing one through it.
#ifdef __SANITIZE_THREAD__
inline constexpr std::memory_order kBookAcquire = std::memory_order_relaxed;
inline constexpr std::memory_order kBookRelease = std::memory_order_relaxed;
inline constexpr std::memory_order kBookStamp = std::memory_order_relaxed;
#else
inline constexpr std::memory_order kBookAcquire = std::memory_order_acquire;
inline constexpr std::memory_order kBookRelease = std::memory_order_release;
inline constexpr std::memory_order kBookStamp = std::memory_order_acq_rel;
#endif

class RouteBook {
 public:
  using Stamp = std::uint64_t;
  /// Actors by route: bit per actor.
  explicit RouteBook(const std::vector<std::uint32_t>& actors)
      : actors_(actors), logs_(actors.size()), seen_(actors.size()) {}

  static std::uint32_t value(Actor actor, std::uint32_t number) { return number << 2U | actor; }
  static Actor actor_of(std::uint32_t value) { return static_cast<Actor>(value & 3U); }
  static std::uint32_t number_of(std::uint32_t value) { return value >> 2U; }

  /// One more than all before it, on every thread: of two operations, the one that ended before the other began is the older.
  Stamp stamp() { return clock_.fetch_add(1, kBookStamp) + 1; }

  // --- the actor's thread ---
  /// Enters that the actor is about to write; the value to write, 0 for a reset.
  std::uint32_t begin(std::size_t route, Actor actor, Stamp now, bool reset = false, std::int64_t time = 0) {
    Log& log = logs_[route][actor];
    const std::uint32_t number = log.begun.load(std::memory_order_relaxed) + 1;
    Operation& operation = log.operations[number % kKept];
    operation.start.store(now, std::memory_order_relaxed);
    operation.reset.store(reset, std::memory_order_relaxed);
    operation.time.store(time, std::memory_order_relaxed);
    log.begun.store(number, kBookRelease);
    return reset ? 0 : value(actor, number);
  }
  /// Enters that what was begun last is done.
  void finish(std::size_t route, Actor actor, Stamp now) {
    Log& log = logs_[route][actor];
    const std::uint32_t number = log.begun.load(std::memory_order_relaxed);
    log.operations[number % kKept].end.store(now, std::memory_order_relaxed);
    log.done.store(number, kBookRelease);
  }

  // --- the thread that composes ---
  /// Before compose: what is done by now must be in the frame. `last` is the compose time of the frame before.
  void look(std::int64_t last) {
    last_ = last;
    for (std::size_t route = 0; route < logs_.size(); ++route) {
      for (std::uint32_t actor = 0; actor < kActors; ++actor) {
        if ((actors_[route] >> actor & 1U) != 0) seen_[route][actor] = newest_done(logs_[route][actor]);
      }
    }
  }
  /// After it: nullptr when the value may be in that frame, else what is wrong with it.
  const char* judge(std::size_t route, std::uint32_t found) const {
    const Actor actor = actor_of(found);
    if ((actors_[route] >> actor & 1U) == 0) return "a value that nobody writes there";
    const Log& log = logs_[route][actor];
    const Done& newest = seen_[route][actor];
    const std::uint32_t begun = log.begun.load(kBookAcquire);
    if (found == 0) {
      if (reset_between(log, newest.number, begun)) return nullptr;
      if (newest.number != 0 && !newest.reset) return "reset, but the operator has set it since";
    } else {
      if (number_of(found) > begun) return "a value that was not written yet";
      if (number_of(found) > newest.number) return nullptr;  // written while the frame was composed
      if (number_of(found) < newest.number) return "an older value of the same actor";
    }
    for (std::uint32_t other = 0; other < kActors; ++other) {
      if (other == actor || (actors_[route] >> other & 1U) == 0) continue;
      const Done& later = seen_[route][other];
      if (later.start <= newest.end) continue;
      if (actor != kOperator && other != kOperator && same_time(newest.time, later.time)) continue;
      return "a value that another actor had replaced";
    }
    return nullptr;
  }
  /// What look() found: the number of the newest operation of an actor.
  std::uint32_t done(std::size_t route, Actor actor) const { return seen_[route][actor].number; }
  std::size_t size() const { return logs_.size(); }

 private:
  static constexpr std::uint32_t kKept = 4;
  static constexpr unsigned kStepBits = 16;  // of nanoseconds
  struct Operation {
    std::atomic<Stamp> start{0};
    std::atomic<Stamp> end{0};
    std::atomic<std::int64_t> time{0};
    std::atomic<bool> reset{false};
  };
  struct Log {
    std::atomic<std::uint32_t> begun{0};
    std::atomic<std::uint32_t> done{0};
    std::array<Operation, kKept> operations;
  };
  struct Done {
    std::uint32_t number = 0;
    bool reset = false;
    Stamp start = 0;
    Stamp end = 0;
    std::int64_t time = 0;
  };

  /// Among sources of one priority the later write wins by its time, which counts in steps, and from the last compose time on.
  bool same_time(std::int64_t earlier, std::int64_t later) const {
    return later >> kStepBits <= std::max(earlier, last_) >> kStepBits;
  }
  /// Whether one of the operations after `seen` may be a reset. Of more than are kept, any may be.
  static bool reset_between(const Log& log, std::uint32_t seen, std::uint32_t begun) {
    if (begun - seen >= kKept) return true;
    for (std::uint32_t number = seen + 1; number <= begun; ++number) {
      if (log.operations[number % kKept].reset.load(std::memory_order_relaxed)) return true;
    }
    return false;
  }

  static Done newest_done(const Log& log) {
    for (;;) {
      Done out;
      out.number = log.done.load(kBookAcquire);
      const Operation& operation = log.operations[out.number % kKept];
      out.start = operation.start.load(kBookAcquire);
      out.end = operation.end.load(kBookAcquire);
      out.reset = operation.reset.load(kBookAcquire);
      out.time = operation.time.load(kBookAcquire);
      // Its place may be taken by now: the operation that came kKept later writes there before it is entered as begun.
      if (log.begun.load(std::memory_order_relaxed) - out.number < kKept - 1) return out;
    }
  }

  std::atomic<Stamp> clock_{0};
  const std::vector<std::uint32_t> actors_;
  std::vector<std::array<Log, kActors>> logs_;
  std::vector<std::array<Done, kActors>> seen_;
  std::int64_t last_ = 0;
};

}  // namespace relume::test
