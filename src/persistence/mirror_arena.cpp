// SPDX-License-Identifier: Apache-2.0
#include "persistence/mirror_arena.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>

namespace relume::core {
namespace {

constexpr std::uint64_t kAlign = 64;
constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 36U;
constexpr std::uint64_t kMaxStep = 16U << 20U;  // it doubles only as long as that is cheap
constexpr std::uint64_t kMaxStack = std::uint64_t{1} << 32U;
constexpr std::uint64_t kMaxDirectory = (kMaxObjects + 1) * (std::uint64_t{32} + (kMaxObjectName + 7) / 8 * 8);

// Checksums are bound to what they are of: one part never passes for another. An object's is bound to its name.
constexpr std::uint64_t kDirectoryPlace = 4ULL << 40U;
constexpr std::uint64_t kStackPlace = 5ULL << 40U;

// The directory in the file: the entry of the stack, with no name and kind 0, then those of the objects in the order of their
// names. Each is followed by its name, filled up with NULs to a multiple of 8.
struct DirectoryEntry {
  std::uint64_t offset;
  std::uint64_t length;
  std::uint64_t checksum;
  std::uint8_t kind;
  std::uint8_t name_length;
  std::uint8_t zero[6];
};
static_assert(sizeof(DirectoryEntry) == 32 && kMaxObjectName <= 255);

constexpr std::uint64_t round_up(std::uint64_t n, std::uint64_t to) { return (n + to - 1) / to * to; }

// The end of each piece is never given to anybody, so that free space of two pieces, which lie apart in memory, stays apart.
constexpr std::uint64_t usable(std::uint64_t size) { return size - kAlign; }

std::uint64_t entry_size(std::string_view name) { return sizeof(DirectoryEntry) + round_up(name.size(), 8); }

std::uint64_t object_checksum(std::string_view name, ObjectKind kind, std::string_view bytes) {
  const std::uint64_t whose = XXH3_64bits_withSeed(name.data(), name.size(), static_cast<std::uint64_t>(kind));
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), whose);
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxObjectName &&
         std::all_of(name.begin(), name.end(), [](char c) { return c != 0 && (c & 0x80) == 0; });
}

bool is_kind(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(ObjectKind::json) && kind <= static_cast<std::uint8_t>(ObjectKind::extra);
}

}  // namespace

// What takes memory comes first: the nodes, which are then only filled and hung in.
void FreeSpace::give(Extent extent) {
  if (extent.length == 0) return;
  decltype(by_offset_) offsets{{extent.offset, extent.length}};
  decltype(by_length_) lengths{{extent.length, extent.offset}};
  auto offset_node = offsets.extract(offsets.begin());
  auto length_node = lengths.extract(lengths.begin());
  const auto absorb = [&](decltype(by_offset_)::iterator neighbour) {
    extent.offset = std::min(extent.offset, neighbour->first);
    extent.length += neighbour->second;
    by_length_.erase({neighbour->second, neighbour->first});
    by_offset_.erase(neighbour);
  };
  auto after = by_offset_.lower_bound(extent.offset);
  if (after != by_offset_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == extent.offset) absorb(before);
  }
  if (after != by_offset_.end() && extent.offset + extent.length == after->first) absorb(after);
  offset_node.key() = extent.offset;
  offset_node.mapped() = extent.length;
  length_node.value() = {extent.length, extent.offset};
  by_offset_.insert(std::move(offset_node));
  by_length_.insert(std::move(length_node));
}

bool FreeSpace::take(std::uint64_t length, Extent& out) noexcept {
  const auto best = by_length_.lower_bound({length, 0});
  if (best == by_length_.end()) return false;
  auto length_node = by_length_.extract(best);
  const auto [whole, offset] = length_node.value();
  auto offset_node = by_offset_.extract(offset);
  out = {offset, length};
  if (whole == length) return true;
  length_node.value() = {whole - length, offset + length};
  offset_node.key() = offset + length;
  offset_node.mapped() = whole - length;
  by_length_.insert(std::move(length_node));
  by_offset_.insert(std::move(offset_node));
  return true;
}

