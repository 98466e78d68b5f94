// SPDX-License-Identifier: Apache-2.0
#include "persistence/keep_aside.hpp"

#include <fcntl.h>
#include <catch2/catch.hpp>

#include <cerrno>
#include <filesystem>

#include "support/mirror_model.hpp"
#include "support/temp_folder.hpp"

using namespace relume::core;
using namespace relume::test;
namespace fs = std::filesystem;

TEST_CASE("Keep aside: the first number that is free, by path or in an open folder", "[keep_aside]") {
  const TempFolder folder;
  const std::string path = folder.path() + "/show.json";
  platform::Files& files = platform::system_files();
  write_file(path, "one");
  CHECK(keep_aside(files, platform::Files::kNoFolder, path, "damaged") == path + ".damaged-1");
  write_file(path, "two");
  const platform::File open(files, files.open(folder.path(), O_RDONLY | O_DIRECTORY, 0));
  CHECK(keep_aside(files, open.fd(), "show.json", "damaged") == "show.json.damaged-2");
  write_file(path, "three");
  CHECK(keep_aside(files, open.fd(), "show.json", "conflict") == "show.json.conflict-1");
  CHECK_FALSE(fs::exists(path));
  CHECK(read_file(path + ".damaged-1") == "one");
  CHECK(read_file(path + ".damaged-2") == "two");
  CHECK(read_file(path + ".conflict-1") == "three");
  CHECK(keep_aside(files, open.fd(), "show.json", "damaged").empty());  // nothing is there
}

TEST_CASE("Keep aside: what cannot be looked at is not replaced", "[keep_aside]") {
  const TempFolder folder;
  const std::string path = folder.path() + "/show.json";
  write_file(path, "new");
  write_file(path + ".damaged-1", "old");
  FullFiles files;
  files.status_error = EIO;
  CHECK(keep_aside(files, platform::Files::kNoFolder, path, "damaged").empty());
  CHECK(read_file(path) == "new");
  CHECK(read_file(path + ".damaged-1") == "old");
}
