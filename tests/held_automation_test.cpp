// SPDX-License-Identifier: Apache-2.0
// Automation over a death: the room sees next what it saw last, or the next step of the same glides; and then it gives way.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <thread>
#include <vector>

#include "model/handle.hpp"
#include "persistence/held_layout.hpp"
#include "persistence/recovery.hpp"
#include "support/killed_child.hpp"
#include "support/passing_files.hpp"
#include "support/rounds.hpp"
#include "support/temp_folder.hpp"
#include "support/test_show.hpp"

using namespace relume;
using relume::test::kMs;
using relume::test::source_of;
using relume::test::TempFolder;
using relume::test::TestShow;

namespace {

Schema held_schema() {
  Schema schema = relume::test::demo_schema();
  schema.layer("last", "fixture");  // it begins in the second block
  schema.type("flash", {Param("go", RELUME_TRIGGER)}).layer("flash", "flash");
  return schema;
}

/// Where a show dies and comes back.
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
  /// Opens the show in a process of its own, lets `life` have it, and kills it.
  void die(const std::function<void(TestShow&)>& life) const {
    relume::test::die_in_a_child([&](auto die) {
      TestShow t(held_schema(), options());
      life(t);
      die();
    });
  }
};

/// What a dying process tells its successor.
template <class T>
class Shared {
 public:
  Shared() {
    void* page = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    it_ = new (page) T{};
  }
  ~Shared() { ::munmap(it_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  T& operator*() { return *it_; }
  T* operator->() { return it_; }

 private:
  T* it_;
};

float shown(TestShow& t, const std::string& route) {
  const Frame frame = t.reader.acquire();
  return frame.at(t.show.param(route))->f;
}

relume_overlay_value value_of(relume_param param, const relume_value& value, std::uint32_t smoothing_ms = 0,
                              std::uint32_t policy = RELUME_COMMIT_RENDER_ONLY) {
  return {param, value, policy, smoothing_ms};
}

void write(TestShow& t, Source& source, const std::string& route, const relume_value& value,
           std::uint32_t smoothing_ms = 0, std::uint32_t policy = RELUME_COMMIT_RENDER_ONLY) {
  const relume_overlay_value one = value_of(t.show.param(route), value, smoothing_ms, policy);
  REQUIRE(source.write(&one, 1, t.now) == RELUME_OK);
}

Approx near(float value) { return Approx(static_cast<double>(value)).margin(2e-5); }

}  // namespace

TEST_CASE("Held automation: the first frame shows what the last did, and the glides go on as if nobody had died",
          "[held]") {
  const Place place;
  Shared<std::array<float, 4>> last;
  Shared<std::int64_t> died;
  const auto story = [](TestShow& t, Source& source) {
    write(t, source, "wash/level", scalar(0));
    write(t, source, "wash/color", color(0, 0.5F, 1, 0.25F), 400);
    write(t, source, "wash/on", boolean(true));
    write(t, source, "wash/mode", choice(2));
    write(t, source, "last/step", scalar(0.75F));
    t.frame(30);
    write(t, source, "wash/level", scalar(0.5F));  // a new target in mid-glide
    t.frame(30);
    t.frame(30);
    REQUIRE(source.release(t.show.param("last/step"), t.now) == RELUME_OK);
    write(t, source, "last/level", scalar(0.25F));
    t.frame(30);
    REQUIRE(source.release(t.show.param("last/level"), t.now) == RELUME_OK);  // glides back
    t.frame(30);
  };
  place.die([&](TestShow& t) {
    Source source = source_of(t.show);
    story(t, source);
    (*last)[0] = shown(t, "wash/level");
    (*last)[1] = shown(t, "wash/color");
    (*last)[2] = shown(t, "last/level");
    *died = t.now;
  });
  TestShow t(held_schema(), place.options());
  CHECK(t.show.recovery().held_values == 5);
  CHECK(t.show.recovery().dropped_held == 0);
  CHECK(shown(t, "wash/level") == near((*last)[0]));
  CHECK(shown(t, "wash/color") == near((*last)[1]));
  CHECK(shown(t, "last/level") == near((*last)[2]));
  const Frame frame = t.reader.acquire();
  CHECK(frame->time_ns == *died);
  CHECK(frame.at(t.show.param("wash/on"))->u == 1);
  CHECK(frame.at(t.show.param("wash/mode"))->i == 2);
  CHECK(frame.at(t.show.param("last/step"))->f == 0.0F);
  CHECK(t.show.explain(t.show.param("wash/level")).source == RELUME_SOURCE_RECOVERED);

  TestShow reference(held_schema());
  Source source = source_of(reference.show);
  story(reference, source);
  SECTION("the host's clock goes on") { t.now = *died; }
  SECTION("the host's clock begins anew") { t.now = 5 * kMs; }
  SECTION("the host's clock goes on, much later") {
    t.now = *died + 60'000 * kMs;
    t.frame();
    CHECK(shown(t, "wash/level") == 0.5F);
    CHECK(shown(t, "last/level") == 1.0F);
    return;
  }
  t.frame();
  for (int i = 0; i < 60; ++i) {
    INFO("frame " << i);
    for (const char* route : {"wash/level", "wash/color", "last/level", "last/step"}) {
      INFO(route);
      REQUIRE(shown(t, route) == near(shown(reference, route)));
    }
    t.frame(22);
    reference.frame(22);
  }
  CHECK(shown(t, "wash/level") == 0.5F);
}

TEST_CASE("Held automation: whoever speaks takes it up, an operator ends it, and nobody's is released in the end",
          "[held]") {
  const Place place;
  place.die([](TestShow& t) {
    Source source = source_of(t.show, 200);
    write(t, source, "wash/level", scalar(0.25F));
    write(t, source, "wash/soft", scalar(0.25F));
    t.run(2000);
  });
  relume_show_options options = place.options();
  options.held_ns = 3'000 * kMs;
  TestShow t(held_schema(), options);
  const relume_param level = t.show.param("wash/level");
  REQUIRE(t.show.recovery().held_values == 2);
  t.frame(22);
  SECTION("the weakest of sources") {
    Source weak = source_of(t.show, 1);
    write(t, weak, "wash/level", scalar(0.75F), RELUME_SMOOTHING_STEP);
    CHECK(t.level("wash/level", 22) == 0.75F);
    CHECK(t.show.explain(level).source != RELUME_SOURCE_RECOVERED);
    CHECK(t.level("wash/soft") == 0.25F);
    REQUIRE(weak.release(level, t.now) == RELUME_OK);
    t.run(2000);
    CHECK(t.level("wash/level") == 1.0F);  // not back to what was recovered
  }
  SECTION("an operator") {
    t.show.set(level, scalar(0.5F));
    CHECK(t.level("wash/level", 22) == 0.5F);
    CHECK(t.level("wash/soft") == 0.25F);
  }
  SECTION("nobody") {
    CHECK(t.level("wash/level", 2'900) == 0.25F);
    t.frame(200);
    t.frame(22);
    CHECK(t.level("wash/level") > 0.25F);
    CHECK(t.level("wash/level") < 1.0F);
    t.run(2000);
    CHECK(t.level("wash/level") == 1.0F);
    CHECK(t.level("wash/soft") == 0.0F);
  }
}

TEST_CASE("Held automation: what would have settled settles", "[held]") {
  const Place place;
  place.die([](TestShow& t) {
    Source source = source_of(t.show);
    write(t, source, "wash/level", scalar(0.25F), 0, RELUME_COMMIT_SESSION);
    write(t, source, "last/level", scalar(0.5F), 0, RELUME_COMMIT_PERSIST);
    t.frame(22);
  });
  TestShow t(held_schema(), place.options());
  t.now = 9'000 * kMs;
  t.run(2000);
  CHECK(t.tier("wash/level") == RELUME_TIER_COMMITTED);
  CHECK(t.tier("last/level") == RELUME_TIER_PERSISTED);
  CHECK(t.level("wash/level") == 0.25F);
  CHECK(t.level("last/level") == 0.5F);
}

TEST_CASE("Held automation: an operator who was acknowledged has won, though no frame had seen it", "[held]") {
  using Act = std::function<void(TestShow&)>;
  const auto level = [](TestShow& t) { return t.show.param("wash/level"); };
  const std::map<std::string, std::pair<Act, float>> acts = {
      {"set", {[&](TestShow& t) { t.show.set(level(t), scalar(0.5F)); }, 0.5F}},
      {"set to the value that it has", {[&](TestShow& t) { t.show.set(level(t), scalar(0.6F)); }, 0.6F}},
      {"persist", {[&](TestShow& t) { t.show.persist(level(t), scalar(0.5F)); }, 0.5F}},
      {"reset", {[&](TestShow& t) { t.show.apply(ChangeSet().reset(t.show.layer("wash"))); }, 0.75F}},
  };
  for (const auto& [name, act] : acts) {
    INFO(name);
    const Place place;
    place.die([&](TestShow& t) {
      t.show.persist(level(t), scalar(0.75F));
      t.show.set(level(t), scalar(0.6F));
      Source source = source_of(t.show);
      write(t, source, "wash/level", scalar(0.25F));
      write(t, source, "wash/color", color(0, 0, 0));
      t.frame(22);
      t.frame(22);
      act.first(t);  // and no frame
    });
    TestShow t(held_schema(), place.options());
    CHECK(t.show.recovery().held_values == (name == "reset" ? 0 : 1));
    CHECK(shown(t, "wash/level") == act.second);
  }
}

// The frame thread may be leaving it behind at the moment of the mutation, which then finds none that it could end.
TEST_CASE("Held automation: a set to an equal value wins over what it could not see yet", "[held]") {
  const Place place;
  const bool operates = GENERATE(true, false);
  place.die([operates](TestShow& t) {
    const relume_param level = t.show.param("wash/level");
    t.show.set(level, scalar(0.5F));
    t.frame(22);
    core::Mirror& mirror = *t.show.get()->show->coordinator().mirror();
    core::SavedStack stack;
    REQUIRE(!core::decode_stack(mirror.stack_bytes(), stack));
    core::HeldBlock held;
    held.layout = core::held_layouts(stack, mirror.blocks())[0];
    held.order = t.show.get()->show->composer().seen_order();
    held.overlay = std::uint64_t{1} << core::slot_of(level);
    held.policy.fill(RELUME_COMMIT_RENDER_ONLY);
    mirror.held().put(0, held);
    mirror.held().composed(t.now);
    if (operates) REQUIRE(t.show.set(level, scalar(0.5F)).state == RELUME_STATE_SAME);
  });
  TestShow t(held_schema(), place.options());
  CHECK(t.show.recovery().held_values == (operates ? 0 : 1));
  CHECK(shown(t, "wash/level") == (operates ? 0.5F : 0.0F));
}

TEST_CASE("Held automation: it is there after a second death, before any frame of the host and after some", "[held]") {
  const Place place;
  place.die([](TestShow& t) {
    Source source = source_of(t.show);
    write(t, source, "wash/level", scalar(0.25F), RELUME_SMOOTHING_STEP);
    write(t, source, "last/step", scalar(0.5F));
    t.frame(22);
  });
  const int frames = GENERATE(0, 1, 5);
  place.die([frames](TestShow& t) {
    for (int i = 0; i < frames; ++i) t.frame(22);
  });
  SECTION("all of it") {
    TestShow t(held_schema(), place.options());
    CHECK(t.show.recovery().held_values == 2);
    CHECK(shown(t, "wash/level") == 0.25F);
    CHECK(shown(t, "last/step") == 0.5F);
  }
  SECTION("what was ended meanwhile is not") {
    place.die([](TestShow& t) { t.show.set(t.show.param("wash/level"), scalar(0.5F)); });
    TestShow t(held_schema(), place.options());
    CHECK(t.show.recovery().held_values == 1);
    CHECK(shown(t, "wash/level") == 0.5F);
    CHECK(shown(t, "last/step") == 0.5F);
  }
  SECTION("with room for more slots") {
    relume_show_options options = place.options();
    options.max_slots *= 2;
    TestShow t(held_schema(), options);
    CHECK(t.show.recovery().held_values == 2);
    CHECK(shown(t, "wash/level") == 0.25F);
  }
}

TEST_CASE("Held automation: pulses that were on their way are counted once", "[held]") {
  const Place place;
  const auto count = [](TestShow& t) { return t.reader.acquire().at(t.show.param("flash/go"))->u; };
  const bool committed = GENERATE(false, true);
  place.die([&](TestShow& t) {
    Source source = source_of(t.show);
    t.show.set(t.show.param("flash/go"), relume_value_trigger(1));
    REQUIRE(source.write(t.show.param("flash/go"), relume_value_trigger(3), t.now) == RELUME_OK);
    t.frame(22);
    t.show.set(t.show.param("flash/go"), relume_value_trigger(1));
    if (committed) t.show.tick();  // and no frame: the mirror has them in the tier and as automation
    REQUIRE(count(t) == 4);
  });
  TestShow t(held_schema(), place.options());
  CHECK(t.show.recovery().held_values == 1);
  CHECK(count(t) == 5);
  t.run(200);
  CHECK(count(t) == 5);
  Source source = source_of(t.show);
  REQUIRE(source.write(t.show.param("flash/go"), relume_value_trigger(2), t.now) == RELUME_OK);
  t.run(200);
  CHECK(count(t) == 7);
}

TEST_CASE("Held automation: killed while opening, it is there for the next one", "[held][kill]") {
  const Place place;
  place.die([](TestShow& t) {
    Source source = source_of(t.show);
    write(t, source, "wash/level", scalar(0.25F), RELUME_SMOOTHING_STEP);
    write(t, source, "last/step", scalar(0.5F));
    t.frame(22);
  });
  std::mt19937 random(20261121);
  const long kills = relume::test::rounds(300, 20000);
  for (long kill = 0; kill < kills; ++kill) {
    INFO("kill " << kill);
    relume_show_options options = place.options();
    options.max_slots = kill % 3 != 0 ? 4096 : 8192;  // now and then the mirror is written anew beside the old one
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const TestShow t(held_schema(), options);
      for (;;) ::pause();
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    REQUIRE(::kill(child, SIGKILL) == 0);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    if (kill % 10 != 9) continue;
    place.die([](TestShow& t) {
      const bool all = t.show.recovery().held_values == 2 && shown(t, "wash/level") == 0.25F;
      if (!all) ::_exit(1);
    });
  }
}

namespace {

/// Dies as soon as a file has its name.
class DyingFiles final : public relume::test::PassingFiles {
 public:
  int rename(int from, const std::string& name, int to, const std::string& new_name) override {
    const int result = PassingFiles::rename(from, name, to, new_name);
    ::raise(SIGKILL);
    return result;
  }
  using PassingFiles::rename;
};

}  // namespace

TEST_CASE("Held automation: it is in a mirror that was written anew, before that has its name", "[held][kill]") {
  const Place place;
  place.die([](TestShow& t) {
    Source source = source_of(t.show);
    write(t, source, "wash/level", scalar(0.25F), RELUME_SMOOTHING_STEP);
    t.frame(22);
  });
  relume_show_options options = place.options();
  options.max_slots *= 2;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    DyingFiles files;
    relume::core::Seams seams;
    seams.files = &files;
    relume_show* raw = nullptr;
    ::_exit(relume::test::open_with(held_schema(), options, seams, &raw, nullptr) == RELUME_OK ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  TestShow t(held_schema(), options);
  CHECK(t.show.recovery().rung == RELUME_RUNG_MIRROR);
  CHECK(t.show.recovery().held_values == 1);
  CHECK(shown(t, "wash/level") == 0.25F);
}

TEST_CASE("Held automation: what was closed in peace does not come back when the next one dies before its first frame",
          "[held]") {
  const Place place;
  const Schema schema = held_schema();
  {
    TestShow t(schema, place.options());
    Source source = source_of(t.show);
    write(t, source, "wash/level", scalar(0.25F), RELUME_SMOOTHING_STEP);
    t.frame(22);
  }
  {
    // An opener that gets no further than this.
    core::platform::Files& files = core::platform::system_files();
    core::platform::Clock& clock = core::platform::system_clock();
    core::ShowFolder folder;
    REQUIRE(!core::ShowFolder::open(files, place.folder, folder));
    core::RecoveryReport report;
    core::Stores stores(files, clock, folder, report);
    core::SaveLedger ledger;
    const core::RecoverySetup setup{files, clock, schema.get()->schema, place.runtime.path(), 64, 4096, true};
    REQUIRE(!core::identify(setup, folder, stores, report));
    core::Recovered recovered(core::Stack(64, 4096));
    REQUIRE(!core::recover(setup, folder, stores, report, ledger, recovered));
    REQUIRE(recovered.clean_close);
    REQUIRE(recovered.held_automation.values == 0);
  }
  TestShow t(schema, place.options());
  CHECK(t.show.recovery().clean_close == 0);
  CHECK(t.show.recovery().held_values == 0);
  CHECK(shown(t, "wash/level") == 1.0F);
}

TEST_CASE("Held automation: what did not fit does not come back with a later death", "[held]") {
  const Place place;
  place.die([](TestShow& t) {
    Source source = source_of(t.show);
    write(t, source, "wash/level", scalar(0.25F));
    t.frame(22);
  });
  {
    Schema other;
    other.type("other", {Param("level", RELUME_FLOAT)});
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const TestShow t(other, place.options());
      ::_exit(t.show.recovery().dropped_held == 1 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
  }
  TestShow t(held_schema(), place.options());
  CHECK(t.show.recovery().held_values == 0);
  CHECK(t.show.recovery().dropped_held == 0);
}

TEST_CASE("Held automation: not after a clean close, not without a mirror, not when the host does not want it",
          "[held]") {
  const Place place;
  const auto automate = [](TestShow& t) {
    Source source = source_of(t.show);
    write(t, source, "wash/level", scalar(0.25F), RELUME_SMOOTHING_STEP);
    t.frame(22);
    REQUIRE(t.level("wash/level") == 0.25F);
  };
  relume_show_options options = place.options();
  const auto nothing_is_held = [&] {
    {
      TestShow t(held_schema(), options);
      CHECK(t.show.recovery().held_values == 0);
      CHECK(t.show.recovery().dropped_held == 0);
      CHECK(shown(t, "wash/level") == 1.0F);
    }
    // And it does not come back with the next death.
    place.die([](TestShow&) {});
    TestShow t(held_schema(), place.options());
    CHECK(t.show.recovery().held_values == 0);
  };
  SECTION("closed") {
    {
      TestShow t(held_schema(), options);
      automate(t);
    }
    nothing_is_held();
  }
  SECTION("no mirror") {
    std::string path;
    {
      TestShow t(held_schema(), options);
      path = t.show.info().mirror_path;
    }
    place.die(automate);
    REQUIRE(::unlink(path.c_str()) == 0);
    nothing_is_held();
  }
  SECTION("not wanted by the successor") {
    place.die(automate);
    options.held_ns = -1;
    nothing_is_held();
  }
}

namespace {

// An endless chase: at frame n some parameters get other targets, each with its own time constant. Nothing of it settles.
constexpr std::int64_t kPeriod = 5 * kMs;
const char* const kChased[] = {"wash/level", "spot/level", "last/level", "wash/color", "spot/color", "last/color",
                               "wash/step",  "last/soft",  "wash/mode",  "last/on",    "wash/pan",   "last/count"};
constexpr std::size_t kChasedCount = std::size(kChased);

class Chase {
 public:
  explicit Chase(TestShow& t) : t_(t), source_(source_of(t.show)) {
    for (const char* route : kChased) params_.push_back(t.show.param(route));
  }
  /// Frame n, with all that is written for it.
  void frame(std::uint64_t n) {
    std::vector<relume_overlay_value> batch;
    for (std::size_t i = 0; i < kChasedCount; ++i) {
      if ((n + i) % (1 + i % 5) == 0) batch.push_back(value(n, i));
    }
    t_.now = static_cast<std::int64_t>(n) * kPeriod;
    if (source_.write(batch.data(), batch.size(), t_.now - 2 * kMs) != RELUME_OK) std::abort();
    t_.show.compose(t_.now);
  }

 private:
  relume_overlay_value value(std::uint64_t n, std::size_t i) const {
    const auto step = static_cast<float>((n * 37 + i * 11) % 101) / 100.0F;
    const std::string route = kChased[i];
    relume_value v = scalar(step);
    if (route.ends_with("color")) v = color(step, 1 - step, step * step, 1);
    if (route.ends_with("mode")) v = choice(static_cast<std::int32_t>(n % 3));
    if (route.ends_with("/on")) v = boolean(n % 2 == 0);
    if (route.ends_with("pan")) v = vec2(step, -step);
    if (route.ends_with("count")) v = integer(static_cast<std::int32_t>(n % 21) - 10);
    const std::uint32_t smoothing_ms = i % 4 == 3 ? 40 : n % 9 == i ? RELUME_SMOOTHING_STEP : 0;
    return value_of(params_[i], v, smoothing_ms);
  }
  TestShow& t_;
  Source source_;
  std::vector<relume_param> params_;
};

using Look = std::array<float, kChasedCount * 4>;

Look look_of(TestShow& t) {
  Look look{};
  const Frame frame = t.reader.acquire();
  for (std::size_t i = 0; i < kChasedCount; ++i) {
    const std::string route = kChased[i];
    const relume_slot* slots = frame.at(t.show.param(route));
    const std::size_t lanes = route.ends_with("color") ? 4 : route.ends_with("pan") ? 2 : 1;
    const bool whole = route.ends_with("mode") || route.ends_with("/on") || route.ends_with("count");
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      look[i * 4 + lane] = whole ? static_cast<float>(slots[lane].i) : slots[lane].f;
    }
  }
  return look;
}

struct Told {
  std::atomic<std::uint64_t> frame;  // newest that was composed
  std::uint64_t recovered = 0;       // frame that the recovered show says it stands at
  Look first{};                      // and what it shows
  std::uint32_t held = 0;
  std::atomic<std::uint64_t> opened;  // counts lives
};

}  // namespace

TEST_CASE("Held automation: killed at any instant in the midst of a chase, it goes on where it was", "[held][kill]") {
  const Place place;
  Shared<Told> told;
  TestShow reference(held_schema());
  Chase chase(reference);
  std::vector<Look> looks{Look{}};  // after frame n; those before it are not needed any more
  std::uint64_t first_kept = 0;
  const auto reference_at = [&](std::uint64_t n) {
    while (first_kept + looks.size() <= n) {
      chase.frame(first_kept + looks.size());
      looks.push_back(look_of(reference));
    }
    return looks[n - first_kept];
  };
  std::mt19937 random(20261121);
  const long kills = relume::test::rounds(300, 30000);
  long in_flight = 0;
  float worst = 0;
  for (long kill = 0; kill < kills; ++kill) {
    const std::uint64_t from = told->frame;
    const std::uint64_t lives = told->opened;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      TestShow t(held_schema(), place.options());
      told->recovered = static_cast<std::uint64_t>(t.reader.acquire()->time_ns / kPeriod);
      told->first = look_of(t);
      told->held = t.show.recovery().held_values;
      told->opened.fetch_add(1);
      Chase goes_on(t);
      for (std::uint64_t n = told->recovered + 1;; ++n) {
        goes_on.frame(n);
        told->frame.store(n);
      }
    }
    while (told->opened == lives || told->frame <= from + 3) std::this_thread::yield();
    ::usleep(static_cast<useconds_t>(random() % 400));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    if (kill == 0) continue;
    INFO("kill " << kill << ": frame " << from << " was told of, recovered at " << told->recovered);
    REQUIRE((told->recovered == from || told->recovered == from + 1));
    REQUIRE(told->held == kChasedCount);
    in_flight += told->recovered != from ? 1 : 0;
    const Look expected = reference_at(told->recovered);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      INFO(kChased[i / 4] << " lane " << i % 4 << ": " << told->first[i] << " instead of " << expected[i]);
      REQUIRE(told->first[i] == near(expected[i]));
      worst = std::max(worst, std::abs(told->first[i] - expected[i]));
    }
  }
  WARN(kills << " kills at frame " << told->frame << ", " << in_flight
             << " of them after a frame that was not told of yet; worst difference " << worst);
}
