// SPDX-License-Identifier: Apache-2.0
// A state to be saved that a test puts together, and what it must be when it is read again.
#pragma once

#include <relume/stack.h>
#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/schema.hpp"
#include "persistence/saved_show.hpp"

namespace relume::test {

/// A copy is a picture: what is done to the original afterwards does not change it.
class BuiltState final : public core::StateView {
 public:
  BuiltState() : stack_(256, 1U << 20U) { head_.history = 0x0123456789abcdef; }

  const core::SavedHead& head() const override { return head_; }
  const core::Stack& stack() const override { return stack_; }
  const core::ObjectTable& objects() const override { return objects_; }
  const core::SavedBlock* block(std::uint32_t index) const override {
    const auto at = blocks_.find(index);
    return at != blocks_.end() ? &at->second.first : nullptr;
  }
  void each_block_since(std::uint64_t revision,
                        const std::function<void(std::uint32_t, const core::SavedBlock&)>& f) const override {
    asked_since.push_back(revision);
    for (const auto& [index, block] : blocks_) {
      if (block.second > revision || revision == 0) f(index, block.first);
    }
  }

  /// The changes that follow are of this revision.
  void begin(std::uint64_t revision) { head_.revision = revision; }
  core::SavedHead& edit_head() { return head_; }
  /// All lanes of a block of both tiers follow from `value`.
  void put_block(std::uint32_t index, std::uint32_t value) {
    core::SavedBlock block;
    block.persisted_present = value;
    block.committed_present = ~std::uint64_t{value};
    for (std::uint32_t i = 0; i < core::kBlockSlots; ++i) {
      block.persisted[i] = value + i;
      block.committed[i] = value ^ (i << 16U);
    }
    blocks_[index] = {block, head_.revision};
  }
  void drop_block(std::uint32_t index) { blocks_.erase(index); }
  void put_object(const std::string& name, core::ObjectKind kind, std::string bytes) {
    objects_[name] = {kind, std::make_shared<const std::string>(std::move(bytes))};
  }
  void drop_object(const std::string& name) { objects_.erase(name); }
  void add_layer(const std::string& key) {
    if (type_ == nullptr) {
      core::ParamDef level;
      level.key = "level";
      level.type = RELUME_FLOAT;
      level.lanes = 1;
      REQUIRE(!core::LayerType::make("fixture", 3, {level}, true, type_));
    }
    const core::Layer* layer = nullptr;
    REQUIRE(!stack_.add(key, type_, relume_layer{0}, layer));
  }
  void bypass(const std::string& key) { stack_.set_flag(*stack_.find(key), RELUME_LAYER_BYPASSED, true); }

  mutable std::vector<std::uint64_t> asked_since;

 private:
  core::SavedHead head_;
  core::Stack stack_;
  core::ObjectTable objects_;
  std::map<std::uint32_t, std::pair<core::SavedBlock, std::uint64_t>> blocks_;  // and the revision of the last change
  std::shared_ptr<const core::LayerType> type_;
};

inline bool same_bytes(const core::SavedBlock& a, const core::SavedBlock& b) {
  return a.persisted_present == b.persisted_present && a.committed_present == b.committed_present &&
         a.persisted == b.persisted && a.committed == b.committed;
}

inline bool same_stack(const core::Stack& stack, const core::SavedStack& saved) {
  if (saved.next_layer_id != stack.next_layer_id() || saved.layers.size() != stack.order().size()) return false;
  for (std::size_t i = 0; i < saved.layers.size(); ++i) {
    const core::Layer& layer = *stack.order()[i];
    const core::SavedLayer& s = saved.layers[i];
    if (s.id != layer.id || s.key != layer.key || s.flags != layer.flags || s.first_slot != layer.first_slot)
      return false;
    if (s.type->key() != layer.type->key() || s.type->version() != layer.type->version()) return false;
    if (!s.type->same_shape(*layer.type)) return false;
  }
  return true;
}

/// What was read is exactly the state; blocks that it does not have are empty.
inline bool is_state(const BuiltState& state, const core::SavedShow& read) {
  if (!(read.head == state.head()) || read.objects != state.objects() || !same_stack(state.stack(), read.stack)) {
    return false;
  }
  std::uint32_t count = static_cast<std::uint32_t>(read.blocks.size());
  bool same = true;
  state.each_block_since(0, [&](std::uint32_t index, const core::SavedBlock&) { count = std::max(count, index + 1); });
  for (std::uint32_t i = 0; i < count; ++i) {
    const core::SavedBlock empty;
    const core::SavedBlock* wanted = state.block(i);
    const core::SavedBlock* found = read.block(i);
    same = same && same_bytes(wanted != nullptr ? *wanted : empty, found != nullptr ? *found : empty);
  }
  return same;
}

}  // namespace relume::test
