// SPDX-License-Identifier: Apache-2.0
// The checkpoint store on a disk that fails: every n-th call, once and for good. Whatever happens is said, nothing is lost, and
// when the disk is well again so is the store.
#include <fcntl.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <random>

#include "support/checkpoint_place.hpp"
#include "support/rounds.hpp"

using namespace relume::core;
using relume::test::BuiltState;
using relume::test::CheckpointPlace;
using relume::test::full_state;
using relume::test::is_state;
using relume::test::kShow;
namespace fs = std::filesystem;
using Verdict = CheckpointStore::Verdict;

namespace {

/// From the n-th call that may fail on, one or all of them do.
class FailingFiles final : public relume::test::PassingFiles {
  using Base = relume::test::PassingFiles;

 public:
  enum class How { error, full, half };  // EIO everywhere; ENOSPC, or half a write and then none, where space is taken
  How how = How::error;
  long fail_at = 0;  // 0: never
  bool for_good = false;
  long calls = 0;
  long failed = 0;
  void heal() { fail_at = 0; }

  using Base::list;
  using Base::open;
  using Base::rename;
  using Base::status;
  using Base::unlink;
  int open(int d, const std::string& n, int f, unsigned m) override {
    const bool takes_space = (f & O_CREAT) != 0;
    return fails(takes_space) ? error(takes_space) : Base::open(d, n, f, m);
  }
  ssize_t read_at(int fd, void* d, std::size_t n, std::uint64_t o) override {
    return fails(false) ? -EIO : Base::read_at(fd, d, n, o);
  }
  ssize_t write_at(int fd, const void* d, std::size_t n, std::uint64_t o) override {
    if (!fails(true)) return Base::write_at(fd, d, n, o);
    if (how != How::half) return error(true);
    return failed % 2 == 1 ? Base::write_at(fd, d, n / 2, o) : 0;
  }
  int truncate(int fd, std::uint64_t n) override { return fails(false) ? -EIO : Base::truncate(fd, n); }
  int sync(int fd) override { return fails(true) ? error(true) : Base::sync(fd); }
  int rename(int a, const std::string& f, int b, const std::string& t) override {
    return fails(true) ? error(true) : Base::rename(a, f, b, t);
  }
  int unlink(int d, const std::string& n) override { return fails(false) ? -EIO : Base::unlink(d, n); }
  int make_directory(int d, const std::string& n, unsigned m) override {
    return fails(true) ? error(true) : Base::make_directory(d, n, m);
  }
  int remove_directory(int d, const std::string& n) override {
    return fails(false) ? -EIO : Base::remove_directory(d, n);
  }
  int status(int d, const std::string& n, platform::FileStatus& s) override {
    return fails(false) ? -EIO : Base::status(d, n, s);
  }
  int status(int fd, platform::FileStatus& s) override { return fails(false) ? -EIO : Base::status(fd, s); }
  int lock_range(int fd, platform::RangeLock k, std::uint64_t s, std::uint64_t n) override {
    return fails(false) ? -EIO : Base::lock_range(fd, k, s, n);
  }
  int list(int f, const std::string& d, std::vector<std::string>& n) override {
    return fails(false) ? -EIO : Base::list(f, d, n);
  }

