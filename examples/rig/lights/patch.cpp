// SPDX-License-Identifier: Apache-2.0
#include "lights/patch.hpp"

#include "adapters/artnet.hpp"
#include "adapters/notice.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

namespace rig {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kDefaultPatch =
    R"({"groups": [{"name": "wash", "universe": 0, "start": 1, "count": 8, "order": "rgb"}, )"
    R"({"name": "tubes", "universe": 1, "start": 1, "count": 32, "order": "rgb"}]})";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr int kMaxDepth = 4;  // a patch needs three; deeper is an attack or a mistake

bool is_layer_key(std::string_view key) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !key.empty() && key.size() <= 63 && key != "relume" && std::all_of(key.begin(), key.end(), allowed);
}

void refuse_unknown_keys(const Json& object, std::initializer_list<std::string_view> known, const std::string& where) {
  for (const auto& item : object.items()) {
    if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
    throw PatchError(fmt::format("unknown key \"{}\"", printable(item.key())), where);
  }
}

const Json& member(const Json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end()) throw PatchError(fmt::format("\"{}\" is missing", key), where);
  return *found;
}

std::uint16_t integer(const Json& object, const char* key, std::uint16_t low, std::uint16_t high,
                      const std::string& where) {
  const Json& value = member(object, key, where);
  // The parser keeps what is not negative unsigned, so this is every integer that could be in range.
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() < low || value.get<std::uint64_t>() > high) {
    throw PatchError(fmt::format("\"{}\" must be an integer from {} to {}", key, low, high), where);
  }
  return value.get<std::uint16_t>();
}

std::array<std::uint8_t, 3> color_order(const Json& group, const std::string& where) {
  if (!group.contains("order")) return {0, 1, 2};
  const Json& value = group["order"];
  std::string letters = value.is_string() ? value.get<std::string>() : std::string();
  std::array<std::uint8_t, 3> order{};
  if (letters.size() == order.size()) {
    std::transform(letters.begin(), letters.end(), order.begin(),
                   [](char c) { return static_cast<std::uint8_t>(std::string_view("rgb").find(c)); });
    std::sort(letters.begin(), letters.end());
  }
  if (letters != "bgr") throw PatchError("\"order\" must name r, g and b once each, such as \"grb\"", where);
  return order;
}

Group parse_group(const Json& json, std::size_t index) {
  std::string where = fmt::format("group {} of the patch", index + 1);
  if (!json.is_object()) throw PatchError("a group must be an object", where);
  const Json& name = member(json, "name", where);
  if (!name.is_string() || !is_layer_key(name.get_ref<const std::string&>())) {
    throw PatchError("\"name\" must be 1 to 63 of a-z, 0-9, _ and -, and not \"relume\"", where);
  }
  Group group;
  group.name = name.get<std::string>();
  where = fmt::format("group {}", group.name);
  if (group.name == kMasterLayer) throw PatchError("this name is taken by the master layer", where);
  refuse_unknown_keys(json, {"name", "universe", "start", "count", "order"}, where);
  group.universe = integer(json, "universe", 0, kMaxArtNetUniverse, where);
  group.start = integer(json, "start", 1, 512, where);
  group.count = integer(json, "count", 1, 512, where);
  group.order = color_order(json, where);
  const int last = group.start - 1 + 3 * group.count;
  if (last > 512) throw PatchError(fmt::format("it ends on channel {}, a universe has 512", last), where);
  return group;
}

void refuse_overlaps(const std::vector<Group>& groups) {
  std::vector<const Group*> sorted;
  for (const Group& group : groups) sorted.push_back(&group);
  std::sort(sorted.begin(), sorted.end(), [](const Group* a, const Group* b) { return a->name < b->name; });
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i - 1]->name == sorted[i]->name) {
      throw PatchError("two groups have the same name", fmt::format("group {}", sorted[i]->name));
    }
  }
  std::sort(sorted.begin(), sorted.end(), [](const Group* a, const Group* b) {
    return std::pair(a->universe, a->start) < std::pair(b->universe, b->start);
  });
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const Group& low = *sorted[i - 1];
    const Group& high = *sorted[i];
    if (low.universe == high.universe && high.start < low.start + 3 * low.count) {
      throw PatchError(fmt::format("two groups overlap on channel {} of universe {}", high.start, high.universe),
                       fmt::format("groups {} and {}", low.name, high.name));
    }
  }
}

Json parse_json(std::string_view text) {
  if (text.size() > kMaxPatchBytes) throw PatchError(fmt::format("larger than {} bytes", kMaxPatchBytes), "the patch");
  // The parser would skip it; the show, whose record this text becomes, does not.
  if (text.starts_with(kByteOrderMark)) {
    throw PatchError("not JSON: it begins with a byte order mark; save it as UTF-8 without one", "the patch");
  }
  const auto watch_depth = [](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) throw PatchError("nested too deep", "the patch");
    return true;
  };
  try {
    return Json::parse(text, watch_depth);
  } catch (const Json::exception& error) {
    throw PatchError(fmt::format("not JSON: {}", printable(error.what(), 160)), "the patch");
  }
}

}  // namespace

Patch default_patch() { return parse_patch(kDefaultPatch); }

Patch parse_patch(std::string_view text) {
  const Json json = parse_json(text);
  if (!json.is_object()) throw PatchError("a patch must be an object with \"groups\"", "the patch");
  refuse_unknown_keys(json, {"groups"}, "the patch");
  const Json& groups = member(json, "groups", "the patch");
  if (!groups.is_array() || groups.empty())
    throw PatchError("\"groups\" must be a list with at least one group", "the patch");
  if (groups.size() > kMaxGroups) throw PatchError(fmt::format("more than {} groups", kMaxGroups), "the patch");
  Patch patch{{}, std::string(text)};
  for (std::size_t i = 0; i < groups.size(); ++i) patch.groups.push_back(parse_group(groups[i], i));
  refuse_overlaps(patch.groups);
  return patch;
}

Patch read_patch(const std::string& path) {
  const auto fail = [&](const char* step) {
    return PatchError(fmt::format("cannot {} the patch ({})", step, std::strerror(errno)), printable(path, 400));
  };
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw fail("open");
  // One byte more than is allowed tells a file that is too long from one that just fits.
  std::string text(kMaxPatchBytes + 1, '\0');
  std::size_t length = 0;
  ssize_t got = 0;
  do {
    got = read(fd, text.data() + length, text.size() - length);
    if (got > 0) length += static_cast<std::size_t>(got);
  } while (length < text.size() && (got > 0 || (got < 0 && errno == EINTR)));
  const PatchError error = fail("read");
  close(fd);
  if (got < 0) throw error;
  text.resize(length);
  try {
    return parse_patch(text);
  } catch (const PatchError& fault) {
    throw PatchError(fault.what(), fmt::format("{} in {}", fault.where(), printable(path, 400)));
  }
}

std::vector<std::uint16_t> patched_universes(const Patch& patch) {
  std::vector<std::uint16_t> universes;
  for (const Group& group : patch.groups) universes.push_back(group.universe);
  std::sort(universes.begin(), universes.end());
  universes.erase(std::unique(universes.begin(), universes.end()), universes.end());
  return universes;
}

}  // namespace rig
