// SPDX-License-Identifier: Apache-2.0
#include <relume/dmx.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::uint8_t kUntouched = 0xa5;

/// What the contract says, in more bits than the library has.
std::uint32_t rounded(long double x, std::uint32_t whole) {
  if (!(x > 0)) return 0;
  return static_cast<std::uint32_t>(std::floor(static_cast<long double>(whole) * std::min(x, 1.0L) + 0.5L));
}

/// Packs into the middle of a buffer and requires that nothing beside it was written.
Bytes pack(const std::vector<float>& values, std::uint32_t flags = 0, std::uint32_t tick = 0, std::size_t stride = 1) {
  const std::size_t count = (values.size() + stride - 1) / stride;
  const std::size_t size = count * ((flags & RELUME_DMX_FINE) != 0 ? 2 : 1);
  Bytes room(size + 16, kUntouched);
  REQUIRE(relume_dmx_pack(values.data(), stride, count, flags, tick, room.data() + 8, size) == RELUME_OK);
  REQUIRE(std::count(room.begin(), room.begin() + 8, kUntouched) == 8);
  REQUIRE(std::count(room.end() - 8, room.end(), kUntouched) == 8);
  return {room.begin() + 8, room.end() - 8};
}

std::uint32_t pack_one(float x, std::uint32_t flags = 0, std::uint32_t tick = 0) {
  const Bytes bytes = pack({x}, flags, tick);
  return bytes.size() == 1 ? bytes[0] : static_cast<std::uint32_t>(bytes[0] << 8U | bytes[1]);
}

relume_dmx_patch line(std::uint32_t slot, std::uint16_t lanes, std::uint16_t channel) {
  return {slot, RELUME_DMX_NO_SLOT, lanes, channel, 1, 0, 0, 0};
}

std::vector<relume_slot> slots_of(const std::vector<float>& values) {
  std::vector<relume_slot> slots(values.size());
  std::transform(values.begin(), values.end(), slots.begin(), [](float f) {
    relume_slot slot;
    slot.f = f;
    return slot;
  });
  return slots;
}

/// A universe of untouched channels, with canaries behind it.
struct Universe {
  std::array<std::uint8_t, RELUME_DMX_CHANNELS + 16> bytes;
  Universe() { bytes.fill(kUntouched); }
  relume_result pack(const std::vector<relume_dmx_patch>& patch, const std::vector<relume_slot>& slots,
                     double master = 1.0, std::uint32_t tick = 0, std::size_t* culprit = nullptr) {
    const relume_result result = relume_dmx_pack_universe(patch.data(), patch.size(), slots.data(), slots.size(),
                                                          master, tick, bytes.data(), RELUME_DMX_CHANNELS, culprit);
    REQUIRE(std::count(bytes.begin() + RELUME_DMX_CHANNELS, bytes.end(), kUntouched) == 16);
    return result;
  }
  Bytes at(std::size_t channel, std::size_t count) const {
    return {bytes.begin() + static_cast<std::ptrdiff_t>(channel),
            bytes.begin() + static_cast<std::ptrdiff_t>(channel + count)};
  }
  bool untouched() const {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == kUntouched; });
  }
};

}  // namespace

TEST_CASE("DMX: both sides of each edge between two bytes are rounded as the contract says", "[dmx]") {
  for (std::uint32_t byte = 1; byte <= 255; ++byte) {
    float x = static_cast<float>((byte - 0.5) / 255.0);
    for (int i = 0; i < 4; ++i) x = std::nextafter(x, 0.0F);
    std::uint32_t below = 0;
    for (int i = 0; i < 9; ++i, x = std::nextafter(x, 1.0F)) {
      INFO(byte << " " << i);
      REQUIRE(pack_one(x) == rounded(static_cast<long double>(x), 255));
      below += pack_one(x) < byte ? 1U : 0U;
    }
    CHECK(below >= 3);  // the edge lies in the middle of what was looked at
    CHECK(below <= 6);
  }
}

TEST_CASE("DMX: each of 65,536 values is its own pair of bytes, coarse before fine", "[dmx]") {
  std::vector<float> values;
  for (std::uint32_t i = 0; i <= 65535; ++i) values.push_back(static_cast<float>(i / 65535.0));
  const Bytes coarse_fine = pack(values, RELUME_DMX_FINE);
  const Bytes bytes = pack(values);
  for (std::uint32_t i = 0; i <= 65535; ++i) {
    REQUIRE(coarse_fine[2 * i] == i >> 8U);
    REQUIRE(coarse_fine[2 * i + 1] == (i & 255U));
    REQUIRE(bytes[i] == rounded(static_cast<long double>(values[i]), 255));
  }
}

