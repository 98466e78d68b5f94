// SPDX-License-Identifier: Apache-2.0
#include "rt_guard.hpp"

#include "rt_guard_state.hpp"

namespace relume::test {

std::string RtReport::text() const {
  if (clean()) return "clean";
  return std::to_string(allocations) + " allocations, " + std::to_string(frees) + " frees, " + std::to_string(locks) +
         " locks, " + std::to_string(system_calls) + " system calls, " + std::to_string(page_faults) +
         " page faults, " + std::to_string(context_switches) +
         " waits; first: " + (first[0] != '\0' ? first : "not by name");
}

}  // namespace relume::test

#ifdef RELUME_RT_GUARD_OFF

namespace relume::test {

RtScope::RtScope() = default;
RtScope::~RtScope() = default;
const RtReport& RtScope::finish() { return report_; }
bool RtScope::available() { return false; }
const char* RtScope::system_calls_unwatched() { return "skipped: the guard is compiled out of sanitizer builds"; }

}  // namespace relume::test

#else

#include <sys/prctl.h>
#include <sys/resource.h>
#include <ucontext.h>

#include <csignal>
#include <cstdlib>

// Of <linux/prctl.h>, since Linux 5.11; the C library's header is older on some systems that run newer kernels.
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#endif

namespace relume::test {
namespace detail {

thread_local RtReport* rt_watched __attribute__((tls_model("initial-exec"))) = nullptr;

namespace {

constexpr char kAllow = 0;  // SYSCALL_DISPATCH_FILTER_ALLOW
constexpr char kBlock = 1;  // SYSCALL_DISPATCH_FILTER_BLOCK

// The kernel reads this byte at each system call of the thread.
thread_local volatile char selector __attribute__((tls_model("initial-exec"))) = kAllow;

bool dispatch(bool on) {
  const unsigned long mode = on ? PR_SYS_DISPATCH_ON : PR_SYS_DISPATCH_OFF;
  return prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, 0UL, 0UL, on ? &selector : nullptr) == 0;
}

void note_system_call(RtReport& report, int number) {
  char text[] = "system call number       ";
  char digits[8];
  unsigned count = 0;
  for (unsigned rest = static_cast<unsigned>(number); count < sizeof digits; rest /= 10) {
    digits[count++] = static_cast<char>('0' + rest % 10);
    if (rest < 10) break;
  }
  unsigned at = 19;
  while (count > 0 && at + 1 < sizeof text) text[at++] = digits[--count];
  text[at] = '\0';
  rt_note(report, text);
}

// A system call was stopped before it began. Opens the gate, for the return from this handler is itself a system call, and has
// the call made again.
void on_stopped_call(int, siginfo_t* info, void* context) {
  selector = kAllow;
  if (RtReport* report = rt_watched) {
    ++report->system_calls;
    note_system_call(*report, info->si_syscall);
  }
#if defined(__x86_64__)
  // Two bytes are the instruction `syscall`; the kernel has put the number back into its register.
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP] -= 2;
#else
  static_cast<void>(context);
#endif
}

// Once per process. Returns why system calls are not watched, or null.
const char* prepare() {
#if !defined(__x86_64__)
  return "skipped: system calls are watched on x86-64 only";
#endif
  struct sigaction action = {};
  action.sa_sigaction = on_stopped_call;
  action.sa_flags = SA_SIGINFO;
  if (sigaction(SIGSYS, &action, nullptr) != 0) std::abort();
  if (!dispatch(true))
    return "skipped: this kernel lacks syscall user dispatch (Linux 5.11), system calls are not watched";
  dispatch(false);
  return nullptr;
}

}  // namespace
}  // namespace detail

bool RtScope::available() { return true; }

const char* RtScope::system_calls_unwatched() {
  static const char* const reason = detail::prepare();
  return reason;
}

// Runs once dry, so that the guard's own pages and bindings are in place before anything counts.
RtScope::RtScope() {
  system_calls_unwatched();
  begin();
  end();
  report_ = RtReport{};
  begin();
}

RtScope::~RtScope() { finish(); }

const RtReport& RtScope::finish() {
  if (running_) end();
  return report_;
}

void RtScope::begin() {
  running_ = true;
  if (system_calls_unwatched() == nullptr) detail::dispatch(true);
  rusage usage = {};
  getrusage(RUSAGE_THREAD, &usage);
  faults_before_ = static_cast<std::uint64_t>(usage.ru_minflt + usage.ru_majflt);
  switches_before_ = static_cast<std::uint64_t>(usage.ru_nvcsw);
  detail::rt_watched = &report_;
  if (system_calls_unwatched() == nullptr) detail::selector = detail::kBlock;
}

void RtScope::end() {
  detail::selector = detail::kAllow;
  detail::rt_watched = nullptr;
  rusage usage = {};
  getrusage(RUSAGE_THREAD, &usage);
  report_.page_faults = static_cast<std::uint64_t>(usage.ru_minflt + usage.ru_majflt) - faults_before_;
  report_.context_switches = static_cast<std::uint64_t>(usage.ru_nvcsw) - switches_before_;
  if (system_calls_unwatched() == nullptr) detail::dispatch(false);
  running_ = false;
}

}  // namespace relume::test

#endif
