// SPDX-License-Identifier: Apache-2.0
// Coming back: what is recovered, what is refused and kept, who owns the show.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "support/faulty_files.hpp"
#include "support/temp_folder.hpp"
#include "support/test_show.hpp"

using namespace relume;
using relume::test::Call;
using relume::test::Calls;
using relume::test::FaultyFiles;
using relume::test::TempFolder;
using relume::test::TestShow;
namespace fs = std::filesystem;

namespace {

/// A show folder on a disk and a runtime directory on tmpfs, which outlive the shows of a test.
struct Place {
  TempFolder disk;
  TempFolder runtime{"/dev/shm"};
  std::string folder = disk.path() + "/a.show";
  std::string runtime_dir = runtime.path();

  relume_show_options options() const {
    relume_show_options options = relume::test::quiet_options();
    options.folder = folder.c_str();
    options.runtime_dir = runtime_dir.c_str();
    return options;
  }
  std::unique_ptr<TestShow> open(const Schema& schema = relume::test::demo_schema()) const {
    return std::make_unique<TestShow>(schema, options());
  }
  std::string mirror() const {
    for (const auto& entry : fs::directory_iterator(runtime_dir)) {
      if (entry.path().extension().empty()) return entry.path();
    }
    return {};
  }
};

relume_result open_error(const relume_show_options& options, relume_error* error = nullptr) {
  relume_show* show = nullptr;
  const relume_result result = relume_show_open(relume::test::demo_schema().get(), &options, &show, error);
  if (result == RELUME_OK) relume_show_close(show, nullptr);
  return result;
}

void flip_byte(const std::string& path, std::streamoff at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const char byte = static_cast<char>(file.get() ^ 0x55);
  file.seekp(at);
  file.put(byte);
}

/// The calls of an open that may fail.
constexpr Calls kOpenCalls = {Call::open,     Call::read, Call::write,  Call::truncate,
                              Call::allocate, Call::sync, Call::rename, Call::make_directory,
                              Call::status,   Call::lock, Call::list,   Call::map};

class HeldClock final : public core::platform::Clock {
 public:
  std::int64_t realtime = 1'000'000'000'000;
  std::int64_t realtime_ns() override { return realtime; }
  std::int64_t monotonic_ns() override { return realtime; }
};

}  // namespace

TEST_CASE("Recovery: all tiers, the stack and its flags come back, with revision, history and restarts", "[recovery]") {
  const Place place;
  auto t = place.open();
  CHECK(t->show.recovery().rung == RELUME_RUNG_DEFAULTS);
  CHECK(t->show.recovery().age_ns == -1);
  CHECK(t->show.recovery().mirror == 1);
  t->show.persist(t->show.param("wash/step"), scalar(0.25F));
  t->show.set(t->show.param("wash/color"), color(0.1F, 0.2F, 0.3F, 0.4F));
  const relume_layer fx = t->show.add_layer("fx", "fixture", t->show.layer("wash"));
  t->show.bypass_layer(fx, true);
  t->show.set(t->show.param("fx/start"), time(77));
  const relume_outcome last = t->show.remove_layer(t->show.layer("spot"));
  CHECK(last.level == RELUME_LEVEL_MIRRORED);
  const relume_show_info before = t->show.info();
  t.reset();

  t = place.open();
  const relume_recovery report = t->show.recovery();
  CHECK(report.rung == RELUME_RUNG_MIRROR);
  CHECK(report.revision == last.revision);
  CHECK(report.age_ns >= 0);
  CHECK(report.restarts == 1);
  CHECK(report.clean_close == 1);
  CHECK(report.refused == 0);
  CHECK(std::memcmp(t->show.info().show_id, before.show_id, 16) == 0);
  CHECK(t->show.info().history_id == before.history_id);
  CHECK(t->show.layers().size() == 2);
  CHECK(t->show.layer_info(t->show.layers()[0]).flags == RELUME_LAYER_BYPASSED);
  CHECK(t->show.layer_info(t->show.layer("fx")).id == 3);
  CHECK(t->reader.acquire()->revision == last.revision);  // before anybody composed
  CHECK(t->level("wash/step") == 0.25F);
  CHECK(t->tier("wash/step") == RELUME_TIER_PERSISTED);
  CHECK(t->tier("wash/color") == RELUME_TIER_COMMITTED);
  CHECK(t->show.get_value(t->show.param("fx/start")).value.as.t == 77);
  CHECK(t->show.set(t->show.param("wash/on"), boolean(true)).revision == last.revision + 1);
  t->show.add_layer("new", "fixture");
  CHECK(t->show.layer_info(t->show.layer("new")).id == 4);
}

