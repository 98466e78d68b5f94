// SPDX-License-Identifier: Apache-2.0
// DESIGN 6, cell by cell: every mutation on every value type, with every effect that its outcome tells, the events that come of
// it, and what document and checkpoint hold afterwards.
#include <catch2/catch.hpp>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "support/effects.hpp"
#include "support/typed_show.hpp"

using namespace relume;
using relume::test::Bench;
using relume::test::check_files;
using relume::test::check_row;
using relume::test::digest;
using relume::test::every_param;
using relume::test::every_schema;
using relume::test::kMs;
using relume::test::left_in;
using relume::test::of_mutations;
using relume::test::Published;
using relume::test::Row;
using relume::test::TypedPair;

namespace {

constexpr std::uint32_t kCheckpoint = RELUME_TARGET_CHECKPOINT;
constexpr std::uint32_t kBoth = RELUME_TARGET_CHECKPOINT | RELUME_TARGET_DOCUMENT;

void nothing(Bench&) {}
relume_outcome reload(Bench& b, const std::vector<Param>& params) {
  b.schema = Schema();
  b.schema.type("every", params).type("other", {Param("else", RELUME_FLOAT)});
  return relume::test::reload(*b.show, LayerType("every", params));
}
std::vector<Param> with_one_more() {
  std::vector<Param> params = every_param();
  params.insert(params.begin(), Param("first", RELUME_VEC3));
  return params;
}
std::vector<Param> all_lossy() {
  std::vector<Param> params = every_param();
  for (Param& param : params) param.lossy();
  return params;
}

const std::uint32_t kSame = RELUME_STATE_SAME;
const std::uint32_t kChanged = RELUME_STATE_CHANGED;
const auto kAccepted = RELUME_EVENT_ACCEPTED;

/// What an operator does to values.
std::vector<Row> value_rows() {
  const auto route = RELUME_INVALIDATE_ROUTE;
  const auto none = RELUME_INVALIDATE_NONE;
  const auto both_tiers = [](Bench& b) {
    b.persist(b.value.b);
    b.set(b.value.a);
  };
  return {
      {"set",
       nothing,
       [](Bench& b) { return b.set(b.value.a); },
       kChanged,
       kCheckpoint,
       route,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_SET}},
       "-a"},
      {"set the same",
       [](Bench& b) { b.set(b.value.a); },
       [](Bench& b) { return b.set(b.value.a); },
       kSame,
       0,
       none,
       RELUME_RESET_NONE,
       {},
       "-a"},
      {"set over a base",
       [](Bench& b) { b.persist(b.value.b); },
       [](Bench& b) { return b.set(b.value.a); },
       kChanged,
       kCheckpoint,
       route,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_SET}},
       "ba"},
      {"set what the base is already",
       [](Bench& b) { b.persist(b.value.a); },
       [](Bench& b) { return b.set(b.value.a); },
       kChanged,
       kCheckpoint,
       route,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_SET}},
       "aa"},
      {"set under stronger automation",
       [](Bench& b) { b.automate(b.value.b, 150); },
       [](Bench& b) { return b.set(b.value.a); },
       kChanged,
       kCheckpoint,
       route,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_SET}},
       "-a",
       true,
       1},
      {"set the same under weaker automation",
       [](Bench& b) {
         b.set(b.value.a);
         b.automate(b.value.b);
       },
       [](Bench& b) { return b.set(b.value.a); },
       kChanged,
       kCheckpoint,
       route,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_SET}},
       "-a",
       true},
      {"persist",
       both_tiers,
       [](Bench& b) { return b.persist(b.value.a); },
       kChanged,
       kBoth,
       route,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_PERSIST}},
       "a-"},
      {"persist the same",
       [](Bench& b) { b.persist(b.value.a); },
       [](Bench& b) { return b.persist(b.value.a); },
       kSame,
       0,
       none,
       RELUME_RESET_NONE,
       {},
       "a-"},
      {"set many",
       nothing,
       [](Bench& b) {
         const relume_param params[] = {b.param(), b.show->param("spot/free")};
         const relume_value values[] = {b.value.a, scalar(1)};
         return b.show->set_many(params, values, 2);
       },
       kChanged,
       kCheckpoint,
       route,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_SET}},
       "-a"},
      {"a set and a persist as one",
       nothing,
       [](Bench& b) {
         return b.show->apply(ChangeSet().set(b.show->param("spot/free"), scalar(1)).persist(b.param(), b.value.a));
       },
       kChanged,
       kBoth,
       route,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_SET}},
       "a-"},
      {"store",
       both_tiers,
       [](Bench& b) { return b.show->store(b.wash()); },
       kChanged,
       kBoth,
       none,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_STORE}},
       "a-"},
      {"store all",
       both_tiers,
       [](Bench& b) { return b.show->store(); },
       kChanged,
       kBoth,
       none,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_STORE}},
       "a-"},
      {"store nothing",
       [](Bench& b) { b.persist(b.value.a); },
       [](Bench& b) { return b.show->store(); },
       kSame,
       0,
       none,
       RELUME_RESET_NONE,
       {},
       "a-"},
      {"revert",
       both_tiers,
       [](Bench& b) { return b.show->revert(b.wash()); },
       kChanged,
       kCheckpoint,
       none,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_REVERT}},
       "b-"},
      {"revert nothing",
       [](Bench& b) { b.persist(b.value.a); },
       [](Bench& b) { return b.show->revert(); },
       kSame,
       0,
       none,
       RELUME_RESET_NONE,
       {},
       "a-"},
      {"reset",
       both_tiers,
       [](Bench& b) { return b.show->reset(b.wash()); },
       kChanged,
       kCheckpoint,
       RELUME_INVALIDATE_LAYER,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_RESET}},
       "b-"},
      {"reset of automation alone",
       [](Bench& b) { b.automate(b.value.a, 200); },
       [](Bench& b) { return b.show->reset(b.wash()); },
       kChanged,
       kCheckpoint,
       RELUME_INVALIDATE_LAYER,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_RESET}},
       "--",
       true},
      {"reset nothing",
       [](Bench& b) { b.persist(b.value.a); },
       [](Bench& b) { return b.show->reset(); },
       kSame,
       0,
       none,
       RELUME_RESET_NONE,
       {},
       "a-"},
  };
}

