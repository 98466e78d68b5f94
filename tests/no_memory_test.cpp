// SPDX-License-Identifier: Apache-2.0
// Every n-th allocation fails: RELUME_E_NOMEM crosses the border, no exception does, and nothing has changed.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <new>

#include "support/mirror_model.hpp"
#include "support/temp_folder.hpp"
#include "support/test_show.hpp"

namespace {

thread_local long allocations_left = -1;  // negative: as many as are asked for

void* allocate(std::size_t size) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  void* place = std::malloc(size != 0 ? size : 1);
  if (place == nullptr) throw std::bad_alloc();
  return place;
}

// Not inlined: g++ would see a free of what it takes for its own operator new.
[[gnu::noinline]] void release(void* place) { std::free(place); }

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size != 0 ? size : 1); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size != 0 ? size : 1); }
void operator delete(void* place) noexcept { release(place); }
void operator delete[](void* place) noexcept { release(place); }
void operator delete(void* place, std::size_t) noexcept { release(place); }
void operator delete[](void* place, std::size_t) noexcept { release(place); }

using namespace relume;
using relume::test::TestShow;

namespace {

/// Runs `call` with its first, second, ... allocation failing until it succeeds; returns how many failed.
template <class F, class G>
long until_it_succeeds(F call, G unchanged) {
  for (long n = 0;; ++n) {
    allocations_left = n;
    const relume_result result = call();
    allocations_left = -1;
    if (result == RELUME_OK) return n;
    REQUIRE(result == RELUME_E_NOMEM);
    unchanged();
  }
}

}  // namespace

TEST_CASE("Out of memory: opening fails cleanly and works afterwards", "[nomem]") {
  const Schema schema = relume::test::demo_schema();
  const relume_show_options options = relume::test::quiet_options();
  relume_show* show = nullptr;
  const long failed = until_it_succeeds([&] { return relume_show_open(schema.get(), &options, &show, nullptr); },
                                        [&] { CHECK(show == nullptr); });
  CHECK(failed > 10);
  CHECK(relume_show_close(show, nullptr) == RELUME_OK);
}

TEST_CASE("Out of memory: a mutation is made or it is not", "[nomem]") {
  TestShow t;
  const relume_param step = t.show.param("wash/step");
  const relume_layer wash = t.show.layer("wash");
  std::uint64_t revision = 0;
  const auto unchanged = [&] {
    CHECK(t.show.status().accepted == revision);
    CHECK(t.show.layers().size() == 2);
    CHECK(t.frame(1)->revision == revision);
    CHECK(t.level("wash/step") == 0.0F);
  };
  const relume_value wrong = scalar(7);
  until_it_succeeds(
      [&] {
        relume_error error = RELUME_ERROR_INIT;
        const relume_result result = relume_value_set(t.show.get(), step, &wrong, nullptr, &error);
        return result == RELUME_E_RANGE ? RELUME_OK : result;
      },
      unchanged);
  const ChangeSet set = ChangeSet().set(step, scalar(0.5F)).add_layer("a-layer-with-a-long-key", "fixture").store(wash);
  const long failed = until_it_succeeds(
      [&] { return relume_apply(t.show.get(), set.data(), set.size(), nullptr, nullptr); }, unchanged);
  CHECK(failed > 5);
  CHECK(t.level("wash/step") == 0.5F);
  CHECK(t.show.layers().size() == 3);
  CHECK(t.show.status().accepted == ++revision);
  const relume_value values[] = {scalar(0.25F)};
  until_it_succeeds([&] { return relume_values_set(t.show.get(), &step, values, 1, nullptr, nullptr); }, [] {});
  CHECK(t.level("wash/step") == 0.25F);
}

TEST_CASE("Out of memory: readers, sources and subscriptions are opened or they are not", "[nomem]") {
  TestShow t;
  relume_reader* reader = nullptr;
  relume_source* source = nullptr;
  relume_events* events = nullptr;
  until_it_succeeds([&] { return relume_source_open(t.show.get(), nullptr, &source, nullptr); }, [] {});
  until_it_succeeds([&] { return relume_reader_open(t.show.get(), &reader, nullptr); }, [] {});
  until_it_succeeds([&] { return relume_events_open(t.show.get(), nullptr, nullptr, &events, nullptr); }, [] {});
  const Reader third = t.show.reader();  // of four: the failed attempts took no place
  const Reader fourth = t.show.reader();
  t.show.set(t.show.param("wash/step"), scalar(0.5F));
  t.frame(1);
  CHECK(relume_frame_at(relume_reader_acquire(reader), t.show.param("wash/step"))->f == 0.5F);
}

TEST_CASE("Out of memory: a staging of the mirror changes nothing and loses no room", "[nomem]") {
  const test::TempFolder folder("/dev/shm");
  const std::string path = folder.path() + "/m";
  core::ObjectTable objects;
  for (int i = 0; i < 20; ++i) {
    objects[core::record_name(std::to_string(i))] = {core::ObjectKind::bytes, test::shared(std::string(9000, 'x'))};
  }
  const auto rich = test::create_mirror(path);
  REQUIRE(!rich->stage("stack", objects));
  const auto size = std::filesystem::file_size(path);
  long n = 0;
  for (bool failed = true; failed; ++n) {
    INFO("allocation " << n);
    const auto mirror = test::create_mirror(path);
    failed = false;
    allocations_left = n;
    try {
      if (mirror->stage("stack", objects)) FAIL("a fault");
    } catch (const std::bad_alloc&) { failed = true; }
    allocations_left = -1;
    CHECK(mirror->objects().empty());
    if (failed) REQUIRE(!mirror->stage("stack", objects));
    CHECK(std::filesystem::file_size(path) == size);
    mirror->commit_staged(test::head_of(1));
    CHECK(mirror->objects() == objects);
  }
  CHECK(n > 8);
}
