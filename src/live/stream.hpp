// SPDX-License-Identifier: Apache-2.0
// A source that always writes the same run of float slots, whole: one exchange of an atomic word for all of them.
//
// There are three versions of the run: the source builds one, the composer reads one, the third lies between them. Beside each
// slot stands the order of operator mutations that its last *change* knew of, so that a value that did not change never beats
// an operator who came after it.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

#include "live/any_source.hpp"
#include "live/layer_table.hpp"
#include "platform/memory.hpp"
#include "platform/memory_order.hpp"

namespace relume::core {

class Stream final : public AnySource {
 public:
  /// The run as `first` and `type` say; all of it was checked by check_run.
  Stream(const Identity& identity, relume_param first, std::uint32_t count, const LayerType& type,
         const LayerTable& layers, const std::atomic<std::uint64_t>& order);

  /// Whether a type has nothing but whole float parameters in a run of slots; else RELUME_E_TYPE or RELUME_E_UNKNOWN_ROUTE.
  static Fault check_run(const LayerType& type, std::uint32_t first, std::size_t count);

  // --- source role ---
  relume_result write(const float* values, std::size_t count, std::int64_t now,
                      std::size_t* culprit) noexcept RELUME_NONBLOCKING;
  void info(relume_source_info& out) const noexcept RELUME_NONBLOCKING;

  // --- frame role ---
  /// Marks the parameters that are another than they were.
  void collect() noexcept RELUME_NONBLOCKING;
  /// Calls f(write), which says whether it could take it, for those that are marked.
  template <class F>
  void offer(F&& f) noexcept;
  /// What it holds was released because it was silent: what it says next is all of it news.
  void forget() noexcept { forgotten_ = true; }

 private:
  static constexpr std::uint32_t kFresh = 4;
  struct Version {
    platform::FixedArray<float> values;
    platform::FixedArray<std::uint64_t> orders;
    const LayerType* type = nullptr;
    std::uint32_t layer_slot = 0;  // of the layer in the show
    std::int64_t time = 0;
  };
  void learn(const LayerType& type) noexcept RELUME_NONBLOCKING;
  relume_result take_slowly(const float* values, std::size_t* culprit) noexcept RELUME_NONBLOCKING;
  relume_result refuse(relume_result why) noexcept RELUME_NONBLOCKING;

  const relume_param first_;
  const std::uint32_t count_;
  const LayerTable& layers_;
  const std::atomic<std::uint64_t>& order_;
  platform::FixedArray<std::uint32_t> params_;  // offsets in the run where parameters begin
  Version versions_[3];
  std::atomic<std::uint32_t> between_{1};  // index of the version between the threads, kFresh when unread

  // Source role.
  std::uint32_t building_ = 0;
  const LayerType* type_ = nullptr;  // whose ranges are in low_ and high_
  platform::FixedArray<float> low_;
  platform::FixedArray<float> high_;
  platform::FixedArray<float> next_;
  platform::FixedArray<float> last_;
  platform::FixedArray<std::uint64_t> changed_;  // by slot: order of its last change
  bool written_once_ = false;
  std::uint64_t written_ = 0;
  std::uint64_t unchanged_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t superseded_ = 0;

  // Frame role.
  std::uint32_t reading_ = 2;
  platform::FixedArray<float> seen_;
  platform::FixedArray<std::uint64_t> seen_order_;
  platform::FixedArray<std::uint64_t> pending_;  // bit per parameter: to be offered
  bool forgotten_ = false;
};

template <class F>
void Stream::offer(F&& f) noexcept {
  const Version& now = versions_[reading_];
  for (std::size_t group = 0; group < pending_.size(); ++group) {
    for (std::uint64_t left = pending_[group]; left != 0; left &= left - 1) {
      const std::uint32_t at = params_[group * 64 + static_cast<std::size_t>(std::countr_zero(left))];
      OverlayWrite write;
      write.param = first_.bits + at;  // the slot is in the low bits
      const std::uint32_t in_layer = slot_of(relume_param{write.param});
      write.def = now.type->at_slot(in_layer);
      write.slot = now.layer_slot + in_layer;
      write.time = now.time;
      for (std::uint32_t lane = 0; lane < write.def->lanes; ++lane) {
        write.order = now.orders[at + lane] > write.order ? now.orders[at + lane] : write.order;
        write.lanes[lane] = std::bit_cast<std::uint32_t>(now.values[at + lane]);
      }
      if (f(write)) pending_[group] &= ~(left & (~left + 1));
    }
  }
}

}  // namespace relume::core
