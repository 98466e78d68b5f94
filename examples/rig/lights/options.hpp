// SPDX-License-Identifier: Apache-2.0
// The command line of relume-lights.
#pragma once

#include "adapters/udp.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace rig {

struct LightsOptions {
  std::string show = "./demo.show";
  std::string patch;  ///< empty: the default patch
  std::string runtime_dir = "/dev/shm";
  HostPort osc{"127.0.0.1", 9000};
  HostPort artnet;
  std::int64_t period_ns = 0;  ///< of the output
};

/// The command line cannot be used.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads the command line. Nothing: --help or --version was asked for and has been printed.
/// \throws UsageError
std::optional<LightsOptions> parse_options(int argc, const char* const* argv);

}  // namespace rig
