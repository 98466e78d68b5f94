// SPDX-License-Identifier: Apache-2.0
#include "persistence/held_area.hpp"

#include <xxhash.h>

#include <atomic>
#include <cstring>
#include <type_traits>

namespace relume::core {

// Two records, then two copies of each block. A checksum is of all that follows it.
struct HeldArea::Record {
  std::uint64_t checksum;
  std::uint64_t sequence;
  std::int64_t time;
  std::uint64_t zero;
};

struct HeldArea::Copy {
  std::uint64_t checksum;
  std::uint64_t sequence;
  HeldBlock held;
};

namespace {

constexpr std::uint64_t kRecordBytes = 64;  // bytes of both
constexpr std::uint64_t kRecordPlace = 7ULL << 40U;
constexpr std::uint64_t kCopyPlace = 8ULL << 40U;

// Keeps the compiler from moving stores across; the processor retires them in order before a killed process is taken down.
void order_stores() noexcept RELUME_NONBLOCKING { std::atomic_signal_fence(std::memory_order_seq_cst); }

}  // namespace

// Pure arithmetic over memory that is there; the library's declaration just does not say so.
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wfunction-effects"
#endif
std::uint64_t HeldArea::checksum(const void* what, std::size_t bytes, std::uint64_t place) noexcept RELUME_NONBLOCKING {
  constexpr std::size_t own = sizeof(std::uint64_t);
  return XXH3_64bits_withSeed(static_cast<const char*>(what) + own, bytes - own, place);
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

std::uint64_t HeldArea::size(std::uint32_t blocks) { return kRecordBytes + std::uint64_t{2} * blocks * sizeof(Copy); }

HeldArea::HeldArea(std::byte* data, std::uint32_t blocks) : data_(data), blocks_(blocks) {
  static_assert(sizeof(Record) * 2 == kRecordBytes && sizeof(Copy) == 768);  // docs/persistence-format.md
  static_assert(std::has_unique_object_representations_v<Copy>);             // padding would be anything
  prove_records();
  for (std::uint32_t block = 0; block < blocks_; ++block) prove_block(block);
}

HeldArea::Record& HeldArea::record(std::uint64_t sequence) const noexcept {
  return reinterpret_cast<Record*>(data_)[sequence & 1U];
}

HeldArea::Copy& HeldArea::copy(std::uint32_t block, unsigned which) const noexcept {
  return reinterpret_cast<Copy*>(data_ + kRecordBytes)[std::uint64_t{2} * block + which];
}

bool HeldArea::proves_itself(std::uint32_t block, unsigned which) const {
  const Copy& c = copy(block, which);
  return c.checksum == checksum(&c, sizeof c, kCopyPlace | std::uint64_t{2} * block | which);
}

// The newer whole record tells the frame. Where none is whole, no frame is.
void HeldArea::prove_records() {
  for (const std::uint64_t which : {0U, 1U}) {
    const Record& r = record(which);
    const bool whole = (r.sequence & 1U) == which && r.checksum == checksum(&r, sizeof r, kRecordPlace | which);
    if (!whole || r.sequence <= sequence_) continue;
    sequence_ = r.sequence;
    found_time_ = r.time;
  }
  found_sequence_ = sequence_;
}

// Of the copies that are not beyond that frame the newer whole one counts. Those beyond it, which a dead process was about to
// make current, and those that are not whole are wiped: no later frame of the same number may make them current.
void HeldArea::prove_block(std::uint32_t block) {
  const Copy* newest = nullptr;
  bool refused = false;
  for (unsigned which = 0; which < 2; ++which) {
    Copy& c = copy(block, which);
    if (c.sequence == 0) continue;
    if (c.sequence > sequence_ || !proves_itself(block, which)) {
      refused |= c.sequence != sequence_ + 1;
      c.sequence = 0;
    } else if (newest == nullptr || c.sequence > newest->sequence) {
      newest = &c;
    }
  }
  if (newest == nullptr) {
    damaged_ += refused ? 1 : 0;
  } else if ((newest->held.overlay | newest->held.gliding) != 0) {
    found_.push_back({block, &newest->held});
  }
}

void HeldArea::put(std::uint32_t block, const HeldBlock& held) noexcept RELUME_NONBLOCKING {
  // The older copy makes room. One of this frame is the newer of the two, but it is not current, so it is written again.
  const std::uint64_t a = copy(block, 0).sequence;
  const std::uint64_t b = copy(block, 1).sequence;
  const unsigned which = a > sequence_ || (b <= sequence_ && a <= b) ? 0 : 1;
  Copy& c = copy(block, which);
  c.sequence = sequence_ + 1;  // first: a copy that is torn is one of a frame that never was
  order_stores();
  c.held = held;
  c.checksum = checksum(&c, sizeof c, kCopyPlace | std::uint64_t{2} * block | which);
}

void HeldArea::composed(std::int64_t now) noexcept RELUME_NONBLOCKING {
  const std::uint64_t next = sequence_ + 1;
  order_stores();  // the blocks are whole before the record can be
  Record& r = record(next);
  r.sequence = next;
  r.time = now;
  r.checksum = checksum(&r, sizeof r, kRecordPlace | (next & 1U));
  order_stores();
  sequence_ = next;
}

void HeldArea::forget_found() {
  for (const Found& found : found_) {
    for (unsigned which = 0; which < 2; ++which) {
      Copy& c = copy(found.block, which);
      if (c.sequence <= found_sequence_) c.sequence = 0;
    }
  }
  found_.clear();
}

}  // namespace relume::core
