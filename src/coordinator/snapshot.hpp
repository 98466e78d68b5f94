// SPDX-License-Identifier: Apache-2.0
// A revision as the disk role writes it: a retained picture of the pages, and shared stack and objects. Taking one costs a
// mutation no more than the moment it takes to count three references.
#pragma once

#include "coordinator/coordinator.hpp"
#include "persistence/saved_show.hpp"

namespace relume::core {

class Snapshot final : public StateView {
 public:
  explicit Snapshot(Coordinator& coordinator);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot() override;

  const SavedHead& head() const override { return head_; }
  const Stack& stack() const override { return *stack_; }
  const ObjectTable& objects() const override { return *objects_; }
  const SavedBlock* block(std::uint32_t index) const override;
  void each_block_since(std::uint64_t revision,
                        const std::function<void(std::uint32_t, const SavedBlock&)>& f) const override;

 private:
  Coordinator& c_;
  SavedHead head_;
  std::shared_ptr<const Stack> stack_;
  std::shared_ptr<const ObjectTable> objects_;
  PageTree::Picture picture_;
};

}  // namespace relume::core
