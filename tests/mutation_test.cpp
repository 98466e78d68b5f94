// SPDX-License-Identifier: Apache-2.0
// Mutations and their outcomes: DESIGN 6.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <thread>

#include "support/temp_folder.hpp"
#include "support/test_show.hpp"

using namespace relume;
using relume::test::demo_schema;
using relume::test::quiet_options;
using relume::test::TempFolder;
using relume::test::TestShow;

namespace {

relume_result reason_of(TestShow& t, const ChangeSet& set, relume_outcome* outcome = nullptr) {
  relume_outcome full = RELUME_OUTCOME_INIT;
  const relume_result result = relume_apply(t.show.get(), set.data(), set.size(), &full, nullptr);
  CHECK((result == RELUME_OK) == (full.state != RELUME_STATE_REJECTED));
  CHECK(full.reason == result);
  if (outcome != nullptr) *outcome = full;
  return result;
}

}  // namespace

TEST_CASE("Outcomes: every kind of mutation has the effects of the table", "[mutation]") {
  TestShow t;
  const relume_param step = t.show.param("wash/step");
  const relume_layer wash = t.show.layer("wash");
  const std::uint32_t checkpoint = RELUME_TARGET_CHECKPOINT;
  const std::uint32_t both = RELUME_TARGET_CHECKPOINT | RELUME_TARGET_DOCUMENT;
  struct Row {
    const char* name;
    ChangeSet set;
    std::uint32_t targets, invalidation, reset;
  };
  const Row rows[] = {
      {"set", ChangeSet().set(step, scalar(0.5F)), checkpoint, RELUME_INVALIDATE_ROUTE, RELUME_RESET_NONE},
      {"persist", ChangeSet().persist(step, scalar(0.4F)), both, RELUME_INVALIDATE_ROUTE, RELUME_RESET_NONE},
      {"set again", ChangeSet().set(step, scalar(0.6F)), checkpoint, RELUME_INVALIDATE_ROUTE, RELUME_RESET_NONE},
      {"store", ChangeSet().store(wash), both, RELUME_INVALIDATE_NONE, RELUME_RESET_NONE},
      {"and again", ChangeSet().set(step, scalar(0.7F)), checkpoint, RELUME_INVALIDATE_ROUTE, RELUME_RESET_NONE},
      {"revert", ChangeSet().revert(wash), checkpoint, RELUME_INVALIDATE_NONE, RELUME_RESET_NONE},
      {"once more", ChangeSet().set(step, scalar(0.8F)), checkpoint, RELUME_INVALIDATE_ROUTE, RELUME_RESET_NONE},
      {"reset", ChangeSet().reset(wash), checkpoint, RELUME_INVALIDATE_LAYER, RELUME_RESET_NONE},
      {"add", ChangeSet().add_layer("fx", "fixture"), both, RELUME_INVALIDATE_NONE, RELUME_RESET_LAYER},
      {"move", ChangeSet().move(wash), both, RELUME_INVALIDATE_NONE, RELUME_RESET_LAYER},
      {"disable", ChangeSet().enable(wash, false), both, RELUME_INVALIDATE_NONE, RELUME_RESET_NONE},
      {"bypass", ChangeSet().bypass(wash, true), both, RELUME_INVALIDATE_NONE, RELUME_RESET_NONE},
      {"remove", ChangeSet().remove(wash), both, RELUME_INVALIDATE_LAYER, RELUME_RESET_LAYER},
  };
  std::uint64_t revision = 0;
  for (const Row& row : rows) {
    INFO(row.name);
    const relume_outcome outcome = t.show.apply(row.set);
    CHECK(outcome.state == RELUME_STATE_CHANGED);
    CHECK(outcome.revision == ++revision);
    CHECK(outcome.targets == row.targets);
    CHECK(outcome.invalidation == row.invalidation);
    CHECK(outcome.render_reset == row.reset);
    CHECK(outcome.level == RELUME_LEVEL_MEMORY);
    CHECK(outcome.events == 1);
    CHECK(t.frame(1)->revision == revision);
  }
}