TEST_CASE("DMX: what is no light is clamped; NaN is 0; inverted comes after that", "[dmx]") {
  CHECK(pack({-1.0F, -0.0F, 2.0F, kInfinity, -kInfinity, kNan}) == Bytes{0, 0, 255, 255, 0, 0});
  CHECK(pack({-1.0F, 0.25F, 2.0F, kNan}, RELUME_DMX_INVERT) == Bytes{255, 191, 0, 255});
  CHECK(pack({0.25F}, RELUME_DMX_INVERT | RELUME_DMX_FINE) == Bytes{0xbf, 0xff});
}

TEST_CASE("DMX: a stride takes one lane out of many", "[dmx]") {
  CHECK(pack({0.2F, 9, 9, 9, 0.4F, 9, 9, 9, 0.6F}, 0, 0, 4) == Bytes{51, 102, 153});
}

TEST_CASE("DMX: no values need no room, and too little room writes nothing", "[dmx][error]") {
  CHECK(relume_dmx_pack(nullptr, 1, 0, 0, 0, nullptr, 0) == RELUME_OK);
  const std::vector<float> values(4, 1.0F);
  Bytes room(8, kUntouched);
  CHECK(relume_dmx_pack(values.data(), 1, 4, 0, 0, room.data(), 3) == RELUME_E_RANGE);
  CHECK(relume_dmx_pack(values.data(), 1, 4, RELUME_DMX_FINE, 0, room.data(), 7) == RELUME_E_RANGE);
  CHECK(relume_dmx_pack(values.data(), 1, SIZE_MAX / 2 + 1, RELUME_DMX_FINE, 0, room.data(), 8) == RELUME_E_RANGE);
  CHECK(relume_dmx_pack(nullptr, 1, 4, 0, 0, room.data(), 8) == RELUME_E_INVALID);
  CHECK(relume_dmx_pack(values.data(), 1, 4, 0, 0, nullptr, 8) == RELUME_E_INVALID);
  CHECK(relume_dmx_pack(values.data(), 1, 4, 8, 0, room.data(), 8) == RELUME_E_INVALID);
  CHECK(room == Bytes(8, kUntouched));
  CHECK(relume_dmx_pack(values.data(), 1, 4, RELUME_DMX_FINE, 0, room.data(), 8) == RELUME_OK);
  CHECK(room == Bytes(8, 255));
}

TEST_CASE("DMX: dithered, the mean over any 2^k ticks is the value to within 1/2^k of a step", "[dmx][dither]") {
  std::mt19937 random(20261121);
  const std::uint32_t flags =
      GENERATE(RELUME_DMX_DITHER, RELUME_DMX_DITHER | RELUME_DMX_FINE, RELUME_DMX_DITHER | RELUME_DMX_INVERT);
  const bool wide = (flags & RELUME_DMX_FINE) != 0;
  for (int round = 0; round < 40; ++round) {
    const float x = std::uniform_real_distribution<float>(0.0F, 1.0F)(random);
    const double light = (flags & RELUME_DMX_INVERT) != 0 ? 1.0 - static_cast<double>(x) : static_cast<double>(x);
    const double steps = (wide ? 65535.0 : 255.0) * light;
    // Among others, so that a channel other than the first is looked at too.
    std::vector<float> values(static_cast<std::size_t>(round) + 1, 0.0F);
    values.back() = x;
    const auto first = static_cast<std::uint32_t>(random());  // an unaligned window, over the end of the ticks at times
    double sum = 0;
    std::uint32_t ticks = 0;
    for (unsigned k = 0; k <= (wide ? 8U : 10U); ++k) {
      const std::uint32_t length = 1U << k;
      for (; ticks < length; ++ticks) {
        const Bytes bytes = pack(values, flags, first + ticks);
        sum += wide ? bytes[bytes.size() - 2] * 256.0 + bytes.back() : bytes.back();
      }
      INFO("x " << x << " from " << first << " over " << length);
      REQUIRE(std::abs(sum / length - steps) < 1.0 / length);
    }
  }
}

TEST_CASE("DMX: dithered over the whole period, the mean is the value to within half of the smallest part",
          "[dmx][dither]") {
  const float x = 100.123456F / 255.0F;
  double sum = 0;
  for (std::uint32_t tick = 0; tick < 65536; ++tick) sum += pack_one(x, RELUME_DMX_DITHER, tick);
  CHECK(std::abs(sum / 65536 - 255.0 * static_cast<double>(x)) <= 0.5 / 65536);
}

