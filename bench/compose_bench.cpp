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

/// The frame after three changes of the type of 16,384 automated parameters against the frame after one: their work grows with
/// them, so the ratio is near three, and not with their square.
void compose_changes_of_type(benchmark::State& state) {
  constexpr int kLayers = 128;
  constexpr int kParams = 128;
  const auto type = [](int begin) {
    std::vector<Param> params;
    for (int i = 0; i < begin; ++i) params.emplace_back("new-" + std::to_string(i), RELUME_VEC4);
    for (int i = 0; i < kParams; ++i) params.emplace_back("p-" + std::to_string(i), RELUME_FLOAT);
    return LayerType("t", params);
  };
  Schema schema;
  schema.type(type(0));
  for (int i = 0; i < kLayers; ++i) schema.layer("l-" + std::to_string(i), "t");
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.flags = RELUME_SHOW_NO_THREADS;
  options.max_layers = kLayers;
  options.max_slots = 8 * kLayers * (kParams + 256);
  Show show(schema, options);
  relume_source_options source_options = RELUME_SOURCE_OPTIONS_INIT;
  source_options.max_params = kLayers * kParams;
  source_options.commit_policy = RELUME_COMMIT_RENDER_ONLY;
  Source source = show.source(source_options);
  for (int layer = 0; layer < kLayers; ++layer) {
    for (int n = 0; n < kParams; ++n) {
      const relume_param param = show.param("l-" + std::to_string(layer) + "/p-" + std::to_string(n));
      if (source.write(param, scalar(0.5F), 0) != RELUME_OK) return state.SkipWithError("automation was refused");
    }
  }
  std::int64_t now = 1;
  show.compose(now);
  int added = 0;
  const auto frame_after = [&](int changes) {
    for (int i = 0; i < changes; ++i) show.commit_type(show.prepare_type(type(++added)));
    return nanoseconds_of([&] { show.compose(now += kFrame); });
  };
  Samples once(state.max_iterations);
  Samples thrice(state.max_iterations);
  for (auto _ : state) {
    once.add(frame_after(1));
    const double frame = frame_after(3);
    state.SetIterationTime(frame * 1e-9);
    thrice.add(frame);
  }
  thrice.report(state);
  once.report(state, "once_");
  state.counters["ratio"] = thrice.percentile(0.5) / once.percentile(0.5);
  if (show.explain(show.param("l-0/p-0")).winner != RELUME_TIER_TRANSIENT) state.SkipWithError("automation was lost");
}
BENCHMARK(compose_changes_of_type)->Name("compose/after_changes_of_type")->Iterations(12)->UseManualTime();

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
