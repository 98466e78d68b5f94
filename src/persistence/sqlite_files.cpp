// SPDX-License-Identifier: Apache-2.0
#include "persistence/sqlite_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "platform/process.hpp"

namespace relume::core {

struct SqliteFiles::OpenFile : sqlite3_file {
  SqliteFiles* owner;
  const char* name;  // SQLite keeps it until the file is closed
  int fd;
  int lock;
  bool is_log;
  bool sync_folder;  // made by us, and its name is not on the disk yet
};

namespace {

// The ranges of SQLite's file format, beyond the end of most databases.
constexpr std::uint64_t kPending = 0x40000000;
constexpr std::uint64_t kReserved = kPending + 1;
constexpr std::uint64_t kShared = kPending + 2;
constexpr std::uint64_t kSharedSize = 510;

constexpr int kPathLimit = 512;

}  // namespace

/// What SQLite calls. Nothing may be thrown out of here: there is C above.
struct SqliteFiles::Calls {
  static SqliteFiles& self(sqlite3_vfs* vfs) { return *static_cast<SqliteFiles*>(vfs->pAppData); }
  static OpenFile& file(sqlite3_file* f) { return *static_cast<OpenFile*>(f); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* out_flags) noexcept;
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) noexcept;
  static int access(sqlite3_vfs* vfs, const char* name, int what, int* out) noexcept;
  static int full_path(sqlite3_vfs* vfs, const char* name, int size, char* out) noexcept;
  static int randomness(sqlite3_vfs* vfs, int size, char* out) noexcept;
  static int sleep(sqlite3_vfs*, int) noexcept { return 0; }  // who waits for a lock is told at once
  static int last_error(sqlite3_vfs* vfs, int, char*) noexcept { return self(vfs).failure_.error; }
  static int time(sqlite3_vfs* vfs, sqlite3_int64* out) noexcept;

  static int close(sqlite3_file* f) noexcept;
  static int read(sqlite3_file* f, void* data, int size, sqlite3_int64 offset) noexcept;
  static int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) noexcept;
  static int truncate(sqlite3_file* f, sqlite3_int64 size) noexcept;
  static int sync(sqlite3_file* f, int flags) noexcept;
  static int size(sqlite3_file* f, sqlite3_int64* out) noexcept;
  static int lock(sqlite3_file* f, int level) noexcept;
  static int unlock(sqlite3_file* f, int level) noexcept;
  static int is_reserved(sqlite3_file* f, int* out) noexcept;
  static int control(sqlite3_file*, int, void*) noexcept { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) noexcept { return 4096; }
  static int characteristics(sqlite3_file*) noexcept { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  static int range(OpenFile& f, platform::RangeLock kind, std::uint64_t start, std::uint64_t length);
  static int take_shared(OpenFile& f);
  static int take_exclusive(OpenFile& f);
};

namespace {

/// Runs what allocates, between C and C.
template <class F>
int without_throwing(F&& f) noexcept {
  try {
    return f();
  } catch (...) { return SQLITE_NOMEM; }
}

}  // namespace

SqliteFiles::SqliteFiles(platform::Files& files, platform::Clock& clock, platform::File folder, std::string path)
    : files_(files),
      clock_(clock),
      folder_(std::move(folder)),
      path_(std::move(path)),
      name_(fmt::format("relume-{}", static_cast<const void*>(this))),
      vfs_(std::make_unique<sqlite3_vfs>()) {
  *vfs_ = {};
  vfs_->iVersion = 2;
  vfs_->szOsFile = sizeof(OpenFile);
  vfs_->mxPathname = kPathLimit;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->xOpen = Calls::open;
  vfs_->xDelete = Calls::remove;
  vfs_->xAccess = Calls::access;
  vfs_->xFullPathname = Calls::full_path;
  vfs_->xRandomness = Calls::randomness;
  vfs_->xSleep = Calls::sleep;
  vfs_->xGetLastError = Calls::last_error;
  vfs_->xCurrentTimeInt64 = Calls::time;
  if (sqlite3_vfs_register(vfs_.get(), 0) != SQLITE_OK) throw std::bad_alloc();
}

