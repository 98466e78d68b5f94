// SPDX-License-Identifier: Apache-2.0
// From a composed frame to channels.
#pragma once

#include "adapters/artnet.hpp"
#include "lights/demo_show.hpp"
#include "lights/patch.hpp"

#include <relume/relume.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rig {

/// The channel value of one colour lane, computed in double so that every machine and every model of it agrees.
std::uint8_t channel_value(double lane, double level, double dimmer) noexcept;

/// Turns frames into the picture of all patched universes, rewriting only groups whose channels differ.
class DmxPacker {
 public:
  DmxPacker(const Patch& patch, DemoParams params);

  /// Universes of the picture, in its order.
  const std::vector<std::uint16_t>& universes() const noexcept { return universes_; }

  /// Takes what the frame says. The picture belongs to the packer and is valid until the next call.
  const DmxPicture& pack(relume::Frame frame) noexcept;

 private:
  using Fixture = std::array<std::uint8_t, 3>;
  struct Target {
    GroupParams params;
    std::size_t universe;  // index into the picture
    std::size_t first;
    std::size_t count;
    std::array<std::uint8_t, 3> order;
    Fixture channels;  // of each fixture of the group, as they stand in the picture
  };
  relume_param dimmer_;
  relume_param blackout_;
  std::vector<std::uint16_t> universes_;
  std::vector<Target> targets_;
  DmxPicture picture_;
};

}  // namespace rig
