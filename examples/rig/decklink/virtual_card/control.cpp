// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/counted.hpp"
#include "decklink/virtual_card/registry.hpp"
#include "decklink/virtual_card/virtual_card_control.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace {

using rig::decklink::card::Card;
using rig::decklink::card::Registry;
using rig::decklink::card::Settings;

int reset(const virtual_card_options* options) {
  Settings settings;
  if (options == nullptr || rig::decklink::card::settings_from_options(*options, settings) != 0) return EINVAL;
  return Registry::instance().reset(settings);
}

std::uint64_t references() { return rig::decklink::card::references().load(); }

int step(std::uint32_t card, std::uint64_t frames) {
  return Registry::instance().with_card(card, [frames](Card& the) { return the.step(frames); });
}

int wait_idle(std::uint32_t card) {
  return Registry::instance().with_card(card, [](Card& the) {
    the.callbacks().wait_idle();
    return 0;
  });
}

int fault(std::uint32_t card, std::uint32_t kind, std::int64_t value) {
  return Registry::instance().with_card(card, [kind, value](Card& the) { return the.fault(kind, value); });
}

int unplug(std::uint32_t card) { return Registry::instance().unplug(card); }

int plug(std::uint32_t card) { return Registry::instance().plug(card); }

int ledger(std::uint32_t card, virtual_card_ledger* out) {
  if (out == nullptr || out->struct_size < sizeof out->struct_size || out->struct_size > sizeof *out) return EINVAL;
  return Registry::instance().with_card(card, [out](Card& the) {
    const std::uint32_t size = out->struct_size;
    const virtual_card_ledger full = the.read_ledger();
    std::memcpy(out, &full, size);
    out->struct_size = size;
    return 0;
  });
}

std::size_t displayed(std::uint32_t card, std::size_t first, virtual_card_displayed* out, std::size_t capacity) {
  std::size_t count = 0;
  Registry::instance().with_card(card, [&](Card& the) {
    count = the.ledger().displayed(first, out, capacity);
    return 0;
  });
  return count;
}

std::size_t ledger_json(std::uint32_t card, char* out, std::size_t size) {
  std::string text;
  Registry::instance().with_card(card, [&text](Card& the) {
    text = the.ledger_json();
    return 0;
  });
  if (out != nullptr && size > 0) {
    const std::size_t copied = std::min(size - 1, text.size());
    std::memcpy(out, text.data(), copied);
    out[copied] = '\0';
  }
  return text.size();
}

int write_png(std::uint32_t card, const char* path) {
  if (path == nullptr) return EINVAL;
  return Registry::instance().with_card(card, [path](Card& the) {
    const auto picture = the.desk().newest();
    return picture == nullptr ? ENOENT : rig::decklink::card::write_png(*picture, path);
  });
}

constexpr virtual_card_control kControl = {sizeof kControl, reset, references, step,      wait_idle,   fault,
                                           unplug,          plug,  ledger,     displayed, ledger_json, write_png};

}  // namespace

extern "C" __attribute__((visibility("default"))) const virtual_card_control* VirtualCardControl_0001();

const virtual_card_control* VirtualCardControl_0001() { return &kControl; }
