// SPDX-License-Identifier: Apache-2.0
// Composing where a show has several outputs, each with a thread of its own.
#pragma once

#include <relume/relume.hpp>

#include <cstdint>
#include <thread>

namespace rig {

/// Composes the frame of this moment. While another output composes one, which may have begun before what the caller knows had
/// changed, it lets that finish first: so the newest frame is never older than the call. Gives up after a while in which the
/// other one had no chance to run; then the newest frame is what there is.
inline void compose_frame(relume::Show& show, std::int64_t now_ns) noexcept {
  constexpr int kTries = 10'000;
  for (int i = 0; i < kTries && show.compose(now_ns) == 0; ++i) std::this_thread::yield();
}

}  // namespace rig
