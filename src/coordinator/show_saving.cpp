// SPDX-License-Identifier: Apache-2.0
// Saving and waiting, as the host asks for it.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "coordinator/show.hpp"
#include "model/key.hpp"

namespace relume::core {
namespace {

Fault bad_time() { return {RELUME_E_INVALID, "timeout_ns", "a duration cannot be negative"}; }

std::string failure_of(const relume_save_result& result) {
  return fmt::format("{}: {}{}{}", result.path, result.step, result.error != 0 ? ": " : "", result.errno_name);
}

}  // namespace

Fault Show::may_wait(const char* call, std::int64_t timeout_ns) const {
  if (timeout_ns < 0) return bad_time();
  if (timeout_ns > 0 && events_.delivering_here()) {
    return {RELUME_E_STATE, call, "a callback cannot wait for the disk; ask with a time of 0"};
  }
  return {};
}

Fault Show::needs_folder(const char* call) const {
  if (saver_ != nullptr) return {};
  return {RELUME_E_STATE, call, "the show was opened without a folder: there is nothing to save to"};
}

Fault Show::disk_tick() {
  if (!hands_off_) {
    return {RELUME_E_STATE, "relume_disk_tick", "the show has a disk thread; open it with RELUME_SHOW_NO_THREADS"};
  }
  if (saver_ != nullptr) saver_->look();
  return {};
}

Fault Show::save(std::uint64_t& ticket) {
  if (Fault fault = needs_folder("relume_save")) return fault;
  ticket = saver_->ask_save();
  return {};
}

Fault Show::save_wait(std::uint64_t ticket, std::int64_t timeout_ns, relume_save_result& out) {
  if (Fault fault = may_wait("relume_save_wait", timeout_ns)) return fault;
  if (saver_ == nullptr) return {RELUME_E_INVALID, "ticket", "the show has no folder and gave no ticket"};
  if (hands_off_ && timeout_ns > 0) saver_->look();
  const std::uint32_t size = out.struct_size;
  out = RELUME_SAVE_RESULT_INIT;
  const Saver::Answer answer = saver_->wait_for(ticket, hands_off_ ? 0 : timeout_ns, out);
  out.struct_size = size;
  if (answer == Saver::Answer::unknown) return {RELUME_E_INVALID, "ticket", "no save has this ticket"};
  if (answer == Saver::Answer::pending) return {RELUME_E_TIMEOUT, "ticket", "the save has not ended yet"};
  return {};
}

Fault Show::flush(std::int64_t timeout_ns) {
  if (Fault fault = may_wait("relume_flush", timeout_ns)) return fault;
  if (Fault fault = needs_folder("relume_flush")) return fault;
  const std::uint64_t ticket = saver_->ask_flush();
  if (timeout_ns == 0) return {};
  relume_save_result result = RELUME_SAVE_RESULT_INIT;
  if (Fault fault = save_wait(ticket, timeout_ns, result)) return fault;
  if (result.state == RELUME_SAVE_COMMITTED) return {};
  if (result.state == RELUME_SAVE_HELD) {
    return {RELUME_E_UNSAVED, folder_.path(), "the checkpoint is saved, the document waits for relume_accept"};
  }
  return {RELUME_E_IO, result.path, failure_of(result) + "; it is tried again by itself"};
}

Fault Show::wait(std::uint64_t revision, std::uint32_t level, std::int64_t timeout_ns) {
  if (Fault fault = may_wait("relume_wait", timeout_ns)) return fault;
  relume_status status = RELUME_STATUS_INIT;
  coordinator_->status(status);
  if (revision > status.accepted) return {RELUME_E_INVALID, "revision", "no such revision was accepted yet"};
  if (level < RELUME_LEVEL_MEMORY || level > RELUME_LEVEL_DOCUMENTED) {
    return {RELUME_E_INVALID, "level", fmt::format("{} is no level", level)};
  }
  if (level == RELUME_LEVEL_MEMORY) return {};
  if (level == RELUME_LEVEL_MIRRORED) {
    return status.mirrored >= 0 ? Fault{} : Fault{RELUME_E_STATE, "level", "the show has no mirror"};
  }
  if (Fault fault = needs_folder("relume_wait")) return fault;
  const Target target = level == RELUME_LEVEL_CHECKPOINTED ? kCheckpoint : kDocument;
  if (saver_->wait_for(target, revision, timeout_ns)) return {};
  return {RELUME_E_TIMEOUT, folder_.path(), fmt::format("not saved yet: {}", saver_->unsaved())};
}

Fault Show::recovery_wait(std::int64_t timeout_ns) {
  if (Fault fault = may_wait("relume_recovery_wait", timeout_ns)) return fault;
  if (hands_off_ && timeout_ns > 0 && saver_ != nullptr) saver_->look();
  if (saver_ == nullptr || saver_->wait_until_examined(hands_off_ ? 0 : timeout_ns)) return {};
  return {RELUME_E_TIMEOUT, folder_.path(), "not every candidate was looked at yet: the disk is slow"};
}

Fault Show::accept(std::uint32_t choice, relume_outcome& outcome) {
  if (choice != RELUME_CHOICE_KEEP && choice != RELUME_CHOICE_FILE) {
    return {RELUME_E_INVALID, "choice", fmt::format("{} is no choice", choice)};
  }
  relume_status status = RELUME_STATUS_INIT;
  coordinator().status(status);
  outcome.level = status.level;
  if (saver_ != nullptr) return saver_->accept(choice, outcome);
  outcome.state = RELUME_STATE_SAME;
  outcome.revision = status.accepted;
  return {};
}

void Show::health(relume_health& out) {
  relume_show_info about = RELUME_SHOW_INFO_INIT;
  info(about);
  out.memory = about.memory_locked != 0 ? RELUME_HEALTH_OK : RELUME_HEALTH_NOTICE;
  if (saver_ == nullptr) {
    out.mirror = out.disk = out.checkpoint.level = out.document.level = RELUME_HEALTH_OFF;
    out.checkpoint.done = out.document.done = -1;
  } else {
    const Mirror* mirror = coordinator_->mirror();
    out.mirror = mirror != nullptr && !mirror->lost() ? RELUME_HEALTH_OK : RELUME_HEALTH_DEGRADED;
    saver_->health(out);
  }
  for (const auto& [component, report] : reports_.all()) {
    if (report.level != RELUME_HEALTH_OFF) out.components = std::max(out.components, report.level);
  }
  for (const std::uint32_t level :
       {out.mirror, out.memory, out.disk, out.checkpoint.level, out.document.level, out.components}) {
    if (level != RELUME_HEALTH_OFF) out.level = std::max(out.level, level);
  }
}

Fault Show::report_health(const std::string& component, std::uint32_t level, const char* json) {
  if (!valid_key(component)) return key_fault(component, "the component's");
  if (json == nullptr) {
    reports_.remove(component);
    return {};
  }
  if (level > RELUME_HEALTH_OFF) return {RELUME_E_INVALID, component, fmt::format("{} is no health level", level)};
  std::string text = json;
  if (text.size() > RELUME_HEALTH_REPORT_MAX) {
    return {RELUME_E_TOO_LONG, component,
            fmt::format("a report has at most {} bytes, this one {}", RELUME_HEALTH_REPORT_MAX, text.size())};
  }
  if (!is_json_object(text)) return {RELUME_E_BAD_JSON, component, "a report is one JSON object"};
  if (reports_.put(component, {level, std::move(text)})) return {};
  return {RELUME_E_LIMIT, component,
          fmt::format("{} components have reported; take one back first", ComponentReports::kMost)};
}

}  // namespace relume::core
