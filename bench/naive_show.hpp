// SPDX-License-Identifier: Apache-2.0
// What a frame costs without a library: an array for each property of a parameter, a flag for each thing that may be
// true of it, and one loop over all of them. It knows floats and one thread, and nothing of it outlives the process.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace relume::bench {

class NaiveShow {
 public:
  explicit NaiveShow(std::size_t parameters, float smoothing_ns)
      : persisted(parameters),
        committed(parameters),
        target(parameters),
        from(parameters),
        rate(parameters, 1 / smoothing_ns),
        low(parameters, 0),
        high(parameters, 1),
        near(parameters, 1e-4F),
        start(parameters),
        is_committed(parameters),
        is_held(parameters),
        is_gliding(parameters),
        frame(parameters) {}

  /// What an overlay write does: from the value that is shown towards another.
  void glide(std::size_t i, float to, std::int64_t now) {
    from[i] = frame[i];
    target[i] = to;
    start[i] = now;
    is_held[i] = 1;
    is_gliding[i] = 1;
  }

  void compose(std::int64_t now) {
    for (std::size_t i = 0; i < frame.size(); ++i) {
      float value = persisted[i];
      if (is_held[i] != 0) {
        value = target[i];
      } else if (is_committed[i] != 0) {
        value = committed[i];
      }
      value = std::clamp(value, low[i], high[i]);
      if (is_gliding[i] != 0) {
        const float to = value;
        value = to + (from[i] - to) * std::exp(-static_cast<float>(now - start[i]) * rate[i]);
        if (std::abs(value - to) <= near[i]) {
          is_gliding[i] = 0;
          value = to;
        }
      }
      frame[i] = value;
    }
  }

  std::vector<float> persisted, committed, target, from, rate, low, high, near;
  std::vector<std::int64_t> start;
  std::vector<std::uint8_t> is_committed, is_held, is_gliding;
  std::vector<float> frame;
};

}  // namespace relume::bench
