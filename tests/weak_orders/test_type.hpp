// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/layer_type.hpp"

namespace relume::test {

/// A type of so many unbounded floats.
inline std::shared_ptr<const core::LayerType> floats(std::uint32_t count) {
  std::vector<core::ParamDef> params(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    params[i].key = "v" + std::to_string(i);
    params[i].type = RELUME_FLOAT;
    params[i].lanes = 1;
  }
  std::shared_ptr<const core::LayerType> type;
  if (core::LayerType::make("floats", 1, std::move(params), true, type)) std::abort();
  return type;
}

}  // namespace relume::test
