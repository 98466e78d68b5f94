// SPDX-License-Identifier: Apache-2.0
#include "lights/options.hpp"

#include "adapters/artnet.hpp"
#include "adapters/clock.hpp"
#include "adapters/notice.hpp"

#include <relume/base.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <string_view>

namespace rig {
namespace {

/// "HOST", "HOST:PORT", "[HOST]:PORT" or an IPv6 address without a port.
HostPort parse_target(const std::string& text) {
  HostPort target{text, kArtNetPort};
  std::string_view port;
  const bool bracketed = !text.empty() && text[0] == '[';
  const std::size_t colon = bracketed ? text.find("]:") : text.find(':');
  const bool one_colon = colon != std::string::npos && (bracketed || text.find(':', colon + 1) == std::string::npos);
  if (bracketed) {
    target.host = text.substr(1, text.find(']') - 1);
    if (one_colon) port = std::string_view(text).substr(colon + 2);
  } else if (one_colon) {
    target.host = text.substr(0, colon);
    port = std::string_view(text).substr(colon + 1);
  }
  if (one_colon) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), target.port);
    if (error != std::errc() || end != port.data() + port.size() || target.port == 0) {
      throw UsageError(fmt::format("--artnet: \"{}\" is no port", printable(port)));
    }
  }
  if (target.host.empty()) throw UsageError("--artnet: the host is missing");
  return target;
}

std::int64_t parse_rate(double hertz) {
  // Below 2 Hz a universe could not be repeated every 0.8 s; NaN fails too.
  if (!(hertz >= 2.0 && hertz <= 1000.0)) throw UsageError("--rate: must be from 2 to 1000 Hz");
  return std::llround(static_cast<double>(kSecond) / hertz);
}

relume_on_damaged parse_on_damaged(std::string_view text) {
  if (text == "ask") return RELUME_ON_DAMAGED_ASK;
  if (text == "keep-and-save") return RELUME_ON_DAMAGED_KEEP_AND_SAVE;
  throw UsageError(fmt::format("--on-damaged: \"{}\" is neither ask nor keep-and-save", printable(text)));
}

}  // namespace

std::optional<LightsOptions> parse_options(int argc, const char* const* argv) {
  LightsOptions options;
  std::string artnet = "127.0.0.1:6454";
  double rate = 44.0;
  std::string on_damaged = "ask";
  CLI::App app("OSC in, Art-Net out, and the same look again after kill -9.", "relume-lights");
  app.set_version_flag("--version", fmt::format("relume-lights {}", relume_version()));
  app.add_option("--show", options.show, "Show folder, made if absent")->type_name("DIR")->capture_default_str();
  app.add_option("--osc-port", options.osc.port, "UDP port for OSC; 0 takes a free one")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--osc-host", options.osc.host, "Address to listen on for OSC")->type_name("A")->capture_default_str();
  app.add_option("--artnet", artnet, "Where the Art-Net goes")->type_name("HOST[:PORT]")->capture_default_str();
  app.add_option("--rate", rate, "Frames per second")->type_name("HZ")->capture_default_str();
  app.add_option("--patch", options.patch, "Patch, a JSON file; becomes the show's own, which holds without it")
      ->type_name("FILE");
  app.add_option("--runtime-dir", options.runtime_dir, "Where the mirror lives: a tmpfs")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option(
         "--on-damaged", on_damaged,
         "What becomes of a show.json that may not simply be overwritten: wait for /relume/accept, or keep it under "
         "another name and go on")
      ->type_name("ask|keep-and-save")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    app.exit(asked);
    return std::nullopt;
  } catch (const CLI::ParseError& error) { throw UsageError(printable(error.what(), 400)); }
  if (options.show.empty() || options.runtime_dir.empty() || options.osc.host.empty()) {
    throw UsageError("--show, --runtime-dir and --osc-host may not be empty");
  }
  options.artnet = parse_target(artnet);
  options.period_ns = parse_rate(rate);
  options.on_damaged = parse_on_damaged(on_damaged);
  return options;
}

}  // namespace rig
