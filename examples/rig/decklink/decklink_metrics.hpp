// SPDX-License-Identifier: Apache-2.0
// What the card's output has to say about itself: counters since start(), and how it stands now.
#pragma once

#include <cstdint>
#include <string>

namespace rig {

enum class DeckLinkState {
  closed,    // not started, or stopped
  warming,   // the card is ours and frames are queued; playback starts when the preroll is there
  degraded,  // as warming, but it takes longer than the limit: the producer is too slow, or dead
  playing,
  lost,  // the card went away; it is being looked for
};
const char* to_string(DeckLinkState state) noexcept;

enum class DeckLinkReference { unknown, unsupported, unlocked, locked };
const char* to_string(DeckLinkReference reference) noexcept;

struct DeckLinkMetrics {
  DeckLinkState state = DeckLinkState::closed;
  DeckLinkReference reference = DeckLinkReference::unknown;  // asked for once a second

  // The ledger. At every look scheduled = completed + late + dropped + flushed + unanswered + outstanding, and after a stop
  // nothing is outstanding.
  std::uint64_t scheduled = 0;    // frames that the card took
  std::uint64_t completed = 0;    // shown in their slot
  std::uint64_t late = 0;         // shown after their slot
  std::uint64_t dropped = 0;      // never shown, passed over for a later one
  std::uint64_t flushed = 0;      // never shown because of a stop
  std::uint64_t unanswered = 0;   // no result had come when the card was given back or gone
  std::uint64_t outstanding = 0;  // with the card

  std::uint64_t pictures = 0;  // submitted by the producer
  std::uint64_t refused = 0;   // times that the producer found no free frame
  std::uint64_t repeats = 0;   // slots filled once more for want of a new picture (part of scheduled)
  std::uint64_t blacks = 0;    // slots filled with black for want of a new picture (part of scheduled)
  std::uint64_t reanchors =
      0;  // times that the output jumped ahead to catch up with the card's clock, once per disturbance
  std::uint64_t skipped_slots = 0;      // slots left out by that
  std::uint64_t schedule_failures = 0;  // frames that the card would not take
  std::uint64_t losses = 0;             // times that the card went away
  std::uint64_t reconnects = 0;         // times that it was found again
  std::uint64_t silent_stops = 0;       // stops of which the card gave no notice in time

  std::uint32_t preroll = 0;     // frames queued before playback starts
  std::uint32_t depth = 0;       // frames to keep with the card: less than asked for when it takes no more
  std::uint32_t queued = 0;      // frames that the card says it has buffered
  std::uint32_t queued_min = 0;  // fewest at any look since playback started
  std::int64_t lead_ns = 0;      // from the card's clock to the next free slot
  std::int64_t lead_min_ns = 0;  // shortest that the scheduler found since playback started
  std::int64_t latency_ns = 0;   // of a picture that is submitted now, in a queue of the full depth

  // Time spent in the completion callback, over the last few thousand of them.
  std::int64_t callback_p50_ns = 0;
  std::int64_t callback_p99_ns = 0;
  std::int64_t callback_max_ns = 0;  // since start()
};

/// The same as one JSON object on one line, keys named as the members, times in milliseconds (`lead_ms`), callback times in
/// microseconds (`callback_p99_us`).
std::string to_json(const DeckLinkMetrics& metrics);

}  // namespace rig
