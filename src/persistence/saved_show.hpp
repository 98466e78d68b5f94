// SPDX-License-Identifier: Apache-2.0
// A whole state, as the stores write and read it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "live/page_tree.hpp"
#include "model/objects.hpp"
#include "model/stack.hpp"
#include "persistence/structure_codec.hpp"

namespace relume::core {

using ShowId = std::array<std::uint8_t, 16>;

/// What holds for a state as a whole.
struct SavedHead {
  std::uint64_t revision = 0;
  std::uint64_t history = 0;
  std::uint64_t epoch = 0;
  std::int64_t accepted_ns = 0;       // realtime at which that revision was accepted
  std::uint64_t document_wanted = 0;  // newest revision that the document was asked for
  std::uint32_t restarts = 0;

  bool operator==(const SavedHead&) const = default;
};

/// A state at rest, read from a file. Blocks by index; those beyond the end are empty.
struct SavedShow {
  SavedHead head;
  SavedStack stack;
  std::vector<SavedBlock> blocks;
  ObjectTable objects;

  const SavedBlock* block(std::uint32_t index) const { return index < blocks.size() ? &blocks[index] : nullptr; }
};

/// A state to be written: a picture of one revision that does not change while it is looked at, however the show goes on.
class StateView {
 public:
  virtual ~StateView() = default;
  virtual const SavedHead& head() const = 0;
  virtual const Stack& stack() const = 0;
  virtual const ObjectTable& objects() const = 0;
  /// nullptr where nothing was ever written.
  virtual const SavedBlock* block(std::uint32_t index) const = 0;
  /// Calls f for at least the blocks that changed after `revision` of this history; for all that there are when it is 0.
  virtual void each_block_since(std::uint64_t revision,
                                const std::function<void(std::uint32_t, const SavedBlock&)>& f) const = 0;
};

/// Which document, as far as somebody has read or written it: told by `stat` alone, or by its content.
struct DocumentMark {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t hash = 0;      // XXH3-64 of the whole file; 0: there is no document
  std::uint64_t revision = 0;  // of its header

  bool operator==(const DocumentMark&) const = default;
  bool same_file(const DocumentMark& o) const {
    return device == o.device && inode == o.inode && size == o.size && modified_ns == o.modified_ns;
  }
};

}  // namespace relume::core
