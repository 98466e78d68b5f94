// SPDX-License-Identifier: Apache-2.0
// A show with files and a mirror, and the ways it may end: closed, killed, or in a power cut.
#pragma once

#include <relume/relume.hpp>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "support/temp_folder.hpp"
#include "support/test_show.hpp"

namespace relume::test {

namespace fs = std::filesystem;

inline constexpr std::uint64_t kJump = std::uint64_t{1} << 32U;

inline Schema text_schema() {
  Schema schema;
  schema.type("fixture", {Param("step", RELUME_FLOAT).range(0, 1), Param("name", RELUME_TEXT).initial("none"),
                          Param("mode", RELUME_ENUM).labels({"off", "on"})});
  schema.layer("wash", "fixture").layer("spot", "fixture").record("patch", RELUME_RECORD_JSON, R"({"v": 1})");
  return schema;
}

/// Two layers `wash` and `spot`, saved when the test says so.
struct Stage {
  TempFolder disk;
  TempFolder runtime{"/dev/shm"};
  std::string folder = disk.path() + "/a.show";
  std::uint32_t on_damaged = RELUME_ON_DAMAGED_ASK;
  std::unique_ptr<Show> show;

  /// @param place /dev/shm where many files are written and it is not the disk that is tested.
  explicit Stage(std::uint32_t policy = RELUME_ON_DAMAGED_ASK, const Schema& schema = text_schema(),
                 const std::string& place = "/tmp")
      : disk(place), on_damaged(policy) {
    open(schema);
  }
  void open(const Schema& schema = text_schema()) {
    relume_show_options o = quiet_options();
    o.folder = folder.c_str();
    o.runtime_dir = runtime.path().c_str();
    o.on_damaged = on_damaged;
    show = std::make_unique<Show>(schema, o);
    show->disk_tick();
  }
  void save() { show->flush(1); }
  /// Power off: nothing is closed, and the mirror is gone. (The process goes on, so the locks are given back by a copy.)
  void cut() { die(true); }
  /// kill -9: the mirror stays.
  void kill() { die(false); }
  void reopen() {
    show->close();
    open();
  }
  std::string path(const std::string& name) const { return folder + "/" + name; }
  std::string read(const std::string& name = "show.json") const {
    std::ifstream file(path(name));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void write(const std::string& text, const std::string& name = "show.json") const {
    fs::remove(path(name));
    std::ofstream(path(name)) << text;
  }
  /// Replaces the document by one that somebody edited by hand: another value, checksum "none".
  void edit(const std::string& from, const std::string& to) const {
    std::string text = read();
    REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), from.size(), to);
    const std::size_t sum = text.find("\"checksum\": \"") + 13;
    text.replace(sum, 8, "none");
    write(text);
  }
  float step(const std::string& layer = "wash") const {
    return show->get_value(show->param(layer + "/step")).value.as.f[0];
  }
  relume_outcome set(float v) { return show->set(show->param("wash/step"), scalar(v)); }
  relume_outcome persist(float v) { return show->persist(show->param("wash/step"), scalar(v)); }
  std::uint32_t verdict_of(std::uint32_t rung) const {
    std::uint32_t verdict = 99;
    for (std::uint32_t i = 0; i < show->recovery().candidate_count; ++i) {
      if (show->candidate(i).rung == rung) verdict = show->candidate(i).verdict;
    }
    return verdict;
  }
  bool has(const std::string& part) const {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().find(part) != std::string::npos) return true;
    }
    return false;
  }

 private:
  // What a dead process leaves: the files as they are now. They are copied aside before the close and put back after it, inode
  // by inode, so that nothing of the close is seen.
  void die(bool power) {
    const fs::path kept = disk.path() + "/kept";
    fs::remove_all(kept);
    fs::create_directory(kept);
    fs::copy(folder, kept / "folder", fs::copy_options::recursive);
    const std::string mirror = show->info().mirror_path;
    std::string bytes;
    if (!mirror.empty()) {
      std::ifstream file(mirror, std::ios::binary);
      std::stringstream all;
      all << file.rdbuf();
      bytes = all.str();
    }
    try {
      show->close();
    } catch (const Error&) {}
    show.reset();
    for (const auto& entry : fs::directory_iterator(folder)) fs::remove_all(entry.path());
    fs::copy(kept / "folder", folder, fs::copy_options::recursive);
    if (mirror.empty()) return;
    fs::remove(mirror);
    if (!power) {
      std::ofstream(mirror, std::ios::binary) << bytes;
      fs::permissions(mirror, fs::perms::owner_read | fs::perms::owner_write);
    }
  }
};

}  // namespace relume::test
