// SPDX-License-Identifier: Apache-2.0
#include "decklink/card_device.hpp"

#include "adapters/notice.hpp"
#include "decklink/card_output.hpp"
#include "decklink/decklink_error.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

namespace rig {

using namespace decklink;

bool CardIdentity::same_card(const CardIdentity& other) const noexcept {
  if (persistent_id && other.persistent_id) return *persistent_id == *other.persistent_id;
  if (topological_id && other.topological_id) return *topological_id == *other.topological_id;
  return name == other.name;
}

std::string describe(const CardIdentity& card) { return card.name.empty() ? "the card" : printable(card.name); }

std::string take_text(const char* text) {
  if (text == nullptr) return {};
  std::string copy(text);
  std::free(const_cast<char*>(text));
  return copy;
}

std::optional<std::int64_t> card_number(abi::Device& device, abi::Code what) {
  const Held<abi::ProfileAttributes> attributes = query<abi::ProfileAttributes>(device);
  std::int64_t value = 0;
  if (!attributes || attributes->GetInt(what, &value) != abi::kOk) return std::nullopt;
  return value;
}

std::optional<bool> card_flag(abi::Device& device, abi::Code what) {
  const Held<abi::ProfileAttributes> attributes = query<abi::ProfileAttributes>(device);
  bool value = false;
  if (!attributes || attributes->GetFlag(what, &value) != abi::kOk) return std::nullopt;
  return value;
}

std::vector<CardDevice> list_cards(const DeckLinkLibrary& library) {
  std::vector<CardDevice> cards;
  const Held<abi::Iterator> iterator(library.create_iterator());
  if (!iterator) return cards;
  for (abi::Device* next = nullptr; iterator->Next(&next) == abi::kOk && next != nullptr; next = nullptr) {
    CardDevice& card = cards.emplace_back();
    card.device.reset(next);
    const char* text = nullptr;
    if (next->GetDisplayName(&text) == abi::kOk) card.identity.name = take_text(text);
    text = nullptr;
    if (next->GetModelName(&text) == abi::kOk) card.identity.model = take_text(text);
    card.identity.persistent_id = card_number(*next, abi::kAttributePersistentId);
    card.identity.topological_id = card_number(*next, abi::kAttributeTopologicalId);
  }
  return cards;
}

CardDevice choose_card(const DeckLinkLibrary& library, const std::string& name) {
  std::vector<CardDevice> cards = list_cards(library);
  if (cards.empty()) {
    throw DeckLinkError(DeckLinkFault::no_card, "the library knows no card", library.path,
                        "check that the card is seated, its cable is in and its driver is loaded");
  }
  std::string known;
  for (CardDevice& card : cards) {
    const CardIdentity& identity = card.identity;
    known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", describe(identity));
    const bool called =
        identity.name == name || (identity.persistent_id && fmt::format("{:x}", *identity.persistent_id) == name);
    if (name.empty() ? open_card_output(*card.device) != nullptr : called) return std::move(card);
  }
  if (name.empty()) {
    throw DeckLinkError(DeckLinkFault::no_output, "no card has an output that we can drive", known,
                        "connect a card that plays, or update its driver to Desktop Video 11.5 or later");
  }
  throw DeckLinkError(DeckLinkFault::no_card, fmt::format("there is no card \"{}\"", printable(name)), library.path,
                      fmt::format("name one of {}", known));
}

}  // namespace rig
