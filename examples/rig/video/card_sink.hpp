// SPDX-License-Identifier: Apache-2.0
// Pictures to a card.
#pragma once

#include "adapters/notice.hpp"
#include "decklink/decklink_output.hpp"
#include "video/picture_output.hpp"

#include <relume/health.h>

#include <cstdint>
#include <string>

namespace rig {

/// start() and stop() belong to one thread, put() to the one that draws, the others to any.
class CardSink {
 public:
  /// \param device "virtual", the emulated card of the build tree, or "auto", the first one of the system.
  /// \throws RigError
  CardSink(const std::string& device, const DeckLinkMode& mode, NoticeSink notices);

  /// \throws RigError there is nothing to play on.
  void start();
  void stop();

  /// Never waits. A picture for which the card has no room is left out, and counted by the card.
  void put(const Picture& picture);

  /// After stop() they stay as they were at its end.
  std::string json() const;
  relume_health_level level() const;

 private:
  bool emulated_;
  DeckLinkOutput output_;
};

}  // namespace rig
