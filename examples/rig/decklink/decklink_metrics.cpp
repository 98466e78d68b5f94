// SPDX-License-Identifier: Apache-2.0
#include "decklink/decklink_metrics.hpp"

#include <fmt/format.h>

namespace rig {

const char* to_string(DeckLinkState state) noexcept {
  switch (state) {
    case DeckLinkState::closed: return "closed";
    case DeckLinkState::warming: return "warming";
    case DeckLinkState::degraded: return "degraded";
    case DeckLinkState::playing: return "playing";
    case DeckLinkState::lost: return "lost";
  }
  return "unknown";
}

const char* to_string(DeckLinkReference reference) noexcept {
  switch (reference) {
    case DeckLinkReference::unknown: break;
    case DeckLinkReference::unsupported: return "unsupported";
    case DeckLinkReference::unlocked: return "unlocked";
    case DeckLinkReference::locked: return "locked";
  }
  return "unknown";
}

std::string to_json(const DeckLinkMetrics& m) {
  const auto ms = [](std::int64_t ns) { return static_cast<double>(ns) / 1e6; };
  const auto us = [](std::int64_t ns) { return static_cast<double>(ns) / 1e3; };
  std::string json = fmt::format(R"({{"state":"{}","reference":"{}")", to_string(m.state), to_string(m.reference));
  const auto number = [&json](const char* name, std::uint64_t value) {
    json += fmt::format(R"(,"{}":{})", name, value);
  };
  const auto time = [&json](const char* name, double value) { json += fmt::format(R"(,"{}":{:.3f})", name, value); };
  number("scheduled", m.scheduled);
  number("completed", m.completed);
  number("late", m.late);
  number("dropped", m.dropped);
  number("flushed", m.flushed);
  number("unanswered", m.unanswered);
  number("outstanding", m.outstanding);
  number("pictures", m.pictures);
  number("refused", m.refused);
  number("repeats", m.repeats);
  number("blacks", m.blacks);
  number("reanchors", m.reanchors);
  number("skipped_slots", m.skipped_slots);
  number("schedule_failures", m.schedule_failures);
  number("losses", m.losses);
  number("reconnects", m.reconnects);
  number("silent_stops", m.silent_stops);
  number("preroll", m.preroll);
  number("depth", m.depth);
  number("queued", m.queued);
  number("queued_min", m.queued_min);
  time("lead_ms", ms(m.lead_ns));
  time("lead_min_ms", ms(m.lead_min_ns));
  time("latency_ms", ms(m.latency_ns));
  time("callback_p50_us", us(m.callback_p50_ns));
  time("callback_p99_us", us(m.callback_p99_ns));
  time("callback_max_us", us(m.callback_max_ns));
  return json + "}";
}

}  // namespace rig
