// SPDX-License-Identifier: Apache-2.0
// The GLSL that a package becomes, and what the compiler says about it in the package's own terms.
#pragma once

#include "video/shader_package.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace rig {

/// Binding points that the drawing side and the GLSL agree on.
inline constexpr std::uint32_t kParamsBinding = 0;   ///< uniform block: the layer's slots as they are in a frame
inline constexpr std::uint32_t kPictureBinding = 1;  ///< uniform block: PictureBlock
inline constexpr std::uint32_t kBelowUnit = 0;       ///< texture unit: the layers below

/// The same for all layers but `gain`. Blocks, not plain uniforms: those are state of a program.
struct PictureBlock {
  float resolution[2];
  float show_time;
  std::uint32_t ticks;  ///< show time in 1/65,536 s, modulo 2^32
  float gain;           ///< master dimmer for the topmost layer, 1 for the others
  std::uint32_t reserved[3];
};

/// The time part of a block.
void set_time(PictureBlock& block, std::int64_t show_time_ns) noexcept;

/// How the shader sees a parameter: u_KEY with _ for each -.
std::string glsl_name(std::string_view key);

/// A triangle over the whole picture.
std::string_view vertex_source();

/// The whole fragment shader. The slots of a layer are read where they are: without arrays and structures, std140 lays a block
/// out as the show does its slots.
std::string fragment_source(const ShaderPackage& package);

/// What a compiler's log says first, such as "plasma.frag:12: `u_speeed' undeclared (2 more errors)".
std::string explain_log(const std::string& name, std::string_view log);

}  // namespace rig
