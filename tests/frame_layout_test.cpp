// SPDX-License-Identifier: Apache-2.0
// Where things lie in a frame, and when a map of it is stale.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "support/rounds.hpp"
#include "support/test_show.hpp"

using namespace relume;
using relume::test::TestShow;

namespace {

constexpr relume_frame_param kUntouched = {{7}, {7}, 7, 7, 7, 7};

bool untouched(const relume_frame_param& row) {
  return row.param.bits == 7 && row.layer.bits == 7 && row.slot == 7 && row.lanes == 7 && row.type == 7 &&
         row.index == 7;
}

/// Rows that say something else than the frame itself does.
std::size_t wrong_rows(Frame frame, const std::vector<relume_frame_param>& rows) {
  return static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [&](const relume_frame_param& row) {
    return frame.at(row.param) != frame->slots + row.slot || row.lanes != relume_type_lanes(row.type);
  }));
}

LayerType other_fixture() {
  return {"fixture",
          {Param("extra", RELUME_VEC3), Param("level", RELUME_FLOAT).range(0, 1), Param("more", RELUME_COLOR)},
          2};
}

}  // namespace

TEST_CASE("The layout of a frame says of every parameter what its handle and its definition say", "[layout]") {
  TestShow t;
  const Frame frame = t.frame(1);
  const std::vector<relume_frame_param> rows = frame.layout();
  REQUIRE(rows.size() == 24);
  CHECK(wrong_rows(frame, rows) == 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const relume_param_info info = t.show.param_info(rows[i].param);
    INFO(info.route);
    relume_param at{0};
    REQUIRE(relume_param_at(t.show.get(), rows[i].layer, rows[i].index, &at, nullptr) == RELUME_OK);
    CHECK(at.bits == rows[i].param.bits);
    CHECK(rows[i].layer.bits == t.show.layer(i < 12 ? "wash" : "spot").bits);
    CHECK(rows[i].index == i % 12);
    CHECK(rows[i].type == info.type);
    CHECK(rows[i].slot == frame->layers[i / 12].first_slot + info.slot);
  }
}

TEST_CASE("The layout of one layer is its part of the whole", "[layout]") {
  TestShow t;
  const Frame frame = t.frame(1);
  const std::vector<relume_frame_param> spot = frame.layout(t.show.layer("spot"));
  REQUIRE(spot.size() == 12);
  CHECK(spot[9].param.bits == t.show.param("spot/step").bits);
  CHECK(frame.layout(relume_layer{99}).empty());
  const relume_layer wash = t.show.layer("wash");
  t.show.remove_layer(wash);
  CHECK(t.frame(1).layout(wash).empty());
  CHECK(t.reader.acquire().layout().size() == 12);
}

TEST_CASE("A layout writes as many rows as fit, and tells how many there are", "[layout]") {
  TestShow t;
  const Frame frame = t.frame(1);
  for (const std::size_t capacity : {0U, 1U, 11U, 12U, 13U, 23U, 24U, 25U}) {
    std::vector<relume_frame_param> rows(26, kUntouched);
    CHECK(frame.layout(rows.data(), capacity) == 24);
    const std::size_t written = std::min<std::size_t>(capacity, 24);
    CHECK(static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), untouched)) == rows.size() - written);
    rows.resize(written);
    CHECK(wrong_rows(frame, rows) == 0);
  }
  CHECK(relume_frame_layout(&*frame, relume_layer{0}, nullptr, 0) == 24);
  CHECK(relume_frame_layout(nullptr, relume_layer{0}, nullptr, 0) == 0);
}

TEST_CASE("A frame's structure is the revision of the newest change of stack or types, and of nothing else",
          "[layout]") {
  TestShow t;
  std::uint64_t structure = t.frame(1)->structure;
  CHECK(structure == 0);
  const auto changes = [&](const relume_outcome& outcome) {
    CHECK(outcome.state == RELUME_STATE_CHANGED);
    structure = t.frame(1)->structure;
    CHECK(structure == outcome.revision);
  };
  const auto leaves = [&] { CHECK(t.frame(1)->structure == structure); };
  const relume_param level = t.show.param("wash/level");
  relume_outcome outcome = RELUME_OUTCOME_INIT;

  t.show.set(level, scalar(0.5F));
  leaves();
  t.show.add_layer("fx", "fixture");
  structure = t.frame(1)->structure;
  CHECK(structure == 2);
  t.show.persist(level, scalar(0.25F));
  Source osc = t.show.source();
  osc.write(level, scalar(1), t.now);
  leaves();
  t.show.store();
  t.show.revert();
  t.show.set_record("patch", RELUME_RECORD_BYTES, "abc");
  leaves();
  const relume_layer fx = t.show.layer("fx");
  changes(t.show.move_layer(fx, t.show.layer("wash")));
  changes(t.show.enable_layer(fx, false));
  changes(t.show.bypass_layer(fx, true));
  t.show.bypass_layer(fx, true);
  leaves();
  changes(t.show.remove_layer(fx));

  relume_type_change change{0};
  const LayerType other = other_fixture();
  const relume_layer_type_def def = other.def();
  REQUIRE(relume_type_prepare(t.show.get(), &def, &change, nullptr) == RELUME_OK);
  leaves();
  REQUIRE(relume_type_commit(t.show.get(), change, &outcome, nullptr) == RELUME_OK);
  changes(outcome);
  CHECK(t.reader.acquire().layout().size() == 6);
}

