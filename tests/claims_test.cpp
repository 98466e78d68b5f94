// SPDX-License-Identifier: Apache-2.0
// Several sources on one parameter: who wins, what waits, and what becomes of it: relume/overlay.h.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "support/test_show.hpp"

using namespace relume;
using relume::test::kMs;
using relume::test::source_of;
using relume::test::TestShow;

namespace {

constexpr std::int64_t kHour = 3'600'000;  // ms

Schema with(bool highest) {
  const auto made = [highest](Param param) { return highest ? param.highest() : param; };
  Schema schema;
  schema.type("t", {made(Param("step", RELUME_FLOAT).range(0, 1)),
                    made(Param("level", RELUME_FLOAT).range(0, 1).smoothing(100 * kMs)),
                    made(Param("color", RELUME_COLOR).range(-1, 1)), made(Param("on", RELUME_BOOL)),
                    made(Param("count", RELUME_INT).range(-10, 10)),
                    made(Param("mode", RELUME_ENUM).labels({"off", "slow", "fast"})), made(Param("start", RELUME_TIME)),
                    made(Param("free", RELUME_FLOAT))});
  schema.layer("a", "t").layer("b", "t");
  return schema;
}

/// Automation stays automation: what is shown is who wins.
struct Stage : TestShow {
  explicit Stage(bool highest = false, std::uint32_t max_contended = 0)
      : TestShow(with(highest), options(max_contended)) {}
  static relume_show_options options(std::uint32_t max_contended) {
    relume_show_options made = relume::test::quiet_options();
    made.commit_policy = RELUME_COMMIT_RENDER_ONLY;
    made.max_contended = max_contended;
    return made;
  }
  relume_param at(const std::string& route) { return show.param(route); }
  std::uint32_t winner(const std::string& route) { return show.explain(show.param(route)).source; }
  Source lasting(std::int64_t timeout_ms, std::uint32_t priority = 0) {
    relume_source_options made = RELUME_SOURCE_OPTIONS_INIT;
    made.timeout_ns = timeout_ms * kMs;
    made.priority = priority;
    return show.source(made);
  }
  relume_result write_in(Source& source, const char* route, const relume_value& value, std::uint32_t smoothing_ms) {
    const relume_overlay_value one = {at(route), value, 0, smoothing_ms};
    return source.write(&one, 1, now);
  }
};

}  // namespace

TEST_CASE("Claims: among equals the latest change wins, in whatever order a frame looks at them", "[claims]") {
  Stage t;
  Source first = source_of(t.show);
  Source second = source_of(t.show);
  const std::int64_t early = t.now + 5 * kMs;
  const std::int64_t late = t.now + 10 * kMs;
  t.frame(1);
  SECTION("in frames of their own") {
    first.write(t.at("a/step"), scalar(0.1F), t.now);
    CHECK(t.level("a/step", 22) == 0.1F);
    second.write(t.at("a/step"), scalar(0.2F), t.now);
    CHECK(t.level("a/step", 22) == 0.2F);
    first.write(t.at("a/step"), scalar(0.3F), t.now);
    CHECK(t.level("a/step", 22) == 0.3F);
    first.write(t.at("a/step"), scalar(0.3F), t.now);  // no change
    second.write(t.at("a/step"), scalar(0.4F), t.now);
    t.frame(22);
    first.write(t.at("a/step"), scalar(0.3F), t.now);
    CHECK(t.level("a/step", 22) == 0.4F);
  }
  SECTION("in one frame") {
    second.write(t.at("a/step"), scalar(0.2F), late);
    first.write(t.at("a/step"), scalar(0.1F), early);
    second.write(t.at("b/step"), scalar(0.2F), early);
    first.write(t.at("b/step"), scalar(0.1F), late);
    const Frame frame = t.frame(22);
    CHECK(frame.at(t.at("a/step"))->f == 0.2F);
    CHECK(frame.at(t.at("b/step"))->f == 0.1F);
  }
  SECTION("at one time: the source with the higher number") {
    second.write(t.at("a/step"), scalar(0.2F), early);
    first.write(t.at("a/step"), scalar(0.1F), early);
    CHECK(t.level("a/step", 22) == 0.2F);
    CHECK(t.winner("a/step") == second.info().number);
  }
}

