// SPDX-License-Identifier: Apache-2.0
#include "video/stage.hpp"

#include <epoxy/gl.h>
#include <fmt/format.h>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace rig {
namespace {

constexpr std::size_t kBlack = 2;  // of the textures

/// Deletes a shader object; a program that it is attached to keeps it.
struct ShaderObject {
  explicit ShaderObject(GLenum kind) : name(glCreateShader(kind)) {}
  ShaderObject(const ShaderObject&) = delete;
  ShaderObject& operator=(const ShaderObject&) = delete;
  ~ShaderObject() { glDeleteShader(name); }
  GLuint name;
};

using GetNumber = void (*)(GLuint, GLenum, GLint*);
using GetLog = void (*)(GLuint, GLsizei, GLsizei*, GLchar*);

std::string log_of(GLuint object, GetNumber number, GetLog text) {
  GLint size = 0;
  number(object, GL_INFO_LOG_LENGTH, &size);
  std::string log(static_cast<std::size_t>(size), '\0');
  GLsizei length = 0;
  text(object, size, &length, log.data());
  log.resize(static_cast<std::size_t>(length));
  return log;
}

/// Nothing, or the log.
std::string compile(GLuint shader, std::string_view source) {
  const GLchar* text = source.data();
  const auto length = static_cast<GLint>(source.size());
  glShaderSource(shader, 1, &text, &length);
  glCompileShader(shader);
  GLint good = GL_FALSE;
  glGetShaderiv(shader, GL_COMPILE_STATUS, &good);
  if (good == GL_TRUE) return {};
  return log_of(shader, glGetShaderiv, glGetShaderInfoLog) + "\n";
}

GLuint link(const ShaderPackage& package, GLuint vertex_shader) {
  const ShaderObject fragment(GL_FRAGMENT_SHADER);
  if (const std::string log = compile(fragment.name, fragment_source(package)); !log.empty()) {
    throw ShaderError(explain_log(package.name, log));
  }
  const GLuint program = glCreateProgram();
  glAttachShader(program, vertex_shader);
  glAttachShader(program, fragment.name);
  glLinkProgram(program);
  GLint good = GL_FALSE;
  glGetProgramiv(program, GL_LINK_STATUS, &good);
  if (good == GL_TRUE) return program;
  const std::string log = log_of(program, glGetProgramiv, glGetProgramInfoLog);
  glDeleteProgram(program);
  throw ShaderError(explain_log(package.name, log));
}

}  // namespace

Stage::Stage(int width, int height) : width_(width), height_(height) {
  const GlContext::Current current(context_);
  GLint largest = 0;
  glGetIntegerv(GL_MAX_TEXTURE_SIZE, &largest);
  if (width < 1 || height < 1 || width > largest || height > largest) {
    throw GlError(
        fmt::format("a picture of {} x {} cannot be drawn: each side must be from 1 to {}", width, height, largest));
  }
  vertex_shader_ = glCreateShader(GL_VERTEX_SHADER);
  if (const std::string log = compile(vertex_shader_, vertex_source()); !log.empty()) {
    throw GlError(fmt::format("the driver refuses the vertex shader: {}", log));
  }
  glGenVertexArrays(1, &vertex_array_);
  glBindVertexArray(vertex_array_);
  glGenBuffers(static_cast<GLsizei>(blocks_.size()), blocks_.data());
  for (GLuint i = 0; i < blocks_.size(); ++i) glBindBufferBase(GL_UNIFORM_BUFFER, i, blocks_[i]);

  glGenTextures(static_cast<GLsizei>(textures_.size()), textures_.data());
  glGenFramebuffers(static_cast<GLsizei>(framebuffers_.size()), framebuffers_.data());
  glActiveTexture(GL_TEXTURE0 + kBelowUnit);
  glClearColor(0.0F, 0.0F, 0.0F, 1.0F);
  for (std::size_t i = 0; i < textures_.size(); ++i) {
    glBindTexture(GL_TEXTURE_2D, textures_[i]);
    glTexStorage2D(GL_TEXTURE_2D, 1, GL_SRGB8_ALPHA8, width, height);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffers_[i]);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, textures_[i], 0);
    if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) {
      throw GlError("the driver cannot draw into textures of sRGB with 8 bits");
    }
    glClear(GL_COLOR_BUFFER_BIT);
  }
  glEnable(GL_FRAMEBUFFER_SRGB);
  glViewport(0, 0, width, height);
  glScissor(0, 0, 1, 1);
  check("setting up");
}

// What was made in the context goes with it.
Stage::~Stage() = default;

