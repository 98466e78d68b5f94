// SPDX-License-Identifier: Apache-2.0
#include "platform/periodic_thread.hpp"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <utility>

namespace relume::core::platform {
namespace {

// The host's signals are the host's: a library thread must not be the one that a handler interrupts.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

PeriodicThread::PeriodicThread(std::int64_t period_ns, std::function<void()> work)
    : period_ns_(period_ns), work_(std::move(work)) {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

PeriodicThread::~PeriodicThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stop_changed_.notify_one();
  thread_.join();
}

void PeriodicThread::run() {
  pthread_setname_np(pthread_self(), "relume-control");
  std::unique_lock lock(mutex_);
  while (!stop_changed_.wait_for(lock, std::chrono::nanoseconds(period_ns_), [this] { return stop_; })) {
    lock.unlock();
    work_();
    lock.lock();
  }
}

}  // namespace relume::core::platform
