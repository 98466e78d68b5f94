// SPDX-License-Identifier: Apache-2.0
//
// The guard itself: it notices each kind of violation when one is planted, and nothing when none is.
#include "support/rt_guard.hpp"

#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <string>
#include <thread>

using relume::test::RtReport;
using relume::test::RtScope;

namespace {

// Hides a pointer from the optimiser, which may otherwise drop an allocation that nobody uses.
void escape(void* pointer) { asm volatile("" : : "g"(pointer) : "memory"); }

template <class F>
RtReport watch(F body) {
  RtScope scope;
  body();
  return scope.finish();
}

bool skipped() {
  if (RtScope::available()) return false;
  WARN("skipped: a sanitizer build has no guard of its own");
  return true;
}

}  // namespace

TEST_CASE("guard: pure arithmetic is clean", "[guard]") {
  if (skipped()) return;
  volatile double sum = 0;
  const RtReport report = watch([&] {
    for (int i = 1; i < 100000; ++i) sum = sum + 1.0 / i;
  });
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.text() == "clean");
}

TEST_CASE("guard: notices malloc, and free by itself", "[guard][planted]") {
  if (skipped()) return;
  void* kept = nullptr;
  const RtReport one = watch([&] { escape(kept = std::malloc(100)); });
  CHECK(one.allocations == 1);
  CHECK(one.frees == 0);
  CHECK(std::string(one.first) == "malloc");
  const RtReport other = watch([&] { std::free(kept); });
  CHECK(other.allocations == 0);
  CHECK(other.frees == 1);
  CHECK(std::string(other.first) == "free");
  CHECK_FALSE(other.clean());
}

TEST_CASE("guard: notices every other way to allocate", "[guard][planted]") {
  if (skipped()) return;
  const RtReport report = watch([] {
    void* plain = ::operator new(16);
    void* wide = ::operator new(64, std::align_val_t{64});
    void* zeroed = std::calloc(4, 4);
    void* longer = std::realloc(zeroed, 64);
    void* aligned = nullptr;
    const int failed = posix_memalign(&aligned, 64, 64);
    escape(plain), escape(wide), escape(longer), escape(aligned);
    ::operator delete(plain);
    ::operator delete(wide, std::align_val_t{64});
    std::free(longer);
    if (failed == 0) std::free(aligned);
  });
  INFO(report.text());
  CHECK(report.allocations == 5);
  CHECK(report.frees == 4);
}

TEST_CASE("guard: notices an uncontended mutex", "[guard][planted]") {
  if (skipped()) return;
  std::mutex mutex;
  const RtReport report = watch([&] { std::lock_guard<std::mutex> lock(mutex); });
  INFO(report.text());
  CHECK(report.locks == 1);
  CHECK(report.allocations == 0);
  CHECK(std::string(report.first) == "pthread_mutex_lock");
}

TEST_CASE("guard: notices a lock that is only tried, a shared lock, a wake and a semaphore", "[guard][planted]") {
  if (skipped()) return;
  std::mutex mutex;
  std::shared_mutex shared;
  std::condition_variable condition;
  sem_t semaphore;
  REQUIRE(sem_init(&semaphore, 0, 1) == 0);
  CHECK(watch([&] {
          if (mutex.try_lock()) mutex.unlock();
        }).locks == 1);
  CHECK(watch([&] { std::shared_lock<std::shared_mutex> lock(shared); }).locks == 1);
  CHECK(watch([&] { condition.notify_one(); }).locks == 1);
  CHECK(watch([&] { static_cast<void>(sem_wait(&semaphore)); }).locks == 1);
  sem_destroy(&semaphore);
}

TEST_CASE("guard: a wait that is interposed still waits and wakes", "[guard]") {
  if (skipped()) return;
  std::mutex mutex;
  std::condition_variable condition;
  bool ready = false;
  std::thread other([&] {
    std::lock_guard<std::mutex> lock(mutex);
    ready = true;
    condition.notify_one();
  });
  std::unique_lock<std::mutex> lock(mutex);
  CHECK(condition.wait_for(lock, std::chrono::seconds(10), [&] { return ready; }));
  lock.unlock();
  other.join();
}

TEST_CASE("guard: notices a system call made without the C library's help, and lets it pass", "[guard][planted]") {
  if (skipped()) return;
  if (const char* reason = RtScope::system_calls_unwatched()) {
    WARN(reason);
    return;
  }
  long parent = 0;
  const RtReport report = watch([&] { parent = syscall(SYS_getppid); });
  INFO(report.text());
  CHECK(report.system_calls == 1);
  CHECK(std::string(report.first) == "system call number " + std::to_string(SYS_getppid));
  CHECK(parent == getppid());
}

TEST_CASE("guard: notices a system call again in the next scope, and with its arguments whole", "[guard][planted]") {
  if (skipped() || RtScope::system_calls_unwatched() != nullptr) return;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  for (int round = 0; round < 3; ++round) {
    ssize_t written = 0;
    const RtReport report = watch([&] { written = write(ends[1], "relume", 6); });
    CHECK(report.system_calls == 1);
    CHECK(written == 6);
    char back[7] = {};
    CHECK(read(ends[0], back, 6) == 6);
    CHECK(std::string(back) == "relume");
  }
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("guard: notices a page fault", "[guard][planted]") {
  if (skipped()) return;
  void* const fresh = mmap(nullptr, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(fresh != MAP_FAILED);
  const RtReport report = watch([&] { *static_cast<volatile char*>(fresh) = 1; });
  INFO(report.text());
  CHECK(report.page_faults >= 1);
  CHECK(report.allocations + report.locks + report.system_calls == 0);
  munmap(fresh, 1 << 16);
}

TEST_CASE("guard: notices a sleep", "[guard][planted]") {
  if (skipped()) return;
  const RtReport report = watch([] { std::this_thread::sleep_for(std::chrono::milliseconds(2)); });
  INFO(report.text());
  CHECK(report.context_switches >= 1);
}

TEST_CASE("guard: watches the thread of its scope and no other", "[guard]") {
  if (skipped()) return;
  std::atomic<bool> go{false};
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!go) {}
    for (int i = 0; i < 1000; ++i) {
      void* memory = std::malloc(64);
      escape(memory);
      std::free(memory);
      static_cast<void>(getppid());
    }
    done = true;
  });
  const RtReport report = watch([&] {
    go = true;
    while (!done) {}
  });
  other.join();
  INFO(report.text());
  CHECK(report.clean());
}
