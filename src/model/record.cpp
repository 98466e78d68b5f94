// SPDX-License-Identifier: Apache-2.0
#include "model/record.hpp"

#include <fmt/format.h>
#include <relume/value.h>

#include "model/key.hpp"
#include "model/text.hpp"

namespace relume::core {

Fault make_record(std::string_view key, std::uint32_t kind, std::string_view bytes, Object& out) {
  if (!valid_key(key)) return key_fault(key, "the record's");
  const std::string name(key);
  if (kind > RELUME_RECORD_JSON) return {RELUME_E_INVALID, name, fmt::format("{} is not a kind of record", kind)};
  if (bytes.size() > kMaxRecordBytes) {
    return {
        RELUME_E_TOO_LONG, name,
        fmt::format("record {} has {} bytes, at most {} are possible; split it", name, bytes.size(), kMaxRecordBytes)};
  }
  if (kind == RELUME_RECORD_JSON && !is_json(bytes)) {
    return {RELUME_E_BAD_JSON, name, fmt::format("record {} is not JSON; correct it or store it as bytes", name)};
  }
  out.kind = kind == RELUME_RECORD_JSON ? ObjectKind::json : ObjectKind::bytes;
  out.bytes = std::make_shared<const std::string>(bytes);
  return {};
}

}  // namespace relume::core
