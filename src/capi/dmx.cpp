// SPDX-License-Identifier: Apache-2.0
#include <relume/dmx.h>

#include "model/dmx.hpp"

using namespace relume::core;

namespace {

relume_result check_line(const relume_dmx_patch& line, std::size_t slot_count,
                         std::size_t channel_count) noexcept RELUME_NONBLOCKING {
  if ((line.flags & ~kDmxFlags) != 0 || line.reserved != 0) return RELUME_E_INVALID;
  if (line.fixtures > 1 && line.stride < line.lanes * dmx_width(line.flags)) return RELUME_E_INVALID;
  return dmx_line_fits(line, slot_count, channel_count) ? RELUME_OK : RELUME_E_RANGE;
}

}  // namespace

extern "C" {

relume_result relume_dmx_pack(const float* values, size_t stride, size_t count, uint32_t flags, uint32_t tick,
                              uint8_t* channels, size_t channel_count) RELUME_NONBLOCKING {
  if ((flags & ~kDmxFlags) != 0 || (count > 0 && (values == nullptr || channels == nullptr))) return RELUME_E_INVALID;
  if (count > channel_count / dmx_width(flags)) return RELUME_E_RANGE;
  pack_dmx(values, stride, count, flags, tick, channels);
  return RELUME_OK;
}

relume_result relume_dmx_pack_universe(const relume_dmx_patch* patch, size_t count, const relume_slot* slots,
                                       size_t slot_count, double master, uint32_t tick, uint8_t* channels,
                                       size_t channel_count, size_t* out_culprit) RELUME_NONBLOCKING {
  if (count > 0 && (patch == nullptr || slots == nullptr || channels == nullptr)) return RELUME_E_INVALID;
  for (std::size_t i = 0; i < count; ++i) {
    const relume_result result = check_line(patch[i], slot_count, channel_count);
    if (result == RELUME_OK) continue;
    if (out_culprit != nullptr) *out_culprit = i;
    return result;
  }
  for (std::size_t i = 0; i < count; ++i) pack_dmx_line(patch[i], slots, master, tick, channels);
  return RELUME_OK;
}

}  // extern "C"
