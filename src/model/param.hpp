// SPDX-License-Identifier: Apache-2.0
// Parameter definitions, and values as they pass the door: checked, clamped or refused, and turned into slots.
#pragma once

#include <relume/value.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/fault.hpp"

namespace relume::core {

using Lanes = std::array<std::uint32_t, 4>;  // a value as 1 to 4 slots; unused lanes are 0

struct ParamDef {
  std::string key;
  std::uint32_t type = 0;
  std::uint32_t lanes = 0;
  std::uint32_t slot = 0;  // first slot within the layer
  bool bounded = false;
  double min = 0;
  double max = 0;
  Lanes initial{};
  std::string initial_text;  // of a text
  std::vector<std::string> labels;
  std::uint32_t flags = 0;
  std::uint32_t commit_policy = 0;
  std::int64_t smoothing_ns = 0;
  std::int64_t settle_ns = 0;
  float glide_rate = 0;  // 1 / smoothing_ns; 0: it steps
  float arrival = 0;     // within this of its target a glide has arrived; 0: within kArrival of its way

  bool operator==(const ParamDef&) const = default;
  bool glides() const noexcept { return glide_rate > 0; }
  std::uint64_t lane_mask() const noexcept { return (std::uint64_t{1} << lanes) - 1; }
};

/// What automation has to come within of its target to have arrived, as a part of the range (DESIGN 5, rule 2).
inline constexpr double kArrival = 1e-4;

/// A shorter time constant steps, as in relume/composer.h: no frame shows the difference.
inline constexpr std::int64_t kShortestGlide = 10'000;

/// A settle time is at most this: times of change are known for 19.5 hours.
inline constexpr std::int64_t kMaxSettle = 19 * 3'600 * std::int64_t{1'000'000'000};

std::uint32_t lanes_of(std::uint32_t type) noexcept RELUME_NONBLOCKING;
bool is_float_type(std::uint32_t type) noexcept RELUME_NONBLOCKING;

/// Checks a value against a definition and encodes it; a range clamps or rejects as the definition says. A text does not pass
/// here: it is more than its slot, and takes no automation. Of a trigger it is the number of pulses to add, 1 and up.
relume_result encode_value(const ParamDef& def, const relume_value& value, Lanes& out) noexcept RELUME_NONBLOCKING;
relume_value decode_value(std::uint32_t type, const std::uint32_t* lanes) noexcept RELUME_NONBLOCKING;

/// Whether slots hold a value of the type: finite numbers, a bool that is 0 or 1.
bool is_value(std::uint32_t type, const Lanes& lanes) noexcept RELUME_NONBLOCKING;

/// Clamps a value to the definition's range, whatever the definition says of values from outside. True when it had to.
bool clamp_to_range(const ParamDef& def, Lanes& lanes) noexcept RELUME_NONBLOCKING;

/// The same for any value that an operator may give; `text` is the value's own bytes.
relume_result encode_any(const ParamDef& def, const relume_value& value, Lanes& out, std::string_view& text);

/// Why encode_value refused, in words.
Fault value_fault(const ParamDef& def, const std::string& route, relume_result code);

/// Whether a count of pulses is a later one than another: they wrap, so nearer ahead than behind (RFC 1982).
inline bool is_later_count(std::uint32_t count, std::uint32_t than) noexcept {
  return static_cast<std::int32_t>(count - than) > 0;
}

/// Turns a host's definition into ours; `slot` is set by the layer type.
Fault make_param(const relume_param_def& from, ParamDef& out);

}  // namespace relume::core
