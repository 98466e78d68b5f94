// SPDX-License-Identifier: Apache-2.0
#include "adapters/osc_codec.hpp"

#include <lo/lo.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace rig {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kBundleHeader = 16;  // "#bundle", its NUL, and the time tag
constexpr char kBundleMark[8] = "#bundle";

bool is_bundle(Bytes bytes) {
  return bytes.size() >= sizeof kBundleMark && std::memcmp(bytes.data(), kBundleMark, sizeof kBundleMark) == 0;
}

std::uint32_t read_u32(Bytes bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

Malformed malformed_by(int liblo_error) {
  switch (liblo_error) {
    case LO_EINVALIDPATH: return Malformed::bad_address;
    case LO_EINVALIDARG: return Malformed::bad_argument;
    case LO_ESIZE: return Malformed::bad_size;
    default: return Malformed::bad_types;
  }
}

/// Length of the padded string at the start, or 0 when it is not ended within the bytes, which are a multiple of 4.
std::size_t padded_string(Bytes bytes) {
  const auto end = std::find(bytes.begin(), bytes.end(), std::byte{0});
  if (end == bytes.end()) return 0;
  const auto length = static_cast<std::size_t>(end - bytes.begin());
  return (length / 4 + 1) * 4;
}

/// Length of an argument with its padding, or kCutOff when its own bytes cannot tell.
constexpr std::size_t kCutOff = static_cast<std::size_t>(-1);
std::size_t argument_size(char tag, Bytes bytes) {
  if (std::strchr("TFNI", tag) != nullptr) return 0;
  if (std::strchr("hdt", tag) != nullptr) return 8;
  if (tag == 'b') return bytes.size() < 4 ? kCutOff : 4 + (std::size_t{read_u32(bytes)} + 3) / 4 * 4;
  if (tag == 's' || tag == 'S') {
    const std::size_t size = padded_string(bytes);
    return size == 0 ? kCutOff : size;
  }
  return 4;
}

/// What liblo would not notice (it reads the length of a blob without asking whether there are four bytes left) or not tell
/// apart (a tag that it does not know, an argument that is cut off).
Malformed check_arguments(Bytes bytes) {
  const std::size_t types = padded_string(bytes);
  if (types == 0) return Malformed::bad_address;
  if (types >= bytes.size() || bytes[types] != std::byte{','}) return Malformed::bad_types;
  const std::size_t length = padded_string(bytes.subspan(types));
  if (length == 0) return Malformed::bad_types;
  Bytes rest = bytes.subspan(types + length);
  for (const char* tag = reinterpret_cast<const char*>(bytes.data()) + types + 1; *tag != 0; ++tag) {
    if (std::strchr("ifsbhtdScrmTFNI", *tag) == nullptr) return Malformed::bad_types;
    const std::size_t size = argument_size(*tag, rest);
    if (size > rest.size()) return Malformed::bad_argument;
    rest = rest.subspan(size);
  }
  return Malformed::none;
}

/// liblo does not know the colour tag `r`. It is four bytes as they come, and so is `m`, which liblo knows; so a copy of the
/// checked message says `m` where the sender said `r`. The true tags are put back when the arguments are read.
bool rename_colors(Bytes bytes, std::vector<std::byte>& copy) {
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(padded_string(bytes));
  const auto end = std::find(begin, bytes.end(), std::byte{0});
  if (std::find(begin, end, std::byte{'r'}) == end) return false;
  copy.assign(bytes.begin(), bytes.end());
  std::replace(copy.begin() + (begin - bytes.begin()), copy.begin() + (end - bytes.begin()), std::byte{'r'},
               std::byte{'m'});
  return true;
}

/// Arguments lie at multiples of 4, so 64-bit ones may not be read in place.
template <class T>
T load(const lo_arg* arg) {
  T value;
  std::memcpy(&value, static_cast<const void*>(arg), sizeof value);
  return value;
}

OscArg to_arg(char tag, const lo_arg* arg) {
  OscArg out;
  out.tag = tag;
  switch (tag) {
    case 'i':
    case 'c': out.integer = load<std::int32_t>(arg); break;
    case 'h': out.integer = load<std::int64_t>(arg); break;
    case 'f': out.number = static_cast<double>(load<float>(arg)); break;
    case 'd': out.number = load<double>(arg); break;
    case 's':
    case 'S': out.text = reinterpret_cast<const char*>(arg); break;
    case 'r':
    case 'm': out.integer = read_u32(std::as_bytes(std::span(reinterpret_cast<const char*>(arg), 4))); break;
    case 't': {
      const auto tag_time = load<lo_timetag>(arg);
      out.integer = static_cast<std::int64_t>(static_cast<std::uint64_t>(tag_time.sec) << 32 | tag_time.frac);
      break;
    }
    case 'b': out.text.assign(reinterpret_cast<const char*>(arg) + 4, load<std::uint32_t>(arg)); break;
    default: break;  // T F N I have no bytes
  }
  return out;
}

Malformed decode_message(Bytes bytes, OscPacket& out) {
  if (bytes.empty() || bytes[0] != std::byte{'/'}) return Malformed::bad_address;
  const Malformed arguments = check_arguments(bytes);
  if (arguments != Malformed::none) return arguments;
  std::vector<std::byte> renamed;
  const Bytes readable = rename_colors(bytes, renamed) ? Bytes(renamed) : bytes;
  int error = 0;
  // liblo copies what it is given, though its argument is not const.
  const std::unique_ptr<void, void (*)(lo_message)> message(
      lo_message_deserialise(const_cast<std::byte*>(readable.data()), readable.size(), &error), lo_message_free);
  if (!message) return malformed_by(error);

  OscMessage& decoded = out.messages.emplace_back();
  decoded.address = reinterpret_cast<const char*>(bytes.data());
  const char* tags = reinterpret_cast<const char*>(bytes.data()) + padded_string(bytes) + 1;
  const int count = lo_message_get_argc(message.get());
  lo_arg** args = lo_message_get_argv(message.get());
  decoded.args.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) decoded.args.push_back(to_arg(tags[i], args[i]));
  return Malformed::none;
}

