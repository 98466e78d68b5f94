// SPDX-License-Identifier: Apache-2.0
// What a change of type tells of every value: kept, clamped or cleared, and why.
#include <catch2/catch.hpp>

#include <cstring>
#include <string>
#include <vector>

#include "support/stage.hpp"
#include "support/typed_show.hpp"

using namespace relume;
using relume::test::code_of;
using relume::test::kMs;
using relume::test::reload;
using relume::test::TestShow;

namespace {

std::string number(const relume_value& v) {
  switch (v.type) {
    case 0: return "-";
    case RELUME_TEXT: return std::to_string(v.as.text.size) + " bytes";
    case RELUME_FLOAT:
    case RELUME_COLOR: return std::to_string(v.as.f[0]).substr(0, 4);
    default: return std::to_string(v.as.i);
  }
}

/// "level persisted kept 0 0.25 0.25"
std::string told(const relume_type_fate& f) {
  static const char* tiers[] = {"?", "persisted", "committed", "transient"};
  static const char* fates[] = {"?", "kept", "clamped", "cleared"};
  return std::string(f.key) + " " + tiers[f.tier] + " " + fates[f.fate] + " " + std::to_string(f.why) + " " +
         number(f.before) + " " + number(f.after);
}
std::vector<std::string> told(const std::vector<relume_type_fate>& fates) {
  std::vector<std::string> lines;
  for (const relume_type_fate& fate : fates) lines.push_back(told(fate));
  return lines;
}

using Lines = std::vector<std::string>;

Schema report_schema() {
  Schema schema;
  schema.type("plasma",
              {relume::test::level(), Param("tint", RELUME_COLOR).range(0, 1), Param("steps", RELUME_INT).range(0, 100),
               relume::test::mode({"off", "slow", "fast"}), Param("speed", RELUME_FLOAT).range(0, 10),
               Param("name", RELUME_TEXT), Param("motto", RELUME_TEXT), Param("free", RELUME_FLOAT)});
  schema.layer("back", "plasma").layer("front", "plasma");
  return schema;
}

}  // namespace

TEST_CASE("Report: every reason is told, with what was and what is, the losses first", "[type][report]") {
  TestShow t(report_schema());
  Show& show = t.show;
  show.persist(show.param("back/level"), scalar(0.25F));
  show.set(show.param("back/level"), scalar(0.5F));
  show.set(show.param("back/tint"), color(0.5F, 0, 0));
  show.persist(show.param("back/steps"), integer(80));
  show.set(show.param("back/steps"), integer(20));
  show.persist(show.param("back/mode"), choice(1));
  show.set(show.param("back/mode"), choice(2));
  show.set(show.param("back/speed"), scalar(3));
  show.set(show.param("back/name"), text("12345"));
  show.persist(show.param("back/motto"), text("123"));
  show.set(show.param("front/free"), scalar(9));
  const std::uint64_t back = show.layer_info(show.layer("back")).id;

  const relume_outcome outcome = reload(
      show, LayerType("plasma", {relume::test::level(), Param("tint", RELUME_VEC2),
                                 Param("steps", RELUME_INT).range(0, 50), relume::test::mode({"fast", "off"}),
                                 Param("speed", RELUME_INT), Param("name", RELUME_TEXT), Param("motto", RELUME_INT)}));
  const auto fates = show.type_report(outcome.revision);
  CHECK(told(fates) == Lines{
                           "tint committed cleared 3 0.50 -",      // lanes
                           "steps persisted clamped 5 80 50",      // range
                           "mode persisted cleared 4 1 -",         // label
                           "speed committed cleared 2 3.00 -",     // type
                           "motto persisted cleared 2 3 bytes -",  // a text that is none any more
                           "free committed cleared 1 9.00 -",      // key gone, of the other layer
                           "level persisted kept 0 0.25 0.25",
                           "level committed kept 0 0.50 0.50",
                           "steps committed kept 0 20 20",
                           "mode committed kept 0 2 0",  // the same label
                           "name committed kept 0 5 bytes 5 bytes",
                       });
  for (const relume_type_fate& fate : fates) {
    INFO(told(fate));
    const bool front = fate.key == std::string("free");
    CHECK((fate.layer_id == back) != front);
    if (front) {
      CHECK(fate.param.bits == 0);
    } else {
      CHECK(fate.param.bits == show.param(std::string("back/") + fate.key).bits);
      const relume_explanation why = show.explain(fate.param);
      const relume_value& now = fate.tier == RELUME_TIER_COMMITTED ? why.committed : why.persisted;
      CHECK(now.type == fate.after.type);
      if (fate.after.type != 0) CHECK(number(now) == number(fate.after));
    }
  }
  CHECK(outcome.clamped_values == 1);
  CHECK(outcome.cleared_values == 5);
}

