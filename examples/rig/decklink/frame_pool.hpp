// SPDX-License-Identifier: Apache-2.0
// The frames of one session with a card, and whose they are: free, rendering (the producer fills it), ready (waits for the
// scheduler), or with the card, once or several times.
#pragma once

#include "decklink/card_output.hpp"
#include "decklink/decklink_output.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace rig {

/// Between the producer and the scheduler. Its lock is never held while the card is called. A pool whose session has ended
/// lives on as long as the producer holds one of its frames.
class FramePool : public std::enable_shared_from_this<FramePool> {
 public:
  struct Answer {
    std::size_t index = 0;
    std::int64_t slot = 0;
  };

  /// \param frames all of one size. \param black one more, for the scheduler alone; may be null.
  /// \param schedules_at_most how often frames are with the card altogether.
  FramePool(std::vector<std::unique_ptr<CardFrame>> frames, std::unique_ptr<CardFrame> black, std::int32_t width,
            std::int32_t height, std::size_t schedules_at_most);

  // For the producer.

  /// A free frame, or an empty one.
  DeckLinkPicture acquire();
  /// Puts a picture into the queue of the pool that it is from. False for an empty one, and when that pool's session is over.
  static bool submit(DeckLinkPicture picture);

  // For the scheduler.

  /// The picture that was submitted first takes the place of the current one; false when there is none.
  bool next_picture();
  /// The picture that was taken last. It stays ours even after the card is done with it, to be shown again.
  std::optional<std::size_t> current() const;
  std::optional<std::size_t> black() const noexcept { return black_; }
  CardFrame& frame(std::size_t index) noexcept { return *frames_[index].frame; }
  /// The card has taken the frame for that slot.
  void scheduled(std::size_t index, std::int64_t slot);
  /// The card is done with a frame, once. Nothing for one that was not with it.
  std::optional<Answer> answered(const void* identity);
  /// How many slots the card has frames of ours for.
  std::size_t with_card() const;
  /// The session is over: all frames go but the one that the producer has.
  void close();

 private:
  friend class DeckLinkPicture;
  enum class Use { free, rendering, ready, taken };
  struct Place {
    std::unique_ptr<CardFrame> frame;
    Use use = Use::free;
    std::vector<std::int64_t> slots;  // for which the card has it, in the order of scheduling
  };
  void abandon(std::size_t index, bool wrote) noexcept;
  void free_if_done(std::size_t index);

  mutable std::mutex mutex_;
  std::vector<Place> frames_;
  std::vector<std::size_t> ready_;  // first in, first out
  std::optional<std::size_t> current_;
  std::optional<std::size_t> black_;
  std::size_t with_card_ = 0;
  bool closed_ = false;
  const std::int32_t width_;
  const std::int32_t height_;
};

}  // namespace rig