void Stage::prepare(const Shader& shader) {
  if (has(shader)) return;
  const GlContext::Current current(context_);
  const GLuint program = link(shader.package(), vertex_shader_);
  const std::vector<relume_slot> zeros(shader.package().slot_count);
  PictureBlock picture{};
  picture.resolution[0] = static_cast<float>(width_);
  picture.resolution[1] = static_cast<float>(height_);
  draw(program, zeros, picture, 0, Area::kOnePixel);
  glFinish();
  try {
    check("preparing a shader");
    programs_.emplace(shader.serial(), program);
  } catch (...) {
    glDeleteProgram(program);
    throw;
  }
}

void Stage::drop_unless(const std::function<bool(std::uint64_t serial)>& keep) {
  const GlContext::Current current(context_);
  std::erase_if(programs_, [&](const auto& entry) {
    if (keep(entry.first)) return false;
    glDeleteProgram(entry.second);
    return true;
  });
}

void Stage::draw(std::uint32_t program, std::span<const relume_slot> slots, const PictureBlock& picture, int pass,
                 Area area) {
  (area == Area::kOnePixel ? glEnable : glDisable)(GL_SCISSOR_TEST);
  glUseProgram(program);
  const std::size_t target = static_cast<std::size_t>(pass) % 2;
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffers_[target]);
  glBindTexture(GL_TEXTURE_2D, textures_[pass == 0 ? kBlack : 1 - target]);
  glBindBuffer(GL_UNIFORM_BUFFER, blocks_[kPictureBinding]);
  glBufferData(GL_UNIFORM_BUFFER, sizeof picture, &picture, GL_STREAM_DRAW);
  // A block ends at a multiple of 16 bytes, the slots where the last parameter does.
  const std::size_t bytes = slots.size_bytes();
  glBindBuffer(GL_UNIFORM_BUFFER, blocks_[kParamsBinding]);
  glBufferData(GL_UNIFORM_BUFFER, static_cast<GLsizeiptr>((bytes + 15) / 16 * 16), nullptr, GL_STREAM_DRAW);
  glBufferSubData(GL_UNIFORM_BUFFER, 0, static_cast<GLsizeiptr>(bytes), slots.data());
  glDrawArrays(GL_TRIANGLES, 0, 3);
}

void Stage::render(std::span<const LayerDraw> stack, std::int64_t show_time_ns, float dimmer,
                   std::span<std::uint8_t> out, RenderCounts& counts) {
  const GlContext::Current current(context_);
  std::vector<const LayerDraw*> seen;
  for (const LayerDraw& layer : stack) {
    if (layer.shader == nullptr || (layer.flags & (RELUME_LAYER_DISABLED | RELUME_LAYER_BYPASSED)) != 0) continue;
    const bool fits = layer.slots.size() >= layer.shader->package().slot_count;
    const bool prepared = has(*layer.shader);
    counts.unfit += fits ? 0 : 1;
    counts.cold += prepared ? 0 : 1;
    if (fits && prepared) seen.push_back(&layer);
  }
  PictureBlock picture{};
  picture.resolution[0] = static_cast<float>(width_);
  picture.resolution[1] = static_cast<float>(height_);
  set_time(picture, show_time_ns);
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffers_[kBlack]);  // what an empty stack shows
  int pass = 0;
  for (const LayerDraw* layer : seen) {
    // Dimming the topmost pass dims the whole, without a pass or a rounding of its own.
    picture.gain = layer == seen.back() ? dimmer : 1.0F;
    draw(programs_.at(layer->shader->serial()), layer->slots.first(layer->shader->package().slot_count), picture,
         pass++, Area::kWhole);
  }
  counts.layers += seen.size();
  // Into a pixel buffer and out of it was slower in software: 0.12 ms against 0.07 ms for 1280 x 720.
  glReadPixels(0, 0, width_, height_, GL_RGBA, GL_UNSIGNED_BYTE, out.data());
  check("drawing");
}

std::string Stage::description() const {
  const GlContext::Current current(context_);
  const auto text = [](GLenum name) { return reinterpret_cast<const char*>(glGetString(name)); };
  return fmt::format("{}, OpenGL {}", text(GL_RENDERER), text(GL_VERSION));
}

void Stage::check(const char* step) const {
  const GLenum error = glGetError();
  if (error == GL_NO_ERROR) return;
  while (glGetError() != GL_NO_ERROR) {}
  throw GlError(fmt::format("OpenGL failed while {} (error {:#x}){}", step, error,
                            error == GL_OUT_OF_MEMORY ? ": out of memory" : ""));
}

}  // namespace rig
