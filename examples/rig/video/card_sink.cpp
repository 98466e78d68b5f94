// SPDX-License-Identifier: Apache-2.0
#include "video/card_sink.hpp"

#include "decklink/uyvy.hpp"
#include "operator/console.hpp"

#include <cstddef>
#include <utility>

namespace rig {
namespace {

constexpr const char* kEmulated = "virtual";

RigError rig_error(const DeckLinkError& error, bool emulated) {
  const bool missing = emulated && error.fault() == DeckLinkFault::no_library;
  return RigError(kExitRuntime,
                  {error.what(), error.where(), missing ? "build the target virtual_card" : error.remedy()});
}

DeckLinkOptions card_options(const std::string& device, const DeckLinkMode& mode) {
  DeckLinkOptions options;
  if (device == kEmulated) options.library = RELUME_RIG_VIRTUAL_CARD;
  options.mode = mode.name;
  return options;
}

}  // namespace

CardSink::CardSink(const std::string& device, const DeckLinkMode& mode, NoticeSink notices)
    : emulated_(device == kEmulated), output_(card_options(device, mode), std::move(notices)) {}

void CardSink::start() {
  try {
    output_.start();
  } catch (const DeckLinkError& error) { throw rig_error(error, emulated_); }
}

void CardSink::stop() { output_.stop(); }

void CardSink::put(const Picture& picture) {
  DeckLinkPicture frame = output_.try_acquire();
  if (!frame) return;
  const std::ptrdiff_t row = std::ptrdiff_t{4} * frame.width();
  convert_to_uyvy(picture.rgba.data(), row, PixelOrder::rgba, frame.bytes(), frame.row_bytes(), frame.width(),
                  frame.height());
  output_.submit(std::move(frame));
}

std::string CardSink::json() const { return to_json(output_.metrics()); }

relume_health_level CardSink::level() const {
  switch (output_.metrics().state) {
    case DeckLinkState::degraded:
    case DeckLinkState::lost: return RELUME_HEALTH_DEGRADED;
    default: return RELUME_HEALTH_OK;
  }
}

}  // namespace rig