TEST_CASE("DMX: dithered, a value that stands for a whole step rests on it in every tick", "[dmx][dither]") {
  std::vector<float> bytes;
  std::vector<float> pairs;
  for (std::uint32_t i = 0; i <= 255; ++i) bytes.push_back(static_cast<float>(i) / 255.0F);
  for (std::uint32_t i = 0; i <= 65535; ++i) pairs.push_back(static_cast<float>(i) / 65535.0F);
  const Bytes rest = pack(bytes);
  for (std::uint32_t tick = 0; tick < 65536; ++tick) {
    if (pack(bytes, RELUME_DMX_DITHER, tick) != rest) FAIL("a byte moved in tick " << tick);
  }
  const Bytes rest_16 = pack(pairs, RELUME_DMX_FINE);
  for (std::uint32_t tick = 0; tick < 256; ++tick) {
    if (pack(pairs, RELUME_DMX_FINE | RELUME_DMX_DITHER, tick) != rest_16) FAIL("a pair moved in tick " << tick);
  }
}

TEST_CASE("DMX: dithering is a function of value, channel and tick; neighbours do not step together", "[dmx][dither]") {
  const std::vector<float> half(512, 100.5F / 255.0F);
  for (std::uint32_t tick = 0; tick < 64; ++tick) {
    const Bytes bytes = pack(half, RELUME_DMX_DITHER, tick);
    CHECK(bytes == pack(half, RELUME_DMX_DITHER, tick));
    const auto high = std::count(bytes.begin(), bytes.end(), std::uint8_t{101});
    CHECK(high > 512 * 45 / 100);
    CHECK(high < 512 * 55 / 100);
    CHECK(high + std::count(bytes.begin(), bytes.end(), std::uint8_t{100}) == 512);
  }
}

TEST_CASE("DMX: a universe is packed line by line, and what is not patched stays", "[dmx][patch]") {
  Universe universe;
  const std::vector<relume_slot> slots = slots_of({0.5F, 0.0F, 0.0F, 0.0F, 1.0F, 0.5F, 0.25F, 0.8F});
  relume_dmx_patch tubes = line(4, 3, 10);  // a colour to three fixtures of 4 channels
  tubes.level = 0;
  tubes.fixtures = 3;
  tubes.stride = 4;
  relume_dmx_patch pan = line(6, 1, 510);
  pan.flags = RELUME_DMX_FINE;
  relume_dmx_patch shutter = line(RELUME_DMX_NO_SLOT, 2, 0);
  shutter.flags = RELUME_DMX_INVERT;
  REQUIRE(universe.pack({tubes, pan, shutter}, slots, 0.5) == RELUME_OK);
  CHECK(universe.at(0, 4) == Bytes{255, 255, kUntouched, kUntouched});
  CHECK(universe.at(9, 14) ==
        Bytes{kUntouched, 64, 32, 16, kUntouched, 64, 32, 16, kUntouched, 64, 32, 16, kUntouched, kUntouched});
  CHECK(universe.at(508, 4) == Bytes{kUntouched, kUntouched, 0x20, 0x00});
  REQUIRE(universe.pack({tubes}, slots, std::numeric_limits<double>::quiet_NaN()) == RELUME_OK);
  CHECK(universe.at(10, 3) == Bytes{0, 0, 0});
}

TEST_CASE("DMX: a line that reaches beyond frame or universe is named, and nothing is written", "[dmx][patch][error]") {
  const std::vector<relume_slot> slots = slots_of(std::vector<float>(8, 1.0F));
  const auto refused = [&](const relume_dmx_patch& bad, relume_result why) {
    Universe universe;
    std::size_t culprit = 99;
    CHECK(universe.pack({line(0, 1, 0), bad, line(99, 1, 0)}, slots, 1.0, 0, &culprit) == why);
    CHECK(culprit == 1);
    CHECK(universe.untouched());
    CHECK(universe.pack({bad}, slots) == why);
  };
  refused(line(8, 1, 0), RELUME_E_RANGE);
  refused(line(5, 4, 0), RELUME_E_RANGE);
  refused(line(0xfffffffeU, 4, 0), RELUME_E_RANGE);
  refused(line(0, 4, 509), RELUME_E_RANGE);
  refused(line(0, 1, 512), RELUME_E_RANGE);
  relume_dmx_patch bad = line(0, 1, 511);
  bad.flags = RELUME_DMX_FINE;
  refused(bad, RELUME_E_RANGE);
  bad = line(0, 1, 0);
  bad.level = 8;
  refused(bad, RELUME_E_RANGE);
  bad = line(0, 3, 2);
  bad.fixtures = 170;
  bad.stride = 3;
  CHECK(Universe().pack({bad}, slots) == RELUME_OK);
  ++bad.fixtures;
  refused(bad, RELUME_E_RANGE);
  bad = {0, 0, 0x7fff, 0xffff, 0xffff, 0xffff, RELUME_DMX_FINE, 0};
  refused(bad, RELUME_E_RANGE);
  bad = line(0, 3, 0);
  bad.fixtures = 2;
  bad.stride = 2;
  refused(bad, RELUME_E_INVALID);
  bad = line(0, 1, 0);
  bad.flags = 8;
  refused(bad, RELUME_E_INVALID);
  bad = line(0, 1, 0);
  bad.reserved = 1;
  refused(bad, RELUME_E_INVALID);
  Universe universe;
  CHECK(universe.pack({}, slots) == RELUME_OK);
  const relume_dmx_patch good = line(0, 1, 0);
  CHECK(relume_dmx_pack_universe(nullptr, 1, slots.data(), 8, 1, 0, universe.bytes.data(), 512, nullptr) ==
        RELUME_E_INVALID);
  CHECK(relume_dmx_pack_universe(&good, 1, nullptr, 8, 1, 0, universe.bytes.data(), 512, nullptr) == RELUME_E_INVALID);
  CHECK(relume_dmx_pack_universe(&good, 1, slots.data(), 8, 1, 0, nullptr, 512, nullptr) == RELUME_E_INVALID);
}

