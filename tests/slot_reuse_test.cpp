// SPDX-License-Identifier: Apache-2.0
// Layers come and go between two frames, and others get their slots: what automation had there goes with the old ones, whatever
// else was done to the new ones before a frame could see it.
#include <catch2/catch.hpp>

#include "support/test_show.hpp"

using namespace relume;
using namespace relume::test;

namespace {

constexpr std::uint32_t kStrong = 150;  // no operator's value ends it

Param soft(const char* key, relume_type type) { return Param(key, type).range(0, 1).smoothing(100 * kMs); }

Schema wide_and_narrow() {
  Schema schema;
  schema.type("wide", {soft("a", RELUME_VEC4)});
  schema.type("narrow", {soft("a", RELUME_FLOAT)});
  schema.type("four",
              {soft("a", RELUME_FLOAT), soft("b", RELUME_FLOAT), soft("c", RELUME_FLOAT), soft("d", RELUME_FLOAT)});
  schema.type("whole",
              {Param("a", RELUME_INT), Param("b", RELUME_INT), Param("c", RELUME_INT), Param("d", RELUME_INT)});
  schema.layer("old", "wide");
  return schema;
}

}  // namespace

TEST_CASE("Automation of a layer that is gone does not go on in a layer that got its slots", "[automation]") {
  const bool arrived = GENERATE(false, true);
  const char* const type = GENERATE("narrow", "four", "whole");
  const int act = GENERATE(0, 1, 2);
  const bool waits = GENERATE(false, true);
  TestShow t(wide_and_narrow());
  Source desk = source_of(t.show, kStrong, RELUME_COMMIT_RENDER_ONLY);
  Source beside = source_of(t.show, kStrong + 1, RELUME_COMMIT_RENDER_ONLY);
  const relume_param old = t.show.param("old/a");
  const relume_frame_layer was = t.frame()->layers[0];
  REQUIRE(desk.write(old, vec4(1, 1, 1, 1), t.now) == RELUME_OK);
  if (waits) REQUIRE(beside.write(old, vec4(0.5F, 0.5F, 0.5F, 0.5F), t.now) == RELUME_OK);
  t.frame(arrived ? 3000 : 20);
  t.show.remove_layer(t.show.layer("old"));
  t.show.add_layer("new", type);
  const relume_value value = std::string(type) == "whole" ? integer(0) : scalar(0.25F);
  if (act == 0) t.show.set(t.show.param("new/a"), value);
  if (act == 1) t.show.reset(t.show.layer("new"));
  if (act == 2) {
    t.show.set(t.show.param("new/a"), value);
    t.show.reset(t.show.layer("new"));
  }
  const Frame frame = t.frame(10);
  REQUIRE(frame->layers[0].first_slot == was.first_slot);
  const relume_slot* slots = frame->slots + was.first_slot;
  const float expected = act == 0 && std::string(type) != "whole" ? 0.25F : 0.0F;
  CHECK(slots[0].f == expected);
  for (int i = 1; i < 4; ++i) CHECK(slots[i].u == 0);
  CHECK(frame->moving == 0);
  CHECK(t.show.explain(t.show.param("new/a")).winner != RELUME_TIER_TRANSIENT);
  desk.release(old, t.now);
  CHECK(t.frame(10)->slots[was.first_slot].f == expected);
}

TEST_CASE("A reset ends strong automation, also where the operator sets a value before the next frame",
          "[automation]") {
  const int sets = GENERATE(0, 1, 2);
  TestShow t;
  Source desk = source_of(t.show, kStrong, RELUME_COMMIT_RENDER_ONLY);
  const relume_param step = t.show.param("wash/step");
  REQUIRE(desk.write(step, scalar(0.75F), t.now) == RELUME_OK);
  REQUIRE(t.level("wash/step", 10) == 0.75F);
  t.show.reset(t.show.layer("wash"));
  for (int i = 1; i <= sets; ++i) { CHECK(t.show.set(step, scalar(0.125F * static_cast<float>(i))).masked_count == 0); }
  CHECK(t.level("wash/step", 10) == 0.125F * static_cast<float>(sets));
  CHECK(t.show.explain(step).winner != RELUME_TIER_TRANSIENT);
  // From then on a value ends nothing that is stronger than it.
  REQUIRE(desk.write(step, scalar(1), t.now) == RELUME_OK);
  REQUIRE(t.level("wash/step", 10) == 1.0F);
  CHECK(t.show.set(step, scalar(0.5F)).masked_count == 1);
  CHECK(t.level("wash/step", 10) == 1.0F);
}
