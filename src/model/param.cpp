// SPDX-License-Identifier: Apache-2.0
#include "model/param.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "model/key.hpp"
#include "model/objects.hpp"
#include "model/text.hpp"

namespace relume::core {

std::uint32_t lanes_of(std::uint32_t type) noexcept RELUME_NONBLOCKING {
  switch (type) {
    case RELUME_BOOL:
    case RELUME_INT:
    case RELUME_FLOAT:
    case RELUME_ENUM:
    case RELUME_TRIGGER:
    case RELUME_TEXT: return 1;
    case RELUME_VEC2:
    case RELUME_TIME: return 2;
    case RELUME_VEC3: return 3;
    case RELUME_VEC4:
    case RELUME_COLOR: return 4;
    default: return 0;
  }
}

bool is_float_type(std::uint32_t type) noexcept RELUME_NONBLOCKING {
  return type == RELUME_FLOAT || (type >= RELUME_VEC2 && type <= RELUME_COLOR);
}

namespace {

const char* type_name(std::uint32_t type) {
  static constexpr const char* names[] = {"none", "bool",  "int",  "float", "vec2", "vec3",
                                          "vec4", "color", "enum", "time",  "text", "trigger"};
  return type < std::size(names) ? names[type] : "an unknown type";
}

// Ranges are compared in the value's own type: 0.1F is inside a range that ends at 0.1.
template <class T>
bool clamp(const ParamDef& def, T& value) noexcept RELUME_NONBLOCKING {
  if (!def.bounded) return false;
  const T low = static_cast<T>(def.min);
  const T high = static_cast<T>(def.max);
  if (value >= low && value <= high) return false;
  value = value < low ? low : high;
  return true;
}

template <class T>
relume_result fit(const ParamDef& def, T& value) noexcept RELUME_NONBLOCKING {
  T inside = value;
  if (!clamp(def, inside)) return RELUME_OK;
  if ((def.flags & RELUME_PARAM_CLAMP) == 0) return RELUME_E_RANGE;
  value = inside;
  return RELUME_OK;
}

std::int64_t time_of(const std::uint32_t* lanes) noexcept RELUME_NONBLOCKING {
  return static_cast<std::int64_t>(lanes[0] | (static_cast<std::uint64_t>(lanes[1]) << 32U));
}

void put_time(std::int64_t time, Lanes& out) noexcept RELUME_NONBLOCKING {
  out[0] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(time));
  out[1] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(time) >> 32U);
}

relume_result encode_whole(const ParamDef& def, std::int32_t value, Lanes& out) noexcept RELUME_NONBLOCKING {
  if (def.type == RELUME_INT) {
    const relume_result result = fit(def, value);
    if (result != RELUME_OK) return result;
  } else if (def.type == RELUME_TRIGGER) {
    if (value < 1) return RELUME_E_RANGE;  // none, or so many that a count after them could be one before
  } else {
    const std::int32_t last = def.type == RELUME_BOOL ? 1 : static_cast<std::int32_t>(def.labels.size()) - 1;
    if (value < 0 || value > last) {
      if ((def.flags & RELUME_PARAM_CLAMP) == 0) return RELUME_E_RANGE;
      value = value < 0 ? 0 : last;
    }
  }
  out[0] = std::bit_cast<std::uint32_t>(value);
  return RELUME_OK;
}

}  // namespace

relume_result encode_value(const ParamDef& def, const relume_value& value, Lanes& out) noexcept RELUME_NONBLOCKING {
  if (value.type != def.type || def.type == RELUME_TEXT) return RELUME_E_TYPE;
  if (value.reserved != 0) return RELUME_E_INVALID;
  out = {};
  if (is_float_type(def.type)) {
    for (std::uint32_t i = 0; i < def.lanes; ++i) {
      float lane = value.as.f[i];
      if (!std::isfinite(lane)) return RELUME_E_NOT_FINITE;
      const relume_result result = fit(def, lane);
      if (result != RELUME_OK) return result;
      // One zero only: minus zero compares equal but has other bits, and would count as a change.
      out[i] = std::bit_cast<std::uint32_t>(lane + 0.0F);
    }
    return RELUME_OK;
  }
  if (def.type == RELUME_TIME) {
    std::int64_t time = value.as.t;
    const relume_result result = fit(def, time);
    put_time(time, out);
    return result;
  }
  return encode_whole(def, value.as.i, out);
}

relume_result encode_any(const ParamDef& def, const relume_value& value, Lanes& out, std::string_view& text) {
  if (def.type != RELUME_TEXT || value.type != RELUME_TEXT) return encode_value(def, value, out);
  if (value.reserved != 0 || (value.as.text.data == nullptr && value.as.text.size != 0)) return RELUME_E_INVALID;
  text = bytes_of(value);
  out = {text_slot(text)};
  return check_text(text);
}

