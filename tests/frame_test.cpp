// SPDX-License-Identifier: Apache-2.0
// Frames and readers: DESIGN 4.
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "support/rounds.hpp"
#include "support/test_show.hpp"

using namespace relume;
using relume::test::TestShow;

TEST_CASE("A reader sees the recovered look before anybody composed", "[frame]") {
  TestShow t;
  const Frame frame = t.reader.acquire();
  CHECK(frame->number == 1);
  CHECK(frame->layer_count == 2);
  CHECK(frame->slot_count == 4096);
  CHECK(reinterpret_cast<std::uintptr_t>(frame->slots) % 64 == 0);
  CHECK(frame.at(t.show.param("wash/level"))->f == 1.0F);
}

TEST_CASE("A frame comes only when something differs", "[frame]") {
  TestShow t;
  const std::uint64_t number = t.frame(1)->number;
  CHECK(t.frame(1)->number == number);
  t.show.set(t.show.param("wash/step"), scalar(0.5F));
  CHECK(t.frame(1)->number == number + 1);
  t.show.set(t.show.param("wash/step"), scalar(0.5F));
  CHECK(t.frame(1)->revision == 1);
}

TEST_CASE("Time that steps backwards counts as no time", "[frame]") {
  TestShow t;
  Source osc = t.show.source();
  osc.write(t.show.param("wash/level"), scalar(0), t.now);
  const float later = t.level("wash/level", 50);
  t.show.compose(t.now - 40'000'000);
  CHECK(t.reader.acquire().at(t.show.param("wash/level"))->f == later);
  CHECK(t.show.compose(0) > 0);
}

TEST_CASE("A borrowed frame stays as it is until the next acquire", "[frame]") {
  TestShow t;
  const relume_param step = t.show.param("wash/step");
  const Frame held = t.frame(1);
  for (int i = 1; i < 50; ++i) {
    t.show.set(step, scalar(static_cast<float>(i) / 100.0F));
    t.now += 1'000'000;
    t.show.compose(t.now);
    CHECK(held.at(step)->f == 0.0F);
  }
  CHECK(t.reader.acquire().at(step)->f == 0.49F);
}

TEST_CASE("Readers at different rates each get the newest frame, whole", "[frame]") {
  relume_show_options options = relume::test::quiet_options();
  options.max_readers = 3;
  TestShow t(relume::test::demo_schema(), options);
  Reader second = t.show.reader();
  Reader third = t.show.reader();
  CHECK_THROWS_AS(t.show.reader(), Error);
  const relume_param a = t.show.param("wash/step");
  const relume_param b = t.show.param("spot/step");
  const Frame sleeper = third.acquire();
  for (int i = 1; i <= 300; ++i) {
    const float v = static_cast<float>(i) / 300.0F;
    t.show.apply(ChangeSet().set(a, scalar(v)).set(b, scalar(v)));
    const Frame frame = t.frame(1);
    CHECK(frame.at(a)->f == v);
    CHECK(frame.at(b)->f == v);
    if (i % 7 == 0) CHECK(second.acquire().at(b)->f == v);
    CHECK(sleeper.at(a)->f == 0.0F);
  }
  CHECK(third.acquire().at(a)->f == 1.0F);
}

TEST_CASE("A stale buffer catches up with all that changed while it lay idle", "[frame]") {
  TestShow t;
  Source osc = t.show.source();
  std::vector<relume_param> floats;
  for (int i = 0; i < 60; ++i) {
    const std::string key = "l" + std::to_string(i);
    t.show.add_layer(key, "fixture");
    floats.push_back(t.show.param(key + "/step"));
    floats.push_back(t.show.param(key + "/level"));
  }
  std::vector<float> expected(floats.size());
  for (std::size_t i = 0; i < floats.size(); ++i) expected[i] = i % 2 == 0 ? 0.0F : 1.0F;
  for (int round = 0; round < 500; ++round) {
    const std::size_t at = static_cast<std::size_t>(round * 37) % floats.size();
    expected[at] = static_cast<float>(round % 100) / 100.0F;
    t.show.set(floats[at], scalar(expected[at]));
    if (round % 5 == 0) osc.write(t.show.param("wash/level"), scalar(static_cast<float>(round % 3) / 2.0F), t.now);
    const Frame frame = t.frame(10);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < floats.size(); ++i) wrong += frame.at(floats[i])->f != expected[i];
    CHECK(wrong == 0);
  }
}

TEST_CASE("Retained frames outlive acquires, stack changes and the show; their number is limited", "[frame]") {
  relume_show_options options = relume::test::quiet_options();
  options.max_retained = 2;
  auto t = std::make_unique<TestShow>(relume::test::demo_schema(), options);
  const relume_param step = t->show.param("wash/step");
  t->show.set(step, scalar(0.25F));
  auto kept = std::make_unique<RetainedFrame>(t->frame(1));
  const relume_layer wash = t->show.layer("wash");
  t->show.remove_layer(wash);
  for (int i = 0; i < 20; ++i) {
    t->show.set(t->show.param("spot/step"), scalar(static_cast<float>(i) / 20.0F));
    t->frame(1);
  }
  RetainedFrame second(t->reader.acquire());
  CHECK_THROWS_AS(RetainedFrame(t->reader.acquire()), Error);
  CHECK(kept->get().at(step)->f == 0.25F);
  t.reset();
  CHECK(kept->get().at(step)->f == 0.25F);
  CHECK(kept->get()->layer_count == 2);
  CHECK(second.get().at(step) == nullptr);
  kept.reset();
  CHECK(second.get()->layer_count == 1);
}

