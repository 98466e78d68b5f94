// SPDX-License-Identifier: Apache-2.0
// Each checksum is needed: a changed value is refused by it, and by nothing else. When it is made to match, the next one above
// refuses; when all of them match, the wrong value is taken for true.
#include <xxhash.h>

#include <cstring>

#include "persistence/checkpoint_format.hpp"
#include "persistence/document_format.hpp"
#include "support/checkpoint_place.hpp"
#include "support/document_state.hpp"
#include "support/mirror_model.hpp"
#include "support/temp_folder.hpp"

using namespace relume::core;
using namespace relume::test;

namespace {

std::uint64_t number_at(const std::string& bytes, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void put_number(std::string& bytes, std::size_t at, std::uint64_t value) {
  std::memcpy(&bytes[at], &value, sizeof value);
}

/// Of a page row, with the value that is about to go wrong.
constexpr std::uint32_t kBlock = 7;
constexpr std::uint32_t kWrong = 0x77777777;

/// A checkpoint of one state, to be changed behind the store's back.
struct ForgedCheckpoint {
  ForgedCheckpoint() {
    CheckpointStore store = place.store();
    REQUIRE_FALSE(store.create(kShow, full_state(3), {}));
    store.close();
    db = std::make_unique<SqliteConnection>(place.database().c_str(), nullptr, false);
    head = checkpoint_format::read_heads(*db, kShow).front();
  }
  /// @return why it is refused, empty when it is not.
  std::string open(SavedShow& state) {
    db.reset();
    CheckpointStore store = place.store();
    const CheckpointStore::Found found = store.open(&state);
    return found.verdict == CheckpointStore::Verdict::ok ? "" : found.reason;
  }
  void put_digest(std::uint64_t digest) {
    SqliteStatement(*db, "UPDATE head SET digest = ?1", "forge").bind_text(1, fmt::format("{:016x}", digest)).run();
    head.digest = digest;
  }
  void seal_head() { checkpoint_format::HeadWriter(*db, kShow).put(head); }

  CheckpointPlace place;
  std::unique_ptr<SqliteConnection> db;
  checkpoint_format::Head head;
};

}  // namespace

TEST_CASE("Checksums: the document's is what refuses a changed value", "[checksums]") {
  DocumentState state = float_state(3);
  state.set(*state.stack.order()[0], state.stack.order()[0]->type->params()[0], {std::bit_cast<std::uint32_t>(0.25F)});
  std::string bytes = state.encode();
  const std::size_t value = bytes.find("0.25");
  REQUIRE(value != std::string::npos);
  bytes[value + 2] = '7';
  DocumentHeader header;
  std::string reason;
  CHECK(prove_document(bytes, header, reason) == DocumentVerdict::damaged);
  CHECK_THAT(reason, Catch::Contains("checksum"));

  const std::size_t digits = bytes.find(document::kThenChecksum) + document::kThenChecksum.size();
  bytes.replace(digits, 8, fmt::format("{:08x}", document::checksum(bytes, digits)));
  CHECK(prove_document(bytes, header, reason) == DocumentVerdict::ok);
  SavedShow read;
  REQUIRE(!decode_document(bytes, read));
  CHECK(std::bit_cast<float>(read.block(0)->persisted[0]) == 0.75F);
}

TEST_CASE("Checksums: a page's, the digest and the head's are what refuse a changed value in the checkpoint",
          "[checksums]") {
  const BuiltState state = full_state(3);
  SavedBlock wrong = *state.block(kBlock);
  const std::uint64_t old_checksum = checkpoint_format::page_checksum(kBlock, &wrong);
  wrong.committed[5] = kWrong;
  const std::uint64_t new_checksum = checkpoint_format::page_checksum(kBlock, &wrong);
  ForgedCheckpoint forged;
  SqliteStatement(*forged.db, "UPDATE page SET data = ?1 WHERE block = ?2", "forge")
      .bind_blob(1, &wrong, sizeof wrong)
      .bind(2, std::uint64_t{kBlock})
      .run();
  SavedShow read;
  const auto seal_page = [&] {
    SqliteStatement(*forged.db, "UPDATE page SET checksum = ?1 WHERE block = ?2", "forge")
        .bind(1, new_checksum)
        .bind(2, std::uint64_t{kBlock})
        .run();
  };
  const auto seal_digest = [&] {
    forged.put_digest(forged.head.digest ^ checkpoint_format::page_part(kBlock, old_checksum) ^
                      checkpoint_format::page_part(kBlock, new_checksum));
  };
  SECTION("as it is, the page's own refuses it") { CHECK_THAT(forged.open(read), Catch::Contains("checksum")); }
  SECTION("with that, the digest") {
    seal_page();
    CHECK_THAT(forged.open(read), Catch::Contains("digest"));
  }
  SECTION("with that too, the head's") {
    seal_page();
    seal_digest();
    CHECK_THAT(forged.open(read), Catch::Contains("head's checksum"));
  }
  SECTION("with all of them nobody notices") {
    seal_page();
    seal_digest();
    forged.seal_head();
    CHECK(forged.open(read) == "");
    CHECK(read.block(kBlock)->committed[5] == kWrong);
  }
}

TEST_CASE("Checksums: an object's and the digest are what refuse a changed record in the checkpoint", "[checksums]") {
  const std::string name = "record/look";
  const std::string before = "{\"look\": 1}";
  const std::string after = "{\"look\": 9}";
  const auto json = static_cast<std::uint64_t>(ObjectKind::json);
  ForgedCheckpoint forged;
  SqliteStatement(*forged.db, "UPDATE object SET data = ?1 WHERE name = ?2", "forge")
      .bind_text(1, after)
      .bind_text(2, name)
      .run();
  SavedShow read;
  const std::uint64_t checksum = checkpoint_format::object_checksum(name, after);
  const auto seal_object = [&] {
    SqliteStatement(*forged.db, "UPDATE object SET checksum = ?1 WHERE name = ?2", "forge")
        .bind(1, checksum)
        .bind_text(2, name)
        .run();
  };
  SECTION("as it is, the object's own refuses it") { CHECK_THAT(forged.open(read), Catch::Contains("checksum")); }
  SECTION("with that, the digest") {
    seal_object();
    CHECK_THAT(forged.open(read), Catch::Contains("digest"));
  }
  SECTION("with all of them nobody notices") {
    seal_object();
    const std::uint64_t old_checksum = checkpoint_format::object_checksum(name, before);
    forged.put_digest(forged.head.digest ^ checkpoint_format::object_part(name, json, old_checksum) ^
                      checkpoint_format::object_part(name, json, checksum));
    forged.seal_head();
    CHECK(forged.open(read) == "");
    CHECK(*read.objects.at(name).bytes == after);
  }
}

namespace {

// The mirror's file as it stands; a change of the format changes these.
constexpr std::size_t kLive = 4096;
constexpr std::size_t kHeads = kLive + 64;
constexpr std::size_t kHeadSize = 104;
constexpr std::size_t kHeadDigest = 96;
constexpr std::uint64_t kHeadPlace = std::uint64_t{2} << 40U;
constexpr std::size_t kBlocks = 8192;
constexpr std::size_t kBlockSize = 16 + sizeof(SavedBlock) + sizeof(TakenLanes);

std::uint64_t block_part(std::uint64_t block, std::uint64_t checksum) {
  const std::uint64_t of[2] = {block, checksum};
  return XXH3_64bits(of, sizeof of);
}

}  // namespace

TEST_CASE("Checksums: a block's, the digest and the head's are what refuse a changed value in the mirror",
          "[checksums]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  constexpr std::uint32_t kChanged = 2;
  {
    auto mirror = create_mirror(path);
    mirror->put_block(kChanged, block_of(5));
    mirror->commit(head_of(1));
  }
  std::string bytes = read_file(path);
  const std::size_t head = kHeads + (number_at(bytes, kLive) & 1U) * kHeadSize;
  std::size_t block = kBlocks + 2 * kChanged * kBlockSize;
  if (number_at(bytes, block + 8) < number_at(bytes, block + kBlockSize + 8)) block += kBlockSize;
  const std::uint64_t old_checksum = number_at(bytes, block);
  const auto block_checksum = [&] { return XXH3_64bits_withSeed(&bytes[block + 8], kBlockSize - 8, kChanged); };
  const auto head_checksum = [&] { return XXH3_64bits_withSeed(&bytes[head + 8], kHeadSize - 8, kHeadPlace); };
  // The constants are right.
  REQUIRE(block_checksum() == old_checksum);
  REQUIRE(head_checksum() == number_at(bytes, head));

  const std::size_t lane = block + 16 + offsetof(SavedBlock, committed) + 5 * sizeof(std::uint32_t);
  std::memcpy(&bytes[lane], &kWrong, sizeof kWrong);
  const auto seal_block = [&] { put_number(bytes, block, block_checksum()); };
  const auto seal_digest = [&] {
    const std::uint64_t digest = number_at(bytes, head + kHeadDigest);
    put_number(bytes, head + kHeadDigest,
               digest ^ block_part(kChanged, old_checksum) ^ block_part(kChanged, block_checksum()));
  };
  std::unique_ptr<Mirror> mirror;
  std::string reason;
  SECTION("as it is, the block's own refuses it") {
    write_file(path, bytes);
    CHECK(open_mirror(path, mirror, mirror_identity(), &reason) == Mirror::Verdict::damaged);
    CHECK_THAT(reason, Catch::Contains("checksum of block"));
  }
  SECTION("with that, the digest") {
    seal_block();
    write_file(path, bytes);
    CHECK(open_mirror(path, mirror, mirror_identity(), &reason) == Mirror::Verdict::damaged);
  }
  SECTION("with that too, the head's") {
    seal_block();
    seal_digest();
    write_file(path, bytes);
    CHECK(open_mirror(path, mirror, mirror_identity(), &reason) == Mirror::Verdict::damaged);
    CHECK_THAT(reason, Catch::Contains("head's checksum"));
  }
  SECTION("with all of them nobody notices") {
    seal_block();
    seal_digest();
    put_number(bytes, head, head_checksum());
    write_file(path, bytes);
    CHECK(open_mirror(path, mirror, mirror_identity(), &reason) == Mirror::Verdict::ok);
    CHECK(mirror->block(kChanged)->committed[5] == kWrong);
  }
}
