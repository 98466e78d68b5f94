// SPDX-License-Identifier: Apache-2.0
// A card's output under whichever era of the interface its driver answers.
#pragma once

#include "decklink/card_events.hpp"
#include "decklink/decklink_loader.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rig {

/// A frame that the card has made. Given back when it ends; the card has references of its own to those that are scheduled.
class CardFrame {
 public:
  virtual ~CardFrame() = default;
  /// The bytes, to be written until end_write(); null when the card does not give them.
  virtual std::uint8_t* begin_write() noexcept = 0;
  virtual void end_write() noexcept = 0;
  /// As which the card knows it, in results too.
  virtual const void* identity() const noexcept = 0;
  std::size_t row_bytes() const noexcept { return row_bytes_; }

 protected:
  std::size_t row_bytes_ = 0;
};

/// The calls to one output, as they are. For the thread that owns the output. Everything that returns a Result can fail with
/// anything once the card is gone.
class CardOutput {
 public:
  using Result = decklink::abi::Result;
  using Code = decklink::abi::Code;

  virtual ~CardOutput() = default;
  virtual const char* era() const noexcept = 0;
  virtual Result modes(Held<decklink::abi::DisplayModeIterator>& out) = 0;
  virtual bool plays_uyvy(Code mode) = 0;
  virtual Result enable(Code mode) = 0;
  virtual Result disable() = 0;
  /// From now on results go to the mailbox, under the number of its session.
  virtual Result listen(std::shared_ptr<CardEvents> events, std::uint64_t session) = 0;
  virtual Result stop_listening() = 0;
  /// An 8-bit UYVY frame, or null.
  virtual std::unique_ptr<CardFrame> create_frame(std::int32_t width, std::int32_t height) = 0;
  virtual Result schedule(CardFrame& frame, std::int64_t time, std::int64_t duration, std::int64_t scale) = 0;
  virtual Result start(std::int64_t scale) = 0;
  virtual Result stop() = 0;
  virtual Result stream_time(std::int64_t scale, std::int64_t& time) = 0;
  virtual Result queued(std::uint32_t& frames) = 0;
  virtual Result reference(std::uint32_t& status) = 0;
};

/// The output of a device under the oldest era that both sides speak, or null when it has none.
std::unique_ptr<CardOutput> open_card_output(decklink::abi::Device& device);

}  // namespace rig
