// SPDX-License-Identifier: Apache-2.0
#include "video/shader_package.hpp"

#include "adapters/clock.hpp"
#include "adapters/notice.hpp"
#include "video/shader_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

namespace rig {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 4;          // file, list, parameter, default
constexpr double kMaxMs = 3'600'000;  // an hour; a longer glide or rest is a mistake

struct TypeName {
  std::string_view name;
  relume_type type;
};
constexpr std::array<TypeName, 10> kTypes{{{"bool", RELUME_BOOL},
                                           {"int", RELUME_INT},
                                           {"float", RELUME_FLOAT},
                                           {"vec2", RELUME_VEC2},
                                           {"vec3", RELUME_VEC3},
                                           {"vec4", RELUME_VEC4},
                                           {"color", RELUME_COLOR},
                                           {"enum", RELUME_ENUM},
                                           {"time", RELUME_TIME},
                                           {"trigger", RELUME_TRIGGER}}};

bool is_vector(relume_type type) { return type >= RELUME_VEC2 && type <= RELUME_COLOR; }
bool is_whole(relume_type type) { return type == RELUME_INT || type == RELUME_TIME; }

/// Where in a file something is wrong.
struct Place {
  std::string file;
  std::string param = {};

  PackageError error(std::string_view field, std::string_view what) const {
    std::string text = file + ": ";
    if (!param.empty()) text += "parameter " + param + ": ";
    if (!field.empty()) text += std::string(field) + ": ";
    return PackageError(text + std::string(what));
  }
};

void refuse_unknown_fields(const Json& object, std::initializer_list<std::string_view> known, const Place& place) {
  for (const auto& item : object.items()) {
    if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
    throw place.error(printable(item.key()), "there is no such field");
  }
}

double number(const Json& value, const char* field, relume_type type, const Place& place) {
  if (!value.is_number()) throw place.error(field, "must be a number");
  const double number = value.get<double>();
  if (is_whole(type) && std::floor(number) != number) throw place.error(field, "must be a whole number");
  return number;
}

std::int64_t milliseconds(const Json& json, const char* field, const Place& place) {
  if (!json.contains(field)) return 0;
  const Json& value = json[field];
  const double ms = value.is_number() ? value.get<double>() : -1.0;
  if (!(ms >= 0.0 && ms <= kMaxMs)) {
    throw place.error(field, fmt::format("must be a number of milliseconds from 0 to {}", kMaxMs));
  }
  return std::llround(ms * static_cast<double>(kMillisecond));
}

void read_range(const Json& json, ShaderParam& param, const Place& place) {
  if (!json.contains("range")) {
    if (param.type == RELUME_COLOR) param.max = 1.0;
    return;
  }
  if (param.type == RELUME_BOOL || param.type == RELUME_ENUM || param.type == RELUME_TRIGGER) {
    throw place.error("range", "bool, enum and trigger take none");
  }
  const Json& range = json["range"];
  if (!range.is_array() || range.size() != 2) throw place.error("range", "must be [min, max]");
  param.min = number(range[0], "range", param.type, place);
  param.max = number(range[1], "range", param.type, place);
  if (!(param.min < param.max)) throw place.error("range", "min must be below max");
}

void read_labels(const Json& json, ShaderParam& param, const Place& place) {
  if (param.type != RELUME_ENUM) {
    if (json.contains("labels")) throw place.error("labels", "only an enum has them");
    return;
  }
  const Json labels = json.value("labels", Json());
  if (!labels.is_array() || labels.empty()) throw place.error("labels", "an enum needs a list of texts");
  for (const Json& label : labels) {
    if (!label.is_string()) throw place.error("labels", "must be a list of texts");
    param.labels.push_back(label.get<std::string>());
  }
}

relume_value read_vector(const Json& json, relume_type type, const Place& place) {
  const std::size_t lanes = relume_type_lanes(type);
  const bool opaque = type == RELUME_COLOR && json.is_array() && json.size() == 3;
  if (!json.is_array() || !(json.size() == lanes || opaque)) {
    throw place.error("default", type == RELUME_COLOR ? "must be a list of 3 or 4 numbers"
                                                      : fmt::format("must be a list of {} numbers", lanes));
  }
  relume_value value{};
  value.type = static_cast<std::uint32_t>(type);
  if (opaque) value.as.f[3] = 1.0F;
  for (std::size_t i = 0; i < json.size(); ++i) {
    value.as.f[i] = static_cast<float>(number(json[i], "default", type, place));
  }
  return value;
}

relume_value read_default(const Json& json, const ShaderParam& param, const Place& place) {
  if (is_vector(param.type)) return read_vector(json, param.type, place);
  if (param.type == RELUME_TRIGGER) throw place.error("default", "a trigger counts from 0 and takes none");
  switch (param.type) {
    case RELUME_BOOL:
      if (!json.is_boolean()) throw place.error("default", "must be true or false");
      return relume_value_bool(json.get<bool>() ? 1 : 0);
    case RELUME_FLOAT: return relume_value_float(static_cast<float>(number(json, "default", param.type, place)));
    case RELUME_ENUM: {
      const auto label = json.is_string() ? std::find(param.labels.begin(), param.labels.end(), json.get<std::string>())
                                          : param.labels.end();
      if (label == param.labels.end()) throw place.error("default", "must be one of the labels");
      return relume_value_enum(static_cast<std::int32_t>(label - param.labels.begin()));
    }
    default: break;
  }
  const double whole = number(json, "default", param.type, place);
  // Beyond 2^53 a number of JSON is not exact.
  const double limit = param.type == RELUME_INT ? std::numeric_limits<std::int32_t>::max() : 9'007'199'254'740'992.0;
  if (std::abs(whole) > limit)
    throw place.error("default", fmt::format("must be from {0:.0f} to {1:.0f}", -limit, limit));
  if (param.type == RELUME_INT) return relume_value_int(static_cast<std::int32_t>(whole));
  return relume_value_time(static_cast<std::int64_t>(whole));
}

ShaderParam read_param(const Json& json, std::size_t index, const std::string& file) {
  Place place{file, fmt::format("{}", index + 1)};
  if (!json.is_object()) throw place.error("", "must be an object");
  const Json key = json.value("key", Json());
  if (!key.is_string() || !is_package_name(key.get_ref<const std::string&>())) {
    throw place.error("key", "must be 1 to 63 of a-z, 0-9, _ and -, and not \"relume\"");
  }
  ShaderParam param;
  param.key = key.get<std::string>();
  place.param = param.key;
  refuse_unknown_fields(json, {"key", "type", "range", "default", "labels", "clamp", "smoothing_ms", "settle_ms"},
                        place);
  const Json type = json.value("type", Json());
  const auto known = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& t) { return type == t.name; });
  if (known == kTypes.end()) {
    throw place.error("type", "must be bool, int, float, vec2, vec3, vec4, color, enum, time or trigger");
  }
  param.type = known->type;
  read_range(json, param, place);
  read_labels(json, param, place);
  if (json.contains("default")) param.initial = read_default(json["default"], param, place);
  if (json.contains("clamp")) {
    if (!json["clamp"].is_boolean()) throw place.error("clamp", "must be true or false");
    param.clamp = json["clamp"].get<bool>();
  }
  param.smoothing_ns = milliseconds(json, "smoothing_ms", place);
  param.settle_ns = milliseconds(json, "settle_ms", place);
  return param;
}

