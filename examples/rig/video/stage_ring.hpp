// SPDX-License-Identifier: Apache-2.0
// Three stages that take turns, so that a shader is never compiled where pictures are drawn.
//
// Sharing programs between contexts is not enough: a software driver generates machine code at the first draw with a program,
// in the context that draws. That was measured to cost 36 to 58 ms with a program that another context had compiled and used.
// So nothing is shared, and whole contexts change hands: the builder prepares a shader in the stage that it has, and swaps that
// stage for the one that was published last; whoever draws takes the newest. Neither ever waits.
#pragma once

#include "adapters/triple_buffer.hpp"
#include "video/shader.hpp"
#include "video/stage.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace rig {

class StageRing {
 public:
  /// \throws GlError
  StageRing(int width, int height);

  /// The stage to draw with, the newest that was published. For the thread that draws.
  Stage& front() noexcept;

  /// Builds a shader: when it returns, every later front() has it. For one builder thread at a time.
  /// \throws ShaderError, GlError; then nothing was published.
  ShaderRef build(ShaderPackage package);

 private:
  /// Brings a stage up to what is in use.
  void catch_up(Stage& stage);

  std::array<std::unique_ptr<Stage>, 3> stages_;
  TripleBuffer<Stage*> ring_;
  std::vector<std::weak_ptr<const Shader>> in_use_;
  std::uint64_t builds_ = 0;
};

}  // namespace rig
