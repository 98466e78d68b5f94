// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <benchmark/benchmark.h>

#include "rig.hpp"

namespace relume::bench {

/// Changes one value somewhere in the show, and knows whether every change came to what it should.
class Mutator {
 public:
  Mutator(Rig& rig, std::uint32_t level) : rig_(rig), level_(level) {}
  void choose() {
    if (count_ > 0) look_at_outcome();
    param_ = rig_.all[random_() % rig_.all.size()];
    value_ = values_.next();
    // A host that composes, so that pages come back as they do in a show.
    if (++count_ % 64 == 0) rig_.compose();
  }
  void mutate() { relume_value_set(rig_.show.get(), param_, &value_, &outcome_, nullptr); }
  void report(benchmark::State& state) {
    look_at_outcome();
    if (wrong_ > 0) state.SkipWithError("a mutation did not change the state, or did not reach its level");
  }

 private:
  void look_at_outcome() { wrong_ += outcome_.state != RELUME_STATE_CHANGED || outcome_.level != level_; }

  Rig& rig_;
  const std::uint32_t level_;
  std::mt19937 random_{1};
  Values values_;
  relume_param param_{0};
  relume_value value_{};
  relume_outcome outcome_ = RELUME_OUTCOME_INIT;
  std::uint64_t count_ = 0;
  std::uint64_t wrong_ = 0;
};

}  // namespace relume::bench