MirrorArena::MirrorArena(platform::Files& files, int fd, std::uint64_t begin, std::string path)
    : files_(files), fd_(fd), begin_(begin), path_(std::move(path)) {}

MirrorArena::~MirrorArena() {
  for (const Piece& piece : pieces_) files_.unmap(piece.data, piece.size);
}

Fault MirrorArena::failed(const char* step, int error, const char* remedy) const {
  return {RELUME_E_IO, path_, fmt::format("mirror {}: {}: {}; {}", path_, step, platform::errno_name(error), remedy)};
}

bool MirrorArena::map(std::uint64_t bytes, int& error) {
  pieces_.reserve(pieces_.size() + 1);
  void* data = files_.map(fd_, begin_ + size_, bytes, error);
  if (data == nullptr) return false;
  pieces_.push_back({size_, bytes, static_cast<char*>(data)});
  size_ += bytes;
  return true;
}

Fault MirrorArena::grow(std::uint64_t bytes) {
  if (bytes > kMaxSize - size_) {
    return {RELUME_E_LIMIT, path_,
            fmt::format("mirror {}: texts and records need more than {} bytes; remove some", path_, kMaxSize)};
  }
  // A store into a page that a full tmpfs does not have would kill the process.
  if (const int r = files_.allocate(fd_, begin_ + size_ + bytes); r < 0) {
    return failed("allocate", -r, "make room in the runtime directory");
  }
  const std::uint64_t at = size_;
  int error = 0;
  if (!map(bytes, error)) return failed("map", error, "make memory free, or raise the limit of address space");
  // Loose first: if there is no memory to list it, a later unstage() does.
  loose_.push_back({at, usable(bytes)});
  free_.give(loose_.back());
  loose_.pop_back();
  return {};
}

Fault MirrorArena::create() {
  Fault fault = grow(kPiece);
  current_.root.size = size_;
  return fault;
}

char* MirrorArena::address(std::uint64_t offset) const {
  const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                                      [](std::uint64_t at, const Piece& piece) { return at < piece.offset; });
  const Piece& piece = *std::prev(after);
  return piece.data + (offset - piece.offset);
}

std::string_view MirrorArena::stack_bytes() const {
  if (current_.stack.length == 0) return {};
  return {address(current_.stack.offset), current_.stack.length};
}

ObjectTable MirrorArena::objects() const {
  ObjectTable table;
  for (const Entry& entry : current_.entries) table.emplace_hint(table.end(), entry.name, entry.object);
  return table;
}

// --- staging ---

Fault MirrorArena::check_limits(std::string_view stack_bytes, const ObjectTable& objects) const {
  const auto over = [this](const std::string& what, std::size_t limit, const char* remedy) {
    return Fault{RELUME_E_LIMIT, what, fmt::format("mirror {}: {}: the limit is {}; {}", path_, what, limit, remedy)};
  };
  if (stack_bytes.size() > kMaxStack) return over("bytes of the stack", kMaxStack, "remove layers");
  if (objects.size() > kMaxObjects) return over("texts and records", kMaxObjects, "remove some");
  for (const auto& [name, object] : objects) {
    if (!is_name(name)) {
      return {
          name.size() > kMaxObjectName ? RELUME_E_LIMIT : RELUME_E_INVALID, name,
          fmt::format("mirror {}: \"{}\" is no name: 1 to {} bytes of ASCII without NUL", path_, name, kMaxObjectName)};
    }
    if (object.bytes->size() > kMaxRecordBytes) return over(name, kMaxRecordBytes, "make it smaller");
  }
  return {};
}

Fault MirrorArena::stage(std::string_view stack_bytes, const ObjectTable& objects) {
  unstage();
  if (Fault fault = check_limits(stack_bytes, objects)) return fault;
  next_.entries.reserve(objects.size());
  loose_.reserve(objects.size() + 3);  // stack, directory, a new piece
  replaced_.reserve(current_.entries.size() + 2);
  Fault fault = stage_stack(stack_bytes);
  if (!fault) fault = stage_objects(objects);
  if (!fault) fault = stage_directory();
  if (fault) unstage();
  return fault;
}

