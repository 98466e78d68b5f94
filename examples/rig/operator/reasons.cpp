// SPDX-License-Identifier: Apache-2.0
#include "operator/reasons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace rig {
namespace {

bool is_errno_name(std::string_view word) {
  return word.size() > 1 && word[0] == 'E' &&
         std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

}  // namespace

std::string reason_of(relume_result result, const relume_error& error) {
  if (result == RELUME_E_IO) {
    // "what: path: step: ENAME; remedy": a path may hold anything, so the first part that is an errno name counts.
    std::string_view before;
    for (std::string_view rest = error.message; !rest.empty();) {
      const std::size_t end = std::min(rest.find(": "), rest.size());
      const std::string_view part = rest.substr(0, end);
      const std::string_view word = part.substr(0, part.find_first_of(";, "));
      if (!before.empty() && is_errno_name(word)) return fmt::format("io:{}:{}", before, word);
      before = part;
      rest.remove_prefix(std::min(end + 2, rest.size()));
    }
  }
  return relume_result_name(result);
}

std::string reason_of(const relume_save_result& save) {
  if (save.state == RELUME_SAVE_HELD) return "read-only";
  return fmt::format("io:{}:{}", save.step, save.errno_name[0] == 0 ? "none" : save.errno_name);
}

}  // namespace rig
