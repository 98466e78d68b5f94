// SPDX-License-Identifier: Apache-2.0
#include "decklink/decklink_error.hpp"

namespace rig {

const char* to_string(DeckLinkFault fault) noexcept {
  switch (fault) {
    case DeckLinkFault::bad_option: return "bad-option";
    case DeckLinkFault::no_library: return "no-library";
    case DeckLinkFault::no_symbol: return "no-symbol";
    case DeckLinkFault::no_card: return "no-card";
    case DeckLinkFault::no_output: return "no-output";
    case DeckLinkFault::no_mode: return "no-mode";
    case DeckLinkFault::busy: return "busy";
    case DeckLinkFault::card_failed: return "card-failed";
  }
  return "unknown";
}

}  // namespace rig
