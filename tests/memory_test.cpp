// SPDX-License-Identifier: Apache-2.0
// Memory for realtime roles: resident before it is used, also where the system locks nothing, and no more than was asked for.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <vector>

#include "platform/memory.hpp"

using relume::core::platform::FixedArray;
using relume::core::platform::LockWatch;
using relume::core::platform::Pages;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr std::size_t kHugePage = 2 * kMiB;

std::size_t page() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

bool resident(const Pages& pages, std::size_t bytes) {
  std::vector<unsigned char> seen((bytes + page() - 1) / page());
  if (mincore(pages.data(), bytes, seen.data()) != 0) return false;
  return std::all_of(seen.begin(), seen.end(), [](unsigned char c) { return (c & 1U) != 0; });
}

std::size_t address_space() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * page();
}

bool zero(const Pages& pages, std::size_t bytes) {
  const auto* first = static_cast<const char*>(pages.data());
  return std::all_of(first, first + bytes, [](char c) { return c == 0; });
}

/// The end of a child that may lock nothing.
int without_locks(bool (*holds)()) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit nothing{0, 0};
    const bool limited = setrlimit(RLIMIT_MEMLOCK, &nothing) == 0 && (geteuid() != 0 || setuid(65534) == 0);
    _exit(!limited ? 2 : holds() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("Memory: prefaulted pages are there before they are used, and are zeros", "[memory]") {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{4096}, kMiB, kHugePage, 5 * kMiB + 1}) {
    INFO(bytes << " bytes");
    const Pages pages(bytes, Pages::Residence::prefaulted);
    CHECK(resident(pages, bytes));
    CHECK(zero(pages, bytes));
    // Else a part of it would need small pages for nothing.
    if (bytes >= kHugePage) CHECK(reinterpret_cast<std::uintptr_t>(pages.data()) % kHugePage == 0);
  }
}

TEST_CASE("Memory: where nothing can be locked it is resident all the same, and the reason is told", "[memory]") {
  CHECK(without_locks([] {
          const LockWatch watch;
          const Pages small(3 * 4096, Pages::Residence::prefaulted);
          const Pages large(5 * kMiB, Pages::Residence::prefaulted);
          return resident(small, 3 * 4096) && resident(large, 5 * kMiB) && watch.first_errno() != 0;
        }) == 0);
}

TEST_CASE("Memory: what is asked for is what is taken, and all of it is given back", "[memory]") {
  const std::size_t before = address_space();
  {
    std::vector<Pages> many;
    many.reserve(16);
    for (std::size_t i = 0; i < 16; ++i) many.emplace_back(3 * kMiB + i, Pages::Residence::on_touch);
    CHECK(address_space() - before <= 16 * (3 * kMiB + page()) + kMiB);
  }
  CHECK(address_space() <= before + kMiB);
}

TEST_CASE("Memory: what is touched later can be had in one go, and keeps what is in it", "[memory]") {
  constexpr std::size_t bytes = 5 * kMiB;
  Pages pages(bytes, Pages::Residence::on_touch);
  auto* const first = static_cast<char*>(pages.data());
  first[0] = 1;
  first[3 * kMiB] = 2;
  CHECK_FALSE(resident(pages, bytes));
  pages.prefault(4 * kMiB);
  CHECK(resident(pages, 4 * kMiB));
  CHECK_FALSE(resident(pages, bytes));
  CHECK(first[0] == 1);
  CHECK(first[3 * kMiB] == 2);
  pages.prefault(2 * bytes);
  CHECK(resident(pages, bytes));
}

TEST_CASE("Memory: elements with an initial value have it", "[memory]") {
  struct Seven {
    int value = 7;
  };
  const FixedArray<Seven> sevens(3000);
  const FixedArray<int> zeros(3000);
  CHECK(std::all_of(sevens.data(), sevens.data() + 3000, [](const Seven& s) { return s.value == 7; }));
  CHECK(std::all_of(zeros.data(), zeros.data() + 3000, [](int i) { return i == 0; }));
}