 private:
  int error(bool takes_space) const { return takes_space && how != How::error ? -ENOSPC : -EIO; }
  bool fails(bool takes_space) {
    if (how != How::error && !takes_space) return false;
    ++calls;
    const bool now = fail_at != 0 && (calls == fail_at || (for_good && calls > fail_at));
    failed += now ? 1 : 0;
    return now;
  }
};

/// Runs `work` on a fresh copy of `from` for every call that it makes, with that call failing in every way.
/// @param stride one in so many calls, for work that makes thousands.
void for_every_call(const CheckpointPlace& from, const std::function<void(FailingFiles&, const CheckpointPlace&)>& work,
                    long stride = 1) {
  long runs = 0;
  for (const FailingFiles::How how : {FailingFiles::How::error, FailingFiles::How::full, FailingFiles::How::half}) {
    for (const bool for_good : {false, true}) {
      for (long n = 1;; n += stride) {
        const CheckpointPlace place(from);
        FailingFiles files;
        files.how = how;
        files.fail_at = n;
        files.for_good = for_good;
        INFO("call " << n << ", how " << static_cast<int>(how) << ", for good " << for_good);
        work(files, place);
        ++runs;
        if (files.failed == 0) break;
      }
    }
  }
  WARN(runs << " runs");
}

/// An error says where it happened.
void check_told(const StoreError& error, const CheckpointPlace& place) {
  INFO(error.message);
  CHECK_FALSE(error.step.empty());
  CHECK(error.path.find(place.path()) == 0);
  CHECK_THAT(error.message, Catch::Contains(error.path) && Catch::Contains(error.step));
  CHECK((error.error == EIO || error.error == ENOSPC || error.error == 0));
  if (error.error != 0) CHECK_THAT(error.message, Catch::Contains(error.error == EIO ? "EIO" : "ENOSPC"));
}

/// What is there for whoever comes after us.
SavedShow read_back(const CheckpointPlace& place) {
  CheckpointStore store = place.store();
  SavedShow read;
  const CheckpointStore::Found found = store.open(&read);
  INFO(found.reason);
  REQUIRE(found.verdict == Verdict::ok);
  return read;
}

/// A store with a log that was not written back, as a killed process leaves it. The last state is `newest`.
struct LivedIn : CheckpointPlace {
  LivedIn() : CheckpointPlace("/dev/shm") {
    CheckpointStore store(files, clock, folder.fd(), path());
    newest = full_state(1);
    REQUIRE_FALSE(store.create(kShow, newest, {}));
    for (std::uint32_t revision = 2; revision <= 10; ++revision) {
      newest.begin(revision);
      newest.put_block(revision % 4, revision);
      newest.put_object("record/cue", ObjectKind::bytes, std::string(1000 * revision, 'x'));
      REQUIRE_FALSE(store.save(newest, {}));
    }
    std::filesystem::copy(path(), killed.path(), std::filesystem::copy_options::recursive);
  }
  platform::Files& files = platform::system_files();
  BuiltState newest;
  CheckpointPlace killed{"/dev/shm"};
};

BuiltState next_of(const BuiltState& state, std::uint32_t revision) {
  BuiltState next = state;
  next.begin(revision);
  next.put_block(revision % 20, revision);
  next.put_block(200, revision);
  next.put_object("record/cue", ObjectKind::bytes, std::string(100, 'y'));
  return next;
}

}  // namespace

TEST_CASE("Checkpoint faults: creation that fails says so, leaves nothing that counts, and works the next time",
          "[checkpoint]") {
  const CheckpointPlace empty("/dev/shm");
  const BuiltState state = full_state(3);
  for_every_call(empty, [&](FailingFiles& files, const CheckpointPlace& place) {
    CheckpointStore store = place.store(files);
    const StoreError error = store.create(kShow, state, {});
    if (error) {
      check_told(error, place);
      CHECK_FALSE(store.is_open());
      files.heal();
      REQUIRE_FALSE(store.create(kShow, state, {}));
    }
    files.heal();
    CHECK_FALSE(fs::exists(place.path() + "/checkpoint.new"));
    const BuiltState next = next_of(state, 4);
    REQUIRE_FALSE(store.save(next, {}));
    store.close();
    CHECK(is_state(next, read_back(place)));
  });
}

TEST_CASE("Checkpoint faults: opening that fails says so, and harms nothing", "[checkpoint]") {
  const LivedIn lived;
  for_every_call(lived.killed, [&](FailingFiles& files, const CheckpointPlace& place) {
    {
      CheckpointStore store = place.store(files);
      SavedShow read;
      const CheckpointStore::Found found = store.open(&read);
      if (found.verdict == Verdict::ok) {
        CHECK(is_state(lived.newest, read));
      } else {
        CHECK(found.verdict == Verdict::unreadable);
        CHECK_THAT(found.reason,
                   Catch::Contains(place.path()) && (Catch::Contains("EIO") || Catch::Contains("ENOSPC")));
        CHECK_FALSE(store.is_open());
        files.heal();
        REQUIRE(store.open(&read).verdict == Verdict::ok);
        CHECK(is_state(lived.newest, read));
      }
    }
    files.heal();
    CHECK(is_state(lived.newest, read_back(place)));
  });
}

