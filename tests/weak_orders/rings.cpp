// SPDX-License-Identifier: Apache-2.0
// The bounded queue: its items are plain memory, written at one end and read at the other.
#include <cstdint>

#include "live/spsc_ring.hpp"
#include "race.hpp"

using namespace relume;

int main() {
  struct Item {
    std::uint64_t number;
    std::uint64_t twice;
  };
  core::SpscRing<Item> ring(4);
  std::uint64_t pushed = 0;
  std::uint64_t wrong = 0;
  test::Count popped;
  test::race([&] { return popped >= 3'000; }, [&] { pushed += ring.push({pushed, 2 * pushed}); },
             [&] {
               for (std::size_t count = ring.size(); count > 0; --count) {
                 const Item& item = ring.front();
                 wrong += item.number != popped || item.twice != 2 * item.number;
                 ++popped;
                 ring.pop();
               }
             });
  return wrong == 0 ? test::no_race() : 1;
}
