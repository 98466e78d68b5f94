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
      : patch(p), show(demo_schema(p), options()), reader(show.reader()), packer(p, find_params(show, p)) {}
  static relume_show_options options() {
    relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
    options.flags = RELUME_SHOW_NO_THREADS;
    return options;
  }
  const DmxPicture& picture() {
    show.compose(now += 1'000'000);
    return packer.pack(reader.acquire());
  }
  void set(const std::string& route, const relume_value& value) { show.set(show.param(route), value); }

  Patch patch;
  relume::Show show;
  relume::Reader reader;
  DmxPacker packer;
  std::int64_t now = 0;
};

std::vector<std::uint8_t> channels(const DmxPicture& picture, std::size_t universe, std::size_t first,
                                   std::size_t count) {
  const auto begin = picture.universes[universe].begin() + static_cast<std::ptrdiff_t>(first - 1);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

using Channels = std::vector<std::uint8_t>;

}  // namespace

TEST_CASE("DMX: a channel is rounded from the product in double and clamped", "[dmx]") {
  CHECK(channel_value(1.0, 1.0, 1.0) == 255);
  CHECK(channel_value(1.0, 0.5, 1.0) == 128);
  CHECK(channel_value(0.5, 0.5, 0.5) == 32);
  CHECK(channel_value(0.0, 1.0, 1.0) == 0);
  CHECK(channel_value(4.0, 1.0, 1.0) == 255);
  CHECK(channel_value(-1.0, 1.0, 1.0) == 0);
  CHECK(channel_value(0.5 / 255.0, 1.0, 1.0) == 1);
  CHECK(channel_value(0.499 / 255.0, 1.0, 1.0) == 0);
}

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

TEST_CASE("Demo show: a show that fits its patch is left alone", "[demo]") {
  Stage stage(default_patch());
  const std::uint64_t revision = stage.show.status().accepted;
  reconcile(stage.show, stage.patch);
  CHECK(stage.show.status().accepted == revision);
}

TEST_CASE("Demo show: another patch adds and removes layers by one change, and values that stay are kept", "[demo]") {
  Stage stage(default_patch());
  stage.set("tubes/level", relume::scalar(0.25F));
  const std::uint64_t revision = stage.show.status().accepted;
  const Patch other = parse_patch(R"({"groups": [{"name": "spots", "universe": 0, "start": 1, "count": 4},
                                                 {"name": "tubes", "universe": 1, "start": 1, "count": 32}]})");
  reconcile(stage.show, other);
  CHECK(stage.show.status().accepted == revision + 1);
  CHECK_THROWS_AS(stage.show.layer("wash"), relume::Error);
  CHECK(stage.show.get_value(stage.show.param("tubes/level")).value.as.f[0] == 0.25F);
  CHECK(stage.show.get_value(stage.show.param("spots/level")).value.as.f[0] == 1.0F);
  CHECK(stage.show.layers().size() == 3);
}

TEST_CASE("Demo show: the largest patch can be replaced by another that large", "[demo]") {
  const auto largest = [](const char* prefix) {
    Patch patch;
    for (std::size_t i = 0; i < kMaxGroups; ++i) {
      patch.groups.push_back({prefix + std::to_string(i), static_cast<std::uint16_t>(i), 1, 170, {0, 1, 2}});
    }
    return patch;
  };
  relume_show_options options = demo_options("", "");
  options.flags = RELUME_SHOW_NO_THREADS;
  options.folder = options.runtime_dir = nullptr;
  relume::Show show(demo_schema(largest("old-")), options);
  const Patch patch = largest("new-");
  reconcile(show, patch);
  CHECK(show.layers().size() == kMaxGroups + 1);
  CHECK(find_params(show, patch).groups.size() == kMaxGroups);
}
