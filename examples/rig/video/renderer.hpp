// SPDX-License-Identifier: Apache-2.0
// Draws a stack of shader layers with OpenGL, without a display. It knows no network, no card and no show: slots and time are
// arguments, and the same arguments give the same picture.
#pragma once

#include "video/gl_error.hpp"
#include "video/shader.hpp"

#include <relume/frame.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace rig {

class StageRing;

/// One layer of a picture.
struct LayerDraw {
  const Shader* shader = nullptr;      ///< nullptr: the layer is left out
  std::span<const relume_slot> slots;  ///< of this layer in a frame; borrowed during render()
  std::uint32_t flags = 0;             ///< relume_layer_flags: a disabled layer is out, a bypassed one passed through
};

/// What the whole picture goes through at the end.
struct Master {
  float dimmer = 1.0F;  ///< factor on linear light, held in 0..1
  bool blackout = false;
};

/// What the renderer has done since it was made. All of it belongs to the thread that renders.
struct RenderCounts {
  std::uint64_t pictures = 0;
  std::uint64_t layers = 0;  ///< drawn
  std::uint64_t unfit = 0;   ///< layers left out because they had fewer slots than their shader
  std::uint64_t cold = 0;    ///< layers left out because no ShaderLibrary has prepared their shader here
};

/// Linear light inside, sRGB out. Draws at the size that it was made with.
class Renderer {
 public:
  /// \throws GlError there is no EGL, no driver, or no OpenGL 4.3.
  Renderer(int width, int height);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  int width() const noexcept { return width_; }
  int height() const noexcept { return height_; }
  std::size_t picture_bytes() const noexcept;                               ///< 4 * width * height
  const std::string& description() const noexcept { return description_; }  ///< driver and version, for a log line

  /// Draws bottom to top and reads the picture back: red, green, blue, 255; the top row first, rows without gaps.
  /// Never compiles: that is done by ShaderLibrary. One thread at a time; it need not be always the same.
  /// \param out exactly picture_bytes() long. \throws GlError
  void render(std::span<const LayerDraw> stack, std::int64_t show_time_ns, const Master& master,
              std::span<std::uint8_t> out);

  /// For the thread that renders.
  const RenderCounts& counts() const noexcept { return counts_; }

  /// Where shaders are prepared; for ShaderLibrary.
  StageRing& stages() noexcept { return *stages_; }

 private:
  int width_;
  int height_;
  std::unique_ptr<StageRing> stages_;
  std::string description_;
  RenderCounts counts_;
};

}  // namespace rig
