// SPDX-License-Identifier: Apache-2.0
// Types declared, reloaded and exchanged while the show runs, in two phases (relume/type.h).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "coordinator/change_set.hpp"
#include "coordinator/coordinator.hpp"
#include "coordinator/preparation.hpp"
#include "model/key.hpp"

namespace relume::core {
namespace {

relume_event event_of(std::uint32_t kind, const TypeChanges::Pending& change) {
  relume_event event{};
  event.kind = kind;
  event.change = RELUME_CHANGE_RETYPE;
  event.type_change = change.handle.bits;
  return event;
}

bool has_text(const LayerType& type) {
  return std::any_of(type.params().begin(), type.params().end(), [](const auto& p) { return p.type == RELUME_TEXT; });
}

Fault ended() {
  return {RELUME_E_STATE, "change", "the change was committed, aborted or superseded; prepare it again"};
}

}  // namespace

void Coordinator::publish_type_event(std::uint32_t kind, const TypeChanges::Pending& change) {
  relume_event event = event_of(kind, change);
  const std::lock_guard lock(hot_);
  const auto layer = stack_->find_id(change.layer_id);
  if (layer != nullptr) event.layer = layer->handle();
  event.revision = head_.revision;
  events_.publish(event);
}

Fault Coordinator::prepare_type(const relume_layer_type_def& def, relume_type_change& out) {
  TypeChanges::Pending change;
  if (Fault fault = make_layer_type(def, change.type)) return fault;
  change.type_key = change.type->key();
  const std::lock_guard structure_lock(structure_);
  out = change.handle = type_changes_.add(change);
  publish_type_event(RELUME_EVENT_BUILD_STARTED, change);
  return {};
}

Fault Coordinator::prepare_retype(relume_layer layer, const char* type_key, relume_type_change& out) {
  const std::lock_guard structure_lock(structure_);
  const Layer* found = nullptr;
  if (Fault fault = find(layer, found)) return fault;
  TypeChanges::Pending change;
  change.type_key = type_key;
  change.layer_id = found->id;
  if (schema_.type(change.type_key) == nullptr) return unknown_type(change.type_key);
  out = change.handle = type_changes_.add(change);
  publish_type_event(RELUME_EVENT_BUILD_STARTED, change);
  return {};
}

Fault Coordinator::commit_type(relume_type_change handle, relume_outcome& outcome) {
  const std::lock_guard structure_lock(structure_);
  outcome.level = level();
  TypeChanges::Pending change;
  Fault fault = type_changes_.take(handle, change) ? Fault{} : ended();
  if (!fault) {
    fault = change.type != nullptr ? commit_definition(change, outcome) : commit_retype(change, outcome);
    // A layer that gets another type says nothing of how that one was built.
    const bool defines = change.type != nullptr;
    if (defines && fault) type_changes_.note_failure(change.type_key, fault.message);
    if (defines && !fault) type_changes_.note_success(change.type_key);
    if (fault) publish_type_event(RELUME_EVENT_BUILD_FAILED, change);
  }
  if (!fault) return fault;
  const std::lock_guard lock(hot_);
  outcome.revision = head_.revision;
  reject(fault, outcome);
  return fault;
}

Fault Coordinator::commit_definition(const TypeChanges::Pending& change, relume_outcome& outcome) {
  const std::shared_ptr<const LayerType> before = schema_.type(change.type_key);
  const bool same = before != nullptr && before->same_definition(*change.type);
  if (has_text(*change.type)) has_text_.store(true, std::memory_order_relaxed);
  relume_event event = event_of(RELUME_EVENT_TYPE_CHANGED, change);
  Preparation preparation(schema_, *stack_, *objects_);
  for (const auto& layer : stack_->order()) {
    if (layer->type->key() != change.type_key) continue;
    ++event.count;
    if (same && !layer->dormant()) continue;
    if (Fault fault = preparation.retype(*layer, same ? before : change.type)) return fault;
  }
  // Sources and overlays point into definitions without asking anybody: they live as long as the show.
  if (!same && before != nullptr) retired_types_.push_back(before);
  schema_.make_room();  // nothing may fail once the show has it
  if (Fault fault = apply_preparation(preparation, event, outcome)) return fault;
  if (!same) schema_.put_type(change.type);
  // What was built is another thing, even under the same definition.
  if (event.count != 0) outcome.render_reset = RELUME_RESET_LAYER;
  return {};
}

Fault Coordinator::commit_retype(const TypeChanges::Pending& change, relume_outcome& outcome) {
  const auto layer = stack_->find_id(change.layer_id);
  if (layer == nullptr) {
    return {RELUME_E_UNKNOWN_LAYER, "change", "the layer was removed after the change was prepared"};
  }
  relume_event event = event_of(RELUME_EVENT_TYPE_CHANGED, change);
  event.count = 1;
  Preparation preparation(schema_, *stack_, *objects_);
  if (Fault fault = preparation.retype(*layer, schema_.type(change.type_key))) return fault;
  event.layer = preparation.stack.find_id(change.layer_id)->handle();
  return apply_preparation(preparation, event, outcome);
}

Fault Coordinator::abort_type(relume_type_change handle, std::string why) {
  const std::lock_guard structure_lock(structure_);
  TypeChanges::Pending change;
  if (!type_changes_.take(handle, change)) return ended();
  if (!why.empty()) type_changes_.note_failure(change.type_key, std::move(why));
  publish_type_event(RELUME_EVENT_BUILD_FAILED, change);
  return {};
}

Fault Coordinator::fail_type(const std::string& type_key, std::string why) {
  if (!valid_key(type_key)) return key_fault(type_key, "the layer type's");
  if (why.empty()) return {RELUME_E_INVALID, "why", "say what failed"};
  const std::lock_guard structure_lock(structure_);
  type_changes_.note_failure(type_key, std::move(why));
  TypeChanges::Pending change;
  change.type_key = type_key;
  publish_type_event(RELUME_EVENT_BUILD_FAILED, change);
  return {};
}

std::string Coordinator::type_failure(const std::string& type_key) {
  const std::lock_guard structure_lock(structure_);
  return type_changes_.failure(type_key);
}

Fault Coordinator::type_report(std::uint64_t revision, std::shared_ptr<const TypeReport>& out) {
  const std::lock_guard structure_lock(structure_);
  out = type_reports_.find(revision);
  if (out != nullptr) return {};
  return {RELUME_E_STATE, fmt::format("revision {}", revision),
          fmt::format("there is no report: no change of type that moved values had this revision, or {} newer ones had "
                      "others",
                      TypeReports::kRemembered)};
}

}  // namespace relume::core
