// SPDX-License-Identifier: Apache-2.0
// The mirror: the whole state in shared memory that outlives the process.
//
// Every block is in it twice. A commit writes the blocks that changed into the copies that are not current, and the head beside
// the current head, all marked with the next sequence number; then one store of that number makes them current together. The
// stack's bytes and the objects lie in an arena behind the blocks (mirror_arena.hpp). They are staged beforehand, beside the
// current ones, and the head of a commit names those that are current with it.
// A process killed at any instruction leaves the state before or the state after. Every copy proves itself: it carries its
// sequence number and a checksum (XXH3) that is bound to its place; the head proves blocks and arena.
//
// Between blocks and arena lies what the frame thread leaves behind of automation, with frames of its own (held_area.hpp). Beside
// each block's values stands which operator's mutations have ended automation there, so that what the frame thread had not yet
// seen of them holds after a death too.
//
// Threads: commits exclude each other (the coordinator's hot mutex), and so do stagings (its structure mutex). A staging may run
// beside commits of values: it writes only where no head points to, and only commit_staged(), which excludes both, changes where
// heads point to. What is said of the document and the file's name is the disk role's, beside everything.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "live/page_tree.hpp"
#include "model/fault.hpp"
#include "model/objects.hpp"
#include "persistence/held_area.hpp"
#include "persistence/mirror_arena.hpp"
#include "persistence/saved_show.hpp"
#include "platform/files.hpp"

namespace relume::core {

inline constexpr TakenLanes kNothingTaken{};

/// Whose mirror it is.
struct MirrorIdentity {
  std::array<std::uint8_t, 16> show_id{};
  std::array<std::uint8_t, 16> boot_id{};
  std::uint64_t folder_device = 0;
  std::uint64_t folder_inode = 0;
};

class Mirror {
 public:
  /// Makes a mirror under a temporary name, locked and allocated; nothing finds it before publish().
  static Fault create(platform::Files& files, const std::string& path, const MirrorIdentity& identity,
                      std::uint32_t blocks, std::unique_ptr<Mirror>& out);

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
  std::uint32_t blocks() const { return blocks_; }
  const SavedHead& head() const { return head_; }
  bool was_closed_clean() const { return was_clean_; }
  /// The current content of a block, nullptr when it was never written.
  const SavedBlock* block(std::uint32_t index) const;
  /// What operators have taken in it; kNothingTaken when it was never written.
  const TakenLanes& taken(std::uint32_t index) const;
  /// The newest order of all blocks' taken, as it was found.
  std::uint64_t found_order() const { return found_order_; }
  /// Automation that outlives the process: the frame role's while the show runs.
  HeldArea& held() { return *held_; }
  /// The current bytes of the stack; they are in place until the next stage() or unstage().
  std::string_view stack_bytes() const { return arena_->stack_bytes(); }
  /// The current objects. Staged again, they are told apart from others without a look at their bytes.
  ObjectTable objects() const { return arena_->objects(); }
  /// As noted last; zeros when that was never. Disk role, once there is one.
  DocumentMark document() const { return document_; }

  /// Gives a created mirror its name, replacing what was there; one that was opened has it already.
  Fault publish();

  /// Writes beside the current stack and objects what differs from them, and makes the file larger where it has to. What an
  /// earlier call staged is given up. On a Fault nothing has changed.
  Fault stage(std::string_view stack_bytes, const ObjectTable& objects) { return arena_->stage(stack_bytes, objects); }
  /// What was staged is free again, or after commit_staged() what that replaced. Else the next stage() does it.
  void unstage() { arena_->unstage(); }

  /// Asks the processor for what put_block() is about to write.
  void warm(std::uint32_t index) const;

  // A commit: any number of put_block, then one of the two. Bounded work, no system call.
  void put_block(std::uint32_t index, const SavedBlock& saved, const TakenLanes& taken = kNothingTaken);
  /// Stack and objects stay as they are.
  void commit(const SavedHead& head);
  /// What the last stage() has staged becomes current.
  void commit_staged(const SavedHead& head);

  /// Notes which document this state knows of.
  void note_document(const DocumentMark& mark);
  /// False when the file was unlinked or replaced under its name: no successor would find it.
  bool still_linked();
  /// What the last still_linked() found. Any thread.
  bool lost() const { return lost_.load(std::memory_order_relaxed); }

  /// Says that the show was closed, not killed.
  void mark_clean_close();

 private:
  struct Layout;
  struct HeadCopy;
  struct BlockCopy;
  struct MarkCopy;
  Mirror(platform::Files& files, std::string path, int fd) : files_(files), path_(std::move(path)), file_(files, fd) {}
  bool map(std::uint32_t blocks, int& error);
  static Verdict read_header(platform::Files& files, int fd, std::uint64_t size, std::uint32_t& blocks,
                             std::string& reason);
  Verdict prove(const MirrorIdentity& identity, std::uint64_t size, std::string& reason);
  Verdict prove_identity(const MirrorIdentity& identity, std::string& reason);
  bool prove_blocks(std::string& reason);
  bool prove_document();
  bool head_proves_itself(std::uint64_t sequence) const;
  bool mark_proves_itself(std::uint64_t sequence) const;
  void flip(const SavedHead& head, const ArenaRoot& root);
  HeadCopy& head_copy(std::uint64_t sequence) const;
  MarkCopy& mark_copy(std::uint64_t sequence) const;
  BlockCopy& block_copy(std::uint32_t index, unsigned copy) const;

  platform::Files& files_;
  const std::string path_;
  std::string temporary_;  // name until publish()
  platform::File file_;
  std::byte* data_ = nullptr;
  std::uint64_t mapped_ = 0;
  std::uint32_t blocks_ = 0;
  std::unique_ptr<HeldArea> held_;
  std::unique_ptr<MirrorArena> arena_;
  SavedHead head_;
  std::uint64_t found_order_ = 0;
  std::uint64_t sequence_ = 0;
  bool was_clean_ = false;
  std::atomic<bool> lost_{false};
  DocumentMark document_;
  std::uint64_t mark_sequence_ = 0;
  std::vector<std::uint8_t> current_;  // by block: which copy
  std::vector<std::uint64_t> parts_;   // by block: of the digest, 0 where none was written
  std::uint64_t digest_ = 0;
  std::vector<std::uint32_t> put_;  // blocks of the commit in progress
};

/// File name of the mirror of a show folder.
std::string mirror_name(std::uint32_t user, const MirrorIdentity& identity);

}  // namespace relume::core