bool is_value(std::uint32_t type, const Lanes& lanes) noexcept RELUME_NONBLOCKING {
  if (type == RELUME_BOOL) return lanes[0] <= 1;
  if (!is_float_type(type)) return true;
  const std::uint32_t count = lanes_of(type);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!std::isfinite(std::bit_cast<float>(lanes[i]))) return false;
  }
  return true;
}

bool clamp_to_range(const ParamDef& def, Lanes& lanes) noexcept RELUME_NONBLOCKING {
  bool clamped = false;
  if (is_float_type(def.type)) {
    for (std::uint32_t i = 0; i < def.lanes; ++i) {
      auto lane = std::bit_cast<float>(lanes[i]);
      if (!clamp(def, lane)) continue;
      lanes[i] = std::bit_cast<std::uint32_t>(lane);
      clamped = true;
    }
  } else if (def.type == RELUME_INT) {
    auto value = std::bit_cast<std::int32_t>(lanes[0]);
    clamped = clamp(def, value);
    lanes[0] = std::bit_cast<std::uint32_t>(value);
  } else if (def.type == RELUME_TIME) {
    std::int64_t time = time_of(lanes.data());
    clamped = clamp(def, time);
    put_time(time, lanes);
  }
  return clamped;
}

relume_value decode_value(std::uint32_t type, const std::uint32_t* lanes) noexcept RELUME_NONBLOCKING {
  relume_value value{};
  value.type = type;
  if (is_float_type(type)) {
    const std::uint32_t count = lanes_of(type);
    for (std::uint32_t i = 0; i < count; ++i) value.as.f[i] = std::bit_cast<float>(lanes[i]);
  } else if (type == RELUME_TEXT) {
    value.as.text = {nullptr, 0};
  } else if (type == RELUME_TIME) {
    value.as.t = time_of(lanes);
  } else {
    value.as.i = std::bit_cast<std::int32_t>(lanes[0]);
  }
  return value;
}

Fault value_fault(const ParamDef& def, const std::string& route, relume_result code) {
  switch (code) {
    case RELUME_E_TYPE: return {code, route, fmt::format("{} takes a value of type {}", route, type_name(def.type))};
    case RELUME_E_NOT_FINITE:
      return {code, route, fmt::format("{} was given NaN or infinity; give a finite number", route)};
    case RELUME_E_RANGE:
      if (def.type == RELUME_ENUM) {
        return {code, route, fmt::format("{} has labels 0 to {}", route, def.labels.size() - 1)};
      }
      if (def.type == RELUME_BOOL) return {code, route, fmt::format("{} takes 0 or 1", route)};
      if (def.type == RELUME_TRIGGER) {
        return {code, route, fmt::format("{} takes 1 to {} pulses", route, std::numeric_limits<std::int32_t>::max())};
      }
      return {code, route, fmt::format("{} takes {} to {}", route, def.min, def.max)};
    case RELUME_E_TOO_LONG:
      return {code, route, fmt::format("{} takes a text of at most {} bytes", route, kMaxTextBytes)};
    case RELUME_E_BAD_UTF8: return {code, route, fmt::format("{} takes UTF-8 without NUL", route)};
    default:
      return {code, route,
              fmt::format("{} was given a value whose reserved field is not 0; make it with relume_value_*", route)};
  }
}

