// SPDX-License-Identifier: Apache-2.0
// relume/composer.h: three tiers of the host's arrays in, values out.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <vector>

#include "support/composer_arrays.hpp"

using relume::test::composer_def;
using relume::test::ComposerArrays;

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMs;
constexpr std::int64_t kHour = 3'600 * kSecond;

/// One slot of an engine, and what it shows.
struct Fader {
  explicit Fader(const relume_composer_def& def) : arrays(1) { REQUIRE(arrays.define(0, 1, def)); }
  float at(std::int64_t now) {
    REQUIRE(arrays.run(now) == RELUME_OK);
    return arrays.values[0].f;
  }
  std::uint32_t count_at(std::int64_t now) {
    at(now);
    return arrays.values[0].u;
  }
  bool moving() const { return arrays.moving[0] != 0; }
  bool settled() const { return arrays.told.settled_count == 1; }
  void base(float value) {
    arrays.base[0].f = value;
    ComposerArrays::mark(arrays.base_present, 0, true);
  }
  void committed(float value) {
    arrays.committed[0].f = value;
    ComposerArrays::mark(arrays.committed_present, 0, true);
  }

  ComposerArrays arrays;
};

relume_composer_def gliding(double range = 1, std::int64_t smoothing_ns = kSecond, std::int64_t settle_ns = 0) {
  return composer_def(RELUME_COMPOSER_FLOAT, range, smoothing_ns, settle_ns);
}

bool same(const std::vector<relume_slot>& a, const std::vector<relume_slot>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0;
}

}  // namespace

TEST_CASE("Composer: the topmost tier that is present wins", "[composer]") {
  relume_composer_def def = composer_def(RELUME_COMPOSER_STEP);
  def.default_value.i = -3;
  Fader fader(def);
  ComposerArrays& arrays = fader.arrays;
  arrays.base[0].i = 1;
  arrays.committed[0].i = 2;
  arrays.overlay[0].i = 3;
  for (unsigned present = 0; present < 8; ++present) {
    ComposerArrays::mark(arrays.base_present, 0, (present & 1U) != 0);
    ComposerArrays::mark(arrays.committed_present, 0, (present & 2U) != 0);
    ComposerArrays::mark(arrays.overlay_present, 0, (present & 4U) != 0);
    fader.at(kMs * present);
    CHECK(arrays.values[0].i == (present >= 4 ? 3 : present >= 2 ? 2 : present == 1 ? 1 : -3));
    CHECK_FALSE(fader.moving());
  }
}

TEST_CASE("Composer: a tier without a mask is present everywhere, one without values nowhere", "[composer]") {
  Fader fader(composer_def(RELUME_COMPOSER_STEP));
  fader.arrays.base[0].i = 1;
  fader.arrays.committed[0].i = 2;
  relume_composer_input in = fader.arrays.input(0);
  relume_composer_output out = fader.arrays.output();
  in.base_present = nullptr;
  in.committed = nullptr;
  in.committed_present = nullptr;
  in.overlay = nullptr;
  REQUIRE(relume_composer_run(&in, fader.arrays.scratch.data(), 1, &out, nullptr) == RELUME_OK);
  CHECK(fader.arrays.values[0].i == 1);
  in.committed = fader.arrays.committed.data();
  REQUIRE(relume_composer_run(&in, fader.arrays.scratch.data(), 1, &out, nullptr) == RELUME_OK);
  CHECK(fader.arrays.values[0].i == 2);
}

TEST_CASE("Composer: the first call shows automation at once", "[composer]") {
  Fader fader(gliding());
  fader.arrays.automate(0, 0.75F);
  CHECK(fader.at(5 * kSecond) == 0.75F);
  CHECK_FALSE(fader.moving());
}

