// SPDX-License-Identifier: Apache-2.0
// Triggers end to end: every pulse of operators and sources is in the frames, once, whatever happens to it on its way.
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/firing.hpp"
#include "support/rounds.hpp"

using namespace relume;
using namespace relume::test;

namespace {

relume_source_options source_options(std::uint32_t priority, std::int64_t timeout_ns) {
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.priority = priority;
  options.timeout_ns = timeout_ns;
  return options;
}

/// Three sources of different priorities, one of which is lost whenever it rests, and an operator; everything that happens is
/// drawn, and after each frame its counts must be exact.
class Story {
 public:
  explicit Story(unsigned seed) : random_(seed) {
    for (std::size_t i = 0; i < std::size(sources_); ++i) open(i);
    // All counts wrap in the story: the operators', the sources', the sum.
    for (std::size_t i = 0; i < kTriggers; ++i) {
      for (int half = 0; half < 2; ++half) {
        t_.show.set(params_[i], trigger(0x7ffffff0));
        sources_[half * 2]->write(params_[i], trigger(0x7ffffff0), t_.now);
        total_[i] += 2 * 0x7ffffff0U;
        t_.run(44);
      }
    }
  }

  void step() {
    const std::uint64_t turn = random_() % 64;
    const std::size_t source = random_() % std::size(sources_);
    const std::size_t at = random_() % kTriggers;
    const auto pulses = static_cast<std::uint32_t>(random_() % 5 == 0 ? random_() % 0x100000 + 1 : random_() % 3 + 1);
    if (turn < 24) {
      REQUIRE(sources_[source]->write(params_[at], trigger(pulses), t_.now) == RELUME_OK);
      total_[at] += pulses;
    } else if (turn < 32) {
      write_batch(source);
    } else if (turn < 40) {
      turn % 2 == 0 ? t_.show.set(params_[at], trigger(pulses)) : t_.show.persist(params_[at], trigger(pulses));
      total_[at] += pulses;
    } else if (turn < 48) {
      t_.show.tick();
    } else {
      disturb(turn, source, at);
    }
    if (random_() % 3 == 0) check();
  }
  void finish() {
    for (int i = 0; i < 100; ++i) {
      t_.frame(22);
      t_.show.tick();
    }
    check();
    for (std::size_t i = 0; i < kTriggers; ++i) {
      INFO(kRoutes[i]);
      const relume_explanation e = t_.show.explain(params_[i]);
      CHECK(e.transient.type == 0);
      CHECK(static_cast<std::uint32_t>(e.composed.as.i) == total_[i]);
    }
  }

 private:
  void open(std::size_t i) {
    static constexpr std::uint32_t kPriorities[] = {50, 100, 200};
    sources_[i].emplace(t_.show.source(source_options(kPriorities[i], i == 1 ? 30 * kMs : 0)));
  }
  void write_batch(std::size_t source) {
    std::vector<relume_overlay_value> values;
    for (std::size_t i = 0; i < kTriggers; ++i) {
      values.push_back({params_[i], trigger(static_cast<std::uint32_t>(i + 1)), 0, 0});
      values.push_back({params_[i], trigger(), 0, 0});
      total_[i] += static_cast<std::uint32_t>(i + 2);
    }
    std::size_t culprit = 0;
    REQUIRE(sources_[source]->write(values.data(), values.size(), t_.now, &culprit) == RELUME_OK);
  }
  void disturb(std::uint64_t turn, std::size_t source, std::size_t at) {
    switch (turn) {
      case 48: t_.show.store(); return;
      case 49: t_.show.revert(); return;
      case 50: t_.show.reset(); return;
      case 51: t_.show.reset(t_.show.layer("b")); return;
      case 52:
      case 53:
        range_ = 1.5 - range_;
        reload(t_.show, LayerType("cannon", cannon_params(range_)));
        return;
      case 54:
      case 55:
        sources_[source].reset();
        t_.frame(1);  // its place becomes free
        t_.show.tick();
        open(source);
        return;
      case 56: REQUIRE(sources_[source]->release(params_[at], t_.now) == RELUME_OK); return;
      case 57: t_.now += 40 * kMs; return;
      case 58: sources_[source]->write(t_.show.param("a/level"), scalar(0.25F), t_.now); return;
      case 59: t_.show.set(t_.show.param("a/level"), scalar(0.5F)); return;
      case 60: t_.show.add_layer("extra" + std::to_string(turns_++), "cannon", t_.show.layer("b")); return;
      case 61:
        if (t_.show.layers().size() > 2) t_.show.remove_layer(t_.show.layers()[1]);
        return;
      case 62: t_.run(600); return;
      default: t_.show.set(t_.show.param("a/count"), integer(static_cast<std::int32_t>(at))); return;
    }
  }
  void check() {
    t_.frame(1);
    firing_.look();
    REQUIRE(firing_.seen() == total_);
    for (std::size_t i = 0; i < kTriggers; ++i) {
      REQUIRE(static_cast<std::uint32_t>(t_.show.get_value(params_[i]).value.as.i) == total_[i]);
    }
  }

  std::mt19937_64 random_;
  TestShow t_{firing_schema()};
  std::array<relume_param, kTriggers> params_ = params_of(t_.show);
  Firing firing_{t_.show, params_};
  std::optional<Source> sources_[3];
  Counts total_{};
  double range_ = 1;
  int turns_ = 0;
};

}  // namespace

