// SPDX-License-Identifier: Apache-2.0
#include "capi/handles.hpp"

using namespace relume::core;
using namespace relume::core::capi;

namespace {

// Shows whose disk thread never came back: it may still touch all of theirs.
void keep_for_ever(std::unique_ptr<Show> show) {
  static std::mutex mutex;
  static auto* const shows = new std::vector<std::unique_ptr<Show>>;
  const std::lock_guard lock(mutex);
  shows->push_back(std::move(show));
}

}  // namespace

extern "C" {

relume_result relume_show_open(const relume_schema* schema, const relume_show_options* options, relume_show** out_show,
                               relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (out_show == nullptr) return null_argument("out_show");
    *out_show = nullptr;
    if (schema == nullptr) return null_argument("schema");
    relume_show_options full = RELUME_SHOW_OPTIONS_INIT;
    if (options != nullptr) {
      if (Fault fault = take(options, full, "relume_show_options")) return fault;
    }
    auto handle = std::make_unique<relume_show>();
    if (Fault fault = Show::open(schema->schema, full, Seams{}, handle->show)) return fault;
    *out_show = handle.release();
    return {};
  });
}

relume_result relume_show_close(relume_show* show, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return {};
    Fault fault = show->show->close();
    if (fault && fault.code != RELUME_E_UNSAVED && fault.code != RELUME_E_TIMEOUT) return fault;
    if (show->show->left_behind()) keep_for_ever(std::move(show->show));
    delete show;
    return fault;
  });
}

relume_result relume_disk_tick(relume_show* show, relume_error* error) {
  return guarded(error, [&]() -> Fault { return show != nullptr ? show->show->disk_tick() : null_argument("show"); });
}

relume_result relume_control_tick(relume_show* show, relume_error* error) {
  return guarded(error, [&]() -> Fault { return show != nullptr ? show->show->tick() : null_argument("show"); });
}

relume_result relume_show_info_get(relume_show* show, relume_show_info* info, relume_error* error) {
  return filled(info, "info", error, [&](relume_show_info& out) -> Fault {
    if (show == nullptr) return null_argument("show");
    show->show->info(out);
    return {};
  });
}

relume_result relume_recovery_get(relume_show* show, relume_recovery* report, relume_error* error) {
  return filled(report, "report", error, [&](relume_recovery& out) -> Fault {
    if (show == nullptr) return null_argument("show");
    show->show->recovery(out);
    return {};
  });
}

relume_result relume_candidate_get(relume_show* show, uint32_t n, relume_candidate* candidate, relume_error* error) {
  return filled(candidate, "candidate", error, [&](relume_candidate& out) -> Fault {
    return show != nullptr ? show->show->candidate(n, out) : null_argument("show");
  });
}

relume_result relume_status_get(relume_show* show, relume_status* status, relume_error* error) {
  return filled(status, "status", error, [&](relume_status& out) -> Fault {
    if (show == nullptr) return null_argument("show");
    show->show->coordinator().status(out);
    return {};
  });
}

relume_result relume_events_open(relume_show* show, relume_event_callback callback, void* user,
                                 relume_events** out_events, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (out_events == nullptr) return null_argument("out_events");
    *out_events = nullptr;
    if (show == nullptr) return null_argument("show");
    relume_events* handle = show->keep(show->events, std::make_unique<relume_events>());
    const Fault fault = guarded_fault([&]() -> Fault {
      handle->subscription = show->show->events().subscribe(callback, user);
      return {};
    });
    if (fault) return show->drop(show->events, handle), fault;
    *out_events = handle;
    return {};
  });
}

relume_result relume_events_close(relume_events* events, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (events == nullptr) return {};
    if (!events->subscription->log->unsubscribe(events->subscription)) {
      return {RELUME_E_STATE, "relume_events_close", "a subscription cannot be closed in a callback; return first"};
    }
    events->owner->drop(events->owner->events, events);
    return {};
  });
}

relume_result relume_events_poll(relume_events* events, relume_event* out, size_t capacity, size_t* out_count,
                                 uint64_t* out_missed, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (events == nullptr) return null_argument("events");
    if (out == nullptr && capacity > 0) return null_argument("out");
    if (out_count == nullptr) return null_argument("out_count");
    EventSubscription& subscription = *events->subscription;
    if (subscription.callback != nullptr) {
      return {RELUME_E_STATE, "relume_events_poll", "the subscription has a callback; open another one to poll"};
    }
    std::uint64_t missed = 0;
    *out_count = subscription.log->poll(subscription, out, capacity, missed);
    if (out_missed != nullptr) *out_missed = missed;
    return {};
  });
}

}  // extern "C"
