// SPDX-License-Identifier: Apache-2.0
#include "lights/dmx.hpp"

#include <algorithm>

namespace rig {
namespace {

constexpr std::uint16_t kFixture = 3;  // channels of one: a colour without its alpha

std::uint32_t slot_of(relume::Frame frame, relume_param param) noexcept {
  const relume_slot* const slot = frame.at(param);
  return slot != nullptr ? static_cast<std::uint32_t>(slot - frame->slots) : RELUME_DMX_NO_SLOT;
}

}  // namespace

DmxPacker::DmxPacker(const Patch& patch)
    : universes_(patched_universes(patch)), lines_(universes_.size()), picture_(universes_.size()) {
  for (const Group& group : patch.groups) {
    const auto found = std::lower_bound(universes_.begin(), universes_.end(), group.universe) - universes_.begin();
    const auto universe = static_cast<std::size_t>(found);
    targets_.push_back({universe, lines_[universe].size(), group.order});
    for (std::uint16_t i = 0; i < kFixture; ++i) {
      const auto channel = static_cast<std::uint16_t>(group.start - 1 + i);
      lines_[universe].push_back({RELUME_DMX_NO_SLOT, RELUME_DMX_NO_SLOT, 1, channel, group.count, kFixture, 0, 0});
    }
  }
}

const DmxPicture& DmxPacker::pack(relume::Frame frame, const DemoParams& params) noexcept {
  if (!of_one_stack(*frame, params.stack)) return picture_;
  follow(frame, params);
  const MasterState master = master_of(frame, params.master);
  const double dimmer = master.blackout ? 0.0 : master.dimmer;
  for (std::size_t i = 0; i < universes_.size(); ++i) {
    DmxUniverse channels{};
    relume::dmx::pack(lines_[i].data(), lines_[i].size(), frame, dimmer, 0, channels.data(), channels.size());
    if (channels == picture_.universes[i]) continue;
    picture_.universes[i] = channels;
    ++picture_.versions[i];
  }
  return picture_;
}

/// Where each group's values lie in this frame.
void DmxPacker::follow(relume::Frame frame, const DemoParams& params) noexcept {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const Target& target = targets_[i];
    const GroupParams& group = params.groups[i];
    const std::uint32_t level = slot_of(frame, group.level);
    std::uint32_t color = slot_of(frame, group.color);
    if (level == RELUME_DMX_NO_SLOT || !lit(*frame, group.position)) color = RELUME_DMX_NO_SLOT;
    for (std::size_t n = 0; n < kFixture; ++n) {
      relume_dmx_patch& line = lines_[target.universe][target.line + n];
      line.slot = color != RELUME_DMX_NO_SLOT ? color + target.order[n] : color;
      line.level = level;
    }
  }
}

}  // namespace rig
