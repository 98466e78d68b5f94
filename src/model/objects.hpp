// SPDX-License-Identifier: Apache-2.0
// Everything of a state that has no slots: texts, records, and what a newer version of the library wrote and we only carry.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace relume::core {

enum class ObjectKind : std::uint8_t {
  json = 1,   // record of JSON text
  bytes = 2,  // record of bytes
  text = 3,   // value of a text parameter in one tier
  extra = 4,  // members of a document's object that this version does not know: `"key": value, "key": value`
};

struct Object {
  ObjectKind kind = ObjectKind::bytes;
  std::shared_ptr<const std::string> bytes;  // never nullptr

  bool operator==(const Object& other) const { return kind == other.kind && *bytes == *other.bytes; }
};

/// By name:
///   record/<name>
///   text/<layer id>/<control key>/persisted, text/<layer id>/<control key>/committed
///   extra, extra/header, extra/layer/<layer id>, extra/type/<type key>
/// Names are ASCII without NUL, at most 200 bytes. A table that others may see is never changed, only replaced.
using ObjectTable = std::map<std::string, Object, std::less<>>;

inline constexpr std::size_t kMaxTextBytes = 1024;
inline constexpr std::size_t kMaxRecordBytes = 16U << 20U;
inline constexpr std::size_t kMaxObjectName = 200;
inline constexpr std::size_t kMaxObjects = 65536;

inline std::string record_name(std::string_view record) { return "record/" + std::string(record); }
inline std::string text_prefix(std::uint64_t layer_id) { return "text/" + std::to_string(layer_id) + "/"; }
inline std::string text_name(std::uint64_t layer_id, std::string_view key, bool committed) {
  return text_prefix(layer_id) + std::string(key) + (committed ? "/committed" : "/persisted");
}
inline std::string layer_extra_name(std::uint64_t layer_id) { return "extra/layer/" + std::to_string(layer_id); }
inline std::string type_extra_name(std::string_view type) { return "extra/type/" + std::string(type); }

}  // namespace relume::core
