// SPDX-License-Identifier: Apache-2.0
// The layer `master`, which every rig has and obeys in the same way, and how frames and handles of one stack are told.
#pragma once

#include "operator/names.hpp"

#include <relume/relume.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

namespace rig {

inline constexpr std::int64_t kGlideNs = 100'000'000;   ///< time constant of what is smoothed
inline constexpr std::int64_t kSettleNs = 500'000'000;  ///< after so long without a change automation is committed

inline constexpr std::size_t kNoLayer = std::numeric_limits<std::size_t>::max();

/// Handles of the master, as the stack was when they were found.
struct MasterParams {
  std::size_t position = kNoLayer;  ///< in the stack, from the bottom
  relume_param dimmer{0};
  relume_param blackout{0};
};

/// What the master says in a frame.
struct MasterState {
  double dimmer = 1.0;
  bool blackout = false;
};

/// Declares the type and puts the layer into the stack of a new show.
void add_master(relume::Schema& schema);

/// The parameter of a route, or the handle that is none.
relume_param find_param(const relume::Show& show, const std::string& route);

MasterParams find_master(const relume::Show& show, std::size_t position);

/// Whether handles that were found for this stack belong to the frame's.
bool of_one_stack(const relume_frame& frame, std::span<const relume_layer> stack) noexcept;

/// Whether the layer is in the show and takes part in what is shown.
bool lit(const relume_frame& frame, std::size_t position) noexcept;

/// A master that is removed, disabled or bypassed is passed through: full dimmer, no blackout.
MasterState master_of(relume::Frame frame, const MasterParams& params) noexcept;

}  // namespace rig
