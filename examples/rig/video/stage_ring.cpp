// SPDX-License-Identifier: Apache-2.0
#include "video/stage_ring.hpp"

#include <algorithm>
#include <utility>

namespace rig {

StageRing::StageRing(int width, int height) : ring_(nullptr) {
  for (auto& stage : stages_) stage = std::make_unique<Stage>(width, height);
  // One for each side and one between them.
  ring_.back() = stages_[0].get();
  ring_.publish();
  ring_.take();
  ring_.back() = stages_[1].get();
  ring_.publish();
  ring_.back() = stages_[2].get();
}

Stage& StageRing::front() noexcept {
  ring_.take();
  return *ring_.front();
}

ShaderRef StageRing::build(ShaderPackage package) {
  const ShaderRef shader = std::make_shared<const Shader>(std::move(package), ++builds_);
  Stage& stage = *ring_.back();
  catch_up(stage);
  stage.prepare(*shader);
  in_use_.push_back(shader);
  ring_.publish();
  return shader;
}

void StageRing::catch_up(Stage& stage) {
  std::erase_if(in_use_, [](const auto& shader) { return shader.expired(); });
  std::vector<ShaderRef> shaders;
  for (const auto& weak : in_use_) {
    if (ShaderRef shader = weak.lock()) shaders.push_back(std::move(shader));
  }
  stage.drop_unless([&](std::uint64_t serial) {
    return std::any_of(shaders.begin(), shaders.end(), [&](const ShaderRef& s) { return s->serial() == serial; });
  });
  for (const ShaderRef& shader : shaders) stage.prepare(*shader);
}

}  // namespace rig
