// SPDX-License-Identifier: Apache-2.0
// What an adapter has to tell the person at the rig. Where it is shown is the program's choice.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace rig {

/// One thing that went wrong: what happened, where, and what to do about it.
struct Notice {
  std::string what;
  std::string where;
  std::string remedy;
};

/// Takes warnings. Called from every thread of the rig, so it must be safe for that.
using NoticeSink = std::function<void(const Notice&)>;

/// Text from outside, made fit for one line: what is not printable ASCII is escaped, what is too long is cut.
std::string printable(std::string_view text, std::size_t limit = 80);

}  // namespace rig
