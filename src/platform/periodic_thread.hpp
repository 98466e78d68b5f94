// SPDX-License-Identifier: Apache-2.0
// A thread that calls a function at a set period until it is stopped. Nobody has to wake it, though it may be woken.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

namespace relume::core::platform {

class PeriodicThread {
 public:
  /// @param name of the thread, at most 15 bytes. Throws std::system_error when the system gives no thread.
  PeriodicThread(const char* name, std::int64_t period_ns, std::function<void()> work);
  PeriodicThread(const PeriodicThread&) = delete;
  PeriodicThread& operator=(const PeriodicThread&) = delete;
  /// Waits for a call that runs; none begins afterwards. Not after a stop() that was in vain.
  ~PeriodicThread();

  /// The next call comes at once.
  void wake();

  /// Ends the thread after a call of `last` on it. False when it did not come to an end within the time: it is left behind, and
  /// whatever the functions touch must live on for ever.
  bool stop(std::int64_t timeout_ns, std::function<void()> last);

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared, std::int64_t period_ns);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace relume::core::platform