TEST_CASE("Outcomes: the first unsaved change schedules, the next ones join, watermarks say what is wanted",
          "[mutation]") {
  const TempFolder folder;
  relume_show_options options = quiet_options();
  options.folder = folder.path().c_str();
  options.runtime_dir = "/nothing/here";
  TestShow t(demo_schema(), options);
  t.show.disk_tick();
  const relume_param step = t.show.param("wash/step");
  const relume_outcome first = t.show.set(step, scalar(0.5F));
  CHECK(first.persistence == RELUME_PERSISTENCE_SCHEDULED);
  CHECK(first.urgency == RELUME_URGENCY_COALESCE);
  const relume_outcome second = t.show.set(step, scalar(0.6F));
  CHECK(second.persistence == RELUME_PERSISTENCE_JOINED);
  CHECK(second.request_sequence == first.request_sequence);
  CHECK(second.debounce_key == first.debounce_key);
  const relume_outcome third = t.show.persist(step, scalar(0.7F));  // the document was not asked for before
  CHECK(third.persistence == RELUME_PERSISTENCE_SCHEDULED);
  CHECK(third.request_sequence > first.request_sequence);
  const relume_status status = t.show.status();
  CHECK(status.accepted == 3);
  CHECK(status.checkpoint_wanted == 3);
  CHECK(status.document_wanted == 3);
  CHECK(status.mirrored == -1);
  CHECK(status.checkpoint_done == 0);
  CHECK(status.document_done == 0);
  CHECK(t.show.set(t.show.param("wash/hint"), scalar(0.5F)).urgency == RELUME_URGENCY_LOSSY);
}

TEST_CASE("Outcomes: in a change-set only what changed something has effects", "[mutation]") {
  TestShow t;
  t.show.persist(t.show.param("wash/step"), scalar(0.5F));
  const ChangeSet set = ChangeSet()
                            .persist(t.show.param("wash/step"), scalar(0.5F))
                            .move(t.show.layer("spot"))
                            .set(t.show.param("spot/step"), scalar(0.5F));
  const relume_outcome outcome = t.show.apply(set);
  CHECK(outcome.targets == RELUME_TARGET_CHECKPOINT);
  CHECK(outcome.render_reset == RELUME_RESET_NONE);
}

TEST_CASE("Outcomes: an equal value is the same, keeps the revision and asks for nothing", "[mutation]") {
  TestShow t;
  const relume_param step = t.show.param("wash/step");
  t.show.set(step, scalar(0.5F));
  const relume_outcome same = t.show.set(step, scalar(0.5F));
  CHECK(same.state == RELUME_STATE_SAME);
  CHECK(same.revision == 1);
  CHECK(same.persistence == RELUME_PERSISTENCE_NOT_NEEDED);
  CHECK(same.events == 0);
  CHECK(t.show.revert(t.show.layer("spot")).state == RELUME_STATE_SAME);
  CHECK(t.show.store(t.show.layer("spot")).state == RELUME_STATE_SAME);
  CHECK(t.show.reset(t.show.layer("spot")).state == RELUME_STATE_SAME);
  CHECK(t.show.apply(ChangeSet()).state == RELUME_STATE_SAME);
  CHECK(t.show.move_layer(t.show.layer("spot")).state == RELUME_STATE_SAME);
  CHECK(t.show.enable_layer(t.show.layer("spot"), true).state == RELUME_STATE_SAME);
  CHECK(t.show.persist(step, scalar(0.5F)).state == RELUME_STATE_CHANGED);  // the tier is another one now
  CHECK(t.show.persist(step, scalar(0.5F)).state == RELUME_STATE_SAME);
  CHECK(t.show.set(t.show.param("wash/pan"), vec2(-0.0F, 0)).state == RELUME_STATE_CHANGED);
  CHECK(t.show.set(t.show.param("wash/pan"), vec2(0, -0.0F)).state == RELUME_STATE_SAME);  // there is one zero
}

