// SPDX-License-Identifier: Apache-2.0
#include "video/renderer.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <thread>

#include "support.hpp"

using namespace rig;
using namespace rig::test;
using Catch::Matchers::Contains;

namespace {

/// Linear light to a byte of sRGB, by its definition.
int encoded(double linear) {
  const double held = std::clamp(linear, 0.0, 1.0);
  const double srgb = held <= 0.0031308 ? 12.92 * held : 1.055 * std::pow(held, 1.0 / 2.4) - 0.055;
  return static_cast<int>(std::lround(srgb * 255.0));
}

/// One step of rounding in the driver, another one of what was encoded in the layers below.
bool close_to(const Rgb& is, const std::array<double, 3>& linear) {
  return std::abs(is.r - encoded(linear[0])) <= 2 && std::abs(is.g - encoded(linear[1])) <= 2 &&
         std::abs(is.b - encoded(linear[2])) <= 2;
}

/// Two layers of one colour each.
struct Solids {
  Solids() {
    packages.put_solid();
    REQUIRE(library.build_all().empty());
    stack = std::make_unique<Stack>(library, std::vector<LayerKey>{{"low", "solid"}, {"high", "solid"}});
    stack->set("low/color", relume::color(0.2F, 0.5F, 0.8F));
    stack->set("high/color", relume::color(0.6F, 0.3F, 0.1F));
  }
  Rgb middle(const Master& master = {}) {
    const Picture picture = render(renderer, stack->draws(), 0, master);
    // Every pixel is the same one.
    for (std::size_t i = 4; i < picture.size(); ++i) {
      if (picture[i] != picture[i - 4]) FAIL("pixel " << i / 4 << " differs from the one before it");
    }
    CHECK(picture[3] == 255);
    return pixel(picture, kWidth / 2, kHeight / 2);
  }
  Packages packages;
  Renderer renderer{kWidth, kHeight};
  ShaderLibrary library{renderer, packages.path()};
  std::unique_ptr<Stack> stack;
};

}  // namespace

TEST_CASE("Renderer: layers are mixed in linear light, as blend and opacity say", "[video][gl]") {
  if (!has_opengl()) return;
  Solids solids;
  const std::array<double, 3> low{0.2, 0.5, 0.8};
  const std::array<double, 3> high{0.6, 0.3, 0.1};
  const auto mixed = [&](double share, auto blend) {
    std::array<double, 3> out{};
    for (std::size_t i = 0; i < 3; ++i) out[i] = low[i] + share * (std::min(blend(low[i], high[i]), 1.0) - low[i]);
    return out;
  };
  for (const float opacity : {1.0F, 0.25F, 0.0F}) {
    for (const float alpha : {1.0F, 0.5F}) {
      CAPTURE(opacity, alpha);
      solids.stack->set("high/opacity", relume::scalar(opacity));
      solids.stack->set("high/color", relume::color(0.6F, 0.3F, 0.1F, alpha));
      const double share = static_cast<double>(opacity * alpha);
      solids.stack->choose("high/blend", "normal");
      CHECK(close_to(solids.middle(), mixed(share, [](double, double h) { return h; })));
      solids.stack->choose("high/blend", "add");
      CHECK(close_to(solids.middle(), mixed(share, [](double l, double h) { return l + h; })));
      solids.stack->choose("high/blend", "multiply");
      CHECK(close_to(solids.middle(), mixed(share, [](double l, double h) { return l * h; })));
      solids.stack->choose("high/blend", "screen");
      CHECK(close_to(solids.middle(), mixed(share, [](double l, double h) { return l + h - l * h; })));
    }
  }
}

TEST_CASE("Renderer: the master dims light, not bytes, and blackout is black", "[video][gl]") {
  if (!has_opengl()) return;
  Solids solids;
  const auto dimmed = [&](float dimmer) { return solids.middle({dimmer, false}); };
  CHECK(close_to(dimmed(1.0F), {0.6, 0.3, 0.1}));
  CHECK(close_to(dimmed(0.5F), {0.3, 0.15, 0.05}));
  CHECK(close_to(dimmed(7.0F), {0.6, 0.3, 0.1}));
  const Rgb black{0, 0, 0};
  CHECK(dimmed(0.0F) == black);
  CHECK(dimmed(-1.0F) == black);
  CHECK(dimmed(std::numeric_limits<float>::quiet_NaN()) == black);
  CHECK(solids.middle({1.0F, true}) == black);
}

