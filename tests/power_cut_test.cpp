// SPDX-License-Identifier: Apache-2.0
// Power cuts on the simulated disk: what our protocols leave, and that the test notices when a step of them is missing.
#include <fcntl.h>
#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cerrno>
#include <string>
#include <vector>

#include "platform/files.hpp"
#include "support/crash_states.hpp"
#include "support/dropped_calls.hpp"
#include "support/rounds.hpp"
#include "support/test_show.hpp"

using namespace relume::test;
using relume::core::platform::File;
using relume::core::platform::Files;
using relume::core::platform::read_whole;
using relume::core::platform::replace_whole;
using relume::core::platform::Replaced;

namespace {

/// Replaces one file over and over, each content of another size.
class Replaces final : public Workload {
 public:
  using Drop = DroppedCalls::Drop;
  explicit Replaces(Drop drop = Drop::nothing) : drop_(drop) {
    for (const std::size_t size : std::initializer_list<std::size_t>{100, 1, 512, 513, 3000, 40, 1024, 2000, 8192, 700,
                                                                     20'000, 511, 5000, 1500}) {
      std::string text;  // tells its number in every piece of 16 bytes
      while (text.size() < size) text += fmt::format("{:7}:{:7}\n", contents_.size() + 1, text.size());
      contents_.push_back(text.substr(0, size));
    }
  }

  void run(Files& files, Journal& journal) override {
    DroppedCalls dropped(files, drop_);
    const File folder(dropped, dropped.open(SimDisk::kDisk, O_RDONLY | O_DIRECTORY, 0));
    REQUIRE(folder.fd() >= 0);
    for (std::uint64_t n = 1; n <= contents_.size(); ++n) {
      journal.begin(n);
      REQUIRE(replace_whole(dropped, folder.fd(), "document", content(n)).state == Replaced::committed);
      journal.acknowledge(n);
    }
  }
  std::string check(Files& files, const Promise& promise) override {
    std::string found;
    const int r = read_whole(files, std::string(SimDisk::kDisk) + "/document", 1 << 20, found);
    if (r == -ENOENT) return promise.acknowledged == 0 ? "" : "absent";
    if (r < 0) return "unreadable";
    for (std::uint64_t n = promise.begun; n >= 1; --n) {
      if (found == content(n)) return n >= promise.acknowledged ? "" : "older than acknowledged";
    }
    return found.find_first_not_of('\0') == std::string::npos ? "blank" : "mixed";
  }

 private:
  const std::string& content(std::uint64_t n) const { return contents_[n - 1]; }

  std::vector<std::string> contents_;
  Drop drop_;
};

/// Comes back and repairs: writes what it found anew, before it says what it found.
class Repairs final : public Workload {
 public:
  explicit Repairs(DroppedCalls::Drop drop_in_repair) : drop_(drop_in_repair) {}

  void run(Files& files, Journal& journal) override { replaces_.run(files, journal); }
  std::string check(Files& files, const Promise& promise) override {
    DroppedCalls repair(files, drop_);
    const File folder(files, files.open(SimDisk::kDisk, O_RDONLY | O_DIRECTORY, 0));
    std::string found;
    if (read_whole(files, folder.fd(), "document", 1 << 20, found) == 0) {
      if (!replace_whole(repair, folder.fd(), "document", found)) return "not repaired";
    }
    return replaces_.check(files, promise);
  }

 private:
  Replaces replaces_;
  DroppedCalls::Drop drop_;
};

/// A show whose folder is made, opened and closed.
class OpenedShow final : public Workload {
 public:
  void run(Files& files, Journal& journal) override {
    for (std::uint64_t n = 1; n <= 2; ++n) {
      journal.begin(n);
      std::string id;
      REQUIRE(open(files, id).empty());
      if (n == 1) id_ = id;
      CHECK(id == id_);
      journal.acknowledge(n);
    }
  }
  std::string check(Files& files, const Promise& promise) override {
    std::string id;
    const std::string wrong = open(files, id);
    if (!wrong.empty()) return wrong;
    return promise.acknowledged > 0 && id != id_ ? "another show" : "";
  }

