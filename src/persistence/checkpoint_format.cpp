// SPDX-License-Identifier: Apache-2.0
#include "persistence/checkpoint_format.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <bit>

#include "platform/hex.hpp"

namespace relume::core::checkpoint_format {
namespace {

static_assert(std::endian::native == std::endian::little, "blocks and checksums are little-endian in the file");
static_assert(sizeof(SavedBlock) == 528, "a block has no padding: its bytes are the file's");

constexpr const char* kTables = R"(
CREATE TABLE meta(
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE head(
  revision INTEGER PRIMARY KEY,
  history TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  accepted_ns INTEGER NOT NULL,
  saved_ns INTEGER NOT NULL,
  restarts INTEGER NOT NULL,
  document_wanted INTEGER NOT NULL,
  reason TEXT NOT NULL,
  clean INTEGER NOT NULL,
  document_device INTEGER NOT NULL,
  document_inode INTEGER NOT NULL,
  document_size INTEGER NOT NULL,
  document_modified_ns INTEGER NOT NULL,
  document_hash TEXT NOT NULL,
  document_revision INTEGER NOT NULL,
  blocks INTEGER NOT NULL,
  objects INTEGER NOT NULL,
  digest TEXT NOT NULL,
  checksum TEXT NOT NULL
);
CREATE TABLE page(
  place INTEGER PRIMARY KEY,
  block INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  data BLOB NOT NULL
);
CREATE TABLE object(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  revision INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  data
);
)";

constexpr const char* kReadHeads =
    "SELECT revision, history, epoch, accepted_ns, saved_ns, restarts, document_wanted, reason, clean, document_device,"
    " document_inode, document_size, document_modified_ns, document_hash, document_revision, blocks, objects, digest,"
    " checksum FROM head ORDER BY revision DESC";
constexpr const char* kPutHead =
    "INSERT OR REPLACE INTO head VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)";

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

bool from_hex(std::string_view text, std::uint64_t& out) {
  std::uint8_t bytes[8];
  if (!platform::from_hex(text, bytes, sizeof bytes)) return false;
  out = 0;
  for (const std::uint8_t byte : bytes) out = out << 8U | byte;
  return true;
}

/// Over the show and every column, in their order: numbers as 8 bytes, the reason's text last.
std::uint64_t head_checksum(const ShowId& show_id, const Head& h) {
  const std::uint64_t numbers[] = {h.head.revision,
                                   h.head.history,
                                   h.head.epoch,
                                   static_cast<std::uint64_t>(h.head.accepted_ns),
                                   static_cast<std::uint64_t>(h.saved_ns),
                                   h.head.restarts,
                                   h.head.document_wanted,
                                   h.note.clean ? 1U : 0U,
                                   h.note.document.device,
                                   h.note.document.inode,
                                   h.note.document.size,
                                   static_cast<std::uint64_t>(h.note.document.modified_ns),
                                   h.note.document.hash,
                                   h.note.document.revision,
                                   h.blocks,
                                   h.objects,
                                   h.digest};
  std::string bytes(reinterpret_cast<const char*>(show_id.data()), show_id.size());
  bytes.append(reinterpret_cast<const char*>(numbers), sizeof numbers);
  bytes.append(h.note.reason);
  return XXH3_64bits(bytes.data(), bytes.size());
}

Head read_head(const SqliteStatement& row, const ShowId& show_id) {
  Head h;
  std::uint64_t checksum = 0;
  h.head.revision = row.number(0);
  const bool spelled = from_hex(row.bytes(1), h.head.history) && from_hex(row.bytes(13), h.note.document.hash) &&
                       from_hex(row.bytes(17), h.digest) && from_hex(row.bytes(18), checksum);
  h.head.epoch = row.number(2);
  h.head.accepted_ns = row.integer(3);
  h.saved_ns = row.integer(4);
  h.head.restarts = static_cast<std::uint32_t>(row.integer(5));
  h.head.document_wanted = row.number(6);
  h.note.reason = row.bytes(7);
  h.note.clean = row.integer(8) != 0;
  h.note.document.device = row.number(9);
  h.note.document.inode = row.number(10);
  h.note.document.size = row.number(11);
  h.note.document.modified_ns = row.integer(12);
  h.note.document.revision = row.number(14);
  h.blocks = row.number(15);
  h.objects = row.number(16);
  h.proven = spelled && checksum == head_checksum(show_id, h);
  return h;
}

}  // namespace

std::uint64_t page_checksum(std::uint64_t block, const void* data) {
  return XXH3_64bits_withSeed(data, sizeof(SavedBlock), block);
}

std::uint64_t object_checksum(std::string_view name, std::string_view data) {
  return XXH3_64bits_withSeed(data.data(), data.size(), XXH3_64bits(name.data(), name.size()));
}

std::uint64_t page_part(std::uint64_t block, std::uint64_t checksum) {
  const std::uint64_t page[2] = {block, checksum};
  return XXH3_64bits(page, sizeof page);
}

std::uint64_t object_part(std::string_view name, std::uint64_t kind, std::uint64_t checksum) {
  const std::uint64_t object[2] = {kind, checksum};
  return XXH3_64bits_withSeed(object, sizeof object, XXH3_64bits(name.data(), name.size()));
}

void make_tables(SqliteConnection& db, const ShowId& show_id) {
  db.run(kTables, "make tables");
  db.run(fmt::format("PRAGMA application_id={}; PRAGMA user_version={};"
                     "INSERT INTO meta VALUES('format','{}'),('show_id','{}')",
                     kApplicationId, kVersion, kVersion, platform::to_hex(show_id.data(), show_id.size()))
             .c_str(),
         "make tables");
}

bool read_show_id(const SqliteConnection& db, ShowId& out) {
  SqliteStatement query(db, "SELECT value FROM meta WHERE key='show_id'", "read");
  return query.step() && platform::from_hex(query.bytes(0), out.data(), out.size());
}

std::vector<Head> read_heads(const SqliteConnection& db, const ShowId& show_id) {
  std::vector<Head> heads;
  for (SqliteStatement rows(db, kReadHeads, "read"); rows.step();) heads.push_back(read_head(rows, show_id));
  return heads;
}

HeadWriter::HeadWriter(const SqliteConnection& db, const ShowId& show_id)
    : show_id_(show_id), put_(db, kPutHead, "write"), remove_(db, "DELETE FROM head WHERE revision < ?1", "write") {}

void HeadWriter::put(const Head& h) {
  const std::string history = hex(h.head.history);
  const std::string hash = hex(h.note.document.hash);
  const std::string digest = hex(h.digest);
  const std::string checksum = hex(head_checksum(show_id_, h));
  const std::int64_t restarts = h.head.restarts;
  const std::int64_t clean = h.note.clean ? 1 : 0;
  put_.bind(1, h.head.revision).bind_text(2, history).bind(3, h.head.epoch).bind(4, h.head.accepted_ns);
  put_.bind(5, h.saved_ns).bind(6, restarts).bind(7, h.head.document_wanted).bind_text(8, h.note.reason);
  put_.bind(9, clean).bind(10, h.note.document.device).bind(11, h.note.document.inode);
  put_.bind(12, h.note.document.size).bind(13, h.note.document.modified_ns).bind_text(14, hash);
  put_.bind(15, h.note.document.revision).bind(16, h.blocks).bind(17, h.objects);
  put_.bind_text(18, digest).bind_text(19, checksum).run();
}

void HeadWriter::remove_before(std::uint64_t revision) { remove_.bind(1, revision).run(); }

}  // namespace relume::core::checkpoint_format