TEST_CASE("Claims: the highest priority wins, whoever was last", "[claims]") {
  Stage t;
  Source weak = source_of(t.show, 99);
  Source middle = source_of(t.show);
  Source strong = source_of(t.show, 101);
  strong.write(t.at("a/step"), scalar(0.3F), t.now);
  t.frame(22);
  middle.write(t.at("a/step"), scalar(0.2F), t.now);
  t.frame(22);
  weak.write(t.at("a/step"), scalar(0.1F), t.now);
  CHECK(t.level("a/step", 22) == 0.3F);
  strong.release(t.at("a/step"), t.now);
  CHECK(t.level("a/step", 22) == 0.2F);
  middle.release(t.at("a/step"), t.now);
  CHECK(t.level("a/step", 22) == 0.1F);
  strong.write(t.at("a/step"), scalar(0.3F), t.now);
  CHECK(t.level("a/step", 22) == 0.3F);
}

TEST_CASE("Claims: with the flag the highest value of equal priority wins, of every type", "[claims]") {
  Stage t(true);
  Source first = source_of(t.show);
  Source second = source_of(t.show);
  struct Row {
    const char* route;
    relume_value low;
    relume_value high;
  };
  const Row rows[] = {
      {"a/step", scalar(0.25F), scalar(0.5F)},
      {"a/free", scalar(-3), scalar(-2)},
      {"a/on", boolean(false), boolean(true)},
      {"a/count", integer(-2), integer(-1)},
      {"a/mode", choice(1), choice(2)},
      {"a/color", color(0, 0.5F, -1, 0), color(0, 0.5F, 0, -1)},  // the first lane that differs
      {"b/start", relume::time(-1), relume::time(0)},
      {"a/start", relume::time(0x7fffffff), relume::time(0x100000000)},  // whose low half is less
  };
  for (const Row& row : rows) {
    INFO(row.route);
    const relume_param param = t.at(row.route);
    const auto shows = [&](const relume_value& value) {
      t.frame(22);
      const relume_value shown = t.show.explain(param).transient;
      return shown.as.t == value.as.t;
    };
    first.write(param, row.high, t.now);
    CHECK(shows(row.high));
    second.write(param, row.low, t.now);
    CHECK(shows(row.high));
    CHECK(t.winner(row.route) == first.info().number);
    second.write(param, row.high, t.now);  // as high, and later
    CHECK(shows(row.high));
    CHECK(t.winner(row.route) == second.info().number);
    second.write(param, row.low, t.now);
    first.release(param, t.now);
    CHECK(shows(row.low));
    CHECK(t.winner(row.route) == second.info().number);
    second.release(param, t.now);
    t.frame(22);
  }
}

TEST_CASE("Claims: the highest value does not beat the higher priority", "[claims]") {
  Stage t(true);
  Source weak = source_of(t.show, 50);
  Source strong = source_of(t.show);
  strong.write(t.at("a/step"), scalar(0.1F), t.now);
  weak.write(t.at("a/step"), scalar(0.9F), t.now);
  CHECK(t.level("a/step", 22) == 0.1F);
}

TEST_CASE("Claims: a winner whose value falls below one that waits gives way to it, and the fall glides", "[claims]") {
  Stage t(true);
  Source first = source_of(t.show);
  Source second = source_of(t.show);
  first.write(t.at("a/level"), scalar(1), t.now);
  second.write(t.at("a/level"), scalar(0.5F), t.now);
  CHECK(t.level("a/level", 3000) == 1.0F);
  first.write(t.at("a/level"), scalar(0.25F), t.now);
  const float falling = t.level("a/level", 50);
  CHECK(falling > 0.5F);
  CHECK(falling < 1.0F);
  CHECK(t.level("a/level", 3000) == 0.5F);
  CHECK(t.winner("a/level") == second.info().number);
  second.release(t.at("a/level"), t.now);
  CHECK(t.level("a/level", 3000) == 0.25F);
}

