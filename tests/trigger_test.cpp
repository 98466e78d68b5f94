// SPDX-License-Identifier: Apache-2.0
// Triggers: pulses of operators are counted, and nothing but a pulse changes a count: relume/value.h, DESIGN 5 rule 3.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/change_set.hpp"
#include "support/temp_folder.hpp"
#include "support/typed_show.hpp"

using namespace relume;
using namespace relume::test;

namespace {

constexpr std::uint32_t kMost = 0x7fffffff;  // pulses at once

/// Triggers where their slots are in two blocks, with values beside and between them.
Schema firing_schema() {
  Schema schema;
  schema.type("cannon",
              {Param("go", RELUME_TRIGGER), Param("step", RELUME_FLOAT).range(0, 1), Param("flash", RELUME_TRIGGER),
               Param("at", RELUME_VEC3), Param("count", RELUME_INT), Param("hint", RELUME_TRIGGER).lossy()});
  schema.type("wide", {Param("tint", RELUME_COLOR), Param("go", RELUME_TRIGGER), Param("flash", RELUME_INT),
                       Param("count", RELUME_TRIGGER)});
  for (const char* layer : {"a", "b", "c", "d", "e", "f"}) schema.layer(layer, "cannon");
  return schema;
}

std::uint32_t count_in(const relume_value& value) {
  REQUIRE((value.type == RELUME_TRIGGER || value.type == 0));
  return static_cast<std::uint32_t>(value.as.i);
}
std::uint32_t count_of(Show& show, const std::string& route) {
  return count_in(show.get_value(show.param(route)).value);
}

/// Pulses of a source, settled: they are in the committed slot.
void settle_pulses(TestShow& t, const std::string& route, std::uint32_t pulses) {
  Source source = t.show.source();
  REQUIRE(source.write(t.show.param(route), trigger(pulses), t.now) == RELUME_OK);
  t.run(1000);
  REQUIRE(t.tier(route) == RELUME_TIER_COMMITTED);
}

relume_result type_error(Param param, std::string& words) {
  Schema schema;
  try {
    schema.type("t", {std::move(param)});
  } catch (const Error& error) {
    words = error.culprit() + ": " + error.what();
    return error.code();
  }
  return RELUME_OK;
}

}  // namespace

TEST_CASE("Trigger: a definition takes nothing that a count has no use for", "[trigger]") {
  struct Wrong {
    Param param;
    const char* says;
  };
  const Param go("go", RELUME_TRIGGER);
  for (const Wrong& wrong :
       {Wrong{Param(go).range(0, 9), "no range"}, Wrong{Param(go).initial(trigger(1)), "no default"},
        Wrong{Param(go).initial(integer(0)), "no default"}, Wrong{Param(go).clamp(), "clamp"},
        Wrong{Param(go).smoothing(1), "smoothed"}, Wrong{Param(go).labels({"a"}), "labels"}}) {
    std::string words;
    INFO(wrong.says);
    CHECK(type_error(wrong.param, words) == RELUME_E_INVALID);
    CHECK_THAT(words, Catch::Contains("go") && Catch::Contains(wrong.says));
  }
  std::string words;
  CHECK(type_error(Param(go).lossy().recall_safe().settle(5), words) == RELUME_OK);
  CHECK(relume_type_lanes(RELUME_TRIGGER) == 1);
}

TEST_CASE("Trigger: set and persist add pulses, a revision each", "[trigger]") {
  TestShow t(firing_schema());
  const relume_param go = t.show.param("a/go");
  CHECK(count_of(t.show, "a/go") == 0);
  CHECK(t.tier("a/go") == RELUME_TIER_DEFAULT);

  const relume_outcome set = t.show.set(go, trigger());
  CHECK(set.state == RELUME_STATE_CHANGED);
  CHECK(set.revision == 1);
  CHECK(set.targets == RELUME_TARGET_CHECKPOINT);
  CHECK(set.invalidation == RELUME_INVALIDATE_NONE);
  CHECK(set.urgency == RELUME_URGENCY_COALESCE);
  CHECK(count_of(t.show, "a/go") == 1);
  CHECK(t.tier("a/go") == RELUME_TIER_PERSISTED);

  const relume_outcome persist = t.show.persist(go, trigger(4));
  CHECK(persist.revision == 2);
  CHECK(persist.targets == (RELUME_TARGET_CHECKPOINT | RELUME_TARGET_DOCUMENT));
  CHECK(count_of(t.show, "a/go") == 5);
  CHECK(t.show.set(t.show.param("a/hint"), trigger()).urgency == RELUME_URGENCY_LOSSY);
  CHECK(count_of(t.show, "a/flash") == 0);
  CHECK(count_of(t.show, "b/go") == 0);
}

