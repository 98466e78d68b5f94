// SPDX-License-Identifier: Apache-2.0
#include "lights/options.hpp"

#include "adapters/artnet.hpp"
#include "adapters/clock.hpp"
#include "adapters/notice.hpp"

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

}  // namespace

void add_light_options(CLI::App& app, LightOptions& options) {
  app.add_option_function<std::string>(
         "--artnet", [&options](const std::string& text) { options.artnet = parse_target(text); },
         "Where the Art-Net goes")
      ->type_name("HOST[:PORT]")
      ->default_str("127.0.0.1:6454")
      ->force_callback();
  app.add_option_function<double>(
         "--rate", [&options](double hertz) { options.period_ns = parse_rate(hertz); }, "Frames per second")
      ->type_name("HZ")
      ->default_str("44")
      ->force_callback();
  app.add_option("--patch", options.patch, "Patch, a JSON file; becomes the show's own, which holds without it")
      ->type_name("FILE");
}

std::optional<LightsOptions> parse_options(int argc, const char* const* argv) {
  LightsOptions options;
  CLI::App app("OSC in, Art-Net out, and the same look again after kill -9.", "relume-lights");
  add_operator_options(app, options);
  add_light_options(app, options);
  if (!parse_command_line(app, options, argc, argv)) return std::nullopt;
  return options;
}

}  // namespace rig
