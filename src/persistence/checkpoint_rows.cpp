// SPDX-License-Identifier: Apache-2.0
#include "persistence/checkpoint_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace relume::core {

using namespace checkpoint_format;

namespace {

// A new show is at revision 0: where "none" is meant too, revisions are counted from 1.
std::uint64_t stamp_of(std::uint64_t revision) { return revision + 1; }

/// The newest of some stamps that is not newer than `limit`; 0 when there is none. Rows older than this are needed by no state
/// from `limit` on.
std::uint64_t base_of(const std::array<std::uint64_t, kSlots>& stamps, std::uint64_t limit) {
  std::uint64_t base = 0;
  for (const std::uint64_t stamp : stamps) {
    if (stamp <= limit) base = std::max(base, stamp);
  }
  return base;
}

std::uint64_t base_of(const std::vector<CheckpointRows::Object::Row>& rows, std::uint64_t limit) {
  std::uint64_t base = 0;
  for (const auto& row : rows) {
    if (row.stamp <= limit) base = std::max(base, row.stamp);
  }
  return base;
}

bool plausible_name(std::string_view name) {
  const auto ascii = [](char c) { return c > 0 && c < 0x7F; };
  return name.size() <= kMaxObjectName && std::all_of(name.begin(), name.end(), ascii);
}

/// Reads all rows once and keeps, of each block and object, what one state has.
class Reader {
 public:
  Reader(const SqliteConnection& db, const Head& head, std::uint64_t newest, SavedShow* state, std::string& reason)
      : db_(db), head_(head), newest_(newest), state_(state), reason_(reason) {}

  bool read_pages();
  bool read_objects();
  bool finish();
  CheckpointRows take() { return std::move(rows_); }

 private:
  struct Best {
    std::uint64_t stamp = 0;
    bool sound = false;
  };
  bool refuse(std::string why) {
    reason_ = std::move(why);
    return false;
  }
  bool plausible(std::uint64_t revision) const { return revision <= newest_; }
  bool read_page(const SqliteStatement& row, std::vector<Best>& best);
  bool list_objects();
  bool read_object(const std::string& name, CheckpointRows::Object& object);
  bool keep_object(const std::string& name, std::uint64_t kind, std::string_view bytes);

  const SqliteConnection& db_;
  const Head& head_;
  const std::uint64_t newest_;
  SavedShow* state_;
  std::string& reason_;
  CheckpointRows rows_;
};

bool Reader::read_page(const SqliteStatement& row, std::vector<Best>& best) {
  const std::uint64_t place = row.number(0);
  const std::uint64_t block = row.number(1);
  const std::uint64_t revision = row.number(2);
  const std::uint64_t slot = place >> kBlockBits;
  if (slot >= kSlots || block != (place & (kMaxBlocks - 1)) || !plausible(revision)) {
    return refuse(fmt::format("a page at place {}, of block {} and revision {}, cannot be", place, block, revision));
  }
  if (block >= best.size()) {
    best.resize(block + 1);
    rows_.blocks.resize(block + 1);
    if (state_ != nullptr) state_->blocks.resize(block + 1);
  }
  const std::uint64_t stamp = stamp_of(revision);
  rows_.blocks[block].stamp[slot] = stamp;
  if (revision > head_.head.revision || stamp <= best[block].stamp) return true;
  const std::string_view data = row.bytes(4);
  const std::uint64_t checksum = row.number(3);
  const bool sound = data.size() == sizeof(SavedBlock) && checksum == page_checksum(block, data.data());
  best[block] = {stamp, sound};
  rows_.blocks[block].checksum = checksum;
  if (sound && state_ != nullptr) std::memcpy(&state_->blocks[block], data.data(), data.size());
  return true;
}

bool Reader::read_pages() {
  std::vector<Best> best;
  for (SqliteStatement rows(db_, "SELECT place, block, revision, checksum, data FROM page", "read"); rows.step();) {
    if (!read_page(rows, best)) return false;
  }
  for (std::size_t block = 0; block < best.size(); ++block) {
    if (best[block].stamp == 0) continue;
    if (!best[block].sound) {
      return refuse(fmt::format("the checksum of block {}, revision {}, does not hold", block, best[block].stamp - 1));
    }
    rows_.digest ^= page_part(block, rows_.blocks[block].checksum);
    ++rows_.block_count;
  }
  return true;
}

// Names and revisions first: what older states hold may be large, and is not looked at.
bool Reader::list_objects() {
  for (SqliteStatement rows(db_, "SELECT id, name, revision FROM object", "read"); rows.step();) {
    const std::string_view name = rows.bytes(1);
    const std::uint64_t revision = rows.number(2);
    if (!plausible(revision) || !plausible_name(name) || rows_.objects.size() > kSlots * kMaxObjects) {
      return refuse(fmt::format("an object of revision {} cannot be", revision));
    }
    const std::int64_t id = rows.integer(0);
    auto& object = name == kStackName ? rows_.stack : rows_.objects[std::string(name)];
    object.rows.push_back({id, stamp_of(revision)});
    rows_.next_id = std::max(rows_.next_id, id + 1);
  }
  return true;
}

bool Reader::read_objects() {
  if (!list_objects() || !read_object(kStackName, rows_.stack)) return false;
  if (!rows_.stack.there) return refuse("the stack is missing");
  for (auto& [name, object] : rows_.objects) {
    if (!read_object(name, object)) return false;
  }
  return true;
}

bool Reader::read_object(const std::string& name, CheckpointRows::Object& object) {
  const std::uint64_t newest = base_of(object.rows, stamp_of(head_.head.revision));
  if (newest == 0) return true;  // it came later
  const auto chosen =
      std::find_if(object.rows.begin(), object.rows.end(), [&](const auto& row) { return row.stamp == newest; });
  SqliteStatement row(db_, "SELECT kind, checksum, data FROM object WHERE id=?1", "read");
  if (!row.bind(1, chosen->id).step()) return refuse(fmt::format("object {} is not where it was", name));
  if (row.is_null(2)) return true;  // removed
  const std::string_view bytes = row.bytes(2);
  object.there = true;
  object.kind = row.number(0);
  object.checksum = row.number(1);
  if (object.checksum != object_checksum(name, bytes)) {
    return refuse(fmt::format("the checksum of object {}, revision {}, does not hold", name, newest - 1));
  }
  rows_.digest ^= object_part(name, object.kind, object.checksum);
  ++rows_.object_count;
  return keep_object(name, object.kind, bytes);
}

bool Reader::keep_object(const std::string& name, std::uint64_t kind, std::string_view bytes) {
  const bool known = name == kStackName ? kind == kStackKind
                                        : kind >= static_cast<std::uint64_t>(ObjectKind::json) &&
                                              kind <= static_cast<std::uint64_t>(ObjectKind::extra);
  if (!known) return refuse(fmt::format("object {} is of the unknown kind {}", name, kind));
  if (state_ == nullptr) return true;
  if (name == kStackName) {
    const Fault fault = decode_stack(bytes, state_->stack);
    return fault ? refuse(fault.message) : true;
  }
  auto shared = std::make_shared<const std::string>(bytes);
  rows_.objects.find(name)->second.bytes = shared;
  state_->objects.emplace(name, Object{static_cast<ObjectKind>(kind), std::move(shared)});
  return true;
}

bool Reader::finish() {
  if (rows_.digest != head_.digest || rows_.block_count != head_.blocks || rows_.object_count != head_.objects) {
    return refuse("its rows are not those that its digest was made of");
  }
  if (state_ != nullptr) state_->head = head_.head;
  return true;
}

}  // namespace