namespace {

Fault check_labels(const relume_param_def& from, ParamDef& out) {
  if (out.type != RELUME_ENUM) {
    if (from.label_count == 0) return {};
    return {RELUME_E_INVALID, out.key, "labels belong to enum parameters only: drop them or change the type"};
  }
  if (from.label_count == 0 || from.label_count > 65535 || from.labels == nullptr) {
    return {RELUME_E_INVALID, out.key, "an enum needs 1 to 65,535 labels"};
  }
  for (std::uint32_t i = 0; i < from.label_count; ++i) {
    const char* text = from.labels[i];
    const std::string label = text != nullptr ? text : "";
    if (label.empty() || label.size() > kMaxKeyBytes) {
      return {RELUME_E_INVALID, out.key, fmt::format("label {} must have 1 to 63 bytes", i)};
    }
    if (check_text(label) != RELUME_OK) {
      return {RELUME_E_BAD_UTF8, out.key, fmt::format("label {} is not UTF-8", i)};
    }
    if (std::find(out.labels.begin(), out.labels.end(), label) != out.labels.end()) {
      return {RELUME_E_INVALID, out.key, fmt::format("label {} is there twice: {}", i, label)};
    }
    out.labels.push_back(label);
  }
  return {};
}

Fault check_range(const relume_param_def& from, ParamDef& out) {
  if (!std::isfinite(from.min) || !std::isfinite(from.max)) {
    return {RELUME_E_NOT_FINITE, out.key, "the range is NaN or infinite; leave min and max 0 for no bounds"};
  }
  if (from.min == from.max) return {};
  if (out.type == RELUME_BOOL || out.type == RELUME_ENUM || out.type == RELUME_TEXT || out.type == RELUME_TRIGGER) {
    return {RELUME_E_INVALID, out.key, "bool, enum, text and trigger take no range"};
  }
  const bool whole = is_float_type(out.type) || (std::floor(from.min) == from.min && std::floor(from.max) == from.max);
  if (!whole) return {RELUME_E_INVALID, out.key, "the range of an int or a time has whole bounds"};
  const double limit = is_float_type(out.type) ? 3.4028234663852886e38 : out.type == RELUME_INT ? 2147483648.0 : 9.2e18;
  const double last = out.type == RELUME_INT ? 2147483647.0 : limit;
  if (from.min > from.max || from.min < -limit || from.max > last) {
    return {RELUME_E_INVALID, out.key,
            fmt::format("the range {} to {} is empty or beyond type {}", from.min, from.max, type_name(out.type))};
  }
  out.bounded = true;
  out.min = from.min;
  out.max = from.max;
  return {};
}

Fault check_trigger(const relume_param_def& from, const ParamDef& out) {
  if (from.default_value.type != 0) {
    return {RELUME_E_INVALID, out.key, "a trigger counts from 0 and takes no default; leave default_value 0"};
  }
  if ((out.flags & RELUME_PARAM_CLAMP) != 0) {
    return {RELUME_E_INVALID, out.key, "a trigger has no range to clamp to; drop RELUME_PARAM_CLAMP"};
  }
  return {};
}

Fault check_initial(const relume_param_def& from, ParamDef& out) {
  if (out.type == RELUME_TRIGGER) return check_trigger(from, out);
  relume_value initial = from.default_value;
  if (initial.type == 0 && out.type == RELUME_TEXT) {
    initial.type = out.type;
    initial.as.text = {nullptr, 0};
  } else if (initial.type == 0) {
    initial.type = out.type;
    const double nearest = out.bounded ? std::clamp(0.0, out.min, out.max) : 0.0;
    if (is_float_type(out.type)) {
      std::fill(std::begin(initial.as.f), std::end(initial.as.f), static_cast<float>(nearest));
    } else if (out.type == RELUME_TIME) {
      initial.as.t = static_cast<std::int64_t>(nearest);
    } else {
      initial.as.i = static_cast<std::int32_t>(nearest);
    }
  }
  const std::uint32_t flags = out.flags;
  out.flags &= ~static_cast<std::uint32_t>(RELUME_PARAM_CLAMP);  // a default is never bent, it is wrong or right
  std::string_view text;
  const relume_result result = encode_any(out, initial, out.initial, text);
  out.initial_text = result == RELUME_OK ? text : std::string_view();
  out.flags = flags;
  if (result == RELUME_OK) return {};
  Fault fault = value_fault(out, out.key, result);
  fault.message = "the default does not fit: " + fault.message;
  return fault;
}

}  // namespace

Fault make_param(const relume_param_def& from, ParamDef& out) {
  out.key = from.key != nullptr ? from.key : "";
  if (!valid_key(out.key)) return key_fault(out.key, "the parameter's");
  out.type = from.type;
  out.lanes = lanes_of(from.type);
  if (out.lanes == 0) return {RELUME_E_TYPE, out.key, fmt::format("{} is not a value type", from.type)};
  constexpr std::uint32_t known =
      RELUME_PARAM_CLAMP | RELUME_PARAM_RECALL_SAFE | RELUME_PARAM_LOSSY | RELUME_PARAM_HIGHEST;
  if ((from.flags & ~known) != 0 || from.reserved != 0 || from.commit_policy > RELUME_COMMIT_PERSIST) {
    return {RELUME_E_INVALID, out.key, "flags, commit_policy or reserved hold a number that has no meaning"};
  }
  out.flags = from.flags;
  out.commit_policy = from.commit_policy;
  if (from.smoothing_ns < 0 || from.settle_ns < 0) {
    return {RELUME_E_INVALID, out.key, "smoothing_ns and settle_ns cannot be negative"};
  }
  if (from.settle_ns > kMaxSettle) {
    return {RELUME_E_INVALID, out.key, "settle_ns is over 19 hours; who never commits says RELUME_COMMIT_RENDER_ONLY"};
  }
  if (from.smoothing_ns > 0 && !is_float_type(out.type)) {
    return {RELUME_E_INVALID, out.key, "only float, vec and color can be smoothed; set smoothing_ns to 0"};
  }
  out.smoothing_ns = from.smoothing_ns;
  if (from.smoothing_ns >= kShortestGlide)
    out.glide_rate = static_cast<float>(1.0 / static_cast<double>(from.smoothing_ns));
  out.settle_ns = from.settle_ns;
  if (Fault fault = check_labels(from, out)) return fault;
  if (Fault fault = check_range(from, out)) return fault;
  if (out.bounded) out.arrival = static_cast<float>(kArrival * (out.max - out.min));
  return check_initial(from, out);
}

}  // namespace relume::core
