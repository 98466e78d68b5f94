// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace relume::test {

/// Runs `life(die)` in a process of its own. It calls die() while all that it has is alive: nothing is tidied up.
template <class F>
void die_in_a_child(F life) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    life([] { ::raise(SIGKILL); });
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
}

}  // namespace relume::test
