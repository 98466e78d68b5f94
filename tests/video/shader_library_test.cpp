// SPDX-License-Identifier: Apache-2.0
#include "video/shader_library.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "adapters/clock.hpp"
#include "support.hpp"
#include "video/stage_ring.hpp"

using namespace rig;
using namespace rig::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

const std::string kSolidJson = R"({"params": [{"key": "color", "type": "color"}]})";
const std::string kRed = "vec4 layer(vec2 uv) { return vec4(1, 0, 0, 1); }\n";
const std::string kGreen = "vec4 layer(vec2 uv) { return vec4(0, 1, 0, 1); }\n";
const std::string kBroken = "// one line\nvec4 layer(vec2 uv) { return u_colour; }\n";

std::int64_t thread_cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * kSecondNs + now.tv_nsec;
}

/// A library that watches, and what it says in order.
class Watched {
 public:
  Watched() {
    packages.put("solid", kSolidJson, kRed);
    library.emplace(renderer, packages.path());
    REQUIRE(library->build_all().empty());
  }
  ~Watched() { library->stop(); }
  void start() {
    library->start(
        {[this](const ShaderPackage& package) { say("started " + package.name), started_cpu_ns = thread_cpu_ns(); },
         [this](const ShaderRef& shader) {
           build_cpu_ns = thread_cpu_ns() - started_cpu_ns;
           const bool taken = accept;  // before anybody is told, who may change it
           say("built " + shader->name());
           return taken;
         },
         [this](const std::string& name, const std::string& why) { say("failed " + name + ": " + why); },
         [this](const Notice& notice) { say("notice " + notice.what); }});
  }
  /// The next thing that it says.
  std::string next() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, std::chrono::seconds(30), [this] { return !said_.empty(); })) return "(nothing)";
    std::string text = std::move(said_.front());
    said_.pop_front();
    return text;
  }
  bool silent() {
    const std::lock_guard lock(mutex_);
    return said_.empty();
  }
  /// Whatever happened before this has been dealt with once it returns: a package of its own, last by name, is built after it.
  void pass_a_marker() {
    const std::string name = "zz" + std::to_string(++markers_);
    packages.put(name, kSolidJson, kRed);
    CHECK(next() == "started " + name);
    CHECK(next() == "built " + name);
  }
  Rgb color() {
    ShaderRef shader = library->find("solid");
    const std::vector<relume_slot> slots(shader->package().slot_count, relume_slot{1.0F});
    std::vector<relume_slot> with_normal_blend = slots;
    with_normal_blend[1].i = 0;
    return pixel(render(renderer, {{shader.get(), with_normal_blend, 0}}), 1, 1);
  }
  void write(const std::string& file, const std::string& text) const { write_file(packages.path() + "/" + file, text); }

  Packages packages;
  Renderer renderer{kWidth, kHeight};
  std::optional<ShaderLibrary> library;
  std::atomic<bool> accept{true};
  std::int64_t started_cpu_ns = 0;
  std::atomic<std::int64_t> build_cpu_ns{0};

 private:
  void say(std::string text) {
    const std::lock_guard lock(mutex_);
    said_.push_back(std::move(text));
    arrived_.notify_one();
  }
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> said_;
  int markers_ = 0;
};

const Rgb kRedPixel{255, 0, 0};
const Rgb kGreenPixel{0, 255, 0};

}  // namespace

