// SPDX-License-Identifier: Apache-2.0
// The last events of a show, and the subscriptions that follow them. It watches, it decides nothing.
#pragma once

#include <relume/events.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/mutex.hpp"

namespace relume::core {

class EventLog;

struct EventSubscription {
  EventLog* log = nullptr;
  relume_event_callback callback = nullptr;
  void* user = nullptr;
  std::uint64_t next = 1;  // sequence of the event to be seen next
  std::mutex delivering;   // held while its callback runs
};

class EventLog {
 public:
  explicit EventLog(std::uint32_t capacity);

  /// Appends an event; gives it its sequence number.
  void publish(relume_event event);

  EventSubscription* subscribe(relume_event_callback callback, void* user);
  /// False when called from a callback.
  bool unsubscribe(EventSubscription* subscription);
  /// Copies what the subscription has not seen; `missed` counts what is gone already.
  std::size_t poll(EventSubscription& subscription, relume_event* out, std::size_t capacity, std::uint64_t& missed);
  /// Calls the callbacks with what is new. Control thread.
  void deliver();
  bool delivering_here() const { return deliverer_.load() == std::this_thread::get_id(); }

 private:
  void deliver(EventSubscription& subscription);
  std::size_t poll_part(EventSubscription& subscription, relume_event* out, std::size_t capacity,
                        std::uint64_t& missed);

  platform::Mutex mutex_;  // of the ring
  std::vector<relume_event> ring_;
  std::uint64_t next_ = 1;
  std::mutex subscriptions_mutex_;
  std::vector<std::shared_ptr<EventSubscription>> subscriptions_;
  std::atomic<std::thread::id> deliverer_{};
};

}  // namespace relume::core
