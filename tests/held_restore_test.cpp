// SPDX-License-Identifier: Apache-2.0
// Automation on its way back from a mirror: what fits today's layers goes on, what does not is dropped and counted, and what an
// operator took is not there.
#include <bit>
#include <functional>
#include <limits>

#include "persistence/held_layout.hpp"
#include "persistence/held_restore.hpp"
#include "persistence/restore.hpp"
#include "support/mirror_model.hpp"
#include "support/temp_folder.hpp"
#include "support/test_show.hpp"

using namespace relume;
using namespace relume::core;
using relume::test::create_mirror;

using relume::test::kMirrorBlocks;
using relume::test::open_mirror;
using relume::test::TempFolder;

namespace {

constexpr std::uint32_t kSlots = kMirrorBlocks * kBlockSlots;
constexpr std::int64_t kFrameTime = 5'000'000'000;

struct Where {
  const Layer* layer = nullptr;
  const ParamDef* def = nullptr;
  std::uint32_t slot() const { return layer->first_slot + def->slot; }
  std::uint32_t block() const { return slot() / kBlockSlots; }
  std::uint32_t lane() const { return slot() % kBlockSlots; }
};

Where where(const Stack& stack, const std::string& route) {
  Where found;
  REQUIRE(stack.find_route(route, found.layer, found.def));
  return found;
}

// Two layers in the first block, one in the second.
relume::Schema held_schema() {
  relume::Schema schema = relume::test::demo_schema();
  schema.layer("third", "fixture").layer("last", "fixture");
  return schema;
}

Stack stack_of(const relume::Schema& schema) {
  Stack stack(64, kSlots);
  RestoredLayers layers;
  REQUIRE(!restore_defaults(schema.get()->schema, stack, layers));
  return stack;
}

Lanes floats(std::initializer_list<float> values) {
  Lanes lanes{};
  std::size_t i = 0;
  for (const float v : values) lanes[i++] = std::bit_cast<std::uint32_t>(v);
  return lanes;
}

// A show that dies: its stack, and what its frame thread and its operators left in the mirror.
class Death {
 public:
  explicit Death(const relume::Schema& schema = held_schema()) : stack_(stack_of(schema)), blocks_(kMirrorBlocks) {
    const auto layouts = held_layouts(stack_);
    for (std::uint32_t block = 0; block < kMirrorBlocks; ++block) {
      blocks_[block].layout = layouts[block];
      blocks_[block].time = kFrameTime - 20;
    }
  }
  std::uint32_t lane(const std::string& route) const { return where(stack_, route).lane(); }
  HeldBlock& block(const std::string& route) { return blocks_[where(stack_, route).block()]; }
  /// Automation of one parameter.
  void hold(const std::string& route, const Lanes& target, const Lanes& shown, std::uint64_t order = 1,
            bool gliding = false, bool automated = true) {
    const Where at = where(stack_, route);
    HeldBlock& held = blocks_[at.block()];
    const std::uint64_t mask = at.def->lane_mask() << at.lane();
    held.order = order;
    if (automated) held.overlay |= mask;
    if (gliding) held.gliding |= mask;
    for (std::uint32_t i = 0; i < at.def->lanes; ++i) {
      held.target[at.lane() + i] = target[i];
      held.shown[at.lane() + i] = shown[i];
      held.policy[at.lane() + i] = RELUME_COMMIT_SESSION;
      held.smoothing_ms[at.lane() + i] = 70;
    }
  }
  void hold(const std::string& route, const Lanes& target) { hold(route, target, target); }
  /// An operator's mutation ended automation there.
  void take(const std::string& route, std::uint64_t order, std::uint32_t flags = 0) {
    const Where at = where(stack_, route);
    taken_[at.block()].take(at.lane(), order, flags, 0);
  }
  /// The mirror is opened by a successor that declares `schema`.
  RestoredHeld recover(const relume::Schema& schema = held_schema()) {
    {
      auto mirror = create_mirror(path_);
      REQUIRE(!mirror->stage(encode_stack(stack_), {}));
      for (std::uint32_t i = 0; i < kMirrorBlocks; ++i) mirror->put_block(i, {}, taken_[i]);
      mirror->commit_staged(relume::test::head_of(1));
      for (std::uint32_t i = 0; i < kMirrorBlocks; ++i) {
        if ((blocks_[i].overlay | blocks_[i].gliding) != 0) mirror->held().put(i, blocks_[i]);
      }
      mirror->held().composed(frame_time);
    }
    std::unique_ptr<Mirror> mirror;
    REQUIRE(open_mirror(path_, mirror) == Mirror::Verdict::ok);
    SavedStack saved;
    REQUIRE(!decode_stack(mirror->stack_bytes(), saved));
    const auto block = [&](std::uint32_t i) { return mirror->block(i); };
    RestoredLayers layers;
    now_ = Stack(64, kSlots);
    REQUIRE(!restore_saved(schema.get()->schema, saved, block, Lend::no, {}, now_, layers));
    RestoredHeld out;
    restore_held(*mirror, saved, now_, out);
    return out;
  }
  const Stack& now() const { return now_; }
  std::int64_t frame_time = kFrameTime;
  std::vector<HeldBlock>& blocks() { return blocks_; }

