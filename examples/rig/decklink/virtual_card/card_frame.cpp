// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/card_frame.hpp"

namespace rig::decklink::card {

bool is_possible(const FrameLayout& layout) {
  constexpr std::int64_t kMost = 1 << 14;
  const std::int64_t needed = abi::min_row_bytes(layout.format, layout.width);
  return layout.width > 0 && layout.width <= kMost && layout.height > 0 && layout.height <= kMost && needed > 0 &&
         layout.row_bytes >= needed && layout.row_bytes <= 16 * kMost;
}

FrameBytes make_bytes(const FrameLayout& layout) {
  constexpr std::size_t kAlignment = 64;
  const auto size = static_cast<std::size_t>(layout.row_bytes * layout.height);
  const std::size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
  FrameBytes bytes(static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded)));
  if (bytes != nullptr) std::memset(bytes.get(), 0, rounded);
  return bytes;
}

}  // namespace rig::decklink::card
