// SPDX-License-Identifier: Apache-2.0
#include "lights/dmx.hpp"

#include "lights/demo_show.hpp"
#include "lights/patch.hpp"

#include <catch2/catch.hpp>
#include <relume/relume.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace rig;

namespace {

/// A show of the demo's schema that nothing outlives, composed by hand.
struct Stage {
  explicit Stage(const Patch& p)
      : patch(p), show(demo_schema(p), options()), reader(show.reader()), packer(p), params(find_params(show, p)) {}
  static relume_show_options options() {
    relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
    options.flags = RELUME_SHOW_NO_THREADS;
    return options;
  }
  const DmxPicture& picture() {
    show.compose(now += 1'000'000);
    return packer.pack(reader.acquire(), params);
  }
  /// What the thread that changed the stack does.
  void follow() { params = find_params(show, patch); }
  void set(const std::string& route, const relume_value& value) { show.set(show.param(route), value); }

  Patch patch;
  relume::Show show;
  relume::Reader reader;
  DmxPacker packer;
  DemoParams params;
  std::int64_t now = 0;
};

std::vector<std::uint8_t> channels(const DmxPicture& picture, std::size_t universe, std::size_t first,
                                   std::size_t count) {
  const auto begin = picture.universes[universe].begin() + static_cast<std::ptrdiff_t>(first - 1);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

using Channels = std::vector<std::uint8_t>;

}  // namespace

TEST_CASE("DMX: the defaults light every fixture and nothing beside them", "[dmx]") {
  Stage stage(default_patch());
  const DmxPicture& picture = stage.picture();
  CHECK(channels(picture, 0, 1, 24) == Channels(24, 255));
  CHECK(channels(picture, 0, 25, 488) == Channels(488, 0));
  CHECK(channels(picture, 1, 1, 96) == Channels(96, 255));
  CHECK(channels(picture, 1, 97, 416) == Channels(416, 0));
}

TEST_CASE("DMX: colour, level and dimmer multiply; alpha does not reach the wire", "[dmx]") {
  Stage stage(default_patch());
  stage.set("wash/color", relume::color(1.0F, 0.5F, 0.25F, 0.0F));
  stage.set("wash/level", relume::scalar(0.5F));
  stage.set("master/dimmer", relume::scalar(0.5F));
  CHECK(channels(stage.picture(), 0, 1, 6) == Channels{64, 32, 16, 64, 32, 16});
  CHECK(channels(stage.picture(), 1, 1, 3) == Channels{128, 128, 128});
}

TEST_CASE("DMX: blackout is 0 everywhere and gives the look back when it ends", "[dmx]") {
  Stage stage(default_patch());
  stage.set("master/blackout", relume::boolean(true));
  CHECK(channels(stage.picture(), 0, 1, 512) == Channels(512, 0));
  CHECK(channels(stage.picture(), 1, 1, 512) == Channels(512, 0));
  stage.set("master/blackout", relume::boolean(false));
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 255));
}

TEST_CASE("DMX: a group that is removed, bypassed or disabled is dark, and comes back", "[dmx][layer]") {
  Stage stage(default_patch());
  stage.set("wash/level", relume::scalar(0.5F));
  const relume_layer wash = stage.show.layer("wash");
  stage.show.bypass_layer(wash, true);
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 0));
  stage.show.bypass_layer(wash, false);
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 128));
  stage.show.enable_layer(wash, false);
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 0));
  stage.show.enable_layer(wash, true);
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 128));
  stage.show.remove_layer(wash);
  stage.follow();
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 0));
  CHECK(channels(stage.picture(), 1, 1, 96) == Channels(96, 255));
  stage.show.add_layer("wash", "group");
  stage.follow();
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 255));
}

TEST_CASE("DMX: a master that is bypassed, disabled or removed is passed through", "[dmx][layer]") {
  Stage stage(default_patch());
  stage.set("master/dimmer", relume::scalar(0.5F));
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 128));
  stage.set("master/blackout", relume::boolean(true));
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 0));
  const relume_layer master = stage.show.layer("master");
  stage.show.bypass_layer(master, true);
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 255));
  stage.show.bypass_layer(master, false);
  stage.show.enable_layer(master, false);
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 255));
  stage.show.enable_layer(master, true);
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 0));
  stage.show.remove_layer(master);
  stage.follow();
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 255));
}

TEST_CASE("DMX: the picture stays until the handles of a changed stack have come", "[dmx][layer]") {
  Stage stage(default_patch());
  stage.set("wash/level", relume::scalar(0.5F));
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 128));
  // The same key by another layer: its handles are new, and dark in between would be a look that nobody asked for.
  relume::ChangeSet replace;
  replace.remove(stage.show.layer("wash")).add_layer("wash", "group");
  stage.show.apply(replace);
  stage.set("tubes/level", relume::scalar(0.0F));
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 128));
  CHECK(channels(stage.picture(), 1, 1, 96) == Channels(96, 255));
  stage.follow();
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 255));
  CHECK(channels(stage.picture(), 1, 1, 96) == Channels(96, 0));
  stage.show.move_layer(stage.show.layer("tubes"), stage.show.layer("master"));
  stage.set("wash/level", relume::scalar(0.5F));
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 255));
  stage.follow();
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 128));
}