TEST_CASE("Library: what cannot be built is named, the rest is there", "[video][gl][watch]") {
  if (!has_opengl()) return;
  Packages packages;
  packages.put_solid("good");
  packages.put("lame", kSolidJson, kBroken);
  packages.put("mute", kSolidJson, "");
  packages.put("odd", "{", kRed);
  packages.put("open", kSolidJson, "vec4 layer(vec2 uv) { return vec4(1); } /* and so on\n");
  write_file(packages.path() + "/half.frag", kRed);
  write_file(packages.path() + "/Loud.json", kSolidJson);
  Renderer renderer(kWidth, kHeight);
  ShaderLibrary library(renderer, packages.path());
  const std::vector<ShaderFailure> failures = library.build_all();
  REQUIRE(failures.size() == 6);
  CHECK(failures[0].why == "Loud.frag: the file is missing");
  CHECK(failures[1].why == "half.json: the file is missing");
  CHECK_THAT(failures[2].why, StartsWith("lame.frag:2: `u_colour' undeclared"));
  CHECK_THAT(failures[3].why, StartsWith("mute.frag: ") && Contains("layer"));
  CHECK_THAT(failures[4].why, StartsWith("odd.json: not JSON"));
  CHECK_THAT(failures[5].why, StartsWith("open.frag"));
  REQUIRE(library.all().size() == 1);
  CHECK(library.all()[0]->name() == "good");
  CHECK(library.find("lame") == nullptr);
  CHECK_THROWS_WITH(ShaderLibrary(renderer, packages.path() + "/no"),
                    Contains("cannot be watched") && Contains("No such file"));
}

TEST_CASE("Library: a shader that is saved is built and drawn", "[video][gl][watch]") {
  if (!has_opengl()) return;
  Watched watched;
  const ShaderRef before = watched.library->find("solid");
  CHECK(watched.color() == kRedPixel);
  SECTION("written in place") {
    watched.start();
    watched.write("solid.frag", kGreen);
  }
  SECTION("renamed into place") {
    watched.start();
    watched.write("solid.frag.tmp", kGreen);
    std::filesystem::rename(watched.packages.path() + "/solid.frag.tmp", watched.packages.path() + "/solid.frag");
  }
  SECTION("before the watching began") {
    watched.write("solid.frag", kGreen);
    watched.start();
  }
  CHECK(watched.next() == "started solid");
  CHECK(watched.next() == "built solid");
  CHECK(watched.color() == kGreenPixel);
  CHECK(watched.library->find("solid")->serial() > before->serial());
  // Who still holds the older one can draw with it.
  const std::vector<relume_slot> slots(before->package().slot_count, relume_slot{1.0F});
  watched.pass_a_marker();
  CHECK(pixel(render(watched.renderer, {{before.get(), slots, 0}}), 1, 1) == kRedPixel);
  CHECK(watched.renderer.counts().cold == 0);
}

TEST_CASE("Library: a broken shader says why and leaves the last good one", "[video][gl][watch]") {
  if (!has_opengl()) return;
  Watched watched;
  watched.start();
  const ShaderRef good = watched.library->find("solid");
  watched.write("solid.frag", kBroken);
  CHECK(watched.next() == "started solid");
  CHECK_THAT(watched.next(), StartsWith("failed solid: solid.frag:2: `u_colour' undeclared"));
  CHECK(watched.library->find("solid") == good);
  CHECK(watched.color() == kRedPixel);
  watched.write("solid.frag", kGreen);
  CHECK(watched.next() == "started solid");
  CHECK(watched.next() == "built solid");
  CHECK(watched.color() == kGreenPixel);
}

TEST_CASE("Library: broken declarations fail before anything has started", "[video][gl][watch]") {
  if (!has_opengl()) return;
  Watched watched;
  watched.start();
  watched.write("solid.json", R"({"params": [{"key": "color", "type": "colour"}]})");
  CHECK_THAT(watched.next(), StartsWith("failed solid: solid.json: parameter color: type: must be"));
  std::filesystem::remove(watched.packages.path() + "/solid.json");
  CHECK(watched.next() == "failed solid: solid.json: the file is missing");
  CHECK(watched.color() == kRedPixel);
  // Back, with one parameter more.
  watched.write("solid.json", R"({"params": [{"key": "color", "type": "color"}, {"key": "more", "type": "vec4"}]})");
  CHECK(watched.next() == "started solid");
  CHECK(watched.next() == "built solid");
  CHECK(watched.library->find("solid")->package().params.size() == 4);
  CHECK(watched.library->find("solid")->package().slot_count == 12);
}

