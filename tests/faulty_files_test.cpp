// SPDX-License-Identifier: Apache-2.0
// The file table in which calls fail, fall short or hang when a test says so.
#include "support/faulty_files.hpp"

#include <fcntl.h>
#include <catch2/catch.hpp>

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "support/crash_states.hpp"
#include "support/sim_disk.hpp"

using namespace relume::test;
using relume::core::platform::File;
using relume::core::platform::read_whole;
using relume::core::platform::replace_whole;
using relume::core::platform::Replaced;
using relume::core::platform::ReplaceResult;

namespace {

/// A faulty table over a simulated disk, and a folder to write in.
struct Faulty {
  SimDisk disk;
  FaultyFiles files{disk};
  File folder{files, files.open(SimDisk::kDisk, O_RDONLY | O_DIRECTORY, 0)};

  ReplaceResult replace(const std::string& content) { return replace_whole(files, folder.fd(), "a", content); }
  std::string found() {
    std::string content;
    return read_whole(disk, "/disk/a", 1 << 20, content) < 0 ? "-" : content;
  }
};

}  // namespace

TEST_CASE("Faulty files: the n-th call of the kinds that were named fails, once or for good", "[faulty_files]") {
  Faulty f;
  FaultyFiles& files = f.files;
  const int fd = files.open("/disk/f", O_RDWR | O_CREAT, 0600);
  files.fail({Call::write, Call::truncate}, 3, ENOSPC);
  CHECK(files.write(fd, "a", 1) == 1);
  CHECK(files.truncate(fd, 0) == 0);
  CHECK(!files.struck());
  CHECK(files.set_mode(fd, 0600) == 0);
  CHECK(files.truncate(fd, 0) == -ENOSPC);
  CHECK(files.struck());
  CHECK(files.write(fd, "a", 1) == 1);
  files.fail(Call::write, 2, EIO, FaultyFiles::kForGood);
  CHECK(files.write(fd, "a", 1) == 1);
  CHECK(files.write(fd, "a", 1) == -EIO);
  CHECK(files.write(fd, "a", 1) == -EIO);
  files.heal();
  CHECK(files.write(fd, "a", 1) == 1);
  files.fall_short(1, 3);
  CHECK(files.write(fd, "abcdef", 6) == 3);
  CHECK(files.write(fd, "abcdef", 6) == 6);
  int error = 0;
  const int mapped = files.open("/run/f", O_RDWR | O_CREAT, 0600);
  files.fail(Call::map, 1, ENOMEM);
  CHECK(files.map(mapped, 0, 4096, error) == nullptr);
  CHECK(error == ENOMEM);
  files.fail(Call::close, 1, EIO);
  CHECK(files.close(fd) == -EIO);
  CHECK(files.close(fd) == -EBADF);
}

TEST_CASE("Faulty files: calls are counted and logged by name", "[faulty_files]") {
  Faulty f;
  CHECK(f.files.count(kWritingCalls) == 0);
  std::string content;
  CHECK(read_whole(f.files, "/disk/a", 100, content) == -ENOENT);
  CHECK(f.files.count(kWritingCalls) == 0);
  f.files.clear_log();
  REQUIRE(f.replace("abc"));
  CHECK(f.files.count(Call::sync) == 2);
  CHECK(f.files.count(Calls::all()) == f.files.log().size());
  std::vector<std::string> synced;
  for (const auto& entry : f.files.log()) {
    if (entry.call == Call::sync) synced.push_back(entry.on);
    if (entry.call == Call::rename) CHECK(entry.on == ".a.new to a");
    if (entry.call == Call::write) CHECK(entry.result == 3);
  }
  CHECK(synced == std::vector<std::string>{".a.new", "/disk"});
}

TEST_CASE("Faulty files: a sync that failed says success the next time, and has lost what it was to write",
          "[faulty_files]") {
  Faulty f;
  const int fd = f.files.open("/disk/f", O_RDWR | O_CREAT, 0600);
  REQUIRE(f.files.write(fd, "a", 1) == 1);
  f.files.fail(Call::sync, 1, EIO);
  CHECK(f.files.sync(fd) == -EIO);
  CHECK(f.files.sync(fd) == 0);
  CHECK(f.files.sync(f.folder.fd()) == 0);
  const CrashStates states(f.disk.state(), Order::any);
  SimDisk left(states.leave(states.extremes()[0]));
  std::string content = "x";
  CHECK(read_whole(left, "/disk/f", 10, content) == 0);
  CHECK(content.empty());
}

TEST_CASE("Faulty files: a call hangs until it is released, and then does what it was to do", "[faulty_files]") {
  Faulty f;
  CHECK(!f.files.wait_until_hung(std::chrono::milliseconds(0)));
  f.files.hang(Call::sync);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    f.replace("abc");
    done = true;
  });
  CHECK(f.files.wait_until_hung());
  CHECK(!done);
  CHECK(f.found() == "-");
  CHECK(f.files.count(Call::rename) == 0);
  f.files.release();
  writer.join();
  CHECK(f.found() == "abc");
}

TEST_CASE(
    "Atomic replace: every call of it fails, or writes fall short: the old content or the new, and never a wrong word",
    "[faulty_files][faults]") {
  for (const bool for_good : {FaultyFiles::kOnce, FaultyFiles::kForGood}) {
    for (const int error : {EIO, ENOSPC, EROFS, EMFILE}) {
      for (std::uint64_t n = 1;; ++n) {
        INFO("call " << n << ", error " << error << ", for good " << for_good);
        Faulty f;
        REQUIRE(f.replace("old"));
        f.files.fail(Calls::all(), n, error, for_good);
        const ReplaceResult result = f.replace("new content");
        const bool struck = f.files.struck();
        f.files.heal();
        CHECK((result.state == Replaced::committed || result.error == error));
        CHECK(f.found() == (result.state == Replaced::not_committed ? "old" : "new content"));
        CHECK(f.disk.open_descriptors() == 1);
        REQUIRE(f.replace("newer"));  // whatever was left behind is not in the way
        CHECK(f.found() == "newer");
        if (!struck) break;
      }
    }
  }
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{3}}) {
    Faulty f;
    f.files.fall_short(1, bytes, FaultyFiles::kForGood);
    CHECK(f.replace("new content"));
    CHECK(f.found() == "new content");
  }
}
