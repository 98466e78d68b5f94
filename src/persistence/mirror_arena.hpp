// SPDX-License-Identifier: Apache-2.0
// The growing part of a mirror: the stack's bytes and the objects.
//
// A content is a directory, which has name, place and checksum of each part, and the parts. The next content is written beside
// the current one: the parts that differ, and a directory of its own. Whoever has the root of a directory has the content; the
// head of the mirror names it, and nothing that a head names is written to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/fault.hpp"
#include "model/objects.hpp"
#include "platform/files.hpp"

namespace relume::core {

/// A part of the arena, in bytes from its begin.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// What nobody refers to. The smallest extent that fits is taken; neighbours become one again.
class FreeSpace {
 public:
  void give(Extent extent);  // when it throws std::bad_alloc, nothing has changed
  bool take(std::uint64_t length, Extent& out) noexcept;

 private:
  std::map<std::uint64_t, std::uint64_t> by_offset_;             // offset, length
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_length_;  // length, offset
};

/// What a head says of a content: where the directory is, and how large the arena was made for it.
struct ArenaRoot {
  Extent directory;  // length 0: nothing was ever staged
  std::uint64_t checksum = 0;
  std::uint64_t size = 0;
};

class MirrorArena {
 public:
  /// An arena is mapped in pieces, which never move. Their sizes are multiples of this, as its place in the file is.
  static constexpr std::uint64_t kPiece = 65536;

  /// @param begin where in the file it begins. @param path of the file, for messages.
  MirrorArena(platform::Files& files, int fd, std::uint64_t begin, std::string path);
  MirrorArena(const MirrorArena&) = delete;
  MirrorArena& operator=(const MirrorArena&) = delete;
  ~MirrorArena();

  /// Makes room for a first content behind what the file has.
  Fault create();
  enum class Opened { ok, damaged, not_mapped };
  /// Proves the content that the head of a file names; the file is hostile, its head proved itself.
  Opened open(const ArenaRoot& root, std::uint64_t file_size, std::string& reason);

  // One thread at a time, beside others that read current().
  Fault stage(std::string_view stack_bytes, const ObjectTable& objects);
  void unstage();
  /// Makes what was staged current, once a head names it. No memory is given back here: unstage() and stage() do that.
  void take_staged() noexcept;

  const ArenaRoot& current() const { return current_.root; }
  const ArenaRoot& staged() const { return next_.root; }
  std::string_view stack_bytes() const;
  ObjectTable objects() const;

 private:
  struct Entry {
    std::string_view name;  // in the directory
    Object object;
    Extent extent;
    std::uint64_t checksum = 0;
  };
  struct Content {
    ArenaRoot root;
    Extent stack;
    std::uint64_t stack_checksum = 0;
    std::vector<Entry> entries;  // by name
  };
  struct Piece {
    std::uint64_t offset;
    std::uint64_t size;
    char* data;
  };
  Fault check_limits(std::string_view stack_bytes, const ObjectTable& objects) const;
  Fault stage_stack(std::string_view bytes);
  Fault stage_objects(const ObjectTable& objects);
  Fault stage_directory();
  Fault write(std::string_view bytes, Extent& out);
  Fault take(std::uint64_t length, Extent& out);
  Fault grow(std::uint64_t bytes);
  Fault failed(const char* step, int error, const char* remedy) const;
  bool map(std::uint64_t bytes, int& error);
  bool read_directory(std::string& reason);
  bool find_free_space(std::string& reason);
  bool read_objects(std::string& reason);
  char* address(std::uint64_t offset) const;

  platform::Files& files_;
  const int fd_;
  const std::uint64_t begin_;
  const std::string path_;
  std::vector<Piece> pieces_;
  std::uint64_t size_ = 0;
  FreeSpace free_;
  Content current_;
  Content next_;
  std::vector<Extent> loose_;     // free as soon as unstage() gets to it
  std::vector<Extent> replaced_;  // loose once what is staged is current
};

}  // namespace relume::core
