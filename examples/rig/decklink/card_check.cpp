// SPDX-License-Identifier: Apache-2.0
// relume-card-check: what a card says of itself, then some seconds of colour bars and the ledger of them. One value a line, to
// be pasted into a report.
#include "adapters/clock.hpp"
#include "decklink/card_device.hpp"
#include "decklink/card_output.hpp"
#include "decklink/colour_bars.hpp"
#include "decklink/decklink_error.hpp"
#include "decklink/decklink_output.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

namespace rig {
namespace {

using namespace decklink;

constexpr int kExitClean = 0;
constexpr int kExitNotClean = 1;
constexpr int kExitUsage = 2;

/// Each absence has a number of its own, for scripts; --help lists them.
int exit_code(DeckLinkFault fault) {
  switch (fault) {
    case DeckLinkFault::bad_option: return kExitUsage;
    case DeckLinkFault::no_library: return 3;
    case DeckLinkFault::no_symbol: return 4;
    case DeckLinkFault::no_card: return 5;
    case DeckLinkFault::no_output: return 6;
    case DeckLinkFault::no_mode: return 7;
    case DeckLinkFault::busy: return 8;
    case DeckLinkFault::card_failed: return 9;
  }
  return kExitNotClean;
}

constexpr const char* kFooter =
    "Exit codes: 0 every frame was shown in its slot and the ledger adds up, 1 not so, 2 usage, 3 no library, 4 not "
    "the "
    "card's library, 5 no card, 6 no output, 7 the card does not play the mode, 8 the output is in use, 9 a call to "
    "the card "
    "failed.";

struct Options {
  DeckLinkOptions card;
  std::uint32_t seconds = 10;
};

volatile std::sig_atomic_t interrupted = 0;

void print(const char* name, const std::string& value) { fmt::print("{}: {}\n", name, printable(value, 200)); }

void print(const char* name, std::optional<std::int64_t> value, const char* format = "{}") {
  print(name, value ? fmt::format(fmt::runtime(format), *value) : "not told");
}

void print(const char* name, std::optional<bool> value) {
  print(name, std::string(!value ? "not told" : *value ? "yes" : "no"));
}

void print_modes(CardOutput& output) {
  Held<abi::DisplayModeIterator> modes;
  if (output.modes(modes) != abi::kOk || !modes) return print("modes", std::string("not told"));
  for (abi::DisplayMode* next = nullptr; modes->Next(&next) == abi::kOk && next != nullptr; next = nullptr) {
    const Held<abi::DisplayMode> mode(next);
    const char* name = nullptr;
    std::int64_t duration = 0;
    std::int64_t scale = 0;
    const bool timed = mode->GetFrameRate(&duration, &scale) == abi::kOk;
    const std::string text = mode->GetName(&name) == abi::kOk ? take_text(name) : std::string("unnamed");
    print("mode", fmt::format("{} {}x{} {} {}", text, mode->GetWidth(), mode->GetHeight(),
                              timed ? fmt::format("{}/{}", scale, duration) : "not timed",
                              output.plays_uyvy(mode->GetDisplayMode()) ? "uyvy" : "no-uyvy"));
  }
}

void print_card(const DeckLinkLibrary& library, const CardDevice& card) {
  abi::Device& device = *card.device;
  const std::string version = decklink_version(library);
  print("library", library.path);
  print("driver", version.empty() ? "not told" : version);
  print("card", card.identity.name);
  print("model", card.identity.model);
  print("persistent-id", card.identity.persistent_id, "{:x}");
  print("topological-id", card.identity.topological_id, "{:x}");
  print("minimum-preroll", card_number(device, abi::kAttributeMinimumPreroll));
  print("reference-input", card_flag(device, abi::kAttributeReferenceInput));
  print("internal-keyer", card_flag(device, abi::kAttributeInternalKeying));
  print("external-keyer", card_flag(device, abi::kAttributeExternalKeying));
  const auto output = open_card_output(device);
  print("interface", std::string(output ? output->era() : "none"));
  if (output) print_modes(*output);
}

/// Bars at the mode's rate by this machine's clock. \return how it stood when the time was over
DeckLinkMetrics play(DeckLinkOutput& output, std::uint32_t seconds) {
  const DeckLinkMode& mode = output.mode();
  const ColourBars bars(mode.width, mode.height);
  const std::int64_t begin = monotonic_now();
  const std::int64_t end = begin + seconds * kSecond;
  std::int64_t due = begin;
  for (std::int64_t n = 0; due < end && interrupted == 0; due = begin + mode.nanoseconds(++n)) {
    sleep_until(due);
    DeckLinkPicture picture = output.try_acquire();
    if (!picture) continue;
    bars.draw(static_cast<std::uint64_t>(n), picture.bytes(), picture.row_bytes());
    output.submit(std::move(picture));
  }
  return output.metrics();
}

void print_ledger(const DeckLinkMetrics& playing, const DeckLinkMetrics& after) {
  // How it stood is of the time before the stop; the counters are final.
  const auto before = nlohmann::ordered_json::parse(to_json(playing));
  auto ledger = nlohmann::ordered_json::parse(to_json(after));
  for (const char* const name : {"state", "queued", "lead_ms"}) ledger[name] = before[name];
  for (const auto& [name, value] : ledger.items()) {
    print(name.c_str(), value.is_string() ? value.get<std::string>() : value.dump());
  }
}

int run(const Options& options) {
  const auto warn = [](const Notice& notice) {
    fmt::print(stderr, "relume-card-check: warning: {}, {}: {}\n", notice.what, notice.where, notice.remedy);
  };
  DeckLinkOutput output(options.card, warn);
  {
    const DeckLinkLibrary library = load_decklink(options.card.library);
    print_card(library, choose_card(library, options.card.device));
  }
  if (options.seconds == 0) return kExitClean;
  output.start();
  print("played-mode", std::string(output.mode().name));
  std::fflush(stdout);
  const DeckLinkMetrics playing = play(output, options.seconds);
  output.stop();
  const DeckLinkMetrics after = output.metrics();
  print_ledger(playing, after);
  const bool adds_up = after.unanswered == 0 && after.outstanding == 0 &&
                       after.scheduled == after.completed + after.late + after.dropped + after.flushed;
  // A slot that was skipped is a picture that came too late for the card to say so.
  const bool in_time =
      after.completed > 0 && after.late == 0 && after.dropped == 0 && after.skipped_slots == 0 && after.losses == 0;
  print("equation", std::string(adds_up ? "holds" : "does not hold"));
  print("verdict", std::string(adds_up && in_time ? "clean" : "not clean"));
  return adds_up && in_time ? kExitClean : kExitNotClean;
}

/// \return nothing when the arguments ask for no run; then the exit code is in `code`.
std::optional<Options> parse(int argc, char** argv, int& code) {
  Options options;
  CLI::App app("Plays colour bars on a DeckLink card and prints what became of every frame.", "relume-card-check");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("relume-card-check ") + RELUME_CARD_CHECK_VERSION);
  app.add_option("--seconds", options.seconds, "How long to play; 0 only prints what the card says of itself")
      ->type_name("N")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  app.add_option("--mode", options.card.mode, "Size and rate of the pictures")
      ->type_name("MODE")
      ->capture_default_str();
  app.add_option("--library", options.card.library, "The card's library; the system's unless said")->type_name("PATH");
  app.add_option("--device", options.card.device, "Display name or persistent id; the first with an output unless said")
      ->type_name("NAME");
  app.add_option("--preroll", options.card.preroll, "Frames queued before playback starts; 0: by the card's minimum")
      ->type_name("N")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& ended) {
    code = app.exit(ended) == 0 ? kExitClean : kExitUsage;
    return std::nullopt;
  }
  return options;
}

}  // namespace
}  // namespace rig

int main(int argc, char** argv) {
  int code = rig::kExitClean;
  const std::optional<rig::Options> options = rig::parse(argc, argv, code);
  if (!options) return code;
  // An end that was asked for is an orderly one, with its ledger.
  for (const int number : {SIGINT, SIGTERM}) std::signal(number, [](int) { rig::interrupted = 1; });
  try {
    return rig::run(*options);
  } catch (const rig::DeckLinkError& error) {
    std::fflush(stdout);
    fmt::print(stderr, "relume-card-check: error: {}: {}, {}: {}\n", to_string(error.fault()), error.what(),
               error.where(), error.remedy());
    return rig::exit_code(error.fault());
  }
}
