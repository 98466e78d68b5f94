// SPDX-License-Identifier: Apache-2.0
// Modes by name: what a user asks for, what the card is asked for.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rig {

/// A size and rate of pictures, and the card mode that carries them. Progressive only.
struct DeckLinkMode {
  const char* name;     // "1080p50"
  std::uint32_t code;   // the card's four-character code
  std::int32_t width;   // pixels
  std::int32_t height;  // pixels
  std::int64_t rate;    // pictures per second are rate / per
  std::int64_t per;
  std::uint32_t slots = 1;  // slots of the card that one picture fills

  /// Length of the time that `count` pictures take, in nanoseconds, rounded down.
  std::int64_t nanoseconds(std::int64_t count) const noexcept;
};

/// Every mode that has a name here. Cards have no 720p25: its pictures go out twice each in the card's 720p50.
std::span<const DeckLinkMode> decklink_modes() noexcept;

/// \return nullptr for a name that is not known. "1080p59.94" is "1080p5994" too.
const DeckLinkMode* find_decklink_mode(std::string_view name) noexcept;

}  // namespace rig
