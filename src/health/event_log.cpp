// SPDX-License-Identifier: Apache-2.0
#include "health/event_log.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace relume::core {
namespace {

constexpr std::size_t kPart = 64;

}  // namespace

EventLog::EventLog(std::uint32_t capacity) : ring_(std::bit_ceil(capacity)) {}

void EventLog::publish(relume_event event) {
  const std::lock_guard lock(mutex_);
  event.sequence = next_;
  ring_[next_ & (ring_.size() - 1)] = event;
  ++next_;
}

EventSubscription* EventLog::subscribe(relume_event_callback callback, void* user) {
  auto subscription = std::make_shared<EventSubscription>();
  subscription->log = this;
  subscription->callback = callback;
  subscription->user = user;
  const std::lock_guard lock(subscriptions_mutex_);
  {
    const std::lock_guard ring_lock(mutex_);
    subscription->next = next_;
  }
  subscriptions_.push_back(std::move(subscription));
  return subscriptions_.back().get();
}

bool EventLog::unsubscribe(EventSubscription* subscription) {
  if (delivering_here()) return false;
  std::shared_ptr<EventSubscription> ended;
  {
    const std::lock_guard lock(subscriptions_mutex_);
    const auto found = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                                    [&](const auto& s) { return s.get() == subscription; });
    ended = std::move(*found);
    subscriptions_.erase(found);
  }
  const std::lock_guard wait(ended->delivering);  // until a callback that runs is done
  ended->callback = nullptr;
  return true;
}

std::size_t EventLog::poll(EventSubscription& subscription, relume_event* out, std::size_t capacity,
                           std::uint64_t& missed) {
  // In small parts: a mutation that publishes meanwhile waits for one of them at most.
  missed = 0;
  std::size_t count = 0;
  for (std::size_t got = 1; got > 0 && count < capacity; count += got) {
    std::uint64_t lost = 0;
    got = poll_part(subscription, out + count, std::min(capacity - count, kPart), lost);
    if (lost > 0 && count > 0) {  // overtaken in between: what was copied is old, what is missing is behind it
      missed += count;
      std::copy(out + count, out + count + got, out);
      count = 0;
    }
    missed += lost;
  }
  return count;
}

std::size_t EventLog::poll_part(EventSubscription& subscription, relume_event* out, std::size_t capacity,
                                std::uint64_t& missed) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t oldest = next_ > ring_.size() ? next_ - ring_.size() : 1;
  missed = subscription.next < oldest ? oldest - subscription.next : 0;
  subscription.next = std::max(subscription.next, oldest);
  std::size_t count = 0;
  for (; count < capacity && subscription.next < next_; ++count, ++subscription.next) {
    out[count] = ring_[subscription.next & (ring_.size() - 1)];
  }
  return count;
}

void EventLog::deliver() {
  std::vector<std::shared_ptr<EventSubscription>> all;
  {
    const std::lock_guard lock(subscriptions_mutex_);
    all = subscriptions_;
  }
  deliverer_.store(std::this_thread::get_id());
  for (const auto& subscription : all) {
    const std::lock_guard running(subscription->delivering);
    if (subscription->callback != nullptr) deliver(*subscription);
  }
  deliverer_.store({});
}

// No more than a ring's worth: a callback that mutates feeds itself, and the others wait.
void EventLog::deliver(EventSubscription& subscription) {
  relume_event events[kPart];
  for (std::size_t left = ring_.size(); left > 0;) {
    std::uint64_t missed = 0;
    const std::size_t count = poll(subscription, events, std::min(kPart, left), missed);
    if (count == 0) return;
    subscription.callback(subscription.user, events, count, missed);
    left -= count;
  }
}

}  // namespace relume::core
