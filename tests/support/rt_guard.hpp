// SPDX-License-Identifier: Apache-2.0
//
// The own realtime guard: counts what a wait-free function must not do, on the calling thread, inside a scope.
//
// It sees what the two checks by clang cannot: system calls by whatever way they are made, page faults, waits; and it works
// with g++. Allocations and locks are counted because this executable defines malloc, pthread_mutex_lock and the like in front
// of the C library's (rt_guard_interpose.cpp), system calls by Syscall User Dispatch, faults and waits by the kernel's own
// counters of the thread. What the C library does inside itself is seen when it ends in one of those.
//
// Under a sanitizer, which brings a malloc and locks of its own, the guard is compiled out: RtScope::available() is false and
// every report is empty. The tests still run their bodies then, for the sanitizer to judge.
#pragma once

#include <cstdint>
#include <string>

namespace relume::test {

/// What happened on one thread inside a scope.
struct RtReport {
  std::uint64_t allocations = 0;       ///< malloc, calloc, realloc, memalign, ..., operator new
  std::uint64_t frees = 0;             ///< of a pointer that is not null
  std::uint64_t locks = 0;             ///< locks and waits, tried ones too, and wakes of others
  std::uint64_t system_calls = 0;      ///< 1 = at least one: the scope stops counting at the first
  std::uint64_t page_faults = 0;       ///< minor and major
  std::uint64_t context_switches = 0;  ///< voluntary ones: the thread went to sleep
  char first[96] = {};                 ///< the first violation by name; faults and switches have none

  bool clean() const { return allocations + frees + locks + system_calls + page_faults + context_switches == 0; }
  /// One line for a failed test.
  std::string text() const;
};

/// Watches the calling thread from its construction to finish(). One scope per thread at a time.
class RtScope {
 public:
  RtScope();
  ~RtScope();
  RtScope(const RtScope&) = delete;
  RtScope& operator=(const RtScope&) = delete;

  /// Ends the watch; later calls return the same report.
  const RtReport& finish();

  /// False in sanitizer builds.
  static bool available();
  /// nullptr when system calls are watched, else why they are not: "skipped: ...". Everything else is counted all the same.
  static const char* system_calls_unwatched();

 private:
  void begin();
  void end();

  RtReport report_;
  std::uint64_t faults_before_ = 0;
  std::uint64_t switches_before_ = 0;
  bool running_ = false;
};

}  // namespace relume::test
