// SPDX-License-Identifier: Apache-2.0
#include "decklink/card_session.hpp"

#include "decklink/decklink_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace rig {

using namespace decklink;

namespace {

// Three frames kept a loaded machine clean, fewer did not; one more for the frame that is on air.
constexpr std::int64_t kLeastPreroll = 3;
constexpr std::uint32_t kSpareFrames = 3;  // one to render, two that wait

void fill_black(CardFrame& frame, std::int32_t width, std::int32_t height) {
  std::uint8_t* const bytes = frame.begin_write();
  if (bytes == nullptr) return;
  for (std::int32_t y = 0; y < height; ++y) {
    std::uint8_t* const row = bytes + static_cast<std::size_t>(y) * frame.row_bytes();
    for (std::int32_t x = 0; x < width; ++x) {
      row[2 * x] = 128;
      row[2 * x + 1] = 16;
    }
  }
  frame.end_write();
}

}  // namespace

CardSession::CardSession(CardDevice card, const DeckLinkMode& mode, const DeckLinkOptions& options,
                         std::shared_ptr<CardEvents> events)
    : card_(std::move(card)), events_(std::move(events)), output_(open_card_output(*card_.device)) {
  if (!output_) {
    throw DeckLinkError(DeckLinkFault::no_output, "the card has no output that we can drive", describe(card_.identity),
                        "name a card that plays, or update its driver to Desktop Video 11.5 or later");
  }
  find_mode(mode);
  const std::int64_t least = card_number(*card_.device, abi::kAttributeMinimumPreroll).value_or(kLeastPreroll);
  preroll_ =
      options.preroll != 0
          ? options.preroll
          : static_cast<std::uint32_t>(std::clamp<std::int64_t>(least, kLeastPreroll, kMostDeckLinkFrames - 1) + 1);
  depth_ = std::max(options.depth, preroll_);
  try {
    const auto enabled = output_->enable(mode.code);
    if (enabled == abi::kAccessDenied) {
      throw DeckLinkError(DeckLinkFault::busy, "the card's output is in use by another program",
                          describe(card_.identity), "end that program, or name another card");
    }
    if (enabled != abi::kOk) fail("EnableVideoOutput", enabled);
    enabled_ = true;
    const auto listening = output_->listen(events_, events_->begin_session());
    if (listening != abi::kOk) fail("SetScheduledFrameCompletionCallback", listening);
    listening_ = true;
    make_frames(mode, options);
  } catch (...) {
    end(false, 0);
    release();
    throw;
  }
}

CardSession::~CardSession() {
  end(false, 0);
  release();
}

void CardSession::fail(const char* call, CardOutput::Result result) {
  throw DeckLinkError(DeckLinkFault::card_failed,
                      fmt::format("{} failed with {:#010x}", call, static_cast<std::uint32_t>(result)),
                      describe(card_.identity), "check the card and its driver's log");
}

void CardSession::find_mode(const DeckLinkMode& wanted) {
  Held<abi::DisplayModeIterator> modes;
  const auto result = output_->modes(modes);
  if (result != abi::kOk || !modes) fail("GetDisplayModeIterator", result);
  bool listed = false;
  for (abi::DisplayMode* next = nullptr; modes->Next(&next) == abi::kOk && next != nullptr; next = nullptr) {
    const Held<abi::DisplayMode> mode(next);
    if (mode->GetDisplayMode() != wanted.code) continue;
    const auto slots = static_cast<std::int64_t>(wanted.slots);
    // The card's own fraction of the frame time counts; ours only has to be the same value.
    listed = mode->GetFrameRate(&duration_, &scale_) == abi::kOk && duration_ > 0 && scale_ > 0 &&
             mode->GetWidth() == wanted.width && mode->GetHeight() == wanted.height &&
             duration_ * wanted.rate * slots == scale_ * wanted.per;
    break;
  }
  if (!listed || !output_->plays_uyvy(wanted.code)) {
    throw DeckLinkError(DeckLinkFault::no_mode, fmt::format("the card does not play {} in 8-bit YUV", wanted.name),
                        describe(card_.identity), "choose one of the modes that relume-card-check lists");
  }
}

void CardSession::make_frames(const DeckLinkMode& mode, const DeckLinkOptions& options) {
  const auto make = [&] {
    auto frame = output_->create_frame(mode.width, mode.height);
    if (!frame || frame->row_bytes() < static_cast<std::size_t>(abi::min_row_bytes(abi::kFormatUyvy, mode.width))) {
      throw DeckLinkError(DeckLinkFault::card_failed, fmt::format("the card makes no {} frames", mode.name),
                          describe(card_.identity), "ask for fewer frames, and check the card and its driver's log");
    }
    return frame;
  };
  std::vector<std::unique_ptr<CardFrame>> frames(std::max(options.frames, depth_ + kSpareFrames));
  for (auto& frame : frames) frame = make();
  std::unique_ptr<CardFrame> black;
  if (options.underrun == DeckLinkUnderrun::black) {
    black = make();
    fill_black(*black, mode.width, mode.height);
  }
  pool_ = std::make_shared<FramePool>(std::move(frames), std::move(black), mode.width, mode.height, depth_);
}

bool CardSession::end(bool playing, std::int64_t timeout_ns) {
  if (!enabled_) return true;
  enabled_ = false;
  // A card that is gone refuses the stop, and then no notice will come.
  const bool noticed = !playing || output_->stop() != abi::kOk || events_->wait_stopped(timeout_ns);
  output_->disable();
  if (pool_) events_->wait_results(pool_->with_card(), timeout_ns);
  return noticed;
}

void CardSession::release() {
  if (std::exchange(listening_, false)) output_->stop_listening();
  if (pool_) pool_->close();
}

}  // namespace rig
