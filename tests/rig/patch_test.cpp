// SPDX-License-Identifier: Apache-2.0
#include "lights/patch.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

using namespace rig;

namespace {

std::string group(const std::string& members) { return "{\"groups\": [" + members + "]}"; }

std::string plain(const std::string& name, int universe, int start, int count) {
  return "{\"name\": \"" + name + "\", \"universe\": " + std::to_string(universe) +
         ", \"start\": " + std::to_string(start) + ", \"count\": " + std::to_string(count) + "}";
}

/// What is refused, as "where: what"; empty when the patch is taken.
std::string refusal(const std::string& json) {
  try {
    parse_patch(json);
    return {};
  } catch (const PatchError& error) { return error.where() + ": " + error.what(); }
}

}  // namespace

TEST_CASE("Patch: the patch of the manual parses to the default patch", "[patch]") {
  const Patch parsed = parse_patch(
      R"({"groups": [{"name": "wash", "universe": 0, "start": 1, "count": 8, "order": "rgb"},
                     {"name": "tubes", "universe": 1, "start": 1, "count": 32, "order": "rgb"}]})");
  const Patch expected{{{"wash", 0, 1, 8, {0, 1, 2}}, {"tubes", 1, 1, 32, {0, 1, 2}}}, ""};
  REQUIRE(parsed.groups.size() == expected.groups.size());
  for (std::size_t i = 0; i < parsed.groups.size(); ++i) {
    CHECK(parsed.groups[i].name == expected.groups[i].name);
    CHECK(parsed.groups[i].universe == expected.groups[i].universe);
    CHECK(parsed.groups[i].start == expected.groups[i].start);
    CHECK(parsed.groups[i].count == expected.groups[i].count);
    CHECK(parsed.groups[i].order == expected.groups[i].order);
    CHECK(default_patch().groups[i].name == expected.groups[i].name);
    CHECK(default_patch().groups[i].count == expected.groups[i].count);
  }
}

TEST_CASE("Patch: a patch keeps the text that it came from, byte for byte", "[patch]") {
  const std::string json = " " + group(plain("a", 0, 1, 1)) + "\n";
  CHECK(parse_patch(json).json == json);
}

TEST_CASE("Patch: all six orders of red, green and blue", "[patch]") {
  using Order = std::array<std::uint8_t, 3>;
  const std::vector<std::pair<std::string, Order>> orders{{"rgb", {0, 1, 2}}, {"rbg", {0, 2, 1}}, {"grb", {1, 0, 2}},
                                                          {"gbr", {1, 2, 0}}, {"brg", {2, 0, 1}}, {"bgr", {2, 1, 0}}};
  for (const auto& [letters, order] : orders) {
    const Patch patch =
        parse_patch(group(R"({"name": "a", "universe": 0, "start": 1, "count": 1, "order": ")" + letters + "\"}"));
    CHECK(patch.groups[0].order == order);
  }
}

TEST_CASE("Patch: universes are listed once and in ascending order", "[patch]") {
  const Patch patch =
      parse_patch(group(plain("a", 300, 1, 1) + "," + plain("b", 2, 1, 1) + "," + plain("c", 300, 4, 1)));
  CHECK(patched_universes(patch) == std::vector<std::uint16_t>{2, 300});
}

TEST_CASE("Patch: a universe may be filled to its last channel, and not beyond", "[patch][error]") {
  CHECK(refusal(group(plain("full", 0, 3, 170))).empty());
  CHECK(refusal(group(plain("tail", 0, 510, 1))).empty());
  CHECK(refusal(group(plain("over", 0, 4, 170))) == "group over: it ends on channel 513, a universe has 512");
  CHECK(refusal(group(plain("over", 0, 511, 1))) == "group over: it ends on channel 513, a universe has 512");
}

TEST_CASE("Patch: an overlap names both groups, touching is none", "[patch][error]") {
  CHECK(refusal(group(plain("a", 0, 1, 8) + "," + plain("b", 0, 25, 1))).empty());
  CHECK(refusal(group(plain("a", 0, 1, 8) + "," + plain("b", 1, 1, 8))).empty());
  CHECK(refusal(group(plain("a", 0, 1, 8) + "," + plain("b", 0, 24, 1))) ==
        "groups a and b: two groups overlap on channel 24 of universe 0");
  CHECK(refusal(group(plain("late", 3, 10, 2) + "," + plain("early", 3, 1, 4))) ==
        "groups early and late: two groups overlap on channel 10 of universe 3");
  CHECK(refusal(group(plain("a", 0, 5, 1) + "," + plain("b", 0, 5, 1))).find("groups ") == 0);
}

