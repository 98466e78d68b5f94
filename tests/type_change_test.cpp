// SPDX-License-Identifier: Apache-2.0
// Types declared, reloaded and exchanged while the show runs: DESIGN 5, relume/type.h.
#include <catch2/catch.hpp>

#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/temp_folder.hpp"
#include "support/test_show.hpp"

using namespace relume;
using relume::test::kMs;
using relume::test::TestShow;

namespace {

Param level() { return Param("level", RELUME_FLOAT).range(0, 1).initial(scalar(1)).smoothing(100 * kMs); }
Param mode(std::vector<std::string> labels) { return Param("mode", RELUME_ENUM).labels(std::move(labels)); }

Schema two_layers() {
  Schema schema;
  schema.type("plasma", {level(), Param("tint", RELUME_COLOR).range(0, 1), Param("steps", RELUME_INT).range(0, 100),
                         mode({"off", "slow", "fast"}), Param("name", RELUME_TEXT)});
  schema.type("rings", {Param("width", RELUME_FLOAT).range(0, 1), level()});
  schema.layer("back", "plasma").layer("front", "plasma");
  return schema;
}

relume_outcome reload(Show& show, const LayerType& type) { return show.commit_type(show.prepare_type(type)); }

template <class F>
relume_result code_of(F f) {
  try {
    f();
  } catch (const Error& error) { return error.code(); }
  return RELUME_OK;
}

std::vector<std::uint32_t> kinds(Events& events) {
  std::vector<std::uint32_t> out;
  for (const relume_event& event : events.poll()) out.push_back(event.kind);
  return out;
}

}  // namespace

TEST_CASE("A type of the same shape is exchanged under running automation: handles, values and glides go on",
          "[type]") {
  TestShow t(two_layers());
  const relume_param level_param = t.show.param("back/level");
  const relume_param steps = t.show.param("back/steps");
  t.show.set(steps, integer(40));
  Source lfo = t.show.source();
  lfo.write(level_param, scalar(0), t.now);
  const float before = t.level("back/level", 30);
  REQUIRE(before > 0.5F);

  const relume_outcome outcome = reload(
      t.show,
      LayerType("plasma", {level(), Param("tint", RELUME_COLOR).range(0, 1), Param("steps", RELUME_INT).range(0, 50),
                           mode({"off", "slow", "fast"}), Param("name", RELUME_TEXT)}));
  CHECK(outcome.state == RELUME_STATE_CHANGED);
  CHECK(outcome.cleared_values == 0);
  CHECK(outcome.render_reset == RELUME_RESET_LAYER);
  CHECK(outcome.targets == (RELUME_TARGET_CHECKPOINT | RELUME_TARGET_DOCUMENT));
  CHECK(t.show.param("back/level").bits == level_param.bits);
  CHECK(t.show.get_value(steps).value.as.i == 40);
  CHECK(t.frame(0).at(level_param)->f == before);
  TestShow twin(two_layers());
  Source twin_lfo = twin.show.source();
  twin_lfo.write(twin.show.param("back/level"), scalar(0), twin.now);
  twin.frame(30);
  CHECK(t.level("back/level", 30) == twin.level("back/level", 30));
  lfo.write(level_param, scalar(0.5F), t.now);
  CHECK(t.level("back/level", 2000) == 0.5F);
}

TEST_CASE("A narrower range clamps every tier, automation too", "[type]") {
  TestShow t(two_layers());
  const relume_param steps = t.show.param("back/steps");
  const relume_param level_param = t.show.param("back/level");
  t.show.persist(steps, integer(90));
  t.show.set(steps, integer(80));
  Source lfo = t.show.source();
  lfo.write(level_param, scalar(0.9F), t.now);
  t.frame(50);
  const relume_outcome outcome = reload(
      t.show, LayerType("plasma", {level().range(0, 0.25).initial(scalar(0)), Param("tint", RELUME_COLOR).range(0, 1),
                                   Param("steps", RELUME_INT).range(0, 50), mode({"off", "slow", "fast"}),
                                   Param("name", RELUME_TEXT)}));
  CHECK(outcome.clamped_values == 2);
  CHECK(outcome.cleared_values == 0);
  const relume_explanation steps_now = t.show.explain(steps);
  CHECK(steps_now.persisted.as.i == 50);
  CHECK(steps_now.committed.as.i == 50);
  for (int i = 0; i < 100; ++i) CHECK(t.level("back/level", 11) <= 0.25F);
  CHECK(t.level("back/level") == 0.25F);
  CHECK(lfo.write(level_param, scalar(0.9F), t.now) == RELUME_E_RANGE);
}

