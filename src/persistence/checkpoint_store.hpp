// SPDX-License-Identifier: Apache-2.0
// The checkpoint: the newest whole state and a short history of it, durable, in SQLite. Disk role only.
//
// Folder "checkpoint" in the show folder, database "state.db". SQLite's file calls go through our file table. A state is a row
// of `head` and, per block and object, the newest row that is not newer than it; so the last 8 states are all there, and a
// checkpoint writes only what changed. Every row carries a checksum, and the head the digest of all of them: a state proves
// itself as a whole, or it is none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/fault.hpp"
#include "persistence/saved_show.hpp"
#include "platform/clock.hpp"
#include "platform/files.hpp"

namespace relume::core {

/// Why the store could not do what it was asked for, as an operator must be told.
struct StoreError {
  std::string path;
  std::string step;  // of a system call "open", "write", "sync", ..., else what was being done: "commit", "read", ...
  int error = 0;     // errno; 0 when it was no system call (message says what then)
  std::string message;  // the whole of it, with the remedy
  bool damaged =
      false;  // the file's content is to blame: no further save can succeed; move the folder away and create()

  explicit operator bool() const { return !step.empty(); }
};

/// What a checkpoint says besides the state.
struct CheckpointNote {
  std::string reason;     // "open", "change", "save", "close", "edited", ...
  bool clean = false;     // the show has not been changed since it was opened, or was closed after it
  DocumentMark document;  // as last read or written
};

class CheckpointStore {
 public:
  enum class Verdict {
    ok,         // the newest state proved itself, and the store is open
    recovered,  // it did not, an older one did; or the file can only be read. The store is not open: to go on, move the
                // folder away and create() another
    absent,     // there is no folder, or nothing in it
    damaged,    // nothing in it proves itself
    newer_format,  // a newer version of the library wrote it
    unreadable,    // a file call failed, or another program has it open
  };
  struct Found {
    Verdict verdict = Verdict::absent;
    std::string reason;  // why it is not ok
    std::string path;    // of the database
    // Of the state that was found, when it is ok or recovered:
    CheckpointNote note;
    ShowId show_id{};
    SavedHead head;
    std::int64_t saved_ns = 0;  // realtime at which it was written
  };

  static constexpr const char* kFolder = "checkpoint";
  static constexpr const char* kFile = "state.db";
  static constexpr unsigned kStates = 8;

  /// @param folder the show folder, an open and locked directory. @param path its path, for messages.
  CheckpointStore(platform::Files& files, platform::Clock& clock, int folder, std::string path);
  ~CheckpointStore();
  CheckpointStore(const CheckpointStore&) = delete;
  CheckpointStore& operator=(const CheckpointStore&) = delete;

  /// Opens and proves an existing store, head, rows and digest; changes nothing but to let SQLite play back its own log, and not
  /// even that when the store is not ok. With `state`, reads the state into it as well (its stack is decoded).
  Found open(SavedShow* state);
  /// Open, or the last open store whose connection was given up after a failure: save() takes it up again by itself.
  bool is_open() const;

  /// Makes a store that holds this state, whole, under a temporary name, gives it its name and opens it. What had the name is
  /// the caller's to move away before, unless it is what an earlier create() left unfinished.
  StoreError create(const ShowId& show_id, const StateView& state, const CheckpointNote& note);

  /// Writes what changed since the newest state, in one transaction, synced before it returns. A state of another history than
  /// the newest, or the first one after open() or after a failure, is compared block by block. A revision must not be lower than
  /// the newest; one that is equal, of the same history, replaces it. On an error the old state stands, or, when only the log
  /// could not be written back, the new one.
  StoreError save(const StateView& state, const CheckpointNote& note);

  /// What open() found is on the disk afterwards, whoever wrote it and died before the end. save() does that, too.
  StoreError settle();

  /// States that are kept, newest first.
  std::vector<SavedHead> history(StoreError& error);
  /// Reads one of them. False and an error when it is not there or does not prove itself.
  bool load(std::uint64_t history, std::uint64_t revision, SavedShow& out, StoreError& error);

  /// Whether the log holds something that is not in the database yet. It is just as durable there.
  bool has_log() const;
  /// Writes the log into the database, where nobody waits for it.
  StoreError empty_log();
  /// Gives the database back, and others may open it. The log is written into it, unless it is to be left as it is.
  void close(bool leave_log = false);

 private:
  struct Session;
  struct Database;
  std::string folder_path() const { return path_ + "/" + kFolder; }
  StoreError open(SavedShow* state, Found& found);
  StoreError look(platform::File& folder, Found& found);
  StoreError connect(SavedShow* state, Found& found);
  void prove(Session& session, SavedShow* state, Found& found);
  void prove_states(Session& session, SavedShow* state, Found& found);
  StoreError ready();
  template <class F>
  StoreError attempt(F f);
  StoreError settle_log();
  StoreError build(const ShowId& show_id, const StateView& state, const CheckpointNote& note);
  StoreError publish();
  StoreError remove_temporary();

  platform::Files& files_;
  platform::Clock& clock_;
  int folder_;
  std::string path_;
  std::unique_ptr<Database> db_;
  bool log_emptied_ = false;  // all that the log holds is in the database, too
  bool unfinished_ = false;   // a create() failed after it had given the name
};

}  // namespace relume::core
