// SPDX-License-Identifier: Apache-2.0
// Why something was refused: a result code, who is to blame, and what to do. A default-constructed Fault is success.
#pragma once

#include <relume/base.h>

#include <string>
#include <utility>

namespace relume::core {

struct [[nodiscard]] Fault {
  relume_result code = RELUME_OK;
  std::string culprit;
  std::string message;

  Fault() = default;
  Fault(relume_result c, std::string who, std::string what)
      : code(c), culprit(std::move(who)), message(std::move(what)) {}
  explicit operator bool() const { return code != RELUME_OK; }
};

}  // namespace relume::core
