// SPDX-License-Identifier: Apache-2.0
// What else could make the frames of a rig, measured beside it: a plain copy of as many bytes, the naive loop, and hash
// tables. The naive loop must come to the same values, or the comparison is of two different things.
#pragma once

#include <cmath>
#include <cstring>

#include "map_show.hpp"
#include "naive_show.hpp"
#include "percentiles.hpp"
#include "rig.hpp"

namespace relume::bench {

/// Bytes that a frame cannot do without: a moving value's target, start value and start time are read, and its value in the
/// frame is written, four bytes each; of the masks that tell what moves, 64 bytes are read for 64 values.
inline constexpr std::size_t kMovedPerMoving = 4 * 4 + 1;

class PlainCopy {
 public:
  explicit PlainCopy(std::int64_t moving)
      : from_(kMovedPerMoving * static_cast<std::size_t>(moving) / 2, 'x'), to_(from_) {}  // each is read and written
  void operator()() {
    std::memcpy(to_.data(), from_.data(), from_.size());
    benchmark::ClobberMemory();
  }
  std::int64_t bytes_read_and_written() const { return 2 * static_cast<std::int64_t>(from_.size()); }

 private:
  std::vector<char> from_, to_;
};

/// With the values of a rig and in its glides.
inline NaiveShow naive_show(const Rig& rig) {
  NaiveShow naive(rig.all.size(), static_cast<float>(kSmoothing));
  if (rig.filled) {
    std::fill(naive.persisted.begin(), naive.persisted.end(), kPersisted);
    std::fill(naive.committed.begin(), naive.committed.end(), kCommitted);
    std::fill(naive.is_committed.begin(), naive.is_committed.end(), std::uint8_t{1});
  }
  for (const Rig::Glide& glide : rig.glides) {
    naive.compose(glide.since);
    for (const std::uint32_t i : glide.params) naive.glide(i, kTarget, glide.since);
  }
  return naive;
}

/// To 1e-4, which is where a glide counts as arrived.
inline bool shows_the_same(NaiveShow& naive, Rig& rig) {
  const Frame frame = rig.frame();
  naive.compose(rig.now);
  for (std::size_t i = 0; i < rig.all.size(); ++i) {
    if (!(std::abs(frame.at(rig.all[i])->f - naive.frame[i]) <= 1e-4F)) return false;
  }
  return true;
}

/// Small ones many together: a copy of a few cache lines is over before the clock is read.
inline void copy_beside(benchmark::State& state, std::int64_t moving, std::int64_t rounds,
                        Clock clock = Clock::passing) {
  PlainCopy copy(moving);
  const auto batch = std::max<std::int64_t>(1, 65'536 / copy.bytes_read_and_written());
  Samples copies(static_cast<std::size_t>(rounds));
  for (std::int64_t i = 0; i < rounds; ++i) {
    const double took = nanoseconds_of(clock, [&] {
      for (std::int64_t n = 0; n < batch; ++n) copy();
    });
    copies.add(took / static_cast<double>(batch));
  }
  copies.report(state, "copy_");
}

inline void naive_beside(benchmark::State& state, Rig& rig, std::int64_t rounds, Clock clock = Clock::passing) {
  NaiveShow naive = naive_show(rig);
  if (!shows_the_same(naive, rig)) return state.SkipWithError("the naive loop shows other values than the frame");
  std::int64_t now = rig.now;
  samples_of(clock, rounds, [&] { naive.compose(now += kFrame); }).report(state, "naive_");
}

inline void map_beside(benchmark::State& state, const Rig& rig, std::int64_t rounds, Clock clock = Clock::passing) {
  MapShow map(rig.all.size(), static_cast<std::size_t>(layer_params(static_cast<std::int64_t>(rig.all.size()))),
              kPersisted);
  if (rig.filled) {
    for (const std::string& route : map.routes) map.commit(route, kCommitted);
  }
  for (const Rig::Glide& glide : rig.glides) {
    for (const std::uint32_t i : glide.params) map.automate(map.routes[i], kTarget);
  }
  samples_of(clock, rounds, [&] { map.compose(); }).report(state, "map_");
}

}  // namespace relume::bench
