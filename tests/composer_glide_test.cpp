// SPDX-License-Identifier: Apache-2.0
// The arithmetic of glides: the same bits from every family of processors, close to the ideal, at any age.
#include <catch2/catch.hpp>

#include <array>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "composer/families.hpp"
#include "composer/glide_loop.hpp"
#include "support/rounds.hpp"

using namespace relume::composer;

namespace {

std::vector<const Family*> all_families() {
  std::size_t count = 0;
  const Family* const* first = families(count);
  return {first, first + count};
}

template <class T>
std::uint32_t bits(T value) {
  return std::bit_cast<std::uint32_t>(value);
}

// What a float can be that glides: everything finite, the strange ones more often than chance would have it.
class Floats {
 public:
  explicit Floats(std::uint64_t seed) : random_(seed) {}

  float any() {
    switch (random_() % 8) {
      case 0: return 0.0F;
      case 1: return -0.0F;
      case 2: return sign() * std::bit_cast<float>(static_cast<std::uint32_t>(random_() & 0x7fffffU));  // denormal
      case 3: return sign() * FLT_MAX;
      case 4: return sign() * std::ldexp(unit(), static_cast<int>(random_() % 250) - 125);
      default: return sign() * unit();
    }
  }
  float rate() {
    if (random_() % 16 == 0) return 0.0F;
    return static_cast<float>(std::exp2(-13.0 - static_cast<double>(random_() % 4000) / 100.0));  // 10 us to 100 days
  }
  float near() { return random_() % 2 == 0 ? 0.0F : std::fabs(any()); }
  // Of all ages, of none, from the future, and on both sides of the wrap.
  std::uint32_t start(std::uint32_t now) {
    switch (random_() % 4) {
      case 0: return now;
      case 1: return now - static_cast<std::uint32_t>(random_() % 2000);
      case 2: return now + static_cast<std::uint32_t>(random_() % 2000);
      default: return static_cast<std::uint32_t>(random_());
    }
  }
  Moment moment() {
    const auto tick =
        random_() % 4 == 0 ? static_cast<std::uint32_t>(random_() % 64) - 32 : static_cast<std::uint32_t>(random_());
    return {tick, static_cast<float>(random_() % 4 == 0 ? 0 : random_() % 65536)};
  }
  Mask mask() {
    switch (random_() % 4) {
      case 0: return kAll;
      case 1: return random_() & random_() & random_() & random_() & random_();  // a few
      case 2: return Mask{1} << (random_() % 64);
      default: return random_();
    }
  }
  std::uint64_t raw() { return random_(); }

 private:
  float sign() { return random_() % 2 == 0 ? 1.0F : -1.0F; }
  float unit() { return static_cast<float>(random_() & 0xffffffU) * 0x1p-24F; }

  std::mt19937_64 random_;
};

template <std::size_t Count>
struct Arrays {
  std::array<float, Count> to{}, from{}, rate{}, near{};
  std::array<std::uint32_t, Count> start{};

  void draw(Floats& floats, const Moment& now) {
    for (std::size_t i = 0; i < Count; ++i) {
      to[i] = floats.any();
      from[i] = floats.any();
      rate[i] = floats.rate();
      near[i] = floats.near();
      start[i] = floats.start(now.tick);
    }
  }
  Glides glides() const { return {to.data(), from.data(), start.data(), rate.data(), near.data()}; }
};

}  // namespace

TEST_CASE("Glide: every family of processors is tested here that this one has", "[composer]") {
  std::string names;
  for (const Family* family : all_families()) names += std::string(" ") + family->name;
  std::printf("families of loops:%s; used: %s\n", names.c_str(), fastest().name);
  CHECK(all_families().front() == &portable);
  CHECK(all_families().back() == &fastest());
}

