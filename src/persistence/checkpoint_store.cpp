// SPDX-License-Identifier: Apache-2.0
#include "persistence/checkpoint_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

#include "persistence/checkpoint_format.hpp"
#include "persistence/checkpoint_rows.hpp"
#include "persistence/sqlite_connection.hpp"
#include "persistence/sqlite_files.hpp"

namespace relume::core {

using checkpoint_format::Head;
using checkpoint_format::HeadWriter;
using platform::errno_name;

namespace {

constexpr const char* kTemporary = "checkpoint.new";
constexpr const char* kLog = "state.db-wal";
constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kLogLimit = 1000 * (kPageBytes + 24);  // then it is written back, which takes milliseconds

const char* remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return "make room on the disk";
    case EACCES:
    case EPERM:
    case EROFS: return "let this user write there";
    case EAGAIN: return "another program has the database open; close it there";
    default: return "check the disk";
  }
}

StoreError system_error(const std::string& path, const char* step, std::int64_t result) {
  const int error = static_cast<int>(-result);
  return {path, step, error, fmt::format("{}: {}: {}; {}", path, step, errno_name(error), remedy(error))};
}

StoreError damage(const std::string& path, const std::string& reason) {
  return {path, "prove", 0, fmt::format("{}: prove: {}; move its folder away, and another one is made", path, reason),
          true};
}

/// The file call that failed is the reason, whatever SQLite made of it.
StoreError sqlite_error(const SqliteFiles& files, const SqliteError& error) {
  if (const auto& failure = files.failure()) return system_error(failure.path, failure.step, -failure.error);
  const std::string path = files.path_of(CheckpointStore::kFile);
  if (error.says_damaged()) return damage(path, error.what());
  return {path, error.step(), 0, fmt::format("{}: {}: {}; try again", path, error.step(), error.what())};
}

}  // namespace

/// A connection and what goes with it. After a failed commit all of it is given up.
struct CheckpointStore::Session {
  /// What must be so before the file is looked at: this connection is its only one.
  explicit Session(const SqliteFiles& files) : db(kFile, files.vfs_name(), false) {
    db.set("locking_mode", "exclusive");
    db.set("temp_store", "2");
    db.set("cache_size", "-16384");
    db.set("cell_size_check", "1");
  }
  void prepare() {
    db.set("journal_mode", "wal");
    db.set("synchronous", "2");
    db.set("wal_autocheckpoint", "0");
    db.set("journal_size_limit", std::to_string(2 * kLogLimit));
    statements.emplace(*this);
  }
  void commit(SqliteFiles& files, const StateView& view, const CheckpointNote& note, std::int64_t now);

  struct Statements {
    explicit Statements(Session& s)
        : begin(s.db, "BEGIN IMMEDIATE", "begin"),
          commit(s.db, "COMMIT", "commit"),
          heads(s.db, s.show_id),
          rows(s.db, s.rows) {}
    SqliteStatement begin;
    SqliteStatement commit;
    HeadWriter heads;
    CheckpointWriter rows;
  };

  SqliteConnection db;
  ShowId show_id{};
  std::vector<Head> heads;  // that are kept and prove themselves, the newest first
  CheckpointRows rows;
  bool settled = false;   // what was in the log when it was opened is in the database
  bool compared = false;  // the newest state was written by this session: what changed since then is known
  std::optional<Statements> statements;
};

struct CheckpointStore::Database {
  Database(platform::Files& f, platform::Clock& clock, platform::File folder, const std::string& path)
      : files(f, clock, std::move(folder), path) {}

  /// Gives up the connection, and takes back what its last commit wrote into the log. What cannot be done now is done before the
  /// next connection.
  void give_up() {
    if (session == nullptr) return;
    session->db.keep_log(true);
    session.reset();
    files.drop_uncommitted_log();
  }

  SqliteFiles files;
  std::unique_ptr<Session> session;
};

namespace {

Head head_of(const StateView& view, const CheckpointNote& note, const CheckpointRows& rows, std::int64_t now) {
  return {view.head(), note, now, rows.block_count, rows.object_count, rows.digest};
}

}  // namespace

void CheckpointStore::Session::commit(SqliteFiles& files, const StateView& view, const CheckpointNote& note,
                                      std::int64_t now) {
  const SavedHead newest = heads.front().head;
  const bool all = !compared || newest.history != view.head().history;
  if (newest.revision == view.head().revision) heads.erase(heads.begin());
  heads.insert(heads.begin(), Head{})->head = view.head();
  if (heads.size() > kStates) heads.pop_back();
  const std::uint64_t oldest = heads.back().head.revision;

  statements->begin.run();
  statements->rows.write(view, all, newest.revision, oldest);
  heads.front() = head_of(view, note, rows, now);
  statements->heads.put(heads.front());
  statements->heads.remove_before(oldest);
  statements->commit.run();
  files.log_committed();
  compared = true;
}

