// SPDX-License-Identifier: Apache-2.0
// A simulated disk under the file table, for power-cut tests: it behaves as Linux does, in memory, and knows what of its
// content no sync has made durable. crash_states.hpp makes of that every state which a power cut may leave.
//
// The model. POSIX leaves nearly all of it open; what ext4, XFS and btrfs were seen to do lies inside of it. It is harsher than
// they are, and where it is kinder than POSIX this list says so.
//
//   Durable      A file's content, size and mode by the sync of that file, and by nothing else. Entries (created, linked,
//                renamed, unlinked, made or removed directories) by the sync of the directory they are in: neither the sync of
//                the file nor that of a directory made in it carries an entry along.
//   Not durable  Everything else may have reached the disk or not:
//                - each sector of 512 bytes by itself, with its durable content or any that a call gave it since. A sector is
//                  never torn. One that lies behind the durable end of the file may also read as zeros or as garbage.
//                - size, mode and owner together, in any state since the last sync, whatever became of the sectors. So a file
//                  may have its new size and none of its bytes. Space that was allocated or skipped, and never written, is
//                  zeros. The time of change goes with the size.
//                - entries, in one of two orders. `prefix`: the changes of one directory reach the disk in their order, as
//                  with one journal. `any`: each by itself.
//   Kept         The target of a rename is old or new, never absent. A rename never loses the file: the old name is gone only
//                when the new one is there (journals write both at once, soft updates and ext2 the new one first); with
//                `any`, and from one directory to another, both may be there. A directory is never found under two names.
//                Inode numbers outlast the cut. A sector that was not written is not damaged.
//   Volatile     What lies below a volatile root is tmpfs: it outlives the process, may be mapped, and is gone after a cut.
//
// Besides: no symbolic links, nobody is refused for lack of permission, nothing runs full. Nothing is there but the roots, so
// that /proc is not found.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "platform/files.hpp"
#include "support/sim_state.hpp"

namespace relume::test {

/// Is told of every call that changed what a cut may leave, right after it.
class DiskObserver {
 public:
  virtual ~DiskObserver() = default;
  virtual void changed(const DiskState& state, const std::string& call) = 0;
};

class SimDisk final : public core::platform::Files {
 public:
  static constexpr const char* kDisk = "/disk";       // durable
  static constexpr const char* kRun = "/run";         // volatile
  static constexpr int kFirstDescriptor = 1'000'000;  // the system must not know it, nor we the system's

  SimDisk();
  /// What a power cut left. Nothing is open.
  explicit SimDisk(DiskState state);

  DiskState state() const;
  /// @param observer must outlive its use; nullptr ends it. Its calls come under the disk's lock.
  void observe(DiskObserver* observer);
  /// The process dies: its descriptors are closed, its locks gone, everything written is still there.
  void end_process();
  std::size_t open_descriptors() const;

  using Files::list;
  using Files::make_directory;
  using Files::open;
  using Files::rename;
  using Files::status;
  using Files::unlink;
  int open(int folder, const std::string& name, int flags, unsigned mode) override;
  int close(int fd) override;
  ssize_t read(int fd, void* data, std::size_t size) override;
  ssize_t read_at(int fd, void* data, std::size_t size, std::uint64_t offset) override;
  ssize_t write(int fd, const void* data, std::size_t size) override;
  ssize_t write_at(int fd, const void* data, std::size_t size, std::uint64_t offset) override;
  int truncate(int fd, std::uint64_t size) override;
  int allocate(int fd, std::uint64_t size) override;
  int sync(int fd) override;
  int rename(int from_folder, const std::string& from, int to_folder, const std::string& to) override;
  int link(int from_folder, const std::string& from, int to_folder, const std::string& to) override;
  int unlink(int folder, const std::string& name) override;
  int make_directory(int folder, const std::string& name, unsigned mode) override;
  int remove_directory(int folder, const std::string& name) override;
  int status(int folder, const std::string& name, core::platform::FileStatus& out) override;
  int status(int fd, core::platform::FileStatus& out) override;
  int set_owner(int fd, std::uint32_t owner, std::uint32_t group) override;
  int set_mode(int fd, std::uint32_t mode) override;
  int resolve(const std::string& path, std::string& out) override;
  int lock(int fd) override;
  int lock_range(int fd, core::platform::RangeLock kind, std::uint64_t start, std::uint64_t length) override;
  int list(int folder, const std::string& name, std::vector<std::string>& names) override;
  void* map(int fd, std::uint64_t offset, std::size_t size, int& error) override;
  void unmap(void* data, std::size_t size) override;

 private:
  struct Range {
    core::platform::RangeLock kind;
    std::uint64_t begin;
    std::uint64_t end;
  };
  struct OpenFile {
    NodeNumber node = 0;
    bool readable = false;
    bool writable = false;
    bool append = false;
    bool locked = false;
    std::uint64_t position = 0;
    std::vector<Range> ranges;
  };
  enum class Last { name, dot, dot_dot, root };
  /// Where a path leads: the folder of its last component, and what that names.
  struct Place {
    NodeNumber folder = 0;
    std::string name;
    NodeNumber node = 0;  // 0: absent
    Last last = Last::name;
    bool slash = false;  // behind it
  };

  OpenFile* file(int fd);
  int find(int folder, const std::string& path, Place& out);
  int step(NodeNumber from, std::string_view component, NodeNumber& out) const;
  /// Why what is wanted there, as something that exists, cannot be had; or 0.
  int refuse_found(const Place& place) const;
  /// Why no entry can be made there, or 0.
  int refuse_new(const Place& place) const;
  int create(const Place& place, bool directory, unsigned mode, NodeNumber& out);
  int check_rename(const Place& from, const Place& to) const;
  bool is_below(NodeNumber node, NodeNumber folder) const;
  ssize_t read_locked(OpenFile& open, void* data, std::size_t size, std::uint64_t offset);
  ssize_t write_locked(OpenFile& open, const void* data, std::size_t size, std::uint64_t offset);
  void fill(const Node& node, core::platform::FileStatus& out) const;
  void changed(NodeNumber node, const char* call, const std::string& on);
  void forget_unreachable();

  mutable std::mutex mutex_;
  DiskState state_;
  std::map<int, OpenFile> open_;
  DiskObserver* observer_ = nullptr;
};

}  // namespace relume::test
