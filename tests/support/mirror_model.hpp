// SPDX-License-Identifier: Apache-2.0
// What a mirror should hold, as plain maps, and random steps that do the same to both.
#pragma once

#include <fcntl.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "persistence/mirror.hpp"
#include "support/passing_files.hpp"

namespace relume::test {

constexpr std::uint32_t kMirrorBlocks = 4;

inline core::MirrorIdentity mirror_identity() {
  core::MirrorIdentity id;
  id.show_id.fill(7);
  id.boot_id.fill(9);
  id.folder_device = 1;
  id.folder_inode = 2;
  return id;
}

inline core::SavedBlock block_of(std::uint32_t value) {
  core::SavedBlock block;
  block.persisted_present = value;
  block.committed.fill(value);
  return block;
}

inline core::SavedHead head_of(std::uint64_t revision) {
  core::SavedHead head;
  head.revision = revision;
  head.history = 5;
  head.epoch = revision / 7 + 1;
  head.accepted_ns = static_cast<std::int64_t>(revision) * 1000;
  head.document_wanted = revision / 3;
  head.restarts = 2;
  return head;
}

inline core::DocumentMark mark_of(std::uint64_t revision) {
  if (revision == 0) return {};
  return {1, revision * 2, revision * 3, static_cast<std::int64_t>(revision) * 5, revision * 7 + 1, revision};
}

inline std::shared_ptr<const std::string> shared(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

inline core::ObjectTable some_objects(const std::string& word) {
  return {{core::record_name("scene"), {core::ObjectKind::json, shared("{\"" + word + "\":1}")}},
          {core::record_name("empty"), {core::ObjectKind::bytes, shared("")}},
          {core::text_name(3, "title", false), {core::ObjectKind::text, shared(word + " text")}}};
}

using PlainObjects = std::map<std::string, std::pair<core::ObjectKind, std::string>>;

inline PlainObjects plain(const core::ObjectTable& table) {
  PlainObjects objects;
  for (const auto& [name, object] : table) objects[name] = {object.kind, *object.bytes};
  return objects;
}

/// Everything that a mirror says.
struct MirrorState {
  core::SavedHead head = head_of(0);
  std::string stack;
  PlainObjects objects;
  std::map<std::uint32_t, std::uint32_t> blocks;  // the value that block_of() was given
  core::DocumentMark document;

  bool operator==(const MirrorState&) const = default;
};

inline MirrorState state_of(const core::Mirror& mirror) {
  MirrorState state;
  state.head = mirror.head();
  state.stack = mirror.stack_bytes();
  state.objects = plain(mirror.objects());
  for (std::uint32_t i = 0; i < mirror.blocks(); ++i) {
    const core::SavedBlock* block = mirror.block(i);
    if (block == nullptr) continue;
    const core::SavedBlock expected = block_of(block->committed[0]);
    const bool whole = std::memcmp(&expected, block, sizeof expected) == 0;
    state.blocks[i] = whole ? block->committed[0] : 0xffffffff;
  }
  state.document = mirror.document();
  return state;
}

/// A state that changes at random. The same seed makes the same steps.
class MirrorModel {
 public:
  explicit MirrorModel(std::uint32_t seed, MirrorState from = {}) : random_(seed), state_(std::move(from)) {}

  const MirrorState& state() const { return state_; }
  std::uint32_t random(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

  /// Makes the next revision of the model. True when stack or objects change with it; then objects() are to be staged.
  bool step() {
    const std::uint64_t revision = state_.head.revision + 1;
    state_.head = head_of(revision);
    changed_blocks_.clear();
    for (std::uint32_t n = random(3); n > 0; --n) {
      const std::uint32_t block = random(kMirrorBlocks);
      changed_blocks_.push_back(block);
      state_.blocks[block] = 1 + random(1000000);
    }
    if (random(3) == 0) return false;
    if (random(2) == 0) state_.stack = bytes(random(3000));
    for (std::uint32_t n = random(6); n > 0; --n) change_object();
    return true;
  }

  /// The state's objects: unchanged ones share their bytes with `before`, now and then only their content.
  core::ObjectTable objects(const core::ObjectTable& before) {
    core::ObjectTable table;
    for (const auto& [name, object] : state_.objects) {
      const auto was = before.find(name);
      const bool same = was != before.end() && was->second.kind == object.first && *was->second.bytes == object.second;
      const bool share = same && copies_() % 10 != 0;
      table[name] = share ? was->second : core::Object{object.first, shared(object.second)};
    }
    return table;
  }

  void put_blocks(core::Mirror& mirror) const {
    for (const std::uint32_t block : changed_blocks_) mirror.put_block(block, block_of(state_.blocks.at(block)));
  }

  void note_document(core::Mirror& mirror) {
    state_.document = mark_of(state_.head.revision);
    mirror.note_document(state_.document);
  }

 private:
  void change_object() {
    static constexpr core::ObjectKind kinds[] = {core::ObjectKind::json, core::ObjectKind::bytes,
                                                 core::ObjectKind::text, core::ObjectKind::extra};
    const std::string name = random(2) == 0 ? core::text_name(random(20), "message", random(2) == 0)
                                            : core::record_name("r" + std::to_string(random(30)));
    const auto was = state_.objects.find(name);
    if (was != state_.objects.end() && random(8) == 0) {
      was->second.first = kinds[random(4)];
    } else if (random(4) == 0) {
      state_.objects.erase(name);
    } else {
      const std::uint32_t most = random(20) == 0 ? 50000 : random(4) == 0 ? 4000 : 200;
      state_.objects[name] = {kinds[random(4)], bytes(random(most))};
    }
  }

  std::string bytes(std::uint32_t length) {
    std::string text(length, static_cast<char>('a' + random(26)));
    for (std::size_t i = 0; i < text.size(); i += 64) text[i] = static_cast<char>(random_());
    return text;
  }

  std::mt19937 random_;
  std::mt19937 copies_;  // of its own: the steps do not depend on what objects() was given
  MirrorState state_;
  std::vector<std::uint32_t> changed_blocks_;
};

inline std::string read_file(const std::string& path) {
  std::string bytes;
  REQUIRE(core::platform::read_whole(core::platform::system_files(), path, std::size_t{1} << 30U, bytes) == 0);
  return bytes;
}

inline void write_file(const std::string& path, const std::string& bytes) {
  ::unlink(path.c_str());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  REQUIRE(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  ::close(fd);
}

inline core::Mirror::Verdict open_mirror(const std::string& path, std::unique_ptr<core::Mirror>& out,
                                         const core::MirrorIdentity& id = mirror_identity(),
                                         std::string* reason = nullptr) {
  std::string why;
  out.reset();
  const core::Mirror::Verdict verdict = core::Mirror::open(core::platform::system_files(), path, id, out, why);
  CHECK((verdict == core::Mirror::Verdict::ok || verdict == core::Mirror::Verdict::absent) == why.empty());
  UNSCOPED_INFO("mirror: " << why);  // for whoever had another verdict in mind
  if (reason != nullptr) *reason = why;
  return verdict;
}

inline std::unique_ptr<core::Mirror> create_mirror(const std::string& path,
                                                   core::platform::Files& files = core::platform::system_files()) {
  std::unique_ptr<core::Mirror> mirror;
  REQUIRE(!core::Mirror::create(files, path, mirror_identity(), kMirrorBlocks, mirror));
  mirror->commit(head_of(0));
  REQUIRE(!mirror->publish());
  return mirror;
}

/// Files that have no room, or give no memory, as long as a test says so.
class FullFiles final : public PassingFiles {
 public:
  int allocate_error = 0;
  int map_error = 0;
  int status_error = 0;
  int allocate(int fd, std::uint64_t size) override {
    return allocate_error != 0 ? -allocate_error : PassingFiles::allocate(fd, size);
  }
  void* map(int fd, std::uint64_t offset, std::size_t size, int& error) override {
    if (map_error != 0) return error = map_error, nullptr;
    return PassingFiles::map(fd, offset, size, error);
  }
  int status(int folder, const std::string& name, core::platform::FileStatus& out) override {
    return status_error != 0 ? -status_error : PassingFiles::status(folder, name, out);
  }
  using PassingFiles::status;
};

}  // namespace relume::test