/// Changes of stack, type and records, with a value in both tiers of what they are done to.
std::vector<Row> structure_rows() {
  const auto none = RELUME_INVALIDATE_NONE;
  const auto both = [](Bench& b) {
    b.persist(b.value.b);
    b.set(b.value.a);
  };
  const auto at_once = [&](const char* name, auto act, std::uint32_t change, std::uint32_t invalidation,
                           std::uint32_t reset) {
    return Row{name, both, act, kChanged, kBoth, invalidation, reset, {{kAccepted, change}}, "ba"};
  };
  Row removed = at_once(
      "remove", [](Bench& b) { return b.show->remove_layer(b.wash()); }, RELUME_CHANGE_REMOVE, RELUME_INVALIDATE_LAYER,
      RELUME_RESET_LAYER);
  removed.left = nullptr;
  Row retyped = at_once(
      "retype", [](Bench& b) { return b.show->retype_layer(b.wash(), "other"); }, RELUME_CHANGE_RETYPE,
      RELUME_INVALIDATE_INCOMPATIBLE, RELUME_RESET_LAYER);
  retyped.left = nullptr;
  const auto rename = [](Bench& b) {
    const relume_outcome outcome = b.show->rename_layer(b.wash(), "front");
    b.show->rename_layer(b.show->layer("front"), "wash");  // where the row looks for it
    return outcome;
  };
  Row renamed = at_once("rename", rename, RELUME_CHANGE_RENAME, none, RELUME_RESET_NONE);
  renamed.events.push_back({kAccepted, RELUME_CHANGE_RENAME});
  const Published changed{{RELUME_EVENT_BUILD_STARTED, RELUME_CHANGE_RETYPE},
                          {RELUME_EVENT_TYPE_CHANGED, RELUME_CHANGE_RETYPE}};
  const Published failed{{RELUME_EVENT_BUILD_STARTED, RELUME_CHANGE_RETYPE},
                         {RELUME_EVENT_BUILD_FAILED, RELUME_CHANGE_RETYPE}};
  const auto record = [](Bench& b) { return b.show->set_record("scene", RELUME_RECORD_BYTES, "abc"); };
  return {
      at_once(
          "add", [](Bench& b) { return b.show->apply(ChangeSet().add_layer("fx", "every", b.wash())); },
          RELUME_CHANGE_ADD, none, RELUME_RESET_LAYER),
      removed,
      retyped,
      renamed,
      at_once(
          "move", [](Bench& b) { return b.show->move_layer(b.wash()); }, RELUME_CHANGE_MOVE, none, RELUME_RESET_LAYER),
      at_once(
          "disable", [](Bench& b) { return b.show->enable_layer(b.wash(), false); }, RELUME_CHANGE_ENABLE, none,
          RELUME_RESET_NONE),
      at_once(
          "bypass", [](Bench& b) { return b.show->bypass_layer(b.wash(), true); }, RELUME_CHANGE_BYPASS, none,
          RELUME_RESET_NONE),
      at_once("record", record, RELUME_CHANGE_RECORD, none, RELUME_RESET_NONE),
      {"record the same",
       [=](Bench& b) {
         both(b);
         record(b);
       },
       record,
       kSame,
       0,
       none,
       RELUME_RESET_NONE,
       {},
       "ba"},
      {"record removed",
       [=](Bench& b) {
         both(b);
         record(b);
       },
       [](Bench& b) { return b.show->remove_record("scene"); },
       kChanged,
       kBoth,
       none,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_RECORD_REMOVE}},
       "ba"},
      {"rename to the same",
       both,
       [](Bench& b) { return b.show->rename_layer(b.wash(), "wash"); },
       kSame,
       0,
       none,
       RELUME_RESET_NONE,
       {},
       "ba"},
      {"move to the same place",
       both,
       [](Bench& b) { return b.show->move_layer(b.show->layer("spot")); },
       kSame,
       0,
       none,
       RELUME_RESET_NONE,
       {},
       "ba"},
      {"enable what is enabled",
       both,
       [](Bench& b) { return b.show->enable_layer(b.wash(), true); },
       kSame,
       0,
       none,
       RELUME_RESET_NONE,
       {},
       "ba"},
      {"type reloaded, another shape", both, [](Bench& b) { return reload(b, with_one_more()); }, kChanged, kBoth,
       RELUME_INVALIDATE_INCOMPATIBLE, RELUME_RESET_LAYER, changed, "ba"},
      {"type reloaded, same shape", both, [](Bench& b) { return reload(b, all_lossy()); }, kChanged, kBoth,
       RELUME_INVALIDATE_INCOMPATIBLE, RELUME_RESET_LAYER, changed, "ba"},
      {"type reloaded, equal", both, [](Bench& b) { return reload(b, every_param()); }, kSame, 0, none,
       RELUME_RESET_LAYER, changed, "ba"},
      {"type given up", both,
       [](Bench& b) {
         b.show->abort_type(b.show->prepare_type(LayerType("every", with_one_more())), "it does not compile");
         return b.set(b.value.a);
       },
       kSame, 0, none, RELUME_RESET_NONE, failed, "ba"},
      {"set of a lossy value",
       [](Bench& b) {
         reload(b, all_lossy());
         b.persist(b.value.b);
       },
       [](Bench& b) { return b.set(b.value.a); },
       kChanged,
       kCheckpoint,
       RELUME_INVALIDATE_ROUTE,
       RELUME_RESET_NONE,
       {{kAccepted, RELUME_CHANGE_SET}},
       "ba",
       false,
       0,
       RELUME_URGENCY_LOSSY},
  };
}

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    for (const TypedPair& value : relume::test::typed_pairs()) {
      if (row.takes_automation && value.type == RELUME_TEXT) continue;
      check_row(row, value);
    }
  }
}

}  // namespace

