// SPDX-License-Identifier: Apache-2.0
// Automation when a type changes: it goes on where what it drives goes on, and never outside of the new range.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "support/typed_show.hpp"

using namespace relume;
using namespace relume::test;

namespace {

Param speed(double max) { return Param("speed", RELUME_FLOAT).range(0, max); }
Param glide(double max) { return Param("glide", RELUME_FLOAT).range(0, max).smoothing(100 * kMs); }

Schema one_layer() {
  Schema schema;
  schema.type("t", {speed(10), glide(10)}).layer("a", "t");
  return schema;
}

}  // namespace

TEST_CASE("Automation goes on in another place, in the middle of its glide", "[type]") {
  TestShow t(two_layers());
  TestShow twin(two_layers());
  Source lfo = t.show.source();
  Source twin_lfo = twin.show.source();
  lfo.write(t.show.param("back/level"), scalar(0), t.now);
  twin_lfo.write(twin.show.param("back/level"), scalar(0), twin.now);
  t.frame(30);
  twin.frame(30);

  reload(t.show, LayerType("plasma", {Param("first", RELUME_VEC3), Param("steps", RELUME_INT).range(0, 100), level()}));
  for (int i = 0; i < 20; ++i) CHECK(t.level("back/level", 11) == twin.level("back/level", 11));
  // It is still that source's: it settles, and it can be released.
  CHECK(t.show.explain(t.show.param("back/level")).winner == RELUME_TIER_TRANSIENT);
  lfo.write(t.show.param("back/level"), scalar(0.5F), t.now);
  lfo.release(t.show.param("back/level"), t.now);
  CHECK(t.level("back/level", 3000) == 1.0F);
}

TEST_CASE("Automation that is carried to the middle of a place that another had does not go with the other", "[type]") {
  Schema schema;
  const auto x = [] { return Param("x", RELUME_FLOAT).range(0, 1).smoothing(100 * kMs); };
  schema.type("t", {x(), Param("c", RELUME_COLOR).range(0, 1).smoothing(100 * kMs)});
  schema.layer("a", "t").layer("b", "t");
  TestShow t(schema);
  Source lfo = t.show.source();
  lfo.write(t.show.param("a/c"), color(1, 1, 1), t.now);  // slots 4 to 7; goes
  lfo.write(t.show.param("b/x"), scalar(1), t.now);
  t.frame(30);
  // b takes the slots that a leaves, and x comes to lie at slot 5.
  reload(t.show, LayerType("t", {Param("p", RELUME_VEC4), Param("q", RELUME_FLOAT), x()}));
  REQUIRE(t.show.layer_info(t.show.layer("b")).slot_count == 8);
  const Frame frame = t.frame();
  REQUIRE(frame->layers[1].first_slot < frame->layers[0].first_slot);
  CHECK(t.level("b/x", 2000) == 1.0F);
  CHECK(t.show.explain(t.show.param("b/x")).winner == RELUME_TIER_TRANSIENT);
}

TEST_CASE("What an operator did before a change of type, and nobody composed, holds", "[type]") {
  const bool reshaped = GENERATE(false, true);
  const int act = GENERATE(0, 1, 2);
  TestShow t(one_layer());
  Source lfo = t.show.source();
  lfo.write(t.show.param("a/speed"), scalar(5), t.now);
  REQUIRE(t.level("a/speed", 10) == 5.0F);
  std::vector<Param> params{speed(9), glide(10)};
  if (reshaped) params.insert(params.begin(), Param("new", RELUME_VEC4));
  if (act == 0) t.show.set(t.show.param("a/speed"), scalar(2));
  if (act == 1) t.show.reset(t.show.layer("a"));
  if (act == 2) {
    // In one change-set with a change of type of the same layer.
    t.show.commit_type(t.show.prepare_type(LayerType("u", params)));
    const relume_layer a = t.show.layer("a");
    t.show.apply(ChangeSet().set(t.show.param("a/speed"), scalar(2)).retype(a, "u"));
  } else {
    reload(t.show, LayerType("t", params));
  }
  CHECK(t.level("a/speed", 10) == (act == 1 ? 0.0F : 2.0F));
  CHECK(t.show.explain(t.show.param("a/speed")).winner != RELUME_TIER_TRANSIENT);
}

TEST_CASE("A write of before a change of type is clamped to the new range, however late it is taken", "[type]") {
  TestShow t(one_layer());
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.priority = 150;
  Source strong = t.show.source(options);
  Source weak = t.show.source();
  const relume_param param = t.show.param("a/speed");
  strong.write(param, scalar(1), t.now);
  weak.write(param, scalar(5), t.now);  // waits below
  CHECK(t.level("a/speed", 10) == 1.0F);
  reload(t.show, LayerType("t", {speed(3), glide(10)}));
  CHECK(t.level("a/speed", 10) == 1.0F);
  strong.release(param, t.now);
  CHECK(t.level("a/speed", 10) == 3.0F);
  t.run(2000);
  CHECK(t.show.explain(param).committed.as.f[0] == 3.0F);
}

