// SPDX-License-Identifier: Apache-2.0
// A layer's key is what people call it: another key changes its routes, and nothing else.
#include <catch2/catch.hpp>

#include <filesystem>

#include "support/stage.hpp"
#include "support/typed_show.hpp"

using namespace relume;
using relume::test::code_of;
using relume::test::kMs;
using relume::test::Stage;
using relume::test::TestShow;

namespace {

std::string keys_of(const Show& show) {
  std::string keys;
  for (const relume_layer layer : show.layers()) keys += std::string(show.layer_info(layer).key) + " ";
  return keys;
}

}  // namespace

TEST_CASE("Rename: handles, id, place, flags, values and automation stay; the routes are others", "[rename]") {
  TestShow t;
  const relume_layer wash = t.show.layer("wash");
  const relume_param level = t.show.param("wash/level");
  const relume_param step = t.show.param("wash/step");
  t.show.persist(step, scalar(0.25F));
  t.show.set(t.show.param("wash/count"), integer(7));
  t.show.bypass_layer(wash, true);
  t.frame();
  Source osc = t.show.source();
  osc.write(level, scalar(0), t.now);
  const float before = t.level("wash/level", 50);
  REQUIRE(before > 0.5F);  // in the middle of its glide
  const std::uint64_t id = t.show.layer_info(wash).id;

  const relume_outcome outcome = t.show.rename_layer(wash, "front");
  CHECK(outcome.state == RELUME_STATE_CHANGED);
  CHECK(t.show.layer("front").bits == wash.bits);
  CHECK(t.show.param("front/level").bits == level.bits);
  CHECK(t.show.param_info(level).route == std::string("front/level"));
  CHECK(t.show.layer_info(wash).id == id);
  CHECK(t.show.layer_info(wash).flags == RELUME_LAYER_BYPASSED);
  CHECK(keys_of(t.show) == "front spot ");
  CHECK(code_of([&] { t.show.layer("wash"); }) == RELUME_E_UNKNOWN_LAYER);
  CHECK(code_of([&] { t.show.param("wash/level"); }) == RELUME_E_UNKNOWN_ROUTE);
  CHECK(t.tier("front/step") == RELUME_TIER_PERSISTED);
  CHECK(t.show.get_value(t.show.param("front/count")).value.as.i == 7);

  CHECK(t.level("front/level") == before);
  const float later = t.level("front/level", 50);
  CHECK(later < before);  // it glides on
  osc.write(level, scalar(0.75F), t.now);
  CHECK(t.level("front/level", 50) > later);  // and the source has not lost it
  CHECK(t.tier("front/level") == RELUME_TIER_TRANSIENT);
}

TEST_CASE("Rename: a key is checked like that of a new layer, and a refusal changes nothing", "[rename][error]") {
  TestShow t;
  const relume_layer wash = t.show.layer("wash");
  const auto renamed = [&](relume_layer layer, const char* key) {
    return relume_layer_rename(t.show.get(), layer, key, nullptr, nullptr);
  };
  CHECK(renamed(wash, "spot") == RELUME_E_EXISTS);
  for (const char* key : {"", "Wash", "a/b", "relume", "~1"}) CHECK(renamed(wash, key) == RELUME_E_INVALID);
  CHECK(renamed(wash, nullptr) == RELUME_E_INVALID);
  CHECK(renamed(wash, std::string(64, 'a').c_str()) == RELUME_E_INVALID);
  CHECK(renamed({0}, "front") == RELUME_E_UNKNOWN_LAYER);
  CHECK(relume_layer_rename(nullptr, wash, "front", nullptr, nullptr) == RELUME_E_INVALID);
  CHECK(keys_of(t.show) == "wash spot ");
  CHECK(t.show.status().accepted == 0);
  CHECK(renamed(wash, std::string(63, 'a').c_str()) == RELUME_OK);

  const relume_outcome same = t.show.rename_layer(wash, std::string(63, 'a'));
  CHECK(same.state == RELUME_STATE_SAME);
  CHECK(same.revision == 1);
  CHECK(same.events == 0);
}