TEST_CASE("Composer: a new target glides from the value composed now and is exact when it has arrived", "[composer]") {
  Fader fader(gliding());
  fader.committed(0.25F);
  CHECK(fader.at(0) == 0.25F);
  fader.arrays.automate(0, 1.0F);
  CHECK(std::fabs(fader.at(kSecond) - 0.25F) < 1e-6F);
  CHECK(fader.moving());
  CHECK(fader.at(2 * kSecond) == Approx(1.0 - 0.75 * std::exp(-1.0)).margin(1e-6));
  fader.arrays.automate(0, 0.0F);  // in the middle of the way
  const float middle = fader.at(2 * kSecond + 123);
  CHECK(middle == Approx(1.0 - 0.75 * std::exp(-1.0)).margin(1e-6));
  CHECK(fader.at(3 * kSecond + 123) == Approx(static_cast<double>(middle) * std::exp(-1.0)).margin(1e-6));
  // Arrived within 1e-4 of the range: after ln(middle / 1e-4) time constants and not before.
  const double way = std::log(static_cast<double>(middle) * 1e4);
  const auto arrival = 2 * kSecond + 123 + static_cast<std::int64_t>(way * 1e9);
  CHECK(fader.at(arrival - kMs) > 0.0F);
  CHECK(fader.moving());
  CHECK(fader.at(arrival + kMs) == 0.0F);
  CHECK_FALSE(fader.moving());
}

TEST_CASE("Composer: automation that is gone glides back, what changes below steps", "[composer]") {
  Fader fader(gliding());
  fader.committed(0.0F);
  fader.arrays.automate(0, 1.0F);
  CHECK(fader.at(0) == 1.0F);
  fader.committed(0.5F);
  CHECK(fader.at(kMs) == 1.0F);  // under the automation
  CHECK_FALSE(fader.moving());
  fader.arrays.release(0);
  CHECK(std::fabs(fader.at(kSecond) - 1.0F) < 1e-6F);
  CHECK(fader.at(2 * kSecond) == Approx(0.5 + 0.5 * std::exp(-1.0)).margin(1e-6));
  fader.committed(0.125F);  // an operator's hand
  CHECK(fader.at(2 * kSecond + kMs) == 0.125F);
  CHECK_FALSE(fader.moving());
}

TEST_CASE("Composer: automation taken again on its way back begins where it is", "[composer]") {
  Fader fader(gliding());
  fader.committed(0.0F);
  fader.arrays.automate(0, 1.0F);
  fader.at(0);
  fader.arrays.release(0);
  fader.at(kMs);
  const float before = fader.at(500 * kMs);
  fader.arrays.automate(0, 1.0F);
  CHECK(fader.at(500 * kMs) == before);
  CHECK(fader.at(1500 * kMs) == Approx(1.0 + (static_cast<double>(before) - 1.0) * std::exp(-1.0)).margin(1e-6));
}

TEST_CASE("Composer: what is no float never blends", "[composer]") {
  for (const std::uint32_t kind : {RELUME_COMPOSER_STEP, RELUME_COMPOSER_TRIGGER}) {
    Fader fader(composer_def(kind));
    fader.count_at(0);
    fader.arrays.overlay[0].u = 7;
    ComposerArrays::mark(fader.arrays.overlay_present, 0, true);
    CHECK(fader.count_at(1) == 7);
    fader.arrays.release(0);
    CHECK(fader.count_at(2) == 0);
    CHECK_FALSE(fader.moving());
  }
  Fader nobody(composer_def(RELUME_COMPOSER_NONE));
  nobody.base(1);
  nobody.committed(2);
  nobody.arrays.automate(0, 3);
  CHECK(nobody.count_at(0) == 0);
}

TEST_CASE("Composer: a trigger counts the pulses of operators and of automation together, and wraps", "[composer]") {
  Fader fader(composer_def(RELUME_COMPOSER_TRIGGER, 0, 0, 10 * kMs));
  ComposerArrays& arrays = fader.arrays;
  ComposerArrays::mark(arrays.base_present, 0, true);
  ComposerArrays::mark(arrays.committed_present, 0, true);
  arrays.base[0].u = 0xfffffffeU;
  arrays.committed[0].u = 5;
  CHECK(fader.count_at(0) == 3);
  arrays.overlay[0].u = 6;
  ComposerArrays::mark(arrays.overlay_present, 0, true);
  CHECK(fader.count_at(kMs) == 4);
  arrays.base[0].u += 1;  // an operator's pulse does not keep automation from settling
  CHECK(fader.count_at(10 * kMs) == 5);
  CHECK_FALSE(fader.settled());
  CHECK(fader.count_at(11 * kMs) == 5);
  CHECK(fader.settled());
  arrays.committed[0].u = 6;
  arrays.release(0);
  CHECK(fader.count_at(12 * kMs) == 5);
  ComposerArrays::mark(arrays.base_present, 0, false);
  CHECK(fader.count_at(13 * kMs) == 6);
}

