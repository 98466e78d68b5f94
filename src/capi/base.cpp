// SPDX-License-Identifier: Apache-2.0
#include <relume/relume.h>

#include <cstring>

#include "model/param.hpp"

namespace {

// sizeof(full) at most, so that an older host's smaller struct is not written past its end.
template <class T>
void init(T* out, std::size_t size, const T& full) noexcept {
  if (out == nullptr) return;
  T copy = full;
  copy.struct_size = static_cast<std::uint32_t>(size);
  std::memcpy(out, &copy, size < sizeof copy ? size : sizeof copy);
}

relume_value value_of(std::uint32_t type) noexcept {
  relume_value value{};
  value.type = type;
  return value;
}

relume_value floats(std::uint32_t type, float x, float y, float z, float w) noexcept {
  relume_value value = value_of(type);
  value.as.f[0] = x;
  value.as.f[1] = y;
  value.as.f[2] = z;
  value.as.f[3] = w;
  return value;
}

relume_value whole(std::uint32_t type, std::int32_t i) noexcept {
  relume_value value = value_of(type);
  value.as.i = i;
  return value;
}

}  // namespace

extern "C" {

#define RELUME_TEXT_OF(number) #number
#define RELUME_VERSION_TEXT(major, minor, patch) \
  RELUME_TEXT_OF(major) "." RELUME_TEXT_OF(minor) "." RELUME_TEXT_OF(patch)
const char* relume_version(void) RELUME_NONBLOCKING {
  return RELUME_VERSION_TEXT(RELUME_VERSION_MAJOR, RELUME_VERSION_MINOR, RELUME_VERSION_PATCH);
}

const char* relume_result_name(int32_t result) RELUME_NONBLOCKING {
  switch (result) {
    case RELUME_OK: return "ok";
    case RELUME_E_INVALID: return "invalid";
    case RELUME_E_NOMEM: return "no-memory";
    case RELUME_E_RANGE: return "out-of-range";
    case RELUME_E_NOT_FINITE: return "not-finite";
    case RELUME_E_TYPE: return "wrong-type";
    case RELUME_E_UNKNOWN_ROUTE: return "unknown-route";
    case RELUME_E_UNKNOWN_LAYER: return "unknown-layer";
    case RELUME_E_UNKNOWN_TYPE: return "unknown-type";
    case RELUME_E_EXISTS: return "exists";
    case RELUME_E_LIMIT: return "limit";
    case RELUME_E_OWNED: return "owned";
    case RELUME_E_IO: return "io";
    case RELUME_E_TOO_LONG: return "too-long";
    case RELUME_E_BAD_UTF8: return "bad-utf8";
    case RELUME_E_BAD_JSON: return "bad-json";
    case RELUME_E_TIMEOUT: return "timeout";
    case RELUME_E_UNSAVED: return "unsaved";
    case RELUME_E_VERSION: return "version";
    case RELUME_E_STATE: return "state";
    default: return "unknown-result";
  }
}

void relume_error_init(relume_error* error, size_t struct_size) RELUME_NONBLOCKING {
  init(error, struct_size, relume_error RELUME_ERROR_INIT);
}
void relume_param_def_init(relume_param_def* def, size_t struct_size) RELUME_NONBLOCKING {
  init(def, struct_size, relume_param_def RELUME_PARAM_DEF_INIT);
}
void relume_layer_type_def_init(relume_layer_type_def* def, size_t struct_size) RELUME_NONBLOCKING {
  init(def, struct_size, relume_layer_type_def RELUME_LAYER_TYPE_DEF_INIT);
}
void relume_show_options_init(relume_show_options* options, size_t struct_size) RELUME_NONBLOCKING {
  init(options, struct_size, relume_show_options RELUME_SHOW_OPTIONS_INIT);
}
void relume_outcome_init(relume_outcome* outcome, size_t struct_size) RELUME_NONBLOCKING {
  init(outcome, struct_size, relume_outcome RELUME_OUTCOME_INIT);
}
void relume_replay_visitor_init(relume_replay_visitor* visitor, size_t struct_size) RELUME_NONBLOCKING {
  init(visitor, struct_size, relume_replay_visitor RELUME_REPLAY_VISITOR_INIT);
}
void relume_replay_result_init(relume_replay_result* result, size_t struct_size) RELUME_NONBLOCKING {
  init(result, struct_size, relume_replay_result RELUME_REPLAY_RESULT_INIT);
}
void relume_health_init(relume_health* health, size_t struct_size) RELUME_NONBLOCKING {
  init(health, struct_size, relume_health{});
}

void relume_source_options_init(relume_source_options* options, size_t struct_size) RELUME_NONBLOCKING {
  init(options, struct_size, relume_source_options RELUME_SOURCE_OPTIONS_INIT);
}

uint32_t relume_type_lanes(uint32_t type) RELUME_NONBLOCKING { return relume::core::lanes_of(type); }

relume_value relume_value_bool(int on) RELUME_NONBLOCKING { return whole(RELUME_BOOL, on != 0 ? 1 : 0); }
relume_value relume_value_int(int32_t value) RELUME_NONBLOCKING { return whole(RELUME_INT, value); }
relume_value relume_value_float(float value) RELUME_NONBLOCKING { return floats(RELUME_FLOAT, value, 0, 0, 0); }
relume_value relume_value_vec2(float x, float y) RELUME_NONBLOCKING { return floats(RELUME_VEC2, x, y, 0, 0); }
relume_value relume_value_vec3(float x, float y, float z) RELUME_NONBLOCKING { return floats(RELUME_VEC3, x, y, z, 0); }
relume_value relume_value_vec4(float x, float y, float z, float w) RELUME_NONBLOCKING {
  return floats(RELUME_VEC4, x, y, z, w);
}
relume_value relume_value_color(float r, float g, float b, float a) RELUME_NONBLOCKING {
  return floats(RELUME_COLOR, r, g, b, a);
}
relume_value relume_value_enum(int32_t index) RELUME_NONBLOCKING { return whole(RELUME_ENUM, index); }
relume_value relume_value_trigger(uint32_t pulses) RELUME_NONBLOCKING {
  return whole(RELUME_TRIGGER, static_cast<std::int32_t>(pulses));
}
relume_value relume_value_text(const char* text) RELUME_NONBLOCKING {
  relume_value value = value_of(RELUME_TEXT);
  std::uint64_t size = 0;
  while (text != nullptr && text[size] != '\0') ++size;
  value.as.text = {text, size};
  return value;
}

relume_value relume_value_time(int64_t nanoseconds) RELUME_NONBLOCKING {
  relume_value value = value_of(RELUME_TIME);
  value.as.t = nanoseconds;
  return value;
}

}  // extern "C"
