// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace rig {

/// OpenGL is not there, or refuses. The text says what is missing and what to install or to change.
class GlError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace rig
