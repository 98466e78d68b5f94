// SPDX-License-Identifier: Apache-2.0
// RFC 4648, section 4: the alphabet with + and /, with padding.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace relume::core::platform {

inline constexpr char kBase64Digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

inline void append_base64(std::string& out, std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (unsigned k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? kBase64Digits[(group >> (18U - 6U * k)) & 63U] : '=';
  }
}

/// False when the text is anything but the one way to write some bytes.
inline bool from_base64(std::string_view text, std::string& out) {
  if (text.size() % 4 != 0) return false;
  out.clear();
  out.reserve(text.size() / 4 * 3);
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::uint32_t digit = 0;
    if (c >= 'A' && c <= 'Z') {
      digit = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      digit = static_cast<std::uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0') + 52;
    } else if (c == '+' || c == '/') {
      digit = c == '+' ? 62 : 63;
    } else if (i < text.size() - padding) {
      return false;
    }
    group = group << 6U | digit;
    if (i % 4 != 3) continue;
    for (unsigned k = 0; k < 3; ++k) out += static_cast<char>(group >> (16U - 8U * k));
    group = 0;
  }
  for (std::size_t k = 0; k < padding; ++k) {
    if (out.back() != 0) return false;
    out.pop_back();
  }
  return true;
}

}  // namespace relume::core::platform
