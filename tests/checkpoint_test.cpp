// SPDX-License-Identifier: Apache-2.0
// The checkpoint store alone: states come back whole, the last eight of them; what is broken is noticed; only changes are written.
#include "persistence/checkpoint_store.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <random>

#include "persistence/sqlite_connection.hpp"
#include "persistence/sqlite_files.hpp"
#include "support/checkpoint_place.hpp"
#include "support/rounds.hpp"

using namespace relume::core;
using relume::test::BuiltState;
using relume::test::CheckpointPlace;
using relume::test::full_state;
using relume::test::is_state;
using relume::test::kShow;
using relume::test::shell;
namespace fs = std::filesystem;
using Verdict = CheckpointStore::Verdict;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// Opens what is there, and says what it is when that is a whole state.
Verdict verdict_of(const CheckpointPlace& place, SavedShow& state, std::string* reason = nullptr) {
  CheckpointStore store = place.store();
  const CheckpointStore::Found found = store.open(&state);
  INFO(found.reason);
  CHECK((found.verdict == Verdict::ok || found.verdict == Verdict::absent) == found.reason.empty());
  CHECK((found.verdict == Verdict::ok) == store.is_open());
  if (reason != nullptr) *reason = found.reason;
  return found.verdict;
}

/// A store of twelve states in which blocks, objects and the stack came, changed and went; each of them as a picture.
std::vector<BuiltState> make_history(const CheckpointPlace& place) {
  BuiltState state = full_state(1);
  CheckpointStore store = place.store();
  REQUIRE_FALSE(store.create(kShow, state, {"open", true, {}}));
  std::vector<BuiltState> pictures{state};
  for (std::uint32_t revision = 2; revision <= 12; ++revision) {
    state.begin(revision);
    state.put_block(revision % 5, 1000 * revision);
    state.put_block(40 + revision, 7);
    state.put_object("record/cue", ObjectKind::bytes, "cue " + std::to_string(revision));
    if (revision % 3 == 0) state.drop_object("record/look");
    if (revision % 3 == 1)
      state.put_object("record/look", ObjectKind::json, "{\"look\": " + std::to_string(revision) + "}");
    if (revision % 4 == 0) state.add_layer("layer-" + std::to_string(revision));
    REQUIRE_FALSE(store.save(state, {"change", false, {}}));
    pictures.push_back(state);
  }
  return pictures;
}

}  // namespace

TEST_CASE("Checkpoint: a state comes back whole, with all that was noted of it", "[checkpoint]") {
  const CheckpointPlace place;
  BuiltState state = full_state(7);
  state.edit_head() = {7, 0xfedcba9876543210, 3, 1'700'000'000'000'000'001, 6, 2};
  CheckpointNote note{"save", true, {~std::uint64_t{0}, 2, 3, -4, 0x8000000000000001, 5}};
  place.clock.realtime = 1'763'000'000'000'000'000;
  {
    CheckpointStore store = place.store();
    CHECK_FALSE(store.is_open());
    REQUIRE_FALSE(store.create(kShow, state, note));
    CHECK(store.is_open());
  }
  CheckpointStore store = place.store();
  SavedShow read;
  CheckpointStore::Found found = store.open(&read);
  REQUIRE(found.verdict == Verdict::ok);
  CHECK(is_state(state, read));
  CHECK(found.head == state.head());
  CHECK(found.note.reason == "save");
  CHECK(found.note.clean);
  CHECK(found.note.document == note.document);
  CHECK(found.show_id == kShow);
  CHECK(found.saved_ns == place.clock.realtime);
  CHECK(found.path == place.database());

  state.begin(8);
  state.put_block(300, 5);
  state.put_object("text/2/title/persisted", ObjectKind::text, "");
  state.put_object("record/nul", ObjectKind::json, std::string("a\0b", 3));
  state.bypass("wash");
  note.clean = false;
  REQUIRE_FALSE(store.save(state, note));
  store.close();
  CHECK_FALSE(store.is_open());
  found = store.open(&read);
  REQUIRE(found.verdict == Verdict::ok);
  CHECK(is_state(state, read));
  CHECK_FALSE(found.note.clean);
  store.close();
  CHECK(shell(place.database(), "SELECT typeof(data) FROM object WHERE name = 'record/nul'") == "blob\n");
}

