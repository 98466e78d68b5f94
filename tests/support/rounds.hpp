// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>

namespace relume::test {

/// True in the long runs of `./dev test --soak`.
inline bool soaking() { return std::getenv("RELUME_SOAK") != nullptr; }

/// How often a randomised test repeats: `gate` in every run, a share of that where a sanitizer makes each round slow
/// (RELUME_ROUNDS_DIVISOR), `soak` in long runs.
inline long rounds(long gate, long soak) {
  if (soaking()) return soak;
  const char* const text = std::getenv("RELUME_ROUNDS_DIVISOR");
  const long divisor = text != nullptr ? std::atol(text) : 1;
  if (divisor <= 1) return gate;
  return gate / divisor > 0 ? gate / divisor : 1;
}

}  // namespace relume::test
