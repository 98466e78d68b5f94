// SPDX-License-Identifier: Apache-2.0
#include "video/picture_file.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "golden.hpp"
#include "support/temp_folder.hpp"

using namespace rig;
using Catch::Matchers::Contains;
using relume::test::TempFolder;

namespace {

std::vector<std::uint8_t> numbered(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return bytes;
}

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

/// No file may grow beyond this, until the end of the scope.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

}  // namespace

TEST_CASE("PNG: what is written is what is read, over an older file too", "[video][png]") {
  const TempFolder folder;
  const std::string path = folder.path() + "/picture.png";
  const auto first = numbered(4 * 31 * 17);
  write_png(path, first, 31, 17);
  CHECK(test::read_png(path, 31, 17) == first);
  const auto second = numbered(4 * 5 * 3);
  write_png(path, second, 5, 3);
  CHECK(test::read_png(path, 5, 3) == second);
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("PNG: a picture that cannot be written leaves the old one alone, and nothing beside it",
          "[video][png][error]") {
  const TempFolder folder;
  const std::string path = folder.path() + "/picture.png";
  const auto old = numbered(4 * 5 * 3);
  write_png(path, old, 5, 3);
  SECTION("the disk is full") {
    const FileSizeLimit full(100);
    CHECK_THROWS_WITH(write_png(path, numbered(4 * 64 * 64), 64, 64), Contains(path) && Contains("File too large"));
  }
  SECTION("the number of bytes is another one") {
    CHECK_THROWS_WITH(write_png(path, old, 5, 4), Contains("60 bytes are no picture of 5 x 4"));
    CHECK_THROWS_AS(write_png(path, {}, 0, 0), PictureError);
  }
  CHECK(test::read_png(path, 5, 3) == old);
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("PNG: the error names step, path and reason", "[video][png][error]") {
  const TempFolder folder;
  const auto picture = numbered(4);
  CHECK_THROWS_WITH(write_png(folder.path() + "/no/picture.png", picture, 1, 1),
                    Contains("cannot create") && Contains("/no/picture.png") && Contains("No such file"));
  const std::string place = folder.path() + "/taken";
  std::filesystem::create_directory(place);
  CHECK_THROWS_WITH(write_png(place, picture, 1, 1), Contains("cannot put in place") && Contains("Is a directory"));
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("Raw: frames follow each other without gaps, through a pipe that is smaller than one", "[video][raw]") {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const auto frame = numbered(300'000);
  std::vector<std::uint8_t> received;
  std::thread reader([&] {
    std::array<std::uint8_t, 4096> buffer{};
    for (ssize_t got = 0; (got = read(ends[0], buffer.data(), buffer.size())) > 0;) {
      received.insert(received.end(), buffer.begin(), buffer.begin() + got);
    }
  });
  // Standard output is this pipe for a while, and non-blocking: the writer has to wait by itself.
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  const int terminal = dup(STDOUT_FILENO);
  std::fflush(stdout);
  dup2(ends[1], STDOUT_FILENO);
  {
    RawWriter writer("-");
    dup2(terminal, STDOUT_FILENO);
    close(ends[1]);
    writer.write(frame);
    writer.write(frame);
  }
  close(terminal);
  reader.join();
  close(ends[0]);
  REQUIRE(received.size() == 2 * frame.size());
  CHECK(std::equal(frame.begin(), frame.end(), received.begin()));
  CHECK(std::equal(frame.begin(), frame.end(), received.end() - static_cast<std::ptrdiff_t>(frame.size())));
}

TEST_CASE("Raw: a reader that has gone, a full disk and a bad path are errors", "[video][raw][error]") {
  const auto frame = numbered(64);
  auto* before = std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  RawWriter writer("/proc/self/fd/" + std::to_string(ends[1]));
  close(ends[0]);
  CHECK_THROWS_WITH(writer.write(frame), Contains("Broken pipe"));
  close(ends[1]);
  std::signal(SIGPIPE, before);
  CHECK_THROWS_WITH(RawWriter("/dev/full").write(frame), Contains("/dev/full") && Contains("No space left"));
  CHECK_THROWS_WITH(RawWriter("/no/such/folder/raw"), Contains("cannot open /no/such/folder/raw"));
}