TEST_CASE("A rejected value changes nothing and takes no revision", "[mutation][error]") {
  TestShow t;
  const relume_param step = t.show.param("wash/step");
  t.show.set(step, scalar(0.5F));
  const std::uint64_t number = t.frame(1)->number;
  struct Row {
    ChangeSet set;
    relume_result reason;
  };
  const Row rows[] = {
      {ChangeSet().set(step, integer(1)), RELUME_E_TYPE},
      {ChangeSet().set(step, relume_value{}), RELUME_E_TYPE},
      {ChangeSet().set(step, scalar(1.01F)), RELUME_E_RANGE},
      {ChangeSet().set(step, scalar(-0.01F)), RELUME_E_RANGE},
      {ChangeSet().set(step, scalar(std::nanf(""))), RELUME_E_NOT_FINITE},
      {ChangeSet().set(step, scalar(-INFINITY)), RELUME_E_NOT_FINITE},
      {ChangeSet().set(t.show.param("wash/color"), color(0, 0, NAN, 1)), RELUME_E_NOT_FINITE},
      {ChangeSet().set(t.show.param("wash/color"), color(0, 0, 1.5F, 1)), RELUME_E_RANGE},
      {ChangeSet().set(t.show.param("wash/count"), integer(11)), RELUME_E_RANGE},
      {ChangeSet().set(t.show.param("wash/mode"), choice(3)), RELUME_E_RANGE},
      {ChangeSet().set(t.show.param("wash/mode"), choice(-1)), RELUME_E_RANGE},
      {ChangeSet().set(relume_param{0}, scalar(0)), RELUME_E_UNKNOWN_ROUTE},
      {ChangeSet().set(relume_param{t.show.param("wash/color").bits + 1}, scalar(0)), RELUME_E_UNKNOWN_ROUTE},
      {ChangeSet().store(relume_layer{999}), RELUME_E_UNKNOWN_LAYER},
      {ChangeSet().remove(relume_layer{0}), RELUME_E_UNKNOWN_LAYER},
      {ChangeSet().move(t.show.layer("wash"), relume_layer{999}), RELUME_E_UNKNOWN_LAYER},
      {ChangeSet().add_layer("wash", "fixture"), RELUME_E_EXISTS},
      {ChangeSet().add_layer("new", "nothing"), RELUME_E_UNKNOWN_TYPE},
      {ChangeSet().add_layer("Wash!", "fixture"), RELUME_E_INVALID},
      {ChangeSet().add_layer("relume", "fixture"), RELUME_E_INVALID},
      {ChangeSet().add_layer(nullptr, nullptr), RELUME_E_UNKNOWN_TYPE},
  };
  std::uint64_t rejected = 0;
  for (const Row& row : rows) {
    CHECK(reason_of(t, row.set) == row.reason);
    CHECK(t.show.status().rejected == ++rejected);
  }
  relume_change unknown{};
  unknown.kind = 99;
  CHECK(relume_apply(t.show.get(), &unknown, 1, nullptr, nullptr) == RELUME_E_INVALID);
  CHECK(t.show.status().accepted == 1);
  CHECK(t.frame(1)->number == number);
  CHECK(t.show.layers().size() == 2);
  CHECK(t.show.get_value(step).value.as.f[0] == 0.5F);
}

TEST_CASE("A range compares in the value's own type", "[mutation]") {
  Schema schema;
  schema.type("t", {Param("x", RELUME_FLOAT).range(0.1, 0.3).initial(scalar(0.1F))}).layer("a", "t");
  TestShow t(schema);
  CHECK(t.show.set(t.show.param("a/x"), scalar(0.3F)).state == RELUME_STATE_CHANGED);
  CHECK(t.show.set(t.show.param("a/x"), scalar(0.1F)).state == RELUME_STATE_CHANGED);
}

TEST_CASE("A change-set is whole or nothing, and names the culprit", "[mutation]") {
  TestShow t;
  const relume_param wash = t.show.param("wash/step");
  const relume_param spot = t.show.param("spot/step");
  relume_outcome outcome{};
  CHECK(reason_of(t, ChangeSet().set(wash, scalar(0.5F)).set(spot, scalar(5)), &outcome) == RELUME_E_RANGE);
  CHECK(outcome.culprit == 1);
  CHECK(t.level("wash/step", 1) == 0.0F);
  t.show.set(t.show.param("wash/on"), boolean(true));  // what was refused must not ride along with the next change
  CHECK(t.level("wash/step", 1) == 0.0F);
  const relume_layer layer = t.show.layer("wash");
  CHECK(reason_of(t, ChangeSet().set(wash, scalar(0.5F)).remove(layer).remove(layer), &outcome) ==
        RELUME_E_UNKNOWN_LAYER);
  CHECK(outcome.culprit == 2);
  CHECK(t.show.layers().size() == 2);
  CHECK(t.level("wash/step", 1) == 0.0F);

  try {
    t.show.apply(ChangeSet().set(wash, scalar(0.5F)).set(spot, integer(5)));
    FAIL("expected relume::Error");
  } catch (const Error& e) {
    CHECK(e.change() == 1);
    CHECK(e.code() == RELUME_E_TYPE);
    CHECK(e.culprit() == "spot/step");
  }
  const relume_outcome both = t.show.apply(ChangeSet().set(wash, scalar(0.5F)).set(spot, scalar(0.6F)));
  CHECK(both.revision == 2);
  const Frame frame = t.frame(1);
  CHECK(frame.at(wash)->f == 0.5F);
  CHECK(frame.at(spot)->f == 0.6F);
}

