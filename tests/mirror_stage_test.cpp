// SPDX-License-Identifier: Apache-2.0
// The mirror over long times: what is staged and committed at random is what a plain map says, at every instant.
#include <atomic>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <thread>

#include "support/mirror_model.hpp"
#include "support/rounds.hpp"
#include "support/temp_folder.hpp"

using namespace relume::core;
using namespace relume::test;
namespace fs = std::filesystem;

namespace {

/// What another process would find in a mirror that is in use now: the bytes of the file, proved.
MirrorState state_in_file(const std::string& path) {
  const std::string copy = path + "-copy";
  write_file(copy, read_file(path));
  std::unique_ptr<Mirror> mirror;
  REQUIRE(open_mirror(copy, mirror) == Mirror::Verdict::ok);
  return state_of(*mirror);
}

}  // namespace

TEST_CASE("Mirror: at every instant between two steps the file proves itself as the state before or after",
          "[mirror][random]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = create_mirror(path);
  MirrorModel model(20270303);
  ObjectTable objects;
  std::mt19937 random(4);
  const long steps = rounds(4000, 400000);
  std::uintmax_t largest = 0;
  std::size_t most_bytes = 0;
  for (long n = 0; n < steps; ++n) {
    INFO("step " << n);
    const MirrorState before = model.state();
    const bool staged = model.step();
    MirrorState after = model.state();
    after.document = before.document;
    const std::uint32_t instant = random() % 8;
    const auto look = [&](std::uint32_t now, const MirrorState& expected) {
      if (now == instant) REQUIRE(state_in_file(path) == expected);
    };
    look(0, before);
    if (staged) {
      if (random() % 8 == 0) {  // what was given up was never there
        REQUIRE(!mirror->stage("given up", {{"record/given up", {ObjectKind::bytes, shared("x")}}}));
        if (random() % 2 == 0) mirror->unstage();
        look(1, before);
      }
      objects = model.objects(objects);
      REQUIRE(!mirror->stage(after.stack, objects));
      look(2, before);
      REQUIRE(mirror->stack_bytes() == before.stack);
    }
    model.put_blocks(*mirror);
    look(3, before);
    if (staged) {
      mirror->commit_staged(after.head);
    } else {
      mirror->commit(after.head);
    }
    look(4, after);
    if (random() % 4 == 0) mirror->unstage();
    look(5, after);
    if (random() % 3 == 0) {
      model.note_document(*mirror);
      after.document = model.state().document;
    }
    look(6, after);
    REQUIRE(state_of(*mirror) == after);
    if (random() % 20 == 0) {
      mirror.reset();
      REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
      REQUIRE(state_of(*mirror) == after);
      objects = mirror->objects();
    }
    std::size_t bytes = after.stack.size();
    for (const auto& [name, object] : after.objects) bytes += object.second.size() + 100;
    most_bytes = std::max(most_bytes, bytes);
    largest = std::max(largest, fs::file_size(path));
  }
  CHECK(largest < 4 * most_bytes + 200000);
  WARN(steps << " steps, largest file " << largest << " bytes for at most " << most_bytes << " bytes of content");
}

TEST_CASE("Mirror: values that are committed while something is staged leave it staged", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = create_mirror(path);
  REQUIRE(!mirror->stage("one", {{"record/a", {ObjectKind::bytes, shared("a")}}}));
  for (std::uint32_t i = 1; i <= 3; ++i) {
    mirror->put_block(0, block_of(i));
    mirror->commit(head_of(i));
    CHECK(state_in_file(path).stack.empty());
  }
  mirror->commit_staged(head_of(4));
  const MirrorState state = state_in_file(path);
  CHECK(state.stack == "one");
  CHECK(state.objects.size() == 1);
  CHECK(state.blocks.at(0) == 3);
}

TEST_CASE("Mirror: nothing at all can be staged too", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = create_mirror(path);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    REQUIRE(!mirror->stage("", {}));
    mirror->commit_staged(head_of(i));
    CHECK(state_in_file(path).head.revision == i);
  }
}

