// SPDX-License-Identifier: Apache-2.0
// What a change costs whoever makes it: an operator's mutation, and an automation value.
#include <pthread.h>

#include <atomic>
#include <thread>

#include "mutator.hpp"
#include "percentiles.hpp"
#include "rig.hpp"

namespace {

using namespace relume;
using namespace relume::bench;

void measure_mutations(benchmark::State& state, Rig& rig, std::uint32_t level) {
  Mutator mutator(rig, level);
  measure_each(state, [&] { mutator.choose(); }, [&] { mutator.mutate(); });
  mutator.report(state);
}

void mutation_mirrored(benchmark::State& state) {
  const Place place;
  Rig rig(kShow, &place, 512);
  measure_mutations(state, rig, RELUME_LEVEL_MIRRORED);
}
BENCHMARK(mutation_mirrored)->Name("mutation/by_handle_mirrored")->Iterations(500'000)->UseManualTime();

/// Without a mirror nearly all of a mutation is its publication: validation, the copy of a page and its path, the new
/// root.
void mutation_art_net(benchmark::State& state) {
  if (!memory_available(3)) return state.SkipWithError(kNoMemory);
  Rig rig(kArtNet, nullptr, 512);
  measure_mutations(state, rig, RELUME_LEVEL_MEMORY);
}
BENCHMARK(mutation_art_net)->Name("mutation/publish_in_16777216")->Iterations(300'000)->UseManualTime();

/// The mutex is held for a part of the call, so the processor time of the call, two reads of that clock included, is an
/// upper bound. The kernel charges a thread for interrupts that it serves meanwhile. They hit another call in each
/// round, while what a change costs comes back with the same sequence of changes: of each call the least of all rounds
/// counts.
void mutation_hold(benchmark::State& state) {
  constexpr std::size_t calls = 200'000;
  std::vector<double> least(calls, 1e18);
  double longest = 0;
  for (auto _ : state) {
    const Place place;
    Rig rig(kShow, &place, 512);
    Mutator mutator(rig, RELUME_LEVEL_MIRRORED);
    double sum = 0;
    for (double& of_call : least) {
      mutator.choose();
      const double begin = thread_time_ns();
      mutator.mutate();
      const double took = thread_time_ns() - begin;
      of_call = std::min(of_call, took);
      longest = std::max(longest, took);
      sum += took;
    }
    state.SetIterationTime(sum * 1e-9);
    mutator.report(state);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(calls));
  state.counters["longest"] = *std::max_element(least.begin(), least.end());
  state.counters["longest_with_interrupts"] = longest;
}
BENCHMARK(mutation_hold)->Name("mutation/longest_hold")->Iterations(5)->UseManualTime();

constexpr std::int64_t kWritten = 4096;
constexpr std::size_t kUniverse = 512;

void overlay_alone(benchmark::State& state) {
  Rig rig(kWritten, nullptr, kWritten);
  rig.open_source();
  Values values;
  std::size_t i = 0;
  measure_in_batches(
      state, 1024, [&] { rig.compose(); },
      [&] { benchmark::DoNotOptimize(rig.source->write(rig.all[i++ & (kWritten - 1)], values.next(), rig.now)); });
}
BENCHMARK(overlay_alone)->Name("overlay/write_alone")->Iterations(5000)->UseManualTime();

/// All channels of a universe, every one of them with another value than before.
void stream_of_a_universe(benchmark::State& state) {
  Rig rig(kWritten, nullptr, kWritten);
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.commit_policy = RELUME_COMMIT_RENDER_ONLY;
  Stream stream = rig.show.stream(rig.all[0], kUniverse, options);
  std::vector<float> values(kUniverse);
  float next = 0;
  measure_each(
      state,
      [&] {
        rig.compose();
        next = next < 0.5F ? next + 0x1p-20F : 0.0F;
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = next + static_cast<float>(i) * 0x1p-10F;
      },
      [&] { benchmark::DoNotOptimize(stream.write(values.data(), values.size(), rig.now)); });
}
BENCHMARK(stream_of_a_universe)->Name("stream/write_512")->Iterations(20'000)->UseManualTime();

/// The other thread composes without a pause: each value is taken soon after it was written. Only what was written
/// while both threads had a processor counts: all the time that passed was time of the one and of the other.
void overlay_beside_composer(benchmark::State& state) {
  Rig rig(kWritten, nullptr, kWritten);
  rig.open_source();
  std::atomic<bool> stop{false};
  std::thread composer([&] {
    for (std::int64_t at = rig.now; !stop.load(std::memory_order_relaxed); at += kFrame) rig.show.compose(at);
  });
  clockid_t composers{};
  pthread_getcpuclockid(composer.native_handle(), &composers);
  Values values;
  Samples samples(state.max_iterations);
  std::int64_t beside = 0;
  for (auto _ : state) {
    const double composed = thread_time_ns(composers);
    const double begin = thread_time_ns();
    const double took = nanoseconds_of([&] {
      for (const relume_param param : rig.all) rig.source->write(param, values.next(), rig.now);
    });
    const double own = thread_time_ns() - begin;
    state.SetIterationTime(took * 1e-9);
    if (took > 1.05 * own || took > 1.05 * (thread_time_ns(composers) - composed)) continue;
    samples.add(took / kWritten);
    ++beside;
  }
  stop = true;
  composer.join();
  state.SetItemsProcessed(state.iterations() * kWritten);
  samples.report(state);
  state.counters["batches_beside"] = static_cast<double>(beside);
  if (beside == 0) state.SkipWithError("the two threads never ran at the same time");
}
BENCHMARK(overlay_beside_composer)->Name("overlay/write_beside_composer")->Iterations(5000)->UseManualTime();

}  // namespace
