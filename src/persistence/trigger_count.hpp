// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "live/page_tree.hpp"

namespace relume::core {

/// What a trigger has counted, but for pulses of sources that have not settled: its persisted slot counts the operators'
/// pulses, its committed one those of sources.
inline std::uint32_t count_of(const SavedBlock& block, std::uint32_t lane) noexcept {
  const auto of = [lane](std::uint64_t present, std::uint32_t count) {
    return ((present >> lane) & 1U) != 0 ? count : 0;
  };
  return of(block.persisted_present, block.persisted[lane]) + of(block.committed_present, block.committed[lane]);
}

}  // namespace relume::core
