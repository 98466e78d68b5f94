// SPDX-License-Identifier: Apache-2.0
// Processes that die: between the steps of a mutation, and at random instants. What was acknowledged is there, whole.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <thread>

#include "support/rounds.hpp"
#include "support/temp_folder.hpp"
#include "support/test_show.hpp"

using namespace relume;
using relume::test::TempFolder;
using relume::test::TestShow;

namespace {

struct Place {
  TempFolder disk;
  TempFolder runtime{"/dev/shm"};
  std::string folder = disk.path() + "/a.show";
  relume_show_options options() const {
    relume_show_options options = relume::test::quiet_options();
    options.folder = folder.c_str();
    options.runtime_dir = runtime.path().c_str();
    return options;
  }
};

/// What child and parent both see, and what outlives the child.
struct Shared {
  std::atomic<std::uint64_t> sent;
  std::atomic<std::uint64_t> acknowledged;
};

Shared& shared_page() {
  void* page = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  return *new (page) Shared{};
}

/// Runs `work` in a child process and waits for its end; returns the signal that killed it.
template <class F>
int death_of(F work) {
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);
  }
  REQUIRE(child > 0);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

// Change number n of an endless story: values in three blocks at once, and now and then the stack.
constexpr std::uint64_t kStory = 12;
void tell(Show& show, std::uint64_t n) {
  const auto v = [n](int i) {
    return scalar(static_cast<float>((n * 7 + static_cast<std::uint64_t>(i)) % 101) / 101.0F);
  };
  ChangeSet set;
  set.set(show.param("wash/step"), v(0)).set(show.param("spot/step"), v(1)).set(show.param("last/step"), v(2));
  switch (n % kStory) {
    case 3: set.persist(show.param("wash/level"), v(3)); break;
    case 5: set.store(show.layer("spot")); break;
    case 7: set.add_layer("extra", "fixture", show.layer("spot")); break;
    case 8: set.set(show.param("extra/level"), v(4)); break;
    case 9: set.move(show.layer("extra")).bypass(show.layer("wash"), true); break;
    case 10: set.remove(show.layer("extra")).bypass(show.layer("wash"), false); break;
    case 11: set.revert(show.layer("wash")); break;
    default: break;
  }
  show.apply(set);
}

Schema story_schema() {
  Schema schema = relume::test::demo_schema();
  schema.layer("third", "fixture").layer("last", "fixture");
  return schema;
}

/// Everything that can be asked of a show, as text.
std::string picture(TestShow& t) {
  std::string all;
  const Frame frame = t.frame(1);
  for (std::uint32_t i = 0; i < frame->layer_count; ++i) {
    const relume_layer_info info = t.show.layer_info(frame->layers[i].layer);
    all += std::string(info.key) + " " + std::to_string(info.flags) + ":";
    for (const char* key : {"/step", "/level"}) {
      const relume_explanation e = t.show.explain(t.show.param(info.key + std::string(key)));
      all += " " + std::to_string(e.winner) + "," + std::to_string(e.persisted.as.f[0]) + "," +
             std::to_string(e.committed.type != 0 ? e.committed.as.f[0] : -1.0F);
      all += "," + std::to_string(frame.at(t.show.param(info.key + std::string(key)))->f);
    }
    all += "\n";
  }
  return all;
}

/// The pictures after 0, 1, 2, ... changes, told by a show that nobody kills.
class Reference {
 public:
  const std::string& after(std::uint64_t n) {
    // The story repeats: values every 101 changes, its turns every 12. Once around, the picture is that of a period before.
    constexpr std::uint64_t kPeriod = 101 * kStory;
    if (n >= 2 * kPeriod) n = kPeriod + n % kPeriod;
    while (pictures_.size() <= n) {
      if (!pictures_.empty()) tell(show_.show, pictures_.size());
      pictures_.push_back(picture(show_));
    }
    return pictures_[n];
  }

 private:
  TestShow show_{story_schema()};
  std::vector<std::string> pictures_;
};

struct DeathAt {
  int step;
  std::uint64_t mutation;
  std::uint64_t seen = 0;
};

void die_at(void* user, int step) {
  auto& death = *static_cast<DeathAt*>(user);
  if (step == 1) ++death.seen;
  if (death.seen == death.mutation && step == death.step) raise(SIGKILL);
}

}  // namespace