bool CheckpointRows::Block::there() const {
  return std::any_of(stamp.begin(), stamp.end(), [](std::uint64_t one) { return one != 0; });
}

bool read_checkpoint(const SqliteConnection& db, const Head& head, std::uint64_t newest, SavedShow* state,
                     CheckpointRows* rows, std::string& reason) {
  if (state != nullptr) *state = {};
  Reader reader(db, head, newest, state, reason);
  if (!reader.read_pages() || !reader.read_objects() || !reader.finish()) return false;
  if (rows != nullptr) *rows = reader.take();
  return true;
}

CheckpointWriter::CheckpointWriter(const SqliteConnection& db, CheckpointRows& rows)
    : rows_(rows),
      put_page_(db, "INSERT OR REPLACE INTO page VALUES(?1,?2,?3,?4,?5)", "write"),
      put_object_(db, "INSERT OR REPLACE INTO object VALUES(?1,?2,?3,?4,?5,?6)", "write"),
      delete_object_(db, "DELETE FROM object WHERE id=?1", "write") {}

void CheckpointWriter::write(const StateView& view, bool all, std::uint64_t since, std::uint64_t oldest) {
  revision_ = view.head().revision;
  oldest_ = stamp_of(oldest);
  view.each_block_since(all ? 0 : since,
                        [&](std::uint32_t index, const SavedBlock& block) { write_block(index, block); });
  if (all) {
    // What is in the file but not in the state was never written in this history.
    for (std::uint32_t index = 0; index < rows_.blocks.size(); ++index) {
      if (rows_.blocks[index].there() && view.block(index) == nullptr) write_block(index, SavedBlock{});
    }
  }
  write_stack(view.stack());
  write_objects(view.objects());
}

