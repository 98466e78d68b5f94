// SPDX-License-Identifier: Apache-2.0
// The cards that a library knows, by names that outlive a cable.
#pragma once

#include "decklink/decklink_loader.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rig {

/// By what a card is known again: the persistent id if it has one, else its place in the machine, else its name.
struct CardIdentity {
  std::string name;  // as the user sees it
  std::string model;
  std::optional<std::int64_t> persistent_id;
  std::optional<std::int64_t> topological_id;

  bool same_card(const CardIdentity& other) const noexcept;
};

struct CardDevice {
  Held<decklink::abi::Device> device;
  CardIdentity identity;
};

/// All devices, also those that only capture.
std::vector<CardDevice> list_cards(const DeckLinkLibrary& library);

/// The card of that display name or persistent id in hex; for an empty name the first with an output.
/// \throws DeckLinkError no_card, no_output
CardDevice choose_card(const DeckLinkLibrary& library, const std::string& name);

/// Its name, for notices.
std::string describe(const CardIdentity& card);

/// An attribute, if the card has it.
std::optional<std::int64_t> card_number(decklink::abi::Device& device, decklink::abi::Code what);
std::optional<bool> card_flag(decklink::abi::Device& device, decklink::abi::Code what);

/// A text that the card has given away, freed.
std::string take_text(const char* text);

}  // namespace rig
