// SPDX-License-Identifier: Apache-2.0
// What each kind of mutation asks of the rest of the system (DESIGN 6), in one table.
#pragma once

#include <relume/mutation.h>

#include <cstdint>

namespace relume::core {

struct Effects {
  std::uint32_t targets = 0;  // relume_targets
  std::uint32_t invalidation = RELUME_INVALIDATE_NONE;
  std::uint32_t render_reset = RELUME_RESET_NONE;

  void join(const Effects& other) noexcept {
    targets |= other.targets;
    if (other.invalidation > invalidation) invalidation = other.invalidation;
    if (other.render_reset > render_reset) render_reset = other.render_reset;
  }
};

constexpr Effects effects_of(std::uint32_t kind) noexcept {
  constexpr std::uint32_t checkpoint = RELUME_TARGET_CHECKPOINT;
  constexpr std::uint32_t both = RELUME_TARGET_CHECKPOINT | RELUME_TARGET_DOCUMENT;
  switch (kind) {
    case RELUME_CHANGE_SET: return {checkpoint, RELUME_INVALIDATE_ROUTE, RELUME_RESET_NONE};
    case RELUME_CHANGE_PERSIST: return {both, RELUME_INVALIDATE_ROUTE, RELUME_RESET_NONE};
    case RELUME_CHANGE_STORE: return {both, RELUME_INVALIDATE_NONE, RELUME_RESET_NONE};
    case RELUME_CHANGE_REVERT: return {checkpoint, RELUME_INVALIDATE_NONE, RELUME_RESET_NONE};
    case RELUME_CHANGE_RESET: return {checkpoint, RELUME_INVALIDATE_LAYER, RELUME_RESET_NONE};
    case RELUME_CHANGE_ADD: return {both, RELUME_INVALIDATE_NONE, RELUME_RESET_LAYER};
    case RELUME_CHANGE_REMOVE: return {both, RELUME_INVALIDATE_LAYER, RELUME_RESET_LAYER};
    case RELUME_CHANGE_MOVE: return {both, RELUME_INVALIDATE_NONE, RELUME_RESET_LAYER};
    case RELUME_CHANGE_RETYPE: return {both, RELUME_INVALIDATE_INCOMPATIBLE, RELUME_RESET_LAYER};
    case RELUME_CHANGE_RENAME:
    case RELUME_CHANGE_ENABLE:
    case RELUME_CHANGE_RECORD:
    case RELUME_CHANGE_RECORD_REMOVE:
    case RELUME_CHANGE_BYPASS: return {both, RELUME_INVALIDATE_NONE, RELUME_RESET_NONE};
    default: return {};
  }
}

constexpr bool is_structural(std::uint32_t kind) noexcept {
  return (kind >= RELUME_CHANGE_ADD && kind <= RELUME_CHANGE_BYPASS) || kind == RELUME_CHANGE_RETYPE ||
         kind == RELUME_CHANGE_RENAME;
}

}  // namespace relume::core
