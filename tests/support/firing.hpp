// SPDX-License-Identifier: Apache-2.0
// A show of triggers, and a reader that fires by them.
#pragma once

#include <relume/relume.hpp>

#include <array>
#include <cstdint>
#include <iterator>
#include <vector>

#include "support/typed_show.hpp"

namespace relume::test {

inline std::vector<Param> cannon_params(double range = 1) {
  return {Param("go", RELUME_TRIGGER), level().range(0, range).initial(scalar(0)), Param("flash", RELUME_TRIGGER),
          Param("count", RELUME_INT)};
}

inline Schema firing_schema() {
  Schema schema;
  schema.type("cannon", cannon_params());
  schema.layer("a", "cannon").layer("b", "cannon");
  return schema;
}

inline constexpr const char* kRoutes[] = {"a/go", "a/flash", "b/go", "b/flash"};
inline constexpr std::size_t kTriggers = std::size(kRoutes);
using Counts = std::array<std::uint32_t, kTriggers>;

/// A reader that fires by the difference to the frame that it looked at before.
class Firing {
 public:
  Firing(Show& show, const std::array<relume_param, kTriggers>& params) : reader_(show.reader()), params_(params) {
    look();
    fired = {};
  }
  /// False when a difference is none that pulses could make.
  bool look() {
    const Frame frame = reader_.acquire();
    bool sound = true;
    for (std::size_t i = 0; i < kTriggers; ++i) {
      const std::uint32_t count = frame.at(params_[i])->u;
      const std::uint32_t pulses = count - seen_[i];
      sound = sound && pulses < 0x80000000U;
      fired[i] += pulses;
      seen_[i] = count;
    }
    return sound;
  }
  const Counts& seen() const { return seen_; }
  std::array<std::uint64_t, kTriggers> fired{};

 private:
  Reader reader_;
  std::array<relume_param, kTriggers> params_;
  Counts seen_{};
};

inline std::array<relume_param, kTriggers> params_of(Show& show) {
  std::array<relume_param, kTriggers> params{};
  for (std::size_t i = 0; i < kTriggers; ++i) params[i] = show.param(kRoutes[i]);
  return params;
}

}  // namespace relume::test