TEST_CASE("Rename: inside a change-set, keys go free and change hands", "[rename]") {
  TestShow t;
  const relume_layer wash = t.show.layer("wash");
  const relume_layer spot = t.show.layer("spot");
  t.show.set(t.show.param("wash/step"), scalar(0.25F));
  const relume_outcome outcome = t.show.apply(ChangeSet()
                                                  .rename(wash, "between")
                                                  .rename(spot, "wash")
                                                  .rename(wash, "spot")
                                                  .add_layer("between", "fixture")
                                                  .set(t.show.param("wash/count"), integer(3)));
  CHECK(outcome.revision == 2);
  CHECK(keys_of(t.show) == "spot wash between ");
  CHECK(t.show.layer("spot").bits == wash.bits);
  CHECK(t.show.layer("wash").bits == spot.bits);
  CHECK(t.show.get_value(t.show.param("spot/step")).value.as.f[0] == 0.25F);
  CHECK(t.show.get_value(t.show.param("spot/count")).value.as.i == 3);

  relume_outcome refused = RELUME_OUTCOME_INIT;
  const ChangeSet taken = ChangeSet().rename(wash, "front").rename(spot, "front");
  CHECK(relume_apply(t.show.get(), taken.data(), taken.size(), &refused, nullptr) == RELUME_E_EXISTS);
  CHECK(refused.culprit == 1);
  CHECK(keys_of(t.show) == "spot wash between ");
}

TEST_CASE("Rename: clients are told, and read everything anew", "[rename][events]") {
  TestShow t;
  Events events = t.show.events();
  const relume_show_info info = t.show.info();
  t.show.set(t.show.param("wash/step"), scalar(0.25F));
  t.show.rename_layer(t.show.layer("wash"), "front");
  const auto seen = events.poll();
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].kind == RELUME_EVENT_ACCEPTED);
  CHECK(seen[1].change == RELUME_CHANGE_RENAME);
  CHECK(seen[1].layer.bits == t.show.layer("front").bits);
  std::size_t count = 0;
  std::uint32_t whole = 0;
  std::uint64_t history = 0;
  std::uint64_t revision = 0;
  REQUIRE(relume_state_since(t.show.get(), info.history_id, 1, nullptr, 0, &count, &whole, &history, &revision,
                             nullptr) == RELUME_OK);
  CHECK(whole == 1);
  CHECK(revision == 2);
}

TEST_CASE("Rename: the new key comes back from mirror, checkpoint and document, with all that is under it",
          "[rename][recovery]") {
  Stage s;
  const std::uint64_t id = s.show->layer_info(s.show->layer("wash")).id;
  s.persist(0.25F);
  s.show->set(s.show->param("wash/name"), text("left"));
  s.show->persist(s.show->param("wash/name"), text("base"));
  s.show->set(s.show->param("wash/name"), text("left"));
  s.show->rename_layer(s.show->layer("wash"), "front");
  bool session = true;
  SECTION("mirror") {
    s.kill();
    s.open();
    CHECK(s.show->recovery().rung == RELUME_RUNG_MIRROR);
  }
  SECTION("checkpoint") {
    s.save();
    s.cut();
    s.open();
    CHECK(s.show->recovery().rung == RELUME_RUNG_CHECKPOINT);
  }
  SECTION("document") {
    s.save();
    s.cut();
    std::filesystem::remove_all(s.path("checkpoint"));
    s.open();
    CHECK(s.show->recovery().rung == RELUME_RUNG_DOCUMENT);
    session = false;
  }
  CHECK(keys_of(*s.show) == "front spot ");
  CHECK(s.show->layer_info(s.show->layer("front")).id == id);
  CHECK(s.step("front") == 0.25F);
  CHECK(s.show->get_text(s.show->param("front/name")) == (session ? "left" : "base"));
}

TEST_CASE("Rename: the key of a dormant layer is taken", "[rename][recovery]") {
  Stage s;
  s.show->add_layer("fx", "fixture");
  s.kill();
  Schema other;
  other.type("dimmer", {Param("level", RELUME_FLOAT)});
  s.open(other);
  REQUIRE(s.show->layers().empty());
  const relume_layer added = s.show->add_layer("new", "dimmer");
  CHECK(code_of([&] { s.show->rename_layer(added, "fx"); }) == RELUME_E_EXISTS);
  CHECK(s.show->rename_layer(added, "free").state == RELUME_STATE_CHANGED);
}