TEST_CASE("A source can release what was carried to a new place", "[type]") {
  TestShow t(one_layer());
  Source dmx = relume::test::source_of(t.show, 0, RELUME_COMMIT_RENDER_ONLY);
  dmx.write(t.show.param("a/speed"), scalar(5), t.now);
  t.frame(10);
  reload(t.show, LayerType("t", {Param("new", RELUME_VEC4), speed(10)}));
  CHECK(t.level("a/speed", 10) == 5.0F);
  CHECK(dmx.release(t.show.param("a/speed"), t.now) == RELUME_OK);
  CHECK(t.level("a/speed", 10) == 0.0F);
}

TEST_CASE("A glide that is outside of the new range goes on from its edge", "[type]") {
  const bool releasing = GENERATE(false, true);
  TestShow t(one_layer());
  const relume_param param = t.show.param("a/glide");
  Source lfo = t.show.source();
  if (!releasing) t.show.set(param, scalar(10));
  t.frame(1);
  lfo.write(param, scalar(releasing ? 10.0F : 0.5F), t.now);
  t.frame(releasing ? 3000 : 20);
  if (releasing) lfo.release(param, t.now);
  REQUIRE(t.level("a/glide", 20) > 6.0F);
  reload(t.show, LayerType("t", {speed(10), glide(1)}));
  float last = t.level("a/glide");
  CHECK(last == 1.0F);
  for (int i = 0; i < 20; ++i) {
    const float next = t.level("a/glide", 20);
    CHECK(next <= last);
    last = next;
  }
  CHECK(last < (releasing ? 0.1F : 0.6F));
}

TEST_CASE("A commit that was asked for before a change of type commits what fits", "[type]") {
  TestShow t(one_layer());
  const relume_param param = t.show.param("a/speed");
  Source lfo = t.show.source();
  lfo.write(param, scalar(5), t.now);
  for (int i = 0; i < 40; ++i) t.frame(22);  // the request is queued
  reload(t.show, LayerType("t", {speed(1), glide(10)}));
  t.show.tick();
  CHECK(t.show.explain(param).committed.as.f[0] == 1.0F);
}

TEST_CASE("A change of type is carried once: a commit that is under way stays", "[type]") {
  TestShow t(one_layer());
  Events events = t.show.events();
  Source lfo = t.show.source();
  lfo.write(t.show.param("a/speed"), scalar(5), t.now);
  t.frame(10);
  reload(t.show, LayerType("t", {speed(9), glide(10)}));
  for (int i = 0; i < 40; ++i) t.frame(22);  // carried, settled, asked for
  t.show.add_layer("b", "t");                // its view still has the change of type
  t.show.tick();
  t.frame(22);
  CHECK(t.tier("a/speed") == RELUME_TIER_COMMITTED);
}

TEST_CASE("The commit policy of the new definition holds", "[type]") {
  TestShow t(one_layer());
  Source lfo = t.show.source();
  lfo.write(t.show.param("a/speed"), scalar(5), t.now);
  t.frame(10);
  reload(t.show, LayerType("t", {speed(10).commit(RELUME_COMMIT_RENDER_ONLY), glide(10)}));
  t.run(2000);
  CHECK(t.tier("a/speed") == RELUME_TIER_TRANSIENT);
  reload(t.show, LayerType("t", {speed(10).commit(RELUME_COMMIT_SESSION), glide(10)}));
  t.run(2000);
  CHECK(t.tier("a/speed") == RELUME_TIER_COMMITTED);
}

TEST_CASE("Automation that was asked to settle under the old handle settles under the new one", "[type]") {
  TestShow t(two_layers());
  Source lfo = t.show.source();
  lfo.write(t.show.param("back/level"), scalar(0.25F), t.now);
  for (int i = 0; i < 100; ++i) t.frame(22);  // the commit is requested, and nobody ticks
  reload(t.show, LayerType("plasma", {Param("first", RELUME_VEC3), level()}));
  t.frame();
  CHECK(t.tier("back/level") == RELUME_TIER_TRANSIENT);
  t.run(2000);
  CHECK(t.tier("back/level") == RELUME_TIER_COMMITTED);
  CHECK(t.level("back/level") == 0.25F);
}

