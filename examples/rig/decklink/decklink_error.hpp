// SPDX-License-Identifier: Apache-2.0
// Why there is no output.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace rig {

/// Each kind has a remedy of its own.
enum class DeckLinkFault {
  bad_option,   // a mode without a name here, a number out of range
  no_library,   // not installed, or not a library
  no_symbol,    // a library, but not the card's
  no_card,      // no device, or not the one that was asked for
  no_output,    // a device that only captures
  no_mode,      // it does not play the size and rate
  busy,         // another program has it
  card_failed,  // a call failed that should not
};
const char* to_string(DeckLinkFault fault) noexcept;

/// The text of the exception says what happened.
class DeckLinkError : public std::runtime_error {
 public:
  DeckLinkError(DeckLinkFault fault, const std::string& what, std::string where, std::string remedy)
      : std::runtime_error(what), fault_(fault), where_(std::move(where)), remedy_(std::move(remedy)) {}
  DeckLinkFault fault() const noexcept { return fault_; }
  const std::string& where() const noexcept { return where_; }
  const std::string& remedy() const noexcept { return remedy_; }

 private:
  DeckLinkFault fault_;
  std::string where_;
  std::string remedy_;
};

}  // namespace rig
