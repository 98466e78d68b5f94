// SPDX-License-Identifier: Apache-2.0
// The table of kinds of field is held against what comes back: each row has a probe that makes the field other than it would be
// in a new show, and looks for it after a death, a power cut and the loss of all but the document.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "support/stage.hpp"
#include "support/typed_show.hpp"

using namespace relume;
using relume::test::code_of;
using relume::test::kMs;
using relume::test::Stage;
namespace fs = std::filesystem;

namespace {

/// What a probe remembers of the show that died.
struct Memory {
  std::uint64_t number = 0;
  float level = 0;
  std::vector<std::uint8_t> bytes;
  std::optional<Source> source;  // a dead process closes none
};

struct Probe {
  std::function<void(Stage&, Memory&)> put;
  std::function<bool(Stage&, Memory&)> is_there;
};

relume_layer wash(const Stage& s) { return s.show->layer("wash"); }
relume_param step(const Stage& s) { return s.show->param("wash/step"); }
void automate(Stage& s, Memory& m) {
  s.show->compose(1000 * kMs);
  m.source = s.show->source();
  m.source->write(step(s), scalar(0.75F), 1000 * kMs);
}
void nothing(Stage&, Memory&) {}

const std::map<std::string, Probe>& probes() {
  static const std::map<std::string, Probe> all{
      {"show.id",
       {[](Stage& s, Memory& m) {
          const relume_show_info info = s.show->info();
          m.bytes.assign(std::begin(info.show_id), std::end(info.show_id));
        },
        [](Stage& s, Memory& m) {
          const relume_show_info info = s.show->info();
          return std::memcmp(info.show_id, m.bytes.data(), sizeof info.show_id) == 0;
        }}},
      {"show.revision",
       {[](Stage& s, Memory& m) { m.number = s.show->status().accepted; },
        [](Stage& s, Memory& m) { return s.show->recovery().revision >= m.number; }}},
      {"show.restarts", {nothing, [](Stage& s, Memory&) { return s.show->info().restarts == 2; }}},
      {"layer.id",
       {[](Stage& s, Memory& m) {
          s.show->remove_layer(s.show->add_layer("gone", "fixture"));
          m.number = s.show->layer_info(s.show->add_layer("fx", "fixture")).id;
        },
        [](Stage& s, Memory& m) { return s.show->layer_info(s.show->layer("fx")).id == m.number; }}},
      {"layer.key",
       {[](Stage& s, Memory&) { s.show->rename_layer(s.show->layer("spot"), "front"); },
        [](Stage& s, Memory&) { return code_of([&] { s.show->layer("front"); }) == RELUME_OK; }}},
      {"layer.type",
       {[](Stage& s, Memory&) { s.show->retype_layer(s.show->layer("spot"), "dimmer"); },
        [](Stage& s, Memory&) { return s.show->layer_info(s.show->layer("spot")).type_key == std::string("dimmer"); }}},
      {"layer.place",
       {[](Stage& s, Memory&) { s.show->move_layer(wash(s)); },
        [](Stage& s, Memory&) { return s.show->layers().back().bits == wash(s).bits; }}},
      {"layer.flags",
       {[](Stage& s, Memory&) { s.show->bypass_layer(wash(s), true); },
        [](Stage& s, Memory&) { return s.show->layer_info(wash(s)).flags == RELUME_LAYER_BYPASSED; }}},
      {"param.persisted",
       {[](Stage& s, Memory&) {
          s.persist(0.25F);
          s.show->persist(s.show->param("wash/name"), text("base"));
        },
        [](Stage& s, Memory&) {
          const relume_explanation why = s.show->explain(step(s));
          return why.persisted.type == RELUME_FLOAT && why.persisted.as.f[0] == 0.25F &&
                 s.show->explain(s.show->param("wash/name")).persisted.as.text.size == 4;
        }}},
      {"param.committed",
       {[](Stage& s, Memory&) {
          s.set(0.5F);
          s.show->set(s.show->param("wash/name"), text("session"));
        },
        [](Stage& s, Memory&) {
          const relume_explanation why = s.show->explain(step(s));
          return why.committed.type == RELUME_FLOAT && why.committed.as.f[0] == 0.5F &&
                 s.show->get_text(s.show->param("wash/name")) == "session";
        }}},
      {"record",
       {[](Stage& s, Memory&) { s.show->set_record("scene", RELUME_RECORD_BYTES, "abc"); },
        [](Stage& s, Memory&) { return code_of([&] { s.show->record("scene"); }) == RELUME_OK; }}},
      {"param.automation",
       {[](Stage& s, Memory& m) {
          automate(s, m);
          s.show->compose(1010 * kMs);
          REQUIRE(s.show->get_value(step(s)).tier == RELUME_TIER_TRANSIENT);
        },
        [](Stage& s, Memory&) { return s.show->get_value(step(s)).tier == RELUME_TIER_TRANSIENT; }}},
      {"param.glide",
       {[](Stage& s, Memory& m) {
          s.show->compose(1000 * kMs);
          m.source = s.show->source();
          m.source->write(s.show->param("wash/slow"), scalar(1), 1000 * kMs);
          s.show->compose(1050 * kMs);
          m.level = s.show->get_value(s.show->param("wash/slow")).value.as.f[0];
          REQUIRE((m.level > 0.25F && m.level < 0.75F));
        },
        [](Stage& s, Memory& m) {
          const float level = s.show->get_value(s.show->param("wash/slow")).value.as.f[0];
          return std::abs(level - m.level) < 0.05F;
        }}},
      {"trigger.count",
       {[](Stage& s, Memory&) {
          s.show->set(s.show->param("wash/fire"), relume_value_trigger(3));
          s.persist(0.25F);  // which asks for the document
        },
        [](Stage& s, Memory&) { return s.show->get_value(s.show->param("wash/fire")).value.as.i == 3; }}},
      {"param.generation",
       {[](Stage& s, Memory& m) {
          for (int i = 0; i < 10; ++i) s.set(static_cast<float>(i) / 10);
          m.number = s.show->explain(step(s)).generation;
        },
        [](Stage& s, Memory& m) { return s.show->explain(step(s)).generation >= m.number; }}},
      {"source.queue",
       {automate,
        [](Stage& s, Memory&) {
          s.show->compose(2000 * kMs);
          return s.show->get_value(step(s)).value.as.f[0] == 0.75F;
        }}},
      {"frame",
       {[](Stage& s, Memory& m) {
          for (int i = 1; i <= 10; ++i) {
            s.set(static_cast<float>(i) / 10);
            m.number = s.show->compose(1000 * kMs + i);
          }
        },
        [](Stage& s, Memory& m) {
          Reader reader = s.show->reader();
          return reader.acquire()->number >= m.number;
        }}},
      {"handle",
       {[](Stage& s, Memory& m) {
          s.show->remove_layer(s.show->add_layer("gone", "fixture"));
          m.number = s.show->add_layer("fx", "fixture").bits;
        },
        [](Stage& s, Memory& m) { return s.show->layer("fx").bits == m.number; }}},
      {"event",
       {[](Stage& s, Memory&) { s.set(0.5F); },
        [](Stage& s, Memory&) {
          const auto seen = s.show->events().poll();
          return std::any_of(seen.begin(), seen.end(), [](const auto& e) { return e.kind == RELUME_EVENT_ACCEPTED; });
        }}},
      {"type.change",
       {[](Stage& s, Memory& m) {
          m.number = s.show->prepare_type(LayerType("new", {Param("level", RELUME_FLOAT)})).bits;
        },
        [](Stage& s, Memory& m) {
          return code_of([&] { s.show->commit_type(relume_type_change{m.number}); }) == RELUME_OK;
        }}},
      {"type.failure",
       {[](Stage& s, Memory&) { s.show->fail_type("fixture", "it does not compile"); },
        [](Stage& s, Memory&) { return !s.show->type_failure("fixture").empty(); }}},
      {"health.counters",
       {[](Stage& s, Memory&) { CHECK_THROWS_AS(s.set(2), Error); },
        [](Stage& s, Memory&) { return s.show->status().rejected != 0; }}},
      {"health.component",
       {[](Stage& s, Memory&) { s.show->report_health("card", RELUME_HEALTH_OK, "{\"late\":3}"); },
        [](Stage& s, Memory&) { return s.show->health_json().find("\"late\":3") != std::string::npos; }}},
  };
  return all;
}

/// What has a test of its own below, or is the host's and has no place where it could be looked for.
const std::set<std::string> kElsewhere{"show.history", "type.shape",   "document.unknown",
                                       "type.report",  "host.history", "host.queue"};

Schema probe_schema() {
  Schema schema;
  schema.type("fixture", {Param("step", RELUME_FLOAT).range(0, 1), Param("name", RELUME_TEXT).initial("none"),
                          Param("slow", RELUME_FLOAT).range(0, 1).smoothing(100 * kMs), Param("fire", RELUME_TRIGGER)});
  schema.type("dimmer", {Param("level", RELUME_FLOAT)});
  schema.layer("wash", "fixture").layer("spot", "fixture");
  return schema;
}

enum class Loss { death, power, all_but_document };

void lose(Stage& s, Loss loss, const Schema& schema = probe_schema()) {
  s.save();
  loss == Loss::death ? s.kill() : s.cut();
  if (loss == Loss::all_but_document) fs::remove_all(s.path("checkpoint"));
  fs::remove(s.path("id"));
  s.open(schema);
}
constexpr Loss kLosses[] = {Loss::death, Loss::power, Loss::all_but_document};

}  // namespace

