// SPDX-License-Identifier: Apache-2.0
// What a client has to read anew, who knows an earlier state or one of a branch that was lost.
#include <algorithm>

#include "coordinator/coordinator.hpp"

namespace relume::core {

Coordinator::Changes Coordinator::changes_since(std::uint64_t history, std::uint64_t revision) {
  Changes changes;
  std::shared_ptr<const Stack> stack;
  std::vector<bool> changed(tree_.blocks());
  {
    const std::lock_guard lock(hot_);
    changes.history = head_.history;
    changes.revision = head_.revision;
    changes.whole = history != head_.history || revision > head_.revision || revision < structure_revision_;
    stack = stack_;
    // A client at revision 0 of this history knows the show as it began; each_since takes 0 for everything, which is right too.
    if (!changes.whole && revision != head_.revision) {
      tree_.each_since(revision, [&](std::uint32_t block, const Page&) { changed[block] = true; });
    }
  }
  for (const auto& layer : stack->order()) {
    if (layer->dormant()) continue;
    for (const ParamDef& def : layer->type->params()) {
      if (!changes.whole && !changed[(layer->first_slot + def.slot) / kBlockSlots]) continue;
      changes.params.push_back(param_handle(layer->index, layer->generation, def.slot));
    }
  }
  return changes;
}

}  // namespace relume::core
