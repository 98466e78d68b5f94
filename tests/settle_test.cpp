// SPDX-License-Identifier: Apache-2.0
// Automation that stops changing is committed: DESIGN 5, rule 7.
#include <catch2/catch.hpp>

#include "support/test_show.hpp"

using namespace relume;
using relume::test::source_of;
using relume::test::TestShow;

TEST_CASE("Settle: automation that stops changing is committed and ends", "[automation][settle]") {
  TestShow t;
  Source osc = source_of(t.show);
  Events events = t.show.events();
  const relume_param level = t.show.param("wash/level");
  osc.write(level, scalar(0.5F), t.now);
  t.run(300);
  CHECK(t.tier("wash/level") == RELUME_TIER_TRANSIENT);
  t.run(1200);
  CHECK(t.tier("wash/level") == RELUME_TIER_COMMITTED);
  CHECK(t.level("wash/level") == 0.5F);
  CHECK(t.show.status().accepted == 1);
  const auto seen = events.poll();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].kind == RELUME_EVENT_OVERLAY_SETTLED);
  CHECK(seen[0].param.bits == level.bits);
  CHECK(seen[0].revision == 1);
}

TEST_CASE("Settle: a value that keeps changing is not committed, and settling one route leaves another alone",
          "[automation][settle]") {
  TestShow t;
  Source osc = source_of(t.show);
  osc.write(t.show.param("spot/step"), scalar(0.3F), t.now);
  for (int i = 0; i < 60; ++i) {
    osc.write(t.show.param("wash/step"), scalar(static_cast<float>(i) / 100.0F), t.now);
    t.run(22);
  }
  CHECK(t.tier("wash/step") == RELUME_TIER_TRANSIENT);
  CHECK(t.tier("spot/step") == RELUME_TIER_COMMITTED);
  CHECK(t.show.status().accepted == 1);
}

TEST_CASE("Settle: a stale generation is ignored, an operator who came in between keeps the route",
          "[automation][settle]") {
  TestShow t;
  Source osc = source_of(t.show);
  Events events = t.show.events();
  const relume_param step = t.show.param("wash/step");
  osc.write(step, scalar(0.9F), t.now);
  t.frame(22);
  t.frame(600);  // settled: the commit request is on its way
  t.show.set(step, scalar(0.2F));
  t.show.tick();
  CHECK(t.level("wash/step", 22) == 0.2F);
  CHECK(t.show.get_value(step).value.as.f[0] == 0.2F);
  CHECK(t.show.status().accepted == 1);
  const auto seen = events.poll();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].kind == RELUME_EVENT_ACCEPTED);
  CHECK(seen[1].kind == RELUME_EVENT_OVERLAY_STALE);
}

TEST_CASE("Settle: a value that changes while its commit is under way stays automation", "[automation][settle]") {
  TestShow t;
  Source osc = source_of(t.show);
  const relume_param step = t.show.param("wash/step");
  osc.write(step, scalar(0.9F), t.now);
  t.frame(22);
  t.frame(600);
  osc.write(step, scalar(0.8F), t.now);
  t.show.tick();  // commits 0.9, but 0.8 came meanwhile
  CHECK(t.level("wash/step", 22) == 0.8F);
  CHECK(t.tier("wash/step") == RELUME_TIER_TRANSIENT);
  t.run(600);
  CHECK(t.tier("wash/step") == RELUME_TIER_COMMITTED);
  CHECK(t.show.get_value(step).value.as.f[0] == 0.8F);
}

TEST_CASE("Settle: the commit never moves the value", "[automation][settle]") {
  TestShow t;
  Source osc = source_of(t.show);
  osc.write(t.show.param("wash/color"), color(0.2F, 0.4F, 0.6F, 0.8F), t.now);
  t.frame(3000);
  for (int i = 0; i < 5; ++i) {
    if (i > 1) t.show.tick();
    const relume_slot* lanes = t.frame(22).at(t.show.param("wash/color"));
    CHECK(lanes[0].f == 0.2F);
    CHECK(lanes[3].f == 0.8F);
  }
  CHECK(t.tier("wash/color") == RELUME_TIER_COMMITTED);
}

