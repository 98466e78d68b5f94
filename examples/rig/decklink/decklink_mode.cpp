// SPDX-License-Identifier: Apache-2.0
#include "decklink/decklink_mode.hpp"

#include "adapters/clock.hpp"
#include "decklink/decklink_values.hpp"

#include <algorithm>
#include <array>

namespace rig {
namespace {

using decklink::abi::code;

constexpr std::array kModes{
    DeckLinkMode{"720p25", code("hp50"), 1280, 720, 25, 1, 2},
    DeckLinkMode{"720p50", code("hp50"), 1280, 720, 50, 1},
    DeckLinkMode{"720p5994", code("hp59"), 1280, 720, 60000, 1001},
    DeckLinkMode{"720p60", code("hp60"), 1280, 720, 60, 1},
    DeckLinkMode{"1080p2398", code("23ps"), 1920, 1080, 24000, 1001},
    DeckLinkMode{"1080p24", code("24ps"), 1920, 1080, 24, 1},
    DeckLinkMode{"1080p25", code("Hp25"), 1920, 1080, 25, 1},
    DeckLinkMode{"1080p2997", code("Hp29"), 1920, 1080, 30000, 1001},
    DeckLinkMode{"1080p30", code("Hp30"), 1920, 1080, 30, 1},
    DeckLinkMode{"1080p50", code("Hp50"), 1920, 1080, 50, 1},
    DeckLinkMode{"1080p5994", code("Hp59"), 1920, 1080, 60000, 1001},
    DeckLinkMode{"1080p60", code("Hp60"), 1920, 1080, 60, 1},
    DeckLinkMode{"2160p25", code("4k25"), 3840, 2160, 25, 1},
    DeckLinkMode{"2160p50", code("4k50"), 3840, 2160, 50, 1},
    DeckLinkMode{"2160p5994", code("4k59"), 3840, 2160, 60000, 1001},
    DeckLinkMode{"2160p60", code("4k60"), 3840, 2160, 60, 1},
};

}  // namespace

std::int64_t DeckLinkMode::nanoseconds(std::int64_t count) const noexcept {
  // Whole seconds apart, so that no product overflows: `per` times a second is below 2^40, and the rest below 2^16.
  const std::int64_t seconds = count / rate * per;
  return seconds * kSecond + count % rate * per * kSecond / rate;
}

std::span<const DeckLinkMode> decklink_modes() noexcept { return kModes; }

const DeckLinkMode* find_decklink_mode(std::string_view name) noexcept {
  const std::size_t dot = name.size() - 3;  // of "59.94"; wraps for shorter names
  const bool dotted = name.size() > 3 && name[dot] == '.';
  const auto same = [&](std::string_view known) {
    if (!dotted) return known == name;
    return known.size() + 1 == name.size() && known.starts_with(name.substr(0, dot)) &&
           known.ends_with(name.substr(dot + 1));
  };
  const auto found = std::find_if(kModes.begin(), kModes.end(), [&](const DeckLinkMode& m) { return same(m.name); });
  return found == kModes.end() ? nullptr : &*found;
}

}  // namespace rig
