// SPDX-License-Identifier: Apache-2.0
// Times of single calls and what they come to. Every counter that is set here is in nanoseconds.
//
// Two reads of the clock cost some 25 ns themselves: where a call takes less than a microsecond or so, either many are
// measured together, and a percentile is one of their means, or the cost of reading the clock is measured too and taken
// off.
#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace relume::bench {

template <class F>
double nanoseconds_of(F&& f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

/// What the processor spent on a thread. Reading it is a system call.
inline double thread_time_ns(clockid_t thread = CLOCK_THREAD_CPUTIME_ID) {
  timespec now{};
  clock_gettime(thread, &now);
  return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

/// By which clock a call is measured: how long it took, or how long the thread had a processor meanwhile. On a shared
/// machine what takes longer than a slice of time is otherwise a figure of how many others wanted the processor.
enum class Clock { passing, thread };

template <class F>
double nanoseconds_of(Clock clock, F&& f) {
  if (clock == Clock::passing) return nanoseconds_of(f);
  const double begin = thread_time_ns();
  f();
  return thread_time_ns() - begin;
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
  /// @param whose put before the names of the counters, for what is measured beside the thing that the row is of.
  void report(benchmark::State& state, const std::string& whose = {}) {
    state.counters[whose + "p50"] = percentile(0.5);
    state.counters[whose + "p99"] = percentile(0.99);
    state.counters[whose + "p999"] = percentile(0.999);
    state.counters[whose + "max"] = percentile(1);
  }

 private:
  std::vector<double> values_;
};

/// What a measurement of nothing comes to.
inline double clock_cost(Clock clock = Clock::passing) {
  Samples nothing(10'001);
  for (int i = 0; i < 10'001; ++i) nothing.add(nanoseconds_of(clock, [] { benchmark::ClobberMemory(); }));
  return nothing.percentile(0.5);
}

/// So many calls of `once`, each measured by itself, outside of the loop of a benchmark; `between` runs before each,
/// unmeasured.
template <class Between, class Once>
Samples samples_of(Clock clock, std::int64_t rounds, Between&& between, Once&& once) {
  const double cost = clock_cost(clock);
  Samples samples(static_cast<std::size_t>(rounds));
  for (std::int64_t i = 0; i < rounds; ++i) {
    between();
    samples.add(std::max(0.0, nanoseconds_of(clock, once) - cost));
  }
  return samples;
}
template <class Once>
Samples samples_of(Clock clock, std::int64_t rounds, Once&& once) {
  return samples_of(clock, rounds, [] {}, once);
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