 private:
  static std::string open(Files& files, std::string& id) {
    relume_show_options options = quiet_options();
    options.max_slots = 64;
    options.max_layers = 8;
    options.folder = "/disk/a.show";
    options.runtime_dir = SimDisk::kRun;
    relume::core::Seams seams;
    seams.files = &files;
    relume_show* raw = nullptr;
    static const relume::Schema schema = demo_schema();
    if (open_with(schema, options, seams, &raw, nullptr) != RELUME_OK) return "not opened";
    const relume::Show show(raw);
    const relume_show_info info = show.info();
    id.assign(reinterpret_cast<const char*>(info.show_id), sizeof info.show_id);
    return show.recovery().refused == 0 ? "" : "damaged";
  }

  std::string id_;
};

}  // namespace

TEST_CASE("Power cut: atomic replaces leave the old content or the new, and never one older than acknowledged",
          "[power_cut]") {
  Replaces replaces;
  CutOptions options;
  options.samples = static_cast<std::uint64_t>(rounds(1000, 500'000));
  const CutReport report = cut_everywhere(replaces, options);
  WARN("replace: " << report.text());
  INFO(report.first);
  CHECK(report.violated() == 0);
  CHECK(report.exhaustive_cuts > 100);
  CHECK(report.images > 5'000);
}

TEST_CASE("Power cut: a step that is missing from the replace is noticed", "[power_cut]") {
  using Drop = DroppedCalls::Drop;
  const auto violations = [](Drop drop) {
    Replaces replaces(drop);
    const CutReport report = cut_everywhere(replaces);
    WARN("replace without " << (drop == Drop::file_sync     ? "the file's sync"
                                : drop == Drop::folder_sync ? "the folder's sync"
                                                            : "a temporary name")
                            << ": " << report.text());
    CHECK(report.first.find("RELUME_CRASH_SEED") != std::string::npos);
    return report.violations;
  };
  SECTION("the sync of the file") {
    auto found = violations(Drop::file_sync);
    CHECK(found["blank"] > 0);
    CHECK(found["mixed"] > 0);
  }
  SECTION("the sync of the folder") {
    auto found = violations(Drop::folder_sync);
    CHECK(found["older than acknowledged"] > 0);
    CHECK(found["absent"] > 0);
    CHECK(found["mixed"] + found["blank"] == 0);
  }
  SECTION("the temporary name") {
    auto found = violations(Drop::temporary_name);
    CHECK(found["blank"] > 0);
    CHECK(found["mixed"] > 0);
  }
}

TEST_CASE("Power cut: a second one, while what the first left is being repaired", "[power_cut]") {
  CutOptions options;
  options.samples = 20;
  options.samples_again = static_cast<std::uint64_t>(rounds(20, 1000));
  options.exhaustive = 100;
  SECTION("leaves the old content or the new as well") {
    Repairs repairs(DroppedCalls::Drop::nothing);
    const CutReport report = cut_everywhere(repairs, options);
    WARN("replace, repaired: " << report.text());
    INFO(report.first);
    CHECK(report.violated() == 0);
    CHECK(report.images_again > 5'000);
  }
  SECTION("and only it sees a repair that writes in place") {
    Repairs repairs(DroppedCalls::Drop::temporary_name);
    CutReport report = cut_everywhere(repairs, options);
    INFO(report.first);
    CHECK(report.violations["blank"] > 0);
    CHECK(report.violations["mixed"] > 0);
    options.samples_again = 0;
    report = cut_everywhere(repairs, options);
    CHECK(report.violated() == 0);
  }
}

TEST_CASE("Power cut: a show that was opened once is the same show, whatever was cut", "[power_cut]") {
  OpenedShow shows;
  CutOptions options;
  // Each state is an open of a whole show; power_cut_show_test.cpp has more of them.
  options.exhaustive = static_cast<std::uint64_t>(rounds(4, 4096));
  options.samples = 2;
  options.samples_again = relume::test::soaking() ? 20 : 0;
  const CutReport report = cut_everywhere(shows, options);
  WARN("opened show: " << report.text());
  INFO(report.first);
  CHECK(report.violated() == 0);
}
