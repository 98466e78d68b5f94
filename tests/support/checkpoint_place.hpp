// SPDX-License-Identifier: Apache-2.0
// A show folder with a checkpoint in it, states for it, and file tables that watch what is done to it.
#pragma once

#include <fcntl.h>
#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "persistence/checkpoint_store.hpp"
#include "support/built_state.hpp"
#include "support/passing_files.hpp"
#include "support/temp_folder.hpp"

namespace relume::test {

inline constexpr core::ShowId kShow{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

class HeldClock final : public core::platform::Clock {
 public:
  std::int64_t realtime = 1'000'000'000'000;
  std::int64_t realtime_ns() override { return realtime; }
  std::int64_t monotonic_ns() override { return realtime; }
};

struct CheckpointPlace {
  /// @param parent /dev/shm where thousands of syncs would take their time.
  explicit CheckpointPlace(const std::string& parent = "/tmp")
      : temp(parent),
        folder(core::platform::system_files(),
               core::platform::system_files().open(temp.path(), O_RDONLY | O_DIRECTORY, 0)) {}
  /// A copy of everything in another place's folder, as it is at this moment.
  CheckpointPlace(const CheckpointPlace& other)
      : CheckpointPlace(std::filesystem::path(other.path()).parent_path().string()) {
    std::filesystem::copy(other.path(), path(), std::filesystem::copy_options::recursive);
  }
  const std::string& path() const { return temp.path(); }
  std::string database() const { return path() + "/checkpoint/state.db"; }
  core::CheckpointStore store(core::platform::Files& files = core::platform::system_files()) const {
    return {files, clock, folder.fd(), path()};
  }

  TempFolder temp;
  core::platform::File folder;
  mutable HeldClock clock;
};

/// Twenty blocks, two layers, and an object of every kind.
inline BuiltState full_state(std::uint64_t revision) {
  BuiltState state;
  state.begin(revision);
  state.edit_head().accepted_ns = static_cast<std::int64_t>(revision) * 1000;
  for (std::uint32_t i = 0; i < 20; ++i) state.put_block(i, 100 + i);
  state.add_layer("wash");
  state.add_layer("spot");
  state.put_object("record/look", core::ObjectKind::json, "{\"look\": 1}");
  state.put_object("record/patch", core::ObjectKind::bytes, std::string("\0\1\2", 3) + std::string(9000, 'p'));
  state.put_object("text/1/title/committed", core::ObjectKind::text, "grüß");
  state.put_object("extra", core::ObjectKind::extra, "\"later\": true");
  return state;
}

/// What the sqlite3 shell says, errors included.
inline std::string shell(const std::string& database, const std::string& sql) {
  std::FILE* pipe = ::popen(("sqlite3 '" + database + "' \"" + sql + "\" 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  std::array<char, 4096> chunk;
  for (std::size_t n = 0; (n = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) out.append(chunk.data(), n);
  ::pclose(pipe);
  return out;
}

/// Writes down which files are written, cut and synced, by the last part of their names.
class WatchedFiles final : public PassingFiles {
 public:
  struct Call {
    std::string name;
    std::string what;
  };
  std::vector<Call> calls;
  std::function<void()> before_rename = [] {};

  /// What was done to a file; "folder" is one that was open before.
  std::vector<std::string> of(const std::string& name) const {
    std::vector<std::string> whats;
    for (const Call& call : calls) {
      if (call.name == name) whats.push_back(call.what);
    }
    return whats;
  }
  std::string after_rename(const std::string& name) const {
    bool renamed = false;
    for (const Call& call : calls) {
      if (renamed && call.name == name) return call.what;
      renamed = renamed || call.what == "rename";
    }
    return {};
  }

  using PassingFiles::open;
  int open(int d, const std::string& n, int f, unsigned m) override {
    const int fd = PassingFiles::open(d, n, f, m);
    if (fd >= 0) names_[fd] = n;
    return fd;
  }
  ssize_t write_at(int fd, const void* d, std::size_t n, std::uint64_t o) override {
    note(fd, "write");
    return PassingFiles::write_at(fd, d, n, o);
  }
  int truncate(int fd, std::uint64_t n) override {
    note(fd, "truncate");
    return PassingFiles::truncate(fd, n);
  }
  int sync(int fd) override {
    note(fd, "sync");
    return PassingFiles::sync(fd);
  }
  int rename(int a, const std::string& f, int b, const std::string& t) override {
    before_rename();
    calls.push_back({f, "rename"});
    return PassingFiles::rename(a, f, b, t);
  }
  int close(int fd) override {
    names_.erase(fd);
    return PassingFiles::close(fd);
  }

 private:
  void note(int fd, const char* what) {
    const auto at = names_.find(fd);
    calls.push_back({at != names_.end() ? at->second : "folder", what});
  }
  std::map<int, std::string> names_;
};

}  // namespace relume::test
