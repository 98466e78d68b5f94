// SPDX-License-Identifier: Apache-2.0
// A record as it passes the door.
#pragma once

#include <string_view>

#include "model/fault.hpp"
#include "model/objects.hpp"

namespace relume::core {

/// Checks key, kind (a relume_record_kind) and content, and makes the object.
Fault make_record(std::string_view key, std::uint32_t kind, std::string_view bytes, Object& out);

}  // namespace relume::core
