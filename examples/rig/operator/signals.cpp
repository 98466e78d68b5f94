// SPDX-License-Identifier: Apache-2.0
#include "operator/signals.hpp"

#include "adapters/clock.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace rig {
namespace {

FileDescriptor checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return FileDescriptor(fd);
}

FileDescriptor take_signals(bool look) {
  // A closed standard output must not end a show.
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, SIGINT);
  sigaddset(&taken, SIGTERM);
  if (look) sigaddset(&taken, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &taken, nullptr);
  return checked(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
}

}  // namespace

Signals::Signals(bool look)
    : signals_(take_signals(look)), finished_(checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

Signals::Came Signals::wait(std::int64_t timeout_ns) {
  if (ended_) return Came::end;
  std::array<pollfd, 2> watched{{{signals_.get(), POLLIN, 0}, {finished_.get(), POLLIN, 0}}};
  const timespec timeout{static_cast<time_t>(timeout_ns / kSecond), static_cast<long>(timeout_ns % kSecond)};
  if (ppoll(watched.data(), watched.size(), &timeout, nullptr) <= 0) return Came::nothing;
  signalfd_siginfo signal{};
  const bool taken = read(signals_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal);
  if (taken && signal.ssi_signo == SIGUSR1) return Came::look;
  ended_ = taken || watched[1].revents != 0;
  return ended_ ? Came::end : Came::nothing;
}

void Signals::finish() noexcept {
  // Of an eventfd that is not full it cannot fail, and one that is full has been written to.
  (void)eventfd_write(finished_.get(), 1);
}

}  // namespace rig
