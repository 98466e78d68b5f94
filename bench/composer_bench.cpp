// SPDX-License-Identifier: Apache-2.0
// What the composer alone costs: the families of loops beside each other, from one block to the whole Art-Net address space.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <string>

#include "composer/families.hpp"
#include "percentiles.hpp"
#include "rig.hpp"
#include "support/composer_arrays.hpp"

namespace {

using namespace relume;
using namespace relume::bench;
using composer::Family;
using composer::kBlock;
using test::ComposerArrays;

constexpr std::int64_t kLong = 1'000'000'000'000'000;  // a time constant that nothing arrives in while it is measured

/// An engine's arrays, in which `share` of all slots glide.
class Engine {
 public:
  Engine(std::int64_t slots, double share) : arrays(static_cast<std::uint32_t>(slots)) {
    if (!arrays.define(0, arrays.slots, test::composer_def(RELUME_COMPOSER_FLOAT, 1, kLong)))
      throw std::runtime_error("a definition was refused");
    std::fill(arrays.base_present.begin(), arrays.base_present.end(), composer::kAll);
    std::fill(arrays.committed_present.begin(), arrays.committed_present.end(), composer::kAll);
    run();
    std::mt19937 random(1);
    for (std::size_t i = 0; i < arrays.slots; ++i) {
      if (share == 1 || static_cast<double>(random()) < share * 0x1p32) arrays.automate(i, 1.0F);
    }
    run();
    moving_ = arrays.told.moving_count;
  }

  void run() {
    if (arrays.run(now += kFrame) != RELUME_OK) throw std::runtime_error("the composer refused");
  }
  /// All blocks by one family.
  void run(const Family& family) {
    const composer::Moment moment = composer::Moment::of(now += kFrame);
    for (std::size_t i = 0; i < arrays.blocks; ++i) {
      const composer::Block block{&arrays.defs[i],
                                  {&arrays.base[i * kBlock], arrays.base_present[i]},
                                  {&arrays.committed[i * kBlock], arrays.committed_present[i]},
                                  {&arrays.overlay[i * kBlock], arrays.overlay_present[i]}};
      family.compose_block(block, moment, arrays.scratch[i], &arrays.values[i * kBlock]);
    }
  }
  /// The blocks in which something glides.
  std::vector<std::uint32_t> moving_blocks() const {
    std::vector<std::uint32_t> blocks;
    for (std::size_t i = 0; i < arrays.blocks; ++i) {
      if (arrays.moving[i] != 0) blocks.push_back(static_cast<std::uint32_t>(i));
    }
    return blocks;
  }
  void run(const std::vector<std::uint32_t>& blocks) {
    relume_composer_input in = arrays.input(now += kFrame);
    relume_composer_output out = arrays.output();
    in.blocks = blocks.data();
    in.block_count = blocks.size();
    if (relume_composer_run(&in, arrays.scratch.data(), arrays.blocks, &out, nullptr) != RELUME_OK)
      throw std::runtime_error("the composer refused");
  }
  /// Another target for every slot.
  void retarget() {
    const float to = (++turn_ % 2 == 0) ? 1.0F : 0.0F;
    for (relume_slot& slot : arrays.overlay) slot.f = to;
  }
  /// It has glided all the while, or the figures are of something else.
  void check(benchmark::State& state) {
    run();
    if (arrays.told.moving_count != moving_ || moving_ == 0) state.SkipWithError("not all of it glided to the end");
  }

  ComposerArrays arrays;
  std::int64_t now = kFrame;

