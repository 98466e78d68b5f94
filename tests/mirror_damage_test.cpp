// SPDX-License-Identifier: Apache-2.0
// Mirrors that are damaged, or made to deceive: they are refused, or show the committed state.
#include <xxhash.h>

#include "support/mirror_model.hpp"
#include "support/rounds.hpp"
#include "support/temp_folder.hpp"

using namespace relume::core;
using namespace relume::test;

namespace {

/// One with much in it, and with its bytes as they are after the last commit.
MirrorState make_rich(const std::string& path, std::string& bytes) {
  auto mirror = create_mirror(path);
  MirrorModel model(20270301);
  ObjectTable objects;
  for (int i = 0; i < 60; ++i) {
    if (model.step()) {
      objects = model.objects(objects);
      REQUIRE(!mirror->stage(model.state().stack, objects));
      model.put_blocks(*mirror);
      mirror->commit_staged(model.state().head);
    } else {
      model.put_blocks(*mirror);
      mirror->commit(model.state().head);
    }
    model.note_document(*mirror);
  }
  REQUIRE(state_of(*mirror) == model.state());
  bytes = read_file(path);
  return model.state();
}

}  // namespace

TEST_CASE("Mirror: cut off anywhere or damaged anywhere, it shows the committed state or refuses", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  std::string whole;
  const MirrorState state = make_rich(path, whole);
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (whole[i] != 0) used.push_back(i);
  }
  std::unique_ptr<Mirror> mirror;
  std::mt19937 random(20261121);
  long refused = 0;
  long wrong = 0;
  const long changes = rounds(6000, 600000);
  for (long n = 0; n < changes; ++n) {
    std::string bytes = whole;
    const auto flip = [&](std::size_t at) { bytes[at] ^= static_cast<char>(1U << (random() % 8)); };
    switch (n % 10) {
      case 0: bytes.resize(random() % bytes.size()); break;
      case 1: std::memset(&bytes[random() % (bytes.size() / 4096) * 4096], 0, 4096); break;
      case 2: flip(4096 + random() % 512); break;  // heads, marks
      case 3: flip(random() % bytes.size()); break;
      default: flip(used[random() % used.size()]); break;
    }
    write_file(path, bytes);
    if (open_mirror(path, mirror) != Mirror::Verdict::ok) {
      ++refused;
    } else if (!(state_of(*mirror) == state) || mirror->was_closed_clean()) {
      ++wrong;
    }
  }
  CHECK(wrong == 0);
  CHECK(refused > changes / 10);
  CHECK(refused < changes);
  WARN(changes << " damaged mirrors: " << refused << " refused, " << wrong << " wrong");
}