TEST_CASE("Classification: every row names a class, files that fit it, and itself, once", "[classification]") {
  std::set<std::string> names;
  for (const relume_field& field : classification()) {
    INFO(field.name);
    CHECK(names.insert(field.name).second);
    CHECK(std::strlen(field.meaning) > 10);
    switch (field.field_class) {
      case RELUME_FIELD_PERSISTED:
        CHECK(field.kept_in == (RELUME_KEPT_IN_MIRROR | RELUME_KEPT_IN_CHECKPOINT | RELUME_KEPT_IN_DOCUMENT));
        break;
      case RELUME_FIELD_COMMITTED: CHECK(field.kept_in == (RELUME_KEPT_IN_MIRROR | RELUME_KEPT_IN_CHECKPOINT)); break;
      case RELUME_FIELD_TRANSIENT: CHECK((field.kept_in & ~std::uint32_t{RELUME_KEPT_IN_MIRROR}) == 0); break;
      case RELUME_FIELD_RENDER_LOCAL:
      case RELUME_FIELD_HEALTH: CHECK(field.kept_in == 0); break;
      default: FAIL("class " << field.field_class);
    }
    CHECK((probes().count(field.name) == 1) != (kElsewhere.count(field.name) == 1));
  }
  CHECK(names.size() == probes().size() + kElsewhere.size());
}

