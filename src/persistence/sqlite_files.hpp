// SPDX-License-Identifier: Apache-2.0
// SQLite's file calls, handed to our file table: a VFS of one folder, with a name of its own that ends with the object. Disk role.
//
// It has no shared memory, so a database in WAL mode is opened by one connection at a time, in exclusive locking mode. Its locks
// are the byte ranges that every SQLite takes: the sqlite3 shell is kept out while the rig runs, and let in afterwards.
//
// As SQLite's own VFS does since 3.7.10, this one counts on it that a write leaves the other bytes of a sector as they are.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "platform/clock.hpp"
#include "platform/files.hpp"

struct sqlite3_vfs;

namespace relume::core {

class SqliteFiles {
 public:
  /// A file call that failed.
  struct Failure {
    std::string path;
    const char* step = "";  // "open", "read", "write", "sync", "truncate", "status", "lock", "unlink"
    int error = 0;          // errno
    explicit operator bool() const { return error != 0; }
  };

  /// @param folder where the files of the database are, open. @param path its path, for messages.
  SqliteFiles(platform::Files& files, platform::Clock& clock, platform::File folder, std::string path);
  SqliteFiles(const SqliteFiles&) = delete;
  SqliteFiles& operator=(const SqliteFiles&) = delete;
  /// No connection may be open any more.
  ~SqliteFiles();

  /// For sqlite3_open_v2.
  const char* vfs_name() const { return name_.c_str(); }
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  int status(const char* name, platform::FileStatus& out) const { return files_.status(folder_.fd(), name, out); }

  /// The first one since it was last forgotten: the ones after it are mostly its consequences.
  const Failure& failure() const { return failure_; }
  void forget_failure() { failure_ = {}; }

  // What a failed commit left in the log must never be played back: after a failed sync the system may call pages clean that are
  // not on the disk, and what is appended behind them would be lost with them.

  /// Bytes of the log that count, as far as this object saw them written.
  std::uint64_t log_end() const { return log_end_; }
  /// All that was written into the log is committed and synced.
  void log_committed();
  /// Cuts the log back to where log_committed() was called last; 0 or -errno. No connection may be open.
  int drop_uncommitted_log();

 private:
  struct Calls;
  struct OpenFile;
  void failed(const char* name, const char* step, std::int64_t result);
  void log_written(std::uint64_t offset, std::uint64_t size);

  platform::Files& files_;
  platform::Clock& clock_;
  platform::File folder_;
  std::string path_;
  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  Failure failure_;
  std::string log_name_;
  std::uint64_t log_end_ = 0;
  std::uint64_t log_keep_ = 0;  // where a failed commit is cut back to
  bool log_dirty_ = false;      // written since it was last committed
};

}  // namespace relume::core
