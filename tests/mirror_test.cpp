// SPDX-License-Identifier: Apache-2.0
// The mirror alone: what is committed is there, what is not its own or does not fit is refused.
#include "persistence/mirror.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "support/mirror_model.hpp"
#include "support/temp_folder.hpp"

using namespace relume::core;
using namespace relume::test;
namespace fs = std::filesystem;

namespace {

/// A mirror with revision 1 in it: blocks 0 and 1, a stack, three objects.
std::unique_ptr<Mirror> make(const std::string& path) {
  auto mirror = create_mirror(path);
  mirror->put_block(0, block_of(10));
  mirror->put_block(1, block_of(11));
  REQUIRE(!mirror->stage("stack one", some_objects("one")));
  mirror->commit_staged(head_of(1));
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
  CHECK(open_mirror(path, second) == Mirror::Verdict::owned);  // two at once: no
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->blocks() == kMirrorBlocks);
  CHECK(mirror->head() == head_of(2));
  CHECK(mirror->block(0)->committed[3] == 10);
  CHECK(mirror->block(1)->committed[3] == 21);
  CHECK(mirror->block(2) == nullptr);
  CHECK(mirror->stack_bytes() == "stack one");
  CHECK(mirror->objects() == some_objects("one"));
  CHECK(mirror->document() == DocumentMark());
  mirror->note_document(mark_of(2));
  mirror->note_document(mark_of(3));
  CHECK(mirror->document() == mark_of(3));
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->document() == mark_of(3));
  REQUIRE(open_mirror(folder.path() + "/other", mirror) == Mirror::Verdict::absent);
}

TEST_CASE("Mirror: a clean close holds until the next commit", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = make(path);
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK_FALSE(mirror->was_closed_clean());
  mirror->mark_clean_close();
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->was_closed_clean());
  mirror->commit(head_of(2));
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK_FALSE(mirror->was_closed_clean());
}

TEST_CASE("Mirror: a commit that was not finished never happened, and leaves nothing that a later one could revive",
          "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = make(path);
  mirror->put_block(0, block_of(20));
  REQUIRE(!mirror->stage("stack two", some_objects("two")));  // dies here, before commit_staged()
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->head().revision == 1);
  CHECK(mirror->block(0)->committed[0] == 10);
  CHECK(mirror->stack_bytes() == "stack one");
  CHECK(mirror->objects() == some_objects("one"));
  mirror->put_block(1, block_of(31));
  mirror->commit(head_of(2));  // takes the sequence number that the dead one had marked its copies with
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->block(0)->committed[0] == 10);
  CHECK(mirror->block(1)->committed[0] == 31);
  CHECK(mirror->stack_bytes() == "stack one");
}

TEST_CASE("Mirror: a block that is put twice in one commit has what was put last", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = make(path);
  mirror->put_block(0, block_of(20));
  mirror->put_block(0, block_of(21));
  mirror->commit(head_of(2));
  CHECK(mirror->block(0)->committed[0] == 21);
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->block(0)->committed[0] == 21);
}

TEST_CASE("Mirror: of another boot, another folder, another format, with a loose mode or behind a link it is refused",
          "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = make(path);
  mirror.reset();
  MirrorIdentity other = mirror_identity();
  other.boot_id.fill(1);
  CHECK(open_mirror(path, mirror, other) == Mirror::Verdict::foreign_boot);
  other.boot_id.fill(0);  // it cannot be told
  CHECK(open_mirror(path, mirror, other) == Mirror::Verdict::ok);
  mirror.reset();
  other = mirror_identity();
  other.folder_inode = 3;
  CHECK(open_mirror(path, mirror, other) == Mirror::Verdict::damaged);
  std::string bytes = read_file(path);
  REQUIRE(bytes[16] == 3);  // the format number
  bytes[16] = 4;
  write_file(path, bytes);
  CHECK(open_mirror(path, mirror) == Mirror::Verdict::newer_format);
  bytes[16] = 1;
  write_file(path, bytes);
  std::string reason;
  CHECK(open_mirror(path, mirror, mirror_identity(), &reason) == Mirror::Verdict::damaged);
  CHECK(reason.find("format 1") != std::string::npos);
  bytes[16] = 3;
  write_file(path, bytes);
  ::chmod(path.c_str(), 0660);
  CHECK(open_mirror(path, mirror) == Mirror::Verdict::damaged);
  ::chmod(path.c_str(), 0600);
  CHECK(open_mirror(path, mirror) == Mirror::Verdict::ok);
  mirror.reset();
  write_file(path, "");
  CHECK(open_mirror(path, mirror) == Mirror::Verdict::damaged);
  REQUIRE(::symlink(path.c_str(), (path + "-link").c_str()) == 0);
  CHECK(open_mirror(path + "-link", mirror) == Mirror::Verdict::unreadable);
}

TEST_CASE("Mirror: one that could not be finished leaves nothing behind", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  FullFiles files;
  std::unique_ptr<Mirror> mirror;
  REQUIRE(!Mirror::create(files, path, mirror_identity(), kMirrorBlocks, mirror));
  CHECK_FALSE(fs::is_empty(folder.path()));
  mirror.reset();
  CHECK(fs::is_empty(folder.path()));
  files.allocate_error = ENOSPC;
  CHECK(Mirror::create(files, path, mirror_identity(), kMirrorBlocks, mirror).code == RELUME_E_IO);
  files.allocate_error = 0;
  files.map_error = ENOMEM;
  CHECK(Mirror::create(files, path, mirror_identity(), kMirrorBlocks, mirror).code == RELUME_E_IO);
  CHECK(fs::is_empty(folder.path()));
  CHECK(Mirror::create(files, folder.path() + "/no/m", mirror_identity(), kMirrorBlocks, mirror).code == RELUME_E_IO);
}