TEST_CASE("Checkpoint: a stack is written when it has changed, whatever it has changed in", "[checkpoint]") {
  const CheckpointPlace place;
  BuiltState state = full_state(1);
  CheckpointStore store = place.store();
  REQUIRE_FALSE(store.create(kShow, state, {}));
  state.begin(2);
  REQUIRE_FALSE(store.save(state, {}));
  state.begin(3);
  state.bypass("spot");
  REQUIRE_FALSE(store.save(state, {}));
  state.begin(4);
  REQUIRE_FALSE(store.save(state, {}));
  SavedShow read;
  REQUIRE(store.open(&read).verdict == Verdict::ok);
  CHECK(is_state(state, read));
  store.close();
  CHECK(shell(place.database(), "SELECT revision FROM object WHERE name = 'stack'") == "1\n3\n");
}

TEST_CASE("Checkpoint: a save asks for what changed, and writes only that", "[checkpoint]") {
  const CheckpointPlace place;
  BuiltState state = full_state(1);
  CheckpointStore store = place.store();
  REQUIRE_FALSE(store.create(kShow, state, {}));
  state.asked_since.clear();
  state.begin(2);
  state.put_block(3, 77);
  REQUIRE_FALSE(store.save(state, {}));
  CHECK(state.asked_since == std::vector<std::uint64_t>{1});
  store.close();
  CHECK(shell(place.database(), "SELECT revision, count(*) FROM page GROUP BY revision") == "1|20\n2|1\n");
  CHECK(shell(place.database(), "SELECT count(*) FROM object WHERE revision = 2") == "0\n");

  // Opened again it compares everything, and again writes only what differs.
  REQUIRE(store.open(nullptr).verdict == Verdict::ok);
  state.asked_since.clear();
  state.begin(3);
  state.put_block(4, 78);
  state.put_block(5, state.block(5)->persisted[0]);  // given again, but no change
  state.put_object("record/look", ObjectKind::json, "{\"new\": 1}");
  REQUIRE_FALSE(store.save(state, {}));
  CHECK(state.asked_since == std::vector<std::uint64_t>{0});
  store.close();
  CHECK(shell(place.database(), "SELECT block FROM page WHERE revision = 3") == "4\n");
  CHECK(shell(place.database(), "SELECT name FROM object WHERE revision = 3") == "record/look\n");
}

TEST_CASE("Checkpoint: the last eight states are there, each exactly as it was", "[checkpoint]") {
  const CheckpointPlace place;
  const std::vector<BuiltState> pictures = make_history(place);
  CheckpointStore store = place.store();
  REQUIRE(store.open(nullptr).verdict == Verdict::ok);
  StoreError error;
  const std::vector<SavedHead> heads = store.history(error);
  REQUIRE_FALSE(error);
  REQUIRE(heads.size() == CheckpointStore::kStates);
  SavedShow read;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const BuiltState& picture = pictures[pictures.size() - 1 - i];
    CHECK(heads[i] == picture.head());
    CHECK(store.load(heads[i].history, heads[i].revision, read, error));
    CHECK(is_state(picture, read));
  }
  CHECK_FALSE(store.load(heads[0].history, 4, read, error));
  CHECK(error.step == "load");
  CHECK_FALSE(store.load(heads[0].history + 1, 12, read, error));

  // Reading an old one does not confuse the next save.
  BuiltState state = pictures.back();
  state.begin(13);
  state.put_block(0, 1);
  REQUIRE_FALSE(store.save(state, {}));
  REQUIRE(store.open(&read).verdict == Verdict::ok);
  CHECK(is_state(state, read));
}