TEST_CASE("Report: automation that goes on, is clamped, or cannot go on", "[type][report]") {
  TestShow t(report_schema());
  Show& show = t.show;
  t.frame();
  Source osc = show.source();
  osc.write(show.param("back/level"), scalar(0.75F), t.now);
  osc.write(show.param("back/steps"), integer(80), t.now);
  osc.write(show.param("back/mode"), choice(2), t.now);
  osc.write(show.param("back/free"), scalar(0.5F), t.now);
  t.frame(2000);
  SECTION("another shape") {
    const LayerType plasma("plasma", {Param("first", RELUME_FLOAT), relume::test::level(),
                                      Param("steps", RELUME_INT).range(0, 50), relume::test::mode({"fast", "off"})});
    const auto fates = show.type_report(reload(show, plasma).revision);
    CHECK(told(fates) == Lines{
                             "steps transient clamped 5 80 50",
                             "mode transient cleared 6 2 -",  // sources write indices, and 2 means something else
                             "free transient cleared 1 0.50 -",
                             "level transient kept 0 0.75 0.75",
                         });
    t.frame(1);
    for (const relume_type_fate& fate : fates) {
      INFO(told(fate));
      if (fate.param.bits == 0) continue;
      CHECK((show.get_value(fate.param).tier == RELUME_TIER_TRANSIENT) == (fate.fate != RELUME_FATE_CLEARED));
      if (fate.after.type != 0) CHECK(number(show.get_value(fate.param).value) == number(fate.after));
    }
  }
  SECTION("the same shape") {
    LayerType plasma("plasma", {relume::test::level(), Param("tint", RELUME_COLOR).range(0, 1),
                                Param("steps", RELUME_INT).range(0, 50), relume::test::mode({"off", "slow", "fast"}),
                                Param("speed", RELUME_FLOAT).range(0, 10), Param("name", RELUME_TEXT),
                                Param("motto", RELUME_TEXT), Param("free", RELUME_FLOAT)});
    const relume_param steps = show.param("back/steps");
    const auto fates = show.type_report(reload(show, plasma).revision);
    CHECK(told(fates) == Lines{
                             "steps transient clamped 5 80 50",
                             "level transient kept 0 0.75 0.75",
                             "mode transient kept 0 2 2",
                             "free transient kept 0 0.50 0.50",
                         });
    t.frame(1);
    CHECK(show.get_value(steps).value.as.i == 50);
  }
}

TEST_CASE("Report: automation that max_slots leaves no room for", "[type][report]") {
  relume_show_options options = relume::test::quiet_options();
  options.max_slots = 64;
  Schema schema;
  const auto params = [](int count) {
    std::vector<Param> all;
    for (int i = 0; i < count; ++i) all.emplace_back(Param("p" + std::to_string(i), RELUME_FLOAT));
    return all;
  };
  schema.type("wide", params(40));
  schema.layer("wide", "wide");
  TestShow t(schema, options);
  t.frame();
  Source osc = t.show.source();
  osc.write(t.show.param("wide/p3"), scalar(0.5F), t.now);
  t.frame(1);
  const auto fates = t.show.type_report(reload(t.show, LayerType("wide", params(44))).revision);
  CHECK(told(fates) == Lines{"p3 transient cleared 7 0.50 -"});
  t.frame(1);
  CHECK(t.tier("wide/p3") == RELUME_TIER_DEFAULT);
}

