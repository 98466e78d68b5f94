// SPDX-License-Identifier: Apache-2.0
// Values on their way from a saved show into today's: what stays as it is goes by whole blocks, and must come to the same as a look
// at every parameter.
#include <array>
#include <bit>
#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "model/conversion.hpp"
#include "persistence/recovery.hpp"
#include "persistence/restore.hpp"
#include "support/every_type.hpp"
#include "support/rounds.hpp"

using namespace relume;
using namespace relume::core;

namespace {

constexpr std::uint32_t kSlots = 16 * kBlockSlots;

// "gaps" and "dense" fill two blocks of their own, one of them with slots between that are no parameter's; "every" and "odd" begin and end within blocks.
relume::Schema schema_of(double most, double initial, int gap_count = 32) {
  std::vector<Param> dense;
  for (int i = 0; i < 128; ++i) {
    dense.push_back(
        Param("d" + std::to_string(i), RELUME_FLOAT).range(0, most).initial(scalar(static_cast<float>(initial))));
  }
  std::vector<Param> gaps;
  for (int i = 0; i < gap_count; ++i) gaps.push_back(Param("g" + std::to_string(i), RELUME_VEC3).range(0, most));
  std::vector<Param> every = relume::test::every_param();
  every.push_back(Param("fire", RELUME_TRIGGER));
  relume::Schema schema;
  schema.type("dense", dense).type("gaps", gaps).type("every", every);
  schema.type("odd", {Param("x", RELUME_VEC3).range(0, most), Param("y", RELUME_FLOAT), Param("z", RELUME_VEC2)});
  schema.layer("between", "gaps")
      .layer("first", "dense")
      .layer("a", "every")
      .layer("b", "odd")
      .layer("c", "every")
      .layer("last", "dense");
  for (int i = 0; i < 9; ++i) schema.layer("more" + std::to_string(i), "odd");
  return schema;
}

SavedStack saved_stack(const relume::Schema& schema) {
  Stack stack(64, kSlots);
  RestoredLayers layers;
  REQUIRE(!restore_defaults(schema.get()->schema, stack, layers));
  SavedStack saved;
  REQUIRE(!decode_stack(encode_stack(stack), saved));
  return saved;
}

struct Expected {
  std::vector<SavedBlock> blocks{kSlots / kBlockSlots};
  std::uint32_t cleared = 0;
};

// One parameter after the other, as it is written down in DESIGN: kept, clamped or cleared.
Expected expect(const SavedStack& saved, const Stack& now, const std::vector<SavedBlock>& blocks) {
  Expected out;
  for (std::size_t n = 0; n < saved.layers.size(); ++n) {
    const Layer& layer = *now.order()[n];
    for (const ParamDef& from : saved.layers[n].type->params()) {
      const ParamDef& to = *layer.type->find(from.key);
      const std::uint32_t old = saved.layers[n].first_slot + from.slot;
      const std::uint32_t old_lane = old % kBlockSlots;
      const std::uint32_t slot = layer.first_slot + to.slot;
      const std::uint32_t lane = slot % kBlockSlots;
      const SavedBlock& was = blocks[old / kBlockSlots];
      SavedBlock& is = out.blocks[slot / kBlockSlots];
      for (std::uint32_t i = 0; i < to.lanes; ++i) is.persisted[lane + i] = to.initial[i];
      for (const bool committed : {false, true}) {
        if (((committed ? was.committed_present : was.persisted_present) >> old_lane & 1U) == 0) continue;
        Lanes value{};
        Lanes fits{};
        for (std::uint32_t i = 0; i < to.lanes; ++i)
          value[i] = (committed ? was.committed : was.persisted)[old_lane + i];
        if (convert(from, to, value, fits) == Fit::cleared) {
          ++out.cleared;
          continue;
        }
        for (std::uint32_t i = 0; i < to.lanes; ++i) (committed ? is.committed : is.persisted)[lane + i] = fits[i];
        (committed ? is.committed_present : is.persisted_present) |= to.lane_mask() << lane;
      }
    }
  }
  return out;
}

class Values {
 public:
  explicit Values(std::uint32_t seed) : random_(seed) {}

  /// Mostly what a show leaves; now and then what only damage or another program would.
  std::uint32_t any(bool hostile) {
    constexpr float inf = std::numeric_limits<float>::infinity();
    const std::array<float, 8> odd{2.0F,  -1.0F, inf,  -inf, std::numeric_limits<float>::quiet_NaN(),
                                   -0.0F, 1e30F, 0.75F};
    if (hostile && random_() % 40 == 0) return std::bit_cast<std::uint32_t>(odd[random_() % odd.size()]);
    if (hostile && random_() % 40 == 0) return static_cast<std::uint32_t>(random_() % 5);
    return std::bit_cast<std::uint32_t>(static_cast<float>(random_() % 101) / 100.0F);
  }
  std::uint64_t bits() {
    const std::uint64_t some = random_();
    return some % 3 == 0 ? 0 : some % 3 == 1 ? ~std::uint64_t{0} : (std::uint64_t{random_()} << 32U | random_());
  }
  std::vector<SavedBlock> blocks(bool hostile) {
    std::vector<SavedBlock> blocks(kSlots / kBlockSlots);
    for (SavedBlock& block : blocks) {
      block.persisted_present = bits();
      block.committed_present = bits();
      for (std::uint32_t& lane : block.persisted) lane = any(hostile);
      for (std::uint32_t& lane : block.committed) lane = any(hostile);
    }
    return blocks;
  }

