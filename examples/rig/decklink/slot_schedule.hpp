// SPDX-License-Identifier: Apache-2.0
// Which slot of the card's timeline the next frame gets. Slots are counted, never added up from durations: slot n is shown at
// n x duration in the mode's own scale, which is exact for any n.
#pragma once

#include <algorithm>
#include <cstdint>

namespace rig {

class SlotSchedule {
 public:
  /// \param preroll frames that are queued before slot 0 is shown; at least 1.
  explicit SlotSchedule(std::int64_t preroll) : ahead_(std::max<std::int64_t>(preroll / 2, 1)) {}

  std::int64_t next() const noexcept { return next_; }
  /// The card has taken a frame for next().
  void taken() noexcept { ++next_; }

  /// A frame for this slot came late or not at all. True when that is news: those that were scheduled before the last jump are
  /// part of the disturbance that it answered.
  bool missed(std::int64_t slot) noexcept {
    if (slot < anchor_) return false;
    disturbed_ = true;
    return true;
  }

  /// To be asked before a frame is scheduled: jumps to half the preroll ahead of the slot that is on air if the next one
  /// cannot be met any more, or if frames were missed and the queue is shorter than that. One jump answers all that a
  /// disturbance brought about; a queue that is long enough needs none.
  /// \return slots left out
  std::int64_t catch_up(std::int64_t on_air) noexcept {
    const std::int64_t safe = on_air + ahead_;
    const bool jump = next_ <= on_air || (disturbed_ && next_ < safe);
    disturbed_ = false;
    if (!jump) return 0;
    const std::int64_t skipped = safe - next_;
    next_ = safe;
    anchor_ = safe;
    return skipped;
  }

 private:
  const std::int64_t ahead_;
  std::int64_t next_ = 0;
  std::int64_t anchor_ = 0;
  bool disturbed_ = false;
};

}  // namespace rig