TEST_CASE("Trigger: no pulse, or more than a reader could tell from none, is refused", "[trigger]") {
  TestShow t(firing_schema());
  const relume_param go = t.show.param("a/go");
  for (const std::uint32_t pulses : {0U, kMost + 1, 0xffffffffU}) {
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    relume_error error = RELUME_ERROR_INIT;
    const relume_value value = relume_value_trigger(pulses);
    CHECK(relume_value_set(t.show.get(), go, &value, &outcome, &error) == RELUME_E_RANGE);
    CHECK(outcome.state == RELUME_STATE_REJECTED);
    CHECK_THAT(error.message, Catch::Contains("a/go takes 1 to 2147483647 pulses"));
  }
  CHECK(code_of([&] { t.show.set(go, integer(1)); }) == RELUME_E_TYPE);
  CHECK(code_of([&] { t.show.set(t.show.param("a/count"), trigger()); }) == RELUME_E_TYPE);
  ChangeSet changes;
  changes.set(go, trigger()).set(go, trigger(0));
  CHECK(code_of([&] { t.show.apply(changes); }) == RELUME_E_RANGE);
  CHECK(count_of(t.show, "a/go") == 0);
  CHECK(t.show.status().accepted == 0);
}

TEST_CASE("Trigger: all pulses of a change-set count, in one revision", "[trigger]") {
  TestShow t(firing_schema());
  const relume_param go = t.show.param("a/go");
  ChangeSet changes;
  changes.set(go, trigger(2)).persist(go, trigger(3)).set(go, trigger()).set(t.show.param("f/flash"), trigger(7));
  CHECK(t.show.apply(changes).revision == 1);
  CHECK(count_of(t.show, "a/go") == 6);
  CHECK(count_of(t.show, "f/flash") == 7);
}

TEST_CASE("Trigger: a count wraps", "[trigger]") {
  TestShow t(firing_schema());
  const relume_param go = t.show.param("a/go");
  t.show.set(go, trigger(kMost));
  t.show.set(go, trigger(kMost));
  CHECK(count_of(t.show, "a/go") == 0xfffffffe);
  t.show.set(go, trigger(5));
  CHECK(count_of(t.show, "a/go") == 3);
}

TEST_CASE("Trigger: explain has the operators' count, the sources' and the sum", "[trigger]") {
  TestShow t(firing_schema());
  const relume_param go = t.show.param("a/go");
  relume_explanation e = t.show.explain(go);
  CHECK(e.persisted.type == 0);
  CHECK(e.committed.type == 0);
  CHECK(count_in(e.default_value) == 0);
  settle_pulses(t, "a/go", 3);
  t.show.set(go, trigger(2));
  e = t.show.explain(go);
  CHECK(count_in(e.persisted) == 2);
  CHECK(count_in(e.committed) == 3);
  CHECK(e.transient.type == 0);
  CHECK(count_in(e.composed) == 5);
  CHECK(e.winner == RELUME_TIER_COMMITTED);
  CHECK(count_of(t.show, "a/go") == 5);
  // Nothing of it is in the operator's way, as it would be with a value.
  CHECK(t.show.persist(go, trigger()).state == RELUME_STATE_CHANGED);
  CHECK(count_in(t.show.explain(go).committed) == 3);
}

TEST_CASE("Trigger: store, revert and reset leave counts alone, and take what is beside them", "[trigger]") {
  TestShow t(firing_schema());
  const std::string layers[] = {"a", "b", "c", "d", "e", "f"};
  const auto counts = [&] {
    std::string all;
    for (const std::string& layer : layers) {
      for (const char* key : {"/go", "/flash", "/hint"}) {
        const relume_explanation e = t.show.explain(t.show.param(layer + key));
        all += std::to_string(count_in(e.persisted)) + "+" + std::to_string(count_in(e.committed)) + " ";
      }
    }
    return all;
  };
  for (const std::string& layer : layers) {
    settle_pulses(t, layer + "/go", 3);
    settle_pulses(t, layer + "/hint", 9);
    t.show.set(t.show.param(layer + "/go"), trigger(2));
    t.show.set(t.show.param(layer + "/flash"), trigger(5));
    t.show.set(t.show.param(layer + "/step"), scalar(0.5F));
    t.show.set(t.show.param(layer + "/at"), vec3(1, 2, 3));
    t.show.set(t.show.param(layer + "/count"), integer(-1));
  }
  const std::string before = counts();
  const auto tiers = [&](relume_tier tier) {
    for (const std::string& layer : layers) {
      for (const char* key : {"/step", "/at", "/count"}) CHECK(t.tier(layer + key) == tier);
    }
  };
  SECTION("store") {
    CHECK(t.show.store().state == RELUME_STATE_CHANGED);
    tiers(RELUME_TIER_PERSISTED);
    CHECK(t.show.store().state == RELUME_STATE_SAME);
  }
  SECTION("revert") {
    CHECK(t.show.revert().state == RELUME_STATE_CHANGED);
    tiers(RELUME_TIER_DEFAULT);
    CHECK(t.show.revert().state == RELUME_STATE_SAME);
  }
  SECTION("reset") {
    CHECK(t.show.reset().state == RELUME_STATE_CHANGED);
    tiers(RELUME_TIER_DEFAULT);
    CHECK(t.show.reset().state == RELUME_STATE_SAME);
  }
  SECTION("a layer") {
    t.show.store(t.show.layer("b"));
    t.show.revert(t.show.layer("c"));
    t.show.reset(t.show.layer("d"));
  }
  CHECK(counts() == before);
}

