// SPDX-License-Identifier: Apache-2.0
// The commonest fault of a hand-written interface, for tests that must notice it: two methods of the output
// in each other's slot.
#include "decklink/virtual_card/output_face.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

namespace rig::decklink::card {

void mutate(abi::era_a::Output& output) {
  // A vtable's pointer points behind two entries that describe the type; 32 methods and two destructors follow.
  constexpr std::size_t kBefore = 2;
  constexpr std::size_t kEntries = kBefore + 34;
  static std::array<void*, kEntries> swapped = [&output] {
    std::array<void*, kEntries> table{};
    void* const* original = nullptr;
    std::memcpy(&original, static_cast<void*>(&output), sizeof original);
    std::memcpy(table.data(), original - kBefore, sizeof table);
    std::swap(table[kBefore + 12], table[kBefore + 13]);  // DisplayVideoFrameSync, ScheduleVideoFrame
    return table;
  }();
  void** const slots = swapped.data() + kBefore;
  std::memcpy(static_cast<void*>(&output), &slots, sizeof slots);
}

}  // namespace rig::decklink::card