TEST_CASE("Claims: when the winner goes, the parameter glides to the next", "[claims]") {
  Stage t;
  Source below = source_of(t.show);
  std::optional<Source> above = source_of(t.show, 120);
  below.write(t.at("a/level"), scalar(0.5F), t.now);
  above->write(t.at("a/level"), scalar(1), t.now);
  CHECK(t.level("a/level", 3000) == 1.0F);
  const bool closed = GENERATE(false, true);
  if (closed) {
    above.reset();
  } else {
    above->release(t.at("a/level"), t.now);
  }
  t.frame(0);
  const float gliding = t.level("a/level", 50);
  CHECK(std::abs(gliding - (0.5F + 0.5F * std::exp(-0.5F))) < 1e-4F);
  CHECK(t.level("a/level", 3000) == 0.5F);
}

TEST_CASE("Claims: one that waits may be released, and then is not there when the winner goes", "[claims]") {
  Stage t;
  Source below = source_of(t.show);
  Source above = source_of(t.show, 120);
  below.write(t.at("a/step"), scalar(0.5F), t.now);
  above.write(t.at("a/step"), scalar(1), t.now);
  t.frame(22);
  below.release(t.at("a/step"), t.now);
  CHECK(t.level("a/step", 22) == 1.0F);
  above.release(t.at("a/step"), t.now);
  CHECK(t.level("a/step", 22) == 0.0F);
}

TEST_CASE("Timeout: a source that has fallen silent is lost, a word in time keeps it", "[claims][timeout]") {
  Stage t;
  Source desk = t.lasting(500);
  desk.write(t.at("a/step"), scalar(0.5F), t.now);
  desk.write(t.at("b/level"), scalar(0.5F), t.now);
  t.frame(22);
  for (int i = 0; i < 10; ++i) {
    CHECK(t.level("a/step", 490) == 0.5F);
    desk.write(t.at("a/step"), scalar(0.5F), t.now);  // equal values count
    t.frame(0);
  }
  CHECK(desk.info().unchanged == 10);
  CHECK(desk.info().timeouts == 0);
  CHECK(t.level("b/level") == 0.5F);
  t.frame(499);
  CHECK(t.level("a/step") == 0.5F);
  t.frame(1);
  CHECK(t.level("a/step") == 0.0F);
  CHECK(desk.info().timeouts == 1);
  CHECK(t.level("b/level") == 0.5F);  // glides back to 0
  CHECK(t.level("b/level", 50) < 0.4F);
  t.frame(5000);
  CHECK(desk.info().timeouts == 1);  // it holds nothing more that could be lost
  SECTION("an equal value takes it back") {
    desk.write(t.at("a/step"), scalar(0.5F), t.now);
    CHECK(t.level("a/step", 22) == 0.5F);
    CHECK(t.level("b/level") == 0.0F);  // of that one nothing was said
    t.frame(500);
    CHECK(desk.info().timeouts == 2);
  }
}

TEST_CASE("Timeout: without one a source is never lost", "[claims][timeout]") {
  Stage t;
  Source desk = source_of(t.show);
  desk.write(t.at("a/step"), scalar(0.5F), t.now);
  t.frame(22);
  CHECK(t.level("a/step", kHour) == 0.5F);
  CHECK(desk.info().timeouts == 0);
}

TEST_CASE("Timeout: it runs on the clock of the frames, not on the source's own", "[claims][timeout]") {
  Stage t;
  Source behind = t.lasting(500);
  Source ahead = t.lasting(500);
  for (int i = 0; i < 50; ++i) {
    behind.write(t.at("a/step"), scalar(0.5F), -kHour * kMs);
    ahead.write(t.at("b/step"), scalar(0.5F), t.now + kHour * kMs);
    const Frame frame = t.frame(22);
    CHECK(frame.at(t.at("a/step"))->f == 0.5F);
  }
  t.frame(600);
  t.frame(0);
  CHECK(behind.info().timeouts == 1);
  CHECK(ahead.info().timeouts == 1);
  CHECK(t.level("b/step") == 0.0F);
}

