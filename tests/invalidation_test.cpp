// SPDX-License-Identifier: Apache-2.0
// DESIGN 5, the table of what an event leaves of each tier, cell by cell; what is still on its way from a source; and the rules
// of identity and shape. ("Preset loaded" is played by a document that is taken: both replace the base as a whole.)
#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

#include "support/every_type.hpp"
#include "support/stage.hpp"
#include "support/typed_show.hpp"

using namespace relume;
using relume::test::code_of;
using relume::test::kMs;
using relume::test::reload;
using relume::test::Stage;

namespace {

/// A parameter in all three tiers, and one whose newest automation no frame has taken yet. `glides` is on its way from 0 to 1.
struct Held : Stage {
  Held() : Stage(RELUME_ON_DAMAGED_ASK, schema(), "/dev/shm") {
    show->persist(show->param("wash/persisted"), scalar(0.25F));
    show->persist(show->param("wash/committed"), scalar(0.125F));
    show->set(show->param("wash/committed"), scalar(0.5F));
    compose(0);
    source = relume::test::source_of(*show, 0, RELUME_COMMIT_RENDER_ONLY);
    source->write(show->param("wash/transient"), scalar(0.75F), now);
    source->write(show->param("wash/glides"), scalar(1), now);
    compose(50);
    REQUIRE(gliding("wash"));
    source->write(show->param("wash/queued"), scalar(0.875F), now);
  }
  static std::vector<Param> params() {
    std::vector<Param> all;
    for (const char* key : {"persisted", "committed", "transient", "queued"}) {
      all.emplace_back(Param(key, RELUME_FLOAT).range(0, 1));
    }
    all.emplace_back(Param("glides", RELUME_FLOAT).range(0, 1).smoothing(100 * kMs));
    return all;
  }
  static Schema schema() {
    Schema schema;
    schema.type("fixture", params()).type("other", {Param("else", RELUME_INT)});
    schema.layer("wash", "fixture").layer("spot", "fixture");
    return schema;
  }
  void compose(std::int64_t later_ms) { show->compose(now += later_ms * kMs); }
  relume_value at(const std::string& route) const { return show->get_value(show->param(route)).value; }
  relume_tier tier(const std::string& route) const { return show->get_value(show->param(route)).tier; }
  bool gliding(const std::string& layer) const {
    const float x = at(layer + "/glides").as.f[0];
    return tier(layer + "/glides") == RELUME_TIER_TRANSIENT && x > 0 && x < 1;
  }
  bool persisted_kept(const std::string& layer = "wash") const {
    return tier(layer + "/persisted") == RELUME_TIER_PERSISTED && at(layer + "/persisted").as.f[0] == 0.25F &&
           show->explain(show->param(layer + "/committed")).persisted.as.f[0] == 0.125F;
  }
  bool committed_kept(const std::string& layer = "wash") const {
    return tier(layer + "/committed") == RELUME_TIER_COMMITTED && at(layer + "/committed").as.f[0] == 0.5F;
  }
  bool transient_kept(const std::string& layer = "wash") const {
    return tier(layer + "/transient") == RELUME_TIER_TRANSIENT && at(layer + "/transient").as.f[0] == 0.75F;
  }
  bool queued_shown(const std::string& layer = "wash") const {
    return tier(layer + "/queued") == RELUME_TIER_TRANSIENT && at(layer + "/queued").as.f[0] == 0.875F;
  }
  bool is_default(const std::string& route) const {
    return tier(route) == RELUME_TIER_DEFAULT && at(route).as.f[0] == 0;
  }

