// SPDX-License-Identifier: Apache-2.0
// The time that a card's output runs by.
#pragma once

#include "decklink/virtual_card/slot_time.hpp"

#include <chrono>
#include <cstdint>

namespace rig::decklink::card {

/// The system's monotonic clock, some millionths fast or slow. Any thread.
class RealCardClock {
 public:
  explicit RealCardClock(std::int32_t ppm) : rate_(1'000'000 + ppm) {}

  std::int64_t now_ns() const {
    return static_cast<std::int64_t>(floor_div(Wide{since_epoch(std::chrono::steady_clock::now())} * rate_, 1'000'000));
  }
  /// When the system's clock gets there.
  std::chrono::steady_clock::time_point when(std::int64_t card_ns) const {
    return std::chrono::steady_clock::time_point(
        std::chrono::nanoseconds(static_cast<std::int64_t>(-floor_div(-Wide{card_ns} * 1'000'000, rate_))));
  }
  static std::int64_t since_epoch(std::chrono::steady_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  }

 private:
  std::int64_t rate_;  // nanoseconds of the card in a millisecond of the system
};

}  // namespace rig::decklink::card
