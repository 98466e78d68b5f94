// SPDX-License-Identifier: Apache-2.0
// Events by poll and by callback, and the control role.
#include <catch2/catch.hpp>

#include <atomic>
#include <thread>
#include <vector>

#include "support/test_show.hpp"

using namespace relume;
using relume::test::TestShow;

namespace {

struct Heard {
  TestShow* show = nullptr;
  std::vector<relume_event> events;
  std::uint64_t missed = 0;
  relume_result close_result = RELUME_OK;
  relume_result unsubscribe_result = RELUME_OK;
  relume_events* handle = nullptr;
  bool answers = false;
  relume_result tick_result = RELUME_OK;
};

void hear(void* user, const relume_event* events, size_t count, uint64_t missed) {
  auto& heard = *static_cast<Heard*>(user);
  heard.events.insert(heard.events.end(), events, events + count);
  heard.missed += missed;
  if (!heard.answers) return;
  heard.answers = false;
  heard.show->show.set(heard.show->show.param("spot/step"), scalar(0.5F));  // a callback may mutate
  heard.close_result = relume_show_close(heard.show->show.get(), nullptr);  // but not close
  heard.unsubscribe_result = relume_events_close(heard.handle, nullptr);
  heard.tick_result = relume_control_tick(heard.show->show.get(), nullptr);
}

}  // namespace

TEST_CASE("Events come one per accepted mutation, in the order of revisions, and none for the rest", "[events]") {
  TestShow t;
  t.show.set(t.show.param("wash/step"), scalar(0.1F));  // before anybody listens
  Events events = t.show.events();
  const relume_param step = t.show.param("wash/step");
  t.show.set(step, scalar(0.2F));
  t.show.set(step, scalar(0.2F));
  CHECK_THROWS_AS(t.show.set(step, scalar(9)), Error);
  t.show.apply(ChangeSet().persist(t.show.param("spot/step"), scalar(0.3F)).set(step, scalar(0.4F)));
  t.show.revert(t.show.layer("wash"));
  const auto seen = events.poll();
  REQUIRE(seen.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(seen[i].kind == RELUME_EVENT_ACCEPTED);
    CHECK(seen[i].revision == i + 2);
    CHECK(seen[i].sequence == i + 2);
  }
  CHECK(seen[0].param.bits == step.bits);
  CHECK(seen[1].count == 2);
  CHECK(seen[1].change == RELUME_CHANGE_PERSIST);
  CHECK(seen[2].layer.bits == t.show.layer("wash").bits);
  CHECK(events.poll().empty());
}

TEST_CASE("A slow poller is told how many events it missed", "[events]") {
  relume_show_options options = relume::test::quiet_options();
  options.event_capacity = 8;
  TestShow t(relume::test::demo_schema(), options);
  Events events = t.show.events();
  for (int i = 1; i <= 20; ++i) t.show.set(t.show.param("wash/at"), vec3(static_cast<float>(i), 0, 0));
  std::uint64_t missed = 0;
  const auto seen = events.poll(5, &missed);
  CHECK(missed == 12);
  REQUIRE(seen.size() == 5);
  CHECK(seen[0].revision == 13);
  CHECK(events.poll(5, &missed).size() == 3);
  CHECK(missed == 0);
}

TEST_CASE("A callback runs in the control role, may mutate, and may neither close the show nor itself", "[events]") {
  TestShow t;
  Heard heard;
  heard.show = &t;
  heard.answers = true;
  REQUIRE(relume_events_open(t.show.get(), hear, &heard, &heard.handle, nullptr) == RELUME_OK);
  t.show.set(t.show.param("wash/step"), scalar(0.2F));
  CHECK(heard.events.empty());
  t.show.tick();
  CHECK(heard.events.size() == 2);
  CHECK(heard.close_result == RELUME_E_STATE);
  CHECK(heard.unsubscribe_result == RELUME_E_STATE);
  CHECK(heard.tick_result == RELUME_E_STATE);
  relume_event event{};
  std::size_t count = 0;
  CHECK(relume_events_poll(heard.handle, &event, 1, &count, nullptr, nullptr) == RELUME_E_STATE);
  CHECK(relume_events_close(heard.handle, nullptr) == RELUME_OK);
  t.show.set(t.show.param("wash/step"), scalar(0.3F));
  t.show.tick();
  CHECK(heard.events.size() == 2);
}

TEST_CASE("Close delivers the last events and takes what has settled; a closed show answers with an error",
          "[events]") {
  TestShow t;
  Heard heard;
  REQUIRE(relume_events_open(t.show.get(), hear, &heard, &heard.handle, nullptr) == RELUME_OK);
  Source osc = t.show.source();
  osc.write(t.show.param("wash/step"), scalar(0.5F), t.now);
  t.frame(22);
  t.frame(600);
  t.show.set(t.show.param("spot/step"), scalar(0.2F));
  t.show.close();
  REQUIRE(heard.events.size() == 2);
  CHECK(heard.events[1].kind == RELUME_EVENT_OVERLAY_SETTLED);
  CHECK(t.show.get() == nullptr);
  CHECK_NOTHROW(t.show.close());
  CHECK_THROWS_AS(t.show.layer("wash"), Error);
  CHECK(t.show.compose(1) == 0);
}

TEST_CASE("With its own control thread the show delivers and settles by itself, and refuses ticks",
          "[events][threads]") {
  relume_show_options options = relume::test::quiet_options();
  options.flags = 0;
  options.settle_ns = 1;
  TestShow t(relume::test::demo_schema(), options);
  static std::atomic<int> delivered;
  delivered = 0;
  relume_events* handle = nullptr;
  const relume_event_callback count_up = [](void*, const relume_event*, size_t count, uint64_t) {
    delivered += static_cast<int>(count);
  };
  REQUIRE(relume_events_open(t.show.get(), count_up, nullptr, &handle, nullptr) == RELUME_OK);
  CHECK(relume_control_tick(t.show.get(), nullptr) == RELUME_E_STATE);
  Source osc = t.show.source();
  osc.write(t.show.param("wash/step"), scalar(0.5F), t.now);
  while (t.tier("wash/step") != RELUME_TIER_COMMITTED) t.frame(22);  // the test's timeout is the limit
  while (delivered.load() == 0) std::this_thread::yield();
  CHECK(relume_events_close(handle, nullptr) == RELUME_OK);
  const int before = delivered.load();
  t.show.set(t.show.param("wash/step"), scalar(0.6F));
  t.show.close();
  CHECK(delivered.load() == before);
}