 private:
  std::mt19937 random_;
};

struct Restored {
  Restored(const relume::Schema& schema, const SavedStack& saved, const std::vector<SavedBlock>& blocks, Lend lend)
      : stack(64, kSlots) {
    const auto block = [&](std::uint32_t i) { return &blocks[i]; };
    REQUIRE(!restore_saved(schema.get()->schema, saved, block, lend, {}, stack, layers));
  }
  Stack stack;
  RestoredLayers layers;
};

// A state as a show leaves it: what has no value is at its default.
std::vector<SavedBlock> left_by(const relume::Schema& schema, std::uint32_t seed) {
  const SavedStack saved = saved_stack(schema);
  const std::vector<SavedBlock> wild = Values(seed).blocks(false);
  const Restored settled(schema, saved, wild, Lend::no);
  std::vector<SavedBlock> blocks;
  for (std::uint32_t i = 0; i < settled.layers.blocks.size(); ++i) blocks.push_back(settled.layers.blocks[i]);
  return blocks;
}

}  // namespace

TEST_CASE("Restore: by whole blocks it comes to the same as parameter by parameter", "[restore]") {
  const relume::Schema before = schema_of(1, 0.5);
  const SavedStack saved = saved_stack(before);
  const long count = relume::test::rounds(300, 20'000);
  for (const double most : {1.0, 0.9}) {  // the same range, and a narrower one
    const relume::Schema now = schema_of(most, 0.25);
    for (long round = 0; round < count; ++round) {
      const std::vector<SavedBlock> blocks = Values(static_cast<std::uint32_t>(round)).blocks(round % 3 != 0);
      for (const Lend lend : {Lend::no, Lend::yes}) {
        const Restored restored(now, saved, blocks, lend);
        const Expected expected = expect(saved, restored.stack, blocks);
        INFO("round " << round << ", range to " << most);
        for (std::uint32_t i = 0; i < expected.blocks.size(); ++i) {
          INFO("block " << i);
          REQUIRE(restored.layers.blocks[i] == expected.blocks[i]);
        }
        REQUIRE(restored.layers.cleared_values == expected.cleared);
        REQUIRE(restored.layers.converted_layers == 0);
      }
    }
  }
}

TEST_CASE("Restore: a block that stays as it is is lent where that is allowed, until it is owned", "[restore]") {
  const relume::Schema schema = schema_of(1, 0.5);
  const SavedStack saved = saved_stack(schema);
  const std::vector<SavedBlock> blocks = left_by(schema, 5);
  Restored lent(schema, saved, blocks, Lend::yes);
  Restored copied(schema, saved, blocks, Lend::no);
  CHECK(&lent.layers.blocks[0] == &blocks[0]);
  CHECK(&lent.layers.blocks[1] == &blocks[1]);
  CHECK(&lent.layers.blocks[2] == &blocks[2]);
  CHECK(&lent.layers.blocks[4] != &blocks[4]);  // of several layers
  lent.layers.blocks.own();
  for (std::uint32_t i = 0; i < blocks.size(); ++i) {
    CHECK(&lent.layers.blocks[i] != &blocks[i]);
    CHECK(&copied.layers.blocks[i] != &blocks[i]);
    CHECK(lent.layers.blocks[i] == blocks[i]);
  }

  // Another default, and whatever lies where nothing is: the block is not what it will be.
  std::vector<SavedBlock> sparse = left_by(schema, 6);
  sparse[2].persisted_present = 1;
  sparse[3].committed_present = 0;
  sparse[3].committed[7] = 1;
  const Restored changed(schema_of(1, 0.125), saved, sparse, Lend::yes);
  CHECK(&changed.layers.blocks[2] != &sparse[2]);
  CHECK(&changed.layers.blocks[3] != &sparse[3]);
}

TEST_CASE("Restore: what is written beside a lent block leaves the lender alone", "[restore]") {
  const SavedBlock lender{};
  RestoredBlocks blocks;
  blocks.assign_empty(3);
  blocks.edit(1).persisted[0] = 7;
  blocks.lend(0, lender);
  blocks.lend(1, lender);
  blocks.edit(0).persisted[5] = 9;
  blocks.edit(1).persisted[5] = 8;
  CHECK(lender == SavedBlock{});
  CHECK(blocks[0].persisted[5] == 9);
  CHECK(blocks[1].persisted[5] == 8);
  CHECK(blocks[1].persisted[0] == 0);
  CHECK(blocks[2] == SavedBlock{});
}

TEST_CASE("Restore: a state at rest has its own values, whatever becomes of those it was made from", "[restore]") {
  std::vector<SavedBlock> lender(1);
  lender[0].persisted[3] = 4;
  RestoredLayers layers;
  layers.blocks.assign_empty(2);
  layers.blocks.lend(0, lender[0]);
  const RestingState resting({}, Stack(1, 2 * kBlockSlots), std::move(layers));
  lender[0].persisted[3] = 5;
  CHECK(resting.block(0)->persisted[3] == 4);
  CHECK(*resting.block(1) == SavedBlock{});
}

TEST_CASE("Restore: when one type grows, every layer behind it takes its values along", "[restore]") {
  const SavedStack saved = saved_stack(schema_of(1, 0.5));
  const relume::Schema now = schema_of(1, 0.5, 33);
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const std::vector<SavedBlock> blocks = Values(seed).blocks(seed % 2 == 0);
    const Restored restored(now, saved, blocks, Lend::yes);
    const Expected expected = expect(saved, restored.stack, blocks);
    const Layer& grown = *restored.stack.order().front();
    INFO("seed " << seed);
    for (std::uint32_t i = 0; i < expected.blocks.size(); ++i) {
      INFO("block " << i);
      CHECK(restored.layers.blocks[i] == expected.blocks[i]);
    }
    CHECK(grown.type->slot_count() == 132);
    CHECK(restored.layers.cleared_values == expected.cleared);
    CHECK(restored.layers.converted_layers == 1);
  }
}
