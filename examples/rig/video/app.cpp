// SPDX-License-Identifier: Apache-2.0
#include "video/app.hpp"

#include "operator/console.hpp"
#include "operator/master.hpp"
#include "operator/session.hpp"
#include "operator/signals.hpp"
#include "video/options.hpp"
#include "video/shader_types.hpp"
#include "video/video_show.hpp"
#include "video/video_stage.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace rig {

int run_video(int argc, char** argv) {
  const Console console("relume-video");
  return run_program(console, [&] {
    Signals signals(true);
    const std::optional<VideoOptions> options = parse_video_options(argc, argv);
    if (!options) return kExitClean;
    const std::vector<ShaderPackage> packages =
        load_packages(options->shaders, [&](const Notice& notice) { console.warn(notice); });
    Program program;
    add_master(program.schema);
    add_pictures(program.schema, packages);
    program.show = video_show_options(*options);
    program.stage = [&](relume::Show& show) {
      return std::make_unique<VideoStage>(show, *options, packages, console, [&signals] { signals.finish(); });
    };
    program.output_taken = options->raw == "-";
    return run_session(console, *options, signals, program);
  });
}

}  // namespace rig