TEST_CASE("Killed between the steps of every kind of mutation: the change that had begun is there, whole", "[kill]") {
  Reference reference;
  for (std::uint64_t mutation = 1; mutation <= kStory; ++mutation) {
    for (int step = 1; step <= 4; ++step) {
      INFO("killed after step " << step << " of mutation " << mutation);
      const Place place;
      const int signal = death_of([&] {
        TestShow t(story_schema(), place.options());
        DeathAt death{step, mutation};
        relume_show* raw = t.show.get();
        raw->show->coordinator().observe_steps(die_at, &death);
        for (std::uint64_t n = 1; n <= mutation; ++n) tell(t.show, n);
      });
      REQUIRE(signal == SIGKILL);
      TestShow t(story_schema(), place.options());
      CHECK(t.show.recovery().rung == RELUME_RUNG_MIRROR);
      CHECK(t.show.recovery().clean_close == 0);
      CHECK(t.show.recovery().revision == mutation);
      CHECK(picture(t) == reference.after(mutation));
    }
  }
}

TEST_CASE("Killed at random instants under a stream of changes: nothing acknowledged is lost, nothing is mixed",
          "[kill]") {
  Reference reference;
  Shared& shared = shared_page();
  std::mt19937 random(20261121);
  const Place place;
  const long rounds = relume::test::rounds(1000, 100000);
  long in_flight = 0;
  for (long round = 0; round < rounds; ++round) {
    const std::uint64_t from = shared.acknowledged.load();
    const pid_t child = fork();
    if (child == 0) {
      TestShow t(story_schema(), place.options());
      for (std::uint64_t n = t.show.recovery().revision + 1;; ++n) {
        shared.sent.store(n);
        tell(t.show, n);
        shared.acknowledged.store(n);
        if (n % 8 == 0) t.frame(1);
      }
    }
    REQUIRE(child > 0);
    while (shared.acknowledged.load() == from) std::this_thread::yield();  // it is at work
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 500));
    REQUIRE(kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));

    const std::uint64_t acknowledged = shared.acknowledged.load();
    TestShow t(story_schema(), place.options());
    const std::uint64_t found = t.show.recovery().revision;
    INFO("round " << round << ": acknowledged " << acknowledged << ", sent " << shared.sent.load() << ", found "
                  << found);
    REQUIRE(found >= acknowledged);
    REQUIRE(found <= shared.sent.load());
    REQUIRE(picture(t) == reference.after(found));
    in_flight += found > acknowledged;
    shared.acknowledged.store(found);
  }
  WARN(rounds << " kills, " << shared.acknowledged.load() << " changes, " << in_flight
              << " times the change in flight was already safe; 0 lost, 0 mixed");
}

TEST_CASE("Killed with automation in flight: what had settled is there, and the rest goes on where it was", "[kill]") {
  const Place place;
  const int signal = death_of([&] {
    TestShow t(relume::test::demo_schema(), place.options());
    Source osc = t.show.source();
    osc.write(t.show.param("wash/level"), scalar(0.25F), t.now);
    t.run(1500);
    osc.write(t.show.param("spot/level"), scalar(0.5F), t.now);
    t.run(100);
    raise(SIGKILL);
  });
  REQUIRE(signal == SIGKILL);
  TestShow t(relume::test::demo_schema(), place.options());
  CHECK(t.level("wash/level") == 0.25F);
  CHECK(t.tier("wash/level") == RELUME_TIER_COMMITTED);
  CHECK(t.tier("spot/level") == RELUME_TIER_TRANSIENT);
  CHECK(t.level("spot/level") > 0.5F);  // still on its way
  t.run(1500);
  CHECK(t.level("spot/level") == 0.5F);
  CHECK(t.tier("spot/level") == RELUME_TIER_COMMITTED);
}

TEST_CASE("Killed while opening: the state is as it was", "[kill]") {
  const Place place;
  {
    TestShow t(story_schema(), place.options());
    for (std::uint64_t n = 1; n <= 8; ++n) tell(t.show, n);
  }
  std::mt19937 random(20261121);
  Reference reference;
  const long rounds = relume::test::rounds(300, 20000);
  for (long round = 0; round < rounds; ++round) {
    relume_show_options options = place.options();
    options.max_slots = round % 2 == 0 ? 4096 : 8192;  // every other opener rewrites the mirror beside the old one
    const pid_t child = fork();
    if (child == 0) {
      for (;;) TestShow t(story_schema(), options);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    REQUIRE(kill(child, SIGKILL) == 0);
    REQUIRE(waitpid(child, nullptr, 0) == child);
    TestShow t(story_schema(), place.options());
    REQUIRE(t.show.recovery().revision == 8);
    REQUIRE(t.show.recovery().refused == 0);
    REQUIRE(picture(t) == reference.after(8));
  }
}
