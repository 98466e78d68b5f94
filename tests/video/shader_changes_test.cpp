// SPDX-License-Identifier: Apache-2.0
#include "video/shader_changes.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using rig::ShaderChanges;
using Names = std::vector<std::string>;

namespace {
constexpr std::int64_t kQuiet = 100;
constexpr std::int64_t kPatience = 2000;
}  // namespace

TEST_CASE("ShaderChanges: a package is ready once it was quiet, and then only once", "[video]") {
  ShaderChanges changes(kQuiet, kPatience);
  CHECK_FALSE(changes.next_ns());
  changes.settled("plasma.frag", 1000);
  CHECK(changes.next_ns() == 1100);
  CHECK(changes.take_ready(1099).empty());
  CHECK(changes.take_ready(1100) == Names{"plasma"});
  CHECK(changes.take_ready(5000).empty());
  CHECK_FALSE(changes.next_ns());
}

TEST_CASE("ShaderChanges: every further event begins the quiet anew, of that package only", "[video]") {
  ShaderChanges changes(kQuiet, kPatience);
  changes.settled("plasma.frag", 1000);
  changes.settled("rings.json", 1010);
  changes.settled("plasma.json", 1090);
  CHECK(changes.next_ns() == 1110);
  CHECK(changes.take_ready(1110) == Names{"rings"});
  CHECK(changes.take_ready(1189).empty());
  CHECK(changes.take_ready(1190) == Names{"plasma"});
}

TEST_CASE("ShaderChanges: a file that is still being written is waited for", "[video]") {
  ShaderChanges changes(kQuiet, kPatience);
  changes.writing("plasma.frag", 1000);
  CHECK(changes.take_ready(1500).empty());
  changes.writing("plasma.frag", 1500);
  SECTION("until it is closed") {
    changes.settled("plasma.frag", 3400);
    CHECK(changes.take_ready(3499).empty());
    CHECK(changes.take_ready(3500) == Names{"plasma"});
  }
  SECTION("also when the other file of the package is closed meanwhile") {
    changes.writing("plasma.json", 1510);
    changes.settled("plasma.json", 1520);
    CHECK(changes.take_ready(1700).empty());
    changes.settled("plasma.frag", 1800);
    CHECK(changes.take_ready(1900) == Names{"plasma"});
  }
  SECTION("but not for ever") {
    CHECK(changes.take_ready(3499).empty());
    CHECK(changes.take_ready(3500) == Names{"plasma"});
  }
}

TEST_CASE("ShaderChanges: files of no package are ignored", "[video]") {
  ShaderChanges changes(kQuiet, kPatience);
  for (const char* file : {"", ".frag", ".plasma.frag", ".plasma.frag.swp", "plasma.frag~", "4913", "plasma.frag.1.tmp",
                           "notes.txt", "plasma.FRAG"}) {
    INFO(file);
    changes.settled(file, 0);
    changes.writing(file, 0);
    CHECK_FALSE(changes.next_ns());
  }
}

TEST_CASE("ShaderChanges: a package of unknown state forgets what was open", "[video]") {
  ShaderChanges changes(kQuiet, kPatience);
  changes.writing("plasma.frag", 1000);
  changes.unknown("plasma", 1000);
  CHECK(changes.take_ready(1100) == Names{"plasma"});
}
