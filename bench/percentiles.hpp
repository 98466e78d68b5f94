// SPDX-License-Identifier: Apache-2.0
// Times of single calls and what they come to. Every counter that is set here is in nanoseconds.
//
// Two reads of the clock cost some 25 ns themselves: where a call takes less than a microsecond or so, either many are
// measured together, and a percentile is one of their means, or the cost of reading the clock is measured too and taken
// off.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace relume::bench {

template <class F>
double nanoseconds_of(F&& f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

class Samples {
 public:
  explicit Samples(std::size_t expected) { values_.reserve(expected); }
  void add(double value) { values_.push_back(value); }

  /// The smallest value that at least this share of all values does not exceed.
  double percentile(double share) {
    if (values_.empty()) return 0;
    const double rank = std::ceil(share * static_cast<double>(values_.size()));
    const auto at = values_.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
    std::nth_element(values_.begin(), at, values_.end());
    return *at;
  }
  void report(benchmark::State& state) {
    state.counters["p50"] = percentile(0.5);
    state.counters["p99"] = percentile(0.99);
    state.counters["p999"] = percentile(0.999);
  }

 private:
  std::vector<double> values_;
};

/// What a measurement of nothing comes to.
inline double clock_cost() {
  Samples nothing(10'001);
  for (int i = 0; i < 10'001; ++i) nothing.add(nanoseconds_of([] { benchmark::ClobberMemory(); }));
  return nothing.percentile(0.5);
}

/// Measures every call of `once` by itself; `between` runs before each, unmeasured.
template <class Between, class Once>
void measure_each(benchmark::State& state, Between&& between, Once&& once) {
  const double cost = clock_cost();
  Samples samples(state.max_iterations);
  for (auto _ : state) {
    between();
    const double took = std::max(0.0, nanoseconds_of(once) - cost);
    state.SetIterationTime(took * 1e-9);
    samples.add(took);
  }
  state.SetItemsProcessed(state.iterations());
  samples.report(state);
  state.counters["clock"] = cost;
}

/// Measures `batch` calls of `once` together and takes the mean of each batch; `between` runs before each batch,
/// unmeasured.
template <class Between, class Once>
void measure_in_batches(benchmark::State& state, std::int64_t batch, Between&& between, Once&& once) {
  Samples samples(state.max_iterations);
  for (auto _ : state) {
    between();
    const double took = nanoseconds_of([&] {
      for (std::int64_t i = 0; i < batch; ++i) once();
    });
    state.SetIterationTime(took * 1e-9);
    samples.add(took / static_cast<double>(batch));
  }
  state.SetItemsProcessed(state.iterations() * batch);
  samples.report(state);
}

}  // namespace relume::bench
