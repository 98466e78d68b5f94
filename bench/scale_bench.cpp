// SPDX-License-Identifier: Apache-2.0
// How the cost of a frame grows with the show and with what moves in it, and what else could make the same frames. What
// scale.py draws. Every row: all tiers dense, so many percent of all parameters gliding.
#include <algorithm>
#include <memory>

#include "beside.hpp"

namespace {

using namespace relume::bench;

constexpr std::int64_t kLargestMap = 2'097'152;  // of 16.8 million, three hash tables would not fit the memory

constexpr std::int64_t kByThreadTime = 32'768;  // from here on the naive loop takes long enough to be interrupted

/// A show of the largest size takes long to open: one serves for all shares but the last, for which all parameters are
/// set moving in their order.
class OpenShow {
 public:
  /// nullptr when there is not enough memory.
  Rig* moving(std::int64_t parameters, std::int64_t count) {
    const bool serves =
        rig_ != nullptr && std::ssize(rig_->all) == parameters && moving_ <= count && count < parameters;
    if (!serves) {
      constexpr double bytes = 800;  // of a parameter that moves, its source and what is compared with it
      rig_.reset();
      if (!memory_available(static_cast<double>(parameters) * bytes * 0x1p-30)) return nullptr;
      rig_ = std::make_unique<Rig>(parameters, nullptr, parameters);
      rig_->fill_tiers();
    }
    moving_ = count;
    rig_->glide(count);
    return rig_.get();
  }

 private:
  std::unique_ptr<Rig> rig_;
  std::int64_t moving_ = 0;
};

/// Fewer of what takes longer, but never so few that one slow frame is all that there is.
std::int64_t rounds_of(std::int64_t parameters, std::int64_t most) {
  return std::clamp<std::int64_t>((std::int64_t{1} << 28) / parameters, 20, most);
}

/// A frame in which nothing moves takes about as long as reading the clock does: many are measured together.
Samples frames_of(Rig& rig, std::int64_t moving, std::int64_t rounds, Clock clock) {
  constexpr int batch = 64;
  const auto acquire = [&] { static_cast<void>(rig.reader.acquire()); };
  if (moving > 0) return samples_of(clock, rounds, acquire, [&] { rig.compose(); });
  Samples means(static_cast<std::size_t>(rounds));
  for (std::int64_t i = 0; i < rounds; ++i) {
    acquire();
    means.add(nanoseconds_of([&] {
                for (int n = 0; n < batch; ++n) rig.compose();
              }) /
              batch);
  }
  return means;
}

void frame_of(benchmark::State& state) {
  const std::int64_t parameters = state.range(0);
  const std::int64_t percent = state.range(1);
  const std::int64_t moving = (parameters * percent + 99) / 100;
  const std::int64_t rounds = rounds_of(parameters, 2000);
  const Clock clock = parameters < kByThreadTime ? Clock::passing : Clock::thread;
  static OpenShow show;
  for (auto _ : state) {
    Rig* const opened = show.moving(parameters, moving);
    if (opened == nullptr) return state.SkipWithError(kNoMemory);
    Rig& rig = *opened;
    Samples frames = frames_of(rig, moving, rounds, clock);
    state.SetIterationTime(frames.percentile(0.5) * 1e-9);
    frames.report(state);
    state.counters["moving"] = static_cast<double>(moving);
    if (rig.moving() != moving) return state.SkipWithError("not as many parameters glided as should have");
    if (moving > 0) copy_beside(state, moving, rounds, clock);
    naive_beside(state, rig, rounds / 2, clock);
    if (percent == 100 && parameters <= kLargestMap)
      map_beside(state, rig, std::max<std::int64_t>(rounds / 20, 5), clock);
  }
}

void all_sizes(benchmark::internal::Benchmark* frames) {
  for (const std::int64_t parameters : {64, 512, 4096, 32'768, 262'144, 2'097'152, 16'777'216}) {
    for (const std::int64_t percent : {0, 1, 10, 100}) frames->Args({parameters, percent});
  }
}
BENCHMARK(frame_of)->Name("scale/frame")->Apply(all_sizes)->Iterations(1)->UseManualTime();

}  // namespace
