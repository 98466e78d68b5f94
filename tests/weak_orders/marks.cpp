// SPDX-License-Identifier: Apache-2.0
// Automation of a block, as the coordinator sees it. What it reads is atomic; that what it sees is of one moment, and comes after
// all that led to it, is what the count of writes is for. The fences beside that count are not for ThreadSanitizer to judge.
#include <cstdint>
#include <memory>

#include "live/automation.cpp"
#include "race.hpp"

using namespace relume;

int main() {
  auto block = std::make_unique<core::AutomationBlock>();
  std::vector<std::uint32_t> led_to(100'000);  // by write: what the frame thread did before it
  std::uint32_t writes = 0;
  std::uint32_t last = 0;
  std::uint64_t wrong = 0;
  test::Count seen;
  test::race([&] { return seen >= 1'000; },
             [&] {
               if (writes > seen + 8) return;
               ++writes;
               led_to[writes] = writes;
               const core::AutomationBlock::Writing writing(*block);
               core::AutomationBlock::put(block->target[0], writes);
               core::AutomationBlock::raise(block->owned, 1);
             },
             [&] {
               const core::AutomationGlimpse glimpse = block->glimpse(0);
               // The one before: when the writer is interrupted, a glimpse may be of the midst of a write.
               const std::uint32_t done = glimpse.there && glimpse.target[0] > 0 ? glimpse.target[0] - 1 : 0;
               wrong += led_to[done] != done;
               if (done != last) ++seen;
               last = done;
             });
  return wrong == 0 ? test::no_race() : 1;
}
