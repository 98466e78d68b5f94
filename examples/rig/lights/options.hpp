// SPDX-License-Identifier: Apache-2.0
// The command line of relume-lights.
#pragma once

#include "adapters/udp.hpp"

#include <relume/show.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace rig {

struct LightsOptions {
  std::string show = "./demo.show";
  std::string patch;  ///< empty: the show's own
  std::string runtime_dir = "/dev/shm";
  HostPort osc{"127.0.0.1", 9000};
  HostPort artnet;
  std::int64_t period_ns = 0;  ///< of the output
  relume_on_damaged on_damaged = RELUME_ON_DAMAGED_ASK;
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
