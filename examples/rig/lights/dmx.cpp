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

DmxPacker::DmxPacker(const Patch& patch) : universes_(patched_universes(patch)), picture_(universes_.size()) {
  for (const Group& group : patch.groups) {
    const auto universe = std::lower_bound(universes_.begin(), universes_.end(), group.universe) - universes_.begin();
    targets_.push_back(
        {static_cast<std::size_t>(universe), std::size_t{group.start} - 1, group.count, group.order, Fixture{0, 0, 0}});
  }
}

const DmxPicture& DmxPacker::pack(relume::Frame frame, const DemoParams& params) noexcept {
  if (!of_one_stack(*frame, params.stack)) return picture_;
  const MasterState master = master_of(frame, params.master);
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    Target& target = targets_[i];
    const GroupParams& group = params.groups[i];
    Fixture fixture{0, 0, 0};
    if (!master.blackout && lit(*frame, group.position)) {
      fixture = mix(target, frame.at(group.color), frame.at(group.level), master.dimmer);
    }
    if (fixture == target.channels) continue;
    target.channels = fixture;
    auto channel = picture_.universes[target.universe].begin() + static_cast<std::ptrdiff_t>(target.first);
    for (std::size_t n = 0; n < target.count; ++n) channel = std::copy(fixture.begin(), fixture.end(), channel);
    ++picture_.versions[target.universe];
  }
  return picture_;
}

DmxPacker::Fixture DmxPacker::mix(const Target& target, const relume_slot* color, const relume_slot* level,
                                  double master) noexcept {
  Fixture fixture{0, 0, 0};
  if (color == nullptr || level == nullptr) return fixture;
  for (std::size_t i = 0; i < fixture.size(); ++i) {
    fixture[i] = channel_value(static_cast<double>(color[target.order[i]].f), static_cast<double>(level->f), master);
  }
  return fixture;
}

}  // namespace rig
