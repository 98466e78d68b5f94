// SPDX-License-Identifier: Apache-2.0
// What ends a rig, what asks for its picture, and how several outputs share a show.
#include "adapters/clock.hpp"
#include "operator/compose.hpp"
#include "operator/signals.hpp"

#include <catch2/catch.hpp>
#include <relume/relume.hpp>

#include <atomic>
#include <csignal>
#include <thread>

#include <unistd.h>

using rig::Signals;

namespace {

constexpr std::int64_t kAtOnce = 0;
constexpr std::int64_t kLong = 10 * rig::kSecond;

/// Restores what a Signals blocks, so that cases do not see each other's signals.
struct Mask {
  Mask() { pthread_sigmask(SIG_BLOCK, nullptr, &before); }
  ~Mask() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
  sigset_t before{};
};

}  // namespace

TEST_CASE("Signals: SIGINT and SIGTERM end, and the end stays", "[operator]") {
  for (const int number : {SIGINT, SIGTERM}) {
    const Mask mask;
    Signals signals(false);
    CHECK(signals.wait(kAtOnce) == Signals::Came::nothing);
    kill(getpid(), number);
    CHECK(signals.wait(kLong) == Signals::Came::end);
    CHECK(signals.wait(kAtOnce) == Signals::Came::end);
  }
}

TEST_CASE("Signals: SIGUSR1 asks for the picture once and ends nothing", "[operator]") {
  const Mask mask;
  Signals signals(true);
  kill(getpid(), SIGUSR1);
  CHECK(signals.wait(kLong) == Signals::Came::look);
  CHECK(signals.wait(kAtOnce) == Signals::Came::nothing);
  kill(getpid(), SIGTERM);
  CHECK(signals.wait(kLong) == Signals::Came::end);
}

TEST_CASE("Signals: a rig that is finished wakes its main thread", "[operator]") {
  const Mask mask;
  Signals signals(false);
  std::thread other([&] { signals.finish(); });
  CHECK(signals.wait(kLong) == Signals::Came::end);
  other.join();
  CHECK(signals.wait(kAtOnce) == Signals::Came::end);
}

TEST_CASE("Compose: beside another output, the frame is never older than what its caller knew", "[operator][threads]") {
  relume::Schema schema;
  schema.type("level", {relume::Param("level", RELUME_INT)}).layer("all", "level");
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.flags = RELUME_SHOW_NO_THREADS;
  relume::Show show(schema, options);
  const relume_param level = show.param("all/level");
  relume::Reader reader = show.reader();
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop.load()) rig::compose_frame(show, rig::monotonic_now());
  });
  int stale = 0;
  for (int i = 1; i <= 20'000; ++i) {
    show.set(level, relume::integer(i));
    rig::compose_frame(show, rig::monotonic_now());
    if (reader.acquire().at(level)->i != i) ++stale;
  }
  stop = true;
  other.join();
  CHECK(stale == 0);
}