TEST_CASE("Report: what is not automation any more is none of it", "[type][report]") {
  TestShow t(report_schema());
  t.frame();
  Source osc = t.show.source();
  osc.write(t.show.param("back/level"), scalar(0), t.now);
  t.frame(50);
  osc.release(t.show.param("back/level"), t.now);
  t.frame(20);
  REQUIRE(t.show.explain(t.show.param("back/level")).gliding_back == 1);
  const relume_outcome outcome = t.show.retype_layer(t.show.layer("back"), "plasma");
  CHECK(outcome.state == RELUME_STATE_SAME);
  t.show.set(t.show.param("back/free"), scalar(1));
  const auto fates = t.show.type_report(reload(t.show, LayerType("plasma", {relume::test::level()})).revision);
  CHECK(told(fates) == Lines{"free committed cleared 1 1.00 -"});
}

TEST_CASE("Report: a layer that gets another type is told of, inside a change-set too, and in its order",
          "[type][report]") {
  TestShow t(report_schema());
  reload(t.show, LayerType("rings", {relume::test::level()}));
  const relume_layer back = t.show.layer("back");
  t.show.set(t.show.param("back/free"), scalar(1));
  const relume_outcome outcome = t.show.apply(ChangeSet()
                                                  .set(t.show.param("back/level"), scalar(0.5F))
                                                  .set(t.show.param("front/level"), scalar(0.75F))
                                                  .retype(t.show.layer("front"), "rings")
                                                  .retype(back, "rings"));
  CHECK(told(t.show.type_report(outcome.revision)) == Lines{
                                                          "free committed cleared 1 1.00 -",
                                                          "level committed kept 0 0.75 0.75",
                                                          "level committed kept 0 0.50 0.50",
                                                      });
}

TEST_CASE("Report: a dormant layer that comes back is told of", "[type][report]") {
  relume::test::Stage s;
  s.persist(0.75F);
  s.kill();
  Schema other;
  other.type("dimmer", {Param("level", RELUME_FLOAT)});
  s.open(other);
  const relume_outcome outcome =
      reload(*s.show, LayerType("fixture", {Param("step", RELUME_FLOAT).range(0, 0.5), Param("name", RELUME_TEXT)}));
  CHECK(told(s.show->type_report(outcome.revision)) == Lines{"step persisted clamped 5 0.75 0.50"});
}

TEST_CASE("Report: the last eight are remembered; who asks for another is told", "[type][report][error]") {
  TestShow t(report_schema());
  const auto asked = [&](std::uint64_t revision) { return code_of([&] { t.show.type_report(revision); }); };
  const std::uint64_t set = t.show.set(t.show.param("back/level"), scalar(0.5F)).revision;
  CHECK(asked(set) == RELUME_E_STATE);
  CHECK(asked(0) == RELUME_E_STATE);
  CHECK(asked(99) == RELUME_E_STATE);
  std::vector<std::uint64_t> revisions;
  for (int i = 0; i < 9; ++i) {
    const LayerType plasma("plasma", {relume::test::level(), Param("more" + std::to_string(i), RELUME_INT)});
    revisions.push_back(reload(t.show, plasma).revision);
  }
  CHECK(asked(revisions[0]) == RELUME_E_STATE);
  for (int i = 1; i < 9; ++i) CHECK(asked(revisions[static_cast<std::size_t>(i)]) == RELUME_OK);
  const LayerType again("plasma", {relume::test::level(), Param("more8", RELUME_INT)});
  const relume_outcome same = reload(t.show, again);
  CHECK(same.state == RELUME_STATE_SAME);
  CHECK(told(t.show.type_report(same.revision)) == Lines{"level committed kept 0 0.50 0.50"});  // of the one before
}

