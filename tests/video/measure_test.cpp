// SPDX-License-Identifier: Apache-2.0
// What a picture costs. Not part of a run of all tests: video_renderer_test "[measure]".
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "adapters/clock.hpp"
#include "support.hpp"

using namespace rig;
using namespace rig::test;

namespace {

void measure(Renderer& renderer, const ShaderLibrary& library, const std::vector<LayerKey>& layers) {
  constexpr int kPictures = 100;
  Stack stack(library, layers);
  const std::vector<LayerDraw> draws = stack.draws();
  Picture picture(renderer.picture_bytes());
  std::vector<double> ms;
  for (int i = 0; i < kPictures; ++i) {
    const std::int64_t began = monotonic_now();
    renderer.render(draws, i * 40 * kMillisecond, {0.9F, false}, picture);
    ms.push_back(static_cast<double>(monotonic_now() - began) / 1e6);
  }
  std::sort(ms.begin(), ms.end());
  std::string names;
  for (const LayerKey& layer : layers) names += (names.empty() ? "" : " ") + layer.type;
  std::printf("%4d x %-4d  p50 %6.2f ms  p95 %6.2f ms  worst %6.2f ms  %s\n", renderer.width(), renderer.height(),
              ms[kPictures / 2], ms[kPictures * 95 / 100], ms.back(), names.empty() ? "(empty)" : names.c_str());
}

}  // namespace

TEST_CASE("What a picture costs", "[.][measure]") {
  if (!has_opengl()) return;
  for (const auto& [width, height] : {std::pair(1280, 720), std::pair(1920, 1080)}) {
    Renderer renderer(width, height);
    ShaderLibrary library(renderer, RELUME_SHADERS);
    REQUIRE(library.build_all().empty());
    std::printf("%s\n", renderer.description().c_str());
    measure(renderer, library, {});
    for (const ShaderRef& shader : library.all()) measure(renderer, library, {{"one", shader->name()}});
    measure(renderer, library, {{"a", "gradient"}, {"b", "plasma"}, {"c", "rings"}});
    measure(renderer, library, {{"a", "plasma"}, {"b", "kaleidoscope"}, {"c", "grade"}});
    measure(renderer, library,
            {{"a", "gradient"}, {"b", "plasma"}, {"c", "rings"}, {"d", "kaleidoscope"}, {"e", "grade"}});
  }
}
