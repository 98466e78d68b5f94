// SPDX-License-Identifier: Apache-2.0
#include "video/shader_source.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdint>
#include <string>

using namespace rig;

namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

/// What turns() in the shader computes, with the same numbers.
double turns(std::int64_t time_ns, double hertz) {
  PictureBlock block{};
  set_time(block, time_ns);
  const auto step = static_cast<std::uint32_t>(static_cast<std::int32_t>(std::lround(hertz * 65536.0)));
  return static_cast<double>(step * block.ticks) / 4294967296.0;
}

}  // namespace

TEST_CASE("Shader source: a phase is as exact after a year as after a second", "[video]") {
  // Speeds that are a whole number of 1/65,536 turns a second, at times where the turns come out even.
  for (const std::int64_t start : {std::int64_t{0}, std::int64_t{86'400}, std::int64_t{31'536'000}}) {
    CAPTURE(start);
    CHECK(turns(start * kSecondNs, 0.25) == 0.0);
    CHECK(turns((start + 1) * kSecondNs, 0.25) == 0.25);
    CHECK(turns((start + 3) * kSecondNs, 0.25) == 0.75);
    CHECK(turns(start * kSecondNs + kSecondNs / 2, 1.0) == 0.5);
    CHECK(turns(start * kSecondNs + kSecondNs / 2, -0.5) == 0.75);
  }
}

TEST_CASE("Shader source: time before zero goes on backwards", "[video]") {
  CHECK(turns(-kSecondNs, 0.25) == 0.75);
  CHECK(turns(-kSecondNs / 4, 1.0) == 0.75);
  PictureBlock block{};
  set_time(block, -kSecondNs / 4);
  CHECK(block.show_time == -0.25F);
}

TEST_CASE("Shader source: the compiler's words become file, line and text", "[video]") {
  struct Case {
    const char* log;
    const char* why;
  };
  const Case cases[] = {
      {"1:12(5): error: `u_speeed' undeclared\n", "plasma.frag:12: `u_speeed' undeclared"},
      {"1:3(1): warning: unused\n1:4(9): error: syntax error\n", "plasma.frag:4: syntax error"},
      {"1:4(9): error: one\n1:5(9): error: two\n", "plasma.frag:4: one (1 more error)"},
      {"1:4(9): error: one\n1:5(9): error: two\n1:6(9): error: three\n", "plasma.frag:4: one (2 more errors)"},
      {"0:12(5): error: `u_speeed' undeclared\n", "plasma.frag:12: `u_speeed' undeclared"},
      {"0:3(1): preprocessor error: #if with no expression\n", "plasma.frag:3: #if with no expression"},
      {"0:1000004(9): error: no function with name 'layer'\n", "plasma.frag: no function with name 'layer'"},
      {"error: unresolved reference to function `layer'\n",
       "plasma.frag: error: unresolved reference to function `layer'"},
      {"0(12) : error C0000: another driver\n\n", "plasma.frag: 0(12) : error C0000: another driver"},
      {"1:99999999999999999999(1): error: x", "plasma.frag: 1:99999999999999999999(1): error: x"},
      {"1:", "plasma.frag: 1:"},
      {"", "plasma.frag: "},
      {"1:2(3): error: a\tb\x1b[31m\n", "plasma.frag:2: a\\x09b\\x1b[31m"},
  };
  for (const Case& c : cases) CHECK(explain_log("plasma", c.log) == c.why);
}
