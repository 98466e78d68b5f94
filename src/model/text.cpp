// SPDX-License-Identifier: Apache-2.0
#include "model/text.hpp"

#include <simdjson.h>
#include <xxhash.h>

#include "model/objects.hpp"

namespace relume::core {

relume_result check_text(std::string_view text) {
  if (text.size() > kMaxTextBytes) return RELUME_E_TOO_LONG;
  const bool whole = text.find('\0') == std::string_view::npos && simdjson::validate_utf8(text.data(), text.size());
  return whole ? RELUME_OK : RELUME_E_BAD_UTF8;
}

std::uint32_t text_slot(std::string_view text) {
  return text.empty() ? 0 : static_cast<std::uint32_t>(XXH3_64bits(text.data(), text.size()));
}

bool is_json(std::string_view text) {
  simdjson::dom::parser parser;
  return parser.parse(text.data(), text.size()).error() == simdjson::SUCCESS;
}

}  // namespace relume::core
