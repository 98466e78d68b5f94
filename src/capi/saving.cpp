// SPDX-License-Identifier: Apache-2.0
#include "capi/handles.hpp"
#include "health/health_json.hpp"

using namespace relume::core;
using namespace relume::core::capi;

extern "C" {

relume_result relume_recovery_wait(relume_show* show, int64_t timeout_ns, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    return show != nullptr ? show->show->recovery_wait(timeout_ns) : null_argument("show");
  });
}

relume_result relume_accept(relume_show* show, uint32_t choice, relume_outcome* outcome, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    relume_outcome full = RELUME_OUTCOME_INIT;
    if (outcome != nullptr) {
      if (Fault fault = take(outcome, full, "relume_outcome")) return fault;
      full = RELUME_OUTCOME_INIT;
    }
    Fault fault = show->show->accept(choice, full);
    if (fault) {
      full.state = RELUME_STATE_REJECTED;
      full.reason = fault.code;
    }
    if (outcome != nullptr) give(full, outcome);
    return fault;
  });
}

relume_result relume_wait(relume_show* show, uint64_t revision, uint32_t level, int64_t timeout_ns,
                          relume_error* error) {
  return guarded(error, [&]() -> Fault {
    return show != nullptr ? show->show->wait(revision, level, timeout_ns) : null_argument("show");
  });
}

relume_result relume_save(relume_show* show, uint64_t* out_ticket, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (out_ticket == nullptr) return null_argument("out_ticket");
    *out_ticket = 0;
    return show != nullptr ? show->show->save(*out_ticket) : null_argument("show");
  });
}

relume_result relume_save_wait(relume_show* show, uint64_t ticket, int64_t timeout_ns, relume_save_result* result,
                               relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    relume_save_result full = RELUME_SAVE_RESULT_INIT;
    if (result != nullptr) {
      if (Fault fault = take(result, full, "relume_save_result")) return fault;
    }
    Fault fault = show->show->save_wait(ticket, timeout_ns, full);
    if (result != nullptr) give(full, result);
    return fault;
  });
}

relume_result relume_flush(relume_show* show, int64_t timeout_ns, relume_error* error) {
  return guarded(error,
                 [&]() -> Fault { return show != nullptr ? show->show->flush(timeout_ns) : null_argument("show"); });
}

relume_result relume_state_since(relume_show* show, uint64_t history, uint64_t revision, relume_param* params,
                                 size_t capacity, size_t* out_count, uint32_t* out_whole, uint64_t* out_history,
                                 uint64_t* out_revision, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (params == nullptr && capacity > 0) return null_argument("params");
    if (out_count == nullptr || out_whole == nullptr) return null_argument("out_count or out_whole");
    if (out_history == nullptr || out_revision == nullptr) return null_argument("out_history or out_revision");
    const Coordinator::Changes changes = show->show->coordinator().changes_since(history, revision);
    std::copy_n(changes.params.begin(), std::min(capacity, changes.params.size()), params);
    *out_count = changes.params.size();
    *out_whole = changes.whole ? 1 : 0;
    *out_history = changes.history;
    *out_revision = changes.revision;
    return {};
  });
}

relume_result relume_health_get(relume_show* show, relume_health* health, relume_error* error) {
  return filled(health, "health", error, [&](relume_health& out) -> Fault {
    if (show == nullptr) return null_argument("show");
    show->show->health(out);
    return {};
  });
}

size_t relume_health_json(relume_show* show, char* buffer, size_t size) {
  std::string json;
  const Fault fault = guarded_fault([&]() -> Fault {
    relume_health health{};
    if (show == nullptr) return null_argument("show");
    show->show->health(health);
    json = health_json(health, show->show->reports().all());
    return {};
  });
  if (buffer != nullptr && size > 0) buffer[json.copy(buffer, size - 1)] = '\0';
  return fault ? 0 : json.size();
}

relume_result relume_health_report(relume_show* show, const char* component, uint32_t level, const char* json,
                                   relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (component == nullptr) return null_argument("component");
    return show->show->report_health(component, level, json);
  });
}

}  // extern "C"
