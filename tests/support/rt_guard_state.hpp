// SPDX-License-Identifier: Apache-2.0
//
// What the interposed functions and the scope share. Nothing outside the guard includes this.
#pragma once

#include "rt_guard.hpp"

namespace relume::test::detail {

// The report of the scope that watches this thread; null outside one. Initial-exec, because the first access of a lazily made
// thread-local block would itself call malloc.
extern thread_local RtReport* rt_watched __attribute__((tls_model("initial-exec")));

/// Keeps the first violation's name; safe in a signal handler.
inline void rt_note(RtReport& report, const char* name) {
  if (report.first[0] != '\0') return;
  for (unsigned i = 0; i + 1 < sizeof report.first && name[i] != '\0'; ++i) report.first[i] = name[i];
}

}  // namespace relume::test::detail
