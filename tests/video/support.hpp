// SPDX-License-Identifier: Apache-2.0
// A show whose layers are shaders, and pictures of it.
#pragma once

#include "support/temp_folder.hpp"
#include "video/gl_display.hpp"
#include "video/renderer.hpp"
#include "video/shader_library.hpp"

#include <relume/relume.hpp>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rig::test {

using Picture = std::vector<std::uint8_t>;

inline constexpr int kWidth = 192;
inline constexpr int kHeight = 108;
inline constexpr std::int64_t kSecondNs = 1'000'000'000;

/// False, and why on standard output, where there is no OpenGL: ctest then counts the test as skipped.
inline bool has_opengl() {
  try {
    gl_display();
    return true;
  } catch (const GlError& error) {
    std::printf("relume-video-test: skipped: %s\n", error.what());
    return false;
  }
}

/// A file, written in place.
inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}

/// A folder of packages of its own.
class Packages {
 public:
  std::string path() const { return folder_.path(); }
  void put(const std::string& name, const std::string& json, const std::string& source) const {
    write_file(path() + "/" + name + ".json", json);
    write_file(path() + "/" + name + ".frag", source);
  }
  /// One colour all over, which is the parameter `color`.
  void put_solid(const std::string& name = "solid") const {
    put(name, R"({"params": [{"key": "color", "type": "color"}]})", "vec4 layer(vec2 uv) { return u_color; }\n");
  }

 private:
  relume::test::TempFolder folder_;
};

struct LayerKey {
  std::string key;
  std::string type;
};

/// A show in memory over the packages of a library.
class Stack {
 public:
  Stack(const ShaderLibrary& library, const std::vector<LayerKey>& layers)
      : library_(library), show_(schema(library, layers), options()), reader_(show_.reader()) {}

  relume::Show& show() { return show_; }
  void set(const std::string& route, const relume_value& value) { show_.set(show_.param(route), value); }
  /// An enum by its label.
  void choose(const std::string& route, const std::string& label) {
    const relume_param param = show_.param(route);
    show_.set(param, relume::choice(show_.label(param, label)));
  }

  /// The layers as they are composed now; borrowed until the next call.
  std::vector<LayerDraw> draws() {
    show_.compose(now_ns_ += 20'000'000);
    const relume::Frame frame = reader_.acquire();
    std::vector<LayerDraw> draws;
    held_.clear();
    for (std::uint32_t i = 0; i < frame->layer_count; ++i) {
      const relume_frame_layer& layer = frame->layers[i];
      held_.push_back(library_.find(show_.layer_info(layer.layer).type_key));
      draws.push_back({held_.back().get(), {frame->slots + layer.first_slot, layer.slot_count}, layer.flags});
    }
    return draws;
  }

 private:
  static relume::Schema schema(const ShaderLibrary& library, const std::vector<LayerKey>& layers) {
    relume::Schema schema;
    for (const ShaderRef& shader : library.all()) {
      schema.type(shader->name(), shader->package().declaration(), shader->package().version);
    }
    for (const LayerKey& layer : layers) schema.layer(layer.key, layer.type);
    return schema;
  }
  static relume_show_options options() {
    relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
    options.flags = RELUME_SHOW_NO_THREADS;
    return options;
  }

  const ShaderLibrary& library_;
  relume::Show show_;
  relume::Reader reader_;
  std::vector<ShaderRef> held_;
  std::int64_t now_ns_ = 0;
};

inline Picture render(Renderer& renderer, const std::vector<LayerDraw>& draws, std::int64_t time_ns = 0,
                      const Master& master = {}) {
  Picture picture(renderer.picture_bytes(), 0x5a);
  renderer.render(draws, time_ns, master, picture);
  return picture;
}

/// Red, green, blue of one pixel, the top left one being 0, 0.
struct Rgb {
  int r, g, b;
  bool operator==(const Rgb&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const Rgb& c) {
  return out << "(" << c.r << ", " << c.g << ", " << c.b << ")";
}
inline Rgb pixel(const Picture& picture, int x, int y, int width = kWidth) {
  const std::size_t at =
      4 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x));
  return {picture[at], picture[at + 1], picture[at + 2]};
}

}  // namespace rig::test
