// SPDX-License-Identifier: Apache-2.0
// OSC 1.0 packets: bytes to messages and back. A packet decodes as a whole or not at all, so that a bundle whose second message
// is broken never has its first applied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rig {

/// One argument. `tag` is its OSC type tag and says which field holds the value.
struct OscArg {
  char tag = 0;
  std::int64_t integer = 0;  ///< i h c; r m as 32 bits, first byte highest; t
  double number = 0.0;       ///< f d
  std::string text;          ///< s S; b as raw bytes

  /// A number of any width: f d i h.
  bool is_number() const noexcept { return tag == 'f' || tag == 'd' || tag == 'i' || tag == 'h'; }
};

struct OscMessage {
  std::string address;
  std::vector<OscArg> args;
};

/// A datagram: one message, or the messages of a bundle in order (those of nested bundles too; time tags are not looked at).
struct OscPacket {
  std::vector<OscMessage> messages;
};

/// Why a datagram is no OSC packet.
enum class Malformed {
  none,
  empty,
  not_aligned,   ///< length is no multiple of 4
  bad_address,   ///< does not start with '/', or is not ended and padded by zeros
  bad_types,     ///< type tags are missing, unknown, or not ended and padded by zeros
  bad_argument,  ///< an argument is cut off or not padded by zeros
  bad_size,      ///< bytes are left over after the arguments
  bad_bundle,    ///< bundle without a whole header
  bad_element,   ///< element of a bundle with a length that does not fit
  too_deep       ///< bundles nested deeper than kMaxBundleDepth
};
inline constexpr std::size_t kMalformedKinds = 10;
inline constexpr int kMaxBundleDepth = 8;

/// What a kind means, in words for a log.
const char* describe(Malformed kind) noexcept;

/// Decodes a datagram. `out` holds messages only when the answer is Malformed::none.
Malformed decode_osc(std::span<const std::byte> datagram, OscPacket& out);

/// A message being built argument by argument.
class OscWriter {
 public:
  explicit OscWriter(std::string address);
  OscWriter& int32(std::int32_t value);
  OscWriter& int64(std::int64_t value);
  OscWriter& float32(float value);
  OscWriter& text(std::string_view value);  ///< up to the first NUL, which OSC cannot carry
  OscWriter& boolean(bool value);
  std::vector<std::byte> bytes() const;

 private:
  struct Free {
    void operator()(void* message) const noexcept;
  };
  std::string address_;
  std::unique_ptr<void, Free> message_;  // lo_message, which is a void pointer
};

}  // namespace rig