TEST_CASE("Composer: what is not finite steps, and so does a way that is longer than a float", "[composer]") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float most = std::numeric_limits<float>::max();
  for (const float strange : {infinity, std::numeric_limits<float>::quiet_NaN(), -most}) {
    Fader fader(gliding(0));
    fader.committed(most);
    fader.at(0);
    fader.arrays.automate(0, strange);
    const float shown = fader.at(kMs);
    CHECK(std::bit_cast<std::uint32_t>(shown) == std::bit_cast<std::uint32_t>(strange));
    CHECK_FALSE(fader.moving());
    fader.arrays.release(0);
    CHECK(fader.at(2 * kMs) == most);
    CHECK_FALSE(fader.moving());
  }
}

TEST_CASE("Composer: a settle is told of once, when nothing has changed for its time and it has arrived",
          "[composer]") {
  Fader fader(gliding(1, 10 * kMs, 500 * kMs));
  fader.committed(0);
  fader.at(0);
  fader.arrays.automate(0, 1.0F);
  const std::int64_t begun = 7 * kSecond + 1;
  fader.at(begun);
  CHECK(fader.arrays.waiting[0] == 1);
  fader.at(begun + 500 * kMs - 1);
  CHECK_FALSE(fader.settled());
  fader.at(begun + 500 * kMs);
  CHECK(fader.settled());
  CHECK(fader.arrays.settled[0] == 0);
  CHECK(fader.arrays.waiting[0] == 0);
  fader.at(begun + kHour);
  CHECK_FALSE(fader.settled());

  SECTION("committing it shows no change") {
    fader.committed(1.0F);
    fader.arrays.release(0);
    CHECK(fader.at(begun + 2 * kHour) == 1.0F);
    CHECK_FALSE(fader.moving());
  }
  SECTION("a change begins its time anew") {
    fader.arrays.automate(0, 0.5F);
    fader.at(begun + 2 * kHour);
    fader.at(begun + 2 * kHour + 499 * kMs);
    CHECK_FALSE(fader.settled());
    fader.at(begun + 2 * kHour + 500 * kMs);
    CHECK(fader.settled());
  }
  SECTION("and so do a release and the same value again") {
    fader.arrays.release(0);
    fader.at(begun + 2 * kHour);
    fader.at(begun + 3 * kHour);
    CHECK_FALSE(fader.settled());
    fader.arrays.automate(0, 1.0F);
    fader.at(begun + 4 * kHour);
    CHECK_FALSE(fader.settled());
    fader.at(begun + 5 * kHour);
    CHECK(fader.settled());
  }
}

TEST_CASE("Composer: a glide that is longer than the settle time settles when it arrives", "[composer]") {
  Fader fader(gliding(1, kSecond, kMs));
  fader.at(0);
  fader.arrays.automate(0, 1.0F);
  fader.at(0);
  fader.at(9 * kSecond);  // 9.21 time constants are 1e-4
  CHECK(fader.moving());
  CHECK_FALSE(fader.settled());
  fader.at(10 * kSecond);
  CHECK_FALSE(fader.moving());
  CHECK(fader.settled());
}

TEST_CASE("Composer: what finds no room among the settled is told of later", "[composer]") {
  ComposerArrays arrays(300);
  REQUIRE(arrays.define(0, 300, composer_def(RELUME_COMPOSER_STEP, 0, 0, kSecond)));
  for (std::size_t i = 0; i < 300; ++i) arrays.automate(i, 1.0F);
  REQUIRE(arrays.run(0) == RELUME_OK);
  const relume_composer_input in = arrays.input(kSecond);
  std::vector<std::uint32_t> told;
  std::uint32_t left = 0;
  for (int call = 0; call < 5; ++call) {
    relume_composer_output out = arrays.output();
    out.settled = call == 0 ? nullptr : out.settled;  // nobody asks
    out.settled_capacity = call == 0 ? 0 : 128;
    REQUIRE(relume_composer_run(&in, arrays.scratch.data(), arrays.blocks, &out, nullptr) == RELUME_OK);
    told.insert(told.end(), arrays.settled.begin(), arrays.settled.begin() + out.settled_count);
    left = out.settled_left;
    CHECK(left == (call == 1 ? 172U : call == 2 ? 44U : 0U));
  }
  REQUIRE(told.size() == 300);
  for (std::uint32_t i = 0; i < 300; ++i) CHECK(told[i] == i);
}