/// What the renderer itself wants to know of every layer.
std::vector<ShaderParam> common_params() {
  ShaderParam opacity;
  opacity.key = kOpacityKey;
  opacity.max = 1.0;
  opacity.initial = relume_value_float(1.0F);
  opacity.smoothing_ns = 100 * kMillisecond;
  opacity.settle_ns = 500 * kMillisecond;
  ShaderParam blend;
  blend.key = kBlendKey;
  blend.type = RELUME_ENUM;
  blend.labels = {"normal", "add", "multiply", "screen"};
  blend.settle_ns = 500 * kMillisecond;
  return {opacity, blend};
}

/// Slots as the show gives them out (relume_schema_add_type), which is where a uniform block has its members, too.
void place_slots(ShaderPackage& package, const Place& place) {
  for (ShaderParam& param : package.params) {
    const std::uint32_t lanes = relume_type_lanes(param.type);
    const std::uint32_t alignment = lanes > 2 ? 4 : lanes;
    param.slot = (package.slot_count + alignment - 1) / alignment * alignment;
    package.slot_count = param.slot + lanes;
  }
  if (package.slot_count > kMaxShaderSlots) {
    throw place.error("params",
                      fmt::format("they take {} slots, a shader has {}", package.slot_count, kMaxShaderSlots));
  }
}

void refuse_equal_names(const ShaderPackage& package, const Place& place) {
  std::set<std::string> names;
  for (const ShaderParam& param : package.params) {
    const std::string name = glsl_name(param.key);
    // GLSL keeps names with two underscores for itself.
    if (name.find("__") != std::string::npos) {
      throw Place{place.file, param.key}.error("key", "two of _ and - may not follow each other");
    }
    if (!names.insert(name).second) {
      throw Place{place.file, param.key}.error("key", fmt::format("{} is there already", name));
    }
  }
}

