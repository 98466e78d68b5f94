// SPDX-License-Identifier: Apache-2.0
// All that DeckLinkOutput does, without its thread: step() takes the results that are there, tops the card's queue up, and
// moves from state to state. With a card whose clock is stepped too, every run is exact.
#pragma once

#include "adapters/notice.hpp"
#include "decklink/card_session.hpp"
#include "decklink/decklink_output.hpp"
#include "decklink/slot_schedule.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace rig {

/// open(), step(), wait() and close() are for the one thread that owns the output (it may be handed over); the others as in
/// DeckLinkOutput.
class DeckLinkPlayer {
 public:
  /// \throws DeckLinkError bad_option
  DeckLinkPlayer(DeckLinkOptions options, NoticeSink notices);
  DeckLinkPlayer(const DeckLinkPlayer&) = delete;
  DeckLinkPlayer& operator=(const DeckLinkPlayer&) = delete;
  ~DeckLinkPlayer();

  const DeckLinkMode& mode() const noexcept { return mode_; }

  /// Takes the card, with all counters at zero.  \throws DeckLinkError
  void open(std::int64_t now_ns) { open(load_decklink(options_.library), now_ns); }
  /// The same with a library that is there already, which must stay.
  void open(DeckLinkLibrary library, std::int64_t now_ns);
  /// \param now_ns a clock that never goes back: measures the warm-up, the pause before the next look for a lost card, and
  /// what happens once a second. The pictures follow the card's clock alone.
  void step(std::int64_t now_ns);
  /// Until there is something to do, one slot's time at most.
  void wait();
  /// Ends a wait() now or the next one.
  void wake() noexcept { events_->wake(); }
  /// In every state.
  void close();

  DeckLinkPicture try_acquire();
  void submit(DeckLinkPicture picture);
  DeckLinkMetrics metrics() const;

 private:
  using Result = decklink::abi::Result;
  struct Failure {
    const char* call;
    Result result;
  };

  void begin(CardDevice card);
  void look_again();
  void lose(const Failure& failure);
  void end_session();

  std::optional<Failure> serve();
  void absorb();
  std::optional<Failure> look();
  std::optional<Failure> top_up();
  std::optional<std::size_t> choose_frame(bool& filler);
  std::optional<Failure> schedule(std::size_t frame, bool filler, bool& full);
  std::optional<Failure> start_if_ready();
  void once_a_second();
  std::int64_t lead_ns() const noexcept;

  void tell_disturbance();
  void tell(std::string what, std::string remedy) const;
  void publish();

  const DeckLinkOptions options_;
  const DeckLinkMode& mode_;
  const NoticeSink notices_;
  const std::shared_ptr<CardEvents> events_;

  // The owner's.
  DeckLinkLibrary library_;
  std::optional<CardIdentity> identity_;  // of the card that we play on, or look for
  std::unique_ptr<CardSession> session_;
  std::optional<SlotSchedule> slots_;
  std::vector<CardResult> results_;
  DeckLinkMetrics now_;
  std::int64_t now_ns_ = 0;
  std::int64_t on_air_ = 0;
  std::uint32_t copies_left_ = 0;  // slots that the current picture has still to fill
  std::int64_t warm_until_ns_ = 0;
  std::int64_t second_ns_ = 0;
  std::int64_t look_ns_ = 0;
  std::int64_t look_pause_ns_ = 0;
  std::optional<DeckLinkFault> look_fault_;
  std::int64_t calm_ns_ = 0;  // when a disturbance that comes then is a new one
  bool limit_told_ = false;

  mutable std::mutex mutex_;
  std::shared_ptr<FramePool> pool_;  // of the session, for the producer
  DeckLinkMetrics published_;
  std::atomic<std::uint64_t> pictures_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace rig
