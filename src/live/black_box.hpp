// SPDX-License-Identifier: Apache-2.0
// The flight recorder of the composer: what each frame was made of, in a ring that the frame thread writes without waiting and
// that any thread may copy meanwhile. Besides what has changed it writes a few whole blocks in each frame, in turn, so that any part
// of the ring that is long enough says everything.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

#include "live/any_source.hpp"
#include "live/black_box_format.hpp"
#include "live/page_tree.hpp"
#include "live/stack_view.hpp"
#include "platform/memory.hpp"

namespace relume::core {

/// A lane as a block's record has it: a glide, or only `to`, its value.
struct RecordedLane {
  std::uint32_t to = 0;
  float from = 0;
  std::uint32_t start = 0;
  float rate = 0;
  float near = 0;
};

class BlackBox {
 public:
  /// `bytes` is a power of two.
  BlackBox(std::uint64_t bytes, std::uint32_t slots);

  // --- frame role ---
  /// How many blocks a frame has to record as a whole, and the next of them.
  std::uint32_t whole_blocks() const noexcept RELUME_NONBLOCKING { return blocks_ / kTurns + 1; }
  std::uint32_t next_whole() noexcept RELUME_NONBLOCKING { return next_whole_ = (next_whole_ + 1) % blocks_; }
  /// f(lane) says what is recorded of a lane.
  template <class F>
  void block(std::uint32_t block, std::uint64_t lanes, std::uint64_t gliding, F&& f) noexcept RELUME_NONBLOCKING;
  void write(std::uint32_t source, const OverlayWrite& write) noexcept RELUME_NONBLOCKING;
  void stack(const StackView& view) noexcept RELUME_NONBLOCKING;
  void frame(const relume_frame& frame) noexcept RELUME_NONBLOCKING;

  // --- any ---
  struct Copy {
    std::uint64_t position = 0;
    std::vector<std::uint64_t> words;  // whole records, the newest span; empty when there is none
  };
  Copy copy() const;
  std::uint32_t slots() const noexcept { return blocks_ * kBlockSlots; }

 private:
  static constexpr std::uint32_t kTurns = 256;  // frames until every block was recorded
  static constexpr std::uint64_t kSectors = 64;

  bool begin(black_box::Kind kind, std::size_t count) noexcept RELUME_NONBLOCKING;
  void put(std::uint64_t word) noexcept RELUME_NONBLOCKING;
  void put_half(std::uint32_t half) noexcept RELUME_NONBLOCKING;
  void finish() noexcept RELUME_NONBLOCKING;
  std::uint64_t word_at(std::uint64_t position) const noexcept;
  void cut_to_span(Copy& copy) const;

  const std::uint32_t blocks_;
  platform::FixedArray<std::uint64_t> ring_;
  platform::FixedArray<std::atomic<std::uint64_t>> sectors_;  // where the first record in each begins
  std::uint64_t position_ = 0;                                // frame role: of the next word
  std::uint64_t sector_ = UINT64_MAX;
  std::uint64_t half_ = 0;
  bool has_half_ = false;
  std::uint32_t next_whole_ = 0;
  alignas(64) std::atomic<std::uint64_t> written_{0};  // up to here the ring is whole
  std::atomic<std::uint64_t> reserved_{0};             // up to here it is being written over
};

template <class F>
void BlackBox::block(std::uint32_t block, std::uint64_t lanes, std::uint64_t gliding,
                     F&& f) noexcept RELUME_NONBLOCKING {
  const auto all = static_cast<std::size_t>(std::popcount(lanes));
  const auto moving = static_cast<std::size_t>(std::popcount(lanes & gliding));
  const std::size_t halves = all - moving + black_box::kGlideHalves * moving;
  if (!begin(black_box::Kind::block, black_box::kBlockHead + (halves + 1) / 2)) return;
  put(std::uint64_t{block} << 32U);
  put(lanes);
  put(lanes & gliding);
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
    const RecordedLane recorded = f(lane);
    put_half(recorded.to);
    if ((gliding >> lane & 1U) == 0) continue;
    put_half(std::bit_cast<std::uint32_t>(recorded.from));
    put_half(recorded.start);
    put_half(std::bit_cast<std::uint32_t>(recorded.rate));
    put_half(std::bit_cast<std::uint32_t>(recorded.near));
  }
  finish();
}

}  // namespace relume::core
