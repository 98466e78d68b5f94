// SPDX-License-Identifier: Apache-2.0
// Texts and JSON from outside: checked at the door.
#pragma once

#include <relume/value.h>

#include <cstdint>
#include <string_view>

namespace relume::core {

/// RELUME_OK, RELUME_E_TOO_LONG or RELUME_E_BAD_UTF8.
relume_result check_text(std::string_view text);

/// What a text's slot holds: another number when the text is another one, 0 for the empty text.
std::uint32_t text_slot(std::string_view text);

/// Whether it is one JSON value (RFC 8259), as a whole.
bool is_json(std::string_view text);

inline std::string_view bytes_of(const relume_value& value) {
  return value.as.text.data != nullptr ? std::string_view(value.as.text.data, value.as.text.size) : std::string_view();
}

}  // namespace relume::core
