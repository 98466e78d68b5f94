// SPDX-License-Identifier: Apache-2.0
// The adapter on the emulated card, in one process: the card's clock goes on by steps, the adapter's scheduler works between
// two of them, and a producer hands in as many pictures as the test says. Nothing here sleeps, and every count is exact.
#pragma once

#include "adapters/clock.hpp"
#include "decklink/decklink_player.hpp"
#include "decklink/virtual_card/virtual_card_control.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rig::test {

/// The side-entry of the library under test, which is loaded once.
const virtual_card_control& card_control();

/// XXH3 over the rows of a picture without what pads them, as the card takes it.
std::uint64_t picture_hash(const DeckLinkPicture& picture);

/// Options of a card with a manual clock.
virtual_card_options manual_card();

class Stage {
 public:
  /// Resets the card. The library is filled in.
  explicit Stage(DeckLinkOptions options = {}, virtual_card_options card = manual_card());
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage();

  void open() { player.open(now_ns); }
  /// The producer hands in so many pictures, as far as there are free frames. \return how many
  int produce(int count = 1);
  /// One step of the scheduler; no time goes by.
  void schedule() { player.step(now_ns); }
  /// So many slots go by: the card's frame ends, the scheduler works, then the producer hands in a picture, if it produces,
  /// in time for the scheduler to work again.
  void play(int slots, bool producing = true);
  /// Opens, fills the preroll, starts playback and lets slot 0 go on air.
  void start();
  void pass(std::int64_t ns) { now_ns += ns; }

  void fault(virtual_card_fault kind, std::int64_t value);
  virtual_card_ledger ledger() const;
  std::vector<virtual_card_displayed> displayed() const;
  DeckLinkMetrics metrics() const { return player.metrics(); }
  std::int64_t slot_ns() const { return player.mode().nanoseconds(1) / player.mode().slots; }

  /// Fails the test unless the adapter's counters are the card's, and the ledger adds up.
  void check_ledger() const;
  /// The same after a stop: nothing outstanding, no frame and no object of the card's held.
  void check_ended() const;

  const virtual_card_control& card;
  std::vector<Notice> notices;
  std::int64_t now_ns = 1'000'000'000;
  bool whole_pictures = false;  // each with other bytes everywhere, and its hash in `hashes`
  std::vector<std::uint64_t> hashes;
  DeckLinkPlayer player;

 private:
  std::uint64_t produced_ = 0;
};

}  // namespace rig::test
