// SPDX-License-Identifier: Apache-2.0
// Shows that run for days: ticks of 65,536 ns come round after 78 hours, and nothing may look younger for it.
#include <catch2/catch.hpp>

#include "support/test_show.hpp"

using namespace relume;
using namespace relume::test;

namespace {

constexpr std::int64_t kHour = 3'600'000;  // in ms

}  // namespace

TEST_CASE("A claim that has waited for days stays older than one that was made today", "[automation]") {
  // Hour by hour, or with nobody composing for as long.
  const std::int64_t step = GENERATE(1, 5, 11, 45, 60, 80);
  TestShow t;
  Source old = source_of(t.show, 0, RELUME_COMMIT_RENDER_ONLY);
  Source lfo = source_of(t.show);
  const relume_param param = t.show.param("wash/step");
  REQUIRE(old.write(param, scalar(0.25F), t.now) == RELUME_OK);
  t.frame(10);
  REQUIRE(lfo.write(param, scalar(0.5F), t.now) == RELUME_OK);
  float value = 0.5F;
  for (std::int64_t hours = 0; hours < 170; hours += step) {
    CHECK(t.level("wash/step", step * kHour / 2) == value);
    value = value == 0.5F ? 0.75F : 0.5F;
    t.now += step * kHour / 2;
    REQUIRE(lfo.write(param, scalar(value), t.now) == RELUME_OK);
    CHECK(t.level("wash/step") == value);
  }
  t.run(1000);
  CHECK(t.level("wash/step") == value);
  CHECK(t.tier("wash/step") == RELUME_TIER_COMMITTED);
}

TEST_CASE("Automation settles, however long nobody composed", "[automation]") {
  const std::int64_t hours = GENERATE(5, 15, 45, 80, 120);
  TestShow t;
  Source osc = source_of(t.show);
  REQUIRE(osc.write(t.show.param("wash/step"), scalar(0.25F), t.now) == RELUME_OK);
  t.frame();
  t.frame(hours * kHour);
  t.run(1000);
  CHECK(t.tier("wash/step") == RELUME_TIER_COMMITTED);
}
