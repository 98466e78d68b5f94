// SPDX-License-Identifier: Apache-2.0
// Reading and changing one value in OBS Studio's settings objects (libobs, obs_data), which are read and changed by name.
// One object stands for a layer, in two sizes, because a name is searched for among all of its object. Nothing of OBS but
// these objects runs.
#include <obs-data.h>

#include <memory>

#include "percentiles.hpp"
#include "rig.hpp"

namespace {

using namespace relume::bench;

struct Release {
  void operator()(obs_data_t* data) const { obs_data_release(data); }
};
using Data = std::unique_ptr<obs_data_t, Release>;

class Layers {
 public:
  Layers(std::size_t count, std::size_t values) {
    for (std::size_t i = 0; i < values; ++i) names.push_back("p" + std::to_string(i));
    for (std::size_t i = 0; i < count; ++i) {
      all.emplace_back(obs_data_create());
      for (const std::string& name : names) obs_data_set_double(all.back().get(), name.c_str(), kCommitted);
    }
  }
  std::vector<std::string> names;
  std::vector<Data> all;
};

void read_obs(benchmark::State& state) {
  const auto values = static_cast<std::size_t>(state.range(0));
  const Layers layers(1, values);
  std::size_t i = 0;
  bool wrong = false;
  measure_in_batches(
      state, 4096, [] {},
      [&] {
        wrong |= obs_data_get_double(layers.all[0].get(), layers.names[i].c_str()) != double{kCommitted};
        i = i + 1 < values ? i + 1 : 0;
      });
  if (wrong) state.SkipWithError("a value was not what had been written");
}
BENCHMARK(read_obs)->Name("obs_data/read_by_name")->Arg(16)->Arg(kLayerParams)->Iterations(500)->UseManualTime();

/// @param range(0) values of an object; all objects together hold as many as the show that is measured.
void mutate_obs(benchmark::State& state) {
  const auto values = static_cast<std::size_t>(state.range(0));
  const Layers layers(static_cast<std::size_t>(kShow) / values, values);
  std::mt19937 random(1);
  std::size_t layer = 0, name = 0;
  double value = 0;
  measure_each(
      state,
      [&] {
        layer = random() % layers.all.size();
        name = random() % values;
        value += 0x1p-24;
      },
      [&] { obs_data_set_double(layers.all[layer].get(), layers.names[name].c_str(), value); });
  if (obs_data_get_double(layers.all[layer].get(), layers.names[name].c_str()) != value) {
    state.SkipWithError("a value was not written");
  }
}
BENCHMARK(mutate_obs)
    ->Name("obs_data/mutate_by_name")
    ->Arg(16)
    ->Arg(kLayerParams)
    ->Iterations(200'000)
    ->UseManualTime();

}  // namespace
