// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/card.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace rig::decklink::card {

Card::Card(std::uint32_t number, const Settings& settings, Recorder& recorder)
    : number_(number),
      settings_(settings),
      recorder_(recorder),
      callbacks_(number, ledger_, recorder),
      audio_(settings_, ledger_),
      video_(Parts{number, settings_, ledger_, recorder, callbacks_, audio_, desk_}) {}

std::string Card::display_name() const { return fmt::format("Emulated Playout Card ({})", number_ + 1); }

std::string Card::serial_number() const { return fmt::format("EMULATED-{:04}", number_ + 1); }

std::int64_t Card::persistent_id() const { return 0x454D0001 + std::int64_t{number_}; }

abi::Result Card::disable_video(Caller caller) {
  const abi::Result result = video_.disable(caller);
  callbacks_.stall(false);
  callbacks_.wait_idle();
  if (result == abi::kOk) {
    log_summary();
    recorder_.flush();
  }
  return result;
}

virtual_card_ledger Card::read_ledger() {
  virtual_card_ledger ledger = ledger_.read();
  ledger.enabled = video_.mode() != nullptr ? 1 : 0;
  ledger.queued = video_.queued();
  ledger.audio_buffered = ledger.audio_written - ledger.audio_played - ledger.audio_flushed;
  return ledger;
}

std::string Card::ledger_json() { return fmt::format(R"({{"card":{},{}}})", number_, json_members(read_ledger())); }

void Card::log_summary() {
  if (!recorder_.logs()) return;
  recorder_.log(fmt::format(R"({{"event":"summary","card":{},{}}})", number_, json_members(read_ledger())));
}

int Card::step(std::uint64_t frames) {
  if (!settings_.manual_clock) return EINVAL;
  for (std::uint64_t i = 0; i < frames; ++i) {
    const Mode* mode = video_.mode();
    video_.step();
    if (mode != nullptr) audio_.step(mode->rate);
    callbacks_.wait_idle();
  }
  return 0;
}

int Card::fault(std::uint32_t kind, std::int64_t value) {
  if (value < 0) return EINVAL;
  switch (kind) {
    case VIRTUAL_CARD_BUSY: video_.set_busy(value != 0); return 0;
    case VIRTUAL_CARD_STALL_CLOCK: video_.stall_clock(static_cast<std::uint64_t>(value)); return 0;
    case VIRTUAL_CARD_STALL_CALLBACKS: callbacks_.stall(value != 0); return 0;
    case VIRTUAL_CARD_NO_STOP_NOTICE: video_.set_no_stop_notice(value != 0); return 0;
    case VIRTUAL_CARD_QUEUE_LIMIT: video_.set_queue_limit(static_cast<std::uint64_t>(value)); return 0;
    case VIRTUAL_CARD_REFERENCE:
      if (value > (abi::kReferenceUnsupported | abi::kReferenceLocked)) return EINVAL;
      reference_status_.store(static_cast<std::uint32_t>(value));
      return 0;
    case VIRTUAL_CARD_FAIL_SCHEDULE: video_.fail_schedules(static_cast<std::uint64_t>(value)); return 0;
    case VIRTUAL_CARD_LATE_CLOCK: video_.keep_clock_asleep(value != 0); return 0;
    default: return EINVAL;
  }
}

void Card::plug() {
  callbacks_.wait_idle();
  for (const Era era : {Era::a, Era::b}) callbacks_.set_callback(era, nullptr);
  audio_.set_callback(nullptr);
  video_.plug();
}

void Card::unplug() {
  video_.unplug();
  audio_.disable();
}

}  // namespace rig::decklink::card