 private:
  TempFolder folder_{"/dev/shm"};
  std::string path_ = folder_.path() + "/m";
  Stack stack_;
  Stack now_{64, kSlots};
  std::vector<HeldBlock> blocks_;
  std::vector<TakenLanes> taken_ = std::vector<TakenLanes>(kMirrorBlocks);
};

/// The block of `out` that has automation of a parameter, nullptr when none has.
const HeldBlock* held_of(const RestoredHeld& out, const Stack& now, const std::string& route) {
  const Where at = where(now, route);
  for (const auto& [block, held] : out.blocks) {
    if (block == at.block() && ((held.overlay | held.gliding) >> at.lane() & 1U) != 0) return &held;
  }
  return nullptr;
}

struct Value {
  const char* route;
  Lanes good;
  Lanes bad;
};

constexpr std::uint32_t kNan = 0x7fc00000;

const Value kValues[] = {
    {"spot/level", floats({0.25F}), floats({1.5F})},
    {"spot/color", floats({0.1F, 0.2F, 0.3F, 0.4F}), {0, 0, kNan, 0}},
    {"spot/on", {1, 0, 0, 0}, {2, 0, 0, 0}},
    {"spot/count", {static_cast<std::uint32_t>(-7), 0, 0, 0}, {11, 0, 0, 0}},
    {"spot/pan", floats({-0.5F, 0.5F}), floats({-0.5F, 7})},
    {"spot/at", floats({1, 2, 3}), {0, kNan, 0, 0}},
    {"spot/quad", floats({1, 2, 3, 4}), {0, 0, 0, kNan}},
    {"spot/mode", {2, 0, 0, 0}, {3, 0, 0, 0}},
    {"spot/start", {5, 6, 0, 0}, {}},  // every number is a time
};

}  // namespace

