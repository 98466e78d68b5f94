// SPDX-License-Identifier: Apache-2.0
// The part of the command line that every rig has.
#pragma once

#include "adapters/udp.hpp"

#include <relume/show.h>

#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

namespace rig {

struct OperatorOptions {
  std::string show = "./demo.show";
  std::string runtime_dir = "/dev/shm";
  HostPort osc{"127.0.0.1", 9000};
  relume_on_damaged on_damaged = RELUME_ON_DAMAGED_ASK;
};

/// The command line cannot be used.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Adds the version, --show, --osc-port, --osc-host, --runtime-dir and --on-damaged. The options live longer than the app.
void add_operator_options(CLI::App& app, OperatorOptions& options);

/// Reads the command line. False: --help or --version was asked for and has been printed.
/// \throws UsageError
bool parse_command_line(CLI::App& app, const OperatorOptions& options, int argc, const char* const* argv);

}  // namespace rig
