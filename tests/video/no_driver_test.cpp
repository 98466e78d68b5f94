// SPDX-License-Identifier: Apache-2.0
// Runs with EGL's list of drivers pointing nowhere.
#include <catch2/catch.hpp>

#include "video/renderer.hpp"

using Catch::Matchers::Contains;

TEST_CASE("Renderer: without a driver it says what to install", "[video][error]") {
  REQUIRE_THROWS_AS(rig::Renderer(64, 36), rig::GlError);
  CHECK_THROWS_WITH(rig::Renderer(64, 36), Contains("no OpenGL") && Contains("libegl-mesa0"));
}
