// SPDX-License-Identifier: Apache-2.0
#include "platform/periodic_thread.hpp"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
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

struct PeriodicThread::Shared {
  std::function<void()> work;
  std::function<void()> last;
  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false;
  bool stop = false;
  bool ended = false;
  bool busy = false;  // in one of the functions
};

PeriodicThread::PeriodicThread(const char* name, std::int64_t period_ns, std::function<void()> work)
    : shared_(std::make_shared<Shared>()) {
  shared_->work = std::move(work);
  const SignalsBlocked blocked;
  thread_ = std::thread([shared = shared_, period_ns, name] {
    pthread_setname_np(pthread_self(), name);
    run(shared, period_ns);
  });
}

PeriodicThread::~PeriodicThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->changed.notify_all();
  thread_.join();
}

void PeriodicThread::wake() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->woken = true;
  }
  shared_->changed.notify_all();
}

bool PeriodicThread::stop(std::int64_t timeout_ns, std::function<void()> last) {
  std::unique_lock lock(shared_->mutex);
  shared_->last = std::move(last);
  shared_->stop = true;
  shared_->changed.notify_all();
  bool ended = shared_->changed.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [this] { return shared_->ended; });
  if (!ended && !shared_->busy) {
    // It is not stuck, it was only given no time: it ends without the last call.
    shared_->last = nullptr;
    shared_->changed.wait(lock, [this] { return shared_->ended; });
    ended = true;
  }
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
  return ended;
}

void PeriodicThread::run(const std::shared_ptr<Shared>& shared, std::int64_t period_ns) {
  std::unique_lock lock(shared->mutex);
  const auto call = [&](const std::function<void()>& function) {
    shared->busy = true;
    lock.unlock();
    function();
    lock.lock();
    shared->busy = false;
  };
  while (!shared->stop) {
    shared->changed.wait_for(lock, std::chrono::nanoseconds(period_ns), [&] { return shared->stop || shared->woken; });
    shared->woken = false;
    if (shared->stop) break;
    call(shared->work);
  }
  if (shared->last) call(shared->last);
  shared->ended = true;
  shared->changed.notify_all();
}

}  // namespace relume::core::platform
