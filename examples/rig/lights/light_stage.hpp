// SPDX-License-Identifier: Apache-2.0
// The show on the wire: patch, output and sender, which belong together.
#pragma once

#include "adapters/notice.hpp"
#include "lights/options.hpp"
#include "lights/output.hpp"
#include "lights/patch.hpp"
#include "operator/stage.hpp"

#include <relume/relume.hpp>

#include <optional>
#include <string>

namespace rig {

/// The patch that a rig starts with: the one of --patch, or the show's own.
/// \throws RigError
std::optional<Patch> imported_patch(const LightOptions& options);
Patch first_patch(const relume::Show& show, const std::string& folder, const std::optional<Patch>& imported);

class LightStage : public Stage {
 public:
  /// \param import whether the patch is to become the show's own.
  /// \throws NetworkError, and then the show is as it was.
  LightStage(relume::Show& show, Patch patch, bool import, const LightOptions& options, NoticeSink notices);

  /// The first packets go out before it returns.
  void start() override;
  void stop() override;
  void follow() override;
  /// The document's patch holds now. The output pauses for less than a frame's time and goes on counting.
  void reload() override;
  std::string words() const override;

 private:
  relume::Show& show_;
  Patch patch_;
  NoticeSink notices_;
  HostPort target_;
  ArtNetSender sender_;
  std::optional<Output> output_;
};

}  // namespace rig