TEST_CASE("Library: what the show does not take does not stay", "[video][gl][watch]") {
  if (!has_opengl()) return;
  Watched watched;
  watched.start();
  const ShaderRef good = watched.library->find("solid");
  watched.accept = false;
  watched.write("solid.frag", kGreen);
  CHECK(watched.next() == "started solid");
  CHECK(watched.next() == "built solid");
  watched.packages.put("other", kSolidJson, kRed);
  CHECK(watched.next() == "started other");
  CHECK(watched.next() == "built other");
  CHECK(watched.library->find("solid") == good);
  watched.accept = true;
  watched.pass_a_marker();
  CHECK(watched.library->find("other") == nullptr);
}

TEST_CASE("Library: a file that is being written is not read, and one that holds the same is not built",
          "[video][gl][watch]") {
  if (!has_opengl()) return;
  Watched watched;
  watched.start();
  std::ofstream half(watched.packages.path() + "/solid.frag", std::ios::binary | std::ios::trunc);
  half << kGreen.substr(0, 20) << std::flush;
  watched.pass_a_marker();  // longer than a closed file would have waited
  half << kGreen.substr(20) << std::flush;
  half.close();
  CHECK(watched.next() == "started solid");
  CHECK(watched.next() == "built solid");
  CHECK(watched.color() == kGreenPixel);
  watched.write("solid.frag", kGreen);
  watched.pass_a_marker();
  CHECK(watched.silent());
}

TEST_CASE("Library: a folder that goes away and comes back is followed", "[video][gl][watch]") {
  if (!has_opengl()) return;
  Watched watched;
  watched.start();
  const std::string path = watched.packages.path();
  std::filesystem::rename(path, path + "-moved");
  CHECK_THAT(watched.next(), StartsWith("notice the folder of shaders is gone"));
  CHECK(watched.color() == kRedPixel);
  write_file(path + "-moved/solid.frag", kGreen);  // which nobody sees
  std::filesystem::rename(path + "-moved", path);
  CHECK_THAT(watched.next(), StartsWith("notice the folder of shaders is back"));
  CHECK(watched.next() == "started solid");
  CHECK(watched.next() == "built solid");
  CHECK(watched.color() == kGreenPixel);
  watched.write("solid.frag", kRed);
  CHECK(watched.next() == "started solid");
  CHECK(watched.next() == "built solid");
  CHECK(watched.color() == kRedPixel);
}

