// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "model/fault.hpp"

namespace relume::core {

inline constexpr std::size_t kMaxKeyBytes = 63;

/// 1 to 63 of [a-z0-9_-], and not the reserved word.
inline bool valid_key(std::string_view key) {
  if (key.empty() || key.size() > kMaxKeyBytes || key == "relume") return false;
  for (const char c : key) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!fits) return false;
  }
  return true;
}

inline Fault key_fault(std::string_view key, const char* what) {
  return {RELUME_E_INVALID, std::string(key.substr(0, 128)),
          std::string(what) + " key is not valid: use 1 to 63 of a-z, 0-9, _ and -, and not the reserved word relume"};
}

}  // namespace relume::core