Fault MirrorArena::stage_stack(std::string_view bytes) {
  const bool staged_before = current_.root.directory.length != 0;
  if (staged_before && bytes == stack_bytes()) {
    next_.stack = current_.stack;
    next_.stack_checksum = current_.stack_checksum;
    return {};
  }
  replaced_.push_back(current_.stack);
  next_.stack_checksum = XXH3_64bits_withSeed(bytes.data(), bytes.size(), kStackPlace);
  return write(bytes, next_.stack);
}

// Both are in the order of names. The names still are the caller's; stage_directory() sees to that.
Fault MirrorArena::stage_objects(const ObjectTable& objects) {
  auto was = current_.entries.begin();
  const auto end = current_.entries.end();
  for (const auto& [name, object] : objects) {
    int order = -1;
    for (; was != end && (order = was->name.compare(name)) < 0; ++was) replaced_.push_back(was->extent);  // gone
    if (was != end && order == 0) {
      const bool same =
          was->object.kind == object.kind && (was->object.bytes == object.bytes || *was->object.bytes == *object.bytes);
      if (same) {
        next_.entries.push_back({name, object, was->extent, was->checksum});
        ++was;
        continue;
      }
      replaced_.push_back(was->extent);
      ++was;
    }
    Entry entry{name, object, {}, object_checksum(name, object.kind, *object.bytes)};
    if (Fault fault = write(*object.bytes, entry.extent)) return fault;
    next_.entries.push_back(std::move(entry));
  }
  for (; was != end; ++was) replaced_.push_back(was->extent);
  return {};
}

Fault MirrorArena::stage_directory() {
  Extent& extent = next_.root.directory;
  std::uint64_t length = entry_size({});
  for (const Entry& entry : next_.entries) length += entry_size(entry.name);
  if (Fault fault = take(length, extent)) return fault;
  replaced_.push_back(current_.root.directory);
  char* const begin = address(extent.offset);
  char* at = begin;
  const auto put = [&at](const DirectoryEntry& entry, std::string_view name) {
    std::memcpy(at, &entry, sizeof entry);
    char* const copy = at + sizeof entry;
    at += entry_size(name);
    if (!name.empty()) {
      std::memset(at - 8, 0, 8);  // what the name does not fill
      std::memcpy(copy, name.data(), name.size());
    }
    return std::string_view(copy, name.size());
  };
  put({next_.stack.offset, next_.stack.length, next_.stack_checksum, 0, 0, {}}, {});
  for (Entry& entry : next_.entries) {
    entry.name = put({entry.extent.offset,
                      entry.extent.length,
                      entry.checksum,
                      static_cast<std::uint8_t>(entry.object.kind),
                      static_cast<std::uint8_t>(entry.name.size()),
                      {}},
                     entry.name);
  }
  next_.root.checksum = XXH3_64bits_withSeed(begin, length, kDirectoryPlace);
  next_.root.size = size_;
  return {};
}

Fault MirrorArena::write(std::string_view bytes, Extent& out) {
  if (Fault fault = take(bytes.size(), out)) return fault;
  if (!bytes.empty()) std::memcpy(address(out.offset), bytes.data(), bytes.size());
  return {};
}

Fault MirrorArena::take(std::uint64_t length, Extent& out) {
  out = {};
  if (length == 0) return {};
  Extent whole;
  if (!free_.take(round_up(length, kAlign), whole)) {
    const std::uint64_t needed = round_up(length + kAlign, kPiece);
    if (Fault fault = grow(std::max(needed, std::min(size_, kMaxStep)))) return fault;
    free_.take(round_up(length, kAlign), whole);
  }
  loose_.push_back(whole);
  out = {whole.offset, length};
  return {};
}

void MirrorArena::unstage() {
  for (; !loose_.empty(); loose_.pop_back()) {
    free_.give({loose_.back().offset, round_up(loose_.back().length, kAlign)});
  }
  replaced_.clear();
  next_.root = {};
  next_.entries.clear();
}

void MirrorArena::take_staged() noexcept {
  std::swap(current_, next_);
  std::swap(loose_, replaced_);
}

// --- opening ---