TEST_CASE("Classification: what a row says is kept comes back from there, and what it does not say, does not",
          "[classification][recovery]") {
  for (const relume_field& field : classification()) {
    if (probes().count(field.name) == 0) continue;
    const Probe& probe = probes().at(field.name);
    std::uint32_t kept = 0;
    for (const auto& [loss, bit] :
         {std::pair(Loss::death, RELUME_KEPT_IN_MIRROR), std::pair(Loss::power, RELUME_KEPT_IN_CHECKPOINT),
          std::pair(Loss::all_but_document, RELUME_KEPT_IN_DOCUMENT)}) {
      Stage s(RELUME_ON_DAMAGED_ASK, probe_schema(), "/dev/shm");
      s.persist(0.125F);
      lose(s, Loss::death);  // a show that has been through one restart already
      Memory memory;
      probe.put(s, memory);
      lose(s, loss);
      memory.source.reset();
      const std::uint32_t rung = s.show->recovery().rung;
      CHECK(rung == (loss == Loss::death   ? std::uint32_t{RELUME_RUNG_MIRROR}
                     : loss == Loss::power ? std::uint32_t{RELUME_RUNG_CHECKPOINT}
                                           : std::uint32_t{RELUME_RUNG_DOCUMENT}));
      if (probe.is_there(s, memory)) kept |= static_cast<std::uint32_t>(bit);
    }
    INFO(field.name);
    CHECK(kept == field.kept_in);
  }
}