TEST_CASE("Another shape keeps what fits, by key and type, and clears the rest", "[type]") {
  TestShow t(two_layers());
  t.show.persist(t.show.param("front/level"), scalar(0.25F));
  t.show.set(t.show.param("front/level"), scalar(0.5F));
  t.show.set(t.show.param("front/mode"), choice(2));
  t.show.set(t.show.param("front/steps"), integer(7));
  t.show.set(t.show.param("front/tint"), color(1, 0, 0));
  t.show.set(t.show.param("front/name"), text("kept"));
  const relume_layer old_layer = t.show.layer("front");
  const relume_param old_level = t.show.param("front/level");
  const std::uint64_t id = t.show.layer_info(old_layer).id;

  const relume_outcome outcome = reload(
      t.show,
      LayerType("plasma", {Param("gain", RELUME_FLOAT).range(0, 2).initial(scalar(2)), Param("name", RELUME_TEXT),
                           mode({"fast", "off"}), Param("steps", RELUME_FLOAT), Param("tint", RELUME_VEC4), level()}));
  CHECK(outcome.cleared_values == 2);  // steps and tint are of another type
  CHECK(code_of([&] { t.show.layer_info(old_layer); }) == RELUME_E_UNKNOWN_LAYER);
  CHECK(code_of([&] { t.show.get_value(old_level); }) == RELUME_E_UNKNOWN_ROUTE);
  const relume_layer_info layer = t.show.layer_info(t.show.layer("front"));
  CHECK(layer.id == id);
  CHECK(layer.param_count == 6);
  CHECK(t.show.layers().back().bits == layer.layer.bits);
  CHECK(t.show.get_value(t.show.param("front/gain")).value.as.f[0] == 2.0F);
  CHECK(t.show.get_text(t.show.param("front/name")) == "kept");
  CHECK(t.show.get_value(t.show.param("front/mode")).value.as.i == 0);
  CHECK(t.show.get_value(t.show.param("front/steps")).tier == RELUME_TIER_DEFAULT);
  const relume_explanation level_now = t.show.explain(t.show.param("front/level"));
  CHECK(level_now.persisted.as.f[0] == 0.25F);
  CHECK(level_now.committed.as.f[0] == 0.5F);
  CHECK(t.level("front/level") == 0.5F);
  CHECK(t.level("back/level") == 1.0F);
}

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

namespace {

Param speed(double max) { return Param("speed", RELUME_FLOAT).range(0, max); }
Param glide(double max) { return Param("glide", RELUME_FLOAT).range(0, max).smoothing(100 * kMs); }

Schema one_layer() {
  Schema schema;
  schema.type("t", {speed(10), glide(10)}).layer("a", "t");
  return schema;
}

}  // namespace

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