TEST_CASE("In a change-set a change sees those before it", "[mutation]") {
  TestShow t;
  const relume_param step = t.show.param("wash/step");
  t.show.apply(ChangeSet().set(step, scalar(0.5F)).store(t.show.layer("wash")).set(step, scalar(0.6F)));
  relume_explanation all = t.show.explain(step);
  CHECK(all.persisted.as.f[0] == 0.5F);
  CHECK(all.committed.as.f[0] == 0.6F);
  // With changes of the stack among them too; "all layers" are those of that moment.
  t.show.apply(ChangeSet().store().add_layer("fx", "fixture").set(step, scalar(0.7F)).remove(t.show.layer("spot")));
  all = t.show.explain(step);
  CHECK(all.persisted.as.f[0] == 0.6F);
  CHECK(all.committed.as.f[0] == 0.7F);
  CHECK(t.show.layers().size() == 2);
  CHECK(t.show.status().accepted == 2);
}

TEST_CASE("Reads see the own write before a frame is composed", "[mutation]") {
  TestShow t;
  const relume_param quad = t.show.param("spot/quad");
  t.show.set(quad, vec4(1, 2, 3, 4));
  const Reading reading = t.show.get_value(quad);
  CHECK(reading.tier == RELUME_TIER_COMMITTED);
  CHECK(reading.value.type == RELUME_VEC4);
  CHECK(reading.value.as.f[3] == 4.0F);
  CHECK(t.reader.acquire().at(quad)[3].f == 0.0F);
}

TEST_CASE("Every value type goes through mutation, tiers and frame unchanged", "[mutation]") {
  TestShow t;
  const std::pair<const char*, relume_value> values[] = {
      {"wash/level", scalar(0.1F)},
      {"wash/color", color(0.1F, 0.2F, 0.3F, 0.4F)},
      {"wash/on", boolean(true)},
      {"wash/count", integer(-10)},
      {"wash/pan", vec2(-1, 1)},
      {"wash/at", vec3(1e30F, -1e-30F, 3)},
      {"wash/quad", vec4(1, 2, 3, 4)},
      {"wash/mode", choice(2)},
      {"wash/start", time(-1234567890123)},
  };
  for (const auto& [route, value] : values) {
    INFO(route);
    const relume_param param = t.show.param(route);
    t.show.set(param, value);
    relume_value back = t.show.get_value(param).value;
    CHECK(std::memcmp(&back, &value, sizeof back) == 0);
    t.show.persist(param, value);
    back = t.show.explain(param).persisted;
    CHECK(std::memcmp(&back, &value, sizeof back) == 0);
    const relume_slot* slots = t.frame(1).at(param);
    CHECK(std::memcmp(slots, &value.as, relume_type_lanes(value.type) * sizeof(relume_slot)) == 0);
  }
}

TEST_CASE("Store, revert and reset of one layer leave the others alone", "[mutation]") {
  TestShow t;
  const relume_param wash = t.show.param("wash/step");
  const relume_param spot = t.show.param("spot/step");
  t.show.set(wash, scalar(0.5F));
  t.show.set(spot, scalar(0.6F));
  t.show.store(t.show.layer("wash"));
  CHECK(t.tier("wash/step") == RELUME_TIER_PERSISTED);
  CHECK(t.tier("spot/step") == RELUME_TIER_COMMITTED);
  t.show.set(wash, scalar(0.1F));
  t.show.revert(t.show.layer("wash"));
  CHECK(t.show.get_value(wash).value.as.f[0] == 0.5F);
  CHECK(t.tier("spot/step") == RELUME_TIER_COMMITTED);
  t.show.reset();
  CHECK(t.tier("spot/step") == RELUME_TIER_DEFAULT);
  CHECK(t.tier("wash/step") == RELUME_TIER_PERSISTED);
}