TEST_CASE("Checkpoint: rows that no kept state needs go, also those of what was removed", "[checkpoint]") {
  const CheckpointPlace place;
  BuiltState state = full_state(1);
  CheckpointStore store = place.store();
  REQUIRE_FALSE(store.create(kShow, state, {}));
  const auto save = [&](std::uint64_t revision) {
    state.begin(revision);
    REQUIRE_FALSE(store.save(state, {}));
  };
  for (std::uint32_t revision = 2; revision <= 40; ++revision) {
    state.begin(revision);
    state.put_block(1, revision);
    state.put_object("record/cue", ObjectKind::bytes, std::string(100 * revision, 'c'));
    save(revision);
  }
  state.drop_object("record/look");
  save(41);
  store.close();
  CHECK(shell(place.database(), "SELECT count(*) FROM page WHERE block = 1") == "8\n");
  CHECK(shell(place.database(), "SELECT count(*) FROM object WHERE name = 'record/cue'") == "7\n");
  CHECK(shell(place.database(), "SELECT count(*), count(data) FROM object WHERE name = 'record/look'") == "2|1\n");
  REQUIRE(store.open(nullptr).verdict == Verdict::ok);
  for (std::uint64_t revision = 42; revision <= 49; ++revision) save(revision);
  store.close();
  CHECK(shell(place.database(), "SELECT count(*) FROM object WHERE name = 'record/cue'") == "1\n");
  CHECK(shell(place.database(), "SELECT count(*) FROM object WHERE name = 'record/look'") == "0\n");
  CHECK(shell(place.database(), "SELECT count(*), min(revision) FROM head") == "8|42\n");
  SavedShow read;
  CHECK(verdict_of(place, read) == Verdict::ok);
  CHECK(is_state(state, read));
}

TEST_CASE("Checkpoint: the newest revision may be saved again, an older one may not", "[checkpoint]") {
  const CheckpointPlace place;
  BuiltState state = full_state(5);
  CheckpointStore store = place.store();
  REQUIRE_FALSE(store.create(kShow, state, {"change", false, {}}));
  state.edit_head().document_wanted = 5;
  REQUIRE_FALSE(store.save(state, {"close", true, {}}));
  REQUIRE(store.open(nullptr).verdict == Verdict::ok);
  state.put_block(2, 99);  // and even when a value is another one
  state.put_object("record/look", ObjectKind::json, "[]");
  REQUIRE_FALSE(store.save(state, {"close", true, {}}));
  StoreError error;
  CHECK(store.history(error).size() == 1);

  BuiltState older = full_state(4);
  error = store.save(older, {});
  CHECK(error.step == "save");
  CHECK_THAT(error.message, Catch::Contains("revision 4"));
  BuiltState other = full_state(5);
  other.edit_head().history = 1;
  CHECK(store.save(other, {}));

  SavedShow read;
  const CheckpointStore::Found found = store.open(&read);
  REQUIRE(found.verdict == Verdict::ok);
  CHECK(is_state(state, read));
  CHECK(found.note.reason == "close");
  CHECK(found.note.clean);
}

TEST_CASE("Checkpoint: another history is compared as a whole, and what it does not have is gone", "[checkpoint]") {
  const CheckpointPlace place;
  const BuiltState before = full_state(9);
  CheckpointStore store = place.store();
  REQUIRE_FALSE(store.create(kShow, before, {}));
  BuiltState state = before;
  state.begin(9 + (std::uint64_t{1} << 32U));
  state.edit_head().history = 2;
  state.drop_block(3);
  state.drop_block(19);
  state.drop_object("record/look");
  state.asked_since.clear();
  REQUIRE_FALSE(store.save(state, {}));
  CHECK(state.asked_since == std::vector<std::uint64_t>{0});
  SavedShow read;
  REQUIRE(store.open(&read).verdict == Verdict::ok);
  CHECK(is_state(state, read));
  StoreError error;
  REQUIRE(store.load(before.head().history, 9, read, error));
  CHECK(is_state(before, read));
}

