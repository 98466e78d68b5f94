// SPDX-License-Identifier: Apache-2.0
// A rig from the open show to its end: recovery, the first look, the ready line, OSC, signals, exit code. It is the same for all
// rigs; what they show is their stage.
#pragma once

#include "operator/command_line.hpp"
#include "operator/console.hpp"
#include "operator/signals.hpp"
#include "operator/stage.hpp"

#include <relume/relume.hpp>

#include <functional>
#include <memory>

namespace rig {

/// What a rig brings to its session.
struct Program {
  relume::Schema schema;
  relume_show_options show = RELUME_SHOW_OPTIONS_INIT;  ///< from operator_show(), with the rig's own capacities
  /// The show is open and recovered; no port has been taken, nothing has been changed or put out. May be empty.
  std::function<void(relume::Show&)> opened;
  /// Makes the stage, once the OSC port is taken. Throws RigError or NetworkError.
  std::function<std::unique_ptr<Stage>(relume::Show&)> stage;
  bool output_taken = false;  ///< standard output carries something else than the ready line
};

/// Folder, runtime directory, policy and times of a rig's show; capacities are the program's to choose. Borrows the paths.
relume_show_options operator_show(const OperatorOptions& options);

/// Runs the session until a signal ends it. \return the exit code; what went wrong has been told.
int run_session(const Console& console, const OperatorOptions& options, Signals& signals, const Program& program);

/// Runs `body`, which reads the command line and runs the session, and tells what it throws.
int run_program(const Console& console, const std::function<int()>& body);

}  // namespace rig
