// SPDX-License-Identifier: Apache-2.0
// Which slot a picture's time falls into. Live runs hide an error here behind the client's start offset, so it is tested
// by itself.
#include <catch2/catch.hpp>

#include "decklink/virtual_card/slot_time.hpp"

#include <cstdint>
#include <limits>

using namespace rig::decklink::card;

namespace {

constexpr FrameRate k5994{1001, 60000};
constexpr FrameRate k50{1000, 50000};
constexpr std::int64_t kNano = 1'000'000'000;
constexpr std::int64_t kFrameNs = 16'683'333;  // a frame of 59.94 in whole nanoseconds: a third of one too short
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("Slots: 59.94 counted in nanoseconds is right for 100,000 frames", "[decklink][slots]") {
  std::int64_t wrong = 0;
  std::int64_t wrong_if_truncated = 0;
  for (std::int64_t k = 0; k < 100'000; ++k) {
    wrong += slot_of({k * kFrameNs, kNano}, {0, kNano}, k5994) != k;
    wrong_if_truncated += k * kFrameNs * k5994.scale / (k5994.duration * kNano) != k;
  }
  CHECK(wrong == 0);
  CHECK(wrong_if_truncated == 99'999);  // why it rounds
}

TEST_CASE("Slots: rounding holds until the client's own error is half a frame", "[decklink][slots]") {
  CHECK(slot_of({25'000'000 * kFrameNs, kNano}, {0, kNano}, k5994) == 25'000'000);
  CHECK(slot_of({25'050'000 * kFrameNs, kNano}, {0, kNano}, k5994) == 25'049'999);
}

TEST_CASE("Slots: the start may be any time in any scale", "[decklink][slots]") {
  for (std::int64_t k = -5; k < 5; ++k) {
    CHECK(slot_of({k * 1001 + 3003, 60000}, {3003, 60000}, k5994) == k);
    CHECK(slot_of({1'000'000 + k * 20'000'000, kNano}, {1, 1000}, k50) == k);
  }
}

TEST_CASE("Slots: halves go up, on both sides of zero", "[decklink][slots]") {
  CHECK(slot_of({1499, 50000}, {0, 1}, k50) == 1);
  CHECK(slot_of({1500, 50000}, {0, 1}, k50) == 2);
  CHECK(slot_of({-500, 50000}, {0, 1}, k50) == 0);
  CHECK(slot_of({-501, 50000}, {0, 1}, k50) == -1);
}

TEST_CASE("Slots: what does not fit has none, and a scale that is none has none", "[decklink][slots]") {
  CHECK_FALSE(slot_of({kMost, 1}, {0, 1}, k5994));
  CHECK_FALSE(slot_of({kMost, kMost}, {-kMost, kMost}, k5994));
  CHECK_FALSE(slot_of({0, 0}, {0, 1}, k50));
  CHECK_FALSE(slot_of({0, 1}, {0, -1}, k50));
  CHECK(slot_of({kMost, kNano}, {0, kNano}, k5994));  // 292 years of nanoseconds do
  CHECK_FALSE(rescaled({kMost, 1}, 2));
  CHECK(rescaled({kMost, kMost}, kMost) == kMost);
}

TEST_CASE("Slots: times are rescaled downwards", "[decklink][slots]") {
  CHECK(rescaled({1001, 60000}, 48000) == 800);
  CHECK(rescaled({-1, 60000}, 48000) == -1);
  CHECK(rescaled({5 * 1001, 60000}, 48000) == 4004);
}

TEST_CASE("Slots: a frame fills the nearest number of slots, at least one", "[decklink][slots]") {
  CHECK(slots_of_length({kFrameNs, kNano}, k5994) == 1);
  CHECK(slots_of_length({2000, 50000}, k50) == 2);
  CHECK(slots_of_length({1, kNano}, k50) == 1);
}

TEST_CASE("Slots: the nearest slot is that of the first output frame that is not before the picture's time",
          "[decklink][slots]") {
  for (const FrameRate rate : {k5994, k50}) {
    for (std::int64_t ns = 1; ns < 200'000'000; ns += 777'777) {
      std::int64_t first = 0;
      while (slot_middle_ns(first, rate) < ns) ++first;
      CHECK(slot_of({ns, kNano}, {0, 1}, rate) == first);
    }
  }
  CHECK(slot_middle_ns(0, k50) == 10'000'000);
  CHECK(slot_middle_ns(1, k5994) == 25'025'000);
}
