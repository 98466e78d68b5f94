// SPDX-License-Identifier: Apache-2.0
#include "lights/demo_show.hpp"

#include "operator/session.hpp"

#include <map>
#include <optional>
#include <string_view>

namespace rig {
namespace {

constexpr const char* kGroupType = "group";
constexpr const char* kPatchRecord = "patch";

std::optional<std::string> recorded_json(const relume::Show& show) {
  try {
    return show.record(kPatchRecord).bytes;
  } catch (const relume::Error& error) {
    if (error.code() == RELUME_E_UNKNOWN_ROUTE) return std::nullopt;
    throw;
  }
}

/// What makes the stack fit a patch.
relume::ChangeSet fit_stack(const relume::Show& show, const Patch& patch) {
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
  return changes;
}

}  // namespace

void add_lights(relume::Schema& schema, const Patch& patch) {
  using relume::Param;
  schema.type(
      kGroupType,
      {Param("level", RELUME_FLOAT).range(0, 1).initial(relume::scalar(1)).smoothing(kGlideNs).settle(kSettleNs),
       Param("color", RELUME_COLOR).range(0, 1).initial(relume::color(1, 1, 1)).smoothing(kGlideNs).settle(kSettleNs)});
  for (const Group& group : patch.groups) schema.layer(group.name, kGroupType);
  schema.record(kPatchRecord, RELUME_RECORD_JSON, patch.json);
}

relume::Schema demo_schema(const Patch& patch) {
  relume::Schema schema;
  add_master(schema);
  add_lights(schema, patch);
  return schema;
}

relume_show_options demo_options(const OperatorOptions& options) {
  relume_show_options show = operator_show(options);
  show.max_layers = 1'024;  // kMaxGroups and the master
  show.max_slots = 16'384;  // 8 per group, twice: a change of patch may need the new beside the old
  show.max_readers = 1;
  return show;
}

Patch recorded_patch(const relume::Show& show) {
  const std::optional<std::string> json = recorded_json(show);
  return json ? parse_patch(*json) : default_patch();
}

void import_patch(relume::Show& show, const Patch& patch) {
  if (recorded_json(show) == patch.json) return;
  relume::ChangeSet changes = fit_stack(show, patch);
  changes.record(kPatchRecord, RELUME_RECORD_JSON, patch.json);
  show.apply(changes);
}

DemoParams find_params(const relume::Show& show, const Patch& patch) {
  DemoParams params;
  params.stack = show.layers();
  params.groups.resize(patch.groups.size());
  std::map<std::string_view, GroupParams*> groups;
  for (std::size_t i = 0; i < patch.groups.size(); ++i) groups[patch.groups[i].name] = &params.groups[i];
  for (std::size_t position = 0; position < params.stack.size(); ++position) {
    relume_layer_info info = RELUME_LAYER_INFO_INIT;
    // Another thread may have removed it since; then this list is of a moment that is past, and a newer one follows.
    if (relume_layer_info_get(show.get(), params.stack[position], &info, nullptr) != RELUME_OK) continue;
    const std::string key = info.key;
    const std::string_view type = info.type_key;
    if (key == kMasterLayer && type == kMasterType) {
      params.master = find_master(show, position);
    } else if (const auto group = groups.find(key); group != groups.end() && type == kGroupType) {
      // What cannot be found keeps the handle that is none, and gives no light.
      *group->second = {position, find_param(show, key + "/level"), find_param(show, key + "/color")};
    }
  }
  return params;
}

}  // namespace rig
