// SPDX-License-Identifier: Apache-2.0
// Layer types of an open show.
#include <algorithm>

#include "capi/handles.hpp"

using namespace relume::core;
using namespace relume::core::capi;

namespace {

std::string reason(const char* why) {
  std::string text = why != nullptr ? why : "";
  text.resize(std::min<std::size_t>(text.size(), RELUME_TEXT_MAX));
  return text;
}

}  // namespace

extern "C" {

relume_result relume_type_prepare(relume_show* show, const relume_layer_type_def* def, relume_type_change* out_change,
                                  relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (out_change == nullptr) return null_argument("out_change");
    *out_change = {0};
    if (show == nullptr) return null_argument("show");
    if (def == nullptr) return null_argument("def");
    relume_layer_type_def full = RELUME_LAYER_TYPE_DEF_INIT;
    if (Fault fault = take(def, full, "relume_layer_type_def")) return fault;
    return show->show->coordinator().prepare_type(full, *out_change);
  });
}

relume_result relume_retype_prepare(relume_show* show, relume_layer layer, const char* type_key,
                                    relume_type_change* out_change, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (out_change == nullptr) return null_argument("out_change");
    *out_change = {0};
    if (show == nullptr) return null_argument("show");
    if (type_key == nullptr) return null_argument("type_key");
    return show->show->coordinator().prepare_retype(layer, type_key, *out_change);
  });
}

relume_result relume_type_commit(relume_show* show, relume_type_change change, relume_outcome* outcome,
                                 relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    return mutated(outcome, [&](relume_outcome& out) { return show->show->coordinator().commit_type(change, out); });
  });
}

relume_result relume_type_abort(relume_show* show, relume_type_change change, const char* why, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    return show->show->coordinator().abort_type(change, reason(why));
  });
}

relume_result relume_type_fail(relume_show* show, const char* type_key, const char* why, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (type_key == nullptr) return null_argument("type_key");
    if (why == nullptr) return null_argument("why");
    return show->show->coordinator().fail_type(type_key, reason(why));
  });
}

size_t relume_type_failure(relume_show* show, const char* type_key, char* buffer, size_t size) {
  std::string why;
  const Fault fault = guarded_fault([&]() -> Fault {
    if (show == nullptr || type_key == nullptr) return null_argument("show or type_key");
    why = show->show->coordinator().type_failure(type_key);
    return {};
  });
  if (buffer != nullptr && size > 0) buffer[why.copy(buffer, size - 1)] = '\0';
  return fault ? 0 : why.size();
}

relume_result relume_type_report(relume_show* show, uint64_t revision, relume_type_fate* out, size_t capacity,
                                 size_t* out_count, uint64_t* out_omitted, relume_error* error) {
  return guarded(error, [&]() -> Fault {
    if (show == nullptr) return null_argument("show");
    if (out == nullptr && capacity > 0) return null_argument("out");
    if (out_count == nullptr) return null_argument("out_count");
    SizedArray<relume_type_fate> array(out, capacity);
    if (Fault fault = array.check("relume_type_fate")) return fault;
    std::shared_ptr<const TypeReport> report;
    if (Fault fault = show->show->coordinator().type_report(revision, report)) return fault;
    *out_count = report->size();
    if (out_omitted != nullptr) *out_omitted = report->omitted();
    std::vector<relume_type_fate> full(std::min(capacity, report->size()));
    report->read(full);
    array.give(full);
    return {};
  });
}

}  // extern "C"
