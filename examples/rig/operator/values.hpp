// SPDX-License-Identifier: Apache-2.0
// Typed values of the library to and from OSC arguments.
#pragma once

#include "adapters/osc_codec.hpp"

#include <relume/relume.hpp>

#include <cstdint>
#include <span>

namespace rig {

/// Reads the arguments as a value of the parameter's type. Whether it lies in the parameter's range is the library's to judge;
/// here it must only fit its type.
/// A text is borrowed from its argument. A trigger fires once, with no argument or with any one.
/// \return RELUME_OK, RELUME_E_TYPE, RELUME_E_RANGE, RELUME_E_NOT_FINITE, or RELUME_E_UNKNOWN_ROUTE for a stale handle.
relume_result value_from_osc(const relume::Show& show, relume_param param, std::span<const OscArg> args,
                             relume_value& out);

/// Reads a switch: T, F, or i that is 0 or 1.
relume_result bool_from_osc(std::span<const OscArg> args, relume_value& out);

/// Appends a value: bool as T or F, int, enum and a trigger's count as i, time as h, else one f per lane. Not for texts, which a value that comes
/// out of the library does not hold.
void value_to_osc(const relume_value& value, OscWriter& out);

const char* type_name(std::uint32_t type) noexcept;
const char* tier_name(relume_tier tier) noexcept;

}  // namespace rig
