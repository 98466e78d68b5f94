// SPDX-License-Identifier: Apache-2.0
// relume/composer.h under random hands: against a model that is written down slot by slot in double, and every family of processors
// against the others.
#include <catch2/catch.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "composer/families.hpp"
#include "support/composer_arrays.hpp"
#include "support/rounds.hpp"

using relume::test::composer_def;
using relume::test::ComposerArrays;

namespace {

constexpr std::int64_t kMs = 1'000'000;

// One slot as the header tells it.
struct Model {
  relume_composer_def def{};
  bool known = false;
  bool held = false;  // by automation
  std::uint32_t target = 0;
  double from = 0;  // of the glide
  std::int64_t begun = 0;
  bool gliding = false;
  std::int64_t changed = 0;
  bool told = false;

  static double as_float(std::uint32_t bits) { return static_cast<double>(std::bit_cast<float>(bits)); }
  double way_left(std::int64_t now) const {
    return (from - as_float(target)) *
           std::exp(-static_cast<double>(now - begun) / static_cast<double>(def.smoothing_ns));
  }
  double value(std::int64_t now) const { return as_float(target) + (gliding ? way_left(now) : 0.0); }
  double limit() const { return 1e-4 * std::max(def.range, std::fabs(from - as_float(target))); }

  // Of the way that is still an arrival's, in parts of it. A hair's breadth from 1 it may have arrived or not.
  double nearness(std::int64_t now) const { return std::fabs(way_left(now)) / limit(); }

  // `begun_from`: where the composer begins, which decides when it is by a hair's breadth.
  void take(std::uint32_t next, bool automation, std::int64_t now, double begun_from) {
    const bool change = next != target;
    const bool glides = def.kind == RELUME_COMPOSER_FLOAT && def.smoothing_ns >= RELUME_COMPOSER_SHORTEST_NS && known;
    if (change || automation != held || !known) {
      const double near = gliding ? nearness(now) : 2.0;
      if (near <= 1.0) gliding = false;  // it had arrived, unseen
      const double shown = near > 0.99 && near < 1.01 ? begun_from : value(now);
      gliding = glides && (automation || held) && shown != as_float(next);
      from = shown;
      begun = now;
      if (automation) {
        changed = now;
        told = false;
      }
    }
    target = next;
    held = automation;
    known = true;
  }
  bool settles(std::int64_t now) {
    if (!held || told || gliding || def.settle_ns == 0 || now - changed < def.settle_ns) return false;
    told = true;
    return true;
  }
};

// An engine's arrays beside the model of each slot; both are changed by the same hand.
class Pair {
 public:
  Pair(std::uint32_t slots, std::uint64_t seed) : arrays(slots), model_(slots), random_(seed) {
    for (std::uint32_t i = 0; i < slots; ++i) {
      relume_composer_def def = composer_def(static_cast<std::uint32_t>(random_() % 8));
      if (def.kind > RELUME_COMPOSER_TRIGGER) def.kind = RELUME_COMPOSER_FLOAT;
      const bool is_float = def.kind == RELUME_COMPOSER_FLOAT;
      if (is_float) {
        def.range = random_() % 4 == 0 ? 0.0 : 1.0;
        def.smoothing_ns = random_() % 4 == 0 ? 0 : static_cast<std::int64_t>(20 + random_() % 500) * kMs;
        def.default_value.f = number();
      }
      if (def.kind == RELUME_COMPOSER_STEP) def.default_value.u = static_cast<std::uint32_t>(random_());
      def.settle_ns = random_() % 3 == 0 ? 0 : 1 + static_cast<std::int64_t>(random_() % 800) * kMs;
      REQUIRE(arrays.define(i, 1, def));
      model_[i].def = def;
    }
  }

