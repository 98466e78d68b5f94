// SPDX-License-Identifier: Apache-2.0
// The show of a picture: a master, and a stack of shader layers.
#pragma once

#include "operator/command_line.hpp"
#include "operator/master.hpp"
#include "video/shader.hpp"
#include "video/shader_package.hpp"

#include <relume/relume.hpp>

#include <functional>
#include <string>
#include <vector>

namespace rig {

/// Declares a type for each package, and what a new show starts with: up to three layers of them.
void add_pictures(relume::Schema& schema, const std::vector<ShaderPackage>& packages);

/// Capacities for a stack of shader layers.
relume_show_options video_show_options(const OperatorOptions& options);

/// Handles and shaders of the stack as it was when they were found. They belong to frames of that stack.
struct PictureParams {
  std::vector<relume_layer> stack;  ///< bottom to top
  MasterParams master;
  std::vector<ShaderRef> shaders;  ///< of each layer of the stack; nullptr: it is not drawn
};

/// \param shader_of the shader of a layer type; nullptr where there is none.
PictureParams find_picture(const relume::Show& show, const std::function<ShaderRef(const std::string&)>& shader_of);

}  // namespace rig
