// SPDX-License-Identifier: Apache-2.0
// Handles: 32 bits of index, 32 of generation. A layer's index is its place in the layer table; a parameter's is that place and
// the parameter's first slot within the layer, so that reading a frame takes no look-up in the type.
#pragma once

#include <relume/mutation.h>

#include <cstdint>

namespace relume::core {

inline constexpr std::uint32_t kMaxLayers = 65536;

inline std::uint32_t generation_of(std::uint64_t bits) noexcept { return static_cast<std::uint32_t>(bits >> 32U); }

inline relume_layer layer_handle(std::uint32_t index, std::uint32_t generation) noexcept {
  return {(static_cast<std::uint64_t>(generation) << 32U) | index};
}
inline relume_param param_handle(std::uint32_t index, std::uint32_t generation, std::uint32_t slot) noexcept {
  return {(static_cast<std::uint64_t>(generation) << 32U) | (static_cast<std::uint64_t>(index) << 16U) | slot};
}
inline std::uint32_t layer_index(relume_layer layer) noexcept { return static_cast<std::uint32_t>(layer.bits); }
inline std::uint32_t layer_index(relume_param param) noexcept {
  return static_cast<std::uint32_t>(param.bits & 0xffffffffU) >> 16U;
}
inline std::uint32_t slot_of(relume_param param) noexcept { return static_cast<std::uint32_t>(param.bits & 0xffffU); }
inline relume_layer layer_of(relume_param param) noexcept {
  return layer_handle(layer_index(param), generation_of(param.bits));
}

}  // namespace relume::core
