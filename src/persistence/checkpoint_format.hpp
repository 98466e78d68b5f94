// SPDX-License-Identifier: Apache-2.0
// The checkpoint's tables, and how a head, a page and an object prove themselves. docs/checkpoint-format.md is the specification.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/checkpoint_store.hpp"
#include "persistence/saved_show.hpp"
#include "persistence/sqlite_connection.hpp"

namespace relume::core::checkpoint_format {

inline constexpr std::int64_t kApplicationId = 0x52454C55;  // "RELU"
inline constexpr std::int64_t kVersion = 1;

/// A page row's key is its slot and its block. A block's rows are overwritten in place, so that a save touches one leaf for each.
inline constexpr unsigned kSlots = CheckpointStore::kStates;
inline constexpr unsigned kBlockBits = 18;
inline constexpr std::uint64_t kMaxBlocks = std::uint64_t{1} << kBlockBits;

/// Kind of the one object that is not in the object table: the stack, under the name "stack".
inline constexpr std::int64_t kStackKind = 0;
inline constexpr const char* kStackName = "stack";

struct Head {
  SavedHead head;
  CheckpointNote note;
  std::int64_t saved_ns = 0;
  std::uint64_t blocks = 0;   // that the state has
  std::uint64_t objects = 0;  // that the state has, the stack included
  std::uint64_t digest = 0;   // of all of them
  bool proven = true;         // its checksum holds; what it says of the state is the state's to prove
};

std::uint64_t page_checksum(std::uint64_t block, const void* data);
std::uint64_t object_checksum(std::string_view name, std::string_view data);
/// A page's and an object's part of the digest. The digest is the exclusive or of all parts, so that one is exchanged without
/// looking at the others.
std::uint64_t page_part(std::uint64_t block, std::uint64_t checksum);
std::uint64_t object_part(std::string_view name, std::uint64_t kind, std::uint64_t checksum);

/// Makes the tables in an empty database.
void make_tables(SqliteConnection& db, const ShowId& show_id);
bool read_show_id(const SqliteConnection& db, ShowId& out);

/// All heads, the newest first.
std::vector<Head> read_heads(const SqliteConnection& db, const ShowId& show_id);

/// Writes heads; one that has the revision of another replaces it.
class HeadWriter {
 public:
  HeadWriter(const SqliteConnection& db, const ShowId& show_id);
  void put(const Head& head);
  void remove_before(std::uint64_t revision);

 private:
  ShowId show_id_;
  SqliteStatement put_;
  SqliteStatement remove_;
};

}  // namespace relume::core::checkpoint_format
