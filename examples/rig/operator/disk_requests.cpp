// SPDX-License-Identifier: Apache-2.0
#include "operator/disk_requests.hpp"

#include "adapters/osc_codec.hpp"
#include "operator/reasons.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

namespace rig {
namespace {

LateAnswer acknowledgement(const Endpoint& asker, const OscWriter& message) { return {asker, message.bytes()}; }

LateAnswer rejection(const Endpoint& asker, const std::string& subject, const std::string& reason) {
  return {asker, OscWriter("/relume/reject").text(subject).text(reason).bytes(), true};
}

}  // namespace

struct DiskRequests::Accept {
  Accept(const Endpoint& who, relume_choice what) : asker(who), choice(what) {}

  const Endpoint asker;
  const relume_choice choice;
  std::mutex mutex;
  std::condition_variable changed;
  // What the thread brings; read after `done`.
  bool done = false;
  relume_result result = RELUME_OK;
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  relume_error error = RELUME_ERROR_INIT;
};

relume_result DiskRequests::save(const Endpoint& asker) {
  if (saves_.size() >= kMaxSaves) return RELUME_E_LIMIT;
  std::uint64_t ticket = 0;
  const relume_result result = relume_save(show_.get(), &ticket, nullptr);
  if (result == RELUME_OK) saves_.push_back({asker, ticket});
  return result;
}

relume_result DiskRequests::accept(relume_choice choice, const Endpoint& asker) {
  if (accept_ != nullptr) return RELUME_E_STATE;
  const auto work = std::make_shared<Accept>(asker, choice);
  try {
    // Not joined: a thread that is stuck in the disk would take the rig's end with it.
    std::thread([work, show = show_.get()] {
      const relume_result result =
          relume_accept(show, static_cast<std::uint32_t>(work->choice), &work->outcome, &work->error);
      const std::lock_guard lock(work->mutex);
      work->result = result;
      work->done = true;
      work->changed.notify_all();
    }).detach();
  } catch (const std::system_error&) { return RELUME_E_NOMEM; }
  accept_ = work;
  return RELUME_OK;
}

std::vector<LateAnswer> DiskRequests::collect() {
  std::vector<LateAnswer> answers;
  collect_saves(answers);
  collect_accept(answers);
  return answers;
}

void DiskRequests::collect_saves(std::vector<LateAnswer>& answers) {
  const auto still_pending = [&](const Save& save) {
    relume_save_result result = RELUME_SAVE_RESULT_INIT;
    const relume_result asked = relume_save_wait(show_.get(), save.ticket, 0, &result, nullptr);
    if (asked == RELUME_E_TIMEOUT) return true;
    if (asked != RELUME_OK) {
      answers.push_back(rejection(save.asker, "save", relume_result_name(asked)));
    } else if (result.state == RELUME_SAVE_COMMITTED) {
      OscWriter saved("/relume/saved");
      answers.push_back(acknowledgement(save.asker, saved.int64(static_cast<std::int64_t>(result.revision))));
    } else {
      answers.push_back(rejection(save.asker, "save", reason_of(result)));
    }
    return false;
  };
  // Tickets are in order: what comes after a pending one is pending too.
  saves_.erase(saves_.begin(), std::find_if(saves_.begin(), saves_.end(), still_pending));
}

void DiskRequests::collect_accept(std::vector<LateAnswer>& answers) {
  if (accept_ == nullptr) return;
  {
    const std::lock_guard lock(accept_->mutex);
    if (!accept_->done) return;
  }
  const std::shared_ptr<Accept> work = std::move(accept_);
  const std::string choice = work->choice == RELUME_CHOICE_KEEP ? "keep" : "file";
  if (work->result != RELUME_OK) {
    answers.push_back(rejection(work->asker, choice, reason_of(work->result, work->error)));
    return;
  }
  OscWriter ack("/relume/ack");
  answers.push_back(
      acknowledgement(work->asker, ack.int64(static_cast<std::int64_t>(work->outcome.revision)).text(choice)));
  answers.back().file_taken = work->choice == RELUME_CHOICE_FILE && work->outcome.state == RELUME_STATE_CHANGED;
}

bool DiskRequests::finish(std::int64_t timeout_ns) {
  if (accept_ == nullptr) return true;
  std::unique_lock lock(accept_->mutex);
  return accept_->changed.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [&] { return accept_->done; });
}

}  // namespace rig