void CheckpointWriter::write_block(std::uint64_t index, const SavedBlock& block) {
  if (index >= rows_.blocks.size()) rows_.blocks.resize(index + 1);
  CheckpointRows::Block& known = rows_.blocks[index];
  const bool there = known.there();
  const std::uint64_t checksum = page_checksum(index, &block);
  if (there && checksum == known.checksum) return;

  // In place of a row of this very revision, else of one that no state needs; an empty slot only when every row is needed.
  auto& stamps = known.stamp;
  const std::uint64_t base = base_of(stamps, oldest_);
  auto slot = std::find(stamps.begin(), stamps.end(), stamp_of(revision_));
  if (slot == stamps.end()) {
    slot = std::find_if(stamps.begin(), stamps.end(), [&](auto one) { return one != 0 && one < base; });
  }
  if (slot == stamps.end()) slot = std::min_element(stamps.begin(), stamps.end());
  const auto place = static_cast<std::uint64_t>(slot - stamps.begin()) << kBlockBits | index;
  put_page_.bind(1, place).bind(2, index).bind(3, revision_).bind(4, checksum);
  put_page_.bind_blob(5, &block, sizeof block).run();

  if (there) {
    rows_.digest ^= page_part(index, known.checksum);
  } else {
    ++rows_.block_count;
  }
  rows_.digest ^= page_part(index, checksum);
  known.checksum = checksum;
  *slot = stamp_of(revision_);
}

void CheckpointWriter::write_stack(const Stack& stack) {
  const bool same = rows_.stack.there && next_layer_id_ == stack.next_layer_id() && layers_ == stack.order();
  if (same) {
    thin_out(rows_.stack);
    return;
  }
  put_object(kStackName, rows_.stack, kStackKind, encode_stack(stack));
  layers_ = stack.order();
  next_layer_id_ = stack.next_layer_id();
}

void CheckpointWriter::write_objects(const ObjectTable& table) {
  auto& known = rows_.objects;
  auto at = known.begin();
  const auto remove = [&] { at = remove_object(at->first, at->second) ? std::next(at) : known.erase(at); };
  for (const auto& [name, object] : table) {  // both are in the order of their names
    while (at != known.end() && at->first < name) remove();
    if (at == known.end() || at->first != name) at = known.emplace_hint(at, name, CheckpointRows::Object{});
    CheckpointRows::Object& to = at->second;
    const auto kind = static_cast<std::uint64_t>(object.kind);
    if (to.there && to.kind == kind && to.bytes == object.bytes) {
      thin_out(to);
    } else {
      put_object(name, to, kind, *object.bytes);
      to.bytes = object.bytes;
    }
    ++at;
  }
  while (at != known.end()) remove();
}

void CheckpointWriter::put_object(std::string_view name, CheckpointRows::Object& object, std::uint64_t kind,
                                  std::string_view bytes) {
  const std::uint64_t checksum = object_checksum(name, bytes);
  if (object.there && object.kind == kind && object.checksum == checksum) {
    thin_out(object);
    return;
  }
  put_object_.bind(1, place_object(object)).bind_text(2, name).bind(3, revision_).bind(4, kind).bind(5, checksum);
  // As text where it is text: the sqlite3 shell shows it, and stops at a NUL.
  const bool text = kind != kStackKind && kind != static_cast<std::uint64_t>(ObjectKind::bytes) &&
                    bytes.find('\0') == std::string_view::npos;
  if (text) {
    put_object_.bind_text(6, bytes).run();
  } else {
    put_object_.bind_blob(6, bytes.data(), bytes.size()).run();
  }
  if (object.there) {
    rows_.digest ^= object_part(name, object.kind, object.checksum);
  } else {
    ++rows_.object_count;
  }
  rows_.digest ^= object_part(name, kind, checksum);
  object.there = true;
  object.kind = kind;
  object.checksum = checksum;
}

std::int64_t CheckpointWriter::place_object(CheckpointRows::Object& object) {
  auto& rows = object.rows;
  auto place =
      std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.stamp == stamp_of(revision_); });
  if (place == rows.end()) {
    const std::uint64_t base = base_of(rows, oldest_);
    place = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.stamp < base; });
  }
  if (place == rows.end()) place = rows.insert(rows.end(), {rows_.next_id++, stamp_of(revision_)});
  const std::int64_t id = place->id;
  place->stamp = stamp_of(revision_);
  thin_out(object);
  return id;
}

void CheckpointWriter::thin_out(CheckpointRows::Object& object) {
  if (object.rows.size() < 2) return;
  const std::uint64_t base = base_of(object.rows, oldest_);
  const auto superfluous = [&](const CheckpointRows::Object::Row& row) {
    if (row.stamp >= base) return false;
    delete_object_.bind(1, row.id).run();
    return true;
  };
  object.rows.erase(std::remove_if(object.rows.begin(), object.rows.end(), superfluous), object.rows.end());
}

bool CheckpointWriter::remove_object(std::string_view name, CheckpointRows::Object& object) {
  if (object.there) {
    rows_.digest ^= object_part(name, object.kind, object.checksum);
    --rows_.object_count;
    put_object_.bind(1, place_object(object)).bind_text(2, name).bind(3, revision_).bind(4, std::int64_t{0});
    put_object_.bind(5, std::int64_t{0}).bind_null(6).run();
    object = {std::move(object.rows), false, 0, 0, nullptr};
    return true;
  }
  thin_out(object);
  // The row that says it is gone may go too, when no kept state is older.
  if (object.rows.size() > 1 || object.rows.front().stamp > oldest_) return true;
  delete_object_.bind(1, object.rows.front().id).run();
  return false;
}

}  // namespace relume::core
