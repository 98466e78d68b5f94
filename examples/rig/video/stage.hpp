// SPDX-License-Identifier: Apache-2.0
// Everything that drawing needs, in one OpenGL context: textures to draw into and a program for each shader.
#pragma once

#include "video/gl_display.hpp"
#include "video/renderer.hpp"
#include "video/shader.hpp"
#include "video/shader_source.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace rig {

/// A shader's source cannot be compiled or linked. The text names file and line.
class ShaderError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One thread at a time; each call makes the context current for its own length.
class Stage {
 public:
  /// \throws GlError
  Stage(int width, int height);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  bool has(const Shader& shader) const noexcept { return programs_.contains(shader.serial()); }

  /// Compiles, links and draws one pixel: a driver that generates its code at the first draw does so here.
  /// \throws ShaderError, GlError
  void prepare(const Shader& shader);

  /// Lets go of what `keep` does not want.
  void drop_unless(const std::function<bool(std::uint64_t serial)>& keep);

  /// As Renderer::render.
  void render(std::span<const LayerDraw> stack, std::int64_t show_time_ns, float dimmer, std::span<std::uint8_t> out,
              RenderCounts& counts);

  std::string description() const;

 private:
  enum class Area { kWhole, kOnePixel };
  void draw(std::uint32_t program, std::span<const relume_slot> slots, const PictureBlock& picture, int pass,
            Area area);
  void check(const char* step) const;

  GlContext context_;
  int width_;
  int height_;
  std::uint32_t vertex_shader_ = 0;
  std::uint32_t vertex_array_ = 0;
  std::array<std::uint32_t, 2> blocks_{};        // uniform buffers, by binding point
  std::array<std::uint32_t, 3> textures_{};      // two that passes take turns with, and one that stays black
  std::array<std::uint32_t, 3> framebuffers_{};  // of the textures
  std::unordered_map<std::uint64_t, std::uint32_t> programs_;  // by serial
};

}  // namespace rig
