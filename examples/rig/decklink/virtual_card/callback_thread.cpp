// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/callback_thread.hpp"

#include <fmt/format.h>

#include <utility>

namespace rig::decklink::card {

namespace {

const char* name_of(abi::CompletionResult result) {
  switch (result) {
    case abi::kCompleted: return "completed";
    case abi::kDisplayedLate: return "late";
    case abi::kDropped: return "dropped";
    case abi::kFlushed: return "flushed";
  }
  return "unknown";
}

}  // namespace

bool& on_calling_thread() {
  // From the start in the thread's block: memory that a library is given late confuses LeakSanitizer.
  __attribute__((tls_model("initial-exec"))) thread_local bool on = false;
  return on;
}

CallbackThread::CallbackThread(std::uint32_t card, Ledger& ledger, Recorder& recorder)
    : card_(card), ledger_(ledger), recorder_(recorder), thread_([this] { run(); }) {}

CallbackThread::~CallbackThread() {
  {
    const std::lock_guard lock(mutex_);
    quit_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void CallbackThread::set_callback(Era era, Callback callback) {
  const std::lock_guard lock(mutex_);
  callbacks_[static_cast<std::size_t>(era)].swap(callback);
}

void CallbackThread::post(Telling telling) {
  {
    const std::lock_guard lock(mutex_);
    tellings_.push_back(std::move(telling));
  }
  wake_.notify_one();
}

void CallbackThread::wait_idle() {
  if (on_calling_thread()) return;
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return stalled_ || (tellings_.empty() && !telling_); });
}

void CallbackThread::stall(bool on) {
  {
    const std::lock_guard lock(mutex_);
    stalled_ = on;
  }
  wake_.notify_one();
  idle_.notify_all();
}

std::optional<Time> CallbackThread::completion_time(const void* frame) const {
  const std::lock_guard lock(mutex_);
  if (frame == nullptr || frame != current_ || std::this_thread::get_id() != thread_.get_id()) return {};
  return current_time_;
}

void CallbackThread::scheduled_again(const void* frame) {
  const std::lock_guard lock(mutex_);
  if (frame == current_) current_ = nullptr;
}

void CallbackThread::tell(const Telling& telling, const Callback& callback) {
  if (!telling.frame) {
    ledger_.count([](virtual_card_ledger& counters) { ++counters.stopped_notices; });
    recorder_.log(fmt::format(R"({{"event":"stopped","card":{}}})", card_));
    if (callback == nullptr) return;
    if (telling.stopped_era == Era::a) {
      static_cast<abi::era_a::VideoOutputCallback*>(callback->get())->ScheduledPlaybackHasStopped();
    } else {
      static_cast<abi::era_b::VideoOutputCallback*>(callback->get())->ScheduledPlaybackHasStopped();
    }
    return;
  }
  ledger_.count_told(telling.result);
  if (recorder_.logs()) {
    recorder_.log(
        fmt::format(R"({{"event":"{}","card":{},"serial":{}}})", name_of(telling.result), card_, telling.serial));
  }
  if (callback != nullptr) telling.frame->complete(callback->get(), telling.result);
}

void CallbackThread::run() {
  on_calling_thread() = true;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return quit_ || (!stalled_ && !tellings_.empty()); });
    if (quit_ && tellings_.empty()) return;
    {
      Telling telling = std::move(tellings_.front());
      tellings_.pop_front();
      telling_ = true;
      Callback callback =
          callbacks_[static_cast<std::size_t>(telling.frame ? telling.frame->era() : telling.stopped_era)];
      const std::shared_ptr<Look> look = telling.look;
      lock.unlock();
      if (look != nullptr && look->wanted) recorder_.wait_for(*look);
      lock.lock();
      current_ = telling.frame ? telling.frame->identity() : nullptr;
      current_time_ = telling.at;
      lock.unlock();
      tell(telling, callback);
      lock.lock();
      current_ = nullptr;
      lock.unlock();
      // Here the references on frame and callback end: with no lock held, and before anyone hears that all is told.
    }
    lock.lock();
    telling_ = false;
    if (tellings_.empty()) idle_.notify_all();
  }
}

}  // namespace rig::decklink::card
