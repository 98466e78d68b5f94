// SPDX-License-Identifier: Apache-2.0
// One row of the table of effects: a mutation, all that its outcome is to say, and the checks of it, down to the files.
#pragma once

#include <catch2/catch.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/every_type.hpp"
#include "support/stage.hpp"

namespace relume::test {

/// A show on disk whose time is the test's, and the parameter that a row is about.
struct Bench : Stage {
  Bench(const TypedPair& pair)
      : Stage(RELUME_ON_DAMAGED_ASK, every_schema(), "/dev/shm"), value(pair), schema(every_schema()) {
    show->compose(now);
  }
  relume_layer wash() const { return show->layer("wash"); }
  relume_param param() const { return show->param(std::string("wash/") + value.key); }
  relume_outcome set(const relume_value& v) { return show->set(param(), v); }
  relume_outcome persist(const relume_value& v) { return show->persist(param(), v); }
  /// Automation that the next frame shows.
  void automate(const relume_value& v, std::uint32_t priority = 0,
                relume_commit_policy policy = RELUME_COMMIT_DEFAULT) {
    if (!source) source = source_of(*show, priority, policy);
    REQUIRE(source->write(param(), v, now) == RELUME_OK);
    show->compose(now += kMs);
  }
  void settle() {
    for (int i = 0; i < 40; ++i) {
      show->compose(now += 25 * kMs);
      show->tick();
    }
  }

  TypedPair value;
  Schema schema;  // that the show is opened with after the cut
  std::optional<Source> source;
  std::int64_t now = 1000 * kMs;
};

/// Events of a mutation: kind and change.
using Published = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

struct Row {
  const char* name;
  std::function<void(Bench&)> before;
  std::function<relume_outcome(Bench&)> act;
  std::uint32_t state, targets, invalidation, render_reset;
  Published events;
  const char* left;               // persisted and committed value afterwards: a, b, or - for none
  bool takes_automation = false;  // not for texts
  std::uint32_t masked = 0;
  std::uint32_t urgency = RELUME_URGENCY_COALESCE;
};

inline Published of_mutations(Events& events) {
  Published published;
  for (const relume_event& event : events.poll()) {
    const bool of_disk = event.kind == RELUME_EVENT_SAVED || event.kind == RELUME_EVENT_SAVE_FAILED;
    if (!of_disk) published.emplace_back(event.kind, event.change);
  }
  return published;
}

inline std::string left_in(const Bench& b) {
  const auto letter = [&](const relume_value& value) {
    if (value.type == 0) return "-";
    return shown(value) == shown(b.value.a) ? "a" : shown(value) == shown(b.value.b) ? "b" : "?";
  };
  const relume_explanation why = b.show->explain(b.param());
  return std::string(letter(why.persisted)) + letter(why.committed);
}

/// What is on the disk is what the show says, and only what was asked for was written.
inline void check_files(Bench& b, std::uint32_t targets, const relume_status& before, const std::string& document) {
  const relume_status now = b.show->status();
  CHECK(now.checkpoint_wanted == ((targets & RELUME_TARGET_CHECKPOINT) != 0 ? now.accepted : before.checkpoint_wanted));
  CHECK(now.document_wanted == ((targets & RELUME_TARGET_DOCUMENT) != 0 ? now.accepted : before.document_wanted));
  b.save();
  CHECK((b.read() != document) == ((targets & RELUME_TARGET_DOCUMENT) != 0));
  CHECK((b.show->status().checkpoint_done != before.checkpoint_done) == ((targets & RELUME_TARGET_CHECKPOINT) != 0));
  CHECK(digest(b.read()) == digest(*b.show, false));
  const std::string all = digest(*b.show, true);
  b.cut();
  b.source.reset();
  b.open(b.schema);
  CHECK(b.show->recovery().rung == RELUME_RUNG_CHECKPOINT);
  CHECK(digest(*b.show, true) == all);
}

inline void check_row(const Row& row, const TypedPair& value) {
  INFO(row.name << " of " << value.key);
  Bench b(value);
  row.before(b);
  b.save();
  const relume_status before = b.show->status();
  const std::string document = b.read();
  Events events = b.show->events();
  const relume_outcome outcome = row.act(b);

  const bool changed = row.state == RELUME_STATE_CHANGED;
  CHECK(outcome.state == row.state);
  CHECK(outcome.reason == RELUME_OK);
  CHECK(outcome.revision == before.accepted + (changed ? 1 : 0));
  CHECK(outcome.level == RELUME_LEVEL_MIRRORED);
  CHECK(outcome.targets == row.targets);
  CHECK(outcome.persistence == (changed ? RELUME_PERSISTENCE_SCHEDULED : RELUME_PERSISTENCE_NOT_NEEDED));
  if (changed) CHECK(outcome.urgency == row.urgency);
  static std::map<std::uint32_t, std::uint64_t> keys;  // one debounce key for each set of targets
  const auto known = keys.emplace(outcome.targets, outcome.debounce_key).first;
  CHECK(known->second == outcome.debounce_key);
  CHECK((outcome.debounce_key != 0) == changed);
  CHECK((outcome.request_sequence != 0) == changed);
  CHECK(outcome.invalidation == row.invalidation);
  CHECK(outcome.render_reset == row.render_reset);
  CHECK(outcome.masked_count == row.masked);
  CHECK(outcome.masked_by == (row.masked != 0 ? b.source->info().number : 0));
  CHECK(outcome.masked_priority == (row.masked != 0 ? 150U : 0U));
  CHECK(outcome.masked_param.bits == (row.masked != 0 ? b.param().bits : 0));
  CHECK(of_mutations(events) == row.events);
  CHECK(outcome.events == (changed || row.render_reset != 0 ? 1U : 0U));
  CHECK(b.show->status().rejected == before.rejected);
  if (row.left != nullptr) CHECK(left_in(b) == row.left);
  check_files(b, row.targets, before, document);
  if (row.left != nullptr) CHECK(left_in(b) == row.left);
}

}  // namespace relume::test