 private:
  std::uint32_t moving_ = 0;
  std::uint32_t turn_ = 0;
};

std::int64_t batch_of(std::int64_t slots) { return std::max<std::int64_t>(1, 4096 / slots); }

void dense(benchmark::State& state, const Family& family) {
  if (state.range(0) == kArtNet && !memory_available(2)) return state.SkipWithError(kNoMemory);
  Engine engine(state.range(0), 1);
  measure_in_batches(state, batch_of(state.range(0)), [] {}, [&] { engine.run(family); });
  state.counters["ns_per_slot"] = state.counters["p50"] / static_cast<double>(state.range(0));
  engine.check(state);
}

void retargeted(benchmark::State& state, const Family& family) {
  Engine engine(state.range(0), 1);
  measure_in_batches(state, 1, [&] { engine.retarget(); }, [&] { engine.run(family); });
  state.counters["ns_per_slot"] = state.counters["p50"] / static_cast<double>(state.range(0));
  engine.check(state);
}

void resting(benchmark::State& state, const Family& family) {
  Engine engine(state.range(0), 1.0 / static_cast<double>(state.range(0)));
  measure_in_batches(state, batch_of(state.range(0)), [] {}, [&] { engine.run(family); });
  state.counters["ns_per_slot"] = state.counters["p50"] / static_cast<double>(state.range(0));
}

void share_by_blocks(benchmark::State& state) {
  if (state.range(0) == kArtNet && !memory_available(2)) return state.SkipWithError(kNoMemory);
  Engine engine(state.range(0), 0.01);
  const std::vector<std::uint32_t> blocks = engine.moving_blocks();
  measure_in_batches(state, 1, [] {}, [&] { engine.run(blocks); });
  state.counters["blocks"] = static_cast<double>(blocks.size());
  engine.check(state);
}

// Against a copy of as many bytes, half of them read and half written.
void against_copy(benchmark::State& state) {
  if (!memory_available(3)) return state.SkipWithError(kNoMemory);
  Engine engine(state.range(0), 1);
  // Read: overlay, target, from, start, rate, arrival. Written: the value.
  const std::size_t bytes = static_cast<std::size_t>(state.range(0)) * 7 * sizeof(float) / 2;
  std::vector<char> from(bytes, 1);
  std::vector<char> to(bytes, 2);
  Samples frames(state.max_iterations);
  Samples copies(state.max_iterations);
  for (auto _ : state) {
    const double frame = nanoseconds_of([&] { engine.run(); });
    copies.add(nanoseconds_of([&] {
      std::memcpy(to.data(), from.data(), bytes);
      benchmark::ClobberMemory();
    }));
    state.SetIterationTime(frame * 1e-9);
    frames.add(frame);
  }
  frames.report(state);
  state.counters["share_of_copy_bandwidth"] = copies.percentile(0.5) / frames.percentile(0.5);
  engine.check(state);
}

const int registered = [] {
  std::size_t count = 0;
  const Family* const* all = composer::families(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Family& family = *all[i];
    const auto row = [&family](const char* name, void (*measure)(benchmark::State&, const Family&), std::int64_t slots,
                               std::int64_t iterations) {
      const std::string whole = "composer/" + std::string(name) + "/" + family.name;
      benchmark::RegisterBenchmark(whole.c_str(),
                                   [&family, measure](benchmark::State& state) { measure(state, family); })
          ->Arg(slots)

          ->Iterations(iterations)
          ->UseManualTime();
    };
    row("dense", dense, 64, 10'000);
    row("dense", dense, 4096, 10'000);
    row("dense", dense, kShow, 500);
    row("dense", dense, kArtNet, 15);
    row("retargeted", retargeted, 4096, 10'000);
    row("retargeted", retargeted, kShow, 200);
    row("resting", resting, kShow, 500);
  }
  return 0;
}();

BENCHMARK(share_by_blocks)->Name("composer/1_percent_by_blocks")->Arg(kShow)->Iterations(500)->UseManualTime();
BENCHMARK(share_by_blocks)->Name("composer/1_percent_by_blocks")->Arg(kArtNet)->Iterations(30)->UseManualTime();
BENCHMARK(against_copy)->Name("composer/dense_against_copy")->Arg(kArtNet)->Iterations(15)->UseManualTime();

}  // namespace
