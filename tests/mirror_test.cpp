// SPDX-License-Identifier: Apache-2.0
// The mirror alone: commits are whole, every copy proves itself, hostile content is refused.
#include "persistence/mirror.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <fstream>
#include <random>

#include "support/rounds.hpp"
#include "support/temp_folder.hpp"

using namespace relume::core;
using relume::test::TempFolder;

namespace {

MirrorIdentity identity() {
  MirrorIdentity id;
  id.show_id.fill(7);
  id.boot_id.fill(9);
  id.folder_device = 1;
  id.folder_inode = 2;
  return id;
}

const MirrorGeometry kGeometry{4, 256};

SavedBlock block_of(std::uint32_t value) {
  SavedBlock block;
  block.persisted_present = value;
  block.committed.fill(value);
  return block;
}

MirrorHead head_of(std::uint64_t revision) {
  MirrorHead head;
  head.revision = revision;
  head.history = 5;
  return head;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  ::unlink(path.c_str());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  REQUIRE(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  ::close(fd);
}

Mirror::Verdict verdict_of(const std::string& path, std::unique_ptr<Mirror>& out,
                           const MirrorIdentity& id = identity()) {
  std::string reason;
  out.reset();
  const Mirror::Verdict verdict = Mirror::open(platform::system_files(), path, id, out, reason);
  INFO(reason);
  CHECK((verdict == Mirror::Verdict::ok || verdict == Mirror::Verdict::absent) == reason.empty());
  return verdict;
}

/// A mirror with revision 1 in it: blocks 0 and 1 and a stack.
std::unique_ptr<Mirror> make(const std::string& path) {
  std::unique_ptr<Mirror> mirror;
  REQUIRE(!Mirror::create(platform::system_files(), path, identity(), kGeometry, mirror));
  mirror->put_block(0, block_of(10));
  mirror->put_block(1, block_of(11));
  mirror->put_structure("stack one");
  mirror->commit(head_of(1));
  REQUIRE(!mirror->publish());
  return mirror;
}

}  // namespace

TEST_CASE("Mirror: what was committed is there when it is opened again", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = make(path);
  mirror->put_block(1, block_of(21));
  mirror->commit(head_of(2));
  std::unique_ptr<Mirror> second;
  CHECK(verdict_of(path, second) == Mirror::Verdict::owned);  // two at once: no
  mirror.reset();
  REQUIRE(verdict_of(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->head().revision == 2);
  CHECK(mirror->head().history == 5);
  CHECK(mirror->block(0)->committed[3] == 10);
  CHECK(mirror->block(1)->committed[3] == 21);
  CHECK(mirror->block(2) == nullptr);
  CHECK(mirror->structure() == "stack one");
  CHECK_FALSE(mirror->was_closed_clean());
  mirror->mark_clean_close();
  mirror.reset();
  REQUIRE(verdict_of(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->was_closed_clean());
  REQUIRE(verdict_of(folder.path() + "/other", mirror) == Mirror::Verdict::absent);
}

TEST_CASE("Mirror: a commit that was not finished never happened, and leaves nothing that a later one could revive",
          "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = make(path);
  mirror->put_block(0, block_of(20));
  mirror->put_structure("stack two");  // dies here, before commit()
  mirror.reset();
  REQUIRE(verdict_of(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->head().revision == 1);
  CHECK(mirror->block(0)->committed[0] == 10);
  CHECK(mirror->structure() == "stack one");
  mirror->put_block(1, block_of(31));
  mirror->commit(head_of(2));  // takes the sequence number that the dead one had marked its copies with
  mirror.reset();
  REQUIRE(verdict_of(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->block(0)->committed[0] == 10);
  CHECK(mirror->block(1)->committed[0] == 31);
  CHECK(mirror->structure() == "stack one");
}

TEST_CASE("Mirror: cut off anywhere or with any byte changed, it shows the committed state or refuses", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = make(path);
  for (std::uint32_t i = 2; i <= 9; ++i) {
    for (std::uint32_t b = 0; b < 4; ++b) mirror->put_block(b, block_of(10 * i + b));
    mirror->put_structure("stack " + std::to_string(i));
    mirror->commit(head_of(i));
  }
  mirror.reset();
  const std::string whole = read_file(path);
  std::mt19937 random(20261121);
  std::size_t refused = 0;
  std::size_t wrong = 0;
  const long changes = relume::test::rounds(6000, 600000);
  for (long n = 0; n < changes; ++n) {
    std::string bytes = whole;
    if (n % 10 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << (random() % 8));
    }
    write_file(path, bytes);
    const Mirror::Verdict verdict = verdict_of(path, mirror);
    if (verdict != Mirror::Verdict::ok) {
      ++refused;
      continue;
    }
    bool right = mirror->head().revision == 9 && mirror->structure() == "stack 9";
    for (std::uint32_t b = 0; b < 4; ++b) right = right && mirror->block(b)->committed[63] == 90 + b;
    wrong += right ? 0 : 1;
  }
  CHECK(wrong == 0);
  CHECK(refused > static_cast<std::size_t>(changes) / 10);
  WARN(changes << " damaged mirrors: " << refused << " refused, 0 wrong");
}

TEST_CASE("Mirror: of another boot, another folder, a newer format, with a loose mode or behind a link it is refused",
          "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = make(path);
  mirror.reset();
  MirrorIdentity other = identity();
  other.boot_id.fill(1);
  CHECK(verdict_of(path, mirror, other) == Mirror::Verdict::foreign_boot);
  other = identity();
  other.folder_inode = 3;
  CHECK(verdict_of(path, mirror, other) == Mirror::Verdict::damaged);
  std::string newer = read_file(path);
  newer[16] = 2;  // the format number
  write_file(path, newer);
  CHECK(verdict_of(path, mirror) == Mirror::Verdict::newer_format);
  newer[16] = 1;
  write_file(path, newer);
  ::chmod(path.c_str(), 0660);
  CHECK(verdict_of(path, mirror) == Mirror::Verdict::damaged);
  ::chmod(path.c_str(), 0600);
  CHECK(verdict_of(path, mirror) == Mirror::Verdict::ok);
  mirror.reset();
  REQUIRE(::symlink(path.c_str(), (path + "-link").c_str()) == 0);
  CHECK(verdict_of(path + "-link", mirror) == Mirror::Verdict::unreadable);
}

TEST_CASE("Mirror: one that could not be finished leaves nothing behind", "[mirror]") {
  const TempFolder folder("/dev/shm");
  std::unique_ptr<Mirror> mirror;
  REQUIRE(!Mirror::create(platform::system_files(), folder.path() + "/m", identity(), kGeometry, mirror));
  mirror.reset();
  std::vector<std::string> names;
  REQUIRE(platform::system_files().list(folder.path(), names) == 0);
  CHECK(names.size() == 2);  // . and ..
  CHECK(Mirror::create(platform::system_files(), folder.path() + "/no/m", identity(), kGeometry, mirror).code ==
        RELUME_E_IO);
}
