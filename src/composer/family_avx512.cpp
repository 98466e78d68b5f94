// SPDX-License-Identifier: Apache-2.0
// Compiled with the instructions of its family (CMakeLists.txt).
#include "composer/block_loop.hpp"
#include "composer/families.hpp"

namespace relume::composer {

constinit const Family avx512{"avx512", loop, glide_lanes, begin_lanes, compose_lanes};

}  // namespace relume::composer
