// SPDX-License-Identifier: Apache-2.0
// From the threads of the card to the one that owns the output: what became of frames, and that playback has stopped.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

namespace rig {

/// What became of one frame that was scheduled.
struct CardResult {
  const void* frame = nullptr;   // the pointer that was scheduled
  std::uint32_t completion = 0;  // a decklink::abi::CompletionResult, or a number that we do not know
};

/// Mailbox of an output. Sessions follow one another; what a callback of an earlier one still has to say is left out. Its lock
/// is never held while the card is called.
class CardEvents {
 public:
  /// \param capacity results of one session that may be waiting before a callback has to allocate.
  explicit CardEvents(std::size_t capacity);

  // For the owner.

  /// Empties the mailbox and returns the number that callbacks of the new session give.
  std::uint64_t begin_session();
  /// Moves the results that are there to `out`, in their order.
  void take(std::vector<CardResult>& out);
  /// Waits for the notice that playback has stopped; false when it did not come in time.
  bool wait_stopped(std::int64_t timeout_ns);
  /// Waits until so many results are there; false when they did not come in time.
  bool wait_results(std::size_t count, std::int64_t timeout_ns);
  /// Waits for results or wake(), no longer than the timeout.
  void wait(std::int64_t timeout_ns);

  // For the callbacks of the card.

  void completed(std::uint64_t session, const void* frame, std::uint32_t completion) noexcept;
  void stopped(std::uint64_t session) noexcept;

  // For any thread.

  void wake() noexcept;

  struct CallbackTimes {
    std::int64_t p50_ns = 0;
    std::int64_t p99_ns = 0;
    std::int64_t max_ns = 0;
  };
  CallbackTimes callback_times() const;
  void clear_callback_times() noexcept;

 private:
  void note_callback_time(std::int64_t ns) noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<CardResult> results_;
  std::uint64_t session_ = 0;
  bool stopped_ = false;
  bool woken_ = false;

  // Written by the card's one callback thread.
  std::array<std::atomic<std::int64_t>, 4096> times_{};
  std::atomic<std::uint64_t> times_count_{0};
  std::atomic<std::int64_t> times_max_{0};
};

}  // namespace rig