/// The show has the last word on what a layer type may be.
void require_valid_type(const ShaderPackage& package, const Place& place) {
  try {
    relume::Schema().type(package.name, package.declaration(), package.version);
  } catch (const relume::Error& error) {
    if (error.code() == RELUME_E_NOMEM) throw;
    throw Place{place.file, printable(error.culprit())}.error("", printable(error.what(), 300));
  }
}

/// The parser keeps the last of two equal names and says nothing.
Json parse_json(std::string_view text, const Place& place) {
  std::vector<std::set<std::string>> open;
  const auto strict = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > kMaxDepth) throw place.error("", "nested too deep");
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second) {
      throw place.error(printable(value.get<std::string>()), "this field is there twice");
    }
    return true;
  };
  try {
    return Json::parse(text, strict);
  } catch (const Json::exception& error) {
    throw place.error("", fmt::format("not JSON: {}", printable(error.what(), 200)));
  }
}

std::string read_file(const std::string& folder, const std::string& file) {
  const std::string path = folder + "/" + file;
  const auto fail = [&](const char* step, int number) {
    if (number == ENOENT) return PackageError(fmt::format("{}: the file is missing", file));
    return PackageError(fmt::format("{}: cannot {} the file ({})", file, step, std::strerror(number)));
  };
  struct Close {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };
  const std::unique_ptr<std::FILE, Close> stream(std::fopen(path.c_str(), "rbe"));
  if (stream == nullptr) throw fail("open", errno);
  std::string text(kMaxShaderFileBytes + 1, '\0');  // one more tells a file that is too long from one that just fits
  const std::size_t length = std::fread(text.data(), 1, text.size(), stream.get());
  if (std::ferror(stream.get()) != 0) throw fail("read", errno);
  if (length > kMaxShaderFileBytes) {
    throw PackageError(fmt::format("{}: larger than {} bytes", file, kMaxShaderFileBytes));
  }
  text.resize(length);
  return text;
}

}  // namespace

std::vector<relume::Param> ShaderPackage::declaration() const {
  std::vector<relume::Param> all;
  for (const ShaderParam& from : params) {
    relume::Param param(from.key, from.type);
    param.range(from.min, from.max).initial(from.initial).smoothing(from.smoothing_ns).settle(from.settle_ns);
    if (from.clamp) param.clamp();
    if (!from.labels.empty()) param.labels(from.labels);
    all.push_back(std::move(param));
  }
  return all;
}

bool is_package_name(std::string_view name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= 63 && name != "relume" && std::all_of(name.begin(), name.end(), allowed);
}

ShaderPackage parse_package(const std::string& name, std::string_view text, std::string source) {
  const Place place{name + ".json"};
  if (!is_package_name(name)) {
    throw PackageError(
        fmt::format("{}: the name must be 1 to 63 of a-z, 0-9, _ and -, and not \"relume\"", printable(name)));
  }
  const Json json = parse_json(text, place);
  if (!json.is_object()) throw place.error("", "must be an object with \"params\"");
  refuse_unknown_fields(json, {"version", "params"}, place);
  ShaderPackage package;
  package.name = name;
  package.source = std::move(source);
  if (json.contains("version")) {
    const Json& version = json["version"];
    if (!version.is_number_unsigned() || version.get<std::uint64_t>() < 1 ||
        version.get<std::uint64_t>() > std::numeric_limits<std::uint32_t>::max()) {
      throw place.error("version", "must be a whole number from 1 to 4294967295");
    }
    package.version = version.get<std::uint32_t>();
  }
  const Json params = json.value("params", Json());
  if (!params.is_array()) throw place.error("params", "must be a list");
  package.params = common_params();
  for (std::size_t i = 0; i < params.size(); ++i) package.params.push_back(read_param(params[i], i, place.file));
  refuse_equal_names(package, place);
  place_slots(package, place);
  require_valid_type(package, place);
  return package;
}

PackageTexts read_texts(const std::string& folder, const std::string& name) {
  return {read_file(folder, name + ".json"), read_file(folder, name + ".frag")};
}

std::optional<std::string> package_of_file(std::string_view file) {
  for (const std::string_view ending : {".frag", ".json"}) {
    // A file whose name begins with a dot is an editor's.
    if (file.ends_with(ending) && file.size() > ending.size() && file.front() != '.') {
      return std::string(file.substr(0, file.size() - ending.size()));
    }
  }
  return std::nullopt;
}

std::vector<std::string> list_packages(const std::string& folder) {
  std::set<std::string> names;
  try {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (auto name = package_of_file(entry.path().filename().string())) names.insert(*std::move(name));
    }
  } catch (const std::filesystem::filesystem_error& error) {
    throw PackageError(
        fmt::format("the folder of shaders cannot be read: {} ({})", printable(folder, 400), error.code().message()));
  }
  return {names.begin(), names.end()};
}

}  // namespace rig
