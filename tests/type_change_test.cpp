// SPDX-License-Identifier: Apache-2.0
// Types declared, reloaded and exchanged while the show runs: DESIGN 5, relume/type.h. What becomes of automation is in
// type_automation_test.cpp.
#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/temp_folder.hpp"
#include "support/typed_show.hpp"

using namespace relume;
using namespace relume::test;

namespace {

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

TEST_CASE("A commit of a type that is refused says the current revision", "[type]") {
  TestShow t(two_layers());
  t.show.set(t.show.param("back/steps"), integer(5));
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  CHECK(relume_type_commit(t.show.get(), {77}, &outcome, nullptr) == RELUME_E_STATE);
  CHECK(outcome.revision == t.show.status().accepted);
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
