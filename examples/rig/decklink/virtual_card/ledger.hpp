// SPDX-License-Identifier: Apache-2.0
// What became of every frame of a card. Any thread; takes no other lock.
#pragma once

#include "decklink/decklink_values.hpp"
#include "decklink/virtual_card/virtual_card_control.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace rig::decklink::card {

class Ledger {
 public:
  /// References on frames that the card holds.
  std::atomic<std::uint64_t>& frame_references() { return frame_references_; }

  /// Changes the counters as one: `change` gets them.
  template <class Change>
  void count(Change change) {
    const std::lock_guard lock(mutex_);
    change(counters_);
  }
  void count_told(abi::CompletionResult result);

  /// Returns the index of the new entry.
  std::size_t add_displayed(std::uint64_t serial, std::int64_t slot, std::int64_t shown);
  void set_hash(std::size_t index, std::uint64_t hash);

  /// `enabled`, `queued` and `audio_buffered` are the card's to fill in.
  virtual_card_ledger read() const;
  std::size_t displayed(std::size_t first, virtual_card_displayed* out, std::size_t capacity) const;

 private:
  std::atomic<std::uint64_t> frame_references_{0};
  mutable std::mutex mutex_;
  virtual_card_ledger counters_{};
  std::vector<virtual_card_displayed> displayed_;
};

/// The members of one JSON object, without its braces.
std::string json_members(const virtual_card_ledger& ledger);

}  // namespace rig::decklink::card
