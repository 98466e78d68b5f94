// SPDX-License-Identifier: Apache-2.0
// A thread that calls a function at a set period until it is stopped. Nobody has to wake it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace relume::core::platform {

class PeriodicThread {
 public:
  /// Throws std::system_error when the system gives no thread.
  PeriodicThread(std::int64_t period_ns, std::function<void()> work);
  PeriodicThread(const PeriodicThread&) = delete;
  PeriodicThread& operator=(const PeriodicThread&) = delete;
  /// Waits for a call that runs; none begins afterwards.
  ~PeriodicThread();

 private:
  void run();

  const std::int64_t period_ns_;
  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable stop_changed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace relume::core::platform
