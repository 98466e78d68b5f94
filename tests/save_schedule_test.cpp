// SPDX-License-Identifier: Apache-2.0
// When a target is written: quiet time, maximum age, pacing, backoff.
#include <catch2/catch.hpp>

#include "persistence/save_schedule.hpp"

using relume::core::SavePolicy;
using relume::core::SaveSchedule;

namespace {

constexpr std::int64_t kMs = 1'000'000;

struct Clockwork {
  SaveSchedule schedule{SavePolicy{250 * kMs, 2000 * kMs}};
  std::int64_t now = 10'000 * kMs;
  std::uint64_t due = 0;
  std::int64_t done = 0;

  bool look() {
    schedule.look(due, done, now);
    return schedule.is_due(now);
  }
  /// Milliseconds until a write is due, looked at every millisecond; 100,000 when none is.
  int wait(int change_every_ms = 0) {
    for (int ms = 0; ms < 100'000; ++ms) {
      if (change_every_ms != 0 && ms % change_every_ms == 0) ++due;
      if (look()) return ms;
      now += kMs;
    }
    return 100'000;
  }
  void write(std::int64_t takes_ms, bool works = true) {
    schedule.began(now);
    const std::uint64_t revision = due;
    now += takes_ms * kMs;
    if (works) done = static_cast<std::int64_t>(revision);
    schedule.ended(works, now);
  }
};

}  // namespace

TEST_CASE("Schedule: nothing changed, nothing is due; a change is due after the quiet time", "[save]") {
  Clockwork c;
  CHECK(c.wait() == 100'000);
  c.due = 1;
  CHECK(c.wait() == 250);
  c.write(1);
  CHECK(c.wait() == 100'000);
}

TEST_CASE("Schedule: a steady stream is due at the maximum age, not later and not before", "[save]") {
  for (const int every : {1, 10, 100, 249}) {
    INFO(every);
    Clockwork c;
    CHECK(c.wait(every) == 2000);
    c.write(1);
    CHECK(c.wait(every) == 1999);  // counted from the begin of the write: what is unsaved came after that
  }
}

TEST_CASE("Schedule: a change during the write is saved next", "[save]") {
  Clockwork c;
  c.due = 1;
  c.wait();
  c.schedule.began(c.now);
  c.due = 2;
  c.now += 5 * kMs;
  c.done = 1;
  c.schedule.ended(true, c.now);
  CHECK(c.wait() == 250);
}

TEST_CASE("Schedule: after a slow write it rests for twice as long", "[save]") {
  Clockwork c;
  c.due = 1;
  c.wait();
  c.write(3000);
  c.due = 2;
  CHECK(c.wait() == 6000);
}

TEST_CASE("Schedule: failures are retried with backoff, and by the next change", "[save]") {
  Clockwork c;
  c.due = 1;
  c.wait();
  int last = 0;
  for (const int expected : {250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000}) {
    c.write(0, false);
    last = c.wait();
    CHECK(last == expected);
  }
  CHECK(c.schedule.failures() == 9);
  c.write(0, false);
  c.now += 1000 * kMs;
  c.due = 2;
  CHECK(c.wait() == 250);  // not after 30 s
  c.write(0, false);
  c.due = 3;
  CHECK(c.wait() == 250);  // and no more often than the quiet time
  c.write(1);
  CHECK(c.schedule.failures() == 0);
  CHECK(c.wait() == 100'000);
}
