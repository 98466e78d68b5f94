// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "platform/files.hpp"

namespace relume::core {

/// Where a refused file goes: "<name>.<word>-N" with the first N that is free. Returns the new name, empty on failure.
/// @param folder an open directory that `name` is relative to, or Files::kNoFolder when it is a path.
std::string keep_aside(platform::Files& files, int folder, const std::string& name, const char* word);

}  // namespace relume::core
