// SPDX-License-Identifier: Apache-2.0
// The simulated disk: the same answers as a real file system, and what its power cuts leave.
#include "support/sim_disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cerrno>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/crash_states.hpp"
#include "support/rounds.hpp"
#include "support/temp_folder.hpp"

using namespace relume::test;
using relume::core::platform::Files;
using relume::core::platform::FileStatus;
using relume::core::platform::RangeLock;
using relume::core::platform::read_whole;
using relume::core::platform::system_files;

namespace {

constexpr std::size_t kLimit = 1 << 20;

void put(Files& files, const std::string& path, const std::string& content, bool synced = true, int flags = 0) {
  const int fd = files.open(path, O_WRONLY | O_CREAT | flags, 0600);
  REQUIRE(fd >= 0);
  REQUIRE(files.write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  if (synced) REQUIRE(files.sync(fd) == 0);
  files.close(fd);
}

/// Everything below a folder, by what a program sees of it.
std::map<std::string, std::string> tree(Files& files, const std::string& root, const std::string& below = "") {
  std::map<std::string, std::string> seen;
  std::vector<std::string> names;
  REQUIRE(files.list(root + below, names) == 0);
  for (const std::string& name : names) {
    const std::string path = below + "/" + name;
    FileStatus status;
    REQUIRE(files.status(root + path, status) == 0);
    const std::string mode = fmt::format("{:o} ", status.mode);
    if (!status.regular) {
      seen[path] = mode + "directory";
      seen.merge(tree(files, root, path));
      continue;
    }
    std::string content;
    REQUIRE(read_whole(files, root + path, kLimit, content) == 0);
    seen[path] = mode + content;
    CHECK(status.size == content.size());
  }
  return seen;
}

/// Does the same on two file tables, and compares what each call says.
class Twins {
 public:
  Twins(Files& real, std::string real_root, Files& sim, std::string sim_root, std::uint64_t seed)
      : real_(real), sim_(sim), real_root_(std::move(real_root)), sim_root_(std::move(sim_root)), random_(seed) {}
  ~Twins() {
    for (const auto& [real, sim] : open_) real_.close(real), sim_.close(sim);
  }
  Twins(const Twins&) = delete;
  Twins& operator=(const Twins&) = delete;

  void step() {
    switch (draw(16)) {
      case 0:
      case 1:
      case 2: return open();
      case 3: return close();
      case 4:
      case 5: return read();
      case 6:
      case 7: return write();
      case 8: return with_descriptor();
      case 9:
        return two_names("rename",
                         [](Files& f, int a, const auto& x, int b, const auto& y) { return f.rename(a, x, b, y); });
      case 10:
        return two_names("link",
                         [](Files& f, int a, const auto& x, int b, const auto& y) { return f.link(a, x, b, y); });
      case 11: return one_name("unlink", [](Files& f, int d, const auto& n) { return f.unlink(d, n); });
      case 12: return one_name("mkdir", [](Files& f, int d, const auto& n) { return f.make_directory(d, n, 0700); });
      case 13: return one_name("rmdir", [](Files& f, int d, const auto& n) { return f.remove_directory(d, n); });
      case 14: return list();
      default: return locks();
    }
  }
  /// Syncs everything that has a name.
  void sync_all(const std::string& below = "") {
    for (const bool directory : {true, false}) {
      std::vector<std::string> names;
      if (directory) sync(sim_root_ + below);
      REQUIRE(sim_.list(sim_root_ + below, names) == 0);
      for (const std::string& name : names) {
        FileStatus status;
        REQUIRE(sim_.status(sim_root_ + below + "/" + name, status) == 0);
        if (status.regular == directory) continue;
        if (directory)
          sync_all(below + "/" + name);
        else
          sync(sim_root_ + below + "/" + name);
      }
    }
  }
  void compare() { CHECK(tree(real_, real_root_) == tree(sim_, sim_root_)); }
  std::uint64_t steps = 0;
  std::uint64_t refusals = 0;

 private:
  struct Name {
    int real_folder;
    int sim_folder;
    std::string real;
    std::string sim;
  };

  std::size_t draw(std::size_t n) { return random_() % n; }
  void sync(const std::string& path) {
    const int fd = sim_.open(path, O_RDONLY, 0);
    REQUIRE(fd >= 0);
    CHECK(sim_.sync(fd) == 0);
    sim_.close(fd);
  }
  Name name() {
    static const std::vector<std::string> kPaths = {
        "a", "b",   "c",     "a",   "b",     "d/a", "d/b", "d/c", "e/a",  "e/b",    "d/a",    "e/b", "d",
        "e", "d/e", "d/e/a", "e/d", "e/d/b", ".",   "",    "a/b", "d/..", "d/../b", "e/./a/", "a/",  "d//c"};
    const std::string path = kPaths[draw(kPaths.size())];
    if (!open_.empty() && draw(3) == 0) {
      const auto& [real, sim] = open_[draw(open_.size())];
      // Nor up and out of the folder of the test.
      return {real, sim, path, path};
    }
    return {Files::kNoFolder, Files::kNoFolder, real_root_ + "/" + path, sim_root_ + "/" + path};
  }
  void same(const std::string& call, ssize_t real, ssize_t sim) {
    INFO(call);
    ++steps;
    refusals += real < 0 ? 1 : 0;
    REQUIRE(sim == real);
  }
  template <class Action>
  void one_name(const char* call, const Action& action) {
    const Name n = name();
    same(fmt::format("{} {}", call, n.real), action(real_, n.real_folder, n.real), action(sim_, n.sim_folder, n.sim));
  }
  template <class Action>
  void two_names(const char* call, const Action& action) {
    const Name a = name();
    const Name b = name();
    same(fmt::format("{} {} to {}", call, a.real, b.real), action(real_, a.real_folder, a.real, b.real_folder, b.real),
         action(sim_, a.sim_folder, a.sim, b.sim_folder, b.sim));
  }
  void open() {
    static constexpr int kFlags[] = {O_RDONLY,
                                     O_RDONLY | O_DIRECTORY,
                                     O_RDONLY | O_DIRECTORY,
                                     O_RDWR,
                                     O_WRONLY | O_APPEND,
                                     O_RDWR | O_CREAT,
                                     O_RDWR | O_CREAT,
                                     O_WRONLY | O_CREAT | O_EXCL,
                                     O_RDWR | O_TRUNC,
                                     O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW};
    const int flags = kFlags[draw(std::size(kFlags))];
    const unsigned mode = draw(2) == 0 ? 0600 : 0640;
    const Name n = name();
    const int real = real_.open(n.real_folder, n.real, flags, mode);
    const int sim = sim_.open(n.sim_folder, n.sim, flags, mode);
    same(fmt::format("open {} {:o}", n.real, flags), real < 0 ? real : 0, sim < 0 ? sim : 0);
    if (real < 0) return;
    open_.emplace_back(real, sim);
    if (open_.size() > 8) close();
  }
  void close() {
    if (open_.empty()) return;
    const std::size_t i = draw(open_.size());
    same("close", real_.close(open_[i].first), sim_.close(open_[i].second));
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  void read() {
    if (open_.empty()) return;
    const auto [real, sim] = open_[draw(open_.size())];
    std::string a(draw(3000), 'x');
    std::string b(a);
    const std::uint64_t offset = draw(3000);
    const bool at = draw(2) == 0;
    same("read", at ? real_.read_at(real, a.data(), a.size(), offset) : real_.read(real, a.data(), a.size()),
         at ? sim_.read_at(sim, b.data(), b.size(), offset) : sim_.read(sim, b.data(), b.size()));
    CHECK(a == b);
  }
  void write() {
    if (open_.empty()) return;
    const auto [real, sim] = open_[draw(open_.size())];
    const std::string data(draw(2000), static_cast<char>('a' + draw(26)));
    const std::uint64_t offset = draw(3000);
    const bool at = draw(2) == 0;
    same("write",
         at ? real_.write_at(real, data.data(), data.size(), offset) : real_.write(real, data.data(), data.size()),
         at ? sim_.write_at(sim, data.data(), data.size(), offset) : sim_.write(sim, data.data(), data.size()));
  }
  void with_descriptor() {
    if (open_.empty()) return;
    const auto [real, sim] = open_[draw(open_.size())];
    const std::uint64_t size = draw(4000);
    const auto mode = static_cast<std::uint32_t>(0600 + draw(64));
    FileStatus a;
    FileStatus b;
    switch (draw(5)) {
      case 0: return same("truncate", real_.truncate(real, size), sim_.truncate(sim, size));
      case 1: return same("allocate", real_.allocate(real, size), sim_.allocate(sim, size));
      case 2: return same("sync", real_.sync(real), sim_.sync(sim));
      case 3: return same("set mode", real_.set_mode(real, mode), sim_.set_mode(sim, mode));
      default: break;
    }
    same("status", real_.status(real, a), sim_.status(sim, b));
    CHECK(a.regular == b.regular);
    CHECK(a.mode == b.mode);
    CHECK(a.owner == b.owner);
    CHECK(a.group == b.group);
    if (a.regular) CHECK(a.size == b.size);
  }
  void list() {
    const Name n = name();
    std::vector<std::string> a;
    std::vector<std::string> b;
    same("list " + n.real, real_.list(n.real_folder, n.real, a), sim_.list(n.sim_folder, n.sim, b));
    CHECK(std::multiset<std::string>(a.begin(), a.end()) == std::multiset<std::string>(b.begin(), b.end()));
    FileStatus x;
    FileStatus y;
    same("status " + n.real, real_.status(n.real_folder, n.real, x), sim_.status(n.sim_folder, n.sim, y));
    CHECK(x.regular == y.regular);
    std::string r = "/";
    std::string s = "/";
    if (n.real_folder != Files::kNoFolder) return;
    same("resolve " + n.real, real_.resolve(n.real, r), sim_.resolve(n.sim, s));
    if (r != "/") CHECK(r.substr(real_root_.size()) == s.substr(sim_root_.size()));
  }
  void locks() {
    if (open_.empty()) return;
    const auto [real, sim] = open_[draw(open_.size())];
    if (draw(3) == 0) return same("lock", real_.lock(real), sim_.lock(sim));
    const auto kind = static_cast<RangeLock>(draw(3));
    const std::uint64_t start = draw(20);
    const std::uint64_t length = draw(10);
    same("lock range", real_.lock_range(real, kind, start, length), sim_.lock_range(sim, kind, start, length));
  }

  Files& real_;
  Files& sim_;
  std::string real_root_;
  std::string sim_root_;
  std::mt19937_64 random_;
  std::vector<std::pair<int, int>> open_;
};

void sync(Files& files, const std::string& path) {
  const int fd = files.open(path, O_RDONLY, 0);
  REQUIRE(fd >= 0);
  REQUIRE(files.sync(fd) == 0);
  files.close(fd);
}

/// What a file holds, in runs: "512a 88b"; garbage as "g", an absent file as "-".
std::string runs(Files& files, const std::string& path) {
  std::string content;
  if (read_whole(files, path, kLimit, content) < 0) return "-";
  std::string text;
  for (std::size_t i = 0; i < content.size();) {
    std::size_t end = i;
    while (end < content.size() && content[end] == content[i]) ++end;
    const bool whole_run = end - i > 8 || (content[i] >= 'a' && content[i] <= 'f');
    if (!whole_run) return "g";
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", end - i, content[i] == '\0' ? '0' : content[i]);
    i = end;
  }
  return text;
}

/// Every combination of what some files may hold after a cut.
std::set<std::string> outcomes(const SimDisk& disk, Order order, const std::vector<std::string>& names) {
  std::set<std::string> seen;
  const CrashStates states(disk.state(), order);
  const bool all = states.visit(1 << 16, 0, 1, [&](const auto& choices) {
    SimDisk left(states.leave(choices));
    std::string outcome;
    for (const std::string& name : names)
      outcome += (outcome.empty() ? "" : " | ") + runs(left, std::string(SimDisk::kDisk) + "/" + name);
    seen.insert(outcome);
  });
  CHECK(all);
  return seen;
}

using Outcomes = std::set<std::string>;

}  // namespace

TEST_CASE("Simulated disk: random histories get the answers of a real file system, and leave the same tree",
          "[sim_disk]") {
  std::uint64_t steps = 0;
  std::uint64_t refusals = 0;
  const long histories = rounds(100, 20'000);
  for (long h = 0; h < histories; ++h) {
    const std::uint64_t seed = CutOptions::crash_seed() + static_cast<std::uint64_t>(h);
    INFO("RELUME_CRASH_SEED=" << seed);
    const TempFolder folder;
    SimDisk disk;
    const bool on_tmpfs = h % 4 == 3;
    const std::string root = std::string(on_tmpfs ? SimDisk::kRun : SimDisk::kDisk) + "/test";
    REQUIRE(disk.make_directory(root, 0700) == 0);
    REQUIRE(system_files().make_directory(folder.path() + "/test", 0700) == 0);
    for (const std::string name : {"/d", "/e", "/d/e"}) {
      REQUIRE(disk.make_directory(root + name, 0700) == 0);
      REQUIRE(system_files().make_directory(folder.path() + "/test" + name, 0700) == 0);
    }
    put(disk, root + "/keep", "not empty, so that nobody removes the folder of the test", false);
    put(system_files(), folder.path() + "/test/keep", "not empty, so that nobody removes the folder of the test",
        false);
    Twins twins(system_files(), folder.path() + "/test", disk, root, seed);
    for (int i = 0; i < 400; ++i) {
      twins.step();
      if (i % 20 == 0) twins.compare();
      if (on_tmpfs || i % 50 != 0) continue;
      for (const Order order : {Order::prefix, Order::any}) {
        const CrashStates states(disk.state(), order);
        SimDisk everything(states.leave(states.extremes()[1]));
        CHECK(tree(everything, root) == tree(disk, root));
      }
    }
    twins.compare();
    steps += twins.steps;
    refusals += twins.refusals;
    if (on_tmpfs) continue;
    twins.sync_all();
    sync(disk, SimDisk::kDisk);
    const CrashStates states(disk.state(), Order::any);
    SimDisk left(states.leave(states.extremes()[0]));
    CHECK(tree(left, root) == tree(disk, root));
  }
  WARN(fmt::format("{} histories, {} calls compared, {} of them refusals", histories, steps, refusals));
  CHECK(steps - refusals > steps / 3);
}

TEST_CASE("Simulated disk: what is mapped is the file itself, on tmpfs only, and outlives the process", "[sim_disk]") {
  SimDisk disk;
  int error = 0;
  const int on_disk = disk.open("/disk/a", O_RDWR | O_CREAT, 0600);
  CHECK(disk.map(on_disk, 0, 4096, error) == nullptr);
  CHECK(error == ENODEV);
  const int fd = disk.open("/run/a", O_RDWR | O_CREAT, 0600);
  REQUIRE(disk.lock(fd) == 0);
  REQUIRE(disk.allocate(fd, 4096) == 0);
  auto* data = static_cast<char*>(disk.map(fd, 0, 4096, error));
  REQUIRE(data != nullptr);
  data[100] = 'x';
  disk.end_process();
  CHECK(disk.open_descriptors() == 0);
  disk.unmap(data, 4096);
  const int again = disk.open("/run/a", O_RDWR, 0);
  CHECK(disk.lock(again) == 0);  // the dead process's lock is gone
  char byte = 0;
  CHECK(disk.read_at(again, &byte, 1, 100) == 1);
  CHECK(byte == 'x');
  const CrashStates states(disk.state(), Order::any);
  SimDisk left(states.leave(states.extremes()[1]));
  CHECK(tree(left, "/run").empty());
  CHECK(left.make_directory("/run/again", 0700) == 0);
  CHECK(disk.rename("/run/a", "/disk/b") == -EXDEV);
  CHECK(left.open("/proc/self/stat", O_RDONLY, 0) == -ENOENT);
}

TEST_CASE("Cut: sectors, size and entry of a new file each arrive or not; its sync settles the file, not the entry",
          "[sim_disk][cut]") {
  SimDisk disk;
  put(disk, "/disk/f", std::string(512, 'a') + std::string(88, 'b'), false);
  const Outcomes files = {"-", "", "512a 88b", "512a 880", "5120 88b", "6000", "g"};
  CHECK(outcomes(disk, Order::any, {"f"}) == files);
  CHECK(outcomes(disk, Order::prefix, {"f"}) == files);
  sync(disk, "/disk/f");
  CHECK(outcomes(disk, Order::any, {"f"}) == Outcomes{"-", "512a 88b"});
  sync(disk, "/disk");
  CHECK(outcomes(disk, Order::any, {"f"}) == Outcomes{"512a 88b"});
}

TEST_CASE("Cut: an overwritten sector holds its durable content or any that it was given since", "[sim_disk][cut]") {
  SimDisk disk;
  put(disk, "/disk/f", std::string(1024, 'a'));
  sync(disk, "/disk");
  put(disk, "/disk/f", std::string(512, 'b'), false);
  put(disk, "/disk/f", std::string(1024, 'c'), false);
  CHECK(outcomes(disk, Order::any, {"f"}) ==
        Outcomes{"1024a", "512b 512a", "512c 512a", "512a 512c", "512b 512c", "1024c"});
  sync(disk, "/disk/f");
  CHECK(outcomes(disk, Order::any, {"f"}) == Outcomes{"1024c"});
}

TEST_CASE("Cut: a file that was shortened has either size; one that was extended without a write is zeros",
          "[sim_disk][cut]") {
  SimDisk disk;
  put(disk, "/disk/f", std::string(600, 'a'));
  put(disk, "/disk/g", "");
  sync(disk, "/disk");
  int fd = disk.open("/disk/f", O_RDWR, 0);
  REQUIRE(disk.truncate(fd, 100) == 0);
  // The sectors change by themselves, as everything does: the old size may come with what was cut off wiped.
  CHECK(outcomes(disk, Order::any, {"f"}) == Outcomes{"600a", "100a", "100a 4120 88a", "512a 880", "100a 5000"});
  REQUIRE(disk.sync(fd) == 0);
  CHECK(outcomes(disk, Order::any, {"f"}) == Outcomes{"100a"});
  fd = disk.open("/disk/g", O_RDWR, 0);
  REQUIRE(disk.allocate(fd, 1000) == 0);
  CHECK(outcomes(disk, Order::any, {"g"}) == Outcomes{"", "10000"});
}

TEST_CASE("Cut: what lay behind the end is not seen when the file grows again", "[sim_disk][cut]") {
  SimDisk disk;
  put(disk, "/disk/f", std::string(100, 'a'));
  sync(disk, "/disk");
  put(disk, "/disk/f", std::string(300, 'b'), false);
  const CrashStates states(disk.state(), Order::any);
  std::set<std::string> seen;
  states.visit(100, 0, 1, [&](const auto& choices) {
    SimDisk left(states.leave(choices));
    const int fd = left.open("/disk/f", O_RDWR, 0);
    REQUIRE(left.truncate(fd, 400) == 0);
    seen.insert(runs(left, "/disk/f"));
  });
  CHECK(seen == Outcomes{"100a 3000", "100b 3000", "300b 1000"});
}

TEST_CASE("Cut: the target of a rename is old or new, never absent, and the file is never lost", "[sim_disk][cut]") {
  SimDisk disk;
  put(disk, "/disk/old", "aaaa");
  put(disk, "/disk/new", "bbbb");
  sync(disk, "/disk");
  REQUIRE(disk.rename("/disk/new", "/disk/old") == 0);
  CHECK(outcomes(disk, Order::prefix, {"old", "new"}) == Outcomes{"4a | 4b", "4b | -"});
  CHECK(outcomes(disk, Order::any, {"old", "new"}) == Outcomes{"4a | 4b", "4b | 4b", "4b | -"});
  // The name is used anew, and the file still is not lost.
  put(disk, "/disk/new", "cccc");
  CHECK(outcomes(disk, Order::prefix, {"old", "new"}) == Outcomes{"4a | 4b", "4b | -", "4b | 4c"});
  CHECK(outcomes(disk, Order::any, {"old", "new"}) == Outcomes{"4a | 4b", "4b | 4b", "4b | -", "4b | 4c"});
  sync(disk, "/disk");
  CHECK(outcomes(disk, Order::any, {"old", "new"}) == Outcomes{"4b | 4c"});
}

TEST_CASE("Cut: entries of one directory arrive in their order, or each by itself", "[sim_disk][cut]") {
  SimDisk disk;
  put(disk, "/disk/a", "aaaa");
  sync(disk, "/disk");
  REQUIRE(disk.link(Files::kNoFolder, "/disk/a", Files::kNoFolder, "/disk/b") == 0);
  REQUIRE(disk.unlink("/disk/a") == 0);
  CHECK(outcomes(disk, Order::prefix, {"a", "b"}) == Outcomes{"4a | -", "4a | 4a", "- | 4a"});
  CHECK(outcomes(disk, Order::any, {"a", "b"}) == Outcomes{"4a | -", "4a | 4a", "- | 4a", "- | -"});
  // A name may show what it was in between.
  put(disk, "/disk/a", "cccc");
  CHECK(outcomes(disk, Order::any, {"a"}) == Outcomes{"4a", "-", "4c"});
  sync(disk, "/disk");
  CHECK(outcomes(disk, Order::any, {"a", "b"}) == Outcomes{"4c | 4a"});
}

TEST_CASE("Cut: a directory is there when the one above was synced, its entries when it was", "[sim_disk][cut]") {
  SimDisk disk;
  REQUIRE(disk.make_directory("/disk/d", 0700) == 0);
  put(disk, "/disk/d/f", "aaaa");
  sync(disk, "/disk/d");
  CHECK(outcomes(disk, Order::any, {"d/f"}) == Outcomes{"-", "4a"});
  sync(disk, "/disk");
  CHECK(outcomes(disk, Order::any, {"d/f"}) == Outcomes{"4a"});
  REQUIRE(disk.unlink("/disk/d/f") == 0);
  REQUIRE(disk.remove_directory(Files::kNoFolder, "/disk/d") == 0);
  CHECK(outcomes(disk, Order::any, {"d/f"}) == Outcomes{"4a", "-"});
  sync(disk, "/disk");
  CHECK(outcomes(disk, Order::any, {"d/f"}) == Outcomes{"-"});
}

TEST_CASE("Cut: a file without a name comes back as long as its directory was not synced", "[sim_disk][cut]") {
  SimDisk disk;
  REQUIRE(disk.make_directory("/disk/d", 0700) == 0);
  put(disk, "/disk/d/f", "aaaa");
  sync(disk, "/disk/d");
  REQUIRE(disk.unlink("/disk/d/f") == 0);
  put(disk, "/disk/d/f", "bbbb");
  REQUIRE(disk.unlink("/disk/d/f") == 0);
  sync(disk, "/disk");  // another directory, and it forgets what nothing leads to
  CHECK(outcomes(disk, Order::any, {"d/f"}) == Outcomes{"4a", "4b", "-"});
  sync(disk, "/disk/d");
  CHECK(outcomes(disk, Order::any, {"d/f"}) == Outcomes{"-"});
}

TEST_CASE("Cut: also right after a promise, when no call follows it", "[sim_disk][cut]") {
  class Rash final : public Workload {
    void run(Files& files, Journal& journal) override {
      journal.begin(1);
      put(files, "/disk/f", "aaaa", false);
      journal.acknowledge(1);
    }
    std::string check(Files& files, const Promise& promise) override {
      CHECK(promise.begun <= 1);
      return promise.acknowledged == 1 && runs(files, "/disk/f") != "4a" ? "lost" : "";
    }
  };
  Rash rash;
  CutReport report = cut_everywhere(rash);
  CHECK(report.violations["lost"] > 0);
  CHECK(report.first.find("after \"acknowledge 1\"") != std::string::npos);
  CHECK(report.calls == 3);  // the start, the open, the write
  CHECK(report.cuts == 2 * 4);
}

TEST_CASE("Cut: beyond what can be tried out, the extremes come first, then different samples; the seed decides which",
          "[sim_disk][cut]") {
  SimDisk disk;
  put(disk, "/disk/f", std::string(20 * 512, 'a'), false);
  const CrashStates states(disk.state(), Order::any);
  CHECK(states.units().size() == 22);
  CHECK(states.combinations(1'000'000) == 1'000'001);
  const auto visited = [&](std::uint64_t seed) {
    std::vector<CrashStates::Choices> all;
    CHECK(!states.visit(4096, 50, seed, [&](const auto& choices) { all.push_back(choices); }));
    return all;
  };
  const auto all = visited(1);
  const auto extremes = states.extremes();
  const std::set<CrashStates::Choices> different(all.begin(), all.end());
  CHECK(different.size() == all.size());
  CHECK(all.size() == std::set<CrashStates::Choices>(extremes.begin(), extremes.end()).size() + 50);
  for (const auto& extreme : extremes) CHECK(different.count(extreme) == 1);
  CHECK(visited(1) == all);
  CHECK(visited(2) != all);
  CHECK(states.describe(extremes[0]).find("f#4 size: old") != std::string::npos);
}

TEST_CASE("Cut: a rename from one directory to another never loses the file, and never doubles a directory",
          "[sim_disk][cut]") {
  for (const Order order : {Order::prefix, Order::any}) {
    SimDisk disk;
    for (const char* folder : {"/disk/a", "/disk/b", "/disk/a/d"}) REQUIRE(disk.make_directory(folder, 0700) == 0);
    put(disk, "/disk/a/f", "aaaa");
    put(disk, "/disk/a/d/f", "bbbb");
    for (const char* folder : {"/disk/a/d", "/disk/a", "/disk/b", "/disk"}) sync(disk, folder);
    REQUIRE(disk.rename("/disk/a/f", "/disk/b/f") == 0);
    CHECK(outcomes(disk, order, {"a/f", "b/f"}) == Outcomes{"4a | -", "4a | 4a", "- | 4a"});
    REQUIRE(disk.rename("/disk/a/d", "/disk/b/d") == 0);
    const Outcomes moved = {"4b | -", "- | 4b"};
    CHECK(outcomes(disk, order, {"a/d/f", "b/d/f"}) == moved);
    SECTION("synced where it came from: it has arrived as well") {
      sync(disk, "/disk/a");
      CHECK(outcomes(disk, order, {"a/f", "b/f", "a/d/f", "b/d/f"}) == Outcomes{"- | 4a | - | 4b"});
    }
    SECTION("synced where it went to: the old name of a file may still be there") {
      sync(disk, "/disk/b");
      CHECK(outcomes(disk, order, {"a/f", "b/f"}) == Outcomes{"4a | 4a", "- | 4a"});
      CHECK(outcomes(disk, order, {"a/d/f", "b/d/f"}) == Outcomes{"- | 4b"});
    }
    const CrashStates states(disk.state(), order);
    states.visit(100, 0, 1, [&](const auto& choices) {
      SimDisk left(states.leave(choices));
      const std::string at = runs(left, "/disk/a/d/f") != "-" ? "/disk/a" : "/disk/b";
      FileStatus above;
      FileStatus folder;
      REQUIRE(left.status(at + "/d/..", above) == 0);
      REQUIRE(left.status(at, folder) == 0);
      CHECK(above.inode == folder.inode);
    });
  }
}

TEST_CASE("Cut: mode and size of a file arrive together, and inode numbers outlast it", "[sim_disk][cut]") {
  SimDisk disk;
  put(disk, "/disk/f", "aaaa");
  sync(disk, "/disk");
  FileStatus before;
  REQUIRE(disk.status("/disk/f", before) == 0);
  const int fd = disk.open("/disk/f", O_RDWR, 0);
  REQUIRE(disk.set_mode(fd, 0644) == 0);
  std::set<std::uint32_t> modes;
  const CrashStates states(disk.state(), Order::any);
  states.visit(10, 0, 1, [&](const auto& choices) {
    SimDisk left(states.leave(choices));
    FileStatus status;
    REQUIRE(left.status("/disk/f", status) == 0);
    CHECK(status.inode == before.inode);
    modes.insert(status.mode);
  });
  CHECK(modes == std::set<std::uint32_t>{0600, 0644});
}

TEST_CASE("Cut: what is left is a disk of its own", "[sim_disk][cut]") {
  SimDisk disk;
  put(disk, "/disk/f", std::string(512, 'a'));
  sync(disk, "/disk");
  const CrashStates states(disk.state(), Order::any);
  SimDisk left(states.leave({}));
  put(left, "/disk/f", std::string(512, 'b'));
  put(disk, "/disk/f", std::string(512, 'c'));
  SimDisk again(states.leave({}));
  CHECK(runs(left, "/disk/f") == "512b");
  CHECK(runs(disk, "/disk/f") == "512c");
  CHECK(runs(again, "/disk/f") == "512a");
}
