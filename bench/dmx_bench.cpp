// SPDX-License-Identifier: Apache-2.0
// What the bytes of a DMX universe cost the thread that sends them.
#include <relume/dmx.h>

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "percentiles.hpp"

namespace {

using namespace relume::bench;

using Channels = std::array<std::uint8_t, 2 * RELUME_DMX_CHANNELS>;

std::vector<relume_slot> random_slots(std::size_t count) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> value(0.0F, 1.0F);
  std::vector<relume_slot> slots(count);
  for (relume_slot& slot : slots) slot.f = value(random);
  return slots;
}

void pack(benchmark::State& state, std::uint32_t flags) {
  const std::vector<relume_slot> slots = random_slots(RELUME_DMX_CHANNELS);
  Channels channels{};
  std::uint32_t tick = 0;
  bool good = true;
  measure_in_batches(
      state, 64, [] {},
      [&] {
        good &=
            relume_dmx_pack(&slots[0].f, 1, slots.size(), flags, ++tick, channels.data(), channels.size()) == RELUME_OK;
        benchmark::ClobberMemory();
      });
  if (!good) state.SkipWithError("a universe was refused");
}
BENCHMARK_CAPTURE(pack, 8_bit, 0U)->Name("dmx/pack_512")->Iterations(2000)->UseManualTime();
BENCHMARK_CAPTURE(pack, 16_bit, RELUME_DMX_FINE)->Name("dmx/pack_512_of_16_bit")->Iterations(2000)->UseManualTime();
BENCHMARK_CAPTURE(pack, dither, RELUME_DMX_DITHER)->Name("dmx/pack_512_dithered")->Iterations(2000)->UseManualTime();

/// 170 fixtures of red, green and blue, each with a level of its own.
void pack_universe(benchmark::State& state) {
  constexpr std::uint16_t kFixtures = 170;
  const std::vector<relume_slot> slots = random_slots(kFixtures * 8);
  std::vector<relume_dmx_patch> patch;
  for (std::uint16_t i = 0; i < kFixtures; ++i) {
    patch.push_back({i * 8U + 4U, i * 8U, 3, static_cast<std::uint16_t>(i * 3), 1, 0, 0, 0});
  }
  Channels channels{};
  bool good = true;
  measure_in_batches(
      state, 64, [] {},
      [&] {
        good &= relume_dmx_pack_universe(patch.data(), patch.size(), slots.data(), slots.size(), 0.5, 0,
                                         channels.data(), RELUME_DMX_CHANNELS, nullptr) == RELUME_OK;
        benchmark::ClobberMemory();
      });
  if (!good) state.SkipWithError("a universe was refused");
}
BENCHMARK(pack_universe)->Name("dmx/universe_of_170_fixtures")->Iterations(2000)->UseManualTime();

}  // namespace
