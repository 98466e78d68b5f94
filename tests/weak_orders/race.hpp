// SPDX-License-Identifier: Apache-2.0
//
// Threads that meet nowhere but in the part under test: what is between them here is relaxed, and orders nothing.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <vector>

namespace relume::test {

/// Counts what one thread got from another; looked at by the one that ends the race.
class Count {
 public:
  void operator++() { count_.fetch_add(1, std::memory_order_relaxed); }
  operator std::uint64_t() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

/// Runs each function again and again in a thread of its own, all at once, until `met` says that the threads have met often
/// enough: how long that takes is the machine's business, which may have other things to do.
template <class Met, class... Functions>
void race(Met met, Functions... functions) {
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  const auto repeat = [&](auto& function) {
    threads.emplace_back([&] {
      while (!over.load(std::memory_order_relaxed)) {
        function();
        std::this_thread::yield();
      }
    });
  };
  (repeat(functions), ...);
  while (!met()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  over.store(true, std::memory_order_relaxed);
  for (std::thread& thread : threads) thread.join();
}

/// Reached only when ThreadSanitizer, told to end the process at the first race, has seen none.
inline int no_race() {
  std::puts("no race was seen");
  return 0;
}

}  // namespace relume::test
