// SPDX-License-Identifier: Apache-2.0
// The document and its generations as files: every step may fail, and there is always a whole document.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "persistence/document_store.hpp"
#include "support/document_state.hpp"
#include "support/passing_files.hpp"
#include "support/temp_folder.hpp"

using namespace relume;
using namespace relume::core;
using namespace relume::test;
using platform::Replaced;
using platform::ReplaceResult;
using Verdict = DocumentStore::Verdict;
using Catch::Matchers::Contains;

namespace {

constexpr std::int64_t kMinute = 60'000'000'000;
constexpr std::int64_t kHour = 60 * kMinute;

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void write_file(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// A folder with a store in it, and a state to be saved again and again.
struct Place {
  explicit Place(platform::Files& f = platform::system_files())
      : files(f), fd(open_folder()), store(files, fd.fd(), path) {}

  platform::File open_folder() {
    return {files, files.open(platform::Files::kNoFolder, path, O_RDONLY | O_DIRECTORY, 0)};
  }
  std::string document() const { return path + "/show.json"; }
  std::string generations() const { return path + "/generations"; }

  std::string encoded(std::uint64_t revision, std::int64_t saved_ns) {
    state.header.head.revision = revision;
    state.header.saved_ns = saved_ns;
    return state.encode();
  }
  ReplaceResult try_save(std::uint64_t revision, std::int64_t saved_ns = 0) {
    const std::string bytes = encoded(revision, saved_ns);
    return store.write(bytes, state.header, was, was);
  }
  void save(std::uint64_t revision, std::int64_t saved_ns = 0) {
    const ReplaceResult r = try_save(revision, saved_ns);
    INFO("revision " << revision << ": " << r.step << " " << platform::errno_name(r.error));
    REQUIRE(r);
    REQUIRE(was.hash != 0);
    REQUIRE(was.revision == revision);
  }
  std::vector<std::uint64_t> kept() {
    std::vector<std::uint64_t> revisions;
    for (const auto& found : store.read_generations()) {
      if (found.verdict == Verdict::ok) revisions.push_back(found.header.head.revision);
    }
    return revisions;
  }

  TempFolder folder{"/dev/shm"};  // hundreds of saves, and no test asks the disk
  std::string path = folder.path();
  platform::Files& files;
  platform::File fd;
  DocumentStore store;
  DocumentState state = float_state(40);
  DocumentMark was;
};

using Revisions = std::vector<std::uint64_t>;

/// Fails the n-th call of those that can fail, or all from there on.
class FaultyFiles final : public PassingFiles {
  using Base = PassingFiles;

 public:
  enum class How { once, for_good, short_write };
  int error = EIO;
  How how = How::once;
  int fail_at = 0;  // 0: never
  int calls = 0;
  int open_files = 0;

  int open(int d, const std::string& n, int f, unsigned m) override {
    const int fd = fails() ? -error : Base::open(d, n, f, m);
    if (fd >= 0) ++open_files;
    return fd;
  }
  int close(int fd) override {
    --open_files;
    const int r = Base::close(fd);  // a close that fails has closed
    return fails() ? -error : r;
  }
  ssize_t read(int fd, void* d, std::size_t n) override { return fails() ? -error : Base::read(fd, d, n); }
  ssize_t write(int fd, const void* d, std::size_t n) override {
    if (!fails()) return Base::write(fd, d, n);
    if (how != How::short_write || calls > fail_at) return how == How::short_write ? 0 : -error;
    return Base::write(fd, d, n / 2);
  }
  int sync(int fd) override { return fails() ? -error : Base::sync(fd); }
  int rename(int a, const std::string& f, int b, const std::string& t) override {
    return fails() ? -error : Base::rename(a, f, b, t);
  }
  int link(int a, const std::string& f, int b, const std::string& t) override {
    return fails() ? -error : Base::link(a, f, b, t);
  }
  int unlink(int d, const std::string& n) override { return fails() ? -error : Base::unlink(d, n); }
  int make_directory(int d, const std::string& n, unsigned m) override {
    return fails() ? -error : Base::make_directory(d, n, m);
  }
  int status(int d, const std::string& n, platform::FileStatus& s) override {
    return fails() ? -error : Base::status(d, n, s);
  }
  int status(int fd, platform::FileStatus& s) override { return fails() ? -error : Base::status(fd, s); }
  int list(int d, const std::string& n, std::vector<std::string>& names) override {
    return fails() ? -error : Base::list(d, n, names);
  }

 private:
  bool fails() {
    if (fail_at == 0) return false;
    ++calls;
    return how == How::once ? calls == fail_at : calls >= fail_at;
  }
};

class NoLinks final : public PassingFiles {
 public:
  explicit NoLinks(int e) : error(e) {}
  int link(int, const std::string&, int, const std::string&) override { return -error; }
  int error;
};

void flip_byte(const std::string& path) {
  std::string bytes = content(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_file(path, bytes);
}

}  // namespace

TEST_CASE("Document store: what was saved is read, with the mark that look gives", "[document_store]") {
  Place p;
  DocumentMark mark;
  CHECK(p.store.look(mark) == 0);
  CHECK(mark == DocumentMark{});
  CHECK(p.store.read().verdict == Verdict::absent);
  p.save(7);
  const auto found = p.store.read();
  CHECK(found.verdict == Verdict::ok);
  CHECK(found.path == p.document());
  CHECK(found.header.head.revision == 7);
  CHECK(found.bytes == content(p.document()));
  CHECK(found.mark == p.was);
  REQUIRE(p.store.look(mark) == 0);
  CHECK(mark.same_file(p.was));
  CHECK(mark.hash == 0);
  CHECK(p.kept().empty());
}

TEST_CASE("Document store: every step in its order, each synced before the next builds on it", "[document_store]") {
  struct Tracing final : PassingFiles {
    std::vector<std::string> calls;
    int open(int d, const std::string& n, int f, unsigned m) override {
      if ((f & O_EXCL) != 0) calls.push_back("create " + n);
      return PassingFiles::open(d, n, f, m);
    }
    int sync(int fd) override {
      calls.push_back("sync " + std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", fd)).filename().string());
      return PassingFiles::sync(fd);
    }
    int rename(int a, const std::string& f, int b, const std::string& t) override {
      calls.push_back("rename " + f + " " + t);
      return PassingFiles::rename(a, f, b, t);
    }
    int link(int a, const std::string& f, int b, const std::string& t) override {
      calls.push_back("link " + f + " " + t);
      return PassingFiles::link(a, f, b, t);
    }
    int make_directory(int d, const std::string& n, unsigned m) override {
      calls.push_back("make " + n);
      return PassingFiles::make_directory(d, n, m);
    }
    int unlink(int d, const std::string& n) override {
      const int r = PassingFiles::unlink(d, n);
      if (r == 0) calls.push_back("unlink " + n);
      return r;
    }
  } files;
  Place p(files);
  const std::string folder = std::filesystem::path(p.path).filename();
  p.save(1);
  CHECK(files.calls == std::vector<std::string>{"create .show.json.new", "sync .show.json.new",
                                                "rename .show.json.new show.json", "sync " + folder});
  files.calls.clear();
  p.save(2);
  CHECK(files.calls == std::vector<std::string>{"make generations", "sync " + folder,
                                                "link show.json 0000000000000001-0123456789abcdef.json",
                                                "sync generations", "create .show.json.new", "sync .show.json.new",
                                                "rename .show.json.new show.json", "sync " + folder});
  for (std::uint64_t r = 3; r <= 5; ++r) p.save(r);
  files.calls.clear();
  p.save(6);
  // The first expelled one has the place of an hour ago; the second one is too close to it.
  CHECK(files.calls.back() == "unlink 0000000000000002-0123456789abcdef.json");
  CHECK(files.calls[files.calls.size() - 2] == "sync " + folder);
}

TEST_CASE("Document store: a document that was replaced is a generation, the same file", "[document_store]") {
  Place p;
  p.save(1);
  const std::string first = content(p.document());
  struct stat before{};
  struct stat after{};
  REQUIRE(::stat(p.document().c_str(), &before) == 0);
  p.save(2);
  REQUIRE(::stat((p.generations() + "/0000000000000001-0123456789abcdef.json").c_str(), &after) == 0);
  CHECK(after.st_ino == before.st_ino);
  const auto generations = p.store.read_generations();
  REQUIRE(generations.size() == 1);
  CHECK(generations[0].verdict == Verdict::ok);
  CHECK(generations[0].bytes == first);
  CHECK(generations[0].path == p.generations() + "/0000000000000001-0123456789abcdef.json");
}

TEST_CASE("Document store: a state that is saved again pushes no generation out, a change by hand is kept",
          "[document_store]") {
  Place p;
  for (std::uint64_t r = 1; r <= 4; ++r) p.save(r);
  for (int again = 0; again < 4; ++again) p.save(4, again * kHour);
  CHECK(p.kept() == Revisions{3, 2, 1});
  std::string edited = content(p.document());
  edited.replace(edited.find("\"checksum\": \"") + 13, 8, "none");
  write_file(p.document(), edited);
  p.was = p.store.read().mark;
  p.save(4);
  CHECK(p.kept() == Revisions{4, 3, 2, 1});
}

TEST_CASE("Document store: three recent generations, one of an hour ago, one of a day ago", "[document_store]") {
  Place p;
  const std::int64_t start = 1'700'000'000'000'000'000;
  std::uint64_t revision = 0;
  std::vector<std::int64_t> saved{0};
  const auto save_after = [&](std::int64_t later) {
    saved.push_back(revision == 0 ? start : saved.back() + later);
    p.save(++revision, saved.back());
  };
  for (int i = 0; i < 5; ++i) save_after(10 * kMinute);
  CHECK(p.kept() == Revisions{4, 3, 2, 1});  // 1 has the place of an hour ago: nothing had it
  for (int i = 0; i < 5; ++i) save_after(10 * kMinute);
  CHECK(p.kept() == Revisions{9, 8, 7, 1});
  save_after(10 * kMinute);
  CHECK(p.kept() == Revisions{10, 9, 8, 7, 1});  // 7 is an hour younger than 1, which moves on
  for (int i = 0; i < 6; ++i) save_after(10 * kMinute);
  CHECK(p.kept() == Revisions{16, 15, 14, 13, 1});  // 13 is an hour younger than 7, and 7 no day younger than 1
  for (int i = 0; i < 6 * 72; ++i) {
    save_after(10 * kMinute);
    const Revisions kept = p.kept();
    REQUIRE(kept.size() == 5);
    REQUIRE(std::vector(kept.begin(), kept.begin() + 3) == Revisions{revision - 1, revision - 2, revision - 3});
    const std::int64_t hour = saved.back() - saved[kept[3]];
    REQUIRE(hour >= 40 * kMinute);
    REQUIRE(hour <= 100 * kMinute);
    const std::int64_t day = saved.back() - saved[kept[4]];
    REQUIRE(day <= 27 * kHour);
    REQUIRE(day >= hour + kHour);
  }
  // A store that knows none of them by heart goes on as this one would.
  DocumentStore other(p.files, p.fd.fd(), p.path);
  REQUIRE(other.write(p.encoded(revision + 1, saved.back() + 10 * kMinute), p.state.header, p.was, p.was));
  CHECK(p.kept().size() == 5);
  CHECK(p.kept()[0] == revision);
}

TEST_CASE("Document store: a clock that runs backwards or jumps never costs the newest, nor keeps more than five",
          "[document_store]") {
  std::mt19937_64 random(3);
  for (const bool jumps : {false, true}) {
    Place p;
    std::int64_t saved = 1'700'000'000'000'000'000;
    for (std::uint64_t revision = 1; revision <= 60; ++revision) {
      saved = jumps ? static_cast<std::int64_t>(random()) : saved - 10 * kMinute;
      p.save(revision, saved);
      const Revisions kept = p.kept();
      REQUIRE(kept.size() <= 5);
      // A time before the last one counts as late enough: a clock that was wrong for a day keeps no place for ever.
      for (std::size_t i = 0; i < (jumps ? 3 : 5) && i + 1 < revision; ++i) REQUIRE(kept[i] == revision - 1 - i);
    }
  }
}

TEST_CASE("Document store: revision decides what is newer, then history; one pair may have two contents",
          "[document_store]") {
  Place p;
  p.save(5);
  p.state.header.head.history = 7;
  p.save(5);
  p.state.header.head.history = 9;
  p.save(3);
  p.save(4);
  CHECK(p.kept() == Revisions{5, 5, 3});
  CHECK(p.store.read_generations()[0].header.head.history == 0x0123456789abcdefU);
  // By hand, under the revision that it had: two generations of one name.
  p.save(20);
  p.save(21);
  std::string edited = p.encoded(20, 0);
  edited.replace(edited.find("\"checksum\": \"") + 13, 8, "none");
  write_file(p.document(), edited);
  p.was = p.store.read().mark;
  p.save(22);
  CHECK(p.kept() == Revisions{20, 20, 5, 3});
  CHECK(std::filesystem::exists(p.generations() + "/0000000000000020-0000000000000009.json"));
  CHECK(content(p.generations() + "/0000000000000020-0000000000000009-2.json") == edited);
}

TEST_CASE("Document store: what does not prove itself never becomes a generation", "[document_store]") {
  Place p;
  p.save(1);
  p.save(2);
  flip_byte(p.document());
  const std::string damaged = content(p.document());
  CHECK(p.store.read().verdict == Verdict::damaged);
  CHECK_THAT(p.store.read().reason, Contains(p.document()) && Contains("checksum"));
  for (const bool known : {true, false}) {
    if (known) p.was = p.store.read().mark;
    const ReplaceResult r = p.try_save(3);
    CHECK(r.state == Replaced::not_committed);
    CHECK(r.error == EUCLEAN);
    CHECK(std::string(r.step) == "compare");
    CHECK(content(p.document()) == damaged);
    CHECK(p.kept() == Revisions{1});
  }
  write_file(p.document(), "");
  CHECK(p.try_save(3).error == EUCLEAN);
  CHECK(p.store.keep_aside("damaged") == p.document() + ".damaged-1");
  p.save(3);
  CHECK(p.kept() == Revisions{1});
}

TEST_CASE("Document store: damaged generations and foreign names are left alone", "[document_store]") {
  Place p;
  for (std::uint64_t r = 1; r <= 5; ++r) p.save(r);
  const std::string rotten = p.generations() + "/0000000000000001-0123456789abcdef.json";
  flip_byte(rotten);
  write_file(p.generations() + "/notes.json", "mine");
  write_file(p.generations() + "/0000000000000001-0123456789abcdef.json.damaged-1", "kept");
  write_file(p.generations() + "/0000000000000001-0123456789abcdeg.json", "no number");
  const auto found = p.store.read_generations();
  REQUIRE(found.size() == 4);
  CHECK(found[3].verdict == Verdict::damaged);
  CHECK(found[3].path == rotten);
  CHECK(found[3].bytes.empty());
  DocumentStore other(p.files, p.fd.fd(), p.path);
  for (std::uint64_t r = 6; r <= 12; ++r) { REQUIRE(other.write(p.encoded(r, 0), p.state.header, p.was, p.was)); }
  CHECK(p.kept() == Revisions{11, 10, 9, 2});
  CHECK(std::filesystem::exists(rotten));
  CHECK(content(p.generations() + "/notes.json") == "mine");
  CHECK(content(rotten + ".damaged-1") == "kept");
  CHECK(std::filesystem::exists(p.generations() + "/0000000000000001-0123456789abcdeg.json"));
  CHECK(p.store.keep_generation_aside(rotten) == rotten + ".damaged-2");
  CHECK(p.store.read_generations().size() == 4);
}

TEST_CASE("Document store: another document under the name is not replaced", "[document_store]") {
  Place p;
  Place foreign;
  foreign.save(99);
  const std::string theirs = content(foreign.document());
  p.save(1);
  const std::string ours = content(p.document());
  write_file(p.document(), theirs);
  const DocumentMark was = p.was;
  const ReplaceResult r = p.try_save(2);
  CHECK(r.state == Replaced::not_committed);
  CHECK(r.error == EEXIST);
  CHECK(std::string(r.step) == "compare");
  CHECK(content(p.document()) == theirs);
  CHECK(p.was == was);
  // The same content in another file is the same document.
  std::filesystem::remove(p.document());
  write_file(p.document(), ours);
  p.save(2);
  // One that is gone is no other one; one where none was known is.
  std::filesystem::remove(p.document());
  p.save(3);
  p.was = {};
  CHECK(p.try_save(4).error == EEXIST);
  CHECK(p.kept() == Revisions{1});
  CHECK(p.store.keep_aside("conflict") == p.document() + ".conflict-1");
  p.save(4);
}

TEST_CASE("Document store: a document that is replaced while it is linked is no generation", "[document_store]") {
  struct Racing final : PassingFiles {
    std::string theirs;
    std::string path;
    int link(int a, const std::string& f, int b, const std::string& t) override {
      if (!path.empty()) {
        std::filesystem::remove(path);
        write_file(path, theirs);
      }
      return PassingFiles::link(a, f, b, t);
    }
  } files;
  Place p(files);
  p.save(1);
  files.theirs = p.encoded(50, 0);
  files.path = p.document();
  const ReplaceResult r = p.try_save(2);
  CHECK(r.state == Replaced::not_committed);
  CHECK(r.error == EBUSY);
  CHECK(std::string(r.step) == "compare");
  CHECK(content(p.document()) == files.theirs);
  CHECK(p.store.read_generations().empty());
}

TEST_CASE("Document store: without hard links the generation is copied first", "[document_store]") {
  for (const int error : {EPERM, ENOTSUP, EXDEV, EMLINK}) {
    NoLinks files(error);
    Place p(files);
    for (std::uint64_t r = 1; r <= 4; ++r) p.save(r);
    CHECK(p.kept() == Revisions{3, 2, 1});
    CHECK(p.store.read().header.head.revision == 4);
    struct stat status{};
    REQUIRE(::stat((p.generations() + "/0000000000000003-0123456789abcdef.json").c_str(), &status) == 0);
    CHECK(status.st_nlink == 1);
    // Again, as after a death between the copy and the replace.
    std::filesystem::copy(p.document(), p.generations() + "/0000000000000004-0123456789abcdef.json");
    p.save(5);
    CHECK(p.kept() == Revisions{4, 3, 2, 1});
  }
  NoLinks files(EACCES);
  Place p(files);
  p.save(1);
  const ReplaceResult r = p.try_save(2);
  CHECK(r.error == EACCES);
  CHECK(std::string(r.step) == "link generation");
  CHECK(p.store.read().header.head.revision == 1);
}

TEST_CASE("Document store: a symbolic link stays one, its document lies where it lay", "[document_store]") {
  TempFolder elsewhere;
  Place made;
  made.save(1);
  const std::string real = elsewhere.path() + "/tour.json";
  std::filesystem::copy(made.document(), real);
  std::filesystem::create_symlink(real, made.path + "/linked");
  std::filesystem::remove(made.document());
  std::filesystem::rename(made.path + "/linked", made.document());
  DocumentStore store(made.files, made.fd.fd(), made.path);
  CHECK(store.path() == real);
  const auto found = store.read();
  REQUIRE(found.verdict == Verdict::ok);
  made.was = found.mark;
  REQUIRE(store.write(made.encoded(2, 0), made.state.header, made.was, made.was));
  CHECK(std::filesystem::is_symlink(made.document()));
  CHECK(content(real) == made.state.encode());
  CHECK(made.kept() == Revisions{1});
  CHECK(store.keep_aside("damaged") == real + ".damaged-1");
  CHECK(std::filesystem::exists(real + ".damaged-1"));
  // Where the link leads nowhere, nothing is written through it or over it.
  DocumentStore broken(made.files, made.fd.fd(), made.path);
  CHECK(broken.read().verdict == Verdict::unreadable);
  CHECK_THAT(broken.read().reason, Contains("ELOOP"));
  CHECK_FALSE(broken.write(made.encoded(3, 0), made.state.header, {}, made.was));
  CHECK(std::filesystem::is_symlink(made.document()));
}

TEST_CASE("Document store: owner and mode of the document are kept", "[document_store]") {
  Place p;
  p.save(1);
  struct stat status{};
  REQUIRE(::stat(p.document().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
  REQUIRE(::chmod(p.document().c_str(), 0664) == 0);
  if (::geteuid() == 0) REQUIRE(::chown(p.document().c_str(), 12345, 54321) == 0);
  p.save(2);
  struct stat after{};
  REQUIRE(::stat(p.document().c_str(), &after) == 0);
  CHECK((after.st_mode & 07777U) == 0664);
  if (::geteuid() == 0) {
    CHECK(after.st_uid == 12345);
    CHECK(after.st_gid == 54321);
  }
}

TEST_CASE("Document store: what is kept aside overwrites nothing", "[document_store]") {
  Place p;
  CHECK(p.store.keep_aside("damaged").empty());
  write_file(p.document(), "a");
  write_file(p.document() + ".damaged-1", "b");
  CHECK(p.store.keep_aside("damaged") == p.document() + ".damaged-2");
  CHECK(content(p.document() + ".damaged-1") == "b");
  CHECK(content(p.document() + ".damaged-2") == "a");
  CHECK_FALSE(std::filesystem::exists(p.document()));
  CHECK(p.store.keep_generation_aside(p.generations() + "/none.json").empty());
}

TEST_CASE("Document store: what no one could read again is not written", "[document_store]") {
  Place p;
  p.save(1);
  const std::string bytes(kMaxDocumentBytes + 1, ' ');
  const ReplaceResult r = p.store.write(bytes, p.state.header, p.was, p.was);
  CHECK(r.state == Replaced::not_committed);
  CHECK(r.error == EFBIG);
  CHECK(p.store.read().header.head.revision == 1);
}

TEST_CASE("Document store: what cannot be read is neither absent nor damaged", "[document_store]") {
  Place p;
  std::filesystem::create_directory(p.document());
  CHECK(p.store.read().verdict == Verdict::unreadable);
  CHECK_THAT(p.store.read().reason, Contains("EISDIR"));
  CHECK(p.try_save(1).error == EISDIR);
  FaultyFiles files;
  Place q(files);
  q.save(1);
  files.fail_at = 1;
  files.how = FaultyFiles::How::for_good;
  const auto found = q.store.read();
  CHECK(found.verdict == Verdict::unreadable);
  CHECK_THAT(found.reason, Contains("EIO"));
  DocumentMark mark;
  CHECK(q.store.look(mark) == -EIO);
}

TEST_CASE("Document store: a write with an unknown end is not taken for somebody else's", "[document_store]") {
  struct NoFolderSync final : PassingFiles {
    int folder = -1;
    int sync(int fd) override { return fd == folder ? -EIO : PassingFiles::sync(fd); }
  } files;
  Place p(files);
  p.save(1);
  files.folder = p.fd.fd();
  std::filesystem::create_directory(p.generations());
  for (std::uint64_t r = 2; r <= 3; ++r) {
    const ReplaceResult result = p.try_save(r);
    CHECK(result.state == Replaced::unknown);
    CHECK(result.error == EIO);
    CHECK(p.was.revision == 1);
  }
  files.folder = -1;
  p.save(4);
  CHECK(p.kept() == Revisions{3, 2, 1});
}

namespace {

/// Saves with the n-th call failing, until no call fails any more; then checks what is there, and that the next save works.
void fail_every_call(FaultyFiles::How how, int error, bool fresh) {
  int n = 0;
  for (bool failed = true; failed;) {
    FaultyFiles files;
    Place p(files);
    if (!fresh) {
      for (std::uint64_t r = 1; r <= 5; ++r) p.save(r);
    }
    const int open_before = files.open_files;
    files.how = how;
    files.error = error;
    files.fail_at = ++n;
    const ReplaceResult r = p.try_save(6);
    failed = files.calls >= n;
    files.fail_at = 0;
    INFO("call " << n << " failed, " << r.step << " " << platform::errno_name(r.error));
    REQUIRE(files.open_files == open_before);
    const auto now = p.store.read();
    switch (r.state) {
      case Replaced::committed:
        REQUIRE(now.header.head.revision == 6);
        REQUIRE(p.was.revision == 6);
        break;
      case Replaced::not_committed:
        REQUIRE(std::string(r.step) != "");
        REQUIRE(r.error != 0);
        REQUIRE(now.verdict == (fresh ? Verdict::absent : Verdict::ok));
        REQUIRE(now.header.head.revision == (fresh ? 0 : 5));
        break;
      case Replaced::unknown:
        REQUIRE(std::string(r.step) == "sync folder");
        REQUIRE(now.header.head.revision == 6);
        break;
    }
    // The three newest are whole in any case.
    const Revisions after = p.kept();
    const std::uint64_t newest = r ? 5 : 4;
    for (std::uint64_t revision = newest; !fresh && revision > newest - 3; --revision) {
      REQUIRE(std::find(after.begin(), after.end(), revision) != after.end());
    }
    for (const auto& generation : p.store.read_generations()) REQUIRE(generation.verdict == Verdict::ok);
    p.save(7);
    REQUIRE(p.store.read().header.head.revision == 7);
    REQUIRE(p.kept().size() <= 5);
    REQUIRE_FALSE(std::filesystem::exists(p.path + "/.show.json.new"));
  }
  CHECK(n > (fresh ? 8 : 20));
}

}  // namespace

TEST_CASE(
    "Document store: every call fails once and for good: the old document or the new one, and the next save works",
    "[document_store]") {
  using How = FaultyFiles::How;
  for (const bool fresh : {true, false}) {
    fail_every_call(How::once, EIO, fresh);
    fail_every_call(How::for_good, EIO, fresh);
    fail_every_call(How::once, ENOSPC, fresh);
    fail_every_call(How::for_good, EROFS, fresh);
    fail_every_call(How::once, EINTR, fresh);
    fail_every_call(How::short_write, ENOSPC, fresh);
  }
}