TEST_CASE("Report: it is bounded, what was kept makes way, and what is left out is counted", "[type][report]") {
  constexpr std::uint32_t kParams = 20000;
  constexpr std::size_t kMost = 16384;
  relume_show_options options = relume::test::quiet_options();
  options.max_slots = 1U << 17;
  std::vector<Param> params;
  for (std::uint32_t i = 0; i < kParams; ++i) params.emplace_back(Param("p" + std::to_string(i), RELUME_INT));
  Schema schema;
  schema.type("wide", params);
  schema.layer("wide", "wide");
  TestShow t(schema, options);
  ChangeSet set;
  for (std::uint32_t i = 0; i < kParams; ++i) set.set(t.show.param("wide/p" + std::to_string(i)), integer(1));
  t.show.apply(set);
  std::uint64_t omitted = 0;
  SECTION("most are kept") {
    params.erase(params.end() - 100, params.end());
    params.emplace_back(Param("new", RELUME_INT));
    const auto fates = t.show.type_report(reload(t.show, LayerType("wide", params)).revision, &omitted);
    CHECK(fates.size() == kMost);
    CHECK(omitted == kParams - kMost);
    CHECK(told(fates[0]) == "p19900 committed cleared 1 1 -");
    CHECK(told(fates[99]) == "p19999 committed cleared 1 1 -");
    CHECK(told(fates[100]) == "p0 committed kept 0 1 1");
    CHECK(told(fates.back()) == "p16283 committed kept 0 1 1");
  }
  SECTION("most are cleared") {
    params.erase(params.begin() + 100, params.end());
    const auto fates = t.show.type_report(reload(t.show, LayerType("wide", params)).revision, &omitted);
    CHECK(fates.size() == kMost);
    CHECK(omitted == kParams - kMost);
    CHECK(told(fates.back()) == "p16483 committed cleared 1 1 -");
  }
}

TEST_CASE("Report: the C function checks what it is given and fills what fits", "[type][report][error]") {
  TestShow t(report_schema());
  t.show.set(t.show.param("back/level"), scalar(0.5F));
  t.show.set(t.show.param("back/free"), scalar(1));
  const std::uint64_t revision = reload(t.show, LayerType("plasma", {relume::test::level()})).revision;
  relume_show* show = t.show.get();
  std::size_t count = 0;
  CHECK(relume_type_report(show, revision, nullptr, 0, &count, nullptr, nullptr) == RELUME_OK);
  CHECK(count == 2);
  relume_type_fate two[2] = {RELUME_TYPE_FATE_INIT, RELUME_TYPE_FATE_INIT};
  CHECK(relume_type_report(show, revision, two, 1, &count, nullptr, nullptr) == RELUME_OK);
  CHECK(count == 2);
  CHECK(told(two[0]) == "free committed cleared 1 1.00 -");
  CHECK(two[1].tier == 0);
  two[0].struct_size = 40;
  CHECK(relume_type_report(show, revision, two, 2, &count, nullptr, nullptr) == RELUME_E_INVALID);
  two[0].struct_size = sizeof two[0] + 8;
  CHECK(relume_type_report(show, revision, two, 2, &count, nullptr, nullptr) == RELUME_E_VERSION);
  CHECK(relume_type_report(show, revision, nullptr, 1, &count, nullptr, nullptr) == RELUME_E_INVALID);
  CHECK(relume_type_report(show, revision, nullptr, 0, nullptr, nullptr, nullptr) == RELUME_E_INVALID);
  CHECK(relume_type_report(nullptr, revision, nullptr, 0, &count, nullptr, nullptr) == RELUME_E_INVALID);
}