TEST_CASE("Checkpoint faults: a save that fails says so, the state before it stands, and the next one works",
          "[checkpoint]") {
  const LivedIn lived;
  const BuiltState second = next_of(lived.newest, 11);
  const BuiltState third = next_of(second, 12);
  const BuiltState fourth = next_of(third, 13);
  for_every_call(lived.killed, [&](FailingFiles& files, const CheckpointPlace& place) {
    const long wanted = files.fail_at;
    files.heal();
    CheckpointStore store = place.store(files);
    REQUIRE(store.open(nullptr).verdict == Verdict::ok);
    files.calls = 0;
    files.fail_at = wanted;
    const StoreError first_error = store.save(second, {});
    const StoreError second_error = store.save(third, {});
    for (const StoreError& error : {first_error, second_error}) {
      if (error) check_told(error, place);
    }
    CHECK(store.is_open());

    // A process that dies now leaves what was acknowledged, or what came after it.
    const SavedShow dead = read_back(CheckpointPlace(place));
    const bool is_third = is_state(third, dead);
    const bool is_second = !second_error ? false : is_state(second, dead);
    const bool is_old = !first_error || !second_error ? false : is_state(lived.newest, dead);
    CHECK((is_third || is_second || is_old));

    files.heal();
    REQUIRE_FALSE(store.save(fourth, {}));
    store.close();
    CHECK(is_state(fourth, read_back(place)));
  });
}

TEST_CASE("Checkpoint faults: when the log cannot be written back nothing is lost", "[checkpoint]") {
  const LivedIn lived;
  BuiltState large = next_of(lived.newest, 11);
  large.put_object("record/large", ObjectKind::bytes, std::string(5'000'000, 'l'));
  const BuiltState after = next_of(large, 12);
  std::mt19937 random(20261123);
  long stride = 0;
  {
    FailingFiles files;
    const CheckpointPlace place(lived.killed);
    CheckpointStore store = place.store(files);
    REQUIRE(store.open(nullptr).verdict == Verdict::ok);
    files.calls = 0;
    REQUIRE_FALSE(store.save(large, {}));
    stride = files.calls / relume::test::rounds(40, 4000) + 1;
  }
  for_every_call(
      lived.killed,
      [&](FailingFiles& files, const CheckpointPlace& place) {
        const long wanted = files.fail_at;
        files.heal();
        CheckpointStore store = place.store(files);
        REQUIRE(store.open(nullptr).verdict == Verdict::ok);
        files.calls = 0;
        files.fail_at = wanted;
        const StoreError error = store.save(large, {});
        if (error) check_told(error, place);
        const SavedShow dead = read_back(CheckpointPlace(place));
        CHECK((is_state(large, dead) || (error && is_state(lived.newest, dead))));
        files.heal();
        REQUIRE_FALSE(store.save(after, {}));
        store.close();
        CHECK(is_state(after, read_back(place)));
      },
      stride);
}

TEST_CASE("Checkpoint faults: a close that fails loses nothing", "[checkpoint]") {
  const LivedIn lived;
  const BuiltState second = next_of(lived.newest, 11);
  for_every_call(lived.killed, [&](FailingFiles& files, const CheckpointPlace& place) {
    const long wanted = files.fail_at;
    files.heal();
    CheckpointStore store = place.store(files);
    REQUIRE(store.open(nullptr).verdict == Verdict::ok);
    REQUIRE_FALSE(store.save(second, {}));
    files.calls = 0;
    files.fail_at = wanted;
    store.close();
    CHECK(is_state(second, read_back(place)));
  });
}

namespace {

/// A sync of the log fails once; after that the system calls the same pages clean, and says that all is well.
class LyingFiles final : public relume::test::PassingFiles {
 public:
  bool fail_next_log_sync = false;
  bool fail_truncate = false;
  using PassingFiles::open;
  int open(int d, const std::string& n, int f, unsigned m) override {
    const int fd = PassingFiles::open(d, n, f, m);
    if (n == "state.db-wal") log_ = fd;
    return fd;
  }
  int sync(int fd) override {
    if (fd != log_ || !fail_next_log_sync) return PassingFiles::sync(fd);
    fail_next_log_sync = false;
    return -EIO;
  }
  int truncate(int fd, std::uint64_t n) override { return fail_truncate ? -EIO : PassingFiles::truncate(fd, n); }

 private:
  int log_ = -1;
};

}  // namespace