TEST_CASE("A commit of a type that is refused says the current revision", "[type]") {
  TestShow t(one_layer());
  t.show.set(t.show.param("a/speed"), scalar(5));
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  CHECK(relume_type_commit(t.show.get(), {77}, &outcome, nullptr) == RELUME_E_STATE);
  CHECK(outcome.revision == t.show.status().accepted);
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

TEST_CASE("A layer gets another type, at once and inside a change-set", "[type]") {
  TestShow t(two_layers());
  t.show.set(t.show.param("front/level"), scalar(0.5F));
  t.show.set(t.show.param("front/steps"), integer(3));
  const relume_outcome outcome = t.show.retype_layer(t.show.layer("front"), "rings");
  CHECK(outcome.state == RELUME_STATE_CHANGED);
  CHECK(outcome.cleared_values == 1);
  CHECK(std::string(t.show.layer_info(t.show.layer("front")).type_key) == "rings");
  CHECK(t.level("front/level") == 0.5F);
  CHECK(t.show.retype_layer(t.show.layer("front"), "rings").state == RELUME_STATE_SAME);
  CHECK(code_of([&] { t.show.retype_layer(t.show.layer("front"), "none"); }) == RELUME_E_UNKNOWN_TYPE);
  CHECK(code_of([&] { t.show.retype_layer({0}, "rings"); }) == RELUME_E_UNKNOWN_LAYER);

  const std::uint64_t revision = t.show.status().accepted;
  t.show.apply(ChangeSet().retype(t.show.layer("front"), "plasma").retype(t.show.layer("back"), "rings"));
  CHECK(t.show.status().accepted == revision + 1);
  CHECK(std::string(t.show.layer_info(t.show.layer("back")).type_key) == "rings");
  const relume_layer back = t.show.layer("back");
  CHECK(code_of([&] { t.show.apply(ChangeSet().retype(back, "plasma").remove({77})); }) == RELUME_E_UNKNOWN_LAYER);
  CHECK(std::string(t.show.layer_info(t.show.layer("back")).type_key) == "rings");
}

TEST_CASE("Nothing is visible between prepare and commit, and an abort leaves everything and says why", "[type]") {
  TestShow t(two_layers());
  Events events = t.show.events();
  const std::uint64_t number = t.frame()->number;
  const std::uint64_t revision = t.show.status().accepted;
  const relume_type_change change = t.show.prepare_type(LayerType("plasma", {Param("other", RELUME_FLOAT)}));
  CHECK(t.frame()->number == number);
  CHECK(t.show.status().accepted == revision);
  CHECK(t.show.param("back/level").bits != 0);
  t.show.abort_type(change, "plasma.frag:7: unknown function");
  CHECK(t.show.type_failure("plasma") == "plasma.frag:7: unknown function");
  CHECK(t.show.type_failure("rings").empty());
  CHECK(t.show.status().accepted == revision);
  CHECK(t.show.param("back/level").bits != 0);
  CHECK(code_of([&] { t.show.abort_type(change, ""); }) == RELUME_E_STATE);
  CHECK(code_of([&] { t.show.commit_type(change); }) == RELUME_E_STATE);
  CHECK(kinds(events) == std::vector<std::uint32_t>{RELUME_EVENT_BUILD_STARTED, RELUME_EVENT_BUILD_FAILED});

  const relume_type_change again = t.show.prepare_type(LayerType("plasma", {level()}));
  CHECK(t.show.type_failure("plasma") == "plasma.frag:7: unknown function");
  t.show.commit_type(again);
  CHECK(t.show.type_failure("plasma").empty());
  const std::vector<relume_event> seen = events.poll();
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].kind == RELUME_EVENT_TYPE_CHANGED);
  CHECK(seen[1].count == 2);
  CHECK(seen[1].type_change == again.bits);
  CHECK(seen[1].revision == revision + 1);
}

TEST_CASE("A build that failed before it had a definition is told as well", "[type]") {
  TestShow t(two_layers());
  Events events = t.show.events();
  const relume_type_change pending = t.show.prepare_type(LayerType("plasma", {level()}));
  t.show.fail_type("plasma", "plasma.json: line 3: not JSON");
  CHECK(t.show.type_failure("plasma") == "plasma.json: line 3: not JSON");
  CHECK(kinds(events) == std::vector<std::uint32_t>{RELUME_EVENT_BUILD_STARTED, RELUME_EVENT_BUILD_FAILED});
  CHECK(t.show.commit_type(pending).state == RELUME_STATE_CHANGED);
  CHECK(t.show.type_failure("plasma").empty());
  CHECK(code_of([&] { t.show.fail_type("Bad Key", "why"); }) == RELUME_E_INVALID);
  CHECK(code_of([&] { t.show.fail_type("plasma", ""); }) == RELUME_E_INVALID);
}

