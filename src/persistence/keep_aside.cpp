// SPDX-License-Identifier: Apache-2.0
#include "persistence/keep_aside.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace relume::core {

std::string keep_aside(platform::Files& files, int folder, const std::string& name, const char* word) {
  for (unsigned n = 1; n < 10000; ++n) {
    const std::string kept = fmt::format("{}.{}-{}", name, word, n);
    platform::FileStatus status;
    const int there = files.status(folder, kept, status);
    if (there == 0) continue;
    // A name that cannot be looked at may be one that was kept before: it must not be replaced.
    if (there != -ENOENT) return {};
    return files.rename(folder, name, folder, kept) == 0 ? kept : std::string();
  }
  return {};
}

}  // namespace relume::core