TEST_CASE("A layout is that of its frame, whatever became of the stack, the types and the show since", "[layout]") {
  auto t = std::make_unique<TestShow>();
  const RetainedFrame before(t->frame(1));
  const LayerType other = other_fixture();
  const relume_layer_type_def def = other.def();
  relume_type_change change{0};
  REQUIRE(relume_type_prepare(t->show.get(), &def, &change, nullptr) == RELUME_OK);
  REQUIRE(relume_type_commit(t->show.get(), change, nullptr, nullptr) == RELUME_OK);
  const RetainedFrame reloaded(t->frame(1));
  t->show.remove_layer(t->show.layer("wash"));
  const RetainedFrame after(t->frame(1));
  const std::vector<relume_frame_param> rows = before.get().layout();
  const auto check = [&] {
    CHECK(before.get().layout().size() == 24);
    CHECK(wrong_rows(before.get(), rows) == 0);
    CHECK(before.get().layout()[1].type == RELUME_COLOR);
    CHECK(reloaded.get().layout().size() == 6);
    CHECK(reloaded.get().layout()[0].type == RELUME_VEC3);
    CHECK(wrong_rows(reloaded.get(), reloaded.get().layout()) == 0);
    CHECK(after.get().layout().size() == 3);
  };
  check();
  t.reset();
  check();
}

TEST_CASE("A map that is made anew when the number differs fits every frame, while the stack changes",
          "[layout][threads]") {
  relume_show_options options = relume::test::quiet_options();
  TestShow t(relume::test::demo_schema(), options);
  std::atomic<bool> stop{false};
  std::thread operator_thread([&] {
    for (int i = 0; !stop.load(); ++i) {
      t.show.add_layer("fx", "fixture", i % 2 == 0 ? t.show.layer("spot") : relume_layer{0});
      t.show.set(t.show.param("fx/step"), scalar(static_cast<float>(i % 100) / 100.0F));
      t.show.remove_layer(t.show.layer(i % 3 == 0 ? "spot" : "fx"));
      if (i % 3 == 0) t.show.remove_layer(t.show.layer("fx")), t.show.add_layer("spot", "fixture");
    }
  });
  std::vector<relume_frame_param> map(128);
  std::optional<std::uint64_t> structure;
  std::size_t size = 0;
  std::size_t wrong = 0;
  std::size_t stale = 0;
  for (long maps = 0; maps < test::rounds(300, 30'000);) {
    const Frame frame = t.frame(1);
    if (structure != frame->structure) {
      size = frame.layout(map.data(), map.size());
      structure = frame->structure;
      ++maps;
    }
    wrong += wrong_rows(frame, {map.begin(), map.begin() + static_cast<std::ptrdiff_t>(size)});
    stale += size == 12 * std::size_t{frame->layer_count} ? 0 : 1;
  }
  stop.store(true);
  operator_thread.join();
  CHECK(wrong == 0);
  CHECK(stale == 0);
}

TEST_CASE("A patch made of a layout packs what the layers show", "[layout][dmx]") {
  TestShow t;
  t.show.set(t.show.param("spot/color"), color(1.0F, 0.5F, 0.25F));
  t.show.set(t.show.param("spot/level"), scalar(0.5F));
  const Frame frame = t.frame(1);
  const std::vector<relume_frame_param> spot = frame.layout(t.show.layer("spot"));
  const relume_dmx_patch patch = {spot[1].slot, spot[0].slot, 3, 7, 2, 3, 0, 0};
  std::vector<std::uint8_t> channels(RELUME_DMX_CHANNELS);
  REQUIRE(dmx::pack(&patch, 1, frame, 0.5, 0, channels.data(), channels.size()) == RELUME_OK);
  CHECK(std::vector<std::uint8_t>(channels.begin() + 6, channels.begin() + 14) ==
        std::vector<std::uint8_t>{0, 64, 32, 16, 64, 32, 16, 0});
  CHECK(dmx::pack(&frame->slots[spot[1].slot].f, 3, channels.data(), 2) == RELUME_E_RANGE);
  CHECK(dmx::pack(&frame->slots[spot[1].slot].f, 3, channels.data(), 3) == RELUME_OK);
  CHECK(channels[1] == 128);
}
