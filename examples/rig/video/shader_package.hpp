// SPDX-License-Identifier: Apache-2.0
// A shader package: NAME.frag, what is drawn, and NAME.json, the parameters that it takes. Both come from disk and are not
// trusted. A package is a layer type of the show: NAME is the type key, its parameters are the type's.
//
// NAME.json:
//   {"version": 1, "params": [{"key": "speed", "type": "float", "range": [0, 4], "default": 0.25, "smoothing_ms": 100}, ...]}
// Fields of a parameter; all but key, type and labels may be missing:
//   key           a control key of the show; the shader sees it as u_KEY, with _ for each -
//   type          bool int float vec2 vec3 vec4 color enum time
//   range         [min, max], both inclusive, for every lane; without it unbounded, for color [0, 1]. Not for bool and enum
//   default       a number, true or false, a list of numbers (color: 3 or 4), a label; without it the show's rule
//   labels        the choices of an enum
//   clamp         true: out of range is clamped, else rejected
//   smoothing_ms  time constant of automation's glide; float, vec and color
//   settle_ms     how long automation must rest before it is committed
// Times of the type `time` are whole nanoseconds.
//
// NAME.frag defines `vec4 layer(vec2 uv)`: linear light, straight alpha; uv runs from 0 to 1, its origin is at the top left.
// It may use, beside its parameters:
//   vec2 resolution               in pixels
//   float show_time               seconds of the show; coarse after hours, as a float is
//   float turns(float hertz)      the share of a turn, 0 to 1, at that many turns a second; exact however long a show runs
//   vec3 below(vec2 uv), below()  the picture of the layers below, there or at this pixel
//   float seconds(uvec2)          a parameter of type time
// A parameter of type `trigger` is a uint, the count of its pulses: an index, a seed, a side to switch to.
#pragma once

#include <relume/relume.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rig {

inline constexpr std::size_t kMaxShaderFileBytes = 256 * 1024;
inline constexpr std::size_t kMaxShaderSlots = 4'096;  ///< what OpenGL guarantees for a uniform block, 16 KiB

/// A declared parameter and where it sits in the slots of its layer.
struct ShaderParam {
  std::string key;
  relume_type type = RELUME_FLOAT;
  double min = 0.0;
  double max = 0.0;        ///< equal to min: unbounded
  relume_value initial{};  ///< type 0: the show's rule
  bool clamp = false;
  std::int64_t smoothing_ns = 0;
  std::int64_t settle_ns = 0;
  std::vector<std::string> labels;
  std::uint32_t slot = 0;  ///< the first one within the layer, as in relume_param_info
};

/// The renderer gives every package these two first.
inline constexpr std::string_view kOpacityKey = "opacity";  ///< float 0..1, 1 by default
inline constexpr std::string_view kBlendKey = "blend";      ///< enum: normal, add, multiply, screen

struct ShaderPackage {
  std::string name;
  std::uint32_t version = 1;
  std::vector<ShaderParam> params;  ///< opacity and blend, then those of the file in its order
  std::uint32_t slot_count = 0;
  std::string source;  ///< text of NAME.frag

  /// For relume::Schema::type(name, ..., version) and for a change of type.
  std::vector<relume::Param> declaration() const;
};

/// A package cannot be used: "plasma.json: parameter speed: range: must be ...".
class PackageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// True for what can name a package: a type key of the show.
bool is_package_name(std::string_view name);

/// \throws PackageError naming file, parameter and field.
ShaderPackage parse_package(const std::string& name, std::string_view json, std::string source);

/// What the two files of a package hold.
struct PackageTexts {
  std::string json;
  std::string source;
  bool operator==(const PackageTexts&) const = default;
};

/// Reads FOLDER/NAME.json and FOLDER/NAME.frag. \throws PackageError
PackageTexts read_texts(const std::string& folder, const std::string& name);

/// The package that a file of this name belongs to, if any: what editors leave beside their files belongs to none.
std::optional<std::string> package_of_file(std::string_view file);

/// Names of all packages of a folder, sorted: whatever has a .frag or a .json. \throws PackageError it cannot be listed.
std::vector<std::string> list_packages(const std::string& folder);

}  // namespace rig