TEST_CASE("Held automation: a target of every type comes back where its parameter lies, as of the new session",
          "[held]") {
  Death death;
  for (const Value& value : kValues) death.hold(value.route, value.good, value.good, 7);
  death.take("wash/level", 9);  // elsewhere
  const RestoredHeld out = death.recover();
  CHECK(out.values == std::size(kValues));
  CHECK(out.dropped == 0);
  CHECK(out.time == kFrameTime);
  CHECK(out.order == 9);
  const auto layouts = held_layouts(death.now());
  for (const Value& value : kValues) {
    INFO(value.route);
    const HeldBlock* held = held_of(out, death.now(), value.route);
    REQUIRE(held != nullptr);
    const Where at = where(death.now(), value.route);
    CHECK(held->layout == layouts[at.block()]);
    CHECK(held->time == kFrameTime - 20);
    CHECK(held->gliding == 0);
    CHECK(held->strong == 0);
    CHECK(held->order == 9);  // every mutation to come is newer
    for (std::uint32_t i = 0; i < at.def->lanes; ++i) {
      CHECK((held->overlay >> (at.lane() + i) & 1U) == 1);
      CHECK(held->target[at.lane() + i] == value.good[i]);
      CHECK(held->shown[at.lane() + i] == value.good[i]);
      CHECK(held->policy[at.lane() + i] == RELUME_COMMIT_SESSION);
      CHECK(held->smoothing_ms[at.lane() + i] == 70);
    }
  }
}

TEST_CASE("Held automation: what is no value of its type, or out of range, is dropped alone", "[held]") {
  for (const Value& bad : kValues) {
    if (bad.bad == Lanes{}) continue;
    INFO(bad.route);
    Death death;
    for (const Value& value : kValues) death.hold(value.route, value.route == bad.route ? value.bad : value.good);
    const RestoredHeld out = death.recover();
    CHECK(out.values == std::size(kValues) - 1);
    CHECK(out.dropped == 1);
    CHECK(held_of(out, death.now(), bad.route) == nullptr);
  }
}

TEST_CASE("Held automation: a glide goes on from what was shown, on automation and on the way back", "[held]") {
  Death death;
  death.hold("wash/level", floats({1}), floats({0.5F}), 1, true);
  death.hold("spot/level", floats({0}), floats({0.75F}), 1, true, false);  // released
  death.hold("spot/step", floats({1}), floats({0.5F}), 1, true);           // 70 ms were asked for with the write
  SECTION("all of them") {
    const RestoredHeld out = death.recover();
    CHECK(out.values == 3);
    const Where wash = where(death.now(), "wash/level");
    const HeldBlock* held = held_of(out, death.now(), "wash/level");
    REQUIRE(held != nullptr);
    CHECK(((held->overlay & held->gliding) >> wash.lane() & 1U) == 1);
    CHECK(held->shown[wash.lane()] == std::bit_cast<std::uint32_t>(0.5F));
    const Where spot = where(death.now(), "spot/level");
    held = held_of(out, death.now(), "spot/level");
    REQUIRE(held != nullptr);
    CHECK((held->overlay >> spot.lane() & 1U) == 0);
    CHECK((held->gliding >> spot.lane() & 1U) == 1);
    const Where step = where(death.now(), "spot/step");
    held = held_of(out, death.now(), "spot/step");
    REQUIRE(held != nullptr);
    CHECK((held->gliding >> step.lane() & 1U) == 1);
  }
  SECTION("a value that stands nowhere is not shown") {
    death.block("wash/level").shown[death.lane("wash/level")] = kNan;
    const RestoredHeld out = death.recover();
    CHECK(out.dropped == 1);
    CHECK(held_of(out, death.now(), "wash/level") == nullptr);
  }
  SECTION("a hair beyond the range is the range's end") {
    const float beyond = std::nextafter(1.0F, 2.0F);
    death.hold("wash/level", floats({0}), floats({beyond}), 1, true);
    const RestoredHeld out = death.recover();
    const HeldBlock* held = held_of(out, death.now(), "wash/level");
    REQUIRE(held != nullptr);
    CHECK(held->shown[where(death.now(), "wash/level").lane()] == std::bit_cast<std::uint32_t>(1.0F));
  }
  SECTION("without a time constant it is there at once") {
    for (auto& ms : death.block("spot/step").smoothing_ms) ms = 0;
    for (auto& ms : death.block("wash/level").smoothing_ms) ms = 65535;
    const RestoredHeld out = death.recover();
    for (const char* route : {"spot/step", "wash/level"}) {
      INFO(route);
      const Where at = where(death.now(), route);
      const HeldBlock* held = held_of(out, death.now(), route);
      REQUIRE(held != nullptr);
      CHECK((held->gliding >> at.lane() & 1U) == 0);
      CHECK(held->shown[at.lane()] == std::bit_cast<std::uint32_t>(1.0F));
    }
  }
}

