// SPDX-License-Identifier: Apache-2.0
#include "video/renderer.hpp"

#include "video/stage_ring.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rig {
namespace {

void fill_black(std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = i % 4 == 3 ? 255 : 0;
}

/// Not a number is dark: light that nobody asked for is the worse mistake.
float share(float value) { return value > 0.0F ? std::min(value, 1.0F) : 0.0F; }

}  // namespace

Renderer::Renderer(int width, int height)
    : width_(width),
      height_(height),
      stages_(std::make_unique<StageRing>(width, height)),
      description_(stages_->front().description()) {}

Renderer::~Renderer() = default;

std::size_t Renderer::picture_bytes() const noexcept {
  return 4 * static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_);
}

void Renderer::render(std::span<const LayerDraw> stack, std::int64_t show_time_ns, const Master& master,
                      std::span<std::uint8_t> out) {
  if (out.size() != picture_bytes()) {
    throw GlError(
        fmt::format("a picture of {} x {} takes {} bytes, not {}", width_, height_, picture_bytes(), out.size()));
  }
  ++counts_.pictures;
  const float dimmer = share(master.dimmer);
  if (master.blackout || dimmer == 0.0F) return fill_black(out);
  stages_->front().render(stack, show_time_ns, dimmer, out, counts_);
}

}  // namespace rig