TEST_CASE("Trigger: a reset finds nothing to release in pulses that are on their way", "[trigger]") {
  TestShow t(firing_schema());
  const relume_param go = t.show.param("a/go");
  Source source = t.show.source();
  REQUIRE(source.write(go, trigger(3), t.now) == RELUME_OK);
  CHECK(t.frame(1).at(go)->u == 3);
  CHECK(t.show.reset().state == RELUME_STATE_SAME);
  CHECK(t.frame(1).at(go)->u == 3);
  t.run(1000);
  CHECK(count_in(t.show.explain(go).committed) == 3);
}

TEST_CASE("Trigger: in a layer of several blocks it shields no value of another block", "[trigger]") {
  std::vector<Param> params;
  for (int i = 0; i < 130; ++i) params.emplace_back("v" + std::to_string(i), i == 70 ? RELUME_TRIGGER : RELUME_INT);
  Schema schema;
  schema.type("long", std::move(params)).layer("a", "long");
  TestShow t(schema);
  settle_pulses(t, "a/v70", 4);
  ChangeSet changes;
  for (int i = 0; i < 130; ++i) {
    if (i != 70) changes.set(t.show.param("a/v" + std::to_string(i)), integer(i + 1));
  }
  t.show.apply(changes);
  t.show.store();
  for (int i = 0; i < 130; ++i) {
    if (i != 70) CHECK(t.tier("a/v" + std::to_string(i)) == RELUME_TIER_PERSISTED);
  }
  CHECK(t.tier("a/v70") == RELUME_TIER_COMMITTED);
}

TEST_CASE("Trigger: counts stay where the type changes and the key is a trigger still", "[trigger][type]") {
  TestShow t(firing_schema());
  settle_pulses(t, "b/go", 3);
  t.show.set(t.show.param("b/go"), trigger(2));
  t.show.set(t.show.param("b/flash"), trigger(4));
  t.show.set(t.show.param("b/count"), integer(8));
  SECTION("in the same shape, under the same handle") {
    const relume_param go = t.show.param("b/go");
    reload(t.show, LayerType("cannon", {Param("go", RELUME_TRIGGER), Param("step", RELUME_FLOAT).range(0, 0.5),
                                        Param("flash", RELUME_TRIGGER), Param("at", RELUME_VEC3),
                                        Param("count", RELUME_INT), Param("hint", RELUME_TRIGGER).lossy()}));
    CHECK(t.show.param("b/go").bits == go.bits);
    CHECK(count_of(t.show, "b/flash") == 4);
  }
  SECTION("in another shape; what was no trigger, or is none now, is cleared") {
    const relume_outcome outcome = t.show.retype_layer(t.show.layer("b"), "wide");
    CHECK(outcome.cleared_values == 2);
    CHECK(outcome.clamped_values == 0);
    CHECK(t.tier("b/flash") == RELUME_TIER_DEFAULT);
    CHECK(count_of(t.show, "b/count") == 0);
  }
  const relume_explanation e = t.show.explain(t.show.param("b/go"));
  CHECK(count_in(e.persisted) == 2);
  CHECK(count_in(e.committed) == 3);
  t.show.set(t.show.param("b/go"), trigger());
  CHECK(count_of(t.show, "b/go") == 6);
}

TEST_CASE("Trigger: the sources' count only goes forward, the short way round", "[trigger]") {
  TestShow t(firing_schema());
  settle_pulses(t, "a/go", 3);
  core::Layer layer;
  core::Schema schema;
  const LayerType cannon("cannon", {Param("go", RELUME_TRIGGER)});
  REQUIRE_FALSE(schema.add_type(cannon.def()));
  layer.type = schema.type("cannon");
  const auto settles = [&](std::uint32_t count) {
    core::ResolvedChange change;
    change.kind = RELUME_CHANGE_SET;
    change.layer = &layer;
    change.def = layer.type->find("go");
    change.lanes = {count};
    core::ChangeSet set(t.show.get()->show->coordinator(), nullptr);
    return set.settle(change);
  };
  CHECK(settles(4));
  CHECK(settles(3 + kMost));
  CHECK_FALSE(settles(3));
  CHECK_FALSE(settles(2));
  CHECK_FALSE(settles(0xffffffff));
  CHECK_FALSE(settles(3 + kMost + 1));
}