TEST_CASE("Composer: a clock that goes back counts as no time", "[composer]") {
  Fader fader(gliding());
  fader.at(0);
  fader.arrays.automate(0, 1.0F);
  fader.at(10 * kSecond);
  const float reached = fader.at(11 * kSecond);
  CHECK(fader.at(3 * kSecond) == reached);
  CHECK(fader.at(-5) == reached);
  CHECK(fader.at(11 * kSecond) == reached);
  CHECK(fader.at(11 * kSecond + kMs) > reached);
}

TEST_CASE("Composer: time ends with the 64 bits and not before", "[composer]") {
  Fader fader(gliding(1, kSecond, 10 * kSecond));
  fader.at(0);
  fader.arrays.automate(0, 1.0F);
  constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
  fader.at(end - 12 * kSecond);
  CHECK(fader.at(end - 11 * kSecond) == Approx(1.0 - std::exp(-1.0)).margin(1e-6));
  fader.arrays.automate(0, 0.0F);
  fader.at(end - 9 * kSecond);
  fader.at(end);  // settles after that
  CHECK(fader.at(end) < 0.01F);
  CHECK_FALSE(fader.settled());
}

TEST_CASE("Composer: a slot that was forgotten shows its value at once, its neighbours glide on", "[composer]") {
  ComposerArrays arrays(200);
  REQUIRE(arrays.define(0, 200, gliding()));
  REQUIRE(arrays.run(0) == RELUME_OK);
  for (std::size_t i = 0; i < 200; ++i) arrays.automate(i, 1.0F);
  REQUIRE(arrays.run(kMs) == RELUME_OK);
  REQUIRE(relume_composer_forget(arrays.scratch.data(), arrays.blocks, 60, 10, nullptr) == RELUME_OK);
  REQUIRE(arrays.run(2 * kMs) == RELUME_OK);
  for (std::size_t i = 0; i < 200; ++i) CHECK((arrays.values[i].f == 1.0F) == (i >= 60 && i < 70));
  CHECK(arrays.told.moving_count == 190);
}

TEST_CASE("Composer: blocks that are not named stay as they are", "[composer]") {
  ComposerArrays arrays(64 * 4 + 10);
  REQUIRE(arrays.define(0, arrays.slots, gliding()));
  REQUIRE(arrays.run(0) == RELUME_OK);
  for (std::size_t i = 0; i < arrays.slots; ++i) arrays.automate(i, 1.0F);
  REQUIRE(arrays.run(kMs) == RELUME_OK);
  ComposerArrays all = arrays;
  REQUIRE(all.run(kSecond) == RELUME_OK);
  const std::vector<relume_slot> before = arrays.values;

  const std::array<std::uint32_t, 3> named{4, 1, 1};
  relume_composer_input in = arrays.input(kSecond);
  relume_composer_output out = arrays.output();
  in.blocks = named.data();
  in.block_count = named.size();
  REQUIRE(relume_composer_run(&in, arrays.scratch.data(), arrays.blocks, &out, nullptr) == RELUME_OK);
  for (std::size_t i = 0; i < arrays.slots; ++i) {
    const bool is_named = i / 64 == 4 || i / 64 == 1;
    CHECK(arrays.values[i].u == (is_named ? all.values[i].u : before[i].u));
  }
  // Once all of them were, nothing tells it from a call for all at that time.
  in.blocks = nullptr;
  in.block_count = 0;
  REQUIRE(relume_composer_run(&in, arrays.scratch.data(), arrays.blocks, &out, nullptr) == RELUME_OK);
  CHECK(same(arrays.values, all.values));

  in.blocks = named.data();
  in.block_count = 0;  // none
  REQUIRE(relume_composer_run(&in, arrays.scratch.data(), arrays.blocks, &out, nullptr) == RELUME_OK);
  CHECK(out.moving_count == 0);
}

