// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <relume/health.h>

#include <map>
#include <string>

#include "health/component_reports.hpp"

namespace relume::core {

/// One JSON object, as relume_health_json gives it.
std::string health_json(const relume_health& health, const std::map<std::string, ComponentReport>& components);

}  // namespace relume::core