TEST_CASE("Effects: operators' changes of values", "[effects]") { check_rows(value_rows()); }

TEST_CASE("Effects: changes of stack, type and records", "[effects]") { check_rows(structure_rows()); }

TEST_CASE("Effects: every kind of change is in the table", "[effects]") {
  std::map<std::uint32_t, int> seen;
  for (const auto& rows : {value_rows(), structure_rows()}) {
    for (const Row& row : rows) {
      for (const auto& [kind, change] : row.events) ++seen[change];
    }
  }
  for (std::uint32_t kind = RELUME_CHANGE_SET; kind <= RELUME_CHANGE_RENAME; ++kind) {
    INFO(kind);
    CHECK(seen[kind] > 0);
  }
  Bench b(relume::test::typed_pairs()[0]);
  relume_change next{};
  next.kind = RELUME_CHANGE_RENAME + 1;
  CHECK(relume_apply(b.show->get(), &next, 1, nullptr, nullptr) == RELUME_E_INVALID);
}

TEST_CASE("Effects: a rejected change changes nothing, persists nothing and takes no revision", "[effects][error]") {
  for (const TypedPair& value : relume::test::typed_pairs()) {
    for (const std::uint32_t kind : {RELUME_CHANGE_SET, RELUME_CHANGE_PERSIST}) {
      INFO(kind << " of " << value.key);
      Bench b(value);
      b.persist(value.b);
      b.set(value.a);
      b.save();
      const relume_status before = b.show->status();
      const std::string document = b.read();
      Events events = b.show->events();
      ChangeSet set = ChangeSet().set(b.show->param("spot/free"), scalar(1));
      kind == RELUME_CHANGE_SET ? set.set(b.param(), value.wrong) : set.persist(b.param(), value.wrong);
      relume_outcome outcome = RELUME_OUTCOME_INIT;
      CHECK(relume_apply(b.show->get(), set.data(), set.size(), &outcome, nullptr) == RELUME_E_TYPE);
      relume_outcome expected = RELUME_OUTCOME_INIT;
      expected.state = RELUME_STATE_REJECTED;
      expected.reason = RELUME_E_TYPE;
      expected.culprit = 1;
      expected.revision = before.accepted;
      expected.level = RELUME_LEVEL_MIRRORED;
      CHECK(std::memcmp(&outcome, &expected, sizeof outcome) == 0);
      CHECK(b.show->status().rejected == before.rejected + 1);
      CHECK(of_mutations(events).empty());
      CHECK(left_in(b) == "ba");
      check_files(b, 0, before, document);
    }
  }
}
