// SPDX-License-Identifier: Apache-2.0
// Reading, changing and automating one value without a library, in the order in which the benchmarks of the show do it:
// arrays, and hash tables by route. Neither validates, publishes to another thread, tells anybody, or outlives the process.
#include <cstring>

#include "live/page_tree.hpp"
#include "map_show.hpp"
#include "naive_show.hpp"
#include "percentiles.hpp"
#include "rig.hpp"

namespace {

using namespace relume;
using namespace relume::bench;

constexpr std::size_t kHot = 512;  // read in a row, as a renderer reads a layer

MapShow filled_map() {
  MapShow map(kShow, kLayerParams, kPersisted);
  for (const std::string& route : map.routes) map.commit(route, kCommitted);
  return map;
}

void read_array(benchmark::State& state) {
  const std::vector<float> values(kShow, kCommitted);
  std::size_t i = 0;
  measure_in_batches(
      state, 4096, [] {},
      [&] {
        benchmark::DoNotOptimize(values[i]);
        i = (i + 1) % kHot;
      });
}
BENCHMARK(read_array)->Name("array/read")->Iterations(10'000)->UseManualTime();

void read_map(benchmark::State& state) {
  const MapShow map = filled_map();
  std::size_t i = 0;
  bool wrong = false;
  measure_in_batches(
      state, 4096, [] {},
      [&] {
        wrong |= std::get<float>(*map.read(map.routes[i])) != kCommitted;
        i = (i + 1) % kHot;
      });
  if (wrong) state.SkipWithError("a value was not what had been written");
}
BENCHMARK(read_map)->Name("map/read_by_route")->Iterations(2000)->UseManualTime();

void mutate_map(benchmark::State& state) {
  MapShow map = filled_map();
  std::mt19937 random(1);
  std::size_t i = 0;
  float value = 0;
  measure_each(
      state,
      [&] {
        i = random() % map.routes.size();
        value += 0x1p-20F;
      },
      [&] { map.commit(map.routes[i], value); });
  if (std::get<float>(*map.read(map.routes[i])) != value) state.SkipWithError("a value was not written");
}
BENCHMARK(mutate_map)->Name("map/mutate_by_route")->Iterations(500'000)->UseManualTime();

/// The least that publication to a reader costs where nobody may see half of a change: a page of 64 values is copied,
/// and its copy is changed.
void copy_page(benchmark::State& state) {
  constexpr std::size_t pages = kArtNet / core::kBlockSlots;
  std::vector<core::SavedBlock> tree(pages);
  std::vector<core::SavedBlock> spare(64);
  std::mt19937 random(1);
  std::size_t from = 0, to = 0;
  measure_each(
      state,
      [&] {
        from = random() % pages;
        to = (to + 1) % spare.size();
      },
      [&] {
        std::memcpy(&spare[to], &tree[from], sizeof tree[from]);
        spare[to].persisted[from % core::kBlockSlots] ^= 1U;
        benchmark::ClobberMemory();
      });
}
BENCHMARK(copy_page)->Name("array/copy_page_in_16777216")->Iterations(300'000)->UseManualTime();

constexpr std::size_t kWritten = 4096;

/// For one thread: nothing here could be read while it is written.
void automate_array(benchmark::State& state) {
  NaiveShow naive(kWritten, static_cast<float>(kSmoothing));
  std::int64_t now = 0;
  std::size_t i = 0;
  float value = 0;
  measure_in_batches(
      state, 1024, [&] { naive.compose(now += kFrame); },
      [&] {
        naive.glide(i, value += 0x1p-24F, now);
        benchmark::ClobberMemory();
        i = (i + 1) % kWritten;
      });
}
BENCHMARK(automate_array)->Name("array/automate")->Iterations(5000)->UseManualTime();

void automate_map(benchmark::State& state) {
  MapShow map(kWritten, kLayerParams, kPersisted);
  std::size_t i = 0;
  float value = 0;
  measure_in_batches(
      state, 1024, [] {},
      [&] {
        map.automate(map.routes[i], value += 0x1p-24F);
        i = (i + 1) % kWritten;
      });
}
BENCHMARK(automate_map)->Name("map/automate_by_route")->Iterations(2000)->UseManualTime();

/// Of the show itself, by route as the hash tables do it.
void read_by_route(benchmark::State& state) {
  Rig rig(kShow, nullptr, 512);
  rig.fill_tiers();
  const MapShow names(kHot, kHot, 0);
  const Frame frame = rig.frame();
  std::size_t i = 0;
  bool wrong = false;
  measure_in_batches(
      state, 4096, [] {},
      [&] {
        relume_param param{0};
        wrong |= relume_param_find(rig.show.get(), names.routes[i].c_str(), &param, nullptr) != RELUME_OK ||
                 relume_frame_at(&*frame, param)->f != kCommitted;
        i = (i + 1) % kHot;
      });
  if (wrong) state.SkipWithError("a value was not found, or not what had been written");
}
BENCHMARK(read_by_route)->Name("read/by_route")->Iterations(1000)->UseManualTime();

void mutate_by_route(benchmark::State& state) {
  const Place place;
  Rig rig(kShow, &place, 512);
  const MapShow names(kShow, kLayerParams, 0);
  std::mt19937 random(1);
  Values values;
  std::size_t i = 0, count = 0;
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  std::uint64_t wrong = 0;
  measure_each(
      state,
      [&] {
        i = random() % names.routes.size();
        if (++count % 64 == 0) rig.compose();
      },
      [&] {
        relume_param param{0};
        const relume_value value = values.next();
        wrong += relume_param_find(rig.show.get(), names.routes[i].c_str(), &param, nullptr) != RELUME_OK;
        relume_value_set(rig.show.get(), param, &value, &outcome, nullptr);
        wrong += outcome.state != RELUME_STATE_CHANGED;
      });
  if (wrong > 0) state.SkipWithError("a mutation did not change the state");
}
BENCHMARK(mutate_by_route)->Name("mutation/by_route_mirrored")->Iterations(300'000)->UseManualTime();

}  // namespace
