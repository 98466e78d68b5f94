// SPDX-License-Identifier: Apache-2.0
// The loops, once for each family of processors that they are compiled for. Which ones run is chosen once, when the library is
// loaded; all of them give the same bits.
#pragma once

#include "composer/block.hpp"
#include "composer/glide.hpp"

namespace relume::composer {

/// Glides that begin: from `value`, what is shown now, to `to`.
struct Beginnings {
  const float* value;
  const float* to;
  const float* rate;
};

/// glide.hpp and block.hpp say what these do. `begin_block` is begin() for some lanes: it returns those that glide now; the others
/// have to step, or have no way to go.
struct Family {
  const char* name;
  bool (*values_at)(const Glides& glides, std::size_t count, const Moment& now, float* out) noexcept RELUME_NONBLOCKING;
  Mask (*glide_block)(const Glides& glides, Mask gliding, const Moment& now, float* out) noexcept RELUME_NONBLOCKING;
  Mask (*begin_block)(const Beginnings& glides, Mask lanes, const Moment& now, float* from,
                      std::uint32_t* start) noexcept RELUME_NONBLOCKING;
  void (*compose_block)(const Block& block, const Moment& now, relume_composer_scratch& scratch,
                        relume_slot* out) noexcept RELUME_NONBLOCKING;
};

extern const Family portable;
#ifdef RELUME_X86_FAMILIES
extern const Family avx2;
extern const Family avx512;
#endif

/// The families that this processor can run, from the slowest to the one that is used; `count` of them.
const Family* const* families(std::size_t& count) noexcept;

/// The one that is used.
const Family& fastest() noexcept RELUME_NONBLOCKING;

}  // namespace relume::composer
