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

relume_unfit unfit_of(const ParamDef& from, const ParamDef* to, Fit fit) {
  if (fit == Fit::kept) return RELUME_UNFIT_NONE;
  if (fit == Fit::clamped) return RELUME_UNFIT_RANGE;
  if (to == nullptr) return RELUME_UNFIT_KEY_GONE;
  if (from.lanes != to->lanes) return RELUME_UNFIT_LANES;
  if (from.type != to->type) return RELUME_UNFIT_TYPE;
  return to->type == RELUME_ENUM ? RELUME_UNFIT_LABEL : RELUME_UNFIT_NO_VALUE;
}

bool converts_always(const ParamDef& from, const ParamDef& to) {
  return from.type == to.type && from.type != RELUME_TEXT && from.labels == to.labels;
}

}  // namespace relume::core