TEST_CASE("Renderer: what is disabled, bypassed or not there is left out", "[video][gl]") {
  if (!has_opengl()) return;
  Solids solids;
  relume::Show& show = solids.stack->show();
  const relume_layer high = show.layer("high");
  const std::array<double, 3> low_color{0.2, 0.5, 0.8};
  CHECK(close_to(solids.middle(), {0.6, 0.3, 0.1}));
  show.bypass_layer(high, true);
  CHECK(close_to(solids.middle(), low_color));
  show.bypass_layer(high, false);
  show.enable_layer(high, false);
  CHECK(close_to(solids.middle(), low_color));
  show.enable_layer(high, true);
  show.move_layer(high, show.layer("low"));
  CHECK(close_to(solids.middle(), low_color));
  show.remove_layer(show.layer("low"));
  CHECK(close_to(solids.middle(), {0.6, 0.3, 0.1}));
  CHECK(close_to(solids.middle({0.5F, false}), {0.3, 0.15, 0.05}));
  show.remove_layer(high);
  CHECK(solids.middle() == Rgb{0, 0, 0});
  CHECK(render(solids.renderer, {LayerDraw{}}) == render(solids.renderer, {}));
}

TEST_CASE("Renderer: a layer with too few slots, or a shader of nobody's, is left out and counted",
          "[video][gl][error]") {
  if (!has_opengl()) return;
  Solids solids;
  std::vector<LayerDraw> draws = solids.stack->draws();
  draws[1].slots = draws[1].slots.first(draws[1].shader->package().slot_count - 1);
  CHECK(close_to(pixel(render(solids.renderer, draws), 5, 5), {0.2, 0.5, 0.8}));
  CHECK(solids.renderer.counts().unfit == 1);
  const Shader stranger(draws[0].shader->package(), 4711);
  draws = solids.stack->draws();
  draws[1].shader = &stranger;
  CHECK(close_to(pixel(render(solids.renderer, draws), 5, 5), {0.2, 0.5, 0.8}));
  CHECK(solids.renderer.counts().cold == 1);
  CHECK(solids.renderer.counts().layers == 2);
  CHECK(solids.renderer.counts().pictures == 2);
}

TEST_CASE("Renderer: a buffer of another size and a size that cannot be are refused", "[video][gl][error]") {
  if (!has_opengl()) return;
  Renderer renderer(64, 36);
  Picture picture(renderer.picture_bytes() - 1);
  CHECK_THROWS_WITH(renderer.render({}, 0, {}, picture), "a picture of 64 x 36 takes 9216 bytes, not 9215");
  CHECK_THROWS_WITH(Renderer(0, 36), Contains("0 x 36"));
  CHECK_THROWS_WITH(Renderer(64, 1'000'000), Contains("64 x 1000000"));
}