Malformed decode_element(Bytes bytes, int depth, OscPacket& out);

Malformed decode_bundle(Bytes bytes, int depth, OscPacket& out) {
  if (depth > kMaxBundleDepth) return Malformed::too_deep;
  if (bytes.size() < kBundleHeader) return Malformed::bad_bundle;
  for (Bytes rest = bytes.subspan(kBundleHeader); !rest.empty();) {
    if (rest.size() < 4) return Malformed::bad_element;
    const std::size_t size = read_u32(rest);
    rest = rest.subspan(4);
    if (size == 0 || size % 4 != 0 || size > rest.size()) return Malformed::bad_element;
    const Malformed inner = decode_element(rest.first(size), depth, out);
    if (inner != Malformed::none) return inner;
    rest = rest.subspan(size);
  }
  return Malformed::none;
}

Malformed decode_element(Bytes bytes, int depth, OscPacket& out) {
  return is_bundle(bytes) ? decode_bundle(bytes, depth + 1, out) : decode_message(bytes, out);
}

lo_message checked(lo_message message) {
  if (message == nullptr) throw std::bad_alloc();
  return message;
}

}  // namespace

const char* describe(Malformed kind) noexcept {
  switch (kind) {
    case Malformed::none: return "well formed";
    case Malformed::empty: return "an empty datagram";
    case Malformed::not_aligned: return "a length that is no multiple of 4";
    case Malformed::bad_address: return "an address that does not start with '/' or does not end";
    case Malformed::bad_types: return "missing, unknown or unended type tags";
    case Malformed::bad_argument: return "an argument that is cut off or badly padded";
    case Malformed::bad_size: return "bytes left over after the arguments";
    case Malformed::bad_bundle: return "a bundle without a whole header";
    case Malformed::bad_element: return "a bundle element whose length does not fit";
    case Malformed::too_deep: return "bundles nested too deep";
  }
  return "an unknown fault";
}

Malformed decode_osc(std::span<const std::byte> datagram, OscPacket& out) {
  out.messages.clear();
  if (datagram.empty()) return Malformed::empty;
  if (datagram.size() % 4 != 0) return Malformed::not_aligned;
  const Malformed result = decode_element(datagram, 0, out);
  if (result != Malformed::none) out.messages.clear();
  return result;
}

void OscWriter::Free::operator()(void* message) const noexcept { lo_message_free(message); }

OscWriter::OscWriter(std::string address) : address_(std::move(address)), message_(checked(lo_message_new())) {}

OscWriter& OscWriter::int32(std::int32_t value) {
  lo_message_add_int32(message_.get(), value);
  return *this;
}

OscWriter& OscWriter::int64(std::int64_t value) {
  lo_message_add_int64(message_.get(), value);
  return *this;
}

OscWriter& OscWriter::float32(float value) {
  lo_message_add_float(message_.get(), value);
  return *this;
}

OscWriter& OscWriter::text(std::string_view value) {
  lo_message_add_string(message_.get(), std::string(value).c_str());
  return *this;
}

OscWriter& OscWriter::boolean(bool value) {
  if (value) {
    lo_message_add_true(message_.get());
  } else {
    lo_message_add_false(message_.get());
  }
  return *this;
}

std::vector<std::byte> OscWriter::bytes() const {
  std::vector<std::byte> out(lo_message_length(message_.get(), address_.c_str()));
  lo_message_serialise(message_.get(), address_.c_str(), out.data(), nullptr);
  return out;
}

}  // namespace rig
