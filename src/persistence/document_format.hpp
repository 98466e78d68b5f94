// SPDX-License-Identifier: Apache-2.0
// What writer and reader of the document have in common: docs/persistence-format.md as tables.
#pragma once

#include <fmt/format.h>
#include <relume/value.h>
#include <zlib.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/fault.hpp"
#include "model/param.hpp"
#include "persistence/document_codec.hpp"
#include "persistence/json_reader.hpp"

namespace relume::core::document {

inline constexpr std::uint32_t kFormat = 2;  // the newest that is read
inline constexpr std::uint32_t kFormatOfTriggers =
    2;  // a document without them is of format 1, for readers that know no more
inline constexpr std::uint32_t kMinor = 0;
inline constexpr std::string_view kNoChecksum = "00000000";

// The file begins with these texts and the numbers between them, in every version that there will be.
inline constexpr std::string_view kBegin = "{\n  \"relume\": {\n    \"format\": ";
inline constexpr std::string_view kThenMinor = ",\n    \"minor\": ";
inline constexpr std::string_view kThenLength = ",\n    \"length\": ";
inline constexpr std::string_view kThenChecksum = ",\n    \"checksum\": \"";
inline constexpr std::size_t kLengthWidth = 10;  // right-aligned, so that it can be filled in at the end

// Members of each object. Those that may be missing come last; their number follows.
inline constexpr std::array kTopMembers{"relume", "types", "layers", "next_layer_id", "records"};
enum TopMember { kHeader, kTypes, kLayers, kNextLayerId, kRecords };
inline constexpr std::size_t kTopOptional = 0;
inline constexpr std::array kHeaderMembers{"format",  "minor",    "length", "checksum",    "show_id",
                                           "history", "revision", "epoch",  "accepted_ns", "saved_ns",
                                           "writer",  "accepted", "saved"};
enum HeaderMember {
  kFormatNumber,
  kMinorNumber,
  kLength,
  kChecksum,
  kShowId,
  kHistory,
  kRevision,
  kEpoch,
  kAcceptedNs,
  kSavedNs
};
inline constexpr std::size_t kHeaderOptional = 3;
inline constexpr std::array kTypeMembers{"key", "version", "params", "variant"};
enum TypeMember { kTypeKey, kTypeVersion, kTypeParams, kTypeVariant };
inline constexpr std::size_t kTypeOptional = 1;
inline constexpr std::array kParamMembers{"key", "type", "labels"};
enum ParamMember { kParamKey, kParamType, kParamLabels };
inline constexpr std::size_t kParamOptional = 1;
inline constexpr std::array kLayerMembers{"id", "key", "type", "enabled", "bypassed", "values", "variant"};
enum LayerMember { kLayerId, kLayerKey, kLayerType, kEnabled, kBypassed, kValues, kLayerVariant };
inline constexpr std::size_t kLayerOptional = 1;
inline constexpr std::array kRecordMembers{"json", "base64"};
enum RecordMember { kJson, kBase64 };
inline constexpr std::size_t kRecordOptional = 2;

inline constexpr std::array kTypeNames{"",     "bool",  "int",  "float", "vec2", "vec3",
                                       "vec4", "color", "enum", "time",  "text", "trigger"};

template <std::size_t N>
int find_name(const std::array<const char*, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<int>(i);
  }
  return -1;
}

inline std::uint64_t presence(const ParamDef& param, std::uint32_t slot_in_block) {
  return ((std::uint64_t{1} << lanes_of(param.type)) - 1) << slot_in_block;
}

inline constexpr const char* kHeaderExtra = "extra/header";
inline constexpr const char* kTopExtra = "extra";
/// CRC-32 of the file with the digits of the checksum taken for zeros.
inline std::uint32_t checksum(std::string_view bytes, std::size_t digits_at) {
  const auto add = [](uLong crc, std::string_view part) {
    return crc32_z(crc, reinterpret_cast<const Bytef*>(part.data()), part.size());
  };
  const uLong before = add(add(0, bytes.substr(0, digits_at)), kNoChecksum);
  return static_cast<std::uint32_t>(add(before, bytes.substr(digits_at + kNoChecksum.size())));
}

/// What stands between the braces of an object or the brackets of an array.
inline std::string_view contents(std::string_view raw) { return raw.size() < 2 ? raw : raw.substr(1, raw.size() - 2); }

/// Calls f(key, value) for the members of an object without its braces: so are those kept that this version does not know.
template <class F>
void each_extra(std::string_view members, F&& f) {
  JsonCursor cursor(members);
  for (std::string_view key; cursor.member(key);) f(key, cursor.value());
}

/// Damage, with its place.
inline Fault broken(const std::string& where, const std::string& what) {
  return {RELUME_E_INVALID, where, fmt::format("{}: {}", where, what)};
}

/// The beginning of a piece of the document, for a message.
inline std::string shown(std::string_view raw) {
  if (raw.size() <= 60) return std::string(raw);
  std::size_t end = 60;
  while (end > 0 && (static_cast<unsigned char>(raw[end]) & 0xc0U) == 0x80U) --end;  // not inside a character
  return std::string(raw.substr(0, end)) + "...";
}

/// The raw values of an object's members that this version knows, empty where there is none, and the other members as text.
template <std::size_t N>
struct Members {
  std::array<std::string_view, N> raw;
  std::string extra;

  std::string_view operator[](std::size_t i) const { return raw[i]; }
};

/// Appends to such a text.
inline void add_member(std::string& members, std::string_view key, std::string_view value) {
  if (!members.empty()) members += ", ";
  members.append("\"").append(key).append("\": ").append(value);
}

/// @param optional how many of the names, at the end, may be missing.
template <std::size_t N>
Fault split(std::string_view object, const std::array<const char*, N>& names, std::size_t optional,
            const std::string& where, Members<N>& out) {
  JsonCursor cursor(object);
  if (!cursor.enter('{')) return broken(where, "an object is wanted here");
  for (std::string_view key; cursor.member(key);) {
    // So a name has one spelling, and nobody reads a member twice that we read once.
    if (key.find('\\') != std::string_view::npos) return broken(where, fmt::format("\"{}\" has an escape in it", key));
    const int known = find_name(names, key);
    const std::string_view value = cursor.value();
    if (known < 0) {
      add_member(out.extra, key, value);
    } else if (!out.raw[static_cast<std::size_t>(known)].empty()) {
      return broken(where, fmt::format("\"{}\" is there twice", key));
    } else {
      out.raw[static_cast<std::size_t>(known)] = value;
    }
  }
  for (std::size_t i = 0; i < N - optional; ++i) {
    if (out.raw[i].empty()) return broken(where, fmt::format("\"{}\" is missing", names[i]));
  }
  return {};
}

inline bool is_string(std::string_view raw) { return raw.size() >= 2 && raw.front() == '"'; }

/// A string that cannot need escapes: a key, a name, hex digits.
inline std::string_view plain(std::string_view raw) { return is_string(raw) ? contents(raw) : std::string_view(); }

/// Reads the header's members; `extra` gets those that this version does not know.
Fault read_header(std::string_view raw, DocumentHeader& out, std::string& extra);

}  // namespace relume::core::document
