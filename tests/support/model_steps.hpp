// SPDX-License-Identifier: Apache-2.0
// Lists of steps for the model tests: drawn by a seed, and shrunk to the smallest list that still fails. A step names things by
// numbers that are taken modulo what is there, so every part of a list is a list again.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "support/test_show.hpp"

namespace relume::test {

enum class Op : std::uint8_t {
  set,
  persist,
  set_many,
  change_set,
  store,
  revert,
  reset,
  add,
  remove,
  move,
  enable,
  bypass,
  retype,
  reload,
  abandon_build,
  write,
  write_many,
  release,
  close_source,
  open_source,
  begin_gesture,
  change_gesture,
  end_gesture,
  abort_gesture,
  compose,
  tick,
  borrow,
  retain,
  give_back,
  use_stale,
};

struct Step {
  Op op = Op::compose;
  std::uint32_t layer = 0;
  std::uint32_t param = 0;
  std::uint32_t source = 0;
  std::uint32_t value = 0;
  std::int64_t time = 0;  // compose: how much later; sources: offset of their clock
};

using Steps = std::vector<Step>;

inline Steps draw_steps(std::uint64_t seed, std::size_t count) {
  struct Weight {
    Op op;
    std::uint32_t weight;
  };
  static constexpr std::array kWeights = {
      Weight{Op::set, 10},           Weight{Op::persist, 5},     Weight{Op::set_many, 3},
      Weight{Op::change_set, 5},     Weight{Op::store, 2},       Weight{Op::revert, 2},
      Weight{Op::reset, 3},          Weight{Op::add, 3},         Weight{Op::remove, 2},
      Weight{Op::move, 1},           Weight{Op::enable, 1},      Weight{Op::bypass, 1},
      Weight{Op::retype, 2},         Weight{Op::reload, 3},      Weight{Op::abandon_build, 1},
      Weight{Op::write, 25},         Weight{Op::write_many, 6},  Weight{Op::release, 6},
      Weight{Op::close_source, 1},   Weight{Op::open_source, 2}, Weight{Op::begin_gesture, 4},
      Weight{Op::change_gesture, 6}, Weight{Op::end_gesture, 3}, Weight{Op::abort_gesture, 1},
      Weight{Op::compose, 36},       Weight{Op::tick, 10},       Weight{Op::borrow, 2},
      Weight{Op::retain, 2},         Weight{Op::give_back, 2},   Weight{Op::use_stale, 2}};

  static constexpr std::array<std::int64_t, 10> kLater = {0,        kMs,      3 * kMs,   5 * kMs,    22 * kMs,
                                                          22 * kMs, 60 * kMs, 600 * kMs, 3000 * kMs, -10 * kMs};
  static constexpr std::array<std::int64_t, 8> kOffset = {0, 0, 0, -5 * kMs, -1000 * kMs, 2 * kMs, 7 * kMs, 1000 * kMs};
  std::mt19937_64 random(seed);
  std::uint32_t total = 0;
  for (const Weight& w : kWeights) total += w.weight;
  // Few layers and parameters in some lists, so that much happens to one of them.
  const std::uint32_t wide = random() % 3 == 0 ? 64 : 1 + static_cast<std::uint32_t>(random() % 4);
  const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
  Steps steps(count);
  for (Step& step : steps) {
    std::uint32_t at = below(total);
    for (const Weight& w : kWeights) {
      step.op = w.op;
      if (at < w.weight) break;
      at -= w.weight;
    }
    step.layer = below(std::min(wide, 8U));
    step.param = below(wide);
    step.source = below(4);
    step.value = below(1U << 16);
    step.time = step.op == Op::compose ? kLater[below(kLater.size())] : kOffset[below(kOffset.size())];
  }
  return steps;
}

using Fails = std::function<bool(const Steps&)>;

inline bool drop_steps(Steps& steps, const Fails& fails) {
  bool smaller = false;
  for (std::size_t chunk = std::max<std::size_t>(1, steps.size() / 2); chunk > 0; chunk /= 2) {
    for (std::size_t at = 0; at < steps.size();) {
      Steps without = steps;
      const auto begin = without.begin() + static_cast<std::ptrdiff_t>(at);
      without.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(chunk, steps.size() - at)));
      if (fails(without)) {
        steps = std::move(without);
        smaller = true;
      } else {
        at += chunk;
      }
    }
  }
  return smaller;
}

inline bool plain_numbers(Steps& steps, const Fails& fails) {
  bool plainer = false;
  for (Step& step : steps) {
    const auto make_plain = [&](auto& field, auto plain) {
      const auto was = std::exchange(field, plain);
      if (was == plain) return;
      if (fails(steps)) {
        plainer = true;
      } else {
        field = was;
      }
    };
    make_plain(step.layer, 0U);
    make_plain(step.source, 0U);
    make_plain(step.value, 1U);
    make_plain(step.time, step.op == Op::compose ? 22 * kMs : std::int64_t{0});
  }
  return plainer;
}

/// Delta debugging: the smallest list found that still fails, with plain numbers where they make no difference.
inline Steps shrink_steps(Steps steps, const Fails& fails) {
  do {
    while (drop_steps(steps, fails)) {}
  } while (plain_numbers(steps, fails));
  return steps;
}

}  // namespace relume::test
