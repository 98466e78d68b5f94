// SPDX-License-Identifier: Apache-2.0
#include "operator/values.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace rig {
namespace {

relume_result lane_from_osc(const OscArg& arg, float& lane) {
  if (!arg.is_number()) return RELUME_E_TYPE;
  const bool integral = arg.tag == 'i' || arg.tag == 'h';
  const double number = integral ? static_cast<double>(arg.integer) : arg.number;
  if (!std::isfinite(number)) return RELUME_E_NOT_FINITE;
  if (std::abs(number) > static_cast<double>(std::numeric_limits<float>::max())) return RELUME_E_RANGE;
  lane = static_cast<float>(number);
  return RELUME_OK;
}

relume_result lanes_from_osc(std::span<const OscArg> args, std::size_t count, relume_value& out) {
  if (args.size() != count) return RELUME_E_TYPE;
  for (std::size_t i = 0; i < count; ++i) {
    const relume_result result = lane_from_osc(args[i], out.as.f[i]);
    if (result != RELUME_OK) return result;
  }
  return RELUME_OK;
}

relume_result color_from_osc(std::span<const OscArg> args, relume_value& out) {
  if (args.size() == 1 && args[0].tag == 'r') {
    for (unsigned lane = 0; lane < 4; ++lane) {
      const auto byte = static_cast<std::uint8_t>(args[0].integer >> (24 - 8 * lane));
      out.as.f[lane] = static_cast<float>(byte / 255.0);
    }
    return RELUME_OK;
  }
  out.as.f[3] = 1.0F;
  return lanes_from_osc(args, args.size() == 3 ? 3 : 4, out);
}

relume_result int_from_osc(std::span<const OscArg> args, relume_value& out) {
  if (args.size() != 1 || (args[0].tag != 'i' && args[0].tag != 'h')) return RELUME_E_TYPE;
  out.as.i = static_cast<std::int32_t>(args[0].integer);
  return out.as.i == args[0].integer ? RELUME_OK : RELUME_E_RANGE;
}

relume_result enum_from_osc(const relume::Show& show, relume_param param, std::span<const OscArg> args,
                            relume_value& out) {
  if (args.size() != 1) return RELUME_E_TYPE;
  if (args[0].tag == 's') return relume_param_label_find(show.get(), param, args[0].text.c_str(), &out.as.i, nullptr);
  return args[0].tag == 'i' ? int_from_osc(args, out) : RELUME_E_TYPE;
}

relume_result time_from_osc(std::span<const OscArg> args, relume_value& out) {
  if (args.size() != 1 || (args[0].tag != 'h' && args[0].tag != 'i')) return RELUME_E_TYPE;
  out.as.t = args[0].integer;
  return RELUME_OK;
}

// What a sender puts beside its push is nobody's business: a button may well send its position.
relume_result trigger_from_osc(std::span<const OscArg> args, relume_value& out) {
  if (args.size() > 1) return RELUME_E_TYPE;
  out.as.i = 1;
  return RELUME_OK;
}

relume_result text_from_osc(std::span<const OscArg> args, relume_value& out) {
  if (args.size() != 1 || args[0].tag != 's') return RELUME_E_TYPE;
  out.as.text = {args[0].text.data(), args[0].text.size()};
  return RELUME_OK;
}

}  // namespace

relume_result bool_from_osc(std::span<const OscArg> args, relume_value& out) {
  if (args.size() != 1) return RELUME_E_TYPE;
  switch (args[0].tag) {
    case 'T': out.as.i = 1; return RELUME_OK;
    case 'F': out.as.i = 0; return RELUME_OK;
    case 'i': out.as.i = args[0].integer != 0 ? 1 : 0; return args[0].integer >> 1 == 0 ? RELUME_OK : RELUME_E_RANGE;
    default: return RELUME_E_TYPE;
  }
}

relume_result value_from_osc(const relume::Show& show, relume_param param, std::span<const OscArg> args,
                             relume_value& out) {
  relume_param_info info = RELUME_PARAM_INFO_INIT;
  const relume_result found = relume_param_info_get(show.get(), param, &info, nullptr);
  if (found != RELUME_OK) return found;
  out = relume_value{};
  out.type = info.type;
  switch (info.type) {
    case RELUME_BOOL: return bool_from_osc(args, out);
    case RELUME_INT: return int_from_osc(args, out);
    case RELUME_COLOR: return color_from_osc(args, out);
    case RELUME_ENUM: return enum_from_osc(show, param, args, out);
    case RELUME_TIME: return time_from_osc(args, out);
    case RELUME_TEXT: return text_from_osc(args, out);
    case RELUME_TRIGGER: return trigger_from_osc(args, out);
    default: return lanes_from_osc(args, relume_type_lanes(info.type), out);
  }
}

void value_to_osc(const relume_value& value, OscWriter& out) {
  switch (value.type) {
    case RELUME_BOOL: out.boolean(value.as.i != 0); return;
    case RELUME_INT:
    case RELUME_TRIGGER:
    case RELUME_ENUM: out.int32(value.as.i); return;
    case RELUME_TIME: out.int64(value.as.t); return;
    default:
      for (std::uint32_t i = 0; i < relume_type_lanes(value.type); ++i) out.float32(value.as.f[i]);
  }
}

const char* type_name(std::uint32_t type) noexcept {
  static constexpr std::array kNames{"none", "bool",  "int",  "float", "vec2", "vec3",
                                     "vec4", "color", "enum", "time",  "text", "trigger"};
  return type < kNames.size() ? kNames[type] : "unknown";
}

const char* tier_name(relume_tier tier) noexcept {
  switch (tier) {
    case RELUME_TIER_PERSISTED: return "persisted";
    case RELUME_TIER_COMMITTED: return "committed";
    case RELUME_TIER_TRANSIENT: return "transient";
    default: return "default";
  }
}

}  // namespace rig
