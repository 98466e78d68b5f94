// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rig::decklink::card {

void Ledger::count_told(abi::CompletionResult result) {
  count([result](virtual_card_ledger& counters) {
    switch (result) {
      case abi::kCompleted: ++counters.completed; break;
      case abi::kDisplayedLate: ++counters.late; break;
      case abi::kDropped: ++counters.dropped; break;
      case abi::kFlushed: ++counters.flushed; break;
    }
  });
}

std::size_t Ledger::add_displayed(std::uint64_t serial, std::int64_t slot, std::int64_t shown) {
  const std::lock_guard lock(mutex_);
  displayed_.push_back({serial, slot, shown, 0});
  return displayed_.size() - 1;
}

void Ledger::set_hash(std::size_t index, std::uint64_t hash) {
  const std::lock_guard lock(mutex_);
  displayed_[index].hash = hash;
}

virtual_card_ledger Ledger::read() const {
  const std::lock_guard lock(mutex_);
  virtual_card_ledger ledger = counters_;
  ledger.struct_size = sizeof ledger;
  ledger.frame_references = frame_references_.load();
  ledger.displayed = displayed_.size();
  ledger.outstanding = ledger.scheduled - ledger.completed - ledger.late - ledger.dropped - ledger.flushed;
  return ledger;
}

std::size_t Ledger::displayed(std::size_t first, virtual_card_displayed* out, std::size_t capacity) const {
  const std::lock_guard lock(mutex_);
  if (first >= displayed_.size()) return 0;
  const std::size_t there = displayed_.size() - first;
  if (out != nullptr)
    std::copy_n(displayed_.begin() + static_cast<std::ptrdiff_t>(first), std::min(there, capacity), out);
  return there;
}

std::string json_members(const virtual_card_ledger& ledger) {
  return fmt::format(
      R"("enabled":{},"scheduled":{},"completed":{},"late":{},"dropped":{},"flushed":{},"outstanding":{},"queued":{},)"
      R"("frame_references":{},"refused":{},"synchronous":{},"underruns":{},"stopped_notices":{},"audio_written":{},)"
      R"("audio_played":{},"audio_flushed":{},"audio_buffered":{},"audio_underruns":{},"displayed":{})",
      ledger.enabled, ledger.scheduled, ledger.completed, ledger.late, ledger.dropped, ledger.flushed,
      ledger.outstanding, ledger.queued, ledger.frame_references, ledger.refused, ledger.synchronous, ledger.underruns,
      ledger.stopped_notices, ledger.audio_written, ledger.audio_played, ledger.audio_flushed, ledger.audio_buffered,
      ledger.audio_underruns, ledger.displayed);
}

}  // namespace rig::decklink::card
