// SPDX-License-Identifier: Apache-2.0
// OSC packets spelled out byte by byte for the tests: no codec is trusted to check itself.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rig_test {

using Bytes = std::string;

inline std::span<const std::byte> view(const Bytes& bytes) { return std::as_bytes(std::span(bytes)); }

inline Bytes text(std::string_view value) {
  Bytes out(value);
  out.append(4 - out.size() % 4, '\0');
  return out;
}

inline Bytes big_endian(std::uint64_t value, int bytes) {
  Bytes out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

inline Bytes i32(std::int32_t value) { return big_endian(static_cast<std::uint32_t>(value), 4); }
inline Bytes i64(std::int64_t value) { return big_endian(static_cast<std::uint64_t>(value), 8); }
inline Bytes f32(float value) { return big_endian(std::bit_cast<std::uint32_t>(value), 4); }
inline Bytes f64(double value) { return big_endian(std::bit_cast<std::uint64_t>(value), 8); }

/// `types` without the comma; `arguments` already encoded.
inline Bytes message(std::string_view address, std::string_view types, const Bytes& arguments = {}) {
  return text(address) + text("," + std::string(types)) + arguments;
}

inline Bytes bundle(std::initializer_list<Bytes> elements) {
  Bytes out = text("#bundle") + big_endian(1, 8);
  for (const Bytes& element : elements) out += i32(static_cast<std::int32_t>(element.size())) + element;
  return out;
}

}  // namespace rig_test