SqliteFiles::~SqliteFiles() { sqlite3_vfs_unregister(vfs_.get()); }

void SqliteFiles::failed(const char* name, const char* step, std::int64_t result) {
  if (!failure_) failure_ = {path_of(name), step, static_cast<int>(-result)};
}

// A log begins anew at its start when all of it is in the database, synced: then nothing of the old one counts.
void SqliteFiles::log_written(std::uint64_t offset, std::uint64_t size) {
  if (offset == 0) log_keep_ = log_end_ = 0;
  log_end_ = std::max(log_end_, offset + size);
  log_dirty_ = true;
}

void SqliteFiles::log_committed() {
  log_keep_ = log_end_;
  log_dirty_ = false;
}

int SqliteFiles::drop_uncommitted_log() {
  if (!log_dirty_) return 0;
  const int fd = files_.open(folder_.fd(), log_name_, O_RDWR | O_NOFOLLOW, 0);
  if (fd < 0 && fd != -ENOENT) return failed(log_name_.c_str(), "open", fd), fd;
  if (fd >= 0) {
    const platform::File log(files_, fd);
    if (const int r = files_.truncate(fd, log_keep_); r < 0) return failed(log_name_.c_str(), "truncate", r), r;
    if (const int r = files_.sync(fd); r < 0) return failed(log_name_.c_str(), "sync", r), r;
  }
  log_end_ = log_keep_;
  log_dirty_ = false;
  return 0;
}

int SqliteFiles::Calls::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags,
                             int* out_flags) noexcept {
  return without_throwing([&] {
    SqliteFiles& me = self(vfs);
    auto* f = new (out) OpenFile{};
    if (name == nullptr) return SQLITE_CANTOPEN;  // a temporary file: those are to stay in memory
    int how = O_NOFOLLOW | ((flags & SQLITE_OPEN_READWRITE) != 0 ? O_RDWR : O_RDONLY);
    if ((flags & SQLITE_OPEN_CREATE) != 0) how |= O_CREAT;
    if ((flags & SQLITE_OPEN_EXCLUSIVE) != 0) how |= O_EXCL;
    const int fd = me.files_.open(me.folder_.fd(), name, how, 0600);
    if (fd < 0) return me.failed(name, "open", fd), SQLITE_CANTOPEN;
    // Version 1: no shared memory, no mapping.
    static constexpr sqlite3_io_methods methods{
        1,       close,       read,    write,       truncate,        sync,    size,    lock,
        unlock,  is_reserved, control, sector_size, characteristics, nullptr, nullptr, nullptr,
        nullptr, nullptr,     nullptr};
    f->pMethods = &methods;
    f->owner = &me;
    f->name = name;
    f->fd = fd;
    f->lock = SQLITE_LOCK_NONE;
    f->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    f->sync_folder = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    if (f->is_log) me.log_name_ = name;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  });
}

int SqliteFiles::Calls::remove(sqlite3_vfs* vfs, const char* name, int sync_folder) noexcept {
  return without_throwing([&] {
    SqliteFiles& me = self(vfs);
    if (const int r = me.files_.unlink(me.folder_.fd(), name); r < 0) {
      if (r == -ENOENT) return SQLITE_IOERR_DELETE_NOENT;
      return me.failed(name, "unlink", r), SQLITE_IOERR_DELETE;
    }
    if (sync_folder == 0) return SQLITE_OK;
    if (const int r = me.files_.sync(me.folder_.fd()); r < 0) {
      return me.failed(name, "sync folder", r), SQLITE_IOERR_DIR_FSYNC;
    }
    return SQLITE_OK;
  });
}

// An empty file counts as none, as SQLite's own VFS has it: an empty log or journal is nothing to play back.
int SqliteFiles::Calls::access(sqlite3_vfs* vfs, const char* name, int, int* out) noexcept {
  return without_throwing([&] {
    SqliteFiles& me = self(vfs);
    platform::FileStatus status;
    const int r = me.files_.status(me.folder_.fd(), name, status);
    if (r < 0 && r != -ENOENT) return me.failed(name, "status", r), SQLITE_IOERR_ACCESS;
    *out = r == 0 && (!status.regular || status.size > 0) ? 1 : 0;
    return SQLITE_OK;
  });
}

