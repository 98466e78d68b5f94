// SPDX-License-Identifier: Apache-2.0
// A value under another definition: what of it still fits (DESIGN 5, "same shape").
#pragma once

#include <relume/type.h>

#include "model/param.hpp"

namespace relume::core {

enum class Fit {
  kept,
  clamped,  // the new range is narrower
  cleared,  // it would have to be guessed
};

/// The value of one definition as another has it: of equal type a range clamps, an enum keeps its label.
Fit convert(const ParamDef& from, const ParamDef& to, const Lanes& value, Lanes& out);

/// Why a value of `from` did not stay as it was; `to` is nullptr where its key is gone.
relume_unfit unfit_of(const ParamDef& from, const ParamDef* to, Fit fit);

/// Whether a value, whatever it is, means the same under both definitions or is clamped: only then can automation go on.
bool converts_always(const ParamDef& from, const ParamDef& to);

}  // namespace relume::core
