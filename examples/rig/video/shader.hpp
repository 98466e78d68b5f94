// SPDX-License-Identifier: Apache-2.0
// A package that has been built: what a layer is drawn with.
#pragma once

#include "video/shader_package.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace rig {

/// Immutable, and a name only: the programs themselves live in the renderer, one for each of its contexts. Every build is
/// another object, so whoever maps layers to shaders decides when a layer gets the newer one.
class Shader {
 public:
  Shader(ShaderPackage package, std::uint64_t serial) : package_(std::move(package)), serial_(serial) {}

  const std::string& name() const noexcept { return package_.name; }
  const ShaderPackage& package() const noexcept { return package_; }
  std::uint64_t serial() const noexcept { return serial_; }  ///< 1 and up, no two builds of a renderer have the same

 private:
  ShaderPackage package_;
  std::uint64_t serial_;
};

/// May be held and dropped by any thread. While one is held, the renderer can draw with it.
using ShaderRef = std::shared_ptr<const Shader>;

}  // namespace rig
