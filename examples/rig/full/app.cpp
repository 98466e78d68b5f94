// SPDX-License-Identifier: Apache-2.0
#include "full/app.hpp"

#include "lights/demo_show.hpp"
#include "lights/light_stage.hpp"
#include "operator/console.hpp"
#include "operator/master.hpp"
#include "operator/session.hpp"
#include "operator/signals.hpp"
#include "video/options.hpp"
#include "video/shader_types.hpp"
#include "video/video_show.hpp"
#include "video/video_stage.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rig {
namespace {

struct FullOptions : OperatorOptions {
  LightOptions light;
  PictureOptions picture;
};

std::optional<FullOptions> parse_full_options(int argc, const char* const* argv) {
  FullOptions options;
  CLI::App app("Lights and pictures of one show, and the same look of both again after kill -9.", "relume-full");
  add_operator_options(app, options);
  add_light_options(app, options.light);
  add_picture_options(app, options.picture);
  if (!parse_command_line(app, options, argc, argv)) return std::nullopt;
  return options;
}

/// Two outputs, each with a thread and a pace of its own. Whichever is due composes; they read the frames of one show.
class FullStage : public Stage {
 public:
  using MakePicture = std::function<std::unique_ptr<VideoStage>()>;

  FullStage(std::unique_ptr<LightStage> lights, MakePicture make_picture)
      : lights_(std::move(lights)), make_picture_(std::move(make_picture)) {}

  /// The lights first: a renderer and a card take their time, in which a room need not be dark.
  void start() override {
    lights_->start();
    picture_ = make_picture_();
    picture_->start();
  }
  void stop() override {
    picture_->stop();
    lights_->stop();
  }
  void follow() override {
    lights_->follow();
    picture_->follow();
  }
  void reload() override {
    lights_->reload();
    picture_->reload();
  }
  void look() override { picture_->look(); }
  void show_picture() override { picture_->show_picture(); }
  std::string words() const override { return lights_->words() + " " + picture_->words(); }

 private:
  std::unique_ptr<LightStage> lights_;
  MakePicture make_picture_;
  std::unique_ptr<VideoStage> picture_;
};

/// Layers of lights and of pictures share their keys.
void check_keys(const Patch& patch, const std::vector<ShaderPackage>& packages, const std::string& where) {
  for (const Group& group : patch.groups) {
    const auto is_it = [&](const ShaderPackage& package) { return package.name == group.name; };
    if (std::any_of(packages.begin(), packages.end(), is_it)) {
      throw RigError(kExitUsage, {fmt::format("\"{}\" is a group of the patch and a shader package", group.name), where,
                                  "give one of them another name"});
    }
  }
}

relume_show_options full_show_options(const FullOptions& options) {
  const relume_show_options pictures = video_show_options(options);
  relume_show_options show = demo_options(options);
  show.max_layers += pictures.max_layers;
  show.max_slots += pictures.max_slots;
  show.max_readers += pictures.max_readers;
  return show;
}

}  // namespace

int run_full(int argc, char** argv) {
  const Console console("relume-full");
  return run_program(console, [&] {
    Signals signals(true);
    const std::optional<FullOptions> options = parse_full_options(argc, argv);
    if (!options) return kExitClean;
    const NoticeSink warn = [&console](const Notice& notice) { console.warn(notice); };
    const std::optional<Patch> imported = imported_patch(options->light);
    const std::vector<ShaderPackage> packages = load_packages(options->picture.shaders, warn);
    check_keys(imported ? *imported : default_patch(), packages, options->picture.shaders);
    Patch patch;
    Program program;
    add_master(program.schema);
    add_lights(program.schema, imported ? *imported : default_patch());
    add_pictures(program.schema, packages);
    program.show = full_show_options(*options);
    program.opened = [&](relume::Show& show) { patch = first_patch(show, options->show, imported); };
    program.stage = [&](relume::Show& show) {
      auto lights = std::make_unique<LightStage>(show, patch, imported.has_value(), options->light, warn);
      return std::make_unique<FullStage>(std::move(lights), [&] {
        return std::make_unique<VideoStage>(show, options->picture, packages, console,
                                            [&signals] { signals.finish(); });
      });
    };
    program.output_taken = options->picture.raw == "-";
    return run_session(console, *options, signals, program);
  });
}

}  // namespace rig