namespace {

struct Place {
  TempFolder disk;
  TempFolder runtime{"/dev/shm"};
  std::string folder = disk.path() + "/a.show";

  std::unique_ptr<TestShow> open() const {
    relume_show_options options = quiet_options();
    options.folder = folder.c_str();
    options.runtime_dir = runtime.path().c_str();
    auto t = std::make_unique<TestShow>(firing_schema(), options);
    t->show.disk_tick();
    return t;
  }
  std::string read_document() const {
    std::ifstream file(folder + "/show.json");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void lose_mirror() const {
    for (const auto& file : std::filesystem::directory_iterator(runtime.path())) std::filesystem::remove(file);
  }
  void lose_checkpoint() const { std::filesystem::remove_all(folder + "/checkpoint"); }
};

}  // namespace

TEST_CASE("Trigger: mirror, checkpoint and document alone bring the count back, and it goes on",
          "[trigger][recovery]") {
  const Place place;
  auto t = place.open();
  settle_pulses(*t, "b/go", 0x7ffffff0);
  t->show.set(t->show.param("b/go"), trigger(0x7ffffff0));
  t->show.set(t->show.param("b/go"), trigger(0x30));
  t->show.persist(t->show.param("b/step"), scalar(0.5F));
  settle_pulses(*t, "f/flash", 2);
  t->show.save();
  t->show.flush(1'000'000'000);
  const auto now = [&](const char* rung) {
    INFO(rung);
    CHECK(count_of(t->show, "b/go") == 0x10);
    CHECK(count_of(t->show, "f/flash") == 2);
    CHECK(count_of(t->show, "f/go") == 0);
    CHECK(t->reader.acquire()->number > 0);
  };
  now("before");
  t.reset();
  t = place.open();
  CHECK(t->show.recovery().rung == RELUME_RUNG_MIRROR);
  now("mirror");
  CHECK(count_in(t->show.explain(t->show.param("b/go")).committed) == 0x7ffffff0);
  t.reset();
  place.lose_mirror();
  t = place.open();
  CHECK(t->show.recovery().rung == RELUME_RUNG_CHECKPOINT);
  now("checkpoint");
  CHECK(count_in(t->show.explain(t->show.param("b/go")).committed) == 0x7ffffff0);
  t.reset();
  place.lose_mirror();
  place.lose_checkpoint();
  t = place.open();
  CHECK(t->show.recovery().rung == RELUME_RUNG_DOCUMENT);
  now("document");
  t->show.set(t->show.param("b/go"), trigger(3));
  settle_pulses(*t, "f/flash", 1);
  CHECK(count_of(t->show, "b/go") == 0x13);
  CHECK(count_of(t->show, "f/flash") == 3);
}

TEST_CASE("Trigger: a document that takes the show's place changes no count of a layer that stays", "[trigger][save]") {
  const Place place;
  auto t = place.open();
  settle_pulses(*t, "b/go", 3);
  t->show.set(t->show.param("b/go"), trigger(2));
  t->show.persist(t->show.param("b/step"), scalar(0.25F));
  t->show.remove_layer(t->show.layer("f"));
  t->show.flush(1'000'000'000);
  std::string text = place.read_document();
  REQUIRE(text.find("\"go\": 5") != std::string::npos);
  REQUIRE(text.find("\"format\": 2") != std::string::npos);
  const auto replace = [&](const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  };
  replace("\"go\": 5", "\"go\": 99");
  replace("\"step\": 0.25", "\"step\": 0.75, \"flash\": 7");
  replace("\"key\": \"c\"", "\"key\": \"moved\"");
  const std::size_t sum = text.find("\"checksum\": \"") + 13;
  text.replace(sum, 8, "none");
  t->show.set(t->show.param("c/go"), trigger(8));
  std::filesystem::remove(place.folder + "/show.json");
  std::ofstream(place.folder + "/show.json") << text;
  t->show.persist(t->show.param("a/step"), scalar(1));
  t->show.save();
  t->show.disk_tick();
  const relume_param go = t->show.param("b/go");
  REQUIRE(t->show.accept(RELUME_CHOICE_FILE).state == RELUME_STATE_CHANGED);

  CHECK(t->show.get_value(t->show.param("b/step")).value.as.f[0] == 0.75F);
  CHECK(t->show.param("b/go").bits == go.bits);
  const relume_explanation e = t->show.explain(go);
  CHECK(count_in(e.persisted) == 2);
  CHECK(count_in(e.committed) == 3);
  CHECK(count_of(t->show, "b/flash") == 0);
  CHECK(count_of(t->show, "moved/go") == 8);  // the same layer, by its id
}