TEST_CASE("Library: more changes than the kernel keeps in mind lose none", "[video][gl][watch]") {
  if (!has_opengl()) return;
  std::ifstream limit_file("/proc/sys/fs/inotify/max_queued_events");
  int limit = 0;
  limit_file >> limit;
  REQUIRE(limit > 0);
  REQUIRE(limit <= 100'000);
  Watched watched;
  const std::string junk = watched.packages.path() + "/junk";
  write_file(junk, "");
  for (int i = 0; i < limit; ++i)
    std::filesystem::rename(junk + (i % 2 == 0 ? "" : "2"), junk + (i % 2 == 0 ? "2" : ""));
  watched.write("solid.frag", kGreen);  // the kernel has forgotten this one
  watched.start();
  CHECK(watched.next() == "started solid");
  CHECK(watched.next() == "built solid");
  CHECK(watched.color() == kGreenPixel);
}

TEST_CASE("Stages: a shader is in every stage while somebody holds it, and in none afterwards", "[video][gl]") {
  if (!has_opengl()) return;
  StageRing ring(16, 16);
  const ShaderPackage package = parse_package("solid", kSolidJson, kRed);
  ShaderRef held = ring.build(package);
  ShaderRef dropped = ring.build(package);
  const Shader dropped_name(package, dropped->serial());
  for (int i = 0; i < 3; ++i) {
    const ShaderRef other = ring.build(package);
    CHECK(ring.front().has(*held));
    CHECK(ring.front().has(dropped_name));
    CHECK(ring.front().has(*other));
  }
  dropped.reset();
  for (int i = 0; i < 3; ++i) {
    const ShaderRef other = ring.build(package);
    CHECK(ring.front().has(*held));
    CHECK_FALSE(ring.front().has(dropped_name));
  }
}

TEST_CASE("Stages: a shader that fails leaves the stage to draw with as it was", "[video][gl][error]") {
  if (!has_opengl()) return;
  StageRing ring(16, 16);
  const ShaderRef good = ring.build(parse_package("solid", kSolidJson, kRed));
  const Stage* const before = &ring.front();
  CHECK_THROWS_AS(ring.build(parse_package("solid", kSolidJson, kBroken)), ShaderError);
  CHECK(&ring.front() == before);
  CHECK(ring.front().has(*good));
}

TEST_CASE("Library: after stop nothing is said", "[video][gl][watch]") {
  if (!has_opengl()) return;
  Watched watched;
  watched.start();
  watched.library->stop();
  watched.write("solid.frag", kGreen);
  CHECK(watched.silent());
  watched.start();
  CHECK(watched.next() == "started solid");
}

TEST_CASE("Library: who draws neither compiles nor waits while shaders are built", "[video][gl][watch]") {
  if (!has_opengl()) return;
  Watched watched;
  watched.start();
  // Heavy enough that a compile is no small thing beside a picture; each edit is another text, so nothing is cached.
  const auto heavy = [](int edit, const std::string& color) {
    std::string text = "vec4 layer(vec2 uv) {\n  float x = uv.x;\n";
    for (int i = 0; i < 24; ++i) {
      text += "  x += sin(x * " + std::to_string(i + 2 + edit) + ".5) * cos(uv.y + " + std::to_string(i) + ".25);\n";
    }
    return text + "  return vec4(" + color + " + 0.0001 * x, 1);\n}\n";
  };
  render(watched.renderer, {});
  std::int64_t slowest_ns = 0;
  for (int edit = 0; edit < 4; ++edit) {
    watched.write("solid.frag", heavy(edit, edit % 2 == 0 ? "vec3(0, 1, 0)" : "vec3(1, 0, 0)"));
    CHECK(watched.next() == "started solid");
    CHECK(watched.next() == "built solid");
    const std::int64_t began = thread_cpu_ns();
    const Rgb is = watched.color();
    const std::int64_t took = thread_cpu_ns() - began;
    slowest_ns = std::max(slowest_ns, took);
    CHECK((edit % 2 == 0 ? is.g : is.r) > 250);
    CAPTURE(edit, watched.build_cpu_ns.load(), took);
    CHECK(took < watched.build_cpu_ns / 4);
  }
  CHECK(watched.renderer.counts().cold == 0);
  WARN("a build costs its thread " << watched.build_cpu_ns / 1'000'000 << " ms, the first picture after it "
                                   << slowest_ns / 1000 << " us at most");
}

TEST_CASE("Library: pictures go on while shaders come and go", "[video][gl][watch]") {
  if (!has_opengl()) return;
  Watched watched;
  watched.start();
  std::atomic<bool> stop{false};
  std::uint64_t strange = 0;
  std::thread frames([&] {
    while (!stop) {
      const Rgb is = watched.color();
      strange += !(is == kRedPixel || is == kGreenPixel);
    }
  });
  for (int edit = 0; edit < 6; ++edit) {
    // Never the same text twice.
    watched.write("solid.frag", (edit % 2 == 0 ? kGreen : kRed) + "// " + std::to_string(edit) + "\n");
    CHECK(watched.next() == "started solid");
    CHECK(watched.next() == "built solid");
  }
  stop = true;
  frames.join();
  CHECK(strange == 0);
  CHECK(watched.color() == kRedPixel);
  CHECK(watched.renderer.counts().cold == 0);
  CHECK(watched.renderer.counts().unfit == 0);
}
