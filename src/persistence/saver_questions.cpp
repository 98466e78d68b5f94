// SPDX-License-Identifier: Apache-2.0
// What anybody may ask the saver, and wait for. None of it waits for a file call to return.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "persistence/saver.hpp"
#include "platform/copy_text.hpp"

namespace relume::core {
namespace {

constexpr std::int64_t kLongestWait = 365LL * 24 * 3600 * 1'000'000'000;  // what the clock can add to now
constexpr std::int64_t kHung = 5'000'000'000;

const char* target_name(Target target) { return target == kCheckpoint ? "checkpoint" : "document"; }

}  // namespace

template <class Predicate>
bool Saver::wait(std::int64_t timeout_ns, Predicate done) {
  std::unique_lock lock(state_);
  return changed_.wait_for(lock, std::chrono::nanoseconds(std::min(timeout_ns, kLongestWait)), done);
}

std::uint64_t Saver::ask(Ask what) {
  std::uint64_t ticket = 0;
  {
    const std::lock_guard lock(state_);
    ticket = ++last_ticket_;
    requests_.push_back({ticket, what});
  }
  if (wake_) wake_();
  return ticket;
}

Saver::Answer Saver::wait_for(std::uint64_t ticket, std::int64_t timeout_ns, relume_save_result& out) {
  Answer answer = Answer::pending;
  wait(timeout_ns, [&] {
    if (ticket == 0 || ticket > last_ticket_) return answer = Answer::unknown, true;
    const auto result =
        std::find_if(results_.begin(), results_.end(), [&](const auto& r) { return r.first >= ticket; });
    if (result == results_.end()) return false;
    out = result->second;
    answer = Answer::ended;
    return true;
  });
  return answer;
}

bool Saver::wait_for(Target target, std::uint64_t revision, std::int64_t timeout_ns) {
  return wait(timeout_ns, [&] {
    return p_.ledger.done(target) >= static_cast<std::int64_t>(revision) || !p_.ledger.is_unsaved(target);
  });
}

bool Saver::wait_until_examined(std::int64_t timeout_ns) {
  return wait(timeout_ns, [&] { return examined_; });
}

void Saver::fill(Target target, std::int64_t now_ns, relume_target_health& out) const {
  const TargetState& t = targets_[target];
  const bool unsaved = p_.ledger.is_unsaved(target);
  const bool held = target == kDocument && p_.ledger.held() != 0;
  const bool failing = t.schedule.failures() > 0;
  out.in_flight_ns = t.writing ? now_ns - t.began_ns : 0;
  out.level = failing || out.in_flight_ns > kHung ? RELUME_HEALTH_DEGRADED
              : held                              ? RELUME_HEALTH_NOTICE
                                                  : RELUME_HEALTH_OK;
  out.writing = t.writing ? 1 : 0;
  out.wanted = p_.ledger.wanted(target);
  out.done = p_.ledger.done(target);
  out.first_unsaved = p_.ledger.first_unsaved(target);
  out.unsaved_events = unsaved ? p_.ledger.unsaved_requests(target) : 0;
  out.unsaved_age_ns = unsaved ? std::max<std::int64_t>(0, now_ns - t.schedule.pending_since(now_ns)) : 0;
  out.last_success_ns = t.last_success_ns;
  out.last_failure_ns = t.last_failure_ns;
  out.last_duration_ns = t.last_duration_ns;
  out.successes = t.successes;
  out.failures = t.failures;
  out.retries = t.schedule.failures();
  out.error = t.error.error;
  out.retry_in_ns = failing && !t.writing ? std::max<std::int64_t>(0, t.schedule.retry_at() - now_ns) : 0;
  out.request_pending = (t.writing || failing) && out.wanted > t.writing_revision ? 1 : 0;
  out.save_state = t.save_state;
  copy_text(out.reason, t.reason);
  copy_text(out.step, t.error.step);
  copy_text(out.path, t.error.path);
}

void Saver::health(relume_health& out) {
  const std::lock_guard lock(state_);
  const std::int64_t now = p_.clock.monotonic_ns();
  fill(kCheckpoint, now, out.checkpoint);
  fill(kDocument, now, out.document);
  out.disk = busy_since_ != 0 && now - busy_since_ > kHung ? RELUME_HEALTH_DEGRADED : RELUME_HEALTH_OK;
  out.held = p_.ledger.held();
  out.unsaved = p_.ledger.is_unsaved(kCheckpoint) ? 1 : 0;
  out.unsaved_events = out.checkpoint.unsaved_events;
  out.unsaved_age_ns = out.checkpoint.unsaved_age_ns;
}

std::string Saver::unsaved() {
  const std::lock_guard lock(state_);
  std::string text;
  for (const Target target : kTargets) {
    if (!p_.ledger.is_unsaved(target)) continue;
    const TargetState& t = targets_[target];
    if (!text.empty()) text += "; ";
    text += fmt::format("{} from revision {} on", target_name(target), p_.ledger.first_unsaved(target));
    if (target == kDocument && p_.ledger.held() != 0) {
      text += " (it waits for relume_accept)";
    } else if (busy_since_ != 0) {
      text += fmt::format(" (the disk has not answered for {} ms)",
                          (p_.clock.monotonic_ns() - (t.writing ? t.began_ns : busy_since_)) / 1'000'000);
    } else if (t.error) {
      text += fmt::format(" ({})", t.error.message);
    }
  }
  return text;
}

}  // namespace relume::core