TEST_CASE("DMX: a layer of a group's key but of another type gives no light", "[dmx][layer]") {
  Stage stage(default_patch());
  relume::ChangeSet replace;
  replace.remove(stage.show.layer("wash")).add_layer("wash", "master");
  stage.show.apply(replace);
  stage.follow();
  CHECK(channels(stage.picture(), 0, 1, 24) == Channels(24, 0));
  CHECK(channels(stage.picture(), 1, 1, 96) == Channels(96, 255));
}

TEST_CASE("DMX: groups share a universe, start where they are patched and keep their order", "[dmx]") {
  Stage stage(parse_patch(R"({"groups": [{"name": "b", "universe": 7, "start": 510, "count": 1, "order": "bgr"},
                                         {"name": "a", "universe": 7, "start": 2, "count": 2, "order": "grb"}]})"));
  stage.set("a/color", relume::color(1.0F, 0.5F, 0.25F));
  stage.set("b/color", relume::color(0.0F, 0.5F, 1.0F));
  const DmxPicture& picture = stage.picture();
  REQUIRE(stage.packer.universes() == std::vector<std::uint16_t>{7});
  CHECK(channels(picture, 0, 1, 8) == Channels{0, 128, 255, 64, 128, 255, 64, 0});
  CHECK(channels(picture, 0, 509, 4) == Channels{0, 255, 128, 0});
}

TEST_CASE("DMX: only a universe whose channels differ counts as changed", "[dmx]") {
  Stage stage(default_patch());
  const std::vector<std::uint64_t> before = stage.picture().versions;
  CHECK(stage.picture().versions == before);
  stage.set("master/bpm", relume::scalar(90.0F));
  CHECK(stage.picture().versions == before);
  stage.set("tubes/level", relume::scalar(0.0F));
  const std::vector<std::uint64_t>& after = stage.picture().versions;
  CHECK(after[0] == before[0]);
  CHECK(after[1] > before[1]);
}

namespace {

std::string json(const std::string& name, int universe, int count) {
  return "{\"name\": \"" + name + "\", \"universe\": " + std::to_string(universe) +
         ", \"start\": 1, \"count\": " + std::to_string(count) + "}";
}

Patch spots_and_tubes() {
  return parse_patch("{\"groups\": [" + json("spots", 0, 4) + ", " + json("tubes", 1, 32) + "]}");
}

}  // namespace

TEST_CASE("Demo show: a new show records its patch without a revision", "[demo]") {
  Stage stage(spots_and_tubes());
  CHECK(stage.show.status().accepted == 0);
  CHECK(recorded_patch(stage.show).json == stage.patch.json);
  CHECK(recorded_patch(stage.show).groups.size() == 2);
}

TEST_CASE("Demo show: a show without a patch of its own has the default one", "[demo]") {
  Stage stage(spots_and_tubes());
  REQUIRE(relume_record_remove(stage.show.get(), "patch", nullptr, nullptr) == RELUME_OK);
  CHECK(recorded_patch(stage.show).json == default_patch().json);
}

TEST_CASE("Demo show: a record that is no patch is an error", "[demo][error]") {
  Stage stage(default_patch());
  const std::string none = R"({"groups": []})";
  REQUIRE(relume_record_set(stage.show.get(), "patch", RELUME_RECORD_JSON, none.data(), none.size(), nullptr,
                            nullptr) == RELUME_OK);
  CHECK_THROWS_AS(recorded_patch(stage.show), PatchError);
}

TEST_CASE("Demo show: the patch that the show has already changes nothing, whatever became of its layers", "[demo]") {
  Stage stage(default_patch());
  stage.show.remove_layer(stage.show.layer("wash"));
  stage.show.add_layer("front", "group");
  const std::uint64_t revision = stage.show.status().accepted;
  import_patch(stage.show, default_patch());
  CHECK(stage.show.status().accepted == revision);
  CHECK_THROWS_AS(stage.show.layer("wash"), relume::Error);
  CHECK_NOTHROW(stage.show.layer("front"));
}

TEST_CASE("Demo show: another patch is one change, record and layers, and values that stay are kept", "[demo]") {
  Stage stage(default_patch());
  stage.set("tubes/level", relume::scalar(0.25F));
  const std::uint64_t revision = stage.show.status().accepted;
  import_patch(stage.show, spots_and_tubes());
  CHECK(stage.show.status().accepted == revision + 1);
  CHECK(recorded_patch(stage.show).json == spots_and_tubes().json);
  CHECK_THROWS_AS(stage.show.layer("wash"), relume::Error);
  CHECK(stage.show.get_value(stage.show.param("tubes/level")).value.as.f[0] == 0.25F);
  CHECK(stage.show.get_value(stage.show.param("spots/level")).value.as.f[0] == 1.0F);
  CHECK(stage.show.layers().size() == 3);
}

TEST_CASE("Demo show: the largest patch can be replaced by another that large", "[demo]") {
  const auto largest = [](const std::string& prefix) {
    std::string groups;
    for (std::size_t i = 0; i < kMaxGroups; ++i) {
      groups += (i == 0 ? "" : ", ") + json(prefix + std::to_string(i), static_cast<int>(i), 170);
    }
    return parse_patch("{\"groups\": [" + groups + "]}");
  };
  const LightsOptions defaults;
  relume_show_options options = demo_options(defaults);
  options.flags = RELUME_SHOW_NO_THREADS;
  options.folder = options.runtime_dir = nullptr;
  relume::Show show(demo_schema(largest("old-")), options);
  const Patch patch = largest("new-");
  import_patch(show, patch);
  CHECK(show.layers().size() == kMaxGroups + 1);
  CHECK(find_params(show, patch).groups.size() == kMaxGroups);
}
