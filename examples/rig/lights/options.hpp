// SPDX-License-Identifier: Apache-2.0
// The command line of relume-lights.
#pragma once

#include "adapters/udp.hpp"
#include "operator/command_line.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace rig {

struct LightOptions {
  std::string patch;  ///< empty: the show's own
  HostPort artnet;
  std::int64_t period_ns = 0;  ///< of the output
};

struct LightsOptions : OperatorOptions, LightOptions {};

/// Adds --artnet, --rate and --patch; they are read in the course of parsing.
void add_light_options(CLI::App& app, LightOptions& options);

/// Reads the command line. Nothing: --help or --version was asked for and has been printed.
/// \throws UsageError
std::optional<LightsOptions> parse_options(int argc, const char* const* argv);

}  // namespace rig
