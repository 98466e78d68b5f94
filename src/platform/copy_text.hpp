// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace relume::core {

/// Text into a fixed field of a public struct, cut to fit, with its NUL.
template <std::size_t N>
void copy_text(char (&to)[N], const std::string& from) {
  to[from.copy(to, N - 1)] = '\0';
}

}  // namespace relume::core
