// SPDX-License-Identifier: Apache-2.0
// The mirror of a process that dies: whatever was on its way, what is found is the state before or the state after.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>
#include <new>
#include <thread>

#include "support/mirror_model.hpp"
#include "support/rounds.hpp"
#include "support/temp_folder.hpp"

using namespace relume::core;
using namespace relume::test;

namespace {

/// Takes each word of a range from one of two pictures of a file, as a process does that dies in the midst of its stores.
void tear(std::string& bytes, const std::string& after, std::size_t from, std::size_t to, std::mt19937& random) {
  const auto share = random() % 17;
  for (std::size_t at = from; at < to; at += 8) {
    if (random() % 16 < share) bytes.replace(at, 8, after, at, 8);
  }
}

constexpr std::size_t kLive = 4096;
constexpr std::size_t kBlocks = 8192;
constexpr std::size_t kHeadsEnd = kLive + 64 + 2 * 104;
constexpr std::size_t kMarks = kLive + 320;  // number, two copies of 64 bytes

}  // namespace

TEST_CASE("Mirror: torn anywhere in a commit, it has the state before or after", "[mirror][random]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  const std::string copy = path + "-copy";
  auto mirror = create_mirror(path);
  MirrorModel model(20270306);
  ObjectTable objects;
  std::mt19937 random(9);
  const long steps = rounds(1000, 100000);
  long heads_after = 0;
  long marks_after = 0;
  for (long n = 0; n < steps; ++n) {
    INFO("step " << n);
    const MirrorState before = model.state();
    std::string file = read_file(path);
    if (model.step()) {
      objects = model.objects(objects);
      REQUIRE(!mirror->stage(model.state().stack, objects));
      model.put_blocks(*mirror);
      mirror->commit_staged(model.state().head);
    } else {
      model.put_blocks(*mirror);
      mirror->commit(model.state().head);
    }
    const MirrorState after = model.state();
    const std::string committed = read_file(path);
    file.resize(committed.size());
    const auto found = [&](const std::string& bytes) {
      write_file(copy, bytes);
      std::unique_ptr<Mirror> torn;
      REQUIRE(open_mirror(copy, torn) == Mirror::Verdict::ok);
      MirrorState state = state_of(*torn);
      // Whatever was left lying about, the next commit does not bring it to life.
      torn->commit(state.head);
      torn.reset();
      REQUIRE(open_mirror(copy, torn) == Mirror::Verdict::ok);
      REQUIRE(state_of(*torn) == state);
      return state;
    };
    std::string torn = file;
    tear(torn, committed, kBlocks, committed.size(), random);
    REQUIRE(found(torn) == before);
    torn = file;
    torn.replace(kBlocks, std::string::npos, committed, kBlocks, std::string::npos);
    tear(torn, committed, kLive + 64, kHeadsEnd, random);
    const MirrorState state = found(torn);
    REQUIRE((state == before || state == after));
    heads_after += state == after ? 1 : 0;

    const MirrorState unnoted = model.state();
    model.note_document(*mirror);
    const std::string noted = read_file(path);
    torn = committed;
    tear(torn, noted, kMarks + 8, kMarks + 8 + 2 * 64, random);
    const MirrorState marked = found(torn);
    REQUIRE((marked == unnoted || marked == model.state()));
    marks_after += marked == model.state() ? 1 : 0;
  }
  // Both are met, of heads and of marks: a whole one counts, even if it was not said that it is current.
  CHECK(heads_after > steps / 50);
  CHECK(heads_after < steps / 2);
  CHECK(marks_after > steps / 50);
  CHECK(marks_after < steps / 2);
}

