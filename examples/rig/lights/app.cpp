// SPDX-License-Identifier: Apache-2.0
#include "lights/app.hpp"

#include "lights/demo_show.hpp"
#include "lights/light_stage.hpp"
#include "lights/options.hpp"
#include "lights/patch.hpp"
#include "operator/console.hpp"
#include "operator/session.hpp"
#include "operator/signals.hpp"

#include <relume/relume.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace rig {

int run_lights(int argc, char** argv, const LightsSeams& seams) {
  const Console console("relume-lights");
  return run_program(console, [&] {
    Signals signals(false);
    const std::optional<LightsOptions> options = parse_options(argc, argv);
    if (!options) return kExitClean;
    const std::optional<Patch> imported = imported_patch(*options);
    Patch patch;
    Program program;
    program.schema = demo_schema(imported ? *imported : default_patch());
    program.show = demo_options(*options);
    program.opened = [&](relume::Show& show) {
      if (seams.show_opened) seams.show_opened(show.get());
      patch = first_patch(show, options->show, imported);
    };
    program.stage = [&](relume::Show& show) {
      return std::make_unique<LightStage>(show, patch, imported.has_value(), *options,
                                          [&console](const Notice& notice) { console.warn(notice); });
    };
    return run_session(console, *options, signals, program);
  });
}

}  // namespace rig
