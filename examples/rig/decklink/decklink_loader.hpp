// SPDX-License-Identifier: Apache-2.0
// The way to the card's library, which is loaded at run time: a machine without a card needs nothing of it.
#pragma once

#include "decklink/decklink_abi.hpp"

#include <memory>
#include <string>

namespace rig {

/// The factories of a loaded library. Only the iterator's is there in every version; the others may be null.
struct DeckLinkLibrary {
  decklink::abi::Iterator* (*create_iterator)() = nullptr;
  decklink::abi::ApiInformation* (*create_api_information)() = nullptr;
  std::string path;  // as it was asked for
};

/// Loads the library without lending its symbols to others. It is never closed again: threads of the card may be in its code at
/// any time.
/// \param path empty: the one that the system has.
/// \throws DeckLinkError no_library, no_symbol
DeckLinkLibrary load_decklink(const std::string& path);

/// "12.3.1", or empty when the library does not say.
std::string decklink_version(const DeckLinkLibrary& library);

/// A counted interface of the card's, released at its end.
struct ReleaseInterface {
  void operator()(decklink::abi::Unknown* held) const noexcept { held->Release(); }
};
template <class Interface>
using Held = std::unique_ptr<Interface, ReleaseInterface>;

/// The object's other face, or null when it has none of that id.
template <class Interface>
Held<Interface> query(decklink::abi::Unknown& object) noexcept {
  void* face = nullptr;
  if (object.QueryInterface(Interface::kId, &face) != decklink::abi::kOk) return nullptr;
  return Held<Interface>(static_cast<Interface*>(face));
}

}  // namespace rig