TEST_CASE("Composer: the same curve at every frame rate, after two days and across the wrap of the ticks",
          "[composer]") {
  // Targets change, come and go at quarters of a second, where frames of all four rates are; the ideal is followed in double.
  constexpr std::int64_t kWrap = std::int64_t{1} << 48U;  // 2^32 ticks: 78 hours
  const std::int64_t starts[] = {0, 48 * kHour + 12'345'678, kWrap - 10 * kSecond + 1};
  const std::array<std::int64_t, 4> rates{24, 44, 60, 1000};
  constexpr int kQuarters = 240;
  double off_ideal = 0;
  double off_each_other = 0;
  for (const std::int64_t start : starts) {
    std::array<std::vector<float>, 4> shown;
    std::vector<double> ideal;
    for (std::size_t r = 0; r < rates.size(); ++r) {
      Fader fader(gliding(1, 700 * kMs));
      fader.committed(0.25F);
      double value = 0.25;
      double target = 0.25;
      double smallest = 0;  // of the way: within it, it has arrived
      for (int quarter = 0; quarter < kQuarters; ++quarter) {
        if (quarter > 0 && quarter % 5 == 0) {
          const bool held = quarter % 15 != 0;
          const auto next = static_cast<float>((quarter * 37) % 101) / 100.0F;
          held ? fader.arrays.automate(0, next) : fader.arrays.release(0);
          target = held ? static_cast<double>(next) : 0.25;
          smallest = 1e-4;
        }
        if (r == 0) ideal.push_back(std::fabs(value - target) <= smallest ? target : value);
        for (std::int64_t frame = 0; frame < rates[r] / 4; ++frame) {
          const std::int64_t passed = (quarter * (rates[r] / 4) + frame) * kSecond / rates[r];
          const float now = fader.at(start + passed);
          if (frame == 0) shown[r].push_back(now);
        }
        value = target + (value - target) * std::exp(-0.25 / 0.7);
      }
    }
    for (std::size_t i = 0; i < kQuarters; ++i) {
      for (std::size_t r = 0; r < rates.size(); ++r) {
        off_ideal = std::max(off_ideal, std::fabs(static_cast<double>(shown[r][i]) - ideal[i]));
        off_each_other = std::max(off_each_other, std::fabs(static_cast<double>(shown[r][i] - shown[0][i])));
      }
    }
  }
  std::printf("24, 44, 60 and 1,000 Hz: off the ideal by %.3g, off each other by %.3g of the range\n", off_ideal,
              off_each_other);
  CHECK(off_ideal < 1e-6);
  CHECK(off_each_other == 0);
}

TEST_CASE("Composer: glides and settles of days, seen every hour or once in years", "[composer]") {
  constexpr std::int64_t tau = 30 * kHour;
  // The first is no name: GENERATE would keep a reference to it, and make all its values references like that.
  const auto step = GENERATE(1 * kHour, 19 * kHour, 77 * kHour, 1000 * kHour);
  Fader fader(gliding(1, tau, RELUME_COMPOSER_SETTLE_MAX_NS));
  fader.at(0);
  fader.arrays.automate(0, 1.0F);
  const std::int64_t begun = 5 * kHour + 1;
  fader.at(begun);
  bool told = false;
  for (std::int64_t now = begun + step; now < begun + 300 * kHour + 2 * step; now += step) {
    const auto shown = static_cast<double>(fader.at(now));
    const double ideal = 1.0 - std::exp(-static_cast<double>(now - begun) / static_cast<double>(tau));
    if (ideal < 1 - 1.1e-4) {
      CHECK(fader.moving());
      CHECK(std::fabs(shown - ideal) < 2e-6);
    } else if (ideal > 1 - 0.9e-4) {
      CHECK(shown == 1.0);
    }
    if (fader.settled()) {
      CHECK_FALSE(told);
      CHECK_FALSE(fader.moving());
      told = true;
    }
  }
  CHECK(told);

  Fader steps(composer_def(RELUME_COMPOSER_STEP, 0, 0, RELUME_COMPOSER_SETTLE_MAX_NS));
  steps.arrays.automate(0, 1.0F);
  steps.at(begun);
  if (step < RELUME_COMPOSER_SETTLE_MAX_NS) {
    steps.at(begun + step);
    CHECK_FALSE(steps.settled());
  }
  steps.at(begun + RELUME_COMPOSER_SETTLE_MAX_NS - 1);
  CHECK_FALSE(steps.settled());
  steps.at(begun + RELUME_COMPOSER_SETTLE_MAX_NS);
  CHECK(steps.settled());
}
