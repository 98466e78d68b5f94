// SPDX-License-Identifier: Apache-2.0
// Streams: a run of slots written whole (relume/overlay.h).
#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "support/rounds.hpp"
#include "support/test_show.hpp"

using namespace relume;
using relume::test::kMs;
using relume::test::TestShow;

namespace {

constexpr std::size_t kChannels = 512;

/// A universe of plain channels, and a fixture whose slots have gaps: float, vec3 (aligned to 4), float, color.
Schema universe() {
  std::vector<Param> channels;
  for (std::size_t i = 0; i < kChannels; ++i)
    channels.push_back(Param("c" + std::to_string(i), RELUME_FLOAT).range(0, 1));
  Schema schema;
  schema.type("universe", channels);
  schema.type("head", {Param("dim", RELUME_FLOAT).range(0, 1).smoothing(100 * kMs), Param("at", RELUME_VEC3),
                       Param("soft", RELUME_FLOAT).range(-1, 1).clamp(), Param("color", RELUME_COLOR).range(0, 1),
                       Param("on", RELUME_BOOL), Param("last", RELUME_FLOAT)});
  schema.layer("dmx", "universe").layer("head", "head");
  return schema;
}

relume_source_options of_priority(std::uint32_t priority) {
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.priority = priority;
  return options;
}

relume_result open_code(Show& show, relume_param first, std::size_t count,
                        const relume_source_options& options = RELUME_SOURCE_OPTIONS_INIT) {
  relume_stream* raw = nullptr;
  const relume_result result = relume_stream_open(show.get(), &options, first, count, &raw, nullptr);
  CHECK((raw != nullptr) == (result == RELUME_OK));
  relume_stream_close(raw);
  return result;
}

}  // namespace

TEST_CASE("A run of channels is in the next frame, whole", "[stream]") {
  TestShow t(universe());
  const relume_param first = t.show.param("dmx/c0");
  Stream dmx = t.show.stream(first, kChannels);
  std::vector<float> values(kChannels);
  for (int round = 1; round <= 20; ++round) {
    for (std::size_t i = 0; i < kChannels; ++i)
      values[i] = static_cast<float>((i * 7 + static_cast<std::size_t>(round)) % 256) / 255.0F;
    REQUIRE(dmx.write(values.data(), values.size(), t.now) == RELUME_OK);
    const Frame frame = t.frame(22);
    for (std::size_t i = 0; i < kChannels; ++i) REQUIRE(frame.at(first)[i].f == values[i]);
  }
  CHECK(dmx.info().written == 20);
  CHECK(dmx.write(values.data(), values.size(), t.now) == RELUME_OK);
  CHECK(dmx.info().unchanged == 1);
  CHECK(t.show.explain(t.show.param("dmx/c511")).source == dmx.info().number);
}

TEST_CASE("Gaps between parameters are left alone, and a parameter's lanes go together", "[stream]") {
  TestShow t(universe());
  const relume_param first = t.show.param("head/dim");
  // dim 0, at 4..6, soft 7, color 8..11.
  const float junk = std::numeric_limits<float>::quiet_NaN();
  const std::array<float, 12> values{0.5F, junk, junk, junk, 1, 2, 3, -5.0F, 0.1F, 0.2F, 0.3F, 1.0F};
  Stream head = t.show.stream(first, values.size());
  REQUIRE(head.write(values.data(), values.size(), t.now) == RELUME_OK);
  const Frame frame = t.frame(2000);
  CHECK(frame.at(first)->f == 0.5F);
  CHECK(frame.at(t.show.param("head/at"))[2].f == 3.0F);
  CHECK(frame.at(t.show.param("head/soft"))->f == -1.0F);  // clamped, as its definition says
  CHECK(frame.at(t.show.param("head/color"))[3].f == 1.0F);
  CHECK(frame.at(t.show.param("head/on"))->i == 0);
}

TEST_CASE("One bad value refuses the run and is named", "[stream]") {
  TestShow t(universe());
  const relume_param first = t.show.param("dmx/c100");
  Stream dmx = t.show.stream(first, 3);
  std::size_t culprit = 9;
  const std::array<float, 3> nan{0.5F, std::numeric_limits<float>::infinity(), 0.5F};
  CHECK(dmx.write(nan.data(), nan.size(), t.now, &culprit) == RELUME_E_NOT_FINITE);
  CHECK(culprit == 1);
  const std::array<float, 3> wide{0.5F, 0.5F, 1.5F};
  CHECK(dmx.write(wide.data(), wide.size(), t.now, &culprit) == RELUME_E_RANGE);
  CHECK(culprit == 2);
  CHECK(dmx.info().rejected == 2);
  CHECK(dmx.write(nan.data(), 2, t.now, &culprit) == RELUME_E_INVALID);
  CHECK(culprit == 2);
  CHECK(t.frame(10).at(first)->f == 0.0F);
}

TEST_CASE("A run that cannot be is refused when it is opened", "[stream]") {
  TestShow t(universe());
  const relume_param head = t.show.param("head/dim");
  CHECK(open_code(t.show, head, 0) == RELUME_E_INVALID);
  CHECK(open_code(t.show, head, 12) == RELUME_OK);
  CHECK(open_code(t.show, head, 6) == RELUME_E_TYPE);   // cuts `at`
  CHECK(open_code(t.show, head, 13) == RELUME_E_TYPE);  // `on`
  CHECK(open_code(t.show, head, 999) == RELUME_E_UNKNOWN_ROUTE);
  CHECK(open_code(t.show, {0}, 1) == RELUME_E_UNKNOWN_ROUTE);
  CHECK(open_code(t.show, {head.bits + 1}, 1) == RELUME_E_UNKNOWN_ROUTE);  // no parameter begins there
  CHECK(open_code(t.show, head, 1, of_priority(201)) == RELUME_E_INVALID);
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.max_params = 5;
  CHECK(open_code(t.show, head, 1, options) == RELUME_E_INVALID);
  relume_stream* raw = nullptr;
  CHECK(relume_stream_open(nullptr, nullptr, head, 1, &raw, nullptr) == RELUME_E_INVALID);
  CHECK(relume_stream_open(t.show.get(), nullptr, head, 1, nullptr, nullptr) == RELUME_E_INVALID);
}