TEST_CASE("Settle: the commit policy goes from show to source to definition to the single write",
          "[automation][settle]") {
  Schema schema;
  schema.type("t", {Param("plain", RELUME_FLOAT), Param("kept", RELUME_FLOAT).commit(RELUME_COMMIT_PERSIST)});
  schema.layer("a", "t");
  relume_show_options options = relume::test::quiet_options();
  options.commit_policy = RELUME_COMMIT_RENDER_ONLY;
  TestShow t(schema, options);
  Source by_show = source_of(t.show);
  Source by_source = source_of(t.show, 0, RELUME_COMMIT_SESSION);
  const relume_param plain = t.show.param("a/plain");
  const relume_param kept = t.show.param("a/kept");

  by_show.write(plain, scalar(1), t.now);
  by_show.write(kept, scalar(1), t.now);
  t.run(800);
  CHECK(t.tier("a/plain") == RELUME_TIER_TRANSIENT);
  CHECK(t.tier("a/kept") == RELUME_TIER_PERSISTED);

  by_source.write(plain, scalar(2), t.now);
  t.run(800);
  CHECK(t.tier("a/plain") == RELUME_TIER_COMMITTED);

  const relume_overlay_value once = {kept, scalar(3), RELUME_COMMIT_RENDER_ONLY, 0};
  REQUIRE(by_source.write(&once, 1, t.now) == RELUME_OK);
  t.run(800);
  CHECK(t.tier("a/kept") == RELUME_TIER_TRANSIENT);
}

TEST_CASE("A continuous input stays automation by default", "[automation][settle]") {
  TestShow t;
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.kind = RELUME_SOURCE_DMX;
  Source dmx = t.show.source(options);
  dmx.write(t.show.param("wash/step"), scalar(0.5F), t.now);
  t.run(1000);
  CHECK(t.tier("wash/step") == RELUME_TIER_TRANSIENT);
  CHECK(t.show.status().accepted == 0);
}

TEST_CASE("Settle: times of up to 19 hours settle, longer ones are refused", "[automation][settle]") {
  constexpr std::int64_t kHour = 3'600'000 * relume::test::kMs;
  Schema schema;
  schema.type("fader", {Param("level", RELUME_FLOAT).settle(19 * kHour), Param("step", RELUME_FLOAT)});
  schema.layer("a", "fader");
  relume_show_options options = relume::test::quiet_options();
  options.settle_ns = 18 * kHour;
  TestShow t(schema, options);
  Source source = source_of(t.show);
  source.write(t.show.param("a/level"), scalar(1), t.now);
  source.write(t.show.param("a/step"), scalar(1), t.now);
  const auto at = [&](std::int64_t hours_ms) {
    t.frame(hours_ms);
    t.show.tick();
    t.frame();
  };
  at(0);
  for (int hour = 0; hour < 18; ++hour) at(kHour / relume::test::kMs);
  CHECK(t.tier("a/level") == RELUME_TIER_TRANSIENT);
  CHECK(t.tier("a/step") == RELUME_TIER_COMMITTED);
  at(kHour / relume::test::kMs);
  CHECK(t.tier("a/level") == RELUME_TIER_COMMITTED);

  const auto refused = [](auto&& call, const std::string& culprit) {
    try {
      call();
    } catch (const Error& error) {
      CHECK(error.code() == RELUME_E_INVALID);
      CHECK(error.culprit() == culprit);
      return;
    }
    FAIL("not refused");
  };
  options.settle_ns = 19 * kHour + 1;
  refused([&] { TestShow(relume::test::demo_schema(), options); }, "settle_ns");
  refused([&] { Schema().type("fader", {Param("level", RELUME_FLOAT).settle(19 * kHour + 1)}); }, "level");
}