TEST_CASE("Classification: a history goes on from the mirror alone, and document and checkpoint say which it was",
          "[classification][recovery]") {
  Stage s(RELUME_ON_DAMAGED_ASK, probe_schema(), "/dev/shm");
  s.persist(0.25F);
  const std::uint64_t history = s.show->info().history_id;
  std::size_t count = 0;
  std::uint32_t whole = 0;
  std::uint64_t now = 0;
  std::uint64_t revision = 0;
  const auto since = [&] {
    return relume_state_since(s.show->get(), history, s.show->status().accepted, nullptr, 0, &count, &whole, &now,
                              &revision, nullptr);
  };
  lose(s, Loss::death);
  CHECK(s.show->info().history_id == history);
  REQUIRE(since() == RELUME_OK);
  CHECK(whole == 0);
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(history));
  CHECK(s.read().find(text) != std::string::npos);
  lose(s, Loss::power);
  CHECK(s.show->info().history_id != history);
  REQUIRE(since() == RELUME_OK);
  CHECK(whole == 1);
}

TEST_CASE("Classification: the shape of a type that is not declared is kept with its layers' values",
          "[classification][recovery]") {
  for (const Loss loss : kLosses) {
    Stage s(RELUME_ON_DAMAGED_ASK, probe_schema(), "/dev/shm");
    s.persist(0.25F);
    Schema other;
    other.type("dimmer", {Param("level", RELUME_FLOAT)});
    lose(s, loss, other);
    REQUIRE(s.show->layers().empty());
    lose(s, loss, other);  // it is kept, not only read
    const LayerType fixture("fixture", {Param("name", RELUME_TEXT), Param("step", RELUME_FLOAT).range(0, 1)});
    s.show->commit_type(s.show->prepare_type(fixture));
    CHECK(s.step() == 0.25F);  // although it lies elsewhere now
  }
}

TEST_CASE("Classification: members of a newer document are kept wherever the show comes back from",
          "[classification][recovery]") {
  for (const Loss loss : kLosses) {
    Stage s(RELUME_ON_DAMAGED_ASK, probe_schema(), "/dev/shm");
    s.persist(0.25F);
    s.save();
    s.show->close();
    s.edit("\"next_layer_id\"", "\"rehearsal\": [1, 2],\n  \"next_layer_id\"");
    s.open(probe_schema());
    s.persist(0.5F);
    lose(s, loss);
    s.persist(0.75F);
    s.save();
    CHECK(s.read().find("\"rehearsal\": [1, 2]") != std::string::npos);
  }
}

TEST_CASE("Classification: the C function says where the table ends, and fills what the caller knows",
          "[classification]") {
  const std::size_t rows = classification().size();
  relume_field field = RELUME_FIELD_INIT;
  CHECK(relume_classification(rows - 1, &field) == RELUME_OK);
  CHECK(relume_classification(rows, &field) == RELUME_E_RANGE);
  CHECK(relume_classification(0, nullptr) == RELUME_E_INVALID);
  field.struct_size = 4;
  CHECK(relume_classification(0, &field) == RELUME_E_INVALID);
  field.struct_size = sizeof field + 8;
  CHECK(relume_classification(0, &field) == RELUME_E_VERSION);
  field = RELUME_FIELD_INIT;
  field.struct_size = 12;
  field.reserved = 7;
  CHECK(relume_classification(0, &field) == RELUME_OK);
  CHECK(field.kept_in != 0);
  CHECK(field.reserved == 7);
  CHECK(field.name == nullptr);
}
