// SPDX-License-Identifier: Apache-2.0
#include "coordinator/snapshot.hpp"

namespace relume::core {

Snapshot::Snapshot(Coordinator& coordinator) : c_(coordinator) {
  const std::lock_guard lock(c_.hot_);
  head_ = c_.head_;
  stack_ = c_.stack_;
  objects_ = c_.objects_;
  picture_ = c_.tree_.retain();
  c_.ledger_.pictured();
}

// In small parts: a mutation waits for one of them at most.
Snapshot::~Snapshot() {
  for (bool done = false; !done;) {
    const std::lock_guard lock(c_.hot_);
    done = c_.tree_.release(64);
  }
}

const SavedBlock* Snapshot::block(std::uint32_t index) const {
  const Page* page = index < c_.tree_.blocks() ? c_.tree_.page(picture_, index) : nullptr;
  return page != nullptr ? &page->saved : nullptr;
}

void Snapshot::each_block_since(std::uint64_t revision,
                                const std::function<void(std::uint32_t, const SavedBlock&)>& f) const {
  c_.tree_.each_since(picture_, revision, [&](std::uint32_t block, const Page& page) { f(block, page.saved); });
}

}  // namespace relume::core
