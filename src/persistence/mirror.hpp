// SPDX-License-Identifier: Apache-2.0
// The mirror: the whole state in shared memory that outlives the process.
//
// Everything in it is there twice. A commit writes the blocks that changed into the copies that are not current, and the head
// beside the current head, all marked with the next sequence number; then one store of that number makes them current together.
// A process killed at any instruction leaves the state before or the state after. Every copy proves itself: it carries its
// sequence number and a checksum (XXH3) that is bound to its place.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "live/page_tree.hpp"
#include "model/fault.hpp"
#include "platform/files.hpp"

namespace relume::core {

/// Whose mirror it is.
struct MirrorIdentity {
  std::array<std::uint8_t, 16> show_id{};
  std::array<std::uint8_t, 16> boot_id{};
  std::uint64_t folder_device = 0;
  std::uint64_t folder_inode = 0;
};

struct MirrorGeometry {
  std::uint32_t blocks = 0;
  std::uint64_t structure_capacity = 0;  // bytes

  bool operator==(const MirrorGeometry&) const = default;
};

/// What holds for the state as a whole.
struct MirrorHead {
  std::uint64_t revision = 0;
  std::uint64_t history = 0;
  std::int64_t accepted_ns = 0;  // realtime at which that revision was accepted
  std::uint32_t restarts = 0;
};

class Mirror {
 public:
  /// Makes a mirror under a temporary name, locked and allocated; nothing finds it before publish().
  static Fault create(platform::Files& files, const std::string& path, const MirrorIdentity& identity,
                      const MirrorGeometry& geometry, std::unique_ptr<Mirror>& out);

  /// Why an existing file is not a mirror to recover from.
  enum class Verdict { ok, absent, damaged, newer_format, unreadable, foreign_boot, owned };
  /// Opens, locks and proves an existing mirror. `reason` says why it is not ok.
  static Verdict open(platform::Files& files, const std::string& path, const MirrorIdentity& identity,
                      std::unique_ptr<Mirror>& out, std::string& reason);

  /// The folder that a mirror file says it belongs to; false when the file does not say.
  static bool read_identity(platform::Files& files, const std::string& path, MirrorIdentity& out);

  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;
  ~Mirror();

  const std::string& path() const { return path_; }
  const MirrorGeometry& geometry() const { return geometry_; }
  const MirrorHead& head() const { return head_; }
  bool was_closed_clean() const { return was_clean_; }
  /// The current content of a block, nullptr when it was never written.
  const SavedBlock* block(std::uint32_t index) const;
  std::string_view structure() const;

  /// Gives a created mirror its name, replacing what was there; one that was opened has it already.
  Fault publish();

  // A commit: any number of put_*, then commit(). Bounded work, no system call.
  void put_block(std::uint32_t index, const SavedBlock& saved);
  /// `bytes` must not exceed the capacity.
  void put_structure(std::string_view bytes);
  void commit(const MirrorHead& head);

  /// Says that the show was closed, not killed.
  void mark_clean_close();

 private:
  struct Layout;
  struct HeadCopy;
  struct BlockCopy;
  struct StructureCopy;
  Mirror(platform::Files& files, std::string path) : files_(files), path_(std::move(path)) {}
  Verdict prove(const MirrorIdentity& identity, std::string& reason);
  static Verdict read_header(platform::Files& files, int fd, std::uint64_t size, std::string& reason);
  Verdict prove_identity(const MirrorIdentity& identity, std::string& reason);
  bool prove_blocks(std::string& reason);
  bool head_proves_itself(std::uint64_t sequence) const;
  bool map(std::uint64_t size, int& error);
  HeadCopy& head_copy(std::uint64_t sequence) const;
  BlockCopy& block_copy(std::uint32_t index, unsigned copy) const;
  StructureCopy& structure_copy(unsigned copy) const;
  std::uint64_t size() const;

  platform::Files& files_;
  std::string path_;
  std::string temporary_;  // name until publish()
  platform::File file_;
  std::byte* data_ = nullptr;
  std::uint64_t mapped_ = 0;
  MirrorGeometry geometry_;
  MirrorHead head_;
  std::uint64_t sequence_ = 0;
  bool was_clean_ = false;
  unsigned structure_current_ = 0;
  bool structure_put_ = false;
  std::vector<std::uint8_t> current_;     // by block: which copy
  std::vector<std::uint64_t> checksums_;  // by block: of the current copy, 0 where none was written
  std::uint64_t digest_ = 0;
  std::vector<std::uint32_t> put_;  // blocks of the commit in progress
};

/// File name of the mirror of a show folder.
std::string mirror_name(std::uint32_t user, const MirrorIdentity& identity);

/// Where a refused file goes: "<path>.damaged-N" with the first N that is free. Returns the new name, empty on failure.
std::string keep_aside(platform::Files& files, const std::string& path);

}  // namespace relume::core