TEST_CASE("Recovery: the age runs from the acceptance of the revision that was found", "[recovery]") {
  const Place place;
  HeldClock clock;
  core::Seams seams;
  seams.clock = &clock;
  relume_show* raw = nullptr;
  const Schema schema = relume::test::demo_schema();
  REQUIRE(relume::test::open_with(schema, place.options(), seams, &raw, nullptr) == RELUME_OK);
  {
    Show show(raw);
    clock.realtime += 5'000;
    show.set(show.param("wash/on"), boolean(true));
  }
  clock.realtime += 123'456;
  REQUIRE(relume::test::open_with(schema, place.options(), seams, &raw, nullptr) == RELUME_OK);
  CHECK(Show(raw).recovery().age_ns == 123'456);
}

TEST_CASE("Recovery: a damaged mirror is kept and reported, and the checkpoint comes up", "[recovery]") {
  const Place place;
  auto t = place.open();
  t->show.set(t->show.param("wash/step"), scalar(0.5F));
  const std::uint64_t history = t->show.info().history_id;
  t.reset();
  const std::string mirror = place.mirror();
  flip_byte(mirror, 0);
  for (int n = 1; n <= 2; ++n) {
    t = place.open();
    const relume_recovery report = t->show.recovery();
    CHECK(report.rung == RELUME_RUNG_CHECKPOINT);
    CHECK(report.refused == 1);
    CHECK(report.mirror == 1);
    const relume_candidate candidate = t->show.candidate(0);
    CHECK(candidate.verdict == RELUME_VERDICT_DAMAGED);
    CHECK(candidate.path == mirror);
    CHECK(candidate.kept_as == mirror + ".damaged-" + std::to_string(n));
    CHECK(fs::exists(candidate.kept_as));
    CHECK(std::string(candidate.reason) != "");
    CHECK(t->show.info().history_id != history);  // a pair of history and revision never means two things
    CHECK(t->level("wash/step") == 0.5F);
    t.reset();
    for (std::streamoff at = 8192; at < static_cast<std::streamoff>(fs::file_size(mirror)); at += 500)
      flip_byte(mirror, at);
  }
}

TEST_CASE("Recovery: a stack that contradicts itself is damage, not a crash", "[recovery]") {
  const Place place;
  place.open();
  // A whole mirror, every checksum right, but two layers on the same slots.
  core::ShowFolder folder;
  REQUIRE(!core::ShowFolder::open(core::platform::system_files(), place.folder, folder));
  std::string kept;
  REQUIRE(!folder.identify(place.runtime_dir, [](core::ShowId&) { return false; }, kept));
  std::unique_ptr<core::Mirror> mirror;
  std::string reason;
  REQUIRE(core::Mirror::open(core::platform::system_files(), place.mirror(), folder.identity(), mirror, reason) ==
          core::Mirror::Verdict::ok);
  core::SavedStack saved;
  REQUIRE(!core::decode_stack(mirror->stack_bytes(), saved));
  std::string bytes(mirror->stack_bytes());
  bytes[bytes.size() - 8] = bytes[bytes.size() - 8 - 25];
  std::uint32_t zero = 0;
  std::memcpy(bytes.data() + bytes.size() - 8, &zero, sizeof zero);
  REQUIRE(!mirror->stage(bytes, mirror->objects()));
  mirror->commit_staged(mirror->head());
  mirror.reset();
  folder = core::ShowFolder();
  const auto t = place.open();
  CHECK(t->show.recovery().refused == 1);
  CHECK(t->show.recovery().rung == RELUME_RUNG_CHECKPOINT);
  CHECK(t->show.candidate(0).verdict == RELUME_VERDICT_DAMAGED);
}

TEST_CASE("Recovery: parameters that still fit keep their value, a range clamps, an enum goes by label", "[recovery]") {
  const Place place;
  Schema old_schema;
  old_schema.type("t", {Param("kept", RELUME_FLOAT), Param("wide", RELUME_FLOAT), Param("was_int", RELUME_INT),
                        Param("mode", RELUME_ENUM).labels({"a", "b", "c"}),
                        Param("lost", RELUME_ENUM).labels({"x", "y"}), Param("gone", RELUME_VEC4)});
  old_schema.layer("one", "t").layer("two", "t");
  auto t = place.open(old_schema);
  for (const std::string layer : {"one", "two"}) {
    t->show.set(t->show.param(layer + "/kept"), scalar(0.3F));
    t->show.persist(t->show.param(layer + "/wide"), scalar(7));
    t->show.set(t->show.param(layer + "/was_int"), integer(5));
    t->show.set(t->show.param(layer + "/mode"), choice(2));
    t->show.set(t->show.param(layer + "/lost"), choice(1));
    t->show.set(t->show.param(layer + "/gone"), vec4(1, 2, 3, 4));
  }
  t.reset();
  Schema schema;
  schema.type("t",
              {Param("new", RELUME_VEC3), Param("mode", RELUME_ENUM).labels({"c", "a"}), Param("was_int", RELUME_FLOAT),
               Param("wide", RELUME_FLOAT).range(0, 2), Param("lost", RELUME_ENUM).labels({"x", "z"}),
               Param("kept", RELUME_FLOAT).initial(scalar(9))},
              2);
  for (int round = 0; round < 2; ++round) {
    t = place.open(schema);
    CHECK(t->show.recovery().converted_layers == (round == 0 ? 2 : 0));
    CHECK(t->show.recovery().cleared_values == (round == 0 ? 6 : 0));
    CHECK(t->level("two/kept") == 0.3F);
    CHECK(t->level("two/wide") == 2.0F);
    CHECK(t->tier("two/wide") == RELUME_TIER_PERSISTED);
    CHECK(t->show.get_value(t->show.param("two/mode")).value.as.i == 0);
    CHECK(t->tier("two/was_int") == RELUME_TIER_DEFAULT);
    CHECK(t->tier("two/lost") == RELUME_TIER_DEFAULT);
    CHECK(t->tier("two/new") == RELUME_TIER_DEFAULT);
    t.reset();
  }
}

TEST_CASE("Recovery: a layer whose type is not declared lies dormant and comes back with its values", "[recovery]") {
  const Place place;
  auto t = place.open();
  t->show.set(t->show.param("wash/step"), scalar(0.5F));
  t.reset();
  Schema other;
  other.type("other", {Param("x", RELUME_FLOAT)});
  t = place.open(other);
  CHECK(t->show.recovery().dormant_layers == 2);
  CHECK(t->show.layers().empty());
  CHECK(t->frame(1)->layer_count == 0);
  CHECK_THROWS_AS(t->show.layer("wash"), Error);
  CHECK_THROWS_AS(t->show.add_layer("wash", "other"), Error);  // the key is taken
  t->show.add_layer("mine", "other");
  t->show.revert();
  t.reset();
  t = place.open();
  CHECK(t->show.layers().size() == 2);
  CHECK(t->show.recovery().dormant_layers == 1);
  CHECK(t->level("wash/step") == 0.5F);
}

TEST_CASE("Recovery: other capacities take the state along; too small ones are refused and nothing is lost",
          "[recovery]") {
  const Place place;
  auto t = place.open();
  for (int i = 0; i < 40; ++i) t->show.add_layer("l" + std::to_string(i), "fixture");
  t->show.set(t->show.param("l39/step"), scalar(0.5F));
  t.reset();
  relume_show_options options = place.options();
  options.max_slots = 64;
  relume_error error = RELUME_ERROR_INIT;
  CHECK(open_error(options, &error) == RELUME_E_LIMIT);
  CHECK(std::string(error.message).find("max_slots") != std::string::npos);
  options.max_slots = 100'000;
  options.max_layers = 500;
  t = std::make_unique<TestShow>(relume::test::demo_schema(), options);
  CHECK(t->show.recovery().rung == RELUME_RUNG_MIRROR);
  CHECK(t->level("l39/step") == 0.5F);
  t.reset();
  t = place.open();
  CHECK(t->show.recovery().restarts == 2);
  CHECK(t->level("l39/step") == 0.5F);
}

TEST_CASE("Recovery: an open that is refused leaves the mark of a clean close", "[recovery]") {
  const Place place;
  place.open();
  relume_show_options options = place.options();
  options.max_slots = 1;
  options.max_layers = 1;
  CHECK(open_error(options) == RELUME_E_LIMIT);
  CHECK(place.open()->show.recovery().clean_close == 1);
}

TEST_CASE("Recovery: a planted pipe in the runtime directory does not hang the open of a new show", "[recovery]") {
  const Place place;
  const std::string name = "/relume-" + std::to_string(geteuid()) + "-0123456789abcdef";
  REQUIRE(::mkfifo((place.runtime_dir + name).c_str(), 0600) == 0);
  CHECK(place.open()->show.recovery().mirror == 1);
}

TEST_CASE("Owner: a second opener is told who owns the show, and the first does not notice", "[recovery][owner]") {
  const Place place;
  auto t = place.open();
  relume_error error = RELUME_ERROR_INIT;
  CHECK(open_error(place.options(), &error) == RELUME_E_OWNED);
  CHECK(std::string(error.message).find("process " + std::to_string(getpid())) != std::string::npos);
  CHECK(std::string(error.message).find("since 20") != std::string::npos);
  t->show.set(t->show.param("wash/step"), scalar(0.5F));
  // The folder's lock file taken away: the mirror's own lock still tells.
  fs::remove(place.folder + "/lock");
  CHECK(open_error(place.options()) == RELUME_E_OWNED);
  t.reset();
  CHECK(open_error(place.options()) == RELUME_OK);
}

TEST_CASE("Show id: lost, it is taken from the mirror; damaged, it is kept aside too; a copy gets a mirror of its own",
          "[recovery]") {
  const Place place;
  auto t = place.open();
  t->show.set(t->show.param("wash/step"), scalar(0.5F));
  const relume_show_info before = t->show.info();
  t.reset();
  fs::remove(place.folder + "/id");
  t = place.open();
  CHECK(std::memcmp(t->show.info().show_id, before.show_id, 16) == 0);
  CHECK(t->level("wash/step") == 0.5F);
  t.reset();
  std::ofstream(place.folder + "/id") << std::string(5000, 'x');
  t = place.open();
  CHECK(std::memcmp(t->show.info().show_id, before.show_id, 16) == 0);
  CHECK(t->show.recovery().refused == 1);
  CHECK(t->show.candidate(0).kept_as == place.folder + "/id.damaged-1");
  CHECK(t->level("wash/step") == 0.5F);
  Place copy;
  fs::copy(place.folder, copy.folder);
  copy.runtime_dir = place.runtime_dir;
  auto second = copy.open();
  CHECK(std::memcmp(second->show.info().show_id, before.show_id, 16) == 0);
  CHECK(second->show.info().history_id != before.history_id);
  CHECK(std::string(second->show.info().mirror_path) != before.mirror_path);
}

TEST_CASE("No shared memory: absent, full or in the way, the show runs in memory and says why", "[recovery][faults]") {
  Place place;
  const Schema schema = relume::test::demo_schema();
  const auto check = [&](relume_show* raw, const std::string& word) {
    Show show(raw);
    const relume_recovery report = show.recovery();
    CHECK(report.mirror == 0);
    INFO(report.mirror_reason);
    CHECK(std::string(report.mirror_reason).find(word) != std::string::npos);
    const relume_outcome outcome = show.set(show.param("wash/step"), scalar(0.5F));
    CHECK(outcome.state == RELUME_STATE_CHANGED);
    CHECK(outcome.level == RELUME_LEVEL_MEMORY);
    CHECK(show.status().mirrored == -1);
    CHECK(std::string(show.info().mirror_path).empty());
  };
  relume_show* raw = nullptr;
  SECTION("absent") {
    place.runtime_dir += "/nothing";
    REQUIRE(relume::test::open_with(schema, place.options(), {}, &raw, nullptr) == RELUME_OK);
    check(raw, "ENOENT");
  }
  SECTION("full, by an injected ENOSPC") {
    FaultyFiles files;
    files.fail(Call::allocate, 1, ENOSPC, FaultyFiles::kForGood);
    core::Seams seams;
    seams.files = &files;
    REQUIRE(relume::test::open_with(schema, place.options(), seams, &raw, nullptr) == RELUME_OK);
    check(raw, "ENOSPC");
    CHECK(fs::is_empty(place.runtime_dir));
  }
  SECTION("full, a real tmpfs of 64 KiB") {
    if (geteuid() != 0 || ::mount("none", place.runtime_dir.c_str(), "tmpfs", 0, "size=64k") != 0) {
      WARN("skipped: mounting a small tmpfs needs root");
      return;
    }
    REQUIRE(relume::test::open_with(schema, place.options(), {}, &raw, nullptr) == RELUME_OK);
    check(raw, "ENOSPC");
    ::umount(place.runtime_dir.c_str());
  }
  SECTION("something else has the name") {
    place.open();
    const std::string mirror = place.mirror();
    fs::remove(mirror);
    fs::create_directory(mirror);
    REQUIRE(relume::test::open_with(schema, place.options(), {}, &raw, nullptr) == RELUME_OK);
    check(raw, "in the way");
    CHECK(fs::is_directory(mirror));
  }
}

TEST_CASE("Every n-th file call of an open fails: an error that names path and step, or a show that says what it lacks",
          "[recovery][faults]") {
  const Place place;
  const Schema schema = relume::test::demo_schema();
  {
    auto t = place.open();
    t->show.set(t->show.param("wash/step"), scalar(0.5F));
  }
  int opened = 0;
  int refused = 0;
  for (std::uint64_t n = 1;; ++n) {
    INFO("call " << n);
    FaultyFiles files;
    files.fail(kOpenCalls, n, EIO);
    core::Seams seams;
    seams.files = &files;
    relume_show* raw = nullptr;
    relume_error error = RELUME_ERROR_INIT;
    const relume_result result = relume::test::open_with(schema, place.options(), seams, &raw, &error);
    if (result == RELUME_OK) {
      Show show(raw);
      ++opened;
      const relume_recovery report = show.recovery();
      CHECK((report.rung == RELUME_RUNG_MIRROR || report.mirror_reason[0] != '\0' || report.refused > 0));
    } else {
      ++refused;
      CHECK((result == RELUME_E_IO || result == RELUME_E_OWNED));
      CHECK(error.culprit[0] != '\0');
      CHECK((std::string(error.message).find("EIO") != std::string::npos || result == RELUME_E_OWNED));
    }
    if (!files.struck()) break;  // no call was left to fail
    const auto t = place.open();
    CHECK(t->level("wash/step") == 0.5F);  // whatever failed, the state is still there
  }
  CHECK(opened > 1);
  CHECK(refused > 5);
}

TEST_CASE("A show without a folder has a history too: a client that knows nothing reads everything", "[recovery]") {
  TestShow t;
  relume_param params[64];
  std::size_t count = 0;
  std::uint32_t whole = 0;
  std::uint64_t history = 0;
  std::uint64_t revision = 0;
  CHECK(relume_state_since(t.show.get(), 0, 0, params, 64, &count, &whole, &history, &revision, nullptr) == RELUME_OK);
  CHECK(whole == 1);
  CHECK(count == 24);
  CHECK(history != 0);
  CHECK(relume_state_since(t.show.get(), history, revision, params, 64, &count, &whole, &history, &revision, nullptr) ==
        RELUME_OK);
  CHECK(whole == 0);
  CHECK(count == 0);
  CHECK(t.show.accept(RELUME_CHOICE_KEEP).level == RELUME_LEVEL_MEMORY);
}
