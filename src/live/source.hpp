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
#include "platform/memory_order.hpp"

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
  relume_result begin_gesture(relume_param param, std::int64_t now) noexcept RELUME_NONBLOCKING;
  relume_result change_gesture(relume_param param, const relume_value& value,
                               std::int64_t now) noexcept RELUME_NONBLOCKING;
  relume_result end_gesture(relume_param param, std::int64_t now) noexcept RELUME_NONBLOCKING;
  relume_result abort_gesture(relume_param param, std::int64_t now) noexcept RELUME_NONBLOCKING;
  void info(relume_source_info& out) const noexcept RELUME_NONBLOCKING;

  // --- frame role ---
  /// Takes the newest version of every cell that was written since. `now` is compose time.
  void collect(std::int64_t now) noexcept RELUME_NONBLOCKING;
  /// Calls f(write), which says whether it could take it, for what was collected. What was not taken, and batches while one is
  /// half written, are offered again next time.
  template <class F>
  void offer(F&& f) noexcept;

 private:
  static constexpr std::uint32_t kFresh = 4;
  static constexpr std::int64_t kNotDeferred = INT64_MAX;
  enum class Gesture : std::uint8_t { none, held, changed };
  struct alignas(64) Cell {
    OverlayWrite version[3];
    std::atomic<std::uint32_t> between;  // index of the version between the threads, kFresh when unread
    // source role
    std::uint8_t building;
    bool active;  // not released: an equal value is no change
    Gesture gesture;
    // frame role
    std::uint8_t reading;
    bool waiting;  // in waiting_
    // source role
    std::uint32_t epoch;         // in which it was active
    std::uint32_t pulses;        // in all
    std::uint32_t pulses_base;   // when the parameter that has the cell now got it
    std::uint32_t pulses_taken;  // frame role
    std::uint32_t base_taken;    // frame role: the base that it counts on from
    std::uint64_t param;
    Lanes last;
  };
  static_assert(sizeof(Cell) == 256);
  struct Checked {
    std::uint64_t order;
    const ParamDef* def;
    std::uint32_t slot;
    Lanes lanes;
  };
  relume_result check(relume_param param, const relume_value& value, std::uint64_t order,
                      Checked& out) const noexcept RELUME_NONBLOCKING;
  relume_result find_gesture(relume_param param, Checked& out, Cell*& cell) noexcept RELUME_NONBLOCKING;
  /// nullptr: there is none, and none may be made or there is no room for another.
  Cell* cell_for(std::uint64_t param, bool make = true) noexcept RELUME_NONBLOCKING;
  relume_result refuse(relume_result why) noexcept RELUME_NONBLOCKING;
  void hear() noexcept RELUME_NONBLOCKING;
  bool is_active(const Cell& cell) const noexcept { return cell.active && cell.epoch == epoch_; }
  void put(Cell& cell, const OverlayWrite& write) noexcept RELUME_NONBLOCKING;
  void write_checked(Cell& cell, relume_param param, const Checked& value,
                     const OverlayWrite& rest) noexcept RELUME_NONBLOCKING;
  void finish_gesture(Cell& cell, relume_param param, const Checked& checked, bool commit,
                      std::int64_t now) noexcept RELUME_NONBLOCKING;
  static OverlayWrite::Kind unread_kind(const Cell& cell) noexcept RELUME_NONBLOCKING;
  void collect_cells() noexcept;
  bool ahead_of(std::uint64_t published) const noexcept;

  const LayerTable& layers_;
  const std::atomic<std::uint64_t>& order_;
  platform::FixedArray<Cell> cells_;
  platform::FixedArray<std::uint32_t> places_;   // hash table of cell numbers + 1, source role
  platform::FixedArray<std::uint32_t> waiting_;  // frame role
  std::size_t waiting_count_ = 0;
  std::int64_t deferred_since_ = kNotDeferred;  // compose time since which batches are held back
  std::uint64_t due_batch_ = 0;                 // frame role: batches up to this one are whole, and collected
  bool deferred_ = false;
  std::uint32_t cells_used_ = 0;
  std::uint32_t epoch_ = 0;
  std::uint64_t batch_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t unchanged_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t superseded_ = 0;
  // A cell that waits in the frame role can be queued once more when it turns fresh again: two places each.
  SpscRing<std::uint32_t> fresh_;
  std::atomic<std::uint64_t> published_{0};  // newest batch that is whole
};

template <class F>
void Source::offer(F&& f) noexcept {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < waiting_count_; ++i) {
    Cell& cell = cells_[waiting_[i]];
    const OverlayWrite& write = cell.version[cell.reading];
    bool taken = write.batch == 0 || (write.batch <= due_batch_ && !deferred_);
    if (taken && write.kind == OverlayWrite::Kind::pulses) {
      // Of its count only what is new: the parameter's own, and not taken before.
      const std::uint32_t total = write.lanes[0];
      const std::uint32_t base = write.lanes[1];
      if (base != cell.base_taken) cell.base_taken = cell.pulses_taken = base;
      OverlayWrite pulses = write;
      pulses.lanes = {total - cell.pulses_taken, 0, 0, 0};
      taken = pulses.lanes[0] == 0 || f(pulses);
      if (taken) cell.pulses_taken = total;
    } else if (taken) {
      taken = f(write);
    }
    if (taken) {
      cell.waiting = false;
    } else {
      waiting_[kept++] = waiting_[i];
    }
  }
  waiting_count_ = kept;
}

}  // namespace relume::core