  void act() {
    const std::size_t slot = random_() % arrays.slots;
    const std::uint64_t what = random_() % 8;
    if (what < 4) {
      write(arrays.overlay[slot]);
      ComposerArrays::mark(arrays.overlay_present, slot, true);
    } else if (what == 4) {
      arrays.release(slot);
    } else if (what == 5) {
      write(arrays.committed[slot]);
      ComposerArrays::mark(arrays.committed_present, slot, random_() % 3 != 0);
    } else if (what == 6) {
      write(arrays.base[slot]);
      ComposerArrays::mark(arrays.base_present, slot, random_() % 3 != 0);
    } else if (random_() % 8 == 0) {
      const std::size_t count = std::min<std::size_t>(random_() % 70, arrays.slots - slot);
      REQUIRE(relume_composer_forget(arrays.scratch.data(), arrays.blocks, slot, count, nullptr) == RELUME_OK);
      for (std::size_t i = slot; i < slot + count; ++i) {
        model_[i].known = model_[i].held = model_[i].gliding = model_[i].told = false;
      }
    }
  }

  // Commits some of what has settled, as a host does.
  void commit() {
    for (std::uint32_t i = 0; i < arrays.told.settled_count; ++i) {
      const std::uint32_t slot = arrays.settled[i];
      if (random_() % 2 == 0) continue;
      arrays.committed[slot] = arrays.overlay[slot];
      ComposerArrays::mark(arrays.committed_present, slot, true);
      arrays.release(slot);
    }
  }

  void compose(std::int64_t now) {
    REQUIRE(arrays.run(now) == RELUME_OK);
    std::vector<std::uint32_t> told;
    std::uint32_t moving = 0;
    for (std::uint32_t i = 0; i < arrays.slots; ++i) {
      compose_slot(i, now);
      if (model_[i].settles(now)) told.push_back(i);
      moving += model_[i].gliding ? 1U : 0U;
      const bool waits = model_[i].held && model_[i].def.settle_ns != 0 && !model_[i].told;
      wrong += ComposerArrays::has(arrays.waiting, i) != waits ? 1U : 0U;
    }
    settled += told.size();
    wrong += told != arrays.settled_slots() ? 1U : 0U;
    wrong += moving != arrays.told.moving_count ? 1U : 0U;
  }

  std::uint64_t random(std::uint64_t below) { return random_() % below; }

  ComposerArrays arrays;
  std::uint64_t wrong = 0;
  std::uint64_t settled = 0;
  std::uint64_t glided = 0;
  double worst = 0;