TEST_CASE("A frame knows no parameter of a layer that came later", "[frame]") {
  TestShow t;
  const Frame before = t.frame(1);
  t.show.add_layer("fx", "fixture");
  CHECK(before.at(t.show.param("fx/step")) == nullptr);
  CHECK(relume_frame_at(&*before, relume_param{0}) == nullptr);
  CHECK(relume_frame_at(&*before, relume_param{~std::uint64_t{0}}) == nullptr);
  CHECK(relume_frame_at(nullptr, t.show.param("fx/step")) == nullptr);
}

TEST_CASE("Composer, readers, sources and operators at once: no torn frame, none goes backwards", "[frame][threads]") {
  relume_show_options options = relume::test::quiet_options();
  options.flags = 0;
  options.max_readers = 3;
  TestShow t(relume::test::demo_schema(), options);
  const relume_param a = t.show.param("wash/step");
  const relume_param b = t.show.param("spot/step");
  const relume_param pan[] = {t.show.param("wash/pan"), t.show.param("spot/pan")};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  std::atomic<std::size_t> torn{0};
  std::atomic<std::size_t> backwards{0};
  std::atomic<std::uint64_t> handed_over{0};
  for (int n = 0; n < 2; ++n) {
    threads.emplace_back([&, n] {
      Reader reader = t.show.reader();
      std::uint64_t last = 0;
      while (!stop.load()) {
        const Frame frame = reader.acquire();
        backwards += frame->number < last;
        handed_over += frame->number != last;
        last = frame->number;
        torn += frame.at(a)->f != frame.at(b)->f;
        torn += frame.at(pan[0])[0].f != frame.at(pan[1])[1].f;
        if (n == 1 && frame->number % 8 == 0) static_cast<void>(RetainedFrame(frame).get()->number);
      }
    });
  }
  threads.emplace_back([&] {
    Source osc = t.show.source();
    for (int i = 0; !stop.load(); ++i) {
      const float v = static_cast<float>(i % 200 - 100) / 100.0F;
      const relume_overlay_value batch[] = {{pan[0], vec2(v, 0), RELUME_COMMIT_RENDER_ONLY, 0},
                                            {pan[1], vec2(0, v), RELUME_COMMIT_RENDER_ONLY, 0}};
      osc.write(batch, 2, 0);
      std::this_thread::yield();
    }
  });
  threads.emplace_back([&] {
    for (int i = 0; !stop.load(); ++i) {
      const float v = static_cast<float>(i % 1000) / 1000.0F;
      t.show.apply(ChangeSet().set(a, scalar(v)).set(b, scalar(v)));
      if (i % 100 == 0) t.show.remove_layer(t.show.add_layer("fx", "fixture"));
    }
  });
  // As many frames as it takes until the others have done their part.
  const auto enough = static_cast<std::uint64_t>(relume::test::rounds(20000, 2000000));
  while (t.show.status().accepted < enough || handed_over.load() < enough / 20) {
    for (int i = 0; i < 100; ++i) t.show.compose(t.now += 1'000);
  }
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  CHECK(torn.load() == 0);
  CHECK(backwards.load() == 0);
}

TEST_CASE("A second thread in the frame role is refused, not raced", "[frame][threads]") {
  TestShow t;
  std::atomic<std::size_t> refused{0};
  std::vector<std::thread> threads;
  for (int n = 0; n < 2; ++n) {
    threads.emplace_back([&, n] {
      for (int i = 0; i < 20000; ++i) {
        if (n == 0) t.show.set(t.show.param("wash/count"), integer(i % 10));
        refused += t.show.compose(std::int64_t{1'000'000} * i) == 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(t.frame(1)->revision == t.show.status().accepted);
  INFO(refused.load() << " refused");
}

TEST_CASE("262,144 parameters: set, automate, compose, read", "[frame][scale]") {
  std::vector<Param> params;
  for (int i = 0; i < 512; ++i)
    params.push_back(Param("p" + std::to_string(i), RELUME_FLOAT).range(0, 1).smoothing(100'000'000));
  Schema schema;
  schema.type("big", params);
  for (int i = 0; i < 512; ++i) schema.layer("l" + std::to_string(i), "big");
  relume_show_options options = relume::test::quiet_options();
  options.max_slots = 262144;
  options.max_layers = 512;
  TestShow t(schema, options);
  relume_source_options source_options = RELUME_SOURCE_OPTIONS_INIT;
  source_options.max_params = 262144;
  source_options.commit_policy = RELUME_COMMIT_RENDER_ONLY;
  Source osc = t.show.source(source_options);
  std::vector<relume_param> all;
  for (const relume_layer layer : t.show.layers()) {
    for (std::uint32_t i = 0; i < 512; ++i) {
      relume_param param{};
      REQUIRE(relume_param_at(t.show.get(), layer, i, &param, nullptr) == RELUME_OK);
      all.push_back(param);
    }
  }
  std::vector<relume_value> values(all.size(), scalar(0.5F));
  CHECK(t.show.set_many(all.data(), values.data(), all.size()).revision == 1);
  for (const relume_param param : all) REQUIRE(osc.write(param, scalar(1), t.now) == RELUME_OK);
  CHECK(t.frame()->moving == 262144);
  const Frame frame = t.frame(50);
  const float first = frame.at(all[0])->f;
  CHECK(first > 0.6F);
  CHECK(std::all_of(all.begin(), all.end(), [&](relume_param p) { return frame.at(p)->f == first; }));
  CHECK(t.frame(3000)->moving == 0);
  t.show.reset();
  CHECK(t.frame(22)->moving == 262144);
  CHECK(t.level("l511/p511", 3000) == 0.0F);
}
