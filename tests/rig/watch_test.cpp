// SPDX-License-Identifier: Apache-2.0
// What the person at a rig is told of a recovery.
#include "operator/watch.hpp"

#include <catch2/catch.hpp>
#include <relume/relume.hpp>

#include <string>
#include <vector>

#include "support/killed_child.hpp"
#include "support/temp_folder.hpp"

using relume::Param;
using relume::test::TempFolder;

namespace {

constexpr std::int64_t kMs = 1'000'000;

relume::Schema schema_with(Param level) {
  relume::Schema schema;
  schema.type("group", {std::move(level), Param("speed", RELUME_FLOAT).range(0, 1)}).layer("wash", "group");
  return schema;
}

struct Place {
  TempFolder disk;
  TempFolder runtime{"/dev/shm"};
  std::string folder = disk.path() + "/a.show";
  relume_show_options options() const {
    relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
    options.flags = RELUME_SHOW_NO_THREADS;
    options.folder = folder.c_str();
    options.runtime_dir = runtime.path().c_str();
    return options;
  }
  /// Dies in a process of its own while automation holds both parameters.
  void die_under_automation() const {
    relume::test::die_in_a_child([this](auto die) {
      relume::Show show(schema_with(Param("level", RELUME_FLOAT).range(0, 1)), options());
      relume::Source source = show.source();
      for (const char* route : {"wash/level", "wash/speed"})
        source.write(show.param(route), relume::scalar(0.75F), kMs);
      show.compose(kMs);
      die();
    });
  }
};

std::vector<rig::Notice> told(const Place& place, Param level) {
  const relume::Show show(schema_with(std::move(level)), place.options());
  std::vector<rig::Notice> notices;
  rig::Watch watch(show, place.folder, [&](const rig::Notice& notice) { notices.push_back(notice); });
  watch.look();
  watch.look();  // says nothing twice
  return notices;
}

}  // namespace

TEST_CASE("Watch: automation that does not go on after a death is told of, once", "[operator]") {
  const Place place;
  place.die_under_automation();
  SECTION("all of it goes on: nothing is to be told") {
    CHECK(told(place, Param("level", RELUME_FLOAT).range(0, 1)).empty());
  }
  SECTION("one value fits no more") {
    const std::vector<rig::Notice> notices = told(place, Param("level", RELUME_FLOAT).range(0, 0.5));
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].what.find("1 values that were under automation") == 0);
    CHECK(notices[0].where == place.folder);
    CHECK(!notices[0].remedy.empty());
  }
}
