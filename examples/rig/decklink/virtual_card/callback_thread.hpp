// SPDX-License-Identifier: Apache-2.0
// The one thread on which a card tells its client what became of the frames.
#pragma once

#include "decklink/virtual_card/recorder.hpp"
#include "decklink/virtual_card/slot_time.hpp"

#include <array>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace rig::decklink::card {

/// True on the threads that call clients. Nothing may wait there for callbacks to end.
bool& on_calling_thread();

/// What there is to tell: the end of a frame, or (without a frame) that playback has stopped.
struct Telling {
  std::optional<SubmittedFrame> frame{};
  abi::CompletionResult result = abi::kCompleted;
  std::uint64_t serial = 0;
  Time at{};                     // of the completion, in the system clock's time
  std::shared_ptr<Look> look{};  // to be done before
  Era stopped_era = Era::a;      // whose callback gets the stopped notice
};

/// No method calls the client: its thread does, with no lock held. Any thread.
class CallbackThread {
 public:
  CallbackThread(std::uint32_t card, Ledger& ledger, Recorder& recorder);
  ~CallbackThread();
  CallbackThread(const CallbackThread&) = delete;
  CallbackThread& operator=(const CallbackThread&) = delete;

  /// nullptr: nobody is told. A callback that runs goes on. The reference on the old one ends after it.
  void set_callback(Era era, std::shared_ptr<Reference<abi::Unknown>> callback);
  void post(Telling telling);
  /// Until all is told; at once on a thread that calls clients, and while callbacks are stalled.
  void wait_idle();
  void stall(bool on);

  /// Within the callback about this frame: the time of its completion, unless it was scheduled again meanwhile.
  std::optional<Time> completion_time(const void* frame) const;
  void scheduled_again(const void* frame);

 private:
  using Callback = std::shared_ptr<Reference<abi::Unknown>>;
  void run();
  void tell(const Telling& telling, const Callback& callback);

  std::uint32_t card_;
  Ledger& ledger_;
  Recorder& recorder_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::deque<Telling> tellings_;
  std::array<Callback, 2> callbacks_;  // by era
  const void* current_ = nullptr;      // the frame that is being told about
  Time current_time_;
  bool telling_ = false;
  bool stalled_ = false;
  bool quit_ = false;
  std::thread thread_;  // last: it runs as soon as it is made
};

}  // namespace rig::decklink::card
