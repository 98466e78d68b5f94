// SPDX-License-Identifier: Apache-2.0
#include "lights/light_stage.hpp"

#include "lights/demo_show.hpp"
#include "lights/dmx.hpp"
#include "operator/console.hpp"

#include <fmt/format.h>

#include <utility>

namespace rig {

std::optional<Patch> imported_patch(const LightOptions& options) {
  if (options.patch.empty()) return std::nullopt;
  try {
    return read_patch(options.patch);
  } catch (const PatchError& error) { throw RigError(kExitUsage, {error.what(), error.where(), "correct the patch"}); }
}

Patch first_patch(const relume::Show& show, const std::string& folder, const std::optional<Patch>& imported) {
  if (imported) return *imported;
  try {
    return recorded_patch(show);
  } catch (const PatchError& error) {
    throw RigError(kExitUsage,
                   {fmt::format("the show's own patch cannot be used ({}: {})", error.where(), error.what()), folder,
                    "give another with --patch FILE"});
  }
}

LightStage::LightStage(relume::Show& show, Patch patch, bool import, const LightOptions& options, NoticeSink notices)
    : show_(show),
      patch_(std::move(patch)),
      notices_(std::move(notices)),
      target_(options.artnet),
      sender_(options.artnet, patched_universes(patch_), options.period_ns, notices_) {
  // Only now: a start that fails for a port has changed nothing.
  if (import) import_patch(show_, patch_);
  output_.emplace(show_, DmxPacker(patch_), find_params(show_, patch_), sender_, options.period_ns);
}

void LightStage::start() {
  output_->send_first();
  sender_.start();
  output_->start();
}

void LightStage::stop() {
  output_->stop();
  sender_.stop();
}

void LightStage::follow() { output_->follow(find_params(show_, patch_)); }

void LightStage::reload() {
  try {
    Patch patch = recorded_patch(show_);
    if (patch.json == patch_.json) return follow();
    stop();
    patch_ = std::move(patch);
  } catch (const PatchError& error) {
    notices_({fmt::format("the document's patch cannot be used ({}); the patch before it holds until the rig ends",
                          error.what()),
              error.where(), "start the rig with --patch FILE the next time"});
    return follow();
  }
  sender_.repatch(patched_universes(patch_));
  output_->repatch(DmxPacker(patch_), find_params(show_, patch_));
  sender_.start();
  output_->start();
}

std::string LightStage::words() const { return "artnet=" + to_string(target_); }

}  // namespace rig