  std::optional<Source> source;
  std::int64_t now = 1000 * kMs;
};

/// Another shape that the parameters still fit.
std::vector<Param> moved() {
  std::vector<Param> all = Held::params();
  all.insert(all.begin(), Param("first", RELUME_VEC3));
  return all;
}
/// One that none of them fits: equal keys, another type of as many lanes.
std::vector<Param> unfit() {
  std::vector<Param> all;
  for (const char* key : {"persisted", "committed", "transient", "queued", "glides"}) all.emplace_back(key, RELUME_INT);
  return all;
}

/// Somebody puts this document in the place of the one that the show has saved, and the host takes it.
relume_outcome take_document(Stage& s, std::string document) {
  s.show->persist(s.show->param("wash/persisted"), scalar(0.75F));
  s.save();
  const std::size_t sum = document.find("\"checksum\": \"") + 13;
  s.write(document.replace(sum, 8, "none"));
  s.show->persist(s.show->param("wash/persisted"), scalar(0.375F));
  CHECK_THROWS_AS(s.show->flush(1), Error);
  return s.show->accept(RELUME_CHOICE_FILE);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace

TEST_CASE("Invalidation: layer removed", "[invalidation]") {
  Held h;
  const relume_param handles[] = {h.show->param("wash/persisted"), h.show->param("wash/committed"),
                                  h.show->param("wash/transient"), h.show->param("wash/queued")};
  CHECK(h.show->remove_layer(h.show->layer("wash")).invalidation == RELUME_INVALIDATE_LAYER);
  const relume_layer back = h.show->add_layer("wash", "fixture");  // it takes the place, the slots, the key
  h.compose(1);
  SECTION("persisted: gone") { CHECK(h.is_default("wash/persisted")); }
  SECTION("committed: gone") { CHECK(h.is_default("wash/committed")); }
  SECTION("transient: gone") {
    CHECK(h.is_default("wash/transient"));
    CHECK(h.is_default("wash/glides"));
  }
  SECTION("queued at the ingress: gone") {
    CHECK(h.is_default("wash/queued"));
    h.compose(1000);
    CHECK(h.is_default("wash/queued"));
  }
  SECTION("in the files: gone") {
    h.save();
    h.cut();
    h.source.reset();
    h.open(Held::schema());
    CHECK(h.is_default("wash/persisted"));
    CHECK(h.is_default("wash/committed"));
  }
  SECTION("its handles are stale, and hit nothing that took the place") {
    for (const relume_param handle : handles) {
      CHECK(code_of([&] { h.show->set(handle, scalar(1)); }) == RELUME_E_UNKNOWN_ROUTE);
      CHECK(code_of([&] { h.show->get_value(handle); }) == RELUME_E_UNKNOWN_ROUTE);
      CHECK(h.source->write(handle, scalar(1), h.now) == RELUME_E_UNKNOWN_ROUTE);
      CHECK(h.source->release(handle, h.now) == RELUME_E_UNKNOWN_ROUTE);
    }
    h.compose(1);
    for (const char* key : {"persisted", "committed", "transient", "queued"}) {
      CHECK(h.is_default(std::string("wash/") + key));
    }
    CHECK(back.bits == h.show->layer("wash").bits);
  }
}

TEST_CASE("Invalidation: layer type changed, kept where key and shape match", "[invalidation]") {
  Held h;
  h.show->commit_type(h.show->prepare_type(LayerType("moved", moved())));
  CHECK(h.show->retype_layer(h.show->layer("wash"), "moved").invalidation == RELUME_INVALIDATE_INCOMPATIBLE);
  h.compose(1);
  SECTION("persisted: kept") { CHECK(h.persisted_kept()); }
  SECTION("committed: kept") { CHECK(h.committed_kept()); }
  SECTION("transient: kept, a glide in progress too") {
    CHECK(h.transient_kept());
    CHECK(h.gliding("wash"));
  }
  SECTION("queued at the ingress: dropped with its handle") { CHECK(h.is_default("wash/queued")); }
  SECTION("what is new holds its default") { CHECK(h.is_default("wash/first")); }
  SECTION("in the files: kept") {
    h.save();
    h.cut();
    h.source.reset();
    Schema schema;
    schema.type("fixture", Held::params()).type("moved", moved());
    h.open(schema);
    CHECK(h.persisted_kept());
    CHECK(h.committed_kept());
  }
}

TEST_CASE("Invalidation: layer type changed, default where key or shape do not match", "[invalidation]") {
  Held h;
  h.show->commit_type(h.show->prepare_type(LayerType("unfit", unfit())));
  const relume_outcome outcome = h.show->retype_layer(h.show->layer("wash"), "unfit");
  CHECK(outcome.invalidation == RELUME_INVALIDATE_INCOMPATIBLE);
  CHECK(outcome.cleared_values == 3);
  h.compose(1);
  const auto is_zero = [&](const char* route) {
    return h.tier(route) == RELUME_TIER_DEFAULT && h.at(route).type == RELUME_INT && h.at(route).as.i == 0;
  };
  SECTION("persisted: default") { CHECK(is_zero("wash/persisted")); }
  SECTION("committed: default") { CHECK(is_zero("wash/committed")); }
  SECTION("transient: default") {
    CHECK(is_zero("wash/transient"));
    CHECK(is_zero("wash/glides"));
  }
  SECTION("queued at the ingress: default") { CHECK(is_zero("wash/queued")); }
  SECTION("the other layer of the old type: all kept") {
    h.show->set(h.show->param("spot/committed"), scalar(0.5F));
    CHECK(h.committed_kept("spot"));
  }
}

TEST_CASE("Invalidation: type reloaded, same shape", "[invalidation]") {
  Held h;
  std::vector<Param> same = Held::params();
  same[0].lossy();  // another definition, the same shape
  const relume_param handle = h.show->param("wash/transient");
  CHECK(reload(*h.show, LayerType("fixture", same)).state == RELUME_STATE_CHANGED);
  h.compose(1);
  SECTION("persisted: kept") { CHECK(h.persisted_kept()); }
  SECTION("committed: kept") { CHECK(h.committed_kept()); }
  SECTION("transient: kept, a glide in progress too") {
    CHECK(h.transient_kept());
    CHECK(h.gliding("wash"));
  }
  SECTION("queued at the ingress: kept") { CHECK(h.queued_shown()); }
  SECTION("handles: kept, a source writes on") {
    CHECK(h.show->param("wash/transient").bits == handle.bits);
    h.source->write(handle, scalar(0.5F), h.now);
    h.compose(1);
    CHECK(h.at("wash/transient").as.f[0] == 0.5F);
  }
}

TEST_CASE("Invalidation: document taken", "[invalidation]") {
  Held h;
  h.save();
  const std::string theirs = h.read();
  SECTION("same layers") {
    h.show->persist(h.show->param("spot/persisted"), scalar(1));
    h.save();
    CHECK(take_document(h, theirs).invalidation == RELUME_INVALIDATE_INCOMPATIBLE);
    h.compose(1);
    SECTION("persisted: replaced") {
      CHECK(h.persisted_kept());  // as the document has it
      CHECK(h.is_default("spot/persisted"));
    }
    SECTION("committed: cleared") {
      CHECK(h.tier("wash/committed") == RELUME_TIER_PERSISTED);
      CHECK(h.at("wash/committed").as.f[0] == 0.125F);
    }
    SECTION("transient: what fits goes on") {
      CHECK(h.transient_kept());
      CHECK(h.gliding("wash"));
    }
    SECTION("queued at the ingress: what fits comes") { CHECK(h.queued_shown()); }
  }
  SECTION("transient: of a layer that the document does not have, or has in another type, cleared") {
    const relume_param handle = h.show->param("wash/transient");
    h.show->retype_layer(h.show->layer("spot"), "other");
    h.show->remove_layer(h.show->layer("wash"));
    h.show->add_layer("wash", "fixture");  // of another id
    h.source->write(h.show->param("wash/transient"), scalar(1), h.now);
    h.compose(1);
    h.source->write(h.show->param("wash/queued"), scalar(1), h.now);
    take_document(h, theirs);
    h.compose(1);
    CHECK(h.is_default("wash/transient"));
    CHECK(h.is_default("wash/queued"));
    CHECK(h.is_default("spot/transient"));
    CHECK(h.show->layer_info(h.show->layer("spot")).type_key == std::string("fixture"));
    CHECK(code_of([&] { h.show->get_value(handle); }) == RELUME_E_UNKNOWN_ROUTE);
  }
}

TEST_CASE("Invalidation: manual reset of a layer", "[invalidation]") {
  Held h;
  CHECK(h.show->reset(h.show->layer("wash")).invalidation == RELUME_INVALIDATE_LAYER);
  SECTION("persisted: kept") { CHECK(h.persisted_kept()); }
  SECTION("committed: cleared") {
    CHECK(h.tier("wash/committed") == RELUME_TIER_PERSISTED);
    CHECK(h.at("wash/committed").as.f[0] == 0.125F);
  }
  SECTION("transient: cleared, what glides glides back") {
    CHECK(h.tier("wash/transient") == RELUME_TIER_DEFAULT);
    h.compose(1);
    CHECK(h.is_default("wash/transient"));
    CHECK(h.at("wash/glides").as.f[0] > 0);
    CHECK(h.tier("wash/glides") == RELUME_TIER_DEFAULT);
    h.compose(5000);
    CHECK(h.is_default("wash/glides"));
  }
  SECTION("queued at the ingress: cleared") {
    h.compose(1);
    CHECK(h.is_default("wash/queued"));
    h.compose(1000);
    CHECK(h.is_default("wash/queued"));
  }
  SECTION("the other layer: left alone") {
    h.show->set(h.show->param("spot/committed"), scalar(0.5F));
    h.show->reset(h.show->layer("wash"));
    CHECK(h.committed_kept("spot"));
  }
}

TEST_CASE("Invalidation: input or source changed", "[invalidation]") {
  Held h;
  Source another = relume::test::source_of(*h.show, 0, RELUME_COMMIT_RENDER_ONLY);
  another.write(h.show->param("spot/transient"), scalar(0.5F), h.now);
  h.compose(1);
  {
    const Source passing = h.show->source();
    h.compose(1);
  }
  h.compose(1);
  SECTION("persisted: kept") { CHECK(h.persisted_kept()); }
  SECTION("committed: kept") { CHECK(h.committed_kept()); }
  SECTION("transient: kept") {
    CHECK(h.transient_kept());
    CHECK(h.gliding("wash"));
    CHECK(h.tier("spot/transient") == RELUME_TIER_TRANSIENT);
  }
  SECTION("queued at the ingress: kept") { CHECK(h.queued_shown()); }
  SECTION("a source that ends takes along what is its own, and nothing else") {
    h.source.reset();
    h.compose(1);
    CHECK(h.is_default("wash/transient"));
    CHECK(h.persisted_kept());
    CHECK(h.committed_kept());
    CHECK(h.tier("spot/transient") == RELUME_TIER_TRANSIENT);
  }
}

TEST_CASE("Invalidation: an operator's value drops what is still on its way, of its route alone", "[invalidation]") {
  Held h;
  h.source->write(h.show->param("spot/queued"), scalar(0.875F), h.now);
  CHECK(h.show->set(h.show->param("wash/queued"), scalar(0.5F)).invalidation == RELUME_INVALIDATE_ROUTE);
  h.compose(1);
  CHECK(h.tier("wash/queued") == RELUME_TIER_COMMITTED);
  CHECK(h.at("wash/queued").as.f[0] == 0.5F);
  CHECK(h.queued_shown("spot"));
  CHECK(h.transient_kept());
}

TEST_CASE("Identity: where a document and the show disagree about a key, the id wins, and an event says so",
          "[invalidation][identity]") {
  Held h;
  h.save();
  const relume_layer wash = h.show->layer("wash");
  const relume_layer spot = h.show->layer("spot");
  const std::string theirs = h.read();
  const auto identities = [](Events& events) {
    std::vector<std::uint64_t> layers;
    for (const relume_event& event : events.poll()) {
      if (event.kind == RELUME_EVENT_LAYER_IDENTITY) layers.push_back(event.layer.bits);
    }
    return layers;
  };
  SECTION("another key of the same id: the layer goes on under the new key") {
    Events events = h.show->events();
    const relume_outcome outcome = take_document(h, replaced(theirs, "\"key\": \"wash\"", "\"key\": \"front\""));
    CHECK(outcome.events == 2);
    CHECK(identities(events) == std::vector<std::uint64_t>{wash.bits});
    h.compose(1);
    CHECK(h.show->layer("front").bits == wash.bits);
    CHECK(h.transient_kept("front"));
    CHECK(h.queued_shown("front"));
    CHECK(h.gliding("front"));
    CHECK(code_of([&] { h.show->layer("wash"); }) == RELUME_E_UNKNOWN_LAYER);
  }
  SECTION("keys that have changed hands: each layer follows its id") {
    const std::string swapped = replaced(
        replaced(replaced(theirs, "\"key\": \"wash\"", "\"key\": \"?\""), "\"key\": \"spot\"", "\"key\": \"wash\""),
        "\"key\": \"?\"", "\"key\": \"spot\"");
    Events events = h.show->events();
    CHECK(take_document(h, swapped).events == 3);
    CHECK(identities(events) == std::vector<std::uint64_t>{wash.bits, spot.bits});
    h.compose(1);
    CHECK(h.show->layer("spot").bits == wash.bits);
    CHECK(h.show->layer("wash").bits == spot.bits);
    CHECK(h.transient_kept("spot"));
    CHECK(h.is_default("wash/transient"));
  }
  SECTION("another id of the same key: it is another layer") {
    Events events = h.show->events();
    const std::string renumbered =
        replaced(replaced(theirs, "\"id\": 1,", "\"id\": 7,"), "\"next_layer_id\": 3", "\"next_layer_id\": 8");
    CHECK(take_document(h, renumbered).events == 2);
    CHECK(identities(events) == std::vector<std::uint64_t>{h.show->layer("wash").bits});
    h.compose(1);
    CHECK(h.show->layer_info(h.show->layer("wash")).id == 7);
    CHECK(h.show->layer("wash").bits != wash.bits);
    CHECK(code_of([&] { h.show->layer_info(wash); }) == RELUME_E_UNKNOWN_LAYER);
    CHECK(h.persisted_kept());  // the document's values
    CHECK(h.is_default("wash/transient"));
    CHECK(h.is_default("wash/queued"));
  }
  SECTION("they agree: no event") {
    Events events = h.show->events();
    CHECK(take_document(h, theirs).events == 1);
    CHECK(identities(events).empty());
  }
}

TEST_CASE("Shape: a value is kept under equal key and type, and never guessed from another", "[invalidation][shape]") {
  for (const auto& from : relume::test::typed_pairs()) {
    for (const auto& to : relume::test::typed_pairs()) {
      INFO(from.key << " to " << to.key);
      // The same control key for both, whatever its type.
      const auto named = [&](const relume::test::TypedPair& pair) {
        Param param("value", pair.type);
        if (pair.type == RELUME_ENUM) param.labels({"off", "slow", "fast"});
        return param;
      };
      Schema schema;
      schema.type("from", {named(from)}).type("to", {Param("before", RELUME_VEC3), named(to)}).layer("wash", "from");
      relume::test::TestShow t(schema);
      t.show.persist(t.show.param("wash/value"), from.b);
      t.show.set(t.show.param("wash/value"), from.a);
      const relume_outcome outcome = t.show.retype_layer(t.show.layer("wash"), "to");
      const relume_explanation now = t.show.explain(t.show.param("wash/value"));
      const bool same = from.type == to.type;
      CHECK(outcome.cleared_values == (same ? 0U : 2U));
      CHECK(outcome.clamped_values == 0);
      CHECK(relume::test::shown(now.persisted) == (same ? relume::test::shown(from.b) : "-"));
      CHECK(relume::test::shown(now.committed) == (same ? relume::test::shown(from.a) : "-"));
    }
  }
}

TEST_CASE("Shape: a narrower range clamps every lane, and an enum goes by its label", "[invalidation][shape]") {
  Schema schema;
  schema.type("from", {Param("color", RELUME_COLOR).range(0, 1), Param("count", RELUME_INT).range(-10, 10),
                       Param("mode", RELUME_ENUM).labels({"off", "slow", "fast"})});
  schema.type("to", {Param("mode", RELUME_ENUM).labels({"fast", "off"}), Param("count", RELUME_INT).range(-2, 10),
                     Param("color", RELUME_COLOR).range(0.25, 0.5)});
  schema.layer("wash", "from").layer("spot", "from");
  relume::test::TestShow t(schema);
  t.show.set(t.show.param("wash/color"), color(1, 0, 0.375F, 0.5F));
  t.show.persist(t.show.param("wash/count"), integer(-7));
  t.show.set(t.show.param("wash/mode"), choice(2));
  t.show.set(t.show.param("spot/mode"), choice(1));
  CHECK(t.show.retype_layer(t.show.layer("wash"), "to").clamped_values == 2);
  CHECK(t.show.retype_layer(t.show.layer("spot"), "to").cleared_values == 1);
  const relume_value clamped = t.show.get_value(t.show.param("wash/color")).value;
  CHECK(relume::test::shown(clamped) == relume::test::shown(color(0.5F, 0.25F, 0.375F, 0.5F)));
  CHECK(t.show.get_value(t.show.param("wash/count")).value.as.i == -2);
  CHECK(t.show.get_value(t.show.param("wash/mode")).value.as.i == 0);
  CHECK(t.show.get_value(t.show.param("spot/mode")).tier == RELUME_TIER_DEFAULT);
}
