// SPDX-License-Identifier: Apache-2.0
// Triggers over the death of a process: counts that were kept come back, and nothing fires a second time.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "support/firing.hpp"
#include "support/rounds.hpp"
#include "support/temp_folder.hpp"

using namespace relume;
using namespace relume::test;

namespace {

/// What a dying process and its successor both see.
struct Shared {
  std::array<std::atomic<std::uint32_t>, kTriggers> fired;  // before each pulse
  std::array<std::atomic<std::uint32_t>, kTriggers> kept;   // acknowledged to operators, or settled
  std::atomic<bool> began;
  std::atomic<bool> backwards;  // a reader saw what no pulse makes
};

struct Place {
  TempFolder disk;
  TempFolder runtime{"/dev/shm"};
  std::string folder = disk.path() + "/a.show";

  std::unique_ptr<TestShow> open(std::int64_t now) const {
    relume_show_options options = quiet_options();
    options.folder = folder.c_str();
    options.runtime_dir = runtime.path().c_str();
    auto t = std::make_unique<TestShow>(firing_schema(), options);
    t->now = now;
    return t;
  }
};

// Fires, composes and settles until it is killed.
[[noreturn]] void live_on(const Place& place, Shared& shared, unsigned seed, std::int64_t now) {
  const auto t = place.open(now);
  const auto params = params_of(t->show);
  Firing firing(t->show, params);
  Source source = t->show.source();
  std::mt19937 random(seed);
  for (;;) {
    for (std::uint32_t pulses = random() % 4; pulses > 0; --pulses) {
      const std::size_t at = random() % kTriggers;
      shared.fired[at].fetch_add(1);
      if (random() % 4 == 0) {
        t->show.set(params[at], trigger());
      } else {
        source.write(params[at], trigger(), t->now);
      }
    }
    t->frame(1);
    if (!firing.look()) shared.backwards = true;
    if (random() % 4 == 0) t->show.tick();
    for (std::size_t i = 0; i < kTriggers; ++i) {
      const relume_explanation e = t->show.explain(params[i]);
      shared.kept[i] = static_cast<std::uint32_t>(e.persisted.as.i) + static_cast<std::uint32_t>(e.committed.as.i);
    }
    shared.began = true;
  }
}

}  // namespace

TEST_CASE("Trigger: killed at any instant, what comes back is the count that was kept, or fired meanwhile",
          "[trigger][kill]") {
  void* page = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  Shared& shared = *new (page) Shared{};
  const Place place;
  std::mt19937 random(7);
  std::int64_t now = 1'000 * kMs;
  for (long round = 0; round < rounds(40, 5'000); ++round) {
    INFO("round " << round);
    shared.began = false;
    const pid_t child = fork();
    if (child == 0) live_on(place, shared, static_cast<unsigned>(round), now);
    REQUIRE(child > 0);
    while (!shared.began) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    kill(child, SIGKILL);
    REQUIRE(waitpid(child, nullptr, 0) == child);

    CHECK_FALSE(shared.backwards);
    now += 100'000 * kMs;
    const auto t = place.open(now);
    REQUIRE(t->show.recovery().rung == RELUME_RUNG_MIRROR);
    const auto params = params_of(t->show);
    const Frame frame = t->frame(1);
    for (std::size_t i = 0; i < kTriggers; ++i) {
      INFO(kRoutes[i]);
      const std::uint32_t count = frame.at(params[i])->u;
      CHECK(count - shared.kept[i] <= shared.fired[i] - shared.kept[i]);
      CHECK(count == static_cast<std::uint32_t>(t->show.get_value(params[i]).value.as.i));
      // Pulses of sources that had not settled have died with their process.
      shared.fired[i] = shared.kept[i] = count;
    }
    t->run(1000);
    for (std::size_t i = 0; i < kTriggers; ++i) CHECK(t->frame().at(params[i])->u == shared.kept[i]);
  }
  munmap(page, sizeof(Shared));
}