MirrorArena::Opened MirrorArena::open(const ArenaRoot& root, std::uint64_t file_size, std::string& reason) {
  if (root.size == 0 || root.size > kMaxSize || root.size % kPiece != 0 || begin_ > file_size ||
      root.size > file_size - begin_) {
    return reason = "its size and its head do not agree", Opened::damaged;
  }
  // What lies beyond was allocated by a process that died before it was needed.
  if (int error = 0; !map(root.size, error)) {
    return reason = "map: " + platform::errno_name(error), Opened::not_mapped;
  }
  current_.root = root;
  const bool whole = read_directory(reason) && find_free_space(reason) && read_objects(reason);
  return whole ? Opened::ok : Opened::damaged;
}

bool MirrorArena::read_directory(std::string& reason) {
  const Extent extent = current_.root.directory;
  if (extent.length == 0) return true;
  const bool there = extent.length <= kMaxDirectory && extent.offset % kAlign == 0 && extent.offset <= usable(size_) &&
                     extent.length <= usable(size_) - extent.offset;
  if (!there ||
      XXH3_64bits_withSeed(address(extent.offset), extent.length, kDirectoryPlace) != current_.root.checksum) {
    return reason = "the checksum of the directory does not hold", false;
  }
  reason = "the directory makes no sense";
  const char* at = address(extent.offset);
  const char* const end = at + extent.length;
  for (bool first = true; at != end; first = false) {
    DirectoryEntry entry;
    if (end - at < static_cast<std::ptrdiff_t>(sizeof entry)) return false;
    std::memcpy(&entry, at, sizeof entry);
    const std::string_view name(at + sizeof entry, entry.name_length);
    if (end - at < static_cast<std::ptrdiff_t>(entry_size(name))) return false;
    at += entry_size(name);
    const bool placed =
        entry.offset % kAlign == 0 && entry.offset <= usable(size_) && entry.length <= usable(size_) - entry.offset;
    if (!placed || entry.length > (first ? kMaxStack : kMaxRecordBytes)) return false;
    if (first) {
      if (entry.kind != 0 || !name.empty()) return false;
      current_.stack = {entry.offset, entry.length};
      current_.stack_checksum = entry.checksum;
      continue;
    }
    const bool in_order = current_.entries.empty() || current_.entries.back().name < name;
    if (!is_kind(entry.kind) || !is_name(name) || !in_order) return false;
    current_.entries.push_back(
        {name, {static_cast<ObjectKind>(entry.kind), nullptr}, {entry.offset, entry.length}, entry.checksum});
  }
  reason.clear();
  return true;
}

// Free is what lies between the parts. Parts that overlap are nobody's work: what is written to one would end the other.
bool MirrorArena::find_free_space(std::string& reason) {
  std::vector<Extent> parts{current_.root.directory, current_.stack};
  for (const Entry& entry : current_.entries) parts.push_back(entry.extent);
  std::sort(parts.begin(), parts.end(), [](const Extent& a, const Extent& b) { return a.offset < b.offset; });
  std::uint64_t at = 0;
  for (const Extent& part : parts) {
    if (part.length == 0) continue;
    if (part.offset < at) return reason = "parts of it overlap", false;
    free_.give({at, part.offset - at});
    at = part.offset + round_up(part.length, kAlign);
  }
  free_.give({at, usable(size_) - at});
  return true;
}

bool MirrorArena::read_objects(std::string& reason) {
  const std::string_view stack = stack_bytes();
  if (current_.root.directory.length != 0 &&
      XXH3_64bits_withSeed(stack.data(), stack.size(), kStackPlace) != current_.stack_checksum) {
    return reason = "the stack's checksum does not hold", false;
  }
  for (Entry& entry : current_.entries) {
    std::string bytes;
    if (entry.extent.length != 0) bytes.assign(address(entry.extent.offset), entry.extent.length);
    if (object_checksum(entry.name, entry.object.kind, bytes) != entry.checksum) {
      return reason = fmt::format("the checksum of {} does not hold", entry.name), false;
    }
    entry.object.bytes = std::make_shared<const std::string>(std::move(bytes));
  }
  return true;
}

}  // namespace relume::core