TEST_CASE("Held automation: what an operator took after it is not there, and is nobody's loss", "[held]") {
  Death death;
  death.hold("wash/level", floats({0.5F}), floats({0.5F}), 4);
  SECTION("a newer mutation") {
    death.take("wash/level", 5);
    const RestoredHeld out = death.recover();
    CHECK(out.values == 0);
    CHECK(out.dropped == 0);
    CHECK(out.order == 5);
  }
  SECTION("one that its source knew of: it is newer") {
    death.take("wash/level", 4);
    CHECK(death.recover().values == 1);
  }
  SECTION("stronger automation stays") {
    death.take("wash/level", 5);
    death.block("wash/level").strong = ~std::uint64_t{0};
    CHECK(death.recover().values == 1);
  }
  SECTION("but not for what ends automation of every priority") {
    death.take("wash/level", 5, Taken::kLayer);
    death.block("wash/level").strong = ~std::uint64_t{0};
    CHECK(death.recover().values == 0);
  }
}

TEST_CASE("Held automation: of another stack than the mirrored one, only blocks where the same lies are used",
          "[held]") {
  Death death;
  death.hold("wash/level", floats({0.5F}));
  death.hold("last/hint", floats({0.5F}));
  REQUIRE(death.block("wash/level").layout != death.block("last/hint").layout);
  death.block("wash/level").layout ^= 1;
  const RestoredHeld out = death.recover();
  CHECK(out.values == 1);
  CHECK(out.dropped == 1);
  CHECK(held_of(out, death.now(), "last/hint") != nullptr);
}

TEST_CASE("Held automation: a layer that is dormant or of another type drops what does not fit", "[held]") {
  Death death;
  death.hold("wash/level", floats({0.5F}));
  death.hold("wash/mode", {1, 0, 0, 0});
  death.hold("spot/mode", {2, 0, 0, 0});
  relume::Schema schema;
  SECTION("dormant") {
    schema.type("other", {Param("level", RELUME_FLOAT)});
    const RestoredHeld out = death.recover(schema);
    CHECK(out.values == 0);
    CHECK(out.dropped == 3);
    CHECK(out.time == 0);  // nothing goes on from there
  }
  SECTION("another shape: by key and label, wherever they lie now") {
    schema.type("fixture", {Param("first", RELUME_VEC4), Param("mode", RELUME_ENUM).labels({"fast", "off"}),
                            Param("level", RELUME_FLOAT).range(0, 1)});
    const RestoredHeld out = death.recover(schema);
    CHECK(out.values == 2);
    CHECK(out.dropped == 1);  // "slow" is none of the labels
    const HeldBlock* held = held_of(out, death.now(), "spot/mode");
    REQUIRE(held != nullptr);
    CHECK(held->target[where(death.now(), "spot/mode").lane()] == 0);
    CHECK(held_of(out, death.now(), "wash/level") != nullptr);
    CHECK(held_of(out, death.now(), "wash/mode") == nullptr);
  }
  SECTION("a narrower range drops what is outside") {
    schema.type("fixture", {Param("level", RELUME_FLOAT).range(0, 0.25),
                            Param("mode", RELUME_ENUM).labels({"off", "slow", "fast"})});
    const RestoredHeld out = death.recover(schema);
    CHECK(out.values == 2);
    CHECK(out.dropped == 1);
  }
  SECTION("another type under the same key") {
    schema.type("fixture", {Param("level", RELUME_INT), Param("mode", RELUME_INT)});
    CHECK(death.recover(schema).dropped == 3);
  }
}

