// SPDX-License-Identifier: Apache-2.0
// Pictures as they should be. After a change that is meant to show, RELUME_GOLDEN_UPDATE=1 writes them anew; look at each.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "golden.hpp"
#include "support.hpp"
#include "video/picture_file.hpp"

using namespace rig;
using namespace rig::test;

namespace {

struct Look {
  std::string name;
  std::vector<LayerKey> layers;
  std::function<void(Stack&)> set;
  std::int64_t time_ns = 0;
  Master master = {};
};

std::function<void(Stack&)> nothing() {
  return [](Stack&) {};
}

std::function<void(Stack&)> kind(const std::string& label) {
  return [label](Stack& stack) { stack.choose("rings/kind", label); };
}

/// Plasma over a gradient.
std::function<void(Stack&)> blend(const std::string& mode) {
  return [mode](Stack& stack) {
    stack.choose("plasma/blend", mode);
    stack.set("plasma/opacity", relume::scalar(0.8F));
  };
}

/// A stack of four, of which a filter is one.
void show_off(Stack& stack) {
  stack.choose("rings/blend", "add");
  stack.choose("rings/kind", "spiral");
  stack.set("rings/opacity", relume::scalar(0.6F));
  stack.choose("plasma/blend", "screen");
  stack.set("plasma/opacity", relume::scalar(0.5F));
  stack.set("grade/hue", relume::scalar(60));
  stack.set("grade/contrast", relume::scalar(1.3F));
}

std::vector<Look> looks() {
  const std::vector<LayerKey> plasma_over{{"gradient", "gradient"}, {"plasma", "plasma"}};
  const std::vector<LayerKey> four{
      {"gradient", "gradient"}, {"plasma", "plasma"}, {"rings", "rings"}, {"grade", "grade"}};
  std::vector<Look> all{
      {"gradient", {{"gradient", "gradient"}}, nothing()},
      {"gradient-turned",
       {{"gradient", "gradient"}},
       [](Stack& s) {
         s.set("gradient/angle", relume::scalar(-100));
         s.set("gradient/color-a", relume::color(0, 1, 0));
         s.set("gradient/color-b", relume::color(1, 1, 1, 0));
       }},
      {"plasma", {{"plasma", "plasma"}}, nothing()},
      {"plasma-later", {{"plasma", "plasma"}}, nothing(), 12'340'000'000},
      {"grade",
       {{"plasma", "plasma"}, {"grade", "grade"}},
       [](Stack& s) {
         s.set("grade/saturation", relume::scalar(0.3F));
         s.set("grade/hue", relume::scalar(90));
         s.set("grade/contrast", relume::scalar(1.6F));
       }},
      {"kaleidoscope",
       {{"rings", "rings"}, {"gradient", "gradient"}, {"kaleidoscope", "kaleidoscope"}},
       [](Stack& s) { s.choose("gradient/blend", "multiply"), s.choose("rings/kind", "squares"); },
       2'500'000'000},
      {"stack", four, show_off, 3'000'000'000},
      {"stack-dimmed", four, show_off, 3'000'000'000, {0.4F, false}},
      {"stack-blackout", four, show_off, 3'000'000'000, {1.0F, true}},
      {"stack-bypass", four, [](Stack& s) { show_off(s), s.show().bypass_layer(s.show().layer("plasma"), true); },
       3'000'000'000},
  };
  for (const char* label : {"rings", "squares", "spokes", "spiral"}) {
    all.push_back({std::string("rings-") + label, {{"rings", "rings"}}, kind(label), 1'000'000'000});
  }
  for (const char* mode : {"normal", "add", "multiply", "screen"}) {
    all.push_back({std::string("blend-") + mode, plasma_over, blend(mode), 1'000'000'000});
  }
  return all;
}

Picture draw(Renderer& renderer, const ShaderLibrary& library, const Look& look) {
  Stack stack(library, look.layers);
  look.set(stack);
  return render(renderer, stack.draws(), look.time_ns, look.master);
}

}  // namespace

TEST_CASE("Golden pictures: every shader, blend mode and master", "[video][gl][golden]") {
  if (!has_opengl()) return;
  Renderer renderer(kWidth, kHeight);
  INFO(renderer.description());
  ShaderLibrary library(renderer, RELUME_SHADERS);
  REQUIRE(library.build_all().empty());
  const bool update = std::getenv("RELUME_GOLDEN_UPDATE") != nullptr;
  for (const Look& look : looks()) {
    const Picture picture = draw(renderer, library, look);
    const std::string golden = std::string(RELUME_GOLDEN) + "/" + look.name + ".png";
    if (update) {
      write_png(golden, picture, kWidth, kHeight);
      continue;
    }
    const Difference difference = compare(picture, read_png(golden, kWidth, kHeight));
    const std::string drawn = std::string(RELUME_GOLDEN_OUT) + "/" + look.name + ".png";
    INFO(look.name << ": " << difference.strays << " pixels are off by more than " << kTolerance << ", one by "
                   << difference.largest << "; drawn: " << drawn);
    if (!difference.tolerable()) write_png(drawn, picture, kWidth, kHeight);
    CHECK(difference.tolerable());
  }
}

TEST_CASE("Golden pictures: a slightly different value is seen", "[video][gl][golden]") {
  if (!has_opengl()) return;
  Renderer renderer(kWidth, kHeight);
  ShaderLibrary library(renderer, RELUME_SHADERS);
  REQUIRE(library.build_all().empty());
  struct Change {
    std::string look;
    std::string route;
    relume_value value;
  };
  const std::vector<Change> changes{
      {"gradient", "gradient/color-b", relume::color(0.86F, 0.2F, 0.05F)},
      {"gradient", "gradient/angle", relume::scalar(32)},
      {"plasma", "plasma/tint", relume::color(1, 0.38F, 0.8F)},
      {"plasma", "plasma/scale", relume::scalar(3.02F)},
      {"rings-rings", "rings/width", relume::scalar(0.42F)},
      {"rings-spokes", "rings/rotation", relume::scalar(1)},
      {"grade", "grade/hue", relume::scalar(93)},
      {"kaleidoscope", "kaleidoscope/zoom", relume::scalar(1.02F)},
      {"stack", "rings/opacity", relume::scalar(0.63F)},
      {"stack-dimmed", "gradient/opacity", relume::scalar(0.9F)},
      {"blend-screen", "plasma/opacity", relume::scalar(0.84F)},
  };
  for (const Change& change : changes) {
    CAPTURE(change.look, change.route);
    for (Look look : looks()) {
      if (look.name != change.look) continue;
      look.set = [set = look.set, &change](Stack& stack) { set(stack), stack.set(change.route, change.value); };
      const Picture golden = read_png(std::string(RELUME_GOLDEN) + "/" + look.name + ".png", kWidth, kHeight);
      CHECK_FALSE(compare(draw(renderer, library, look), golden).tolerable());
    }
  }
}
