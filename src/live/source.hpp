// SPDX-License-Identifier: Apache-2.0
// One automation source: where its thread leaves values and the composer finds them, neither ever waiting.
//
// Each parameter that a source writes has a cell with three versions of the value: the source builds in one, the composer reads
// one, and the third lies between them, exchanged through one atomic word. A cell that turns fresh is queued once; a flood of
// writes to it costs no more room, and the newest value is what the composer finds.
#pragma once

#include <atomic>
#include <cstdint>

#include "live/any_source.hpp"
#include "live/layer_table.hpp"
#include "live/spsc_ring.hpp"
#include "platform/memory.hpp"

namespace relume::core {

class Source final : public AnySource {
 public:
  /// `order` is the coordinator's count of operator mutations.
  Source(const Identity& identity, std::uint32_t max_params, const LayerTable& layers,
         const std::atomic<std::uint64_t>& order);

  // --- source role ---
  relume_result write(relume_param param, const relume_value& value, std::int64_t now) noexcept RELUME_NONBLOCKING;
  relume_result write_many(const relume_overlay_value* values, std::size_t count, std::int64_t now,
                           std::size_t* culprit) noexcept RELUME_NONBLOCKING;
  relume_result release(relume_param param, std::int64_t now) noexcept RELUME_NONBLOCKING;
  void info(relume_source_info& out) const noexcept RELUME_NONBLOCKING;

  // --- frame role ---
  /// Calls f(write), which says whether it could take it, for the newest value of every parameter that was written since. What
  /// was not taken, and batches while one is half written, are offered again next time. `now` is compose time.
  template <class F>
  void drain(std::int64_t now, F&& f) noexcept;

 private:
  static constexpr std::uint32_t kFresh = 4;
  static constexpr std::int64_t kNotDeferred = INT64_MAX;
  struct alignas(64) Cell {
    OverlayWrite version[3];
    std::atomic<std::uint32_t> between;  // index of the version between the threads, kFresh when unread
    // source role
    std::uint32_t building;
    bool active;  // not released: an equal value is no change
    std::uint64_t param;
    Lanes last;
    // frame role
    std::uint32_t reading;
    bool waiting;  // in waiting_
  };
  struct Checked {
    std::uint64_t order;
    const ParamDef* def;
    std::uint32_t slot;
    Lanes lanes;
  };
  relume_result check(relume_param param, const relume_value& value, std::uint64_t order,
                      Checked& out) const noexcept RELUME_NONBLOCKING;
  Cell* cell_for(std::uint64_t param) noexcept RELUME_NONBLOCKING;
  relume_result refuse(relume_result why) noexcept RELUME_NONBLOCKING;
  void put(Cell& cell, const OverlayWrite& write) noexcept RELUME_NONBLOCKING;
  void write_checked(Cell& cell, relume_param param, const Checked& value, std::uint32_t policy, std::int64_t now,
                     std::uint64_t batch) noexcept RELUME_NONBLOCKING;
  void collect() noexcept;
  bool ahead_of(std::uint64_t published) const noexcept;

  const LayerTable& layers_;
  const std::atomic<std::uint64_t>& order_;
  platform::FixedArray<Cell> cells_;
  platform::FixedArray<std::uint32_t> places_;   // hash table of cell numbers + 1, source role
  platform::FixedArray<std::uint32_t> waiting_;  // frame role
  std::size_t waiting_count_ = 0;
  std::int64_t deferred_since_ = kNotDeferred;  // compose time since which batches are held back
  std::uint32_t cells_used_ = 0;
  std::uint64_t batch_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t unchanged_ = 0;
  std::uint64_t rejected_ = 0;
  // A cell that waits in the frame role can be queued once more when it turns fresh again: two places each.
  SpscRing<std::uint32_t> fresh_;
  std::atomic<std::uint64_t> published_{0};  // newest batch that is whole
};

// Takes the newest version of every cell that was written into the list of those that wait.
inline void Source::collect() noexcept {
  for (std::size_t i = 0; i < waiting_count_; ++i) {
    Cell& cell = cells_[waiting_[i]];
    if ((cell.between.load(std::memory_order_relaxed) & kFresh) == 0) continue;
    cell.reading = cell.between.exchange(cell.reading, std::memory_order_acq_rel) & ~kFresh;
  }
  for (std::size_t count = fresh_.size(); count > 0; --count) {
    Cell& cell = cells_[fresh_.front()];
    if ((cell.between.load(std::memory_order_relaxed) & kFresh) != 0) {
      cell.reading = cell.between.exchange(cell.reading, std::memory_order_acq_rel) & ~kFresh;
      if (!cell.waiting) waiting_[waiting_count_++] = fresh_.front();
      cell.waiting = true;
    }
    fresh_.pop();
  }
}

inline bool Source::ahead_of(std::uint64_t published) const noexcept {
  for (std::size_t i = 0; i < waiting_count_; ++i) {
    const Cell& cell = cells_[waiting_[i]];
    if (cell.version[cell.reading].batch > published) return true;
  }
  return false;
}

template <class F>
void Source::drain(std::int64_t now, F&& f) noexcept {
  // A cell that is ahead of the newest whole batch may have covered a value of an older one: then that one cannot be shown
  // whole, and all batches of this source wait. Looking again helps when the batch was just being finished; a source that is at
  // it without a pause is cut off after a while, so that its values are seen at all.
  constexpr int kLooks = 3;
  constexpr std::int64_t kLongest = 250'000'000;
  std::uint64_t published = 0;
  bool ahead = true;
  for (int look = 0; ahead && look < kLooks; ++look) {
    // Cells of a batch are queued before it is published: those of every batch up to this one are collected.
    published = published_.load(std::memory_order_acquire);
    collect();
    ahead = ahead_of(published);
  }
  if (!ahead) {
    deferred_since_ = kNotDeferred;
  } else if (deferred_since_ == kNotDeferred) {
    deferred_since_ = now;
  }
  const bool deferred = ahead && now - deferred_since_ < kLongest;
  if (!deferred) deferred_since_ = kNotDeferred;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < waiting_count_; ++i) {
    Cell& cell = cells_[waiting_[i]];
    const OverlayWrite& write = cell.version[cell.reading];
    const bool due = write.batch == 0 || (write.batch <= published && !deferred);
    if (due && f(write)) {
      cell.waiting = false;
    } else {
      waiting_[kept++] = waiting_[i];
    }
  }
  waiting_count_ = kept;
}

}  // namespace relume::core
