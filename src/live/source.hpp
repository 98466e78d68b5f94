// SPDX-License-Identifier: Apache-2.0
// One automation source: where its thread leaves values and the composer finds them, neither ever waiting.
//
// Each parameter that a source writes has a cell with three versions of the value: the source builds in one, the composer reads
// one, and the third lies between them, exchanged through one atomic word. A cell that turns fresh is queued once; a flood of
// writes to it costs no more room, and the newest value is what the composer finds.
#pragma once

#include <relume/overlay.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "live/layer_table.hpp"
#include "live/spsc_ring.hpp"
#include "model/param.hpp"
#include "platform/memory.hpp"

namespace relume::core {

/// What a source says about one parameter.
struct OverlayWrite {
  std::uint64_t param = 0;  // handle bits
  const ParamDef* def = nullptr;
  std::uint64_t order = 0;  // newest operator mutation that the source could know of
  std::uint64_t batch = 0;  // 0: alone
  std::int64_t time = 0;
  Lanes lanes{};
  std::uint32_t slot = 0;  // first slot in the show
  std::uint32_t commit_policy = 0;
  bool release = false;
};

class Source {
 public:
  struct Config {
    std::string name;
    std::uint32_t number = 0;
    std::uint32_t priority = RELUME_PRIORITY_DEFAULT;
    std::uint32_t commit_policy = 0;
    std::uint32_t max_params = 0;
  };
  /// `order` is the coordinator's count of operator mutations.
  Source(Config config, const LayerTable& layers, const std::atomic<std::uint64_t>& order);

  std::uint32_t number() const noexcept { return config_.number; }
  std::uint32_t priority() const noexcept { return config_.priority; }
  std::uint32_t commit_policy() const noexcept { return config_.commit_policy; }
  const std::string& name() const { return config_.name; }
  int lock_errno() const { return cells_.lock_errno(); }

  // --- source role ---
  relume_result write(relume_param param, const relume_value& value, std::int64_t now) noexcept RELUME_NONBLOCKING;
  relume_result write_many(const relume_overlay_value* values, std::size_t count, std::int64_t now,
                           std::size_t* culprit) noexcept RELUME_NONBLOCKING;
  relume_result release(relume_param param, std::int64_t now) noexcept RELUME_NONBLOCKING;
  void info(relume_source_info& out) const noexcept RELUME_NONBLOCKING;
  /// The last word of this source: the composer releases what it holds.
  void close() noexcept { closing_.store(true, std::memory_order_release); }

  // --- frame role ---
  /// Calls f(write), which says whether it could take it, for the newest value of every parameter that was written since. What
  /// was not taken, and what belongs to a batch that is still being written, is offered again next time.
  template <class F>
  void drain(F&& f) noexcept;
  bool closing() const noexcept { return closing_.load(std::memory_order_acquire); }
  void acknowledge_close() noexcept { closed_.store(true, std::memory_order_release); }

  // --- coordinator ---
  bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

 private:
  static constexpr std::uint32_t kFresh = 4;
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
  relume_result check(relume_param param, const relume_value& value, Checked& out) const noexcept RELUME_NONBLOCKING;
  Cell* cell_for(std::uint64_t param) noexcept RELUME_NONBLOCKING;
  relume_result refuse(relume_result why) noexcept RELUME_NONBLOCKING;
  void put(Cell& cell, const OverlayWrite& write) noexcept RELUME_NONBLOCKING;
  void write_checked(Cell& cell, relume_param param, const Checked& value, std::uint32_t policy, std::int64_t now,
                     std::uint64_t batch) noexcept RELUME_NONBLOCKING;
  template <class F>
  void offer(std::uint32_t index, std::uint64_t published, bool again, F& f) noexcept;

  const Config config_;
  const LayerTable& layers_;
  const std::atomic<std::uint64_t>& order_;
  platform::FixedArray<Cell> cells_;
  platform::FixedArray<std::uint32_t> places_;   // hash table of cell numbers + 1, source role
  platform::FixedArray<std::uint32_t> waiting_;  // frame role
  std::size_t waiting_count_ = 0;
  std::uint32_t cells_used_ = 0;
  std::uint64_t batch_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t unchanged_ = 0;
  std::uint64_t rejected_ = 0;
  SpscRing<std::uint32_t> fresh_;
  std::atomic<std::uint64_t> published_{0};  // newest batch that is whole
  std::atomic<bool> closing_{false};
  std::atomic<bool> closed_{false};
};

template <class F>
void Source::offer(std::uint32_t index, std::uint64_t published, bool again, F& f) noexcept {
  Cell& cell = cells_[index];
  if ((cell.between.load(std::memory_order_relaxed) & kFresh) != 0) {
    cell.reading = cell.between.exchange(cell.reading, std::memory_order_acq_rel) & ~kFresh;
  } else if (!again) {
    return;  // its newest version was taken when it was offered again
  }
  const OverlayWrite& write = cell.version[cell.reading];
  const bool taken = write.batch <= published && f(write);
  if (!taken && !cell.waiting) waiting_[waiting_count_++] = index;
  cell.waiting = !taken;
}

template <class F>
void Source::drain(F&& f) noexcept {
  const std::uint64_t published = published_.load(std::memory_order_acquire);
  // Cells of a batch are queued before it is published, so this many hold all of every published batch.
  std::size_t count = fresh_.size();
  const std::size_t waiting = waiting_count_;
  waiting_count_ = 0;
  for (std::size_t i = 0; i < waiting; ++i) {
    cells_[waiting_[i]].waiting = false;
    offer(waiting_[i], published, true, f);
  }
  for (; count > 0; --count) {
    const std::uint32_t index = fresh_.front();
    fresh_.pop();
    offer(index, published, false, f);
  }
}

}  // namespace relume::core
