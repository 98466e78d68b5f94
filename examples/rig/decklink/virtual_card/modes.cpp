// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/modes.hpp"

#include <algorithm>
#include <iterator>

namespace rig::decklink::card {

namespace {

using abi::code;
constexpr abi::Code kProgressive = abi::kFieldProgressive;
constexpr abi::Code kUpper = abi::kFieldUpperFirst;
constexpr abi::Code kLower = abi::kFieldLowerFirst;
constexpr std::uint32_t k601 = abi::kModeRec601;
constexpr std::uint32_t k709 = abi::kModeRec709;
constexpr std::uint32_t k2160 = abi::kModeRec709 | abi::kModeRec2020;

constexpr Mode kModes[] = {
    {code("ntsc"), "NTSC", 720, 486, {1001, 30000}, kLower, k601},
    {code("pal "), "PAL", 720, 576, {1000, 25000}, kUpper, k601},
    {code("23ps"), "1080p23.98", 1920, 1080, {1001, 24000}, kProgressive, k709},
    {code("24ps"), "1080p24", 1920, 1080, {1000, 24000}, kProgressive, k709},
    {code("Hp25"), "1080p25", 1920, 1080, {1000, 25000}, kProgressive, k709},
    {code("Hp29"), "1080p29.97", 1920, 1080, {1001, 30000}, kProgressive, k709},
    {code("Hp30"), "1080p30", 1920, 1080, {1000, 30000}, kProgressive, k709},
    {code("Hp50"), "1080p50", 1920, 1080, {1000, 50000}, kProgressive, k709},
    {code("Hp59"), "1080p59.94", 1920, 1080, {1001, 60000}, kProgressive, k709},
    {code("Hp60"), "1080p60", 1920, 1080, {1000, 60000}, kProgressive, k709},
    {code("Hi50"), "1080i50", 1920, 1080, {1000, 25000}, kUpper, k709},
    {code("Hi59"), "1080i59.94", 1920, 1080, {1001, 30000}, kUpper, k709},
    {code("Hi60"), "1080i60", 1920, 1080, {1000, 30000}, kUpper, k709},
    {code("hp50"), "720p50", 1280, 720, {1000, 50000}, kProgressive, k709},
    {code("hp59"), "720p59.94", 1280, 720, {1001, 60000}, kProgressive, k709},
    {code("hp60"), "720p60", 1280, 720, {1000, 60000}, kProgressive, k709},
    {code("4k25"), "2160p25", 3840, 2160, {1000, 25000}, kProgressive, k2160},
    {code("4k50"), "2160p50", 3840, 2160, {1000, 50000}, kProgressive, k2160},
    {code("4k59"), "2160p59.94", 3840, 2160, {1001, 60000}, kProgressive, k2160},
    {code("4k60"), "2160p60", 3840, 2160, {1000, 60000}, kProgressive, k2160},
};

}  // namespace

std::span<const Mode> all_modes() { return kModes; }

const Mode* find_mode(abi::Code wanted) {
  const auto found = std::ranges::find(kModes, wanted, &Mode::code);
  return found == std::end(kModes) ? nullptr : &*found;
}

bool supports_format(abi::Code format) { return abi::min_row_bytes(format, 48) != 0; }

}  // namespace rig::decklink::card