TEST_CASE("Held automation: lanes that are no whole parameter are dropped", "[held]") {
  Death death;
  death.hold("wash/color", floats({0.1F, 0.2F, 0.3F, 0.4F}));
  HeldBlock& held = death.block("wash/color");
  SECTION("a part of one") {
    held.overlay &= held.overlay - 1;
    CHECK(death.recover().values == 0);
  }
  SECTION("where nothing lies") {
    HeldBlock& last = death.blocks()[kMirrorBlocks - 1];
    last.overlay = 1;
    last.policy.fill(RELUME_COMMIT_SESSION);
    const RestoredHeld out = death.recover();
    CHECK(out.values == 1);
    CHECK(out.dropped == 1);
  }
  SECTION("of a time that no clock has: it stands at 0") {
    death.frame_time = -5;
    for (HeldBlock& block : death.blocks()) block.time = std::numeric_limits<std::int64_t>::min();
    const RestoredHeld out = death.recover();
    REQUIRE(out.values == 1);
    CHECK(out.time == 0);
    CHECK(out.blocks[0].second.time == 0);
  }
  SECTION("with a policy or an order that is none") {
    death.hold("wash/level", floats({0.5F}));
    death.hold("wash/hint", floats({0.5F}));
    death.hold("last/hint", floats({0.5F}));
    death.block("wash/level").policy[death.lane("wash/level")] = 4;
    death.block("wash/hint").policy[death.lane("wash/hint")] = 0;
    death.block("last/hint").order = std::numeric_limits<std::uint64_t>::max();
    const RestoredHeld out = death.recover();
    CHECK(out.values == 1);
    CHECK(out.dropped == 3);
    CHECK(out.order < 10);
  }
}

TEST_CASE("Held automation: the layout of a block is another with each thing that moves values", "[held]") {
  const Stack stack = stack_of(held_schema());
  const auto layouts = held_layouts(stack);
  REQUIRE(layouts.size() == kMirrorBlocks);
  CHECK(layouts[0] != layouts[1]);
  CHECK(layouts[kMirrorBlocks - 1] == 0);
  SECTION("the same of the stack as it is saved") {
    SavedStack saved;
    REQUIRE(!decode_stack(encode_stack(stack), saved));
    CHECK(held_layouts(saved, kMirrorBlocks) == layouts);
    saved.layers[0].id += 1;
    CHECK(held_layouts(saved, kMirrorBlocks)[0] != layouts[0]);
  }
  SECTION("order and flags of layers are of no matter") {
    Stack other = stack_of(held_schema());
    REQUIRE(other.move(*other.find("spot"), other.find("wash")->handle()));
    REQUIRE(other.set_flag(*other.find("spot"), RELUME_LAYER_BYPASSED, true));
    CHECK(held_layouts(other) == layouts);
  }
  SECTION("a layer less") {
    Stack other = stack_of(held_schema());
    other.remove(*other.find("wash"));
    CHECK(held_layouts(other)[0] != layouts[0]);
  }
  const auto differs = [&](std::initializer_list<Param> params) {
    relume::Schema schema;
    schema.type("fixture", params).layer("wash", "fixture");
    return held_layouts(stack_of(schema))[0];
  };
  SECTION("key, type and labels of a parameter") {
    const std::uint64_t is = differs({Param("mode", RELUME_ENUM).labels({"a", "b"})});
    CHECK(is == differs({Param("mode", RELUME_ENUM).labels({"a", "b"})}));
    CHECK(is != differs({Param("mood", RELUME_ENUM).labels({"a", "b"})}));
    CHECK(is != differs({Param("mode", RELUME_ENUM).labels({"b", "a"})}));
    CHECK(is != differs({Param("mode", RELUME_INT)}));
    CHECK(differs({Param("x", RELUME_FLOAT).range(0, 1)}) == differs({Param("x", RELUME_FLOAT).range(0, 2)}));
  }
}
