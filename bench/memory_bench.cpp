// SPDX-License-Identifier: Apache-2.0
// What memory a show takes, measured in a process that does nothing else.
#include <benchmark/benchmark.h>

#include <sstream>

#include "child_process.hpp"
#include "rig.hpp"

namespace {

using namespace relume::bench;

double bytes_of(const Place& place, const char* what) {
  double bytes = 0;
  Child child({RELUME_SHOW_CHILD, what, place.folder, place.runtime.path()});
  std::istringstream said(child.line());
  return said >> bytes ? bytes : 0;
}

void memory_per_parameter(benchmark::State& state) {
  const Place place;
  double show = 0, mirror = 0, snapshot = 0, source = 0, once = 0, arrays = 0, maps = 0;
  for (auto _ : state) {
    Child child({RELUME_SHOW_CHILD, "memory", place.folder, place.runtime.path()});
    std::istringstream said(child.line());
    if (!(said >> show >> mirror >> snapshot >> source >> once)) {
      state.SkipWithError("the process did not say what it takes");
    }
    arrays = bytes_of(place, "arrays");
    maps = bytes_of(place, "maps");
    if (arrays == 0 || maps == 0) state.SkipWithError("a process to compare with did not say what it takes");
  }
  state.SetItemsProcessed(kShow);
  constexpr auto parameters = static_cast<double>(kShow);
  state.counters["private_bytes"] = show / parameters;
  state.counters["mirror_bytes"] = mirror / parameters;
  state.counters["snapshot_bytes"] = snapshot / parameters;
  state.counters["source_bytes"] = source / parameters;
  state.counters["once_bytes"] = once;
  state.counters["arrays_bytes"] = arrays / parameters;
  state.counters["maps_bytes"] = maps / parameters;
}
BENCHMARK(memory_per_parameter)->Name("memory/per_float_parameter")->Iterations(1);

}  // namespace