int SqliteFiles::Calls::full_path(sqlite3_vfs*, const char* name, int size, char* out) noexcept {
  const std::size_t length = std::strlen(name);
  if (length >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, length + 1);  // relative to the folder, whatever the process's own is
  return SQLITE_OK;
}

int SqliteFiles::Calls::randomness(sqlite3_vfs*, int size, char* out) noexcept {
  const int result = without_throwing([&] {
    platform::random_bytes(out, static_cast<std::size_t>(size));
    return size;
  });
  return result == size ? size : 0;
}

int SqliteFiles::Calls::time(sqlite3_vfs* vfs, sqlite3_int64* out) noexcept {
  constexpr sqlite3_int64 unix_epoch_in_julian_ms = 210'866'760'000'000;
  *out = unix_epoch_in_julian_ms + self(vfs).clock_.realtime_ns() / 1'000'000;
  return SQLITE_OK;
}

int SqliteFiles::Calls::close(sqlite3_file* f) noexcept {
  OpenFile& me = file(f);
  me.owner->files_.close(me.fd);  // its locks go with it; what had to be on the disk was synced
  return SQLITE_OK;
}

int SqliteFiles::Calls::read(sqlite3_file* f, void* data, int size, sqlite3_int64 offset) noexcept {
  return without_throwing([&] {
    OpenFile& me = file(f);
    auto* to = static_cast<char*>(data);
    auto left = static_cast<std::size_t>(size);
    auto at = static_cast<std::uint64_t>(offset);
    while (left > 0) {
      const ssize_t n = me.owner->files_.read_at(me.fd, to, left, at);
      if (n == -EINTR) continue;
      if (n < 0) return me.owner->failed(me.name, "read", n), SQLITE_IOERR_READ;
      if (n == 0) return std::memset(to, 0, left), SQLITE_IOERR_SHORT_READ;
      to += n;
      at += static_cast<std::uint64_t>(n);
      left -= static_cast<std::size_t>(n);
    }
    return SQLITE_OK;
  });
}

int SqliteFiles::Calls::write(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) noexcept {
  return without_throwing([&] {
    OpenFile& me = file(f);
    const auto* from = static_cast<const char*>(data);
    auto left = static_cast<std::size_t>(size);
    auto at = static_cast<std::uint64_t>(offset);
    if (me.is_log) me.owner->log_written(at, left);
    while (left > 0) {
      const ssize_t n = me.owner->files_.write_at(me.fd, from, left, at);
      if (n == -EINTR) continue;
      if (n <= 0) {
        me.owner->failed(me.name, "write", n < 0 ? n : -ENOSPC);
        return n == 0 || n == -ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
      }
      from += n;
      at += static_cast<std::uint64_t>(n);
      left -= static_cast<std::size_t>(n);
    }
    return SQLITE_OK;
  });
}

int SqliteFiles::Calls::truncate(sqlite3_file* f, sqlite3_int64 size) noexcept {
  return without_throwing([&] {
    OpenFile& me = file(f);
    const auto bytes = static_cast<std::uint64_t>(size);
    if (const int r = me.owner->files_.truncate(me.fd, bytes); r < 0) {
      return me.owner->failed(me.name, "truncate", r), SQLITE_IOERR_TRUNCATE;
    }
    if (me.is_log && bytes == 0) me.owner->log_end_ = me.owner->log_keep_ = 0;
    return SQLITE_OK;
  });
}

int SqliteFiles::Calls::sync(sqlite3_file* f, int) noexcept {
  return without_throwing([&] {
    OpenFile& me = file(f);
    if (const int r = me.owner->files_.sync(me.fd); r < 0) {
      return me.owner->failed(me.name, "sync", r), SQLITE_IOERR_FSYNC;
    }
    if (!me.sync_folder) return SQLITE_OK;
    if (const int r = me.owner->files_.sync(me.owner->folder_.fd()); r < 0) {
      return me.owner->failed(me.name, "sync folder", r), SQLITE_IOERR_DIR_FSYNC;
    }
    me.sync_folder = false;
    return SQLITE_OK;
  });
}

