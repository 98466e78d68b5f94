// SPDX-License-Identifier: Apache-2.0
// The moments of a block's scratch are 32 bits of ticks, which wrap after 78 hours. They are counted from its base tick, and never
// lie farther from it than kOldest on either side; before they would, the base moves on, and they are brought with it.
#pragma once

#include <relume/composer.h>

#include <cstddef>
#include <cstdint>

#include "composer/glide.hpp"

namespace relume::composer {

/// The whole tick of a moment of the scratch.
inline std::int64_t whole_tick(const relume_composer_scratch& s, std::uint32_t tick) noexcept {
  return s.base_tick + static_cast<std::int32_t>(tick - static_cast<std::uint32_t>(s.base_tick));
}

/// When a lane's overlay last changed; not before kOldest ago, which is longer than the longest settle time.
inline std::int64_t changed_ns(const relume_composer_scratch& s, std::size_t lane) noexcept {
  return whole_tick(s, s.changed[lane]) * kTick + s.changed_rest[lane];
}

/// Whether the base has to move before this moment is composed.
inline bool too_old(const relume_composer_scratch& s, std::int64_t now_ns) noexcept {
  return (now_ns >> kTickBits) - s.base_tick > std::int64_t{kOldest};
}

/// Moves the base to `now_ns`: what glides goes on from where it is.
void rebase(relume_composer_scratch& scratch, const relume_composer_defs& defs,
            std::int64_t now_ns) noexcept RELUME_NONBLOCKING;

}  // namespace relume::composer
