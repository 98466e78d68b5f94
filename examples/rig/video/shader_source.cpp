// SPDX-License-Identifier: Apache-2.0
#include "video/shader_source.hpp"

#include "adapters/clock.hpp"
#include "adapters/notice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace rig {
namespace {

// Lines of what stands around a package's own text begin here, so that a number says whose line it is. GLSL has a number for
// the text itself, too, but Mesa leaves it out of some of its messages.
constexpr int kOwnLines = 1'000'001;

constexpr std::string_view kPrelude = R"(
layout(location = 0) out vec4 relume_out;
layout(binding = 0) uniform sampler2D relume_below;
layout(std140, binding = 1) uniform relume_picture {
  vec2 resolution;
  float show_time;
  uint relume_ticks;
  float relume_gain;
};
// Whole numbers wrap without loss, so the phase is as exact after a year as after a second.
float turns(float hertz) {
  uint phase = uint(int(round(clamp(hertz, -32767.0, 32767.0) * 65536.0))) * relume_ticks;
  return float(phase >> 8) / 16777216.0;
}
float seconds(uvec2 t) { return float(int(t.y)) * 4.294967296 + float(t.x) * 1e-9; }
vec3 below(vec2 uv) { return textureLod(relume_below, uv, 0.0).rgb; }
vec3 below() { return texelFetch(relume_below, ivec2(gl_FragCoord.xy), 0).rgb; }
vec4 layer(vec2 uv);
)";

constexpr std::string_view kMain = R"(
void main() {
  vec4 relume_top = clamp(layer(gl_FragCoord.xy / resolution), 0.0, 1.0);
  vec3 relume_under = below();
  vec3 relume_mixed = relume_top.rgb;
  if (u_blend == 1) relume_mixed = relume_under + relume_top.rgb;
  else if (u_blend == 2) relume_mixed = relume_under * relume_top.rgb;
  else if (u_blend == 3) relume_mixed = relume_under + relume_top.rgb - relume_under * relume_top.rgb;
  relume_mixed = mix(relume_under, min(relume_mixed, 1.0), relume_top.a * u_opacity);
  relume_out = vec4(relume_mixed * relume_gain, 1.0);
}
)";

std::string_view glsl_type(relume_type type) {
  switch (type) {
    case RELUME_BOOL: return "bool";
    case RELUME_INT:
    case RELUME_ENUM: return "int";
    case RELUME_FLOAT: return "float";
    case RELUME_VEC2: return "vec2";
    case RELUME_VEC3: return "vec3";
    case RELUME_VEC4:
    case RELUME_COLOR: return "vec4";
    case RELUME_TIME: return "uvec2";
    case RELUME_TRIGGER: return "uint";
    default: return "";  // no package has a parameter of another type
  }
}

struct LogLine {
  int line = 0;
  std::string_view text;
};

std::optional<int> take_number(std::string_view& text, char end) {
  int number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop == text.data() + text.size() || *stop != end) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
  return number;
}

/// Mesa's form is TEXT-NUMBER:LINE(COLUMN): error: MESSAGE; nothing for another form and for what is no error.
std::optional<LogLine> parse_error(std::string_view text) {
  const auto number = take_number(text, ':') ? take_number(text, '(') : std::nullopt;
  if (!number || !take_number(text, ')')) return std::nullopt;
  for (const std::string_view mark : {": error: ", ": preprocessor error: "}) {
    if (text.starts_with(mark)) return LogLine{*number, text.substr(mark.size())};
  }
  return std::nullopt;
}

}  // namespace

void set_time(PictureBlock& block, std::int64_t show_time_ns) noexcept {
  constexpr std::uint64_t kTicks = 65'536;
  const std::int64_t rest = ((show_time_ns % kSecond) + kSecond) % kSecond;
  const auto whole = static_cast<std::uint64_t>((show_time_ns - rest) / kSecond);
  block.ticks = static_cast<std::uint32_t>(whole * kTicks + static_cast<std::uint64_t>(rest) * kTicks / kSecond);
  block.show_time = static_cast<float>(static_cast<double>(show_time_ns) / static_cast<double>(kSecond));
}

std::string glsl_name(std::string_view key) {
  std::string name = "u_" + std::string(key);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string_view vertex_source() {
  return "#version 430 core\n"
         "void main() {\n"
         "  gl_Position = vec4(vec2((gl_VertexID << 1) & 2, gl_VertexID & 2) * 2.0 - 1.0, 0.0, 1.0);\n"
         "}\n";
}

std::string fragment_source(const ShaderPackage& package) {
  std::string text = fmt::format("#version 430 core\n#line {}", kOwnLines);
  text += kPrelude;
  text += fmt::format("layout(std140, binding = {}) uniform relume_params {{\n", kParamsBinding);
  for (const ShaderParam& param : package.params) {
    text += fmt::format("  {} {};\n", glsl_type(param.type), glsl_name(param.key));
  }
  text += "};\n#line 1\n";
  text += package.source;
  text += fmt::format("\n#line {}\n", kOwnLines);
  text += kMain;
  return text;
}

std::string explain_log(const std::string& name, std::string_view log) {
  std::optional<LogLine> first;
  std::size_t more = 0;
  for (std::string_view rest = log; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::optional<LogLine> error = parse_error(line);
    if (error && first) ++more;
    if (error && !first) first = error;
  }
  const std::string file = name + ".frag";
  // Another driver's form, or a linker's: whole, it still says what is wrong.
  if (!first) return fmt::format("{}: {}", file, printable(log.substr(0, log.find_last_not_of(" \n") + 1), 300));
  const std::string others = more == 0 ? "" : fmt::format(" ({} more error{})", more, more == 1 ? "" : "s");
  if (first->line >= kOwnLines) return fmt::format("{}: {}{}", file, printable(first->text, 300), others);
  return fmt::format("{}:{}: {}{}", file, first->line, printable(first->text, 300), others);
}

}  // namespace rig
