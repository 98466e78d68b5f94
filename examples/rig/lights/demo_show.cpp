// SPDX-License-Identifier: Apache-2.0
#include "lights/demo_show.hpp"

#include "adapters/clock.hpp"

#include <cstdint>
#include <map>
#include <string_view>

namespace rig {
namespace {

constexpr const char* kMasterType = "master";
constexpr const char* kGroupType = "group";
constexpr std::int64_t kGlide = 100 * kMillisecond;
constexpr std::int64_t kSettle = 500 * kMillisecond;

}  // namespace

relume::Schema demo_schema(const Patch& patch) {
  using relume::Param;
  relume::Schema schema;
  schema.type(kMasterType,
              {Param("dimmer", RELUME_FLOAT).range(0, 1).initial(relume::scalar(1)).smoothing(kGlide).settle(kSettle),
               Param("blackout", RELUME_BOOL).initial(relume::boolean(false)).settle(kSettle),
               Param("bpm", RELUME_FLOAT).range(20, 300).initial(relume::scalar(120)).settle(kSettle)});
  schema.type(
      kGroupType,
      {Param("level", RELUME_FLOAT).range(0, 1).initial(relume::scalar(1)).smoothing(kGlide).settle(kSettle),
       Param("color", RELUME_COLOR).range(0, 1).initial(relume::color(1, 1, 1)).smoothing(kGlide).settle(kSettle)});
  schema.layer(std::string(kMasterLayer), kMasterType);
  for (const Group& group : patch.groups) schema.layer(group.name, kGroupType);
  return schema;
}

relume_show_options demo_options(const std::string& folder, const std::string& runtime_dir) {
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.folder = folder.c_str();
  options.runtime_dir = runtime_dir.c_str();
  options.max_layers = 1'024;    // kMaxGroups and the master
  options.max_slots = 16'384;    // 8 per group, twice: a change of patch may need the new beside the old
  options.max_overlays = 4'096;  // every parameter of the largest patch
  options.max_readers = 1;
  return options;
}

void reconcile(relume::Show& show, const Patch& patch) {
  // What is missing at the end; in this order it is added, the master at the bottom as in a new show.
  std::vector<std::string_view> wanted{kMasterLayer};
  for (const Group& group : patch.groups) wanted.push_back(group.name);
  std::map<std::string_view, bool> present;
  for (const std::string_view key : wanted) present[key] = false;

  relume::ChangeSet changes;
  for (const relume_layer layer : show.layers()) {
    const relume_layer_info info = show.layer_info(layer);
    const std::string_view type = info.type_key;
    const auto found = present.find(info.key);
    if (found == present.end()) {
      if (type == kGroupType) changes.remove(layer);
    } else if (type == (found->first == kMasterLayer ? kMasterType : kGroupType)) {
      found->second = true;
    } else {
      changes.remove(layer);  // the key is needed for a layer of the right type
    }
  }
  for (const std::string_view key : wanted) {
    // Both kinds of key end in NUL: a literal, and the name of a group.
    if (!present[key]) changes.add_layer(key.data(), key == kMasterLayer ? kMasterType : kGroupType);
  }
  if (changes.size() != 0) show.apply(changes);
}

DemoParams find_params(const relume::Show& show, const Patch& patch) {
  DemoParams params{show.param("master/dimmer"), show.param("master/blackout"), {}};
  for (const Group& group : patch.groups) {
    params.groups.push_back({show.param(group.name + "/level"), show.param(group.name + "/color")});
  }
  return params;
}

}  // namespace rig
