// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace relume::core::platform {

inline std::string to_hex(const std::uint8_t* data, std::size_t size) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    text.push_back(digits[data[i] >> 4U]);
    text.push_back(digits[data[i] & 15U]);
  }
  return text;
}

/// False when the text is not exactly `size` bytes of lower-case hex.
inline bool from_hex(std::string_view text, std::uint8_t* data, std::size_t size) {
  if (text.size() != size * 2) return false;
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  for (std::size_t i = 0; i < size; ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    data[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

}  // namespace relume::core::platform
