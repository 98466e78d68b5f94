// SPDX-License-Identifier: Apache-2.0
#include "lights/dmx.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rig {

std::uint8_t channel_value(double lane, double level, double dimmer) noexcept {
  const double light = std::clamp(lane * level * dimmer, 0.0, 1.0);
  return static_cast<std::uint8_t>(std::floor(255.0 * light + 0.5));
}

DmxPacker::DmxPacker(const Patch& patch, DemoParams params)
    : dimmer_(params.dimmer),
      blackout_(params.blackout),
      universes_(patched_universes(patch)),
      picture_(universes_.size()) {
  for (std::size_t i = 0; i < patch.groups.size(); ++i) {
    const Group& group = patch.groups[i];
    const auto universe = std::lower_bound(universes_.begin(), universes_.end(), group.universe) - universes_.begin();
    targets_.push_back({params.groups[i], static_cast<std::size_t>(universe), std::size_t{group.start} - 1, group.count,
                        group.order, Fixture{0, 0, 0}});
  }
}

const DmxPicture& DmxPacker::pack(relume::Frame frame) noexcept {
  const relume_slot* dimmer = frame.at(dimmer_);
  const relume_slot* blackout = frame.at(blackout_);
  const bool dark = blackout != nullptr && blackout->i != 0;
  const double master = dimmer == nullptr ? 1.0 : static_cast<double>(dimmer->f);
  for (Target& target : targets_) {
    const relume_slot* level = frame.at(target.params.level);
    const relume_slot* color = frame.at(target.params.color);
    Fixture fixture{0, 0, 0};  // a group that is not in the show gives no light
    if (!dark && level != nullptr && color != nullptr) {
      for (std::size_t i = 0; i < fixture.size(); ++i) {
        fixture[i] =
            channel_value(static_cast<double>(color[target.order[i]].f), static_cast<double>(level->f), master);
      }
    }
    if (fixture == target.channels) continue;
    target.channels = fixture;
    auto channel = picture_.universes[target.universe].begin() + static_cast<std::ptrdiff_t>(target.first);
    for (std::size_t i = 0; i < target.count; ++i) channel = std::copy(fixture.begin(), fixture.end(), channel);
    ++picture_.versions[target.universe];
  }
  return picture_;
}

}  // namespace rig
