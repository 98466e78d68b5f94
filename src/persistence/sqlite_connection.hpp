// SPDX-License-Identifier: Apache-2.0
// One SQLite connection and its statements. What fails throws SqliteError; only the checkpoint store catches it.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace relume::core {

class SqliteError : public std::exception {
 public:
  SqliteError(int code, const char* step, std::string message);
  const char* what() const noexcept override { return message_.c_str(); }
  const char* step() const noexcept { return step_; }
  /// The content of the file is to blame, not a call that failed or a lock that is held.
  bool says_damaged() const noexcept;

 private:
  int code_;  // SQLite's
  const char* step_;
  std::string message_;
};

class SqliteConnection {
 public:
  /// @param create also when the file is not there or empty. @param vfs see SqliteFiles.
  SqliteConnection(const char* file, const char* vfs, bool create);
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  /// Plays the log back into the database and deletes it, unless told to keep it. All statements are gone before.
  ~SqliteConnection();

  sqlite3* get() const { return db_; }
  void run(const char* sql, const char* step);
  /// Sets a pragma and reads it back; what is refused throws.
  void set(const char* pragma, std::string_view value);
  std::string ask(const char* sql);
  /// Whether the log is left as it is at the end.
  void keep_log(bool keep);
  /// The file says that only a newer SQLite may write it.
  bool read_only() const;
  /// Writes all of the log back into the database. The next commit begins the log anew, with a header that is synced before what
  /// follows it. It is not cut: of a log that is being cut, a power cut may leave the first part, and that would be played back.
  void play_back();

 private:
  sqlite3* db_ = nullptr;
};

/// A prepared statement. What is bound by pointer must stay until the step is done.
class SqliteStatement {
 public:
  SqliteStatement(const SqliteConnection& db, const char* sql, const char* step);
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  ~SqliteStatement();

  SqliteStatement& bind(int index, std::int64_t value);
  SqliteStatement& bind(int index, std::uint64_t value) { return bind(index, static_cast<std::int64_t>(value)); }
  SqliteStatement& bind_text(int index, std::string_view value);
  SqliteStatement& bind_blob(int index, const void* data, std::size_t size);
  SqliteStatement& bind_null(int index);

  /// True when there is a row.
  bool step();
  /// Ready to be bound and stepped again.
  void reset();
  void run();

  std::int64_t integer(int column) const;
  std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  bool is_null(int column) const;
  /// Of text or a blob; valid until the next step.
  std::string_view bytes(int column) const;

 private:
  void check(int code) const;
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  const char* step_;
};

}  // namespace relume::core