TEST_CASE("A layer that gets another type says nothing of how the type was built", "[type]") {
  TestShow t(two_layers());
  t.show.fail_type("rings", "rings.frag:1: no such function");
  t.show.commit_type(t.show.prepare_retype(t.show.layer("back"), "rings"));
  CHECK(t.show.type_failure("rings") == "rings.frag:1: no such function");
  const relume_type_change change = t.show.prepare_retype(t.show.layer("front"), "plasma");
  t.show.remove_layer(t.show.layer("front"));
  CHECK(code_of([&] { t.show.commit_type(change); }) == RELUME_E_UNKNOWN_LAYER);
  CHECK(t.show.type_failure("plasma").empty());
}

TEST_CASE("The event of a layer that was added or got another type names it as it is now", "[type]") {
  TestShow t(two_layers());
  Events events = t.show.events();
  t.show.add_layer("third", "rings");
  t.show.retype_layer(t.show.layer("back"), "rings");
  const std::vector<relume_event> seen = events.poll();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].layer.bits == t.show.layer("third").bits);
  CHECK(seen[1].layer.bits == t.show.layer("back").bits);
}

TEST_CASE("A newer preparation of the same type or layer supersedes the older one", "[type]") {
  TestShow t(two_layers());
  const relume_type_change old = t.show.prepare_type(LayerType("plasma", {Param("a", RELUME_FLOAT)}));
  const relume_type_change other = t.show.prepare_type(LayerType("rings", {Param("b", RELUME_FLOAT)}));
  const relume_type_change retype = t.show.prepare_retype(t.show.layer("back"), "rings");
  const relume_type_change newer = t.show.prepare_type(LayerType("plasma", {Param("c", RELUME_FLOAT)}));
  CHECK(code_of([&] { t.show.commit_type(old); }) == RELUME_E_STATE);
  t.show.commit_type(newer);
  t.show.commit_type(other);
  CHECK(code_of([&] { t.show.prepare_type(LayerType("plasma", {Param("bad key", RELUME_FLOAT)})); }) ==
        RELUME_E_INVALID);
  // The layer is found by its id: its handle was changed by the reload in between.
  CHECK(t.show.commit_type(retype).state == RELUME_STATE_CHANGED);
  CHECK(t.show.param("back/b").bits != 0);
}

TEST_CASE("A definition that is equal is no change, but what was built is another thing", "[type]") {
  TestShow t(two_layers());
  Events events = t.show.events();
  const std::uint64_t revision = t.show.status().accepted;
  const relume_outcome outcome =
      reload(t.show, LayerType("rings", {Param("width", RELUME_FLOAT).range(0, 1), level()}));
  CHECK(outcome.state == RELUME_STATE_SAME);
  CHECK(outcome.render_reset == RELUME_RESET_NONE);  // no layer has it
  t.show.retype_layer(t.show.layer("back"), "rings");
  const relume_outcome used = reload(t.show, LayerType("rings", {Param("width", RELUME_FLOAT).range(0, 1), level()}));
  CHECK(used.state == RELUME_STATE_SAME);
  CHECK(used.revision == revision + 1);
  CHECK(used.render_reset == RELUME_RESET_LAYER);
  CHECK(t.show.status().accepted == revision + 1);
  CHECK(kinds(events).back() == RELUME_EVENT_TYPE_CHANGED);
}

TEST_CASE("A commit that cannot be is rejected whole and says why", "[type]") {
  relume_show_options options = relume::test::quiet_options();
  options.max_slots = 128;
  TestShow t(two_layers(), options);
  t.show.set(t.show.param("front/level"), scalar(0.5F));
  std::vector<Param> many;
  for (int i = 0; i < 100; ++i) many.push_back(Param("p" + std::to_string(i), RELUME_FLOAT));
  const std::uint64_t revision = t.show.status().accepted;
  CHECK(code_of([&] { reload(t.show, LayerType("plasma", std::move(many))); }) == RELUME_E_LIMIT);
  CHECK(t.show.status().accepted == revision);
  CHECK(t.level("front/level") == 0.5F);
  CHECK(t.show.type_failure("plasma").find("max_slots") != std::string::npos);
  const relume_type_change change = t.show.prepare_retype(t.show.layer("front"), "rings");
  t.show.remove_layer(t.show.layer("front"));
  CHECK(code_of([&] { t.show.commit_type(change); }) == RELUME_E_UNKNOWN_LAYER);
}

