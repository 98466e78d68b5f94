// SPDX-License-Identifier: Apache-2.0
// What the live paths cost: an operator's change, an automation value, a frame, a read.
#include <benchmark/benchmark.h>
#include <relume/relume.hpp>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr std::int64_t kFrame = 22'727'272;

/// `layers` layers of 512 float parameters that glide, as many as make up a rig of `parameters`.
struct Rig {
  explicit Rig(std::int64_t parameters, const char* folder = nullptr) {
    std::vector<relume::Param> params;
    for (int i = 0; i < 512; ++i) {
      params.push_back(relume::Param("p" + std::to_string(i), RELUME_FLOAT).range(0, 1).smoothing(100'000'000));
    }
    relume::Schema schema;
    schema.type("fixture", params);
    const std::int64_t layers = (parameters + 511) / 512;
    for (std::int64_t i = 0; i < layers; ++i) schema.layer("l" + std::to_string(i), "fixture");
    relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
    options.flags = RELUME_SHOW_NO_THREADS;
    options.folder = folder;
    options.max_layers = static_cast<std::uint32_t>(layers);
    options.max_slots = static_cast<std::uint32_t>(layers * 512);
    options.max_overlays = options.max_slots;
    options.max_readers = 2;
    options.max_retained = 1;
    show = std::make_unique<relume::Show>(schema, options);
    relume_source_options source_options = RELUME_SOURCE_OPTIONS_INIT;
    source_options.max_params = options.max_slots;
    source_options.commit_policy = RELUME_COMMIT_RENDER_ONLY;
    source = std::make_unique<relume::Source>(show->source(source_options));
    for (const relume_layer layer : show->layers()) {
      for (std::uint32_t i = 0; i < 512; ++i) {
        relume_param param{0};
        if (relume_param_at(show->get(), layer, i, &param, nullptr) == RELUME_OK) all.push_back(param);
      }
    }
  }
  std::unique_ptr<relume::Show> show;
  std::unique_ptr<relume::Source> source;
  std::vector<relume_param> all;
  std::int64_t now = kFrame;
};

void BM_MutationByHandle(benchmark::State& state) {
  const std::string folder = std::filesystem::temp_directory_path() / "relume-bench.show";
  Rig rig(262144, state.range(0) != 0 ? folder.c_str() : nullptr);
  std::mt19937 random(1);
  float v = 0;
  for (auto _ : state) {
    v = v < 0.9F ? v + 0.001F : 0.0F;
    const relume_value value = relume::scalar(v);
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    relume_value_set(rig.show->get(), rig.all[random() % rig.all.size()], &value, &outcome, nullptr);
    benchmark::DoNotOptimize(outcome);
  }
  state.SetItemsProcessed(state.iterations());
  const std::string mirror = rig.show->info().mirror_path;
  rig.show.reset();
  if (!mirror.empty()) std::filesystem::remove(mirror);
  std::filesystem::remove_all(folder);
}
BENCHMARK(BM_MutationByHandle)->Arg(0)->Arg(1)->ArgName("mirror");

void BM_OverlayWrite(benchmark::State& state) {
  Rig rig(4096);
  std::size_t i = 0;
  float v = 0;
  for (auto _ : state) {
    v = v < 0.9F ? v + 0.001F : 0.0F;
    const relume_value value = relume::scalar(v);
    benchmark::DoNotOptimize(rig.source->write(rig.all[i++ & 4095U], value, 0));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_OverlayWrite);

void BM_ComposeGliding(benchmark::State& state) {
  Rig rig(state.range(0));
  const auto moving = static_cast<std::size_t>(state.range(0) * state.range(1) / 100);
  float target = 0;
  int frames = 0;
  for (auto _ : state) {
    if (frames++ % 20 == 0) {  // new targets before the old ones are reached
      state.PauseTiming();
      target = target == 0.0F ? 1.0F : 0.0F;
      std::mt19937 same(2);
      for (std::size_t i = 0; i < moving; ++i) {
        const std::size_t at = moving == rig.all.size() ? i : same() % rig.all.size();
        rig.source->write(rig.all[at], relume::scalar(target), rig.now);
      }
      rig.show->compose(rig.now += kFrame);
      state.ResumeTiming();
    }
    benchmark::DoNotOptimize(rig.show->compose(rig.now += kFrame));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(moving));
}
BENCHMARK(BM_ComposeGliding)
    ->ArgsProduct({{4096, 65536, 262144}, {0, 1, 10, 100}})
    ->ArgNames({"parameters", "percent"})
    ->Unit(benchmark::kMicrosecond);

void BM_ComposeAfterOneMutation(benchmark::State& state) {
  Rig rig(state.range(0));
  std::size_t i = 0;
  float v = 0;
  for (auto _ : state) {
    v = v < 0.9F ? v + 0.001F : 0.0F;
    rig.show->set(rig.all[i++ % rig.all.size()], relume::scalar(v));
    benchmark::DoNotOptimize(rig.show->compose(rig.now += kFrame));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ComposeAfterOneMutation)->Arg(4096)->Arg(262144)->ArgName("parameters");

void BM_ReadByHandle(benchmark::State& state) {
  Rig rig(262144);
  relume::Reader reader = rig.show->reader();
  rig.show->compose(rig.now += kFrame);
  const relume::Frame frame = reader.acquire();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(relume_frame_at(&*frame, rig.all[i]));
    i = (i + 1) & 511U;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ReadByHandle);

}  // namespace

BENCHMARK_MAIN();