TEST_CASE("Timeout: sources that are lost together go in one frame, whichever is looked at first",
          "[claims][timeout]") {
  Stage t;
  const bool stepping_first = GENERATE(false, true);
  Source a = t.lasting(500, stepping_first ? 100 : 120);
  Source b = t.lasting(500, stepping_first ? 120 : 100);
  Source& shown = stepping_first ? b : a;
  Source& waiting = stepping_first ? a : b;
  shown.write(t.at("a/level"), scalar(1), t.now);
  t.write_in(waiting, "a/level", scalar(0.25F), RELUME_SMOOTHING_STEP);
  shown.write(t.at("b/step"), scalar(1), t.now);
  waiting.write(t.at("b/step"), scalar(0.5F), t.now);
  t.frame(22);
  CHECK(t.level("a/level", 450) > 0.98F);
  const Frame lost = t.frame(50);
  CHECK(lost.at(t.at("b/step"))->f == 0.0F);
  CHECK(lost.at(t.at("a/level"))->f > 0.98F);  // no jump: what waited never showed
  const float falling = t.level("a/level", 50);
  CHECK(falling > 0.55F);
  CHECK(falling < 0.65F);
}

TEST_CASE("Timeout: a stream is lost as a source is, and the same values take it back", "[claims][timeout]") {
  Stage t;
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.timeout_ns = 500 * kMs;
  Stream dmx = t.show.stream(t.at("a/step"), 2, options);
  const float values[] = {0.5F, 0.75F};
  dmx.write(values, 2, t.now);
  t.frame(22);
  dmx.write(values, 2, t.now);
  t.frame(400);
  CHECK(t.level("a/step", 99) == 0.5F);
  dmx.write(values, 2, t.now);
  CHECK(t.level("a/step", 1) == 0.5F);
  t.frame(500);
  CHECK(t.level("a/step") == 0.0F);
  CHECK(dmx.info().timeouts == 1);
  dmx.write(values, 2, t.now);
  CHECK(t.level("a/step", 22) == 0.5F);
}

TEST_CASE("Timeout: a negative one is refused", "[claims][timeout][error]") {
  Stage t;
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.timeout_ns = -1;
  relume_source* raw = nullptr;
  relume_stream* stream = nullptr;
  CHECK(relume_source_open(t.show.get(), &options, &raw, nullptr) == RELUME_E_INVALID);
  CHECK(relume_stream_open(t.show.get(), &options, t.at("a/step"), 1, &stream, nullptr) == RELUME_E_INVALID);
}

