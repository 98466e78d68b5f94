// SPDX-License-Identifier: Apache-2.0
#include "persistence/save_ledger.hpp"

#include <relume/persistence.h>

namespace relume::core {

std::uint32_t SaveLedger::persistence_of(std::uint32_t targets, bool joined) const noexcept {
  const std::uint32_t verdict = held();
  if (verdict != 0 && (targets & target_bit(kDocument)) != 0) {
    return verdict == RELUME_VERDICT_NEWER_FORMAT ? RELUME_PERSISTENCE_REFUSED_READ_ONLY : RELUME_PERSISTENCE_HELD;
  }
  for (const Target target : kTargets) {
    const bool asked = (targets & target_bit(target)) != 0;
    if (asked && marks_[target].failing.load(std::memory_order_relaxed)) return RELUME_PERSISTENCE_DEGRADED;
  }
  return joined ? RELUME_PERSISTENCE_JOINED : RELUME_PERSISTENCE_SCHEDULED;
}

}  // namespace relume::core
