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

/// Turns frames into the picture of all patched universes.
class DmxPacker {
 public:
  explicit DmxPacker(const Patch& patch);

  /// Universes of the picture, in its order.
  const std::vector<std::uint16_t>& universes() const noexcept { return universes_; }

  /// Takes what the frame says. The picture belongs to the packer and is valid until the next call.
  ///
  /// A group that is removed, disabled or bypassed gives no light. A master that is removed, disabled or bypassed is passed
  /// through: full dimmer, no blackout. While the frame's stack is another one than the handles', whose successors are then on
  /// their way from the thread that changed it, the picture stays as it is: a change of the stack is seen whole, a frame later.
  const DmxPicture& pack(relume::Frame frame, const DemoParams& params) noexcept;

 private:
  struct Target {
    std::size_t universe;  // index into the picture
    std::size_t line;      // the first of three in the universe's patch
    std::array<std::uint8_t, 3> order;
  };
  void follow(relume::Frame frame, const DemoParams& params) noexcept;

  std::vector<std::uint16_t> universes_;
  std::vector<Target> targets_;                       // in the order of the patch
  std::vector<std::vector<relume_dmx_patch>> lines_;  // by universe of the picture
  DmxPicture picture_;
};

}  // namespace rig