TEST_CASE("A text that went with its parameter does not come back with it", "[type]") {
  TestShow t(two_layers());
  t.show.set(t.show.param("back/name"), text("gone"));
  t.show.persist(t.show.param("front/name"), text("gone"));
  reload(t.show, LayerType("plasma", {level()}));
  reload(t.show, LayerType("plasma", {level(), Param("name", RELUME_TEXT).initial("new")}));
  CHECK(t.show.get_text(t.show.param("back/name")) == "new");
  CHECK(t.show.get_text(t.show.param("front/name")) == "new");
}

TEST_CASE("A stack that has no room for another type stays as it is", "[type]") {
  const auto type_of = [](std::uint32_t slots, const char* key) {
    std::vector<core::ParamDef> params(slots);
    for (std::uint32_t i = 0; i < slots; ++i) {
      params[i].key = "p" + std::to_string(i);
      params[i].type = RELUME_FLOAT;
      params[i].lanes = 1;
    }
    std::shared_ptr<const core::LayerType> type;
    REQUIRE(!core::LayerType::make(key, 1, std::move(params), true, type));
    return type;
  };
  core::Stack stack(4, 64);
  const core::Layer* a = nullptr;
  const core::Layer* b = nullptr;
  REQUIRE(!stack.add("a", type_of(16, "small"), {0}, a));
  REQUIRE(!stack.add("b", type_of(16, "small"), {0}, b));
  bool apart = true;
  const core::Layer* out = nullptr;
  CHECK(stack.retype(*a, type_of(64, "large"), out, apart).code == RELUME_E_LIMIT);
  CHECK(stack.find("a")->type->key() == "small");
  // Its slots are still its own.
  const core::Layer* c = nullptr;
  REQUIRE(!stack.add("c", type_of(16, "small"), {0}, c));
  CHECK(c->first_slot == 32);
}

TEST_CASE("A layer whose new place overlaps its old one keeps its values", "[type]") {
  relume_show_options options = relume::test::quiet_options();
  options.max_slots = 64;
  Schema schema;
  std::vector<Param> params;
  for (int i = 0; i < 48; ++i) params.push_back(Param("p" + std::to_string(i), RELUME_FLOAT));
  schema.type("wide", params).layer("only", "wide");
  TestShow t(schema, options);
  for (int i = 0; i < 48; ++i) t.show.set(t.show.param("only/p" + std::to_string(i)), scalar(static_cast<float>(i)));
  std::reverse(params.begin(), params.end());
  CHECK(reload(t.show, LayerType("wide", params)).cleared_values == 0);
  for (int i = 0; i < 48; ++i) CHECK(t.level("only/p" + std::to_string(i)) == static_cast<float>(i));
}

TEST_CASE("A dormant layer comes back with its values when its type is declared", "[type]") {
  const test::TempFolder folder;
  const test::TempFolder runtime;
  relume_show_options options = relume::test::quiet_options();
  const std::string path = folder.path() + "/a.show";
  options.folder = path.c_str();
  options.runtime_dir = runtime.path().c_str();
  {
    Show show(two_layers(), options);
    show.set(show.param("front/level"), scalar(0.5F));
    show.set(show.param("front/name"), text("still here"));
    show.close();
  }
  Schema without;
  without.type("rings", {level()}).layer("new", "rings");
  {
    Show show(without, options);
    CHECK(show.recovery().dormant_layers == 2);
    CHECK(show.layers().empty());
    const relume_outcome outcome =
        reload(show, LayerType("plasma", {level(), Param("name", RELUME_TEXT), Param("steps", RELUME_INT)}));
    CHECK(outcome.state == RELUME_STATE_CHANGED);
    CHECK(show.layers().size() == 2);
    CHECK(show.get_value(show.param("front/level")).value.as.f[0] == 0.5F);
    CHECK(show.get_text(show.param("front/name")) == "still here");
    show.compose(1);
    CHECK(show.reader().acquire().at(show.param("front/level"))->f == 0.5F);
    show.close();
  }
  Show show(two_layers(), options);
  CHECK(show.recovery().dormant_layers == 0);
  CHECK(show.get_value(show.param("front/level")).value.as.f[0] == 0.5F);
}