TEST_CASE("The operator wins over a run, channel by channel", "[stream]") {
  TestShow t(universe());
  const relume_param first = t.show.param("dmx/c0");
  const relume_param second = t.show.param("dmx/c1");
  Stream dmx = t.show.stream(first, 2);
  std::array<float, 2> values{0.25F, 0.25F};
  dmx.write(values.data(), values.size(), t.now);
  t.frame(10);
  t.show.set(first, scalar(0.75F));
  values[1] = 0.5F;  // the first channel has not changed: it stays the operator's
  dmx.write(values.data(), values.size(), t.now);
  Frame frame = t.frame(10);
  CHECK(frame.at(first)->f == 0.75F);
  CHECK(frame.at(second)->f == 0.5F);
  // Also when nobody composed between the change, the operator and the next write.
  values[0] = 0.3F;
  dmx.write(values.data(), values.size(), t.now);
  t.show.set(first, scalar(0.8F));
  values[1] = 0.6F;
  dmx.write(values.data(), values.size(), t.now);
  frame = t.frame(10);
  CHECK(frame.at(first)->f == 0.8F);
  CHECK(frame.at(second)->f == 0.6F);
  // A change takes it back, also to a value that the composer has seen before.
  values[0] = 0.4F;
  dmx.write(values.data(), values.size(), t.now);
  t.show.set(first, scalar(0.9F));
  values[0] = 0.3F;
  dmx.write(values.data(), values.size(), t.now);
  CHECK(t.frame(10).at(first)->f == 0.3F);
}

TEST_CASE("A weaker run waits below a stronger source, and its newest value comes when that one goes", "[stream]") {
  TestShow t(universe());
  const relume_param first = t.show.param("dmx/c0");
  Source strong = t.show.source(of_priority(150));
  Stream dmx = t.show.stream(first, 2);
  strong.write(first, scalar(1), t.now);
  std::array<float, 2> values{0.25F, 0.25F};
  dmx.write(values.data(), values.size(), t.now);
  CHECK(t.frame(10).at(first)->f == 1.0F);
  values[0] = 0.5F;
  dmx.write(values.data(), values.size(), t.now);
  CHECK(t.frame(10).at(first)->f == 1.0F);
  strong.release(first, t.now);
  CHECK(t.frame(10).at(first)->f == 0.5F);
}

TEST_CASE("A closed stream lets go of everything it held", "[stream]") {
  TestShow t(universe());
  const relume_param first = t.show.param("dmx/c0");
  {
    Stream dmx = t.show.stream(first, 4);
    const std::array<float, 4> values{1, 1, 1, 1};
    dmx.write(values.data(), values.size(), t.now);
    CHECK(t.frame(10).at(first)[3].f == 1.0F);
  }
  CHECK(t.frame(10).at(first)[3].f == 0.0F);
}

TEST_CASE("A run goes stale with its layer, and follows a type of the same shape", "[stream]") {
  TestShow t(universe());
  const relume_param first = t.show.param("dmx/c0");
  Stream dmx = t.show.stream(first, 2);
  std::array<float, 2> values{0.9F, 0.9F};
  std::vector<Param> channels;
  for (std::size_t i = 0; i < kChannels; ++i)
    channels.push_back(Param("c" + std::to_string(i), RELUME_FLOAT).range(0, 0.5));
  t.show.commit_type(t.show.prepare_type(LayerType("universe", channels, 2)));
  CHECK(dmx.write(values.data(), values.size(), t.now) == RELUME_E_RANGE);
  values = {0.5F, 0.5F};
  CHECK(dmx.write(values.data(), values.size(), t.now) == RELUME_OK);
  CHECK(t.frame(10).at(first)->f == 0.5F);
  t.show.remove_layer(t.show.layer("dmx"));
  CHECK(dmx.write(values.data(), values.size(), t.now) == RELUME_E_UNKNOWN_ROUTE);
}

TEST_CASE("A run beside a composing thread is never torn", "[stream][threads]") {
  TestShow t(universe());
  const relume_param first = t.show.param("dmx/c0");
  Stream dmx = t.show.stream(first, kChannels);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    std::vector<float> values(kChannels);
    const long rounds = test::rounds(20'000, 2'000'000);
    for (long i = 1; i <= rounds; ++i) {
      values.assign(kChannels, static_cast<float>(i % 1000) / 1000.0F);
      if (dmx.write(values.data(), values.size(), i) != RELUME_OK) break;
    }
    done.store(true);
  });
  std::size_t torn = 0;
  std::size_t frames = 0;
  while (!done.load()) {
    const Frame frame = t.frame(1);
    const relume_slot* slots = frame.at(first);
    for (std::size_t i = 1; i < kChannels; ++i) torn += slots[i].f != slots[0].f ? 1U : 0U;
    ++frames;
  }
  writer.join();
  CHECK(torn == 0);
  CHECK(frames > 10);
}