 private:
  float number() { return static_cast<float>(random_() % 10'001) * 1e-4F; }
  void write(relume_slot& slot) {
    if (random_() % 4 != 0) slot.f = number();  // else the same again
  }

  void compose_slot(std::uint32_t i, std::int64_t now) {
    Model& model = model_[i];
    const bool trigger = model.def.kind == RELUME_COMPOSER_TRIGGER;
    const bool is_used = model.def.kind != RELUME_COMPOSER_NONE;
    const bool has_base = ComposerArrays::has(arrays.base_present, i) && is_used;
    const bool held = ComposerArrays::has(arrays.overlay_present, i) && is_used;
    std::uint32_t target = has_base && !trigger ? arrays.base[i].u : model.def.default_value.u;
    if (ComposerArrays::has(arrays.committed_present, i) && is_used) target = arrays.committed[i].u;
    if (held) target = arrays.overlay[i].u;
    model.take(target, held, now, Model::as_float(arrays.values[i].u));

    const bool moves = ComposerArrays::has(arrays.moving, i);
    if (model.gliding) {
      ++glided;
      const double near = model.nearness(now);
      if (near < 0.99 || (near < 1.01 && !moves)) model.gliding = false;
    }
    wrong += moves != model.gliding ? 1U : 0U;
    if (model.gliding) {
      worst = std::max(worst, std::fabs(static_cast<double>(arrays.values[i].f) - model.value(now)));
    } else {
      wrong += arrays.values[i].u != target + (trigger && has_base ? arrays.base[i].u : 0U) ? 1U : 0U;
    }
  }

  std::vector<Model> model_;
  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("Composer: random hands, frames and pauses give what the model gives", "[composer]") {
  std::uint64_t settled = 0;
  std::uint64_t glided = 0;
  double worst = 0;
  for (long seed = 0, end = relume::test::rounds(60, 6000); seed < end; ++seed) {
    const std::uint32_t sizes[] = {1, 63, 64, 65, 150, 192};
    Pair pair(sizes[seed % 6], static_cast<std::uint64_t>(seed));
    std::int64_t now = static_cast<std::int64_t>(pair.random(1'000'000)) * kMs;
    for (int frame = 0; frame < 300; ++frame) {
      const std::uint64_t acts = pair.random(4) == 0 ? pair.random(200) : pair.random(3);
      for (std::uint64_t i = 0; i < acts; ++i) pair.act();
      now += static_cast<std::int64_t>(pair.random(50 * kMs));
      if (pair.random(50) == 0) now += 5000 * kMs;
      if (pair.random(200) == 0) now += 100'000'000 * kMs;  // 28 hours
      pair.compose(now);
      pair.commit();
    }
    INFO("seed " << seed);
    CHECK(pair.wrong == 0);
    settled += pair.settled;
    glided += pair.glided;
    worst = std::max(worst, pair.worst);
  }
  CHECK(worst < 1e-6);
  CHECK(settled > 1000);
  CHECK(glided > 10'000);
}

TEST_CASE("Composer: every family composes the same bits, scratch and all", "[composer]") {
  using namespace relume::composer;
  std::size_t count = 0;
  const Family* const* all = families(count);
  std::mt19937_64 random(7);
  const auto strange = [&random]() -> relume_slot {
    relume_slot slot{};
    slot.u = static_cast<std::uint32_t>(random());
    if (random() % 3 != 0) slot.f = static_cast<float>(random() & 0xffffU) * 0x1p-16F;
    return slot;
  };
  std::uint64_t wrong = 0;
  for (long round = 0, end = relume::test::rounds(300, 30'000); round < end; ++round) {
    ComposerArrays arrays(kBlock);
    for (std::size_t i = 0; i < kBlock; ++i) {
      const auto kind = std::min<std::uint32_t>(static_cast<std::uint32_t>(random() % 8), RELUME_COMPOSER_TRIGGER);
      const bool is_float = kind == RELUME_COMPOSER_FLOAT || round % 2 == 0;
      REQUIRE(arrays.define(
          i, 1,
          is_float ? composer_def(RELUME_COMPOSER_FLOAT, 1, static_cast<std::int64_t>(random() % 100) * kMs)
                   : composer_def(kind)));
    }
    std::vector<relume_composer_scratch> scratch(count);
    std::int64_t now = static_cast<std::int64_t>(random() >> 14U);
    for (int frame = 0; frame < 40; ++frame) {
      for (std::uint64_t change = random() % 3 == 0 ? random() % 90 : 0; change > 0; --change) {
        arrays.overlay[random() % kBlock] = strange();
        arrays.committed[random() % kBlock] = strange();
        arrays.base[random() % kBlock] = strange();
      }
      if (random() % 4 == 0) arrays.overlay_present[0] = random() % 2 == 0 ? kAll : random();
      if (random() % 4 == 0) arrays.committed_present[0] = random() % 2 == 0 ? 0 : random();
      if (random() % 4 == 0) arrays.base_present[0] = random() % 2 == 0 ? kAll : random();
      now += static_cast<std::int64_t>(random() % (20 * kMs));
      const Block block{arrays.defs.data(),
                        {arrays.base.data(), arrays.base_present[0]},
                        {arrays.committed.data(), arrays.committed_present[0]},
                        {arrays.overlay.data(), arrays.overlay_present[0]}};
      std::vector<std::vector<relume_slot>> values(count, std::vector<relume_slot>(kBlock));
      for (std::size_t f = 0; f < count; ++f) {
        all[f]->compose_block(block, Moment::of(now), scratch[f], values[f].data());
        wrong += std::memcmp(values[f].data(), values[0].data(), kBlock * sizeof(relume_slot)) != 0 ? 1U : 0U;
        wrong += scratch[f].gliding != scratch[0].gliding ? 1U : 0U;
        for (std::size_t i = 0; i < kBlock; ++i) {
          const bool glides = (scratch[0].gliding >> i & 1U) != 0;  // what does not, may have been offered a NaN
          if (glides && std::memcmp(&scratch[f].from[i], &scratch[0].from[i], sizeof(float)) != 0) ++wrong;
          if (glides && scratch[f].start[i] != scratch[0].start[i]) ++wrong;
        }
      }
    }
  }
  CHECK(wrong == 0);
}
