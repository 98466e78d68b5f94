// SPDX-License-Identifier: Apache-2.0
// Pictures out through a DeckLink card, or the virtual one. Three clocks meet here and none waits for another: the producer
// fills frames at its own cadence, the card shows them at its own, and a scheduler thread keeps the card's queue filled.
//
//   rig::DeckLinkOutput card({.library = path, .mode = "1080p50"}, notices);
//   card.start();                                     // throws when there is nothing to play on
//   while (running) {                                 // at card.mode()'s rate, by the producer's clock
//     if (rig::DeckLinkPicture picture = card.try_acquire()) {
//       rig::convert_to_uyvy(...picture.bytes(), picture.row_bytes()...);
//       card.submit(std::move(picture));
//     }
//   }
//   card.stop();
#pragma once

#include "adapters/notice.hpp"
#include "decklink/decklink_error.hpp"
#include "decklink/decklink_metrics.hpp"
#include "decklink/decklink_mode.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace rig {

/// The most that can be asked for of each kind of frames.
inline constexpr std::uint32_t kMostDeckLinkFrames = 64;

class FramePool;

/// What fills a slot when the producer has no new picture.
enum class DeckLinkUnderrun {
  repeat,  // the last picture again
  black,   // a black one
  hold,    // nothing: what the card then shows is up to the card
};

struct DeckLinkOptions {
  std::string library = {};      // path of the card's library; empty: the one that the system has
  std::string device = {};       // empty: the first with an output; else its display name or its persistent id in hex
  std::string mode = "1080p50";  // a name of decklink_modes()
  // At most kMostDeckLinkFrames each.
  std::uint32_t preroll = 0;  // frames queued before playback starts; 0: the card's minimum, at least 3, and 1 more
  std::uint32_t depth = 0;    // frames kept queued from then on; 0: as many as preroll
  std::uint32_t frames = 0;   // frames of the pool; 0: depth and 3 more
  DeckLinkUnderrun underrun = DeckLinkUnderrun::repeat;
  std::int64_t warm_up_ns = 2'000'000'000;  // when the preroll takes longer, the state is `degraded`, and it is told
  std::int64_t stop_timeout_ns = 1'000'000'000;  // how long a stop waits for notice, and for results
};

/// A frame in the producer's hands: 8-bit UYVY, Rec.709, the picture top row first. Lives as long as it is held, also past a
/// stop or the loss of the card. Destroyed without having been submitted, it goes back unused.
class DeckLinkPicture {
 public:
  DeckLinkPicture() noexcept = default;
  DeckLinkPicture(DeckLinkPicture&& other) noexcept;
  DeckLinkPicture& operator=(DeckLinkPicture&& other) noexcept;
  ~DeckLinkPicture();

  explicit operator bool() const noexcept { return bytes_ != nullptr; }
  std::uint8_t* bytes() const noexcept { return bytes_; }
  /// From one row to the next. Not always twice the width: the card may pad.
  std::size_t row_bytes() const noexcept { return row_bytes_; }
  std::int32_t width() const noexcept { return width_; }
  std::int32_t height() const noexcept { return height_; }

 private:
  friend class FramePool;
  std::shared_ptr<FramePool> pool_;
  std::size_t index_ = 0;
  std::uint8_t* bytes_ = nullptr;
  std::size_t row_bytes_ = 0;
  std::int32_t width_ = 0;
  std::int32_t height_ = 0;
};

/// One output of one card. start() and stop() are for one thread, try_acquire() and submit() for one other (the producer),
/// metrics() for any.
class DeckLinkOutput {
 public:
  /// Touches no card.  \param notices warnings, from start(), stop() and the scheduler thread.
  /// \throws DeckLinkError bad_option
  DeckLinkOutput(DeckLinkOptions options, NoticeSink notices);
  DeckLinkOutput(const DeckLinkOutput&) = delete;
  DeckLinkOutput& operator=(const DeckLinkOutput&) = delete;
  /// Stops.
  ~DeckLinkOutput();

  const DeckLinkMode& mode() const noexcept;

  /// Takes the card and starts the scheduler thread. Playback begins by itself when enough pictures have been submitted. A
  /// card that is lost later is looked for until stop().
  /// \throws DeckLinkError when there is nothing to play on; nothing is held then, and start() may be called again.
  void start();

  /// A free frame to fill, or an empty one when all are in use or the card is away: then this picture is left out. Never waits
  /// for the card. Holds what some earlier picture left.
  DeckLinkPicture try_acquire();

  /// Hands a filled frame over, to be shown after those before it. One of a card that is gone is dropped.
  void submit(DeckLinkPicture picture);

  DeckLinkMetrics metrics() const;

  /// Stops playback at once and gives the card back, in every state, within twice `stop_timeout_ns` and what the card's calls
  /// take.
  /// What is queued is flushed. No effect when it is not started.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rig
