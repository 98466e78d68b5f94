// SPDX-License-Identifier: Apache-2.0
#include "persistence/sqlite_connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <new>
#include <utility>

namespace relume::core {
namespace {

[[noreturn]] void fail(sqlite3* db, int code, const char* step) {
  if ((code & 0xFF) == SQLITE_NOMEM) throw std::bad_alloc();
  throw SqliteError(code, step, db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

}  // namespace

SqliteError::SqliteError(int code, const char* step, std::string message)
    : code_(code), step_(step), message_(std::move(message)) {}

bool SqliteError::says_damaged() const noexcept {
  const int code = code_ & 0xFF;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR || code == SQLITE_SCHEMA ||
         code == SQLITE_FORMAT || code == SQLITE_MISMATCH || code == SQLITE_CONSTRAINT || code == SQLITE_TOOBIG;
}

SqliteConnection::SqliteConnection(const char* file, const char* vfs, bool create) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
  if (const int rc = sqlite3_open_v2(file, &db_, flags, vfs); rc != SQLITE_OK) {
    const SqliteError error(rc, "open", sqlite3_errstr(rc));
    sqlite3_close(db_);
    throw error;
  }
  sqlite3_extended_result_codes(db_, 1);
  // What is in the file is data, never a program.
  for (const int off : {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_TRUSTED_SCHEMA,
                        SQLITE_DBCONFIG_ENABLE_FKEY}) {
    sqlite3_db_config(db_, off, 0, nullptr);
  }
}

SqliteConnection::~SqliteConnection() { sqlite3_close(db_); }

void SqliteConnection::run(const char* sql, const char* step) {
  if (const int rc = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); rc != SQLITE_OK) fail(db_, rc, step);
}

void SqliteConnection::set(const char* pragma, std::string_view value) {
  run(fmt::format("PRAGMA {}={}", pragma, value).c_str(), "set");
  const std::string is = ask(fmt::format("PRAGMA {}", pragma).c_str());
  if (is != value) throw SqliteError(SQLITE_MISUSE, "set", fmt::format("{} stays {}, not {}", pragma, is, value));
}

std::string SqliteConnection::ask(const char* sql) {
  SqliteStatement query(*this, sql, "read");
  return query.step() ? std::string(query.bytes(0)) : std::string();
}

void SqliteConnection::keep_log(bool keep) {
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

bool SqliteConnection::read_only() const { return sqlite3_db_readonly(db_, "main") != 0; }

void SqliteConnection::play_back() {
  const int rc = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  if (rc != SQLITE_OK) fail(db_, rc, "play back");
}

SqliteStatement::SqliteStatement(const SqliteConnection& db, const char* sql, const char* step)
    : db_(db.get()), step_(step) {
  check(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

void SqliteStatement::check(int code) const {
  if (code != SQLITE_OK) fail(db_, code, step_);
}

SqliteStatement& SqliteStatement::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(statement_, index, value));
  return *this;
}

SqliteStatement& SqliteStatement::bind_text(int index, std::string_view value) {
  check(sqlite3_bind_text64(statement_, index, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::bind_blob(int index, const void* data, std::size_t size) {
  check(sqlite3_bind_blob64(statement_, index, data, size, SQLITE_STATIC));
  return *this;
}

SqliteStatement& SqliteStatement::bind_null(int index) {
  check(sqlite3_bind_null(statement_, index));
  return *this;
}

bool SqliteStatement::step() {
  const int rc = sqlite3_step(statement_);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) fail(db_, rc, step_);
  return rc == SQLITE_ROW;
}

void SqliteStatement::reset() { sqlite3_reset(statement_); }

void SqliteStatement::run() {
  while (step()) {}
  reset();
}

std::int64_t SqliteStatement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

bool SqliteStatement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::string_view SqliteStatement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  if (data == nullptr && sqlite3_errcode(db_) == SQLITE_NOMEM) throw std::bad_alloc();
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

}  // namespace relume::core