CheckpointStore::CheckpointStore(platform::Files& files, platform::Clock& clock, int folder, std::string path)
    : files_(files), clock_(clock), folder_(folder), path_(std::move(path)) {}

CheckpointStore::~CheckpointStore() = default;

bool CheckpointStore::is_open() const { return db_ != nullptr; }

/// What SQLite throws becomes an error; whatever is thrown, the connection is given up.
template <class F>
StoreError CheckpointStore::attempt(F f) {
  try {
    return f();
  } catch (const SqliteError& error) {
    StoreError told = sqlite_error(db_->files, error);
    db_->give_up();
    return told;
  } catch (...) {
    db_->give_up();
    throw;
  }
}

bool CheckpointStore::has_log() const {
  return db_ != nullptr && db_->session != nullptr && db_->files.log_end() > 0 && !log_emptied_;
}

StoreError CheckpointStore::empty_log() {
  return attempt([&]() -> StoreError {
    db_->session->db.play_back();
    log_emptied_ = true;
    return {};
  });
}

void CheckpointStore::close(bool leave_log) {
  if (leave_log && db_ != nullptr && db_->session != nullptr) db_->session->db.keep_log(true);
  db_.reset();
}

CheckpointStore::Found CheckpointStore::open(SavedShow* state) {
  Found found;
  open(state, found);
  return found;
}

StoreError CheckpointStore::open(SavedShow* state, Found& found) {
  close();
  found.path = folder_path() + "/" + kFile;
  platform::File folder;
  StoreError error = look(folder, found);
  if (found.verdict != Verdict::ok) return error;
  db_ = std::make_unique<Database>(files_, clock_, std::move(folder), folder_path());
  error = connect(state, found);
  if (!error) {
    unfinished_ = false;
    return {};
  }
  close();
  if (state != nullptr && found.verdict != Verdict::recovered) *state = {};
  return error;
}

