// SPDX-License-Identifier: Apache-2.0
#include "operator/command_line.hpp"

#include "adapters/notice.hpp"

#include <relume/base.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace rig {
namespace {

relume_on_damaged parse_on_damaged(const std::string& text) {
  if (text == "ask") return RELUME_ON_DAMAGED_ASK;
  if (text == "keep-and-save") return RELUME_ON_DAMAGED_KEEP_AND_SAVE;
  throw UsageError(fmt::format("--on-damaged: \"{}\" is neither ask nor keep-and-save", printable(text)));
}

}  // namespace

void add_operator_options(CLI::App& app, OperatorOptions& options) {
  app.set_version_flag("--version", fmt::format("{} {}", app.get_name(), relume_version()));
  app.add_option("--show", options.show, "Show folder, made if absent")->type_name("DIR")->capture_default_str();
  app.add_option("--osc-port", options.osc.port, "UDP port for OSC; 0 takes a free one")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--osc-host", options.osc.host, "Address to listen on for OSC")->type_name("A")->capture_default_str();
  app.add_option("--runtime-dir", options.runtime_dir, "Where the mirror lives: a tmpfs")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--on-damaged", [&options](const std::string& text) { options.on_damaged = parse_on_damaged(text); },
         "What becomes of a show.json that may not simply be overwritten: wait for /relume/accept, or keep it under "
         "another name and go on")
      ->type_name("ask|keep-and-save")
      ->default_str("ask");
}

bool parse_command_line(CLI::App& app, const OperatorOptions& options, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    app.exit(asked);
    return false;
  } catch (const CLI::ParseError& error) { throw UsageError(printable(error.what(), 400)); }
  if (options.show.empty() || options.runtime_dir.empty() || options.osc.host.empty()) {
    throw UsageError("--show, --runtime-dir and --osc-host may not be empty");
  }
  return true;
}

}  // namespace rig
