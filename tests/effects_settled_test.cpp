// SPDX-License-Identifier: Apache-2.0
// DESIGN 6, the mutations that nobody's call makes: automation that has settled, and a document that is taken.
#include <catch2/catch.hpp>

#include "support/effects.hpp"

using namespace relume;
using relume::test::Bench;
using relume::test::check_files;
using relume::test::digest;
using relume::test::kMs;
using relume::test::left_in;
using relume::test::of_mutations;
using relume::test::Published;
using relume::test::TypedPair;

namespace {

constexpr std::uint32_t kCheckpoint = RELUME_TARGET_CHECKPOINT;
constexpr std::uint32_t kBoth = RELUME_TARGET_CHECKPOINT | RELUME_TARGET_DOCUMENT;

}  // namespace

TEST_CASE("Effects: automation is no mutation; settled, it is one by its policy, and stale it is none", "[effects]") {
  struct Settled {
    const char* name;
    relume_commit_policy policy;
    bool operator_was_faster;
    std::uint32_t targets;
    Published events;
    const char* left;
  };
  const Settled rows[] = {
      {"render-only", RELUME_COMMIT_RENDER_ONLY, false, 0, {}, "b-"},
      {"session", RELUME_COMMIT_SESSION, false, kCheckpoint, {{RELUME_EVENT_OVERLAY_SETTLED, RELUME_CHANGE_SET}}, "ba"},
      {"persist", RELUME_COMMIT_PERSIST, false, kBoth, {{RELUME_EVENT_OVERLAY_SETTLED, RELUME_CHANGE_PERSIST}}, "a-"},
      {"stale",
       RELUME_COMMIT_SESSION,
       true,
       kBoth,
       {{RELUME_EVENT_ACCEPTED, RELUME_CHANGE_PERSIST}, {RELUME_EVENT_OVERLAY_STALE, RELUME_CHANGE_SET}},
       "b-"},
  };
  for (const Settled& row : rows) {
    for (const TypedPair& value : relume::test::typed_pairs()) {
      if (value.type == RELUME_TEXT) continue;
      INFO(row.name << " of " << value.key);
      Bench b(value);
      b.persist(row.operator_was_faster ? value.a : value.b);
      b.save();
      const relume_status before = b.show->status();
      const std::string document = b.read();
      Events events = b.show->events();
      b.automate(value.a, 0, row.policy);
      CHECK(of_mutations(events).empty());
      CHECK(b.show->status().accepted == before.accepted);
      if (row.operator_was_faster) {
        b.automate(value.b);
        b.show->compose(b.now += 600 * kMs);  // it asks to be committed, and nobody has looked yet
        b.persist(value.b);
      }
      b.settle();
      CHECK(of_mutations(events) == row.events);
      CHECK(b.show->status().accepted == before.accepted + (row.targets != 0 ? 1 : 0));
      CHECK(left_in(b) == row.left);
      const bool stays = row.policy == RELUME_COMMIT_RENDER_ONLY;
      CHECK((b.show->get_value(b.param()).tier == RELUME_TIER_TRANSIENT) == stays);
      check_files(b, row.targets, before, document);
      CHECK(left_in(b) == row.left);
    }
  }
}

TEST_CASE("Effects: a document that is taken replaces everything, and drops all history", "[effects]") {
  for (const TypedPair& value : relume::test::typed_pairs()) {
    INFO(value.key);
    Bench b(value);
    b.persist(value.a);
    b.save();
    const std::string theirs = b.read();
    b.persist(value.b);
    b.set(value.a);
    b.show->add_layer("fx", "every");
    b.save();
    b.write(theirs);
    b.persist(value.b);
    CHECK_THROWS_AS(b.show->flush(1), Error);
    const relume_status before = b.show->status();
    Events events = b.show->events();
    const relume_outcome outcome = b.show->accept(RELUME_CHOICE_FILE);
    CHECK(outcome.state == RELUME_STATE_CHANGED);
    CHECK(outcome.revision == before.accepted + 1);
    CHECK(outcome.targets == kBoth);
    CHECK(outcome.urgency == RELUME_URGENCY_COALESCE);
    CHECK(outcome.invalidation == RELUME_INVALIDATE_INCOMPATIBLE);
    CHECK(outcome.render_reset == RELUME_RESET_ALL);
    CHECK(outcome.level == RELUME_LEVEL_MIRRORED);
    CHECK(outcome.events == 1);
    CHECK(of_mutations(events) ==
          Published{{RELUME_EVENT_ACCEPTED, 0}, {RELUME_EVENT_DOCUMENT_ACCEPTED, RELUME_CHOICE_FILE}});
    CHECK(left_in(b) == "a-");
    CHECK(digest(*b.show, true) == digest(theirs));
    check_files(b, kBoth, before, theirs);
    CHECK(b.show->accept(RELUME_CHOICE_FILE).state == RELUME_STATE_SAME);
  }
}