TEST_CASE("Checkpoint: every commit is synced, and a session that dies at once loses none", "[checkpoint]") {
  const CheckpointPlace place;
  relume::test::WatchedFiles files;
  BuiltState state = full_state(1);
  CheckpointStore store(files, place.clock, place.folder.fd(), place.path());
  REQUIRE_FALSE(store.create(kShow, state, {}));
  for (std::uint32_t revision = 2; revision <= 30; ++revision) {
    state.begin(revision);
    state.put_block(revision % 7, revision);
    files.calls.clear();
    REQUIRE_FALSE(store.save(state, {}));
    const auto log_calls = files.of("state.db-wal");
    REQUIRE_FALSE(log_calls.empty());
    CHECK(log_calls.back() == "sync");
    CHECK(std::count(log_calls.begin(), log_calls.end(), "write") >= 2);
    CHECK(files.of("state.db").empty());                                // a commit leaves the database itself alone
    if (revision == 2) CHECK(files.of("checkpoint").back() == "sync");  // in which the log is new
    if (revision % 10 != 0) continue;
    const CheckpointPlace copy(place);  // what a killed process leaves
    SavedShow read;
    CHECK(verdict_of(copy, read) == Verdict::ok);
    CHECK(is_state(state, read));
  }
  CHECK(read_file(place.database()).substr(18, 2) == "\2\2");  // WAL
}