TEST_CASE("Glide: every family gives the bits of one glide alone", "[composer]") {
  constexpr std::size_t kCount = 1021;  // no multiple of a vector
  Floats floats(1);
  Arrays<kCount> arrays;
  std::array<float, kCount> alone{};
  std::array<float, kCount> out{};
  std::uint64_t wrong = 0;
  std::uint64_t arrivals = 0;
  for (long round = 0, end = relume::test::rounds(4000, 400'000); round < end; ++round) {
    const Moment now = floats.moment();
    arrays.draw(floats, now);
    bool some = false;
    for (std::size_t i = 0; i < kCount; ++i) {
      bool arrived = false;
      alone[i] =
          value_at(arrays.to[i], {arrays.from[i], arrays.start[i]}, arrays.rate[i], arrays.near[i], now, arrived);
      if (arrived && bits(alone[i]) != bits(arrays.to[i])) ++wrong;
      some = some || arrived;
      arrivals += arrived ? 1U : 0U;
    }
    for (const Family* family : all_families()) {
      out.fill(-1.0F);
      if (family->values_at(arrays.glides(), kCount, now, out.data()) != some) ++wrong;
      if (std::memcmp(out.data(), alone.data(), sizeof out) != 0) ++wrong;
    }
  }
  CHECK(wrong == 0);
  CHECK(arrivals > 100'000);
}

TEST_CASE("Glide: every family composes a block of glides as one by one", "[composer]") {
  Floats floats(2);
  Arrays<kBlock> arrays;
  std::array<float, kBlock> alone{};
  std::array<float, kBlock> out{};
  std::uint64_t wrong = 0;
  for (long round = 0, end = relume::test::rounds(40'000, 4'000'000); round < end; ++round) {
    const Moment now = floats.moment();
    const Mask gliding = floats.mask();
    arrays.draw(floats, now);
    Mask there = 0;
    for (std::size_t i = 0; i < kBlock; ++i) {
      bool arrived = false;
      const float value =
          value_at(arrays.to[i], {arrays.from[i], arrays.start[i]}, arrays.rate[i], arrays.near[i], now, arrived);
      const bool glides = (gliding >> i & 1U) != 0;
      alone[i] = glides ? value : arrays.to[i];
      there |= Mask{glides && arrived} << i;
    }
    for (const Family* family : all_families()) {
      out.fill(-1.0F);
      if (family->glide_block(arrays.glides(), gliding, now, out.data()) != there) ++wrong;
      if (std::memcmp(out.data(), alone.data(), sizeof out) != 0) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("Glide: every family begins a block of glides as one by one", "[composer]") {
  Floats floats(3);
  std::uint64_t wrong = 0;
  std::uint64_t begun_at_all = 0;
  for (long round = 0, end = relume::test::rounds(40'000, 4'000'000); round < end; ++round) {
    const Moment now = floats.moment();
    const Mask lanes = floats.mask();
    Arrays<kBlock> arrays;
    arrays.draw(floats, now);
    if (round % 4 == 0) arrays.to[floats.raw() % kBlock] = std::numeric_limits<float>::infinity();
    if (round % 4 == 1) arrays.near[floats.raw() % kBlock] = std::numeric_limits<float>::quiet_NaN();
    if (round % 4 == 2) arrays.near[7] = arrays.to[7];
    const float* const value = arrays.near.data();  // what is shown now
    Mask begun = 0;
    std::array<float, kBlock> from = arrays.from;
    std::array<std::uint32_t, kBlock> start = arrays.start;
    for (std::size_t i = 0; i < kBlock; ++i) {
      if ((lanes >> i & 1U) == 0) continue;
      Anchor anchor{};
      const bool can = begin(value[i], arrays.to[i], arrays.rate[i], now, anchor);
      begun |= Mask{can && value[i] != arrays.to[i]} << i;
      from[i] = anchor.from;
      start[i] = anchor.start;
    }
    begun_at_all |= begun;
    for (const Family* family : all_families()) {
      std::array<float, kBlock> got = arrays.from;
      std::array<std::uint32_t, kBlock> got_start = arrays.start;
      if (family->begin_block({value, arrays.to.data(), arrays.rate.data()}, lanes, now, got.data(),
                              got_start.data()) != begun)
        ++wrong;
      if (got_start != start) ++wrong;
      for (std::size_t i = 0; i < kBlock; ++i) {
        if (!std::isnan(from[i]) || !std::isnan(got[i])) wrong += bits(got[i]) != bits(from[i]) ? 1U : 0U;
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(begun_at_all == kAll);
}

TEST_CASE("Glide: the bits are those of every other compiler and processor", "[composer]") {
  // Made with g++ 12 and clang 21: a build that fuses, reorders or has another library's exponential gives others.
  constexpr std::uint64_t kAgreed = 0x8c9b8c3aa95ab7efU;
  for (const Family* family : all_families()) {
    std::mt19937_64 random(3);
    std::uint64_t sum = 0;
    const auto add = [&sum](const std::array<float, kBlock>& values) {
      for (const float value : values) sum = sum * 1'099'511'628'211U ^ bits(value);
    };
    const auto draw = [&random](std::uint64_t below) { return static_cast<float>(random() % below); };
    for (int round = 0; round < 20'000; ++round) {
      Arrays<kBlock> arrays;
      Moment now{};
      now.tick = static_cast<std::uint32_t>(random());
      now.rest = draw(65536);
      for (std::size_t i = 0; i < kBlock; ++i) {
        arrays.to[i] = draw(1'000'001) * 1e-6F;
        arrays.from[i] = draw(1'000'001) * 1e-3F;
        arrays.rate[i] = 1.0F / (10'000.0F + draw(1'000'000'000));
        arrays.start[i] = now.tick - static_cast<std::uint32_t>(random() % 100'000);
      }
      std::array<float, kBlock> out{};
      std::array<float, kBlock> anchors{};
      sum = sum * 31 + family->glide_block(arrays.glides(), kAll, now, out.data());
      add(out);
      sum = sum * 31 + family->begin_block({out.data(), arrays.from.data(), arrays.rate.data()}, kAll, now,
                                           anchors.data(), arrays.start.data());
      add(anchors);
    }
    INFO(family->name);
    CHECK(sum == kAgreed);
  }
}

TEST_CASE("Glide: the exponential is exact to a few units of the last place", "[composer]") {
  double worst = 0;
  double worst_at = 0;
  for (std::uint32_t i = 0; i <= bits(44.0F); i += i < bits(0x1p-32F) ? 10'007 : 37) {
    const auto x = std::bit_cast<float>(i);
    const double ideal = std::exp(-static_cast<double>(x));
    const double error = std::fabs(static_cast<double>(exp_minus(x)) - ideal) / ideal;
    if (error > worst) {
      worst = error;
      worst_at = static_cast<double>(x);
    }
  }
  std::printf("e^-x, 0 to 44: relative error at most %.3g, at %.6g\n", worst, worst_at);
  // The argument is a float too: its product with 1 / ln 2 is off by up to 2^-24 of up to 64, which is most of this.
  CHECK(worst < 4e-6);
  CHECK(exp_minus(0.0F) == 1.0F);
  CHECK(exp_minus(1e30F) == 0x1p-64F);
  CHECK(exp_minus(std::numeric_limits<float>::infinity()) == 0x1p-64F);

  // Of the way that is left, which is what a frame shows: an error counts by how far it still is.
  double shown = 0;
  for (float x = 0; x < 10.0F; x += 1e-5F)
    shown = std::max(shown, std::fabs(static_cast<double>(exp_minus(x)) - std::exp(-static_cast<double>(x))));
  std::printf("e^-x, 0 to 10: absolute error at most %.3g\n", shown);
  CHECK(shown < 1.2e-7);

  double worst_double = 0;
  for (double x = -690; x < 690; x += 0.00137)
    worst_double = std::max(worst_double, std::fabs(exp_double(x) - std::exp(x)) / std::exp(x));
  std::printf("e^x in double, -690 to 690: relative error at most %.3g\n", worst_double);
  CHECK(worst_double < 5e-16);
  CHECK(exp_double(0.0) == 1.0);
  CHECK(exp_double(-1e300) > 0.0);
  CHECK(std::isfinite(exp_double(1e300)));
}

TEST_CASE("Glide: a beginning between two ticks shows the value that it began from", "[composer]") {
  Floats floats(4);
  double worst = 0;
  double worst_later = 0;
  for (long round = 0, end = relume::test::rounds(400'000, 40'000'000); round < end; ++round) {
    const auto tau = static_cast<std::int64_t>(kShortest * std::exp2(static_cast<double>(floats.raw() % 3000) / 100.0));
    const float rate = rate_of(tau);
    const std::int64_t begun = static_cast<std::int64_t>(floats.raw() >> 12U);
    const float value = static_cast<float>(floats.raw() % 1'000'001) * 1e-6F;
    const float to = static_cast<float>(floats.raw() % 1'000'001) * 1e-6F;
    Anchor anchor{};
    REQUIRE(begin(value, to, rate, Moment::of(begun), anchor));
    bool arrived = false;
    // With the arrival of a range of 1, so that what is shown early in the shortest glides is no arrival either.
    const float first = value_at(to, anchor, rate, kArrival, Moment::of(begun), arrived);
    if (!arrived) worst = std::max(worst, std::fabs(static_cast<double>(first) - static_cast<double>(value)));
    const std::int64_t later = begun + static_cast<std::int64_t>(floats.raw() % static_cast<std::uint64_t>(8 * tau));
    const float second = value_at(to, anchor, rate, kArrival, Moment::of(later), arrived);
    const double ideal =
        static_cast<double>(to) + (static_cast<double>(value) - static_cast<double>(to)) *
                                      std::exp(-static_cast<double>(later - begun) / static_cast<double>(tau));
    if (!arrived) worst_later = std::max(worst_later, std::fabs(static_cast<double>(second) - ideal));
  }
  std::printf("glides of a range of 1, 10 us to 3 hours: at the beginning off by %.3g, later by %.3g\n", worst,
              worst_later);
  CHECK(worst < 1e-6);
  CHECK(worst_later < 1e-6);
}

TEST_CASE("Glide: what cannot be anchored steps", "[composer]") {
  const Moment now = Moment::of(123'456'789);
  Anchor anchor{};
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float rate = rate_of(1'000'000);
  CHECK(begin(0.0F, 1.0F, rate, now, anchor));
  CHECK_FALSE(begin(0.0F, 1.0F, 0.0F, now, anchor));
  CHECK_FALSE(begin(infinity, 1.0F, rate, now, anchor));
  CHECK_FALSE(begin(0.0F, infinity, rate, now, anchor));
  CHECK_FALSE(begin(nan, 1.0F, rate, now, anchor));
  CHECK_FALSE(begin(0.0F, nan, rate, now, anchor));
  CHECK_FALSE(begin(FLT_MAX, -FLT_MAX, rate, now, anchor));
  CHECK_FALSE(begin(FLT_MAX, -FLT_MAX, rate, Moment::of(kTick), anchor));  // the anchor itself would be a float
  CHECK(rate_of(kShortest) > 0.0F);
  CHECK(rate_of(kShortest - 1) == 0.0F);
  CHECK(rate_of(0) == 0.0F);
  CHECK(rate_of(-1) == 0.0F);
}