TEST_CASE("Patch: what cannot be a patch is refused with the reason", "[patch][error]") {
  const std::string ok = plain("a", 0, 1, 1);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "the patch: not JSON"},
      {"{", "the patch: not JSON"},
      {group(ok) + "x", "the patch: not JSON"},
      {"\xef\xbb\xbf" + group(ok), "the patch: not JSON: it begins with a byte order mark"},
      {"[]", "the patch: a patch must be an object"},
      {"null", "the patch: a patch must be an object"},
      {"{}", "the patch: \"groups\" is missing"},
      {R"({"groups": {}})", "the patch: \"groups\" must be a list"},
      {R"({"groups": []})", "the patch: \"groups\" must be a list with at least one"},
      {R"({"groups": [1]})", "group 1 of the patch: a group must be an object"},
      {R"({"groups": [], "more": 1})", "the patch: unknown key \"more\""},
      {group("{}"), "group 1 of the patch: \"name\" is missing"},
      {group(ok + ",{\"name\": 5}"), "group 2 of the patch: \"name\" must be"},
      {group(plain("", 0, 1, 1)), "group 1 of the patch: \"name\" must be"},
      {group(plain("Wash", 0, 1, 1)), "group 1 of the patch: \"name\" must be"},
      {group(plain("a/b", 0, 1, 1)), "group 1 of the patch: \"name\" must be"},
      {group(plain("relume", 0, 1, 1)), "group 1 of the patch: \"name\" must be"},
      {group(plain("a\\u0000b", 0, 1, 1)), "group 1 of the patch: \"name\" must be"},
      {group(plain(std::string(64, 'a'), 0, 1, 1)), "group 1 of the patch: \"name\" must be"},
      {group(plain("master", 0, 1, 1)), "group master: this name is taken"},
      {group(ok + "," + plain("a", 1, 1, 1)), "group a: two groups have the same name"},
      {group(plain("a", -1, 1, 1)), "group a: \"universe\" must be an integer from 0 to 32767"},
      {group(plain("a", 32768, 1, 1)), "group a: \"universe\" must be"},
      {group(plain("a", 0, 0, 1)), "group a: \"start\" must be an integer from 1 to 512"},
      {group(plain("a", 0, 513, 1)), "group a: \"start\" must be"},
      {group(plain("a", 0, 1, 0)), "group a: \"count\" must be"},
      {group(R"({"name": "a", "universe": 0, "start": 1, "count": 1.5})"), "group a: \"count\" must be"},
      {group(R"({"name": "a", "universe": 0, "start": 1, "count": 1e99})"), "group a: \"count\" must be"},
      {group(R"({"name": "a", "universe": 0, "start": 1, "count": 99999999999999999999})"),
       "group a: \"count\" must be"},
      {group(R"({"name": "a", "universe": 0, "start": true, "count": 1})"), "group a: \"start\" must be"},
      {group(R"({"name": "a", "universe": 0, "start": 1})"), "group a: \"count\" is missing"},
      {group(R"({"name": "a", "universe": 0, "start": 1, "count": 1, "odrer": "rgb"})"),
       "group a: unknown key \"odrer\""},
      {group(R"({"name": "a", "universe": 0, "start": 1, "count": 1, "order": "rgbw"})"),
       "group a: \"order\" must name"},
      {group(R"({"name": "a", "universe": 0, "start": 1, "count": 1, "order": "rrb"})"),
       "group a: \"order\" must name"},
      {group(R"({"name": "a", "universe": 0, "start": 1, "count": 1, "order": 7})"), "group a: \"order\" must name"},
      {"{\"groups\": [\"\xff\"]}", "the patch: not JSON"},
  };
  for (const auto& [json, expected] : cases) {
    INFO(json << " -> " << refusal(json));
    CHECK(refusal(json).compare(0, expected.size(), expected) == 0);
  }
}

TEST_CASE("Patch: size, depth and number of groups are bounded", "[patch][error]") {
  CHECK(refusal(std::string(kMaxPatchBytes + 1, ' ')).find("larger than") != std::string::npos);
  CHECK(refusal(std::string(100'000, '[')).find("nested too deep") != std::string::npos);
  std::string many;
  for (std::size_t i = 0; i < kMaxGroups; ++i) {
    many += (i == 0 ? "" : ",") + plain("g" + std::to_string(i), static_cast<int>(i), 1, 1);
  }
  CHECK(refusal(group(many)).empty());
  CHECK(refusal(group(many + "," + plain("more", 9999, 1, 1))).find("more than 1000 groups") != std::string::npos);
}

TEST_CASE("Patch: no cut of a good patch is taken for another patch", "[patch][error]") {
  const std::string good = group(plain("a", 0, 1, 1) + "," + plain("b", 1, 1, 1));
  for (std::size_t length = 0; length < good.size(); ++length) CHECK_FALSE(refusal(good.substr(0, length)).empty());
}

TEST_CASE("Patch: a file that cannot be read is an error that names it", "[patch][error]") {
  CHECK_THROWS_WITH(read_patch("/no/such/patch.json"), Catch::Matchers::Contains("cannot open"));
  CHECK_THROWS_WITH(read_patch("/"), Catch::Matchers::Contains("cannot read"));
  CHECK_THROWS_WITH(read_patch("/dev/zero"), Catch::Matchers::Contains("larger than"));
}
