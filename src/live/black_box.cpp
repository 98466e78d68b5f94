// SPDX-License-Identifier: Apache-2.0
#include "live/black_box.hpp"

#include <xxhash.h>

#include <algorithm>

#include "platform/memory_order.hpp"

namespace relume::core {

using black_box::Kind;

BlackBox::BlackBox(std::uint64_t bytes, std::uint32_t slots)
    : blocks_(slots / kBlockSlots),
      ring_(bytes / sizeof(std::uint64_t)),
      sectors_(kSectors),
      next_whole_(blocks_ - 1) {}

// A record that would take too much of the ring is left out: the next whole blocks make up for it.
bool BlackBox::begin(Kind kind, std::size_t count) noexcept RELUME_NONBLOCKING {
  if (count + 1 > ring_.size() / 8) return false;
  // Said before the first word is written over: who has copied old words learns from it that they are none.
  reserved_.store(position_ + count + 1, std::memory_order_relaxed);
  order::fence(std::memory_order_release);
  const std::uint64_t sector = position_ / (ring_.size() / kSectors);
  if (sector != sector_) {
    sector_ = sector;
    sectors_[sector % kSectors].store(position_, std::memory_order_relaxed);
  }
  put(black_box::head_of(kind, count, position_));
  return true;
}

void BlackBox::put(std::uint64_t word) noexcept RELUME_NONBLOCKING {
  std::uint64_t& place = ring_[position_ & (ring_.size() - 1)];
  std::atomic_ref<std::uint64_t>(place).store(word, std::memory_order_relaxed);
  ++position_;
}

void BlackBox::put_half(std::uint32_t half) noexcept RELUME_NONBLOCKING {
  if (!has_half_) {
    half_ = half;
    has_half_ = true;
    return;
  }
  has_half_ = false;
  put(half_ | std::uint64_t{half} << 32U);
}

void BlackBox::finish() noexcept RELUME_NONBLOCKING {
  if (has_half_) put_half(0);
  written_.store(position_, std::memory_order_release);
}

void BlackBox::write(std::uint32_t source, const OverlayWrite& write) noexcept RELUME_NONBLOCKING {
  if (!begin(Kind::write, black_box::kWriteWords)) return;
  put(std::uint64_t{source} << 32U | std::uint64_t{write.commit_policy} << 24U |
      static_cast<std::uint64_t>(write.kind) << 16U | write.smoothing_ms);
  put(write.param);
  put(static_cast<std::uint64_t>(write.time));
  for (const std::uint32_t lane : write.lanes) put_half(lane);
  finish();
}

void BlackBox::stack(const StackView& view) noexcept RELUME_NONBLOCKING {
  if (!begin(Kind::stack, 1 + black_box::kLayerWords * view.layers.size())) return;
  put(view.created);
  for (const relume_frame_layer& layer : view.layers) {
    put(layer.layer.bits);
    put(layer.id);
    put(std::uint64_t{layer.slot_count} << 32U | layer.first_slot);
    put(layer.flags);
  }
  finish();
}

// Pure arithmetic over memory that is there; the library's declaration just does not say so.
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wfunction-effects"
#endif
void BlackBox::frame(const relume_frame& frame) noexcept RELUME_NONBLOCKING {
  const std::uint32_t count = std::min(blocks_, black_box::kHashedBlocks);
  const auto windows = (blocks_ + count - 1) / count;
  const auto first = static_cast<std::uint32_t>(frame.number % windows) * count;
  const std::uint32_t hashed = std::min(count, blocks_ - first);
  const std::uint64_t hash = XXH3_64bits(frame.slots + std::size_t{first} * kBlockSlots,
                                         std::size_t{hashed} * kBlockSlots * sizeof(relume_slot));
  if (!begin(Kind::frame, black_box::kFrameWords)) return;
  put(frame.number);
  put(static_cast<std::uint64_t>(frame.time_ns));
  put(frame.revision);
  put(std::uint64_t{hashed} << 32U | first);
  put(hash);
  finish();
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

std::uint64_t BlackBox::word_at(std::uint64_t position) const noexcept {
  auto& place = const_cast<std::uint64_t&>(ring_[position & (ring_.size() - 1)]);
  return std::atomic_ref<std::uint64_t>(place).load(std::memory_order_relaxed);
}

BlackBox::Copy BlackBox::copy() const {
  Copy out;
  const std::uint64_t end = written_.load(std::memory_order_acquire);
  std::uint64_t begin = end > ring_.size() ? end - ring_.size() : 0;
  std::vector<std::uint64_t> words(end - begin);
  for (std::uint64_t at = begin; at < end; ++at) words[at - begin] = word_at(at);
  order::fence(std::memory_order_acquire);
  const std::uint64_t over = reserved_.load(std::memory_order_relaxed);
  const std::uint64_t kept = std::max(begin, over > ring_.size() ? over - ring_.size() : 0);
  std::uint64_t first = end;
  for (std::size_t i = 0; i < kSectors; ++i) {
    const std::uint64_t record = sectors_[i].load(std::memory_order_relaxed);
    if (record >= kept && record < first) first = record;
  }
  out.position = first;
  out.words.assign(words.begin() + static_cast<std::ptrdiff_t>(first - begin), words.end());
  cut_to_span(out);
  return out;
}

// From the first frame of the last minute on.
void BlackBox::cut_to_span(Copy& copy) const {
  struct Frame {
    std::size_t end;
    std::int64_t time;
  };
  std::vector<Frame> frames;
  for (std::size_t at = 0; at < copy.words.size();) {
    const std::uint64_t head = copy.words[at];
    const std::size_t end = at + 1 + black_box::count_of(head);
    if (black_box::kind_of(head) == Kind::frame) frames.push_back({end, static_cast<std::int64_t>(copy.words[at + 2])});
    at = end;
  }
  std::size_t cut = 0;
  for (const Frame& frame : frames) {
    if (frame.time < frames.back().time - black_box::kSpan) cut = frame.end;
  }
  copy.position += cut;
  copy.words.erase(copy.words.begin(), copy.words.begin() + static_cast<std::ptrdiff_t>(cut));
}

}  // namespace relume::core
