// SPDX-License-Identifier: Apache-2.0
// What the emulated cards are set to, by environment or by the control entry; virtual_card_control.h says what each means.
#pragma once

#include "decklink/virtual_card/virtual_card_control.h"

#include <cstdint>
#include <string>

namespace rig::decklink::card {

enum class Era : std::uint8_t { a, b };

struct Settings {
  std::uint32_t cards = 1;
  bool manual_clock = false;
  std::int32_t ppm = 0;
  bool answers_a = true;
  bool answers_b = true;
  bool strict = false;
  std::uint32_t hash_every = 0;
  bool keep_picture = false;
  std::uint32_t minimum_preroll = 3;
  std::uint32_t queue_limit = 64;
  std::string log_path;
  std::string png_path;
  std::string lock_path;
};

inline constexpr std::uint32_t kMaxCards = 16;
inline constexpr std::int32_t kMaxPpm = 100'000;

/// A variable that cannot be read is named on standard error, and left at its default.
Settings settings_from_environment();
/// 0, or EINVAL.
int settings_from_options(const virtual_card_options& options, Settings& out);

}  // namespace rig::decklink::card
