// SPDX-License-Identifier: Apache-2.0
// What the composer leaves behind of automation, so that it outlives the process (DESIGN 5, rule 9): per block of 64 slots what
// automation is going to, where it stood, and what is needed to go on from there. The mirror keeps it; a recovery that follows a
// death gives it back through Composer::hold().
#pragma once

#include <relume/base.h>

#include <array>
#include <cstdint>

#include "live/page_tree.hpp"

namespace relume::core {

/// The automation of one block as a frame showed it. An exponential glide has no memory: from `shown` at `time` it goes on as
/// from its begin, so neither is kept here. Lanes in neither mask are not looked at.
struct HeldBlock {
  std::uint64_t layout = 0;   // StackView::held_layout of the block: which layers and types lie there
  std::uint64_t order = 0;    // of the frame's root: what operators ended up to it is not in here any more
  std::int64_t time = 0;      // compose time of the frame
  std::uint64_t overlay = 0;  // lanes that automation holds
  std::uint64_t gliding = 0;  // lanes that have not arrived; those not in `overlay` glide back to the tiers below
  std::uint64_t strong = 0;   // lanes whose priority is above RELUME_PRIORITY_DEFAULT
  std::array<std::uint32_t, kBlockSlots> target{};  // where it goes; of a lane that glides back: the tiers below
  std::array<std::uint32_t, kBlockSlots> shown{};   // as that frame shows it; looked at of lanes that glide
  // Of a parameter's first lane:
  std::array<std::uint16_t, kBlockSlots> smoothing_ms{};  // as in relume_overlay_value: 0 is the definition's
  std::array<std::uint8_t, kBlockSlots> policy{};         // relume_commit_policy that holds for it, never 0

  bool operator==(const HeldBlock&) const = default;
};

/// Where the composer puts them. Frame role; wait-free.
///
/// In each frame, after its values are known and before it is published: put() for every block of which a lane of `overlay`, or
/// a lane that glides back, has begun, ended or got another target or smoothing, and for every block with such lanes
/// whose `held_layout` is another than it was; then composed(), once. A block that only glides on, or arrives, needs no put().
class HeldTargets {
 public:
  HeldTargets(const HeldTargets&) = delete;
  HeldTargets& operator=(const HeldTargets&) = delete;
  virtual ~HeldTargets() = default;

  virtual void put(std::uint32_t block, const HeldBlock& held) noexcept RELUME_NONBLOCKING = 0;
  /// A frame of this compose time is about to be published: glides stood there.
  virtual void composed(std::int64_t now) noexcept RELUME_NONBLOCKING = 0;

 protected:
  HeldTargets() = default;
};

// What the composer offers for it, both before its first compose():
//
//   /// Automation that a death left behind: from now on it is of RELUME_SOURCE_RECOVERED. Lanes of `overlay` are automation with
//   /// their policy; lanes that only glide do it back to the tiers below. A lane of `gliding` goes on from `shown` at `held.time`.
//   /// Every write of every source takes a parameter over, whatever its priority; an operator ends it; after Config::held_ns it
//   /// is released. Each lane that `held` names belongs to a parameter that it names whole, and fits its definition; `order`
//   /// counts like any overlay's, `strong` is 0. May be called more than once for a block, with other lanes.
//   void hold(std::uint32_t block, const HeldBlock& held);
//   /// nullptr: nobody keeps it. The next compose() puts all blocks with automation, those that hold() got first of all.
//   void keep_targets_in(HeldTargets* targets);
//
// Show::open calls hold() for what was left behind, and then composes its first frame at the time of the last composed() before
// the death, so that it shows what the last frame did. The first compose of the host goes on from there when its time is not
// earlier. When it is, the host's clock began anew: all glides are moved so that they stand there as they stood in that frame.

}  // namespace relume::core
