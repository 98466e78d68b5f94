// SPDX-License-Identifier: Apache-2.0
#include "model/conversion.hpp"

#include <algorithm>

namespace relume::core {

Fit convert(const ParamDef& from, const ParamDef& to, const Lanes& value, Lanes& out) {
  if (from.type != to.type) return Fit::cleared;
  out = value;
  if (to.type == RELUME_ENUM) {
    if (value[0] >= from.labels.size()) return Fit::cleared;
    const auto label = std::find(to.labels.begin(), to.labels.end(), from.labels[value[0]]);
    if (label == to.labels.end()) return Fit::cleared;
    out[0] = static_cast<std::uint32_t>(label - to.labels.begin());
    return Fit::kept;
  }
  // Bits from a file may be no value at all.
  if (!is_value(to.type, out)) return Fit::cleared;
  return clamp_to_range(to, out) ? Fit::clamped : Fit::kept;
}

bool converts_always(const ParamDef& from, const ParamDef& to) {
  return from.type == to.type && from.type != RELUME_TEXT && from.labels == to.labels;
}

}  // namespace relume::core