int SqliteFiles::Calls::size(sqlite3_file* f, sqlite3_int64* out) noexcept {
  return without_throwing([&] {
    OpenFile& me = file(f);
    platform::FileStatus status;
    if (const int r = me.owner->files_.status(me.fd, status); r < 0) {
      return me.owner->failed(me.name, "status", r), SQLITE_IOERR_FSTAT;
    }
    *out = static_cast<sqlite3_int64>(status.size);
    return SQLITE_OK;
  });
}

int SqliteFiles::Calls::range(OpenFile& f, platform::RangeLock kind, std::uint64_t start, std::uint64_t length) {
  const int r = f.owner->files_.lock_range(f.fd, kind, start, length);
  if (r >= 0) return SQLITE_OK;
  f.owner->failed(f.name, "lock", r);
  return r == -EAGAIN || r == -EACCES ? SQLITE_BUSY : SQLITE_IOERR_LOCK;
}

// A writer that waits holds the pending byte, so that no new reader comes in before it.
int SqliteFiles::Calls::take_shared(OpenFile& f) {
  if (const int rc = range(f, platform::RangeLock::shared, kPending, 1); rc != SQLITE_OK) return rc;
  const int rc = range(f, platform::RangeLock::shared, kShared, kSharedSize);
  const int released = range(f, platform::RangeLock::none, kPending, 1);
  if (rc != SQLITE_OK || released == SQLITE_OK) return rc;
  range(f, platform::RangeLock::none, kShared, kSharedSize);
  return SQLITE_IOERR_UNLOCK;
}

int SqliteFiles::Calls::take_exclusive(OpenFile& f) {
  if (f.lock < SQLITE_LOCK_PENDING) {
    if (const int rc = range(f, platform::RangeLock::exclusive, kPending, 1); rc != SQLITE_OK) return rc;
    f.lock = SQLITE_LOCK_PENDING;
  }
  return range(f, platform::RangeLock::exclusive, kShared, kSharedSize);
}

int SqliteFiles::Calls::lock(sqlite3_file* f, int level) noexcept {
  return without_throwing([&] {
    OpenFile& me = file(f);
    if (me.lock >= level) return SQLITE_OK;
    const int rc = level == SQLITE_LOCK_SHARED     ? take_shared(me)
                   : level == SQLITE_LOCK_RESERVED ? range(me, platform::RangeLock::exclusive, kReserved, 1)
                                                   : take_exclusive(me);
    if (rc == SQLITE_OK) me.lock = level;
    return rc;
  });
}

int SqliteFiles::Calls::unlock(sqlite3_file* f, int level) noexcept {
  return without_throwing([&] {
    OpenFile& me = file(f);
    if (me.lock <= level) return SQLITE_OK;
    int rc = SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED) {
      rc = range(me, platform::RangeLock::shared, kShared, kSharedSize);
      if (rc == SQLITE_OK) rc = range(me, platform::RangeLock::none, kPending, 2);
    } else {
      rc = range(me, platform::RangeLock::none, kPending, 2 + kSharedSize);
    }
    if (rc != SQLITE_OK) return SQLITE_IOERR_UNLOCK;
    me.lock = level;
    return SQLITE_OK;
  });
}

// Asking is trying: the file table has no question for it.
int SqliteFiles::Calls::is_reserved(sqlite3_file* f, int* out) noexcept {
  return without_throwing([&] {
    OpenFile& me = file(f);
    *out = 1;
    if (me.lock >= SQLITE_LOCK_RESERVED) return SQLITE_OK;
    const int r = me.owner->files_.lock_range(me.fd, platform::RangeLock::exclusive, kReserved, 1);
    if (r == -EAGAIN || r == -EACCES) return SQLITE_OK;
    if (r < 0) return me.owner->failed(me.name, "lock", r), SQLITE_IOERR_CHECKRESERVEDLOCK;
    *out = 0;
    return range(me, platform::RangeLock::none, kReserved, 1);
  });
}

}  // namespace relume::core