TEST_CASE("Stack: add, move, enable, bypass and remove show in the frame, in order", "[mutation][stack]") {
  TestShow t;
  const auto keys = [&t] {
    std::string all;
    const Frame frame = t.frame(1);
    for (std::uint32_t i = 0; i < frame->layer_count; ++i) {
      all += t.show.layer_info(frame->layers[i].layer).key;
      all += (frame->layers[i].flags & RELUME_LAYER_DISABLED) != 0 ? "-" : "";
      all += (frame->layers[i].flags & RELUME_LAYER_BYPASSED) != 0 ? "~ " : " ";
    }
    return all;
  };
  CHECK(keys() == "wash spot ");
  const relume_layer fx = t.show.add_layer("fx", "fixture", t.show.layer("spot"));
  CHECK(keys() == "wash fx spot ");
  CHECK(t.show.layer_info(fx).id == 3);
  CHECK(t.level("fx/level") == 1.0F);
  t.show.move_layer(fx, t.show.layer("wash"));
  CHECK(keys() == "fx wash spot ");
  t.show.move_layer(fx);
  t.show.enable_layer(t.show.layer("wash"), false);
  t.show.bypass_layer(fx, true);
  CHECK(keys() == "wash- spot fx~ ");
  CHECK(t.show.layer("fx").bits == fx.bits);
  const relume_param step = t.show.param("fx/step");
  t.show.set(step, scalar(0.5F));
  t.show.remove_layer(fx);
  CHECK(keys() == "wash- spot ");
  CHECK(t.frame(1).at(step) == nullptr);
  CHECK_THROWS_AS(t.show.get_value(step), Error);
  const relume_layer again = t.show.add_layer("fx", "fixture");
  CHECK(again.bits != fx.bits);
  CHECK(t.show.layer_info(again).id == 4);  // an id is never used twice
  CHECK(t.level("fx/step") == 0.0F);
  CHECK(t.frame(1).at(step) == nullptr);
}

TEST_CASE("Stack: capacities are limits, and a full stack still works", "[mutation][stack][error]") {
  relume_show_options options = relume::test::quiet_options();
  options.max_layers = 3;
  TestShow by_layers(relume::test::demo_schema(), options);
  by_layers.show.add_layer("fx", "fixture");
  CHECK(reason_of(by_layers, ChangeSet().add_layer("more", "fixture")) == RELUME_E_LIMIT);
  by_layers.show.remove_layer(by_layers.show.layer("wash"));
  CHECK(reason_of(by_layers, ChangeSet().add_layer("more", "fixture")) == RELUME_OK);
  options.max_layers = 64;
  options.max_slots = 64;
  TestShow by_slots(relume::test::demo_schema(), options);
  CHECK(reason_of(by_slots, ChangeSet().add_layer("more", "fixture")) == RELUME_E_LIMIT);
  CHECK(by_slots.show.set(by_slots.show.param("spot/step"), scalar(1)).state == RELUME_STATE_CHANGED);
}

TEST_CASE("Mutations from many threads: every accepted one takes exactly one revision", "[mutation][threads]") {
  TestShow t;
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  std::vector<std::thread> threads;
  for (int n = 0; n < kThreads; ++n) {
    threads.emplace_back([&t, n] {
      const relume_param param = t.show.param(n % 2 == 0 ? "wash/at" : "spot/at");
      for (int i = 1; i <= kEach; ++i) {
        t.show.set(param, vec3(static_cast<float>(n), static_cast<float>(i), static_cast<float>(n * kEach + i)));
        if (i % 50 == 0) t.show.get_value(param);
      }
    });
  }
  std::uint64_t last = 0;
  std::size_t torn = 0;
  std::size_t backwards = 0;
  for (int i = 0; i < 2000; ++i) {
    const Frame frame = t.frame(1);
    const relume_slot* at = frame.at(t.show.param("wash/at"));
    torn += at[2].f != 0.0F && at[2].f != at[0].f * kEach + at[1].f;
    backwards += frame->revision < last;
    last = frame->revision;
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(torn == 0);
  CHECK(backwards == 0);
  CHECK(t.show.status().accepted == kThreads * kEach);
}
