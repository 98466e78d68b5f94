// SPDX-License-Identifier: Apache-2.0
// The display modes that the emulated card has.
#pragma once

#include "decklink/decklink_values.hpp"
#include "decklink/virtual_card/slot_time.hpp"

#include <cstdint>
#include <span>

namespace rig::decklink::card {

struct Mode {
  abi::Code code;
  const char* name;
  std::int32_t width;
  std::int32_t height;
  FrameRate rate;
  abi::Code field_dominance;
  std::uint32_t flags;  // abi::ModeFlags
};

std::span<const Mode> all_modes();
/// nullptr for an unknown code.
const Mode* find_mode(abi::Code code);
/// Whether a picture of this mode can go out in this format.
bool supports_format(abi::Code format);

}  // namespace rig::decklink::card
