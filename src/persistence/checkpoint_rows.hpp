// SPDX-License-Identifier: Apache-2.0
// The rows of the checkpoint's tables `page` and `object`: reading the state of one head, and writing what a state has new.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/checkpoint_format.hpp"

namespace relume::core {

/// Which rows there are, and what the newest state has in them: a save compares with this, not with the file.
struct CheckpointRows {
  struct Block {
    std::uint64_t checksum = 0;  // of the newest row
    std::array<std::uint64_t, checkpoint_format::kSlots>
        stamp{};  // by slot: the row's revision + 1; 0 where there is none
    bool there() const;
  };
  struct Object {
    struct Row {
      std::int64_t id;
      std::uint64_t stamp;  // its revision + 1
    };
    std::vector<Row> rows;
    bool there = false;      // in the newest state
    std::uint64_t kind = 0;  // of the newest row, as the next two
    std::uint64_t checksum = 0;
    std::shared_ptr<const std::string> bytes;  // when somebody holds them anyway: the same address is the same content
  };

  std::vector<Block> blocks;
  std::map<std::string, Object, std::less<>> objects;
  Object stack;
  std::int64_t next_id = 1;

  std::uint64_t digest = 0;
  std::uint64_t block_count = 0;
  std::uint64_t object_count = 0;
};

/// Reads and proves the state of a head. False and the reason when it is not whole. No row may be newer than `newest`.
/// @param state optional. @param rows optional: all rows, as they stand at this head.
bool read_checkpoint(const SqliteConnection& db, const checkpoint_format::Head& head, std::uint64_t newest,
                     SavedShow* state, CheckpointRows* rows, std::string& reason);

/// Writes, within the caller's transaction, the rows in which a state differs from the newest one. After an exception the rows in
/// memory say nothing about those in the file.
class CheckpointWriter {
 public:
  CheckpointWriter(const SqliteConnection& db, CheckpointRows& rows);

  /// @param all compare every block; else those that changed after `since` are enough.
  /// @param oldest revision of the oldest state that will be kept, this one included.
  void write(const StateView& view, bool all, std::uint64_t since, std::uint64_t oldest);

 private:
  void write_block(std::uint64_t index, const SavedBlock& block);
  void write_stack(const Stack& stack);
  void write_objects(const ObjectTable& table);
  void put_object(std::string_view name, CheckpointRows::Object& object, std::uint64_t kind, std::string_view bytes);
  /// The object's row that may be overwritten, or a new one's id. The others that no state needs are deleted.
  std::int64_t place_object(CheckpointRows::Object& object);
  void thin_out(CheckpointRows::Object& object);
  /// False when nothing of it is left.
  bool remove_object(std::string_view name, CheckpointRows::Object& object);

  CheckpointRows& rows_;
  SqliteStatement put_page_;
  SqliteStatement put_object_;
  SqliteStatement delete_object_;
  std::uint64_t revision_ = 0;
  std::uint64_t oldest_ = 0;  // as a stamp
  std::vector<std::shared_ptr<const Layer>>
      layers_;  // of the stack as last written: layers are never changed, only replaced
  std::uint64_t next_layer_id_ = 0;
};

}  // namespace relume::core