TEST_CASE("Mirror: it knows when its file is no longer found under its name", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  FullFiles files;
  auto mirror = create_mirror(path, files);
  CHECK(mirror->still_linked());
  files.status_error = EACCES;  // nobody knows: then it is not given up
  CHECK(mirror->still_linked());
  files.status_error = 0;
  fs::rename(path, path + "-moved");
  CHECK_FALSE(mirror->still_linked());
  fs::copy_file(path + "-moved", path);
  CHECK_FALSE(mirror->still_linked());
  fs::rename(path + "-moved", path);
  CHECK(mirror->still_linked());
  fs::remove(path);
  CHECK_FALSE(mirror->still_linked());
  fs::remove(folder.path());
  CHECK_FALSE(mirror->still_linked());
}

TEST_CASE("Mirror: no room for a staging is a fault that names path, step and error, and the old state goes on",
          "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  FullFiles files;
  auto mirror = create_mirror(path, files);
  REQUIRE(!mirror->stage("stack one", some_objects("one")));
  mirror->commit_staged(head_of(1));
  ObjectTable much = some_objects("two");
  much[record_name("much")] = {ObjectKind::bytes, shared(std::string(300000, 'm'))};
  std::string step;
  SECTION("allocate") {
    files.allocate_error = ENOSPC;
    step = "allocate: ENOSPC";
  }
  SECTION("map") {
    files.map_error = ENOMEM;
    step = "map: ENOMEM";
  }
  for (int i = 0; i < 100; ++i) {
    const Fault fault = mirror->stage("stack two", much);
    REQUIRE(fault.code == RELUME_E_IO);
    CHECK(fault.culprit == path);
    CHECK(fault.message.find(path) != std::string::npos);
    CHECK(fault.message.find(step) != std::string::npos);
  }
  CHECK(mirror->stack_bytes() == "stack one");
  mirror->put_block(2, block_of(5));
  mirror->commit(head_of(2));
  mirror.reset();
  files.allocate_error = files.map_error = 0;
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->head() == head_of(2));
  CHECK(mirror->objects() == some_objects("one"));
  REQUIRE(!mirror->stage("stack two", much));
  mirror->commit_staged(head_of(3));
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->stack_bytes() == "stack two");
  CHECK(mirror->objects() == much);
}

TEST_CASE("Mirror: a real tmpfs that is full refuses a staging, and what fits goes on", "[mirror][faults]") {
  const TempFolder folder("/dev/shm");
  if (geteuid() != 0 || ::mount("none", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    WARN("skipped: mounting a small tmpfs needs root");
    return;
  }
  const std::string path = folder.path() + "/m";
  auto mirror = create_mirror(path);
  ObjectTable objects;
  Fault fault;
  std::uint64_t revision = 0;
  while (!fault) {
    ObjectTable more = objects;
    more[record_name(std::to_string(revision))] = {ObjectKind::bytes, shared(std::string(20000, 'm'))};
    fault = mirror->stage("stack", more);
    if (fault) break;
    mirror->commit_staged(head_of(++revision));
    objects = std::move(more);
  }
  CHECK(fault.code == RELUME_E_IO);
  CHECK(fault.message.find("ENOSPC") != std::string::npos);
  CHECK(revision > 20);
  objects.erase(objects.begin());
  REQUIRE(!mirror->stage("stack", objects));
  mirror->commit_staged(head_of(++revision));
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->head() == head_of(revision));
  CHECK(mirror->objects() == objects);
  mirror.reset();
  ::umount(folder.path().c_str());
}

TEST_CASE("Mirror: what is beyond the limits is refused, what is at them is kept", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = make(path);
  const auto refused = [&](const std::string& name, std::size_t size, relume_result code) {
    ObjectTable objects = some_objects("two");
    objects[name] = {ObjectKind::bytes, shared(std::string(size, 'x'))};
    const Fault fault = mirror->stage("stack two", objects);
    CHECK(fault.code == code);
    CHECK(fault.culprit == name);
  };
  refused(std::string(kMaxObjectName + 1, 'n'), 1, RELUME_E_LIMIT);
  refused("", 1, RELUME_E_INVALID);
  refused(std::string("a\0b", 3), 1, RELUME_E_INVALID);
  refused("record/\xc3\xa4", 1, RELUME_E_INVALID);
  refused("record/a", kMaxRecordBytes + 1, RELUME_E_LIMIT);

  ObjectTable objects;
  const auto one = shared("1");
  for (std::size_t i = 0; i < kMaxObjects; ++i) {
    std::string name = std::to_string(i) + "/";
    name.resize(kMaxObjectName, 'n');
    objects[name] = {ObjectKind::bytes, one};
  }
  objects.begin()->second.bytes = shared(std::string(kMaxRecordBytes, 'x'));
  objects["one too many"] = {ObjectKind::bytes, one};
  CHECK(mirror->stage("stack two", objects).code == RELUME_E_LIMIT);
  CHECK(mirror->objects() == some_objects("one"));
  objects.erase("one too many");
  REQUIRE(!mirror->stage("stack two", objects));
  mirror->commit_staged(head_of(2));
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->stack_bytes() == "stack two");
  CHECK(mirror->objects() == objects);
}