TEST_CASE("Renderer: a shader sees every value of its layer, whatever its type", "[video][gl]") {
  if (!has_opengl()) return;
  Packages packages;
  packages.put("types", R"({"params": [
      {"key": "on", "type": "bool", "default": true},
      {"key": "count", "type": "int", "default": -7},
      {"key": "at", "type": "vec2", "default": [1, 2]},
      {"key": "axis", "type": "vec3", "default": [3, 4, 5]},
      {"key": "after-axis", "type": "float", "default": 6},
      {"key": "quad", "type": "vec4", "default": [7, 8, 9, 10]},
      {"key": "tint", "type": "color", "default": [0.25, 0.5, 0.75, 0.125]},
      {"key": "mode", "type": "enum", "labels": ["a", "b", "c"], "default": "c"},
      {"key": "start", "type": "time", "default": -5500000000},
      {"key": "go", "type": "trigger"}]})",
               "vec4 layer(vec2 uv) {\n"
               "  bool all = u_opacity == 1.0 && u_blend == 0 && u_on && u_count == -7 && u_at == vec2(1, 2) &&\n"
               "      u_axis == vec3(3, 4, 5) && u_after_axis == 6.0 && u_quad == vec4(7, 8, 9, 10) &&\n"
               "      u_tint == vec4(0.25, 0.5, 0.75, 0.125) && u_mode == 2 && abs(seconds(u_start) + 5.5) < 1e-5 &&\n"
               "      u_go == 0u;\n"
               "  return all ? vec4(0, 1, 0, 1) : vec4(1, 0, 0, 1);\n"
               "}\n");
  Renderer renderer(kWidth, kHeight);
  ShaderLibrary library(renderer, packages.path());
  const auto failures = library.build_all();
  INFO((failures.empty() ? "" : failures[0].why));
  REQUIRE(failures.empty());
  Stack stack(library, {{"one", "types"}});
  const Rgb green{0, 255, 0};
  CHECK(pixel(render(renderer, stack.draws()), 3, 3) == green);
  // Each of them alone makes a difference, so none is compared with itself.
  const std::vector<std::pair<std::string, relume_value>> others{{"on", relume::boolean(false)},
                                                                 {"count", relume::integer(7)},
                                                                 {"at", relume::vec2(1, 3)},
                                                                 {"axis", relume::vec3(3, 4, 6)},
                                                                 {"after-axis", relume::scalar(5)},
                                                                 {"quad", relume::vec4(7, 8, 9, 11)},
                                                                 {"tint", relume::color(0, 0.5F, 0.75F)},
                                                                 {"mode", relume::choice(1)},
                                                                 {"start", relume::time(5'500'000'000)}};
  for (const auto& [key, value] : others) {
    CAPTURE(key);
    stack.set("one/" + key, value);
    CHECK_FALSE(pixel(render(renderer, stack.draws()), 3, 3) == green);
    stack.show().revert();
  }
  CHECK(pixel(render(renderer, stack.draws()), 3, 3) == green);
  stack.set("one/go", relume::trigger());  // last: no revert takes a pulse back
  CHECK_FALSE(pixel(render(renderer, stack.draws()), 3, 3) == green);
}

TEST_CASE("Renderer: uv has its origin at the top left, and the top row comes first", "[video][gl]") {
  if (!has_opengl()) return;
  Packages packages;
  packages.put("where", R"({"params": []})",
               "vec4 layer(vec2 uv) { return vec4(step(0.5, uv), resolution == vec2(192, 108) ? 1 : 0, 1); }\n");
  packages.put("flip", R"({"params": []})", "vec4 layer(vec2 uv) { return vec4(below(1.0 - uv), 1); }\n");
  Renderer renderer(kWidth, kHeight);
  ShaderLibrary library(renderer, packages.path());
  REQUIRE(library.build_all().empty());
  Stack stack(library, {{"where", "where"}, {"flip", "flip"}});
  stack.show().bypass_layer(stack.show().layer("flip"), true);
  const Picture plain = render(renderer, stack.draws());
  CHECK(pixel(plain, 1, 1) == Rgb{0, 0, 255});
  CHECK(pixel(plain, kWidth - 2, 1) == Rgb{255, 0, 255});
  CHECK(pixel(plain, 1, kHeight - 2) == Rgb{0, 255, 255});
  stack.show().bypass_layer(stack.show().layer("flip"), false);
  const Picture flipped = render(renderer, stack.draws());
  CHECK(pixel(flipped, 1, 1) == Rgb{255, 255, 255});
  CHECK(pixel(flipped, kWidth - 2, 1) == Rgb{0, 255, 255});
}

TEST_CASE("Renderer: turns() in a shader wraps as it does outside", "[video][gl]") {
  if (!has_opengl()) return;
  Packages packages;
  packages.put("clock", R"({"params": [{"key": "speed", "type": "float"}]})",
               "vec4 layer(vec2 uv) { return vec4(turns(u_speed), 0, 0, 1); }\n");
  Renderer renderer(kWidth, kHeight);
  ShaderLibrary library(renderer, packages.path());
  REQUIRE(library.build_all().empty());
  Stack stack(library, {{"clock", "clock"}});
  const auto red_at = [&](std::int64_t time_ns, float speed) {
    stack.set("clock/speed", relume::scalar(speed));
    return pixel(render(renderer, stack.draws(), time_ns), 0, 0).r;
  };
  constexpr std::int64_t kYear = 31'536'000 * kSecondNs;
  CHECK(std::abs(red_at(kSecondNs, 0.25F) - encoded(0.25)) <= 1);
  CHECK(std::abs(red_at(kYear + kSecondNs, 0.25F) - encoded(0.25)) <= 1);
  CHECK(std::abs(red_at(kYear + kSecondNs, -0.25F) - encoded(0.75)) <= 1);
  CHECK(std::abs(red_at(-kSecondNs, 0.25F) - encoded(0.75)) <= 1);
  CHECK(red_at(kYear, 3.0F) == 0);
}

TEST_CASE("Renderer: the same layers and time give the same bytes, in any renderer and any thread", "[video][gl]") {
  if (!has_opengl()) return;
  const auto look = [](Renderer& renderer) {
    ShaderLibrary library(renderer, RELUME_SHADERS);
    REQUIRE(library.build_all().empty());
    Stack stack(library, {{"a", "plasma"}, {"b", "rings"}, {"c", "kaleidoscope"}, {"d", "grade"}});
    stack.choose("b/blend", "screen");
    const std::vector<LayerDraw> draws = stack.draws();
    const Picture first = render(renderer, draws, 12'345'678'901);
    // Something else in between leaves no trace.
    CHECK(render(renderer, draws, 99'000'000'000) != first);
    Picture second;
    std::thread([&] { second = render(renderer, draws, 12'345'678'901); }).join();
    CHECK(second == first);
    return first;
  };
  Renderer one(kWidth, kHeight);
  Renderer other(kWidth, kHeight);
  CHECK(look(one) == look(other));
}
