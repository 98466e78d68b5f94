// SPDX-License-Identifier: Apache-2.0
// Packages that change on disk, and what becomes of the show's types. No OpenGL is needed: a shader is a name here.
#include "video/shader_types.hpp"

#include "operator/master.hpp"
#include "video/video_show.hpp"

#include <catch2/catch.hpp>
#include <relume/relume.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using Catch::Matchers::Contains;
using namespace rig;

namespace {

ShaderPackage package(const std::string& name, const std::string& params) {
  return parse_package(name, R"({"version": 1, "params": [)" + params + "]}",
                       "vec4 layer(vec2 uv) { return vec4(1.0); }");
}

const std::string kSpeed = R"({"key": "speed", "type": "float", "range": [0, 4]})";
const std::string kSpeedAndCount = kSpeed + R"(, {"key": "count", "type": "int"})";

relume_show_options small_show() {
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.flags = RELUME_SHOW_NO_THREADS;
  options.max_slots = 64;
  return options;
}

/// A show of one package, `noise`, and of the layers that it is opened with.
struct Desk {
  Desk() : show(schema(), small_show()), types(show, "shaders", {package("noise", kSpeed)}, follow(), notice()) {
    types.begin({shader(package("noise", kSpeed))}, {});
  }

  static relume::Schema schema() {
    relume::Schema schema;
    add_master(schema);
    add_pictures(schema, {package("noise", kSpeed)});
    return schema;
  }
  std::function<void(const ShaderTypes::ShaderOf&)> follow() {
    return [this](const ShaderTypes::ShaderOf& shader_of) {
      ++changes;
      picture = find_picture(show, shader_of);
    };
  }
  NoticeSink notice() {
    return [this](const Notice& n) { notices.push_back(n.what); };
  }
  ShaderRef shader(ShaderPackage of) { return std::make_shared<Shader>(std::move(of), ++serial); }
  ShaderRef drawn() {
    types.refresh();
    return picture.shaders.at(1);
  }
  std::uint64_t revision() const { return show.status().accepted; }

  std::uint64_t serial = 0;
  relume::Show show;
  int changes = 0;
  PictureParams picture;
  std::vector<std::string> notices;
  ShaderTypes types;
};

}  // namespace

TEST_CASE("Shader types: what the show was opened with is taken as it is", "[video]") {
  Desk desk;
  CHECK(desk.drawn()->serial() == 1);
  CHECK(desk.picture.shaders.at(0) == nullptr);  // the master
  CHECK(desk.picture.master.position == 0);
  CHECK(desk.revision() == 0);
  CHECK(desk.notices.empty());
}

TEST_CASE("Shader types: a package that changed between declaring and building becomes a change of type", "[video]") {
  Desk desk;
  desk.types.begin({desk.shader(package("noise", kSpeedAndCount))}, {});
  CHECK(desk.show.param("noise/count").bits != 0);
  CHECK(desk.drawn()->serial() == 2);
}

TEST_CASE("Shader types: nothing is visible before it is built", "[video]") {
  Desk desk;
  const ShaderEvents events = desk.types.events();
  desk.show.set(desk.show.param("noise/speed"), relume::scalar(3));
  const ShaderPackage next = package("noise", kSpeedAndCount);
  events.build_started(next);
  CHECK_THROWS_AS(desk.show.param("noise/count"), relume::Error);
  CHECK(desk.drawn()->serial() == 1);
  const int before = desk.changes;
  REQUIRE(events.built(desk.shader(next)));
  CHECK(desk.changes == before + 1);
  CHECK(desk.picture.shaders.at(1)->serial() == 2);  // with the handles of the new stack, before anybody asks
  CHECK(desk.picture.stack.at(1).bits == desk.show.layer("noise").bits);
  CHECK(desk.show.param("noise/count").bits != 0);
  CHECK(desk.show.get_value(desk.show.param("noise/speed")).value.as.f[0] == 3.0F);
  CHECK(desk.types.failures().empty());
}

TEST_CASE("Shader types: a failed build keeps the shader, and both show and rig say why until it is mended",
          "[video][error]") {
  Desk desk;
  const ShaderEvents events = desk.types.events();
  const auto begun = GENERATE(true, false);  // false: the declarations themselves are broken
  if (begun) events.build_started(package("noise", kSpeedAndCount));
  events.failed("noise", "noise.frag:12: no such thing");
  CHECK(desk.show.type_failure("noise") == "noise.frag:12: no such thing");
  CHECK(desk.types.failures().at("noise") == "noise.frag:12: no such thing");
  REQUIRE(desk.notices.size() == 1);
  CHECK_THAT(desk.notices[0], Contains("noise.frag:12: no such thing"));
  CHECK(desk.drawn()->serial() == 1);
  CHECK(desk.revision() == 0);
  events.build_started(package("noise", kSpeed));
  REQUIRE(events.built(desk.shader(package("noise", kSpeed))));
  CHECK(desk.show.type_failure("noise").empty());
  CHECK(desk.types.failures().empty());
  CHECK(desk.drawn()->serial() == 2);
}

TEST_CASE("Shader types: what the show has no room for is not drawn", "[video][error]") {
  Desk desk;
  const ShaderEvents events = desk.types.events();
  std::string many = kSpeed;
  for (int i = 0; i < 60; ++i) many += R"(, {"key": "p)" + std::to_string(i) + R"(", "type": "float"})";
  const ShaderPackage large = package("noise", many);
  events.build_started(large);
  CHECK_FALSE(events.built(desk.shader(large)));
  CHECK(desk.drawn()->serial() == 1);
  CHECK(desk.types.failures().count("noise") == 1);
  REQUIRE(desk.notices.size() == 1);
  CHECK_THAT(desk.notices[0], Contains("noise"));
}

TEST_CASE("Shader types: a package cannot take the place of a type of the rig's own", "[video][error]") {
  Desk desk;
  const ShaderEvents events = desk.types.events();
  for (const char* name : {"master", "group"}) {
    const ShaderPackage taken = package(name, kSpeed);
    events.build_started(taken);
    CHECK_FALSE(events.built(desk.shader(taken)));
    events.failed(name, "noise");
    CHECK(desk.types.failures().count(name) == 1);
  }
  CHECK(desk.show.param("master/dimmer").bits != 0);
  CHECK(desk.show.type_failure("master").empty());
}

TEST_CASE("Shader types: values that fit no more are told", "[video]") {
  Desk desk;
  const ShaderEvents events = desk.types.events();
  desk.show.set(desk.show.param("noise/speed"), relume::scalar(3));
  const ShaderPackage next = package("noise", R"({"key": "speed", "type": "int"})");
  events.build_started(next);
  REQUIRE(events.built(desk.shader(next)));
  REQUIRE(desk.notices.size() == 1);
  CHECK_THAT(desk.notices[0], Contains("1 values"));
}
