// SPDX-License-Identifier: Apache-2.0
#include "platform/process.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "platform/hex.hpp"

namespace relume::core::platform {

std::uint32_t user_id() { return ::geteuid(); }
std::int64_t process_id() { return ::getpid(); }

std::int64_t process_start_seconds(Files& files) {
  std::string stat;
  std::string boot;
  if (read_whole(files, "/proc/self/stat", 4096, stat) < 0 || read_whole(files, "/proc/stat", 1 << 24, boot) < 0)
    return 0;
  // Fields are counted after the command's closing bracket, which may itself hold spaces: start time is the 22nd of all.
  const std::size_t bracket = stat.rfind(')');
  const std::size_t btime = boot.find("btime ");
  if (bracket == std::string::npos || btime == std::string::npos) return 0;
  std::size_t position = bracket + 1;
  for (int field = 2; field < 21; ++field) position = stat.find(' ', position + 1);
  if (position == std::string::npos) return 0;
  const long long ticks = std::atoll(stat.c_str() + position + 1);
  return std::atoll(boot.c_str() + btime + 6) + ticks / ::sysconf(_SC_CLK_TCK);
}

std::array<std::uint8_t, 16> boot_id(Files& files) {
  std::array<std::uint8_t, 16> id{};
  std::string text;
  if (read_whole(files, "/proc/sys/kernel/random/boot_id", 64, text) < 0) return id;
  std::string digits;
  for (const char c : text) {
    if (c != '-' && c != '\n') digits.push_back(c);
  }
  if (!from_hex(digits, id.data(), id.size())) id.fill(0);
  return id;
}

void random_bytes(void* data, std::size_t size) {
  auto* bytes = static_cast<std::uint8_t*>(data);
  while (size > 0) {
    const ssize_t n = ::getrandom(bytes, size, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
}

}  // namespace relume::core::platform
