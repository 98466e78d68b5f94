// SPDX-License-Identifier: Apache-2.0
// One time of having a card: from enabling its output to giving it back.
#pragma once

#include "adapters/notice.hpp"
#include "decklink/card_device.hpp"
#include "decklink/card_events.hpp"
#include "decklink/card_output.hpp"
#include "decklink/decklink_mode.hpp"
#include "decklink/decklink_output.hpp"
#include "decklink/frame_pool.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace rig {

/// An enabled output with its frames; playback is not started. For the thread that owns the output.
class CardSession {
 public:
  /// \throws DeckLinkError no_output, no_mode, busy, card_failed
  CardSession(CardDevice card, const DeckLinkMode& mode, const DeckLinkOptions& options,
              std::shared_ptr<CardEvents> events);
  CardSession(const CardSession&) = delete;
  CardSession& operator=(const CardSession&) = delete;
  /// Gives the card back, if that was not done before.
  ~CardSession();

  CardOutput& output() noexcept { return *output_; }
  const std::shared_ptr<FramePool>& pool() const noexcept { return pool_; }
  const CardIdentity& identity() const noexcept { return card_.identity; }
  std::uint32_t preroll() const noexcept { return preroll_; }
  std::uint32_t depth() const noexcept { return depth_; }
  /// Of one slot, in the card's own scale.
  std::int64_t duration() const noexcept { return duration_; }
  std::int64_t scale() const noexcept { return scale_; }

  /// Stops playback, if it runs, and disables the output. Waits for the card's notice of the stop, and then for what it still
  /// has to tell of frames, each no longer than the timeout. \return false when there was no notice.
  bool end(bool playing, std::int64_t timeout_ns);
  /// Takes the callback off the card, then lets the frames go. After end().
  void release();

 private:
  void find_mode(const DeckLinkMode& mode);
  void make_frames(const DeckLinkMode& mode, const DeckLinkOptions& options);
  [[noreturn]] void fail(const char* call, CardOutput::Result result);

  CardDevice card_;
  std::shared_ptr<CardEvents> events_;
  std::unique_ptr<CardOutput> output_;
  std::shared_ptr<FramePool> pool_;
  std::uint32_t preroll_ = 0;
  std::uint32_t depth_ = 0;
  std::int64_t duration_ = 0;
  std::int64_t scale_ = 0;
  bool enabled_ = false;
  bool listening_ = false;
};

}  // namespace rig
