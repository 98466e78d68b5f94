// SPDX-License-Identifier: Apache-2.0
#include "composer/rebase.hpp"

#include <bit>

#include "composer/block.hpp"
#include "composer/glide_loop.hpp"

namespace relume::composer {
namespace {

// In double and without the ticks: a block may not have been composed for years.
float value_after(const relume_composer_scratch& s, const relume_composer_defs& defs, std::size_t lane,
                  std::int64_t now_ns) noexcept {
  const auto age = static_cast<double>(now_ns - whole_tick(s, s.start[lane]) * kTick);
  const auto to = static_cast<double>(s.target[lane].f);
  return static_cast<float>(to + (static_cast<double>(s.from[lane]) - to) *
                                     exp_double(-age * static_cast<double>(defs.rate[lane])));
}

}  // namespace

void rebase(relume_composer_scratch& s, const relume_composer_defs& defs,
            std::int64_t now_ns) noexcept RELUME_NONBLOCKING {
  const std::int64_t tick = now_ns >> kTickBits;
  for (Mask left = s.gliding; left != 0; left &= left - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(left));
    const float value = value_after(s, defs, lane, now_ns);
    Anchor anchor{};
    const bool goes_on =
        begin(value, s.target[lane].f, defs.rate[lane], Moment::of(now_ns), anchor) && value != s.target[lane].f;
    s.from[lane] = anchor.from;
    s.start[lane] = anchor.start;
    if (!goes_on) s.gliding &= ~(Mask{1} << lane);
  }
  for (Mask left = s.overlay; left != 0; left &= left - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(left));
    const std::int64_t oldest = tick - std::int64_t{kOldest};
    if (whole_tick(s, s.changed[lane]) >= oldest) continue;
    s.changed[lane] = static_cast<std::uint32_t>(oldest);
    s.changed_rest[lane] = 0;
  }
  s.base_tick = tick;
  s.due_ns = 0;
}

}  // namespace relume::composer