TEST_CASE("Checkpoint: a long log is written back, and does not grow on", "[checkpoint]") {
  const CheckpointPlace place;
  relume::test::WatchedFiles files;
  BuiltState state = full_state(1);
  CheckpointStore store(files, place.clock, place.folder.fd(), place.path());
  REQUIRE_FALSE(store.create(kShow, state, {}));
  int written_back = 0;
  std::uintmax_t longest = 0;
  for (std::uint32_t revision = 2; revision <= 60; ++revision) {
    state.begin(revision);
    state.put_object("record/large", ObjectKind::bytes, std::string(400'000, static_cast<char>(revision)));
    files.calls.clear();
    REQUIRE_FALSE(store.save(state, {}));
    const auto database_calls = files.of("state.db");
    written_back += database_calls.empty() ? 0 : 1;
    if (!database_calls.empty()) CHECK(database_calls.back() == "sync");
    longest = std::max(longest, fs::file_size(place.database() + "-wal"));
  }
  CHECK(written_back >= 4);
  CHECK(written_back <= 12);
  CHECK(longest < 6'000'000);
  store.close();
  CHECK_FALSE(fs::exists(place.database() + "-wal"));
  CHECK(fs::file_size(place.database()) < 6'000'000);
}

TEST_CASE("Checkpoint: the sqlite3 shell reads everything while the show is down, and is refused while it runs",
          "[checkpoint]") {
  const CheckpointPlace place;
  const std::vector<BuiltState> pictures = make_history(place);
  CHECK(shell(place.database(), "SELECT revision, history, reason FROM head ORDER BY revision DESC LIMIT 1") ==
        "12|0123456789abcdef|change\n");
  CHECK(shell(place.database(), "SELECT data FROM object WHERE name = 'record/look' AND revision = 10") ==
        "{\"look\": 10}\n");
  CHECK(shell(place.database(), "SELECT value FROM meta WHERE key = 'show_id'") ==
        "000102030405060708090a0b0c0d0e0f\n");
  // State 8, as the specification says.
  CHECK(shell(place.database(),
              "SELECT count(*), max(newest) FROM (SELECT max(revision) AS newest FROM page WHERE revision <= 8"
              " GROUP BY block)") == "27|8\n");
  CHECK(shell(place.database(), "PRAGMA integrity_check") == "ok\n");

  CheckpointStore store = place.store();
  REQUIRE(store.open(nullptr).verdict == Verdict::ok);
  CHECK_THAT(shell(place.database(), "SELECT * FROM head"), Catch::Contains("database is locked"));
  store.close();

  // And the other way round: somebody looks into it just now.
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(place.database().c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN; SELECT * FROM head", nullptr, nullptr, nullptr) == SQLITE_OK);
  std::string reason;
  SavedShow read;
  CHECK(verdict_of(place, read, &reason) == Verdict::unreadable);
  CHECK_THAT(reason, Catch::Contains("lock") && Catch::Contains("another program"));
  sqlite3_close(other);
  CHECK(verdict_of(place, read) == Verdict::ok);
  CHECK(is_state(pictures.back(), read));
}

TEST_CASE("Checkpoint: one that was taken out of WAL mode by hand is put back", "[checkpoint]") {
  const CheckpointPlace place;
  const std::vector<BuiltState> pictures = make_history(place);
  CHECK(shell(place.database(), "PRAGMA journal_mode=delete; VACUUM") == "delete\n");
  CheckpointStore store = place.store();
  SavedShow read;
  REQUIRE(store.open(&read).verdict == Verdict::ok);
  CHECK(is_state(pictures.back(), read));
  CHECK(read_file(place.database()).substr(18, 2) == "\2\2");
}

TEST_CASE("Checkpoint: a setting that SQLite does not take is an error", "[checkpoint]") {
  const CheckpointPlace place;
  platform::Files& system = platform::system_files();
  const int fd = system.open(place.path(), O_RDONLY | O_DIRECTORY, 0);
  const SqliteFiles files(system, place.clock, platform::File(system, fd), place.path());
  SqliteConnection db("some.db", files.vfs_name(), true);
  // Without exclusive locking it would need shared memory, which these files do not have.
  CHECK_THROWS_WITH(db.set("journal_mode", "wal"), Catch::Contains("journal_mode stays delete"));
  db.set("locking_mode", "exclusive");
  db.set("journal_mode", "wal");
}

TEST_CASE("Checkpoint: SQLite reads zeros beyond the end of a file, and is told", "[checkpoint]") {
  const CheckpointPlace place;
  platform::Files& system = platform::system_files();
  const int fd = system.open(place.path(), O_RDONLY | O_DIRECTORY, 0);
  const SqliteFiles files(system, place.clock, platform::File(system, fd), place.path());
  write_file(place.path() + "/some.db", "seven..");
  sqlite3_vfs* vfs = sqlite3_vfs_find(files.vfs_name());
  REQUIRE(vfs != nullptr);
  alignas(std::max_align_t) std::array<char, 256> room;
  REQUIRE(static_cast<std::size_t>(vfs->szOsFile) <= room.size());
  auto* file = reinterpret_cast<sqlite3_file*>(room.data());
  REQUIRE(vfs->xOpen(vfs, "some.db", file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MAIN_DB, nullptr) == SQLITE_OK);
  std::string read(10, 'x');
  CHECK(file->pMethods->xRead(file, read.data(), 10, 2) == SQLITE_IOERR_SHORT_READ);
  CHECK(read == std::string("ven..\0\0\0\0\0", 10));
  CHECK(file->pMethods->xRead(file, read.data(), 3, 0) == SQLITE_OK);
  CHECK(read.substr(0, 3) == "sev");
  file->pMethods->xClose(file);
}

TEST_CASE("Checkpoint: creation makes it whole before it has its name, over what an earlier one left", "[checkpoint]") {
  const CheckpointPlace place;
  relume::test::WatchedFiles files;
  fs::create_directory(place.path() + "/checkpoint.new");
  write_file(place.path() + "/checkpoint.new/state.db", "half a database");
  write_file(place.path() + "/checkpoint.new/state.db-wal", "half a log");
  std::vector<std::string> at_rename;
  files.before_rename = [&] {
    for (const auto& entry : fs::directory_iterator(place.path() + "/checkpoint.new")) {
      at_rename.push_back(entry.path().filename());
    }
    CHECK(files.of("state.db").back() == "sync");
    CHECK(files.of("checkpoint.new").back() == "sync");
  };
  BuiltState state = full_state(1);
  CheckpointStore store(files, place.clock, place.folder.fd(), place.path());
  REQUIRE_FALSE(store.create(kShow, state, {}));
  CHECK(at_rename == std::vector<std::string>{"state.db"});
  CHECK(files.after_rename("folder") == "sync");
  CHECK_FALSE(fs::exists(place.path() + "/checkpoint.new"));
  store.close();

  // A store that is there is nobody's to replace.
  const StoreError error = store.create(kShow, state, {});
  CHECK(error.step == "rename");
  CHECK(error.path == place.path() + "/checkpoint");
  SavedShow read;
  CHECK(verdict_of(place, read) == Verdict::ok);
}

TEST_CASE("Checkpoint: nothing there is absent, anything else there is damage", "[checkpoint]") {
  const CheckpointPlace place;
  SavedShow read;
  CHECK(verdict_of(place, read) == Verdict::absent);
  const std::string folder = place.path() + "/checkpoint";
  fs::create_directory(folder);
  CHECK(verdict_of(place, read) == Verdict::absent);
  write_file(folder + "/state.db-wal", "a log without its database");
  CHECK(verdict_of(place, read) == Verdict::damaged);
  write_file(place.database(), "");
  CHECK(verdict_of(place, read) == Verdict::damaged);
  write_file(place.database(), std::string(8192, 'x'));
  CHECK(verdict_of(place, read) == Verdict::damaged);
  fs::remove_all(folder);
  fs::create_directories(place.database());
  CHECK(verdict_of(place, read) == Verdict::damaged);
  fs::remove_all(folder);
  write_file(folder, "a file");
  CHECK(verdict_of(place, read) == Verdict::damaged);
  fs::remove(folder);
  fs::create_directory(folder);
  CHECK(shell(place.database(), "CREATE TABLE head(revision)").empty());  // somebody else's
  CHECK(verdict_of(place, read) == Verdict::damaged);
}

TEST_CASE("Checkpoint: of a newer format it is refused, and left as it is", "[checkpoint]") {
  const CheckpointPlace place;
  make_history(place);
  REQUIRE(shell(place.database(), "PRAGMA user_version=2").empty());
  const std::string before = read_file(place.database());
  SavedShow read;
  std::string reason;
  CHECK(verdict_of(place, read, &reason) == Verdict::newer_format);
  CHECK_THAT(reason, Catch::Contains("format 2") && Catch::Contains("update"));
  CHECK(read_file(place.database()) == before);
  CHECK_FALSE(fs::exists(place.database() + "-wal"));
}

TEST_CASE("Checkpoint: a row that is missing, stale, changed or foreign is noticed, and an older state is offered",
          "[checkpoint]") {
  const CheckpointPlace whole("/dev/shm");
  const std::vector<BuiltState> pictures = make_history(whole);
  const auto after = [&](const std::string& sql, std::uint64_t left, const std::string& why) {
    INFO(sql);
    const CheckpointPlace place(whole);
    REQUIRE(shell(place.database(), sql).empty());
    const std::string before = read_file(place.database());
    SavedShow read;
    std::string reason;
    CHECK(verdict_of(place, read, &reason) == (left != 0 ? Verdict::recovered : Verdict::damaged));
    CHECK_THAT(reason, Catch::Contains(why));
    CHECK((left != 0 ? is_state(pictures[left - 1], read) : read.blocks.empty() && read.stack.layers.empty()));
    CHECK(read_file(place.database()) == before);  // it is evidence now
  };
  after("DELETE FROM page WHERE revision = 12 AND block = 52", 11, "digest");
  after("DELETE FROM page WHERE revision = 12 AND block = 2", 11, "digest");
  after("UPDATE page SET data = zeroblob(528) WHERE revision = 12 AND block = 2", 11, "block 2, revision 12");
  after("UPDATE page SET data = zeroblob(527) WHERE revision = 12 AND block = 2", 11, "block 2, revision 12");
  after("UPDATE page SET revision = 13 WHERE revision = 12 AND block = 52", 0, "cannot be");
  after("UPDATE page SET block = 53 WHERE revision = 12 AND block = 52", 0, "cannot be");
  after("INSERT INTO page SELECT 60, 60, 12, checksum, data FROM page WHERE block = 52", 11, "block 60");
  after("INSERT INTO page SELECT 1 << 40, 0, 12, checksum, data FROM page WHERE block = 52", 0, "cannot be");
  after("DELETE FROM object WHERE name = 'stack'", 0, "stack is missing");
  after("UPDATE object SET data = 'cue 99' WHERE name = 'record/cue' AND revision = 12", 11, "record/cue");
  after("UPDATE object SET kind = 3 WHERE name = 'record/cue' AND revision = 12", 11, "digest");
  after("UPDATE object SET kind = 9 WHERE name = 'record/cue' AND revision = 12", 11, "unknown kind");
  after("UPDATE object SET name = 'record/other' WHERE name = 'record/cue' AND revision = 12", 11, "record/other");
  after("DELETE FROM object WHERE name = 'record/look' AND revision = 12", 11, "digest");
  after("UPDATE object SET name = 'grüß' WHERE name = 'record/cue' AND revision = 12", 0, "object of revision 12");
  after("UPDATE object SET name = printf('%201d', 0) WHERE name = 'record/cue'", 0, "cannot be");
  after("UPDATE head SET clean = 1 WHERE revision = 12", 11, "head's checksum");
  after("UPDATE head SET history = '0123456789abcdee' WHERE revision = 12", 11, "head's checksum");
  after("UPDATE head SET reason = 'save' WHERE revision > 9", 9, "revision 12 is not whole");
  after("DELETE FROM head WHERE revision = 12", 0, "cannot be");
  after("DELETE FROM head", 0, "no state");
  after("UPDATE meta SET value = '000102030405060708090a0b0c0d0e00' WHERE key = 'show_id'", 0, "head's checksum");
  after("DELETE FROM meta", 0, "show");
  after("DROP TABLE object", 0, "no such table");
  after("PRAGMA application_id=1", 0, "no checkpoint");
}

TEST_CASE("Checkpoint: an older state that is not whole any more is refused, and the newest is not touched by that",
          "[checkpoint]") {
  const CheckpointPlace place;
  const std::vector<BuiltState> pictures = make_history(place);
  REQUIRE(shell(place.database(), "UPDATE page SET revision = 10 WHERE revision = 12 AND block = 52").empty());
  CheckpointStore store = place.store();
  SavedShow read;
  REQUIRE(store.open(&read).verdict == Verdict::ok);
  CHECK(is_state(pictures.back(), read));
  StoreError error;
  CHECK_FALSE(store.load(pictures[10].head().history, 11, read, error));
  CHECK_THAT(error.message, Catch::Contains("digest"));
  CHECK(store.load(pictures[8].head().history, 9, read, error));
  CHECK(is_state(pictures[8], read));
}

TEST_CASE("Checkpoint: damaged anywhere it shows the newest state, an older one, or none, and never a wrong one",
          "[checkpoint]") {
  const CheckpointPlace place("/dev/shm");
  const std::vector<BuiltState> pictures = make_history(place);
  const std::string whole = read_file(place.database());
  std::mt19937 random(20261121);
  std::size_t newest = 0;
  std::size_t older = 0;
  std::size_t refused = 0;
  std::size_t wrong = 0;
  const long changes = relume::test::rounds(1500, 300000);
  for (long n = 0; n < changes; ++n) {
    std::string bytes = whole;
    const std::size_t at = random() % bytes.size();
    if (n % 8 == 0) {
      bytes.resize(at);
    } else if (n % 8 == 1) {
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at / 512 * 512),
                  std::min<std::size_t>(512, bytes.size() - at / 512 * 512), '\0');
    } else {
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
    }
    write_file(place.database(), bytes);
    fs::remove(place.database() + "-wal");
    SavedShow read;
    CheckpointStore store = place.store();
    const CheckpointStore::Found found = store.open(&read);
    if (found.verdict != Verdict::ok && found.verdict != Verdict::recovered) {
      ++refused;
      wrong += read_file(place.database()) == bytes ? 0 : 1;
      continue;
    }
    const bool exact = found.head.revision >= 5 && found.head.revision <= 12 &&
                       is_state(pictures[found.head.revision - 1], read) && found.show_id == kShow;
    wrong += exact && (found.verdict == Verdict::recovered) == !found.reason.empty() ? 0 : 1;
    (found.head.revision == 12 ? newest : older) += 1;
    if (found.verdict == Verdict::ok && found.head.revision != 12) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(refused > static_cast<std::size_t>(changes) / 10);
  CHECK(older > 0);
  WARN(changes << " damaged checkpoints: " << newest << " newest, " << older << " older, " << refused
               << " refused, 0 wrong");
}

TEST_CASE("Checkpoint: what can only be read is read, and is nothing to write into", "[checkpoint]") {
  const CheckpointPlace place;
  const std::vector<BuiltState> pictures = make_history(place);
  std::string bytes = read_file(place.database());
  bytes[18] = 3;  // the version of SQLite's format that writers must know
  write_file(place.database(), bytes);
  SavedShow read;
  std::string reason;
  CHECK(verdict_of(place, read, &reason) == Verdict::recovered);
  CHECK_THAT(reason, Catch::Contains("newer SQLite"));
  CHECK(is_state(pictures.back(), read));
}

TEST_CASE("Checkpoint: a damaged database keeps its log too", "[checkpoint]") {
  const CheckpointPlace place;
  BuiltState state = full_state(1);
  CheckpointStore store = place.store();
  REQUIRE_FALSE(store.create(kShow, state, {}));
  state.begin(2);
  state.put_block(1, 2);
  REQUIRE_FALSE(store.save(state, {}));
  const CheckpointPlace copy(place);  // killed here
  fs::resize_file(copy.database(), 3 * 4096);
  const std::string database = read_file(copy.database());
  const std::string log = read_file(copy.database() + "-wal");
  SavedShow read;
  CHECK(verdict_of(copy, read) == Verdict::damaged);
  CHECK(read_file(copy.database()) == database);
  CHECK(read_file(copy.database() + "-wal") == log);
  fs::resize_file(copy.database(), 0);
  CHECK(verdict_of(copy, read) == Verdict::damaged);
  CHECK(read_file(copy.database() + "-wal") == log);
}

TEST_CASE("Checkpoint: a damaged log shows a state that was committed", "[checkpoint]") {
  const CheckpointPlace place("/dev/shm");
  BuiltState state = full_state(1);
  CheckpointStore store = place.store();
  REQUIRE_FALSE(store.create(kShow, state, {}));
  std::vector<BuiltState> pictures{state};
  for (std::uint32_t revision = 2; revision <= 6; ++revision) {
    state.begin(revision);
    state.put_block(revision % 3, revision);
    REQUIRE_FALSE(store.save(state, {}));
    pictures.push_back(state);
  }
  const CheckpointPlace copy(place);
  const std::string database = read_file(copy.database());
  const std::string log = read_file(copy.database() + "-wal");
  std::mt19937 random(20261122);
  std::array<int, 7> shown{};
  for (long n = 0; n < relume::test::rounds(200, 20000); ++n) {
    std::string bytes = log;
    if (n % 2 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      bytes[random() % bytes.size()] ^= 4;
    }
    write_file(copy.database(), database);
    write_file(copy.database() + "-wal", bytes);
    SavedShow read;
    REQUIRE(verdict_of(copy, read) == Verdict::ok);
    REQUIRE(read.head.revision >= 1);
    REQUIRE(is_state(pictures[read.head.revision - 1], read));
    ++shown[read.head.revision];
  }
  CHECK(shown[1] > 0);
  CHECK(shown[5] > 0);
}