TEST_CASE("Mirror: space is used again", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = create_mirror(path);
  const std::uintmax_t fresh = fs::file_size(path);
  ObjectTable objects;
  std::uint64_t revision = 0;
  std::mt19937 random(7);
  const auto change = [&](const std::string& name, std::size_t size) {
    objects[name] = {ObjectKind::bytes, shared(std::string(size, static_cast<char>('a' + revision % 26)))};
    REQUIRE(!mirror->stage(std::to_string(revision), objects));
    mirror->commit_staged(head_of(++revision));
  };
  SECTION("after 10,000 changes of one text") {
    for (int i = 0; i < 10000; ++i) change("text", random() % kMaxTextBytes);
    CHECK(fs::file_size(path) == fresh);
  }
  SECTION("after 10,000 changes beside others of many sizes") {
    for (int i = 0; i < 100; ++i) change("record/" + std::to_string(i), random() % 2000);
    for (int i = 0; i < 10000; ++i) change("record/" + std::to_string(random() % 100), random() % 2000);
    CHECK(fs::file_size(path) <= fresh + 300000);
  }
  SECTION("of what is removed") {
    for (int i = 0; i < 10000; ++i) {
      objects.clear();
      change("record/" + std::to_string(i), 1000);
    }
    CHECK(fs::file_size(path) == fresh);
  }
  SECTION("of small ones by a large one") {
    const auto remove = [&](std::size_t every) {
      std::size_t n = 0;
      for (auto at = objects.begin(); at != objects.end();) at = n++ % every == 0 ? objects.erase(at) : std::next(at);
    };
    for (int i = 0; i < 130; ++i)
      objects["record/" + std::to_string(i)] = {ObjectKind::bytes, shared(std::string(200, 's'))};
    change("record/0", 200);
    change("record/0", 200);
    REQUIRE(fs::file_size(path) == fresh);
    remove(3);
    change("record/last", 100);
    remove(2);
    change("record/last", 101);
    remove(1);
    change("record/last", 102);
    change("record/large", 60000);
    CHECK(fs::file_size(path) == fresh);
  }
  SECTION("after a large record was changed again and again") {
    for (std::size_t i = 0; i < 200; ++i) change("record/large", 1000000 + i * 64);
    CHECK(fs::file_size(path) <= fresh + 5000000);
  }
  SECTION("of many that nobody committed") {
    for (int i = 0; i < 1000; ++i) {
      REQUIRE(!mirror->stage("x", {{"record/x", {ObjectKind::bytes, shared(std::string(30000, 'x'))}}}));
    }
    CHECK(fs::file_size(path) == fresh);
  }
  SECTION("by the next process too") {
    for (int i = 0; i < 200; ++i) {
      change("record/a", 20000 + random() % 3000);
      mirror.reset();
      REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
    }
    CHECK(fs::file_size(path) <= fresh + 65536);
  }
}

TEST_CASE("Mirror: what is the same is not written again", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = create_mirror(path);
  const std::string large(300000, 'x');
  const ObjectTable objects{{"record/large", {ObjectKind::bytes, shared(large)}}};
  REQUIRE(!mirror->stage(large, objects));
  mirror->commit_staged(head_of(1));
  const std::uintmax_t size = fs::file_size(path);
  // A second copy of either would need more room than there is.
  for (std::uint64_t i = 2; i < 100; ++i) {
    const ObjectTable copied{{"record/large", {ObjectKind::bytes, shared(large)}}};
    REQUIRE(!mirror->stage(large, i % 2 == 0 ? objects : copied));
    mirror->commit_staged(head_of(i));
  }
  CHECK(fs::file_size(path) == size);
}

TEST_CASE("Mirror: staging, commits of values and notes of the document run beside each other", "[mirror][threads]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = create_mirror(path);
  const long stages = rounds(5000, 500000);
  std::mutex hot;
  std::uint64_t revision = 0;
  std::atomic<bool> stop{false};
  std::atomic<long> failures{0};
  std::uint32_t last_value = 0;
  std::uint64_t last_mark = 0;
  MirrorModel model(20270305);
  ObjectTable objects;
  std::string stack;

  std::thread values([&] {
    for (std::uint32_t value = 1; !stop; ++value) {
      const std::lock_guard lock(hot);
      for (std::uint32_t block = 0; block < kMirrorBlocks; ++block) mirror->put_block(block, block_of(value));
      mirror->commit(head_of(++revision));
      last_value = value;
    }
  });
  std::thread disk([&] {
    while (!stop) {
      mirror->note_document(mark_of(++last_mark));
      if (!mirror->still_linked()) ++failures;
    }
  });
  for (long n = 0; n < stages; ++n) {
    model.step();
    ObjectTable next = model.objects(objects);
    if (mirror->stage(model.state().stack, next)) ++failures;
    if (mirror->stack_bytes() != stack) ++failures;
    if (n % 10 == 0) {
      mirror->unstage();
      continue;
    }
    {
      const std::lock_guard lock(hot);
      mirror->commit_staged(head_of(++revision));
    }
    stack = model.state().stack;
    objects = std::move(next);
    if (mirror->objects() != objects) ++failures;
  }
  stop = true;
  values.join();
  disk.join();
  CHECK(failures == 0);
  mirror.reset();
  REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
  CHECK(mirror->head() == head_of(revision));
  CHECK(mirror->stack_bytes() == stack);
  CHECK(mirror->objects() == objects);
  CHECK(mirror->document() == mark_of(last_mark));
  for (std::uint32_t block = 0; block < kMirrorBlocks; ++block) CHECK(mirror->block(block)->committed[7] == last_value);
}