TEST_CASE("DMX: whatever the patch, a universe is what a plain model makes of it", "[dmx][patch][property]") {
  std::mt19937 random(20261122);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<float> values(1 + below(24));
    for (float& value : values) {
      value = below(16) == 0 ? kNan : std::uniform_real_distribution<float>(-0.2F, 1.2F)(random);
    }
    const std::vector<relume_slot> slots = slots_of(values);
    const double master = std::uniform_real_distribution<double>(0.0, 1.0)(random);
    std::vector<relume_dmx_patch> patch(below(4));
    std::array<std::uint8_t, RELUME_DMX_CHANNELS> expected;
    expected.fill(kUntouched);
    bool good = true;
    for (relume_dmx_patch& l : patch) {
      l.slot = below(8) == 0 ? RELUME_DMX_NO_SLOT : below(26);
      l.level = below(2) == 0 ? RELUME_DMX_NO_SLOT : below(26);
      l.lanes = static_cast<std::uint16_t>(below(6));
      l.channel = static_cast<std::uint16_t>(below(520));
      l.fixtures = static_cast<std::uint16_t>(below(60));
      l.stride = static_cast<std::uint16_t>(below(12));
      l.flags = below(4);  // dithering has its own tests
      l.reserved = 0;
      for (std::size_t f = 0; f < std::max<std::size_t>(l.fixtures, 1); ++f) {
        for (std::size_t i = 0; i < l.lanes; ++i) {
          const bool wide = (l.flags & RELUME_DMX_FINE) != 0;
          const std::size_t channel = l.channel + f * l.stride + i * (wide ? 2 : 1);
          const bool there = l.slot == RELUME_DMX_NO_SLOT || l.slot + i < slots.size();
          const bool levelled = l.level == RELUME_DMX_NO_SLOT || l.level < slots.size();
          good = good && there && levelled && channel + (wide ? 1 : 0) < expected.size();
          if (!good) continue;
          const double x = l.slot == RELUME_DMX_NO_SLOT ? 0.0 : static_cast<double>(values[l.slot + i]);
          const double level = l.level == RELUME_DMX_NO_SLOT ? 1.0 : static_cast<double>(values[l.level]);
          long double light = static_cast<long double>(x * level * master);
          if ((l.flags & RELUME_DMX_INVERT) != 0) {
            light = static_cast<long double>(1.0 - (light > 0 ? std::min(static_cast<double>(light), 1.0) : 0.0));
          }
          const std::uint32_t whole = rounded(light, wide ? 65535 : 255);
          if (wide) expected[channel] = static_cast<std::uint8_t>(whole >> 8U);
          expected[channel + (wide ? 1 : 0)] = static_cast<std::uint8_t>(whole);
        }
      }
      if (l.lanes == 0)
        good = good && l.channel + (std::max<std::size_t>(l.fixtures, 1) - 1) * l.stride <= 512 &&
               (l.slot == RELUME_DMX_NO_SLOT || l.slot < slots.size()) &&
               (l.level == RELUME_DMX_NO_SLOT || l.level < slots.size());
    }
    for (const relume_dmx_patch& l : patch) {
      const bool overlap = l.fixtures > 1 && l.stride < l.lanes * ((l.flags & RELUME_DMX_FINE) != 0 ? 2 : 1);
      good = good && !overlap;
    }
    Universe universe;
    const relume_result result = universe.pack(patch, slots, master);
    REQUIRE((result == RELUME_OK) == good);
    accepted += good ? 1 : 0;
    if (good) {
      REQUIRE(std::equal(expected.begin(), expected.end(), universe.bytes.begin()));
    } else {
      REQUIRE(universe.untouched());
    }
  }
  CHECK(accepted > 2000);
}