TEST_CASE("Checkpoint faults: what a failed sync left in the log is never built upon", "[checkpoint]") {
  const CheckpointPlace place;
  LyingFiles files;
  const BuiltState first = full_state(1);
  CheckpointStore store = place.store(files);
  REQUIRE_FALSE(store.create(kShow, first, {}));
  const BuiltState second = next_of(first, 2);
  REQUIRE_FALSE(store.save(second, {}));

  const bool cut_fails_too = GENERATE(false, true);
  const BuiltState third = next_of(second, 3);
  const BuiltState fourth = next_of(third, 4);
  files.fail_next_log_sync = true;
  files.fail_truncate = cut_fails_too;
  const StoreError error = store.save(third, {});
  CHECK(error.step == "sync");
  CHECK(error.path == place.database() + "-wal");
  CHECK(error.error == EIO);
  if (!cut_fails_too) CHECK(is_state(second, read_back(CheckpointPlace(place))));

  files.fail_truncate = false;
  REQUIRE_FALSE(store.save(fourth, {}));
  StoreError ignored;
  std::vector<std::uint64_t> kept;
  for (const SavedHead& head : store.history(ignored)) kept.push_back(head.revision);
  CHECK(kept == std::vector<std::uint64_t>{4, 2, 1});  // the third was never there
  store.close();
  CHECK(is_state(fourth, read_back(place)));
}

TEST_CASE("Checkpoint faults: what another process wrote into the log goes into the database before more is written",
          "[checkpoint]") {
  const LivedIn lived;
  const CheckpointPlace place(lived.killed);
  relume::test::WatchedFiles files;
  CheckpointStore store = place.store(files);
  REQUIRE(store.open(nullptr).verdict == Verdict::ok);
  CHECK(files.of("state.db").empty());
  CHECK(files.of("state.db-wal").empty());
  const BuiltState next = next_of(lived.newest, 11);
  REQUIRE_FALSE(store.save(next, {}));
  REQUIRE_FALSE(files.of("state.db").empty());
  CHECK(files.of("state.db").back() == "sync");
  // The log is begun anew, not cut, and its new header is on the disk before what follows it.
  const auto log_calls = files.of("state.db-wal");
  REQUIRE(log_calls.size() > 3);
  CHECK(std::vector<std::string>(log_calls.begin(), log_calls.begin() + 3) ==
        std::vector<std::string>{"sync", "write", "sync"});
  const auto first = [&](const char* name, const char* what) {
    return std::find_if(files.calls.begin(), files.calls.end(),
                        [&](const auto& call) { return call.name == name && call.what == what; });
  };
  CHECK(first("state.db", "sync") < first("state.db-wal", "write"));
  CHECK(files.of("folder").front() == "sync");  // the name of the checkpoint itself
}

TEST_CASE("Checkpoint faults: a failure is told once, and then forgotten", "[checkpoint]") {
  const CheckpointPlace place("/dev/shm");
  FailingFiles files;
  BuiltState state = full_state(1);
  state.put_object("record/large", ObjectKind::bytes, std::string(20'000'000, 'l'));  // more than SQLite remembers
  CheckpointStore store = place.store(files);
  REQUIRE_FALSE(store.create(kShow, state, {}));
  REQUIRE_FALSE(store.save(next_of(state, 2), {}));
  files.calls = 0;
  files.fail_at = 1;
  files.for_good = true;
  SavedShow read;
  StoreError error;
  CHECK_FALSE(store.load(state.head().history, 1, read, error));
  CHECK(error.error == EIO);
  files.how = FailingFiles::How::full;
  error = store.save(next_of(state, 3), {});
  CHECK(error.step == "write");
  CHECK(error.error == ENOSPC);
  files.heal();
  CHECK(store.load(state.head().history, 1, read, error));
  CHECK(is_state(state, read));
  CHECK_FALSE(store.save(next_of(state, 3), {}));
}

TEST_CASE("Checkpoint faults: a database that turns out to be damaged in a save is said to be", "[checkpoint]") {
  const CheckpointPlace place;
  const BuiltState first = full_state(1);
  CheckpointStore store = place.store();
  REQUIRE_FALSE(store.create(kShow, first, {}));
  store.close();
  REQUIRE(relume::test::shell(place.database(), "DELETE FROM page WHERE block = 3").empty());
  CheckpointPlace whole;
  CheckpointStore other = whole.store();
  REQUIRE_FALSE(other.create(kShow, first, {}));
  LyingFiles files;
  CheckpointStore broken(files, whole.clock, whole.folder.fd(), whole.path());
  other.close();
  REQUIRE(broken.open(nullptr).verdict == Verdict::ok);
  files.fail_next_log_sync = true;
  REQUIRE(broken.save(next_of(first, 2), {}));  // now it has to open the database again, which is another one
  fs::copy_file(place.database(), whole.database(), fs::copy_options::overwrite_existing);
  const StoreError error = broken.save(next_of(first, 3), {});
  CHECK(error.damaged);
  CHECK_THAT(error.message, Catch::Contains("digest") && Catch::Contains("move its folder away"));
}