TEST_CASE("Trigger: every frame has all pulses up to it, once, whatever else happens", "[trigger]") {
  for (long round = 0; round < rounds(30, 5'000); ++round) {
    INFO("seed " << round);
    Story story(static_cast<unsigned>(round));
    for (int i = 0; i < 1'000; ++i) story.step();
    story.finish();
  }
}

TEST_CASE("Trigger: a source that has fired more than 2^31 times counts on", "[trigger]") {
  TestShow t(firing_schema());
  const relume_param go = t.show.param("a/go");
  Source source = t.show.source();
  std::uint32_t total = 0;
  for (const std::uint32_t pulses : {0x7fffffffU, 0x7fffffffU, 5U, 0x7fffffffU, 1U, 1U}) {
    REQUIRE(source.write(go, trigger(pulses), t.now) == RELUME_OK);
    total += pulses;
    CHECK(t.frame(1).at(go)->u == total);
    t.run(44);
    CHECK(t.frame(1).at(go)->u == total);
    CHECK(static_cast<std::uint32_t>(t.show.explain(go).committed.as.i) == total);
  }
}

TEST_CASE("Trigger: readers at 24 and 1,000 Hz count the same pulses", "[trigger]") {
  TestShow t(firing_schema());
  const auto params = params_of(t.show);
  Firing quick(t.show, params);
  Firing slow(t.show, params);
  Source source = t.show.source();
  std::mt19937 random(1);
  std::array<std::uint64_t, kTriggers> sent{};
  for (std::int64_t ms = 0; ms < 24'000; ++ms) {
    const std::size_t at = random() % kTriggers;
    for (std::uint32_t pulses = random() % 4; pulses > 0; --pulses) {
      REQUIRE(source.write(params[at], trigger(), t.now) == RELUME_OK);
      ++sent[at];
    }
    if (random() % 16 == 0) {
      t.show.set(params[at], trigger(2));
      sent[at] += 2;
    }
    t.frame(1);
    if (ms % 5 == 0) t.show.tick();
    REQUIRE(quick.look());
    if ((ms * 24) / 1000 != ((ms + 1) * 24) / 1000) REQUIRE(slow.look());
  }
  CHECK(quick.fired == sent);
  CHECK(slow.fired == sent);
}

TEST_CASE("Trigger: a million pulses of three sources under load arrive, exactly", "[trigger][threads]") {
  const auto per_source = static_cast<std::uint32_t>(rounds(333'334, 3'333'334));
  relume_show_options options = quiet_options();
  options.max_sources = 8;
  TestShow t(firing_schema(), options);
  Show& show = t.show;
  const auto params = params_of(show);
  Firing firing(show, params);
  std::array<std::atomic<std::uint64_t>, kTriggers> sent{};
  std::atomic<int> busy{4};
  std::atomic<std::int64_t> now{t.now};
  std::atomic<bool> sound{true};
  const auto expect = [&](bool holds) {
    if (!holds) sound = false;
  };

  std::vector<std::thread> threads;
  for (std::uint32_t n = 0; n < 3; ++n) {
    threads.emplace_back([&, n] {
      std::optional<Source> source;
      for (std::uint32_t i = 0; i < per_source; ++i) {
        if (i % 50'000 == 0) {
          source.reset();
          while (!source) {
            try {
              source.emplace(show.source(source_options(50 + n * 50, n == 1 ? 5 * kMs : 0)));
            } catch (const Error&) { std::this_thread::yield(); }
          }
        }
        const std::size_t at = (i + n) % kTriggers;
        expect(source->write(params[at], trigger(), now.load(std::memory_order_relaxed)) == RELUME_OK);
        sent[at].fetch_add(1, std::memory_order_relaxed);
        if (i % 1'000 == 999) std::this_thread::yield();
      }
      --busy;
    });
  }
  threads.emplace_back([&] {  // the operator
    double range = 1;
    for (std::uint32_t i = 0; busy.load() > 1 || i < 100; ++i) {
      const std::size_t at = i % kTriggers;
      show.set(params[at], trigger(3));
      sent[at].fetch_add(3, std::memory_order_relaxed);
      if (i % 7 == 0) show.reset();
      if (i % 11 == 0) show.store();
      if (i % 13 == 0) reload(show, LayerType("cannon", cannon_params(range = 1.5 - range)));
      if (i % 3 == 0) show.tick();
      std::this_thread::yield();
    }
    --busy;
  });
  Source load = show.source();
  const relume_param glide = show.param("b/level");
  std::uint64_t frames = 0;
  while (busy.load() > 0) {
    load.write(glide, scalar(frames % 2 == 0 ? 0.5F : 0.0F), t.now);
    t.now += kMs;
    now.store(t.now, std::memory_order_relaxed);
    show.compose(t.now);
    if (++frames % 3 == 0) expect(firing.look());
  }
  for (std::thread& thread : threads) thread.join();
  t.run(1000);
  expect(firing.look());
  CHECK(sound.load());
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < kTriggers; ++i) {
    INFO(kRoutes[i]);
    CHECK(firing.fired[i] == sent[i].load());
    CHECK(static_cast<std::uint32_t>(show.get_value(params[i]).value.as.i) == sent[i].load());
    const relume_explanation e = show.explain(params[i]);
    CHECK(e.transient.type == 0);
    all += static_cast<std::uint32_t>(e.committed.as.i);
  }
  CHECK(all == std::uint64_t{3} * per_source);
}