namespace {

// The file as it stands; a change of the format changes these.
constexpr std::size_t kLive = 4096;
constexpr std::size_t kHeads = kLive + 64;
constexpr std::size_t kHeadSize = 104;
constexpr std::size_t kHeadRoot = 64;  // directory offset and length, checksum, size
constexpr std::size_t kArena = 65536;

std::uint64_t get(const std::string& bytes, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void set(std::string& bytes, std::size_t at, std::uint64_t value) { std::memcpy(&bytes[at], &value, sizeof value); }

void seal_head(std::string& bytes, std::size_t head) {
  set(bytes, head, XXH3_64bits_withSeed(&bytes[head + 8], kHeadSize - 8, 2ULL << 40U));
}

void seal_directory(std::string& bytes, std::size_t head) {
  const std::uint64_t at = get(bytes, head + kHeadRoot);
  const std::uint64_t length = get(bytes, head + kHeadRoot + 8);
  set(bytes, head + kHeadRoot + 16, XXH3_64bits_withSeed(&bytes[kArena + at], length, 4ULL << 40U));
  seal_head(bytes, head);
}

}  // namespace

TEST_CASE("Mirror: offsets, lengths and kinds that lie under right checksums are refused", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  std::string whole;
  const MirrorState state = make_rich(path, whole);
  const std::size_t head = kHeads + (get(whole, kLive) & 1U) * kHeadSize;
  const std::size_t directory = kArena + get(whole, head + kHeadRoot);
  const std::uint64_t length = get(whole, head + kHeadRoot + 8);
  const std::uint64_t arena = get(whole, head + kHeadRoot + 24);
  {
    // The constants are right: sealed again without a change, it is the same file.
    std::string bytes = whole;
    seal_directory(bytes, head);
    REQUIRE(bytes == whole);
  }
  std::vector<std::size_t> entries;
  for (std::size_t at = directory; at < directory + length;) {
    entries.push_back(at);
    at += 32 + (static_cast<unsigned char>(whole[at + 25]) + 7U) / 8U * 8U;
  }
  REQUIRE(entries.size() == state.objects.size() + 1);

  std::mt19937 random(20270302);
  const auto odd_number = [&]() -> std::uint64_t {
    const std::uint64_t odd[] = {0,
                                 1,
                                 63,
                                 64,
                                 128,
                                 length,
                                 arena,
                                 arena - 1,
                                 arena - 64,
                                 arena - 128,
                                 65536,
                                 1ULL << 32U,
                                 1ULL << 63U,
                                 ~0ULL,
                                 ~0ULL - 63,
                                 get(whole, entries[random() % entries.size()]),
                                 random() % arena / 64 * 64,
                                 (std::uint64_t{random()} << 32U) | random()};
    return odd[random() % (sizeof odd / sizeof odd[0])];
  };
  std::unique_ptr<Mirror> mirror;
  long refused = 0;
  const long changes = rounds(6000, 600000);
  for (long n = 0; n < changes; ++n) {
    std::string bytes = whole;
    const std::size_t entry = entries[random() % entries.size()];
    const auto kind = random() % 7;
    switch (kind) {
      case 0: set(bytes, head + kHeadRoot, odd_number()); break;
      case 1: set(bytes, head + kHeadRoot + 8, odd_number()); break;
      case 2: set(bytes, head + kHeadRoot + 24, odd_number()); break;
      case 3: set(bytes, entry, odd_number()); break;
      case 4: set(bytes, entry + 8, odd_number()); break;
      case 5: bytes[entry + 24] = static_cast<char>(random() % 6); break;
      default: bytes[entry + 25 + random() % 39] = static_cast<char>(random()); break;  // name, next entry
    }
    const std::uint64_t at = get(bytes, head + kHeadRoot);
    const std::uint64_t size = get(bytes, head + kHeadRoot + 8);
    if (at < arena && size <= arena - at) seal_directory(bytes, head);
    seal_head(bytes, head);
    write_file(path, bytes);
    if (open_mirror(path, mirror) != Mirror::Verdict::ok) {
      ++refused;
    } else {
      // A directory that was cut between two entries, and sealed, is one. Otherwise only what changes nothing passes.
      if (kind != 1) REQUIRE(state_of(*mirror) == state);
      // Whatever it accepted, it can go on with.
      REQUIRE(!mirror->stage("next", some_objects("next")));
      mirror->commit_staged(head_of(1000));
      REQUIRE(!mirror->stage(std::string(5000, 'x'), {}));
      mirror->commit_staged(head_of(1001));
    }
  }
  CHECK(refused > changes / 2);
}

namespace {

// Says of an entry what is right for the name, kind and bytes that it names now.
void seal_object(std::string& bytes, std::size_t entry) {
  const std::size_t name_length = static_cast<unsigned char>(bytes[entry + 25]);
  const std::uint64_t kind = static_cast<unsigned char>(bytes[entry + 24]);
  const std::uint64_t whose = XXH3_64bits_withSeed(&bytes[entry + 32], name_length, kind);
  set(bytes, entry + 16, XXH3_64bits_withSeed(&bytes[kArena + get(bytes, entry)], get(bytes, entry + 8), whose));
}

}  // namespace

TEST_CASE("Mirror: a directory that contradicts itself is refused, however right its checksums are", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = create_mirror(path);
  const std::string twice(200, 'x');
  REQUIRE(!mirror->stage(
      twice, {{"record/a", {ObjectKind::bytes, shared(twice)}}, {"record/b", {ObjectKind::bytes, shared("b")}}}));
  mirror->commit_staged(head_of(1));
  mirror.reset();
  std::string bytes = read_file(path);
  const std::size_t head = kHeads + (get(bytes, kLive) & 1U) * kHeadSize;
  const std::size_t stack = kArena + get(bytes, head + kHeadRoot);
  const std::size_t a = stack + 32;
  const std::size_t b = a + 40;
  std::string word = "makes no sense";
  SECTION("untouched") { word = ""; }
  SECTION("two parts in one place") {
    set(bytes, a, get(bytes, stack));
    word = "overlap";
  }
  SECTION("one name twice") { bytes[b + 39] = 'a'; }
  SECTION("names out of order") {
    bytes[a + 39] = 'b';
    bytes[b + 39] = 'a';
  }
  SECTION("a kind that there is not") { bytes[a + 24] = 5; }
  SECTION("an object as the stack") { bytes[stack + 24] = 1; }
  SECTION("a name that is no ASCII") { bytes[a + 39] = '\xe4'; }
  SECTION("a name with a NUL") { bytes[a + 39] = '\0'; }
  SECTION("an object without a name") {
    bytes[a + 25] = 0;
    set(bytes, head + kHeadRoot + 8, 64);
  }
  seal_object(bytes, a);
  seal_object(bytes, b);
  seal_directory(bytes, head);
  write_file(path, bytes);
  std::string reason;
  CHECK(open_mirror(path, mirror, mirror_identity(), &reason) ==
        (word.empty() ? Mirror::Verdict::ok : Mirror::Verdict::damaged));
  INFO(reason);
  CHECK(reason.find(word) != std::string::npos);
}

TEST_CASE("Mirror: an older directory in place of the newest is not taken for it", "[mirror]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  auto mirror = create_mirror(path);
  REQUIRE(!mirror->stage("stack one", some_objects("one")));
  mirror->commit_staged(head_of(1));
  REQUIRE(!mirror->stage("stack two", some_objects("two")));
  mirror->commit_staged(head_of(2));
  mirror.reset();
  std::string bytes = read_file(path);
  const std::size_t head = kHeads + (get(bytes, kLive) & 1U) * kHeadSize;
  const std::size_t older = kHeads + (~get(bytes, kLive) & 1U) * kHeadSize;
  const std::uint64_t length = get(bytes, head + kHeadRoot + 8);
  REQUIRE(length == get(bytes, older + kHeadRoot + 8));
  bytes.replace(kArena + get(bytes, head + kHeadRoot), length, bytes, kArena + get(bytes, older + kHeadRoot), length);
  write_file(path, bytes);
  CHECK(open_mirror(path, mirror) == Mirror::Verdict::damaged);
}