TEST_CASE("A composer that skipped changes of type learns of all of them", "[type]") {
  TestShow t(two_layers());
  Source lfo = t.show.source();
  lfo.write(t.show.param("back/level"), scalar(0), t.now);
  const float before = t.level("back/level", 30);
  for (int i = 0; i < 5; ++i) {
    std::vector<Param> params;
    for (int n = 0; n <= i; ++n) params.push_back(Param("p" + std::to_string(n), RELUME_VEC2));
    params.push_back(level());
    reload(t.show, LayerType("plasma", std::move(params)));
  }
  CHECK(t.level("back/level") == before);
  CHECK(t.level("back/level", 1000) < 0.001F);
}

TEST_CASE("What a source wrote under a handle that is stale does not reach the place", "[type]") {
  TestShow t(two_layers());
  const relume_param old = t.show.param("back/level");
  Source lfo = t.show.source();
  lfo.write(old, scalar(0), t.now);  // waits for the next frame
  reload(t.show, LayerType("plasma", {level(), Param("more", RELUME_FLOAT)}));
  CHECK(t.level("back/level", 500) == 1.0F);
  CHECK(lfo.write(old, scalar(0), t.now) == RELUME_E_UNKNOWN_ROUTE);
}

TEST_CASE("Automation of what is cleared ends", "[type]") {
  TestShow t(two_layers());
  Source lfo = t.show.source();
  lfo.write(t.show.param("back/steps"), integer(9), t.now);
  t.frame(10);
  reload(t.show, LayerType("plasma", {Param("steps", RELUME_FLOAT), level()}));
  const Frame frame = t.frame(10);
  CHECK(frame.at(t.show.param("back/steps"))->f == 0.0F);
  CHECK(t.show.explain(t.show.param("back/steps")).winner == RELUME_TIER_DEFAULT);
}

TEST_CASE("What an operator did between two of several changes of type that no frame saw, holds", "[type]") {
  TestShow t(one_layer());
  Source lfo = t.show.source();
  lfo.write(t.show.param("a/speed"), scalar(5), t.now);
  REQUIRE(t.level("a/speed", 10) == 5.0F);
  reload(t.show, LayerType("t", {Param("x", RELUME_VEC4), speed(10), glide(10)}));
  t.show.set(t.show.param("a/speed"), scalar(2));
  reload(t.show, LayerType("t", {Param("x", RELUME_VEC4), speed(9), glide(10)}));  // in place
  reload(t.show, LayerType("t", {Param("x", RELUME_VEC4), Param("y", RELUME_VEC4), speed(9), glide(10)}));
  CHECK(t.level("a/speed", 10) == 2.0F);
  CHECK(t.show.explain(t.show.param("a/speed")).winner != RELUME_TIER_TRANSIENT);
}

TEST_CASE("What an operator did in a new place holds over a reload in place, before a frame has seen either",
          "[type]") {
  TestShow t(one_layer());
  Source lfo = t.show.source();
  lfo.write(t.show.param("a/speed"), scalar(5), t.now);
  REQUIRE(t.level("a/speed", 10) == 5.0F);
  reload(t.show, LayerType("t", {Param("x", RELUME_VEC4), speed(10), glide(10)}));
  SECTION("a value") {
    t.show.set(t.show.param("a/speed"), scalar(2));
    reload(t.show, LayerType("t", {Param("x", RELUME_VEC4), speed(9), glide(10)}));  // in place
    CHECK(t.level("a/speed", 10) == 2.0F);
  }
  SECTION("a reset") {
    t.show.reset(t.show.layer("a"));
    reload(t.show, LayerType("t", {Param("x", RELUME_VEC4), speed(9), glide(10)}));  // in place
    t.frame(10);
  }
  CHECK(t.show.explain(t.show.param("a/speed")).winner != RELUME_TIER_TRANSIENT);
}

TEST_CASE("What an operator did before a change of type holds also where a trigger has come to a place on the way",
          "[type]") {
  Schema schema;
  schema.type("t", {speed(10), glide(10)});
  schema.type("pulses", {Param("p", RELUME_TRIGGER), Param("q", RELUME_TRIGGER), Param("r", RELUME_TRIGGER)});
  schema.layer("a", "t");
  TestShow t(schema);
  Source lfo = t.show.source();
  lfo.write(t.show.param("a/speed"), scalar(5), t.now);
  REQUIRE(t.level("a/speed", 10) == 5.0F);
  t.show.set(t.show.param("a/speed"), scalar(2));
  reload(t.show, LayerType("t", {Param("x", RELUME_FLOAT), speed(10), glide(10)}));
  reload(t.show, LayerType("t", {Param("x", RELUME_VEC4), Param("y", RELUME_VEC4), speed(10), glide(10)}));
  for (int i = 0; i < 8; ++i) t.show.add_layer("pulses-" + std::to_string(i), "pulses");
  CHECK(t.level("a/speed", 10) == 2.0F);
  CHECK(t.show.explain(t.show.param("a/speed")).winner != RELUME_TIER_TRANSIENT);
}
