// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/settings.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace rig::decklink::card {

namespace {

/// The variable's text; empty when it is not set.
std::string_view variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

void complain(const char* name, std::string_view text, const char* wanted) {
  std::fprintf(stderr, "virtual card: %s=%.*s is not understood and left out; give %s\n", name,
               static_cast<int>(text.size()), text.data(), wanted);
}

template <class Number>
void read_number(const char* name, Number least, Number most, Number& out) {
  const std::string_view text = variable(name);
  if (text.empty()) return;
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    char wanted[64];
    std::snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld", static_cast<long long>(least),
                  static_cast<long long>(most));
    complain(name, text, wanted);
    return;
  }
  out = value;
}

void read_switch(const char* name, bool& out) {
  std::uint32_t value = out ? 1 : 0;
  read_number<std::uint32_t>(name, 0, 1, value);
  out = value != 0;
}

bool set_profile(std::uint32_t profile, Settings& out) {
  if (profile > VIRTUAL_CARD_PROFILE_B) return false;
  out.answers_a = profile != VIRTUAL_CARD_PROFILE_B;
  out.answers_b = profile != VIRTUAL_CARD_PROFILE_A;
  return true;
}

}  // namespace

Settings settings_from_environment() {
  Settings settings;
  read_number<std::uint32_t>("VCARD_CARDS", 0, kMaxCards, settings.cards);
  read_number<std::int32_t>("VCARD_PPM", -kMaxPpm, kMaxPpm, settings.ppm);
  read_number<std::uint32_t>("VCARD_HASH", 0, 1'000'000, settings.hash_every);
  read_switch("VCARD_STRICT", settings.strict);
  if (const auto clock = variable("VCARD_CLOCK"); clock == "manual") {
    settings.manual_clock = true;
  } else if (!clock.empty() && clock != "real") {
    complain("VCARD_CLOCK", clock, "`manual` or `real`");
  }
  if (const auto profile = variable("VCARD_PROFILE"); profile == "a") {
    set_profile(VIRTUAL_CARD_PROFILE_A, settings);
  } else if (profile == "b") {
    set_profile(VIRTUAL_CARD_PROFILE_B, settings);
  } else if (!profile.empty() && profile != "both") {
    complain("VCARD_PROFILE", profile, "`a`, `b` or `both`");
  }
  settings.log_path = variable("VCARD_LOG");
  settings.png_path = variable("VCARD_PNG");
  settings.lock_path = variable("VCARD_LOCK");
  settings.keep_picture = !settings.png_path.empty();
  return settings;
}

int settings_from_options(const virtual_card_options& given, Settings& out) {
  virtual_card_options options{};
  if (given.struct_size < sizeof options.struct_size || given.struct_size > sizeof options) return EINVAL;
  std::memcpy(&options, &given, given.struct_size);
  Settings settings;
  if (options.cards == VIRTUAL_CARD_NO_CARDS) {
    settings.cards = 0;
  } else if (options.cards > kMaxCards) {
    return EINVAL;
  } else if (options.cards != 0) {
    settings.cards = options.cards;
  }
  if (options.ppm < -kMaxPpm || options.ppm > kMaxPpm || !set_profile(options.profile, settings)) return EINVAL;
  settings.manual_clock = options.manual_clock != 0;
  settings.ppm = options.ppm;
  settings.strict = options.strict != 0;
  settings.hash_every = options.hash_every;
  settings.keep_picture = options.keep_picture != 0;
  if (options.minimum_preroll != 0) settings.minimum_preroll = options.minimum_preroll;
  if (options.queue_limit != 0) settings.queue_limit = options.queue_limit;
  if (options.log_path != nullptr) settings.log_path = options.log_path;
  out = settings;
  return 0;
}

}  // namespace rig::decklink::card
