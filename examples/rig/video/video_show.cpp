// SPDX-License-Identifier: Apache-2.0
#include "video/video_show.hpp"

#include "operator/session.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace rig {
namespace {

/// Of the packages that come with the rig, bottom to top.
constexpr std::array<std::string_view, 3> kDemoStack{"gradient", "plasma", "rings"};
constexpr std::size_t kLayersOfOthers = 3;

std::vector<std::string> first_stack(const std::vector<ShaderPackage>& packages) {
  std::vector<std::string> stack;
  for (const std::string_view name : kDemoStack) {
    const auto is_it = [&](const ShaderPackage& package) { return package.name == name; };
    if (std::any_of(packages.begin(), packages.end(), is_it)) stack.emplace_back(name);
  }
  if (!stack.empty()) return stack;
  for (std::size_t i = 0; i < std::min(packages.size(), kLayersOfOthers); ++i) stack.push_back(packages[i].name);
  return stack;
}

}  // namespace

void add_pictures(relume::Schema& schema, const std::vector<ShaderPackage>& packages) {
  for (const ShaderPackage& package : packages) schema.type(package.name, package.declaration(), package.version);
  for (const std::string& name : first_stack(packages)) schema.layer(name, name);
}

relume_show_options video_show_options(const OperatorOptions& options) {
  relume_show_options show = operator_show(options);
  show.max_layers = 256;
  show.max_slots = 16'384;
  show.max_readers = 1;
  return show;
}

PictureParams find_picture(const relume::Show& show, const std::function<ShaderRef(const std::string&)>& shader_of) {
  PictureParams params;
  params.stack = show.layers();
  params.shaders.resize(params.stack.size());
  for (std::size_t position = 0; position < params.stack.size(); ++position) {
    relume_layer_info info = RELUME_LAYER_INFO_INIT;
    // Another thread may have removed it since; then this list is of a moment that is past, and a newer one follows.
    if (relume_layer_info_get(show.get(), params.stack[position], &info, nullptr) != RELUME_OK) continue;
    if (info.key == kMasterLayer && std::string_view(info.type_key) == kMasterType) {
      params.master = find_master(show, position);
    } else {
      params.shaders[position] = shader_of(info.type_key);
    }
  }
  return params;
}

}  // namespace rig
