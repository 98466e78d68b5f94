// SPDX-License-Identifier: Apache-2.0
// A block of 64 slots: bit i of a mask is its lane i.
#pragma once

#include <relume/composer.h>

#include <cstddef>
#include <cstdint>

#include "composer/glide.hpp"

namespace relume::composer {

inline constexpr std::size_t kBlock = RELUME_COMPOSER_BLOCK;
using Mask = std::uint64_t;
inline constexpr Mask kAll = ~Mask{0};

/// Writes all 64 values of a block: the gliding lanes their glide's, the others their target. Returns the lanes that have arrived.
Mask glide_block(const Glides& glides, Mask gliding, const Moment& now, float* out) noexcept RELUME_NONBLOCKING;

/// One tier of a block.
struct Tier {
  const relume_slot* values;
  Mask present;
};

/// What a block is composed of.
struct Block {
  const relume_composer_defs* defs;
  Tier base;
  Tier committed;
  Tier overlay;
};

/// Takes what changed since the last call over into the scratch, and writes all 64 values of this moment.
void compose_block(const Block& block, const Moment& now, relume_composer_scratch& scratch,
                   relume_slot* out) noexcept RELUME_NONBLOCKING;

}  // namespace relume::composer
