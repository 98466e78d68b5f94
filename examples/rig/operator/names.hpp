// SPDX-License-Identifier: Apache-2.0
// Keys that every rig gives the same meaning.
#pragma once

#include <string_view>

namespace rig {

inline constexpr std::string_view kMasterLayer = "master";
inline constexpr const char* kMasterType = "master";

}  // namespace rig
