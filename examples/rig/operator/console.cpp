// SPDX-License-Identifier: Apache-2.0
#include "operator/console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace rig {
namespace {

void write_line(int fd, const std::string& line) {
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t written = write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody listens; the show goes on
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void Console::tell(const char* severity, const Notice& notice) const {
  constexpr std::size_t kLongest = 2'000;
  write_line(STDERR_FILENO, fmt::format("{}: {}: {}, {}: {}\n", name_, severity, printable(notice.what, kLongest),
                                        printable(notice.where, kLongest), printable(notice.remedy, kLongest)));
}

void Console::warn(const Notice& notice) const { tell("warning", notice); }

int Console::fail(int exit_code, const Notice& notice) const {
  tell("error", notice);
  return exit_code;
}

void Console::note(const std::string& text) const { write_line(STDERR_FILENO, fmt::format("{}: {}\n", name_, text)); }

void Console::say(const std::string& text, bool output_taken) const {
  write_line(output_taken ? STDERR_FILENO : STDOUT_FILENO, fmt::format("{} {}\n", name_, text));
}

}  // namespace rig
