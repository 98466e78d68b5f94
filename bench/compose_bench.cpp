// SPDX-License-Identifier: Apache-2.0
// What a frame costs the thread that composes it, and a value the thread that reads it.
#include "beside.hpp"

namespace {

using namespace relume;
using namespace relume::bench;

/// The rig has glided all the while, or the figures are of something else.
void check_glide(benchmark::State& state, Rig& rig, std::int64_t moving) {
  if (rig.moving() != moving) state.SkipWithError("not as many parameters glided as should have");
}

void compose_frames(benchmark::State& state, Rig& rig, std::int64_t moving) {
  measure_each(state, [&] { static_cast<void>(rig.reader.acquire()); }, [&] { rig.compose(); });
  state.SetItemsProcessed(state.iterations() * moving);
  check_glide(state, rig, moving);
}

void compose_dense(benchmark::State& state) {
  Rig rig(kShow, nullptr, kShow);
  rig.fill_tiers();
  rig.glide(kShow);
  compose_frames(state, rig, kShow);
  copy_beside(state, kShow, 1000);
  naive_beside(state, rig, 500);
  map_beside(state, rig, 50);
}
BENCHMARK(compose_dense)->Name("compose/262144_dense_all_tiers")->Iterations(1000)->UseManualTime();

void compose_one_percent(benchmark::State& state) {
  Rig rig(kShow, nullptr, kShow);
  rig.fill_tiers();
  rig.glide(kShow / 100);
  compose_frames(state, rig, kShow / 100);
  copy_beside(state, kShow / 100, 1000);
  naive_beside(state, rig, 1000);
  map_beside(state, rig, 50);
}
BENCHMARK(compose_one_percent)->Name("compose/262144_1_percent")->Iterations(20'000)->UseManualTime();

void compose_art_net_one_percent(benchmark::State& state) {
  if (!memory_available(4)) return state.SkipWithError(kNoMemory);
  Rig rig(kArtNet, nullptr, kArtNet / 100);
  rig.glide(kArtNet / 100);
  compose_frames(state, rig, kArtNet / 100);
  state.counters["memory_bytes"] = private_bytes();
  copy_beside(state, kArtNet / 100, 300);
  naive_beside(state, rig, 20);
}
BENCHMARK(compose_art_net_one_percent)->Name("compose/16777216_1_percent")->Iterations(300)->UseManualTime();

/// All tiers dense, everything gliding; and after each frame a copy of as many bytes as the frame reads and writes.
void compose_art_net_dense(benchmark::State& state) {
  if (!memory_available(13)) return state.SkipWithError(kNoMemory);
  Rig rig(kArtNet, nullptr, kArtNet);
  rig.fill_tiers();
  rig.glide(kArtNet);
  const double memory = private_bytes();
  PlainCopy copy(kArtNet);
  Samples copies(state.max_iterations);
  Samples frames(state.max_iterations);
  for (auto _ : state) {
    const double frame = nanoseconds_of([&] { rig.compose(); });
    static_cast<void>(rig.reader.acquire());
    copies.add(nanoseconds_of(copy));
    state.SetIterationTime(frame * 1e-9);
    frames.add(frame);
  }
  state.SetItemsProcessed(state.iterations() * kArtNet);
  state.SetBytesProcessed(state.iterations() * copy.bytes_read_and_written());
  frames.report(state);
  copies.report(state, "copy_");
  state.counters["share_of_copy_bandwidth"] = copies.percentile(0.5) / frames.percentile(0.5);
  check_glide(state, rig, kArtNet);
  state.counters["memory_bytes"] = memory;
  naive_beside(state, rig, 20);
}
BENCHMARK(compose_art_net_dense)->Name("compose/16777216_all_moving")->Iterations(20)->UseManualTime();

void compose_after_one_mutation(benchmark::State& state) {
  Rig rig(state.range(0), nullptr, 512);
  std::size_t i = 0;
  Values values;
  measure_each(state, [&] { rig.show.set(rig.all[i++ % rig.all.size()], values.next()); }, [&] { rig.compose(); });
}
BENCHMARK(compose_after_one_mutation)
    ->Name("compose/after_one_mutation")
    ->Arg(4096)
    ->Arg(kShow)
    ->Iterations(100'000)
    ->UseManualTime();

void compose_nothing_new(benchmark::State& state) {
  Rig rig(kShow, nullptr, 512);
  measure_in_batches(state, 256, [] {}, [&] { rig.compose(); });
}
BENCHMARK(compose_nothing_new)->Name("compose/262144_nothing_new")->Iterations(10'000)->UseManualTime();

void read_by_handle(benchmark::State& state) {
  Rig rig(kShow, nullptr, 512);
  const Frame frame = rig.frame();
  std::size_t i = 0;
  measure_in_batches(
      state, 4096, [] {},
      [&] {
        benchmark::DoNotOptimize(relume_frame_at(&*frame, rig.all[i])->u);
        i = (i + 1) & 511U;
      });
}
BENCHMARK(read_by_handle)->Name("read/by_handle")->Iterations(10'000)->UseManualTime();

}  // namespace
