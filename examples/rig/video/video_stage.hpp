// SPDX-License-Identifier: Apache-2.0
// The show as a picture: shaders, renderer, output thread, and where the pictures go.
#pragma once

#include "operator/console.hpp"
#include "operator/stage.hpp"
#include "video/card_sink.hpp"
#include "video/options.hpp"
#include "video/picture_file.hpp"
#include "video/picture_output.hpp"
#include "video/renderer.hpp"
#include "video/shader_library.hpp"
#include "video/shader_types.hpp"

#include <relume/relume.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace rig {

class VideoStage : public Stage {
 public:
  /// \param declared the packages that the show was opened with.
  /// \param finished called once when the last picture of --frames has been shown, by any thread.
  /// \throws RigError no OpenGL, no card, a file that cannot be written.
  VideoStage(relume::Show& show, const PictureOptions& options, std::vector<ShaderPackage> declared,
             const Console& console, std::function<void()> finished);
  ~VideoStage() override;

  void start() override;
  void stop() override;
  void follow() override;
  void reload() override;
  /// Writes the picture that was asked for; reports health once a second.
  void look() override;
  void show_picture() override;
  std::string words() const override;

 private:
  void make_output(const PictureOptions& options, std::vector<ShaderPackage> declared, std::function<void()> finished);
  void take_picture(const Picture& picture);
  void record(const Picture& picture);
  void report_health();

  relume::Show& show_;
  const Console& console_;
  NoticeSink notices_;
  PictureOptions options_;
  // In this order: each may use those above it until it is gone.
  std::unique_ptr<Renderer> renderer_;
  std::unique_ptr<CardSink> card_;
  std::unique_ptr<RawWriter> raw_;
  std::unique_ptr<PictureOutput> output_;
  std::unique_ptr<ShaderTypes> types_;
  std::unique_ptr<ShaderLibrary> library_;
  std::atomic<bool> stopping_{false};
  std::int64_t report_due_ns_ = 0;
  std::uint64_t failed_before_ = 0;  // at the last report
  bool running_ = false;
};

}  // namespace rig