namespace {

/// Runs `work(mirror, acknowledge)` in a process of its own and kills it after it has acknowledged a revision. Acknowledging is
/// one store, so that a kill comes at any instruction of the mirror's. Returns the mirror as it was left.
class Killer {
 public:
  Killer() {
    void* memory = ::mmap(nullptr, sizeof(Number), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    acknowledged_ = new (memory) Number(0);
  }
  ~Killer() { ::munmap(acknowledged_, sizeof(Number)); }
  Killer(const Killer&) = delete;
  Killer& operator=(const Killer&) = delete;

  template <class Work>
  std::unique_ptr<Mirror> run(const std::string& path, useconds_t microseconds, Work work) {
    *acknowledged_ = 0;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      std::unique_ptr<Mirror> mirror;
      std::string reason;
      if (Mirror::open(platform::system_files(), path, mirror_identity(), mirror, reason) == Mirror::Verdict::ok) {
        work(*mirror, *acknowledged_);
      }
      ::_exit(1);
    }
    int status = 0;
    while (*acknowledged_ == 0) {
      REQUIRE(::waitpid(child, &status, WNOHANG) == 0);
      std::this_thread::yield();
    }
    ::usleep(microseconds);
    ::kill(child, SIGKILL);
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    std::unique_ptr<Mirror> mirror;
    REQUIRE(open_mirror(path, mirror) == Mirror::Verdict::ok);
    const std::uint64_t found = mirror->head().revision;
    REQUIRE((found == *acknowledged_ || found == *acknowledged_ + 1));
    in_flight += found != *acknowledged_ ? 1 : 0;
    REQUIRE((mirror->document() == mark_of(found) || mirror->document() == mark_of(found - 1)));
    return mirror;
  }

  long in_flight = 0;

 private:
  using Number = std::atomic<std::uint64_t>;
  Number* acknowledged_;
};

}  // namespace

TEST_CASE("Mirror: killed at any instant, it has the last revision that was acknowledged or the one in flight",
          "[mirror][kill]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  create_mirror(path);
  Killer killer;
  MirrorModel model(20270304);
  std::mt19937 random(8);
  const long kills = rounds(400, 40000);
  for (long n = 0; n < kills; ++n) {
    INFO("kill " << n);
    const auto mirror =
        killer.run(path, static_cast<useconds_t>(random() % 3000), [model](Mirror& at, auto& acknowledged) mutable {
          for (ObjectTable objects = at.objects();;) {
            const bool staged = model.step();
            if (staged) {
              objects = model.objects(objects);
              if (at.stage(model.state().stack, objects)) return;
            }
            model.put_blocks(at);
            if (staged) {
              at.commit_staged(model.state().head);
            } else {
              at.commit(model.state().head);
            }
            model.note_document(at);
            acknowledged = model.state().head.revision;
          }
        });
    while (model.state().head.revision < mirror->head().revision) model.step();
    MirrorState expected = model.state();
    expected.document = mirror->document();
    REQUIRE(state_of(*mirror) == expected);
    model = MirrorModel(static_cast<std::uint32_t>(n), model.state());
  }
  WARN(kills << " kills at revision " << model.state().head.revision << ", " << killer.in_flight
             << " of them after a commit that was not acknowledged yet");
}

// The same without anything between the commits, so that most kills come in the midst of one.
TEST_CASE("Mirror: killed in commit after commit, it has a whole one", "[mirror][kill]") {
  const TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  create_mirror(path);
  Killer killer;
  std::mt19937 random(10);
  ObjectTable tables[2];
  for (int i = 0; i < 10; ++i) {
    for (auto& table : tables) {
      table[record_name(std::to_string(i))] = {ObjectKind::bytes,
                                               shared(std::string(100, &table == tables ? 'a' : 'b'))};
    }
  }
  std::uint64_t revision = 0;
  const long kills = rounds(400, 40000);
  for (long n = 0; n < kills; ++n) {
    INFO("kill " << n);
    const auto mirror = killer.run(path, static_cast<useconds_t>(random() % 1000), [&](Mirror& at, auto& acknowledged) {
      for (;;) {
        ++revision;
        at.put_block(revision % kMirrorBlocks, block_of(static_cast<std::uint32_t>(revision)));
        if (revision % 8 == 0) {
          if (at.stage(std::to_string(revision), tables[revision / 8 % 2])) return;
          at.commit_staged(head_of(revision));
        } else {
          at.commit(head_of(revision));
        }
        at.note_document(mark_of(revision));
        acknowledged = revision;
      }
    });
    revision = mirror->head().revision;
    MirrorState expected;
    expected.head = head_of(revision);
    for (std::uint64_t r = revision; r > 0 && r + kMirrorBlocks > revision; --r) {
      expected.blocks[r % kMirrorBlocks] = static_cast<std::uint32_t>(r);
    }
    const std::uint64_t staged = revision / 8 * 8;
    if (staged != 0) expected.stack = std::to_string(staged);
    if (staged != 0) expected.objects = plain(tables[staged / 8 % 2]);
    expected.document = mirror->document();
    REQUIRE(state_of(*mirror) == expected);
  }
  WARN(kills << " kills at revision " << revision << ", " << killer.in_flight
             << " of them after a commit that was not acknowledged yet");
}