/// Whether there is a file that can be opened.
StoreError CheckpointStore::look(platform::File& folder, Found& found) {
  const auto damaged = [&](const char* reason) {
    found.verdict = Verdict::damaged;
    found.reason = reason;
    return damage(found.path, found.reason);
  };
  const auto unreadable = [&](const std::string& path, const char* step, int r) {
    StoreError error = system_error(path, step, r);
    found.verdict = Verdict::unreadable;
    found.reason = error.message;
    return error;
  };
  const int fd = files_.open(folder_, kFolder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  if (fd == -ENOENT) return {};
  if (fd == -ENOTDIR || fd == -ELOOP) return damaged("it is no folder");
  if (fd < 0) return unreadable(folder_path(), "open", fd);
  folder = platform::File(files_, fd);
  std::vector<std::string> names;
  if (const int r = files_.list(fd, ".", names); r < 0) return unreadable(folder_path(), "list", r);
  if (names.empty()) return {};
  platform::FileStatus status;
  const int r = files_.status(fd, kFile, status);
  if (r == -ENOENT) return damaged("the database is missing");
  if (r < 0) return unreadable(found.path, "status", r);
  if (!status.regular) return damaged("the database is no file");
  if (status.size == 0) return damaged("the database is empty");  // SQLite would delete the log beside it
  found.verdict = Verdict::ok;
  return {};
}

/// Opens the database and proves what is in it. The log stays as it is unless all is well.
StoreError CheckpointStore::connect(SavedShow* state, Found& found) {
  SqliteFiles& files = db_->files;
  const std::string path = files.path_of(kFile);
  const auto unreadable = [&](StoreError error) {
    found.verdict = Verdict::unreadable;
    found.reason = error.message;
    return error;
  };
  files.forget_failure();
  if (const int r = files.drop_uncommitted_log(); r < 0)
    return unreadable(system_error(files.failure().path, files.failure().step, r));
  platform::FileStatus log;
  const int r = files.status(kLog, log);
  if (r < 0 && r != -ENOENT) return unreadable(system_error(files.path_of(kLog), "status", r));
  try {
    auto session = std::make_unique<Session>(files);
    session->db.keep_log(r == 0 && log.size > 0);
    prove(*session, state, found);
    if (found.verdict == Verdict::newer_format) return {path, "prove", 0, found.reason};
    if (found.verdict != Verdict::ok) return damage(path, found.reason);
    session->prepare();
    session->db.keep_log(false);
    db_->session = std::move(session);
    return {};
  } catch (const SqliteError& error) {
    StoreError told = sqlite_error(files, error);
    if (!told.damaged) return unreadable(std::move(told));
    found.verdict = Verdict::damaged;
    found.reason = error.what();
    return told;
  }
}

void CheckpointStore::prove(Session& session, SavedShow* state, Found& found) {
  const auto refuse = [&](Verdict verdict, std::string why) {
    found.verdict = verdict;
    found.reason = std::move(why);
  };
  SqliteConnection& db = session.db;
  if (db.ask("PRAGMA application_id") != std::to_string(checkpoint_format::kApplicationId)) {
    return refuse(Verdict::damaged, "it is no checkpoint of a show");
  }
  const long long version = std::atoll(db.ask("PRAGMA user_version").c_str());
  if (version > checkpoint_format::kVersion) {
    return refuse(Verdict::newer_format, fmt::format("format {} is newer than this library's {}; update the library",
                                                     version, checkpoint_format::kVersion));
  }
  if (version != checkpoint_format::kVersion || !checkpoint_format::read_show_id(db, session.show_id)) {
    return refuse(Verdict::damaged, "it does not say which format and show it is of");
  }
  session.heads = checkpoint_format::read_heads(db, session.show_id);
  if (session.heads.empty()) return refuse(Verdict::damaged, "there is no state in it");

  prove_states(session, state, found);
  if (found.verdict == Verdict::ok && db.read_only()) {
    refuse(Verdict::recovered, "its header says that only a newer SQLite may write it");
  }
  std::erase_if(session.heads, [](const Head& head) { return !head.proven; });
}

/// The newest state that is whole.
void CheckpointStore::prove_states(Session& session, SavedShow* state, Found& found) {
  const std::uint64_t newest = session.heads.front().head.revision;
  std::string refused;
  for (const Head& head : session.heads) {
    std::string reason = "its head's checksum does not hold";
    if (!head.proven || !read_checkpoint(session.db, head, newest, state, &session.rows, reason)) {
      if (refused.empty()) refused = fmt::format("revision {} is not whole: {}", head.head.revision, reason);
      continue;
    }
    found.verdict = refused.empty() ? Verdict::ok : Verdict::recovered;
    found.reason = std::move(refused);
    found.note = head.note;
    found.show_id = session.show_id;
    found.head = head.head;
    found.saved_ns = head.saved_ns;
    return;
  }
  found.verdict = Verdict::damaged;
  found.reason = std::move(refused);
}

StoreError CheckpointStore::ready() {
  if (db_ == nullptr) return {folder_path(), "open", 0, fmt::format("{}: no store is open", folder_path())};
  db_->files.forget_failure();
  if (db_->session != nullptr) return {};
  Found found;
  return connect(nullptr, found);
}

StoreError CheckpointStore::save(const StateView& view, const CheckpointNote& note) {
  if (StoreError error = ready()) return error;
  const SavedHead& newest = db_->session->heads.front().head;
  const SavedHead& head = view.head();
  if (head.revision < newest.revision || (head.revision == newest.revision && head.history != newest.history)) {
    return {folder_path(), "save", 0,
            fmt::format("{}: revision {} is not newer than the newest one, {}", folder_path(), head.revision,
                        newest.revision)};
  }
  return attempt([&]() -> StoreError {
    if (StoreError error = settle_log()) return error;
    log_emptied_ = false;
    db_->session->commit(db_->files, view, note, clock_.realtime_ns());
    if (db_->files.log_end() > kLogLimit) db_->session->db.play_back();
    return {};
  });
}

StoreError CheckpointStore::settle() {
  if (StoreError error = ready()) return error;
  return attempt([&] { return settle_log(); });
}

/// Before the first commit of a session: what a process before us left unsynced must not lie below it. Its log goes into the
/// database, which is a copy that is written and synced now; and so is the name of the folder.
StoreError CheckpointStore::settle_log() {
  if (db_->session->settled) return {};
  if (const int r = files_.sync(folder_); r < 0) return system_error(path_, "sync folder", r);
  db_->session->db.play_back();
  db_->files.log_committed();
  db_->session->settled = true;
  return {};
}

std::vector<SavedHead> CheckpointStore::history(StoreError& error) {
  std::vector<SavedHead> heads;
  error = ready();
  if (error) return heads;
  for (const Head& head : db_->session->heads) heads.push_back(head.head);
  return heads;
}

bool CheckpointStore::load(std::uint64_t history, std::uint64_t revision, SavedShow& out, StoreError& error) {
  error = ready();
  if (error) return false;
  const Session& session = *db_->session;
  const std::uint64_t newest = session.heads.front().head.revision;
  std::string reason = "it is not kept";
  try {
    for (const Head& head : session.heads) {
      if (head.head.history != history || head.head.revision != revision) continue;
      if (read_checkpoint(session.db, head, newest, &out, nullptr, reason)) return true;
    }
    error = {folder_path(), "load", 0, fmt::format("{}: revision {}: {}", folder_path(), revision, reason)};
  } catch (const SqliteError& failed) { error = sqlite_error(db_->files, failed); }
  out = {};
  return false;
}

StoreError CheckpointStore::create(const ShowId& show_id, const StateView& state, const CheckpointNote& note) {
  close();
  if (unfinished_) {
    const int r = files_.rename(folder_, kFolder, folder_, kTemporary);
    if (r < 0 && r != -ENOENT) return system_error(folder_path(), "rename", r);
    unfinished_ = false;
  }
  if (StoreError error = remove_temporary()) return error;
  if (StoreError error = build(show_id, state, note)) {
    remove_temporary();  // on a full disk it is the room that the next one needs
    return error;
  }
  if (StoreError error = publish()) return error;
  Found found;
  if (StoreError error = open(nullptr, found)) return error;
  db_->session->compared = true;
  return {};
}

StoreError CheckpointStore::remove_temporary() {
  const std::string path = path_ + "/" + kTemporary;
  std::vector<std::string> names;
  const int listed = files_.list(folder_, kTemporary, names);
  if (listed == -ENOENT) return {};
  if (listed < 0) return system_error(path, "list", listed);
  for (const std::string& name : names) {
    const int r = files_.unlink(folder_, std::string(kTemporary) + "/" + name);
    if (r < 0) return system_error(path + "/" + name, "unlink", r);
  }
  const int r = files_.remove_directory(folder_, kTemporary);
  return r < 0 ? system_error(path, "remove folder", r) : StoreError{};
}

namespace {

/// In an empty file, without a log or a sync: whatever fails, all of it is thrown away.
void write_first(const SqliteFiles& files, const ShowId& show_id, const StateView& view, const CheckpointNote& note,
                 std::int64_t now) {
  SqliteConnection db(CheckpointStore::kFile, files.vfs_name(), true);
  db.set("locking_mode", "exclusive");
  db.set("page_size", std::to_string(kPageBytes));
  db.set("journal_mode", "off");
  db.set("synchronous", "0");
  db.run("BEGIN", "begin");
  checkpoint_format::make_tables(db, show_id);
  CheckpointRows rows;
  CheckpointWriter(db, rows).write(view, true, 0, view.head().revision);
  HeadWriter(db, show_id).put(head_of(view, note, rows, now));
  db.run("COMMIT", "commit");
  db.set("journal_mode", "wal");
}

}  // namespace

StoreError CheckpointStore::build(const ShowId& show_id, const StateView& state, const CheckpointNote& note) {
  const std::string path = path_ + "/" + kTemporary;
  const std::string file_path = path + "/" + kFile;
  if (const int r = files_.make_directory(folder_, kTemporary, 0700); r < 0) {
    return system_error(path, "make folder", r);
  }
  const int fd = files_.open(folder_, kTemporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  if (fd < 0) return system_error(path, "open", fd);
  SqliteFiles files(files_, clock_, platform::File(files_, fd), path);
  // Open from before the first write: its sync is told of every write that failed.
  const int database = files_.open(fd, kFile, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (database < 0) return system_error(file_path, "create", database);
  const platform::File file(files_, database);
  try {
    write_first(files, show_id, state, note, clock_.realtime_ns());
  } catch (const SqliteError& error) { return sqlite_error(files, error); }
  if (const int r = files_.sync(database); r < 0) return system_error(file_path, "sync", r);
  if (const int r = files_.sync(fd); r < 0) return system_error(path, "sync folder", r);
  return {};
}

StoreError CheckpointStore::publish() {
  if (const int r = files_.rename(folder_, kTemporary, folder_, kFolder); r < 0) {
    return system_error(folder_path(), "rename", r);
  }
  unfinished_ = true;
  if (const int r = files_.sync(folder_); r < 0) return system_error(path_, "sync folder", r);
  return {};
}

}  // namespace relume::core
