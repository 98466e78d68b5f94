// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <relume/health.h>

#include <string>

namespace relume::core {

/// One JSON object, as relume_health_json gives it.
std::string health_json(const relume_health& health);

}  // namespace relume::core
