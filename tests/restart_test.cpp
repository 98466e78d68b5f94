// SPDX-License-Identifier: Apache-2.0
// A show of whole blocks comes back out of its mirror's own memory: whatever becomes of that mirror, the values are there.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "support/faulty_files.hpp"
#include "support/temp_folder.hpp"
#include "support/test_show.hpp"

using namespace relume;
using relume::test::Call;
using relume::test::FaultyFiles;
using relume::test::TempFolder;
using relume::test::TestShow;

namespace {

constexpr int kParams = 512;
constexpr int kLayers = 3;

float value_of(int layer, int param) { return static_cast<float>(layer * kParams + param) / (kLayers * kParams); }

// Long keys: the mirror's first piece has no room for its stack twice.
std::string key_of(int param) {
  return "a_parameter_with_a_name_that_takes_its_room_in_a_stack_" + std::to_string(param);
}

Schema dense_schema(std::uint32_t version, double most = 1) {
  std::vector<Param> params;
  for (int i = 0; i < kParams; ++i) params.push_back(Param(key_of(i), RELUME_FLOAT).range(0, most));
  Schema schema;
  schema.type("dense", params, version);
  for (int i = 0; i < kLayers; ++i) schema.layer("l" + std::to_string(i), "dense");
  return schema;
}

struct Place {
  TempFolder disk;
  TempFolder runtime{"/dev/shm"};
  std::string folder = disk.path() + "/a.show";

  Place() {
    TestShow first(dense_schema(1), options());
    for (int layer = 0; layer < kLayers; ++layer) {
      for (int i = 0; i < kParams; ++i) {
        first.show.set(first.show.param("l" + std::to_string(layer) + "/" + key_of(i)), scalar(value_of(layer, i)));
      }
    }
  }
  relume_show_options options(std::uint32_t slots = 4096) const {
    relume_show_options options = relume::test::quiet_options();
    options.folder = folder.c_str();
    options.runtime_dir = runtime.path().c_str();
    options.max_slots = slots;
    return options;
  }
};

void check_values(Show& show, double most = 1) {
  Reader reader = show.reader();
  show.compose(1);
  const Frame frame = reader.acquire();
  for (int layer = 0; layer < kLayers; ++layer) {
    for (int i = 0; i < kParams; ++i) {
      const float value = std::min(value_of(layer, i), static_cast<float>(most));
      REQUIRE(frame.at(show.param("l" + std::to_string(layer) + "/" + key_of(i)))->f == value);
    }
  }
}

}  // namespace

TEST_CASE("Restart: as it was, under another range, and again with other capacities", "[restart]") {
  const Place place;
  for (const std::uint32_t slots : {4096U, 8192U, 2048U}) {
    INFO(slots << " slots");
    TestShow again(dense_schema(1), place.options(slots));
    CHECK(again.show.recovery().rung == RELUME_RUNG_MIRROR);
    check_values(again.show);
  }
  {
    TestShow narrow(dense_schema(1, 0.5), place.options());
    CHECK(narrow.show.recovery().rung == RELUME_RUNG_MIRROR);
    check_values(narrow.show, 0.5);
  }
  TestShow wide(dense_schema(1), place.options());
  check_values(wide.show, 0.5);  // what was clamped was clamped in the mirror too
}

TEST_CASE("Restart: the values are there when their mirror cannot go on", "[restart][faults]") {
  const Place place;
  FaultyFiles files;
  files.fail(Call::allocate, 1, ENOSPC);
  core::Seams seams;
  seams.files = &files;
  relume_show* raw = nullptr;
  relume_error error = RELUME_ERROR_INIT;
  REQUIRE(relume::test::open_with(dense_schema(2), place.options(), seams, &raw, &error) == RELUME_OK);
  Show show(raw);
  CHECK(files.struck());
  CHECK(show.recovery().rung == RELUME_RUNG_MIRROR);
  CHECK(std::string(show.recovery().mirror_reason).find("ENOSPC") != std::string::npos);
  check_values(show);
}
