// SPDX-License-Identifier: Apache-2.0
#include "operator/master.hpp"

#include <algorithm>

namespace rig {

void add_master(relume::Schema& schema) {
  using relume::Param;
  schema.type(
      kMasterType,
      {Param("dimmer", RELUME_FLOAT).range(0, 1).initial(relume::scalar(1)).smoothing(kGlideNs).settle(kSettleNs),
       Param("blackout", RELUME_BOOL).initial(relume::boolean(false)).settle(kSettleNs),
       Param("bpm", RELUME_FLOAT).range(20, 300).initial(relume::scalar(120)).settle(kSettleNs)});
  schema.layer(std::string(kMasterLayer), kMasterType);
}

relume_param find_param(const relume::Show& show, const std::string& route) {
  relume_param param{0};
  return relume_param_find(show.get(), route.c_str(), &param, nullptr) == RELUME_OK ? param : relume_param{0};
}

MasterParams find_master(const relume::Show& show, std::size_t position) {
  const std::string layer(kMasterLayer);
  return {position, find_param(show, layer + "/dimmer"), find_param(show, layer + "/blackout")};
}

bool of_one_stack(const relume_frame& frame, std::span<const relume_layer> stack) noexcept {
  return std::equal(frame.layers, frame.layers + frame.layer_count, stack.begin(), stack.end(),
                    [](const relume_frame_layer& a, relume_layer b) { return a.layer.bits == b.bits; });
}

bool lit(const relume_frame& frame, std::size_t position) noexcept {
  return position != kNoLayer && (frame.layers[position].flags & (RELUME_LAYER_DISABLED | RELUME_LAYER_BYPASSED)) == 0;
}

MasterState master_of(relume::Frame frame, const MasterParams& params) noexcept {
  if (!lit(*frame, params.position)) return {};
  const relume_slot* const dimmer = frame.at(params.dimmer);
  const relume_slot* const blackout = frame.at(params.blackout);
  return {dimmer == nullptr ? 1.0 : static_cast<double>(dimmer->f), blackout != nullptr && blackout->i != 0};
}

}  // namespace rig