TEST_CASE("Smoothing: the time constant of a single write, from 1 ms to 65,534, or a step", "[claims][smoothing]") {
  Stage t;
  Source osc = source_of(t.show);
  t.frame(1);
  const auto after = [&](const char* route, std::uint32_t smoothing_ms, std::int64_t ms) {
    REQUIRE(t.write_in(osc, route, scalar(1), smoothing_ms) == RELUME_OK);
    t.frame(0);
    return t.level(route, ms);
  };
  SECTION("0 is the definition's") { CHECK(std::abs(after("a/level", 0, 100) - (1 - std::exp(-1.0F))) < 1e-4F); }
  SECTION("1 ms") {
    CHECK(std::abs(after("a/level", 1, 1) - (1 - std::exp(-1.0F))) < 1e-4F);
    CHECK(t.level("a/level", 10) == 1.0F);
  }
  SECTION("65,534 ms, also where the definition steps") {
    CHECK(std::abs(after("a/step", 65'534, 65'534) - (1 - std::exp(-1.0F))) < 1e-4F);
  }
  SECTION("a step") { CHECK(after("a/level", RELUME_SMOOTHING_STEP, 0) == 1.0F); }
  SECTION("it is for this write, and its release") {
    CHECK(after("a/level", 1000, 10'000) == 1.0F);
    osc.release(t.at("a/level"), t.now);
    t.frame(0);
    CHECK(t.level("a/level", 500) > 0.5F);
    t.frame(20'000);
    osc.write(t.at("a/level"), scalar(0.5F), t.now);
    t.frame(0);
    CHECK(std::abs(t.level("a/level", 100) - 0.5F * (1 - std::exp(-1.0F))) < 1e-4F);
  }
  SECTION("what never glides steps whatever it says") {
    const relume_overlay_value batch[] = {{t.at("a/on"), boolean(true), 0, 5000},
                                          {t.at("a/count"), integer(7), 0, 5000},
                                          {t.at("a/mode"), choice(2), 0, 5000},
                                          {t.at("a/start"), relume::time(77), 0, 5000}};
    REQUIRE(osc.write(batch, 4, t.now) == RELUME_OK);
    const Frame frame = t.frame(1);
    CHECK(frame.at(t.at("a/on"))->i == 1);
    CHECK(frame.at(t.at("a/count"))->i == 7);
    CHECK(frame.at(t.at("a/mode"))->i == 2);
    CHECK(frame.at(t.at("a/start"))->i == 77);
    CHECK(frame->moving == 0);
  }
  SECTION("more is refused") {
    const relume_overlay_value one = {t.at("a/level"), scalar(1), 0, RELUME_SMOOTHING_STEP + 1};
    std::size_t culprit = 9;
    CHECK(osc.write(&one, 1, t.now, &culprit) == RELUME_E_INVALID);
    CHECK(culprit == 0);
  }
}

TEST_CASE("Smoothing: a claim that takes over glides with its own", "[claims][smoothing]") {
  Stage t;
  Source below = source_of(t.show);
  Source above = source_of(t.show, 120);
  t.write_in(below, "a/level", scalar(0.5F), 1000);
  above.write(t.at("a/level"), scalar(1), t.now);
  CHECK(t.level("a/level", 3000) == 1.0F);
  above.release(t.at("a/level"), t.now);
  t.frame(0);
  CHECK(std::abs(t.level("a/level", 1000) - (0.5F + 0.5F * std::exp(-1.0F))) < 1e-4F);
}

TEST_CASE("Settled: claims older than the winner's last change end with it, newer ones take over", "[claims][settle]") {
  TestShow t;
  Source weak = source_of(t.show, 50, RELUME_COMMIT_RENDER_ONLY);
  Source strong = source_of(t.show, 120, RELUME_COMMIT_SESSION);
  const relume_param step = t.show.param("wash/step");
  const bool newer = GENERATE(false, true);
  if (!newer) weak.write(step, scalar(0.25F), t.now);
  t.frame(22);
  strong.write(step, scalar(0.75F), t.now);
  t.frame(22);
  if (newer) weak.write(step, scalar(0.25F), t.now);
  t.run(1000);
  CHECK(t.show.explain(step).committed.as.f[0] == 0.75F);
  CHECK(t.level("wash/step") == (newer ? 0.25F : 0.75F));
  CHECK(t.tier("wash/step") == (newer ? RELUME_TIER_TRANSIENT : RELUME_TIER_COMMITTED));
}

TEST_CASE("max_contended: what is over it waits at its source, and what is displaced then is given up", "[claims]") {
  Stage t(false, 1);
  Source weak = source_of(t.show, 50);
  Source strong = source_of(t.show, 120);
  const char* const routes[] = {"a/step", "b/step", "a/free"};
  const bool displaced = GENERATE(false, true);
  Source& first = displaced ? weak : strong;
  Source& second = displaced ? strong : weak;
  for (const char* route : routes) first.write(t.at(route), scalar(displaced ? 0.25F : 0.75F), t.now);
  t.frame(22);
  for (const char* route : routes) second.write(t.at(route), scalar(displaced ? 0.75F : 0.25F), t.now);
  t.frame(22);
  int waited = 0;
  for (const char* route : routes) {
    CHECK(t.level(route) == 0.75F);
    strong.release(t.at(route), t.now);
    t.frame(22);
    const float left = t.level(route, 22);
    waited += left == 0.25F ? 1 : 0;
    CHECK((left == 0.25F || left == 0.0F));
  }
  CHECK(waited == (displaced ? 1 : 3));
  weak.write(t.at("a/free"), scalar(0.5F), t.now);  // its next change counts
  CHECK(t.level("a/free", 22) == 0.5F);
}

TEST_CASE("Counters: superseded are the written ones that no frame took", "[claims]") {
  Stage t;
  Source osc = source_of(t.show);
  for (int i = 1; i <= 5; ++i) osc.write(t.at("a/step"), scalar(static_cast<float>(i) / 10.0F), t.now);
  CHECK(t.level("a/step", 22) == 0.5F);
  osc.write(t.at("a/step"), scalar(0.6F), t.now);
  t.frame(22);
  CHECK(osc.info().written == 6);
  CHECK(osc.info().superseded == 4);
}

// --- long times ---

TEST_CASE("Long: claims that stand for 100 hours keep their order and their age", "[claims][long]") {
  Stage t;
  Source first = source_of(t.show);
  Source second = source_of(t.show);
  first.write(t.at("a/step"), scalar(0.25F), t.now);
  first.write(t.at("b/step"), scalar(0.25F), t.now);
  t.frame(1000);
  second.write(t.at("a/step"), scalar(0.5F), t.now);
  t.frame(1000);
  for (int hour = 1; hour <= 100; ++hour) {
    for (int seconds = 0; seconds < 3600; ++seconds) t.show.compose(t.now += 1000 * kMs);
    const std::int64_t age = t.show.explain(t.at("b/step")).age_ns;
    INFO(hour << " h, age " << age / (kHour * kMs) << " h");
    CHECK(age >= std::int64_t{std::min(hour, 9)} * kHour * kMs);
    if (hour < 19) CHECK(age <= hour * kHour * kMs + 3000 * kMs);
    CHECK(t.winner("a/step") == second.info().number);
    if (hour % 7 != 0) continue;
    second.write(t.at("a/step"), scalar(static_cast<float>(hour) / 100.0F), t.now);
    CHECK(t.level("a/step", 22) == static_cast<float>(hour) / 100.0F);  // not the one that waits since the beginning
  }
  second.release(t.at("a/step"), t.now);
  CHECK(t.level("a/step", 22) == 0.25F);
}

TEST_CASE("Long: a glide of hours follows its curve, with frames and without", "[claims][long]") {
  const std::int64_t pause = GENERATE(1, 30 * 3600, 100 * 3600);  // seconds between frames
  constexpr double kTau = 20.0 * 3600;
  Schema schema;
  schema.type("t", {Param("slow", RELUME_FLOAT).range(0, 1).smoothing(20 * kHour * kMs)});
  schema.layer("a", "t");
  TestShow t(schema);
  Source osc = source_of(t.show);
  t.frame(1);
  osc.write(t.show.param("a/slow"), scalar(1), t.now);
  t.frame(0);
  for (std::int64_t passed = 0; passed < 100 * 3600;) {
    const std::int64_t until = std::max(passed + pause, passed + 3600);
    for (; passed < until; passed += pause) t.show.compose(t.now += pause * 1000 * kMs);
    const double left = std::exp(-static_cast<double>(passed) / kTau);
    CHECK(std::abs(static_cast<double>(t.level("a/slow")) - (1 - left)) < 1e-4);
  }
}

TEST_CASE("Long: after a pause of hours automation settles at once", "[claims][long]") {
  TestShow t;
  Source osc = source_of(t.show);
  const std::int64_t hours = GENERATE(5, 30, 50, 70, 100);
  osc.write(t.show.param("wash/step"), scalar(0.5F), t.now);
  t.frame(22);
  t.frame(hours * kHour);
  t.frame(22);
  t.show.tick();
  t.frame(22);
  CHECK(t.tier("wash/step") == RELUME_TIER_COMMITTED);
  CHECK(t.level("wash/step") == 0.5F);
}

TEST_CASE(
    "Claims: a strong source's value that came after its layer outlives a value of the operator, many changes later",
    "[claims]") {
  TestShow t;
  t.show.add_layer("more", "fixture");
  Source strong = source_of(t.show, 120);
  const relume_param step = t.show.param("more/step");
  REQUIRE(strong.write(step, scalar(0.75F), t.now) == RELUME_OK);
  for (int i = 0; i < 200; ++i) t.show.set(t.show.param("wash/step"), scalar(static_cast<float>(i) / 200));
  t.show.set(step, scalar(0.25F));
  CHECK(t.level("more/step", 10) == 0.75F);
}
