// SPDX-License-Identifier: Apache-2.0
// Any bytes: the decoder neither reads outside of them nor forgets a fault, and what it accepted says what the bytes say.
#include "adapters/osc_codec.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

std::string padded(const std::string& text) { return text + std::string(4 - text.size() % 4, '\0'); }

std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string out;
  while (bytes-- > 0) out += static_cast<char>(value >> 8 * bytes & 0xff);
  return out;
}

std::string encode(const rig::OscArg& arg) {
  switch (arg.tag) {
    case 'i':
    case 'c':
    case 'r':
    case 'm': return big_endian(static_cast<std::uint64_t>(arg.integer), 4);
    case 'h':
    case 't': return big_endian(static_cast<std::uint64_t>(arg.integer), 8);
    case 'f': return big_endian(std::bit_cast<std::uint32_t>(static_cast<float>(arg.number)), 4);
    case 'd': return big_endian(std::bit_cast<std::uint64_t>(arg.number), 8);
    case 's':
    case 'S': return padded(arg.text);
    case 'b': return big_endian(arg.text.size(), 4) + arg.text + std::string((4 - arg.text.size() % 4) % 4, '\0');
    default: return {};
  }
}

bool has_nan(const rig::OscMessage& message) {
  for (const rig::OscArg& arg : message.args) {
    if (arg.number != arg.number) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  rig::OscPacket packet;
  const rig::Malformed fault = rig::decode_osc(bytes, packet);
  require(rig::describe(fault) != nullptr);
  if (fault != rig::Malformed::none) {
    require(packet.messages.empty());
    return 0;
  }
  // There is one encoding of a message, so encoding what was decoded must give the bytes back. (A NaN may lose its payload on
  // the way through a double.)
  if (size != 0 && data[0] == '/') {
    require(packet.messages.size() == 1);
    const rig::OscMessage& message = packet.messages[0];
    std::string types = ",";
    std::string arguments;
    for (const rig::OscArg& arg : message.args) {
      types += arg.tag;
      arguments += encode(arg);
    }
    const std::string again = padded(message.address) + padded(types) + arguments;
    require(again.size() == size);
    if (!has_nan(message)) require(again == std::string(reinterpret_cast<const char*>(data), size));
  }
  for (const rig::OscMessage& message : packet.messages) require(!message.address.empty() && message.address[0] == '/');
  return 0;
}