TEST_CASE("The C functions name what is null, and a schema's structs are taken by size", "[type]") {
  TestShow t(two_layers());
  relume_show* show = t.show.get();
  relume_type_change change{7};
  relume_error error = RELUME_ERROR_INIT;
  relume_layer_type_def def = RELUME_LAYER_TYPE_DEF_INIT;
  CHECK(relume_type_prepare(nullptr, &def, &change, &error) == RELUME_E_INVALID);
  CHECK(change.bits == 0);
  CHECK(relume_type_prepare(show, nullptr, &change, &error) == RELUME_E_INVALID);
  CHECK(std::string(error.culprit) == "def");
  CHECK(relume_type_prepare(show, &def, nullptr, &error) == RELUME_E_INVALID);
  def.struct_size += 8;
  CHECK(relume_type_prepare(show, &def, &change, &error) == RELUME_E_VERSION);
  CHECK(relume_retype_prepare(show, t.show.layer("back"), nullptr, &change, &error) == RELUME_E_INVALID);
  CHECK(relume_retype_prepare(show, t.show.layer("back"), "none", &change, &error) == RELUME_E_UNKNOWN_TYPE);
  CHECK(relume_retype_prepare(show, {0}, "rings", &change, &error) == RELUME_E_UNKNOWN_LAYER);
  CHECK(relume_type_commit(nullptr, {1}, nullptr, &error) == RELUME_E_INVALID);
  CHECK(relume_type_abort(nullptr, {1}, "", &error) == RELUME_E_INVALID);
  CHECK(relume_type_abort(show, {1}, nullptr, &error) == RELUME_E_STATE);
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  CHECK(relume_type_commit(show, {0}, &outcome, &error) == RELUME_E_STATE);
  CHECK(outcome.state == RELUME_STATE_REJECTED);
  CHECK(relume_type_failure(nullptr, "plasma", nullptr, 0) == 0);
}

TEST_CASE("A part of the host reports its health beside the show's own", "[health]") {
  TestShow t(two_layers());
  const std::uint32_t before = t.show.health().level;
  t.show.report_health("decklink", RELUME_HEALTH_OK, R"({"late": 0, "state": "playing"})");
  CHECK(t.show.health().components == RELUME_HEALTH_OK);
  CHECK(t.show.health_json().find(R"("components":{"decklink":{"late":0,"state":"playing","level":"ok"}})") !=
        std::string::npos);
  t.show.report_health("decklink", RELUME_HEALTH_DEGRADED, R"({"state": "lost"})");
  CHECK(t.show.health().components == RELUME_HEALTH_DEGRADED);
  CHECK(t.show.health().level == RELUME_HEALTH_DEGRADED);
  CHECK(t.show.health_json().find("playing") == std::string::npos);
  t.show.withdraw_health("decklink");
  CHECK(t.show.health().level == before);
  CHECK(t.show.health_json().find("decklink") == std::string::npos);

  const auto refused = [&](const char* component, std::uint32_t level, const std::string& json) {
    return relume_health_report(t.show.get(), component, level, json.c_str(), nullptr);
  };
  CHECK(refused("Bad Key", 0, "{}") == RELUME_E_INVALID);
  CHECK(refused("card", 4, "{}") == RELUME_E_INVALID);
  CHECK(refused("card", 0, "[]") == RELUME_E_BAD_JSON);
  CHECK(refused("card", 0, "{") == RELUME_E_BAD_JSON);
  CHECK(refused("card", 0, "{\"a\":\"" + std::string(RELUME_HEALTH_REPORT_MAX, 'x') + "\"}") == RELUME_E_TOO_LONG);
  for (int i = 0; i < 64; ++i) CHECK(refused(("part-" + std::to_string(i)).c_str(), 0, "{}") == RELUME_OK);
  CHECK(refused("one-more", 0, "{}") == RELUME_E_LIMIT);
  CHECK(refused("part-3", RELUME_HEALTH_NOTICE, "{}") == RELUME_OK);
}
