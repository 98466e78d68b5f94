// SPDX-License-Identifier: Apache-2.0
#include "video/shader_package.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "support.hpp"

using namespace rig;
using relume::test::TempFolder;

namespace {

std::string params(const std::string& list) { return "{\"params\": [" + list + "]}"; }
std::string param(const std::string& fields) { return params("{\"key\": \"a\", " + fields + "}"); }

/// Why it is refused; empty when it is taken.
std::string refusal(const std::string& json, const std::string& name = "demo") {
  try {
    parse_package(name, json, "");
    return {};
  } catch (const PackageError& error) { return error.what(); }
}

const ShaderParam& find(const ShaderPackage& package, const std::string& key) {
  for (const ShaderParam& p : package.params) {
    if (p.key == key) return p;
  }
  throw std::runtime_error("no parameter " + key);
}

constexpr const char* kEveryType = R"({"version": 7, "params": [
  {"key": "on", "type": "bool", "default": true},
  {"key": "count", "type": "int", "range": [-3, 9], "default": -2, "clamp": true},
  {"key": "level", "type": "float", "range": [0, 2], "default": 0.5, "smoothing_ms": 12.5, "settle_ms": 400},
  {"key": "at", "type": "vec2", "default": [1, 2]},
  {"key": "axis", "type": "vec3", "default": [3, 4, 5]},
  {"key": "after-axis", "type": "float"},
  {"key": "quad", "type": "vec4", "default": [6, 7, 8, 9]},
  {"key": "tint", "type": "color", "default": [0.25, 0.5, 0.75]},
  {"key": "ink", "type": "color", "range": [0, 4], "default": [0, 1, 2, 0.5]},
  {"key": "mode", "type": "enum", "labels": ["slow", "fast"], "default": "fast"},
  {"key": "start", "type": "time", "range": [0, 9000000000], "default": 5000000000}
]})";

}  // namespace

TEST_CASE("Package: every type and field arrives", "[video][package]") {
  const ShaderPackage package = parse_package("demo", kEveryType, "text");
  CHECK(package.name == "demo");
  CHECK(package.version == 7);
  CHECK(package.source == "text");
  REQUIRE(package.params.size() == 13);
  CHECK(package.params[0].key == kOpacityKey);
  CHECK(package.params[1].key == kBlendKey);
  CHECK(package.params[1].labels == std::vector<std::string>{"normal", "add", "multiply", "screen"});
  CHECK(find(package, "on").initial.as.i == 1);
  CHECK(find(package, "count").initial.as.i == -2);
  CHECK(find(package, "count").min == -3.0);
  CHECK(find(package, "count").max == 9.0);
  CHECK(find(package, "count").clamp);
  CHECK_FALSE(find(package, "level").clamp);
  CHECK(find(package, "level").initial.as.f[0] == 0.5F);
  CHECK(find(package, "level").smoothing_ns == 12'500'000);
  CHECK(find(package, "level").settle_ns == 400'000'000);
  CHECK(find(package, "axis").initial.as.f[2] == 5.0F);
  CHECK(find(package, "tint").initial.as.f[3] == 1.0F);
  CHECK(find(package, "tint").max == 1.0);
  CHECK(find(package, "ink").initial.as.f[3] == 0.5F);
  CHECK(find(package, "ink").max == 4.0);
  CHECK(find(package, "mode").initial.as.i == 1);
  CHECK(find(package, "start").initial.as.t == 5'000'000'000);
}

TEST_CASE("Package: slots are where the show puts them", "[video][package]") {
  const ShaderPackage package = parse_package("demo", kEveryType, "");
  relume::Schema schema;
  schema.type("demo", package.declaration(), package.version);
  schema.layer("one", "demo");
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.flags = RELUME_SHOW_NO_THREADS;
  const relume::Show show(schema, options);
  CHECK(show.layer_info(show.layer("one")).slot_count >= package.slot_count);
  for (const ShaderParam& expected : package.params) {
    CAPTURE(expected.key);
    const relume_param_info info = show.param_info(show.param("one/" + expected.key));
    CHECK(info.slot == expected.slot);
    CHECK(info.type == static_cast<std::uint32_t>(expected.type));
    CHECK(info.smoothing_ns == expected.smoothing_ns);
    CHECK(info.settle_ns == expected.settle_ns);
    CHECK(((info.flags & RELUME_PARAM_CLAMP) != 0) == expected.clamp);
  }
}

TEST_CASE("Package: what is not a package is refused by file, parameter and field", "[video][package][error]") {
  struct Case {
    std::string json;
    std::string why;
  };
  const Case cases[] = {
      {"",
       "demo.json: not JSON: [json.exception.parse_error.101] parse error at line 1, column 1: syntax error while "
       "parsing value - unexpected end of input; expected '[', '{', or a literal"},
      {"[]", "demo.json: must be an object with \"params\""},
      {"{}", "demo.json: params: must be a list"},
      {R"({"params": {}})", "demo.json: params: must be a list"},
      {R"({"params": [], "parms": []})", "demo.json: parms: there is no such field"},
      {R"({"params": [], "params": []})", "demo.json: params: this field is there twice"},
      {R"({"params": [[[[[1]]]]]})", "demo.json: nested too deep"},
      {R"({"version": 0, "params": []})", "demo.json: version: must be a whole number from 1 to 4294967295"},
      {R"({"version": 1.5, "params": []})", "demo.json: version: must be a whole number from 1 to 4294967295"},
      {R"({"version": 4294967296, "params": []})", "demo.json: version: must be a whole number from 1 to 4294967295"},
      {params("1"), "demo.json: parameter 1: must be an object"},
      {params("{}"), "demo.json: parameter 1: key: must be 1 to 63 of a-z, 0-9, _ and -, and not \"relume\""},
      {params(R"({"key": "A", "type": "float"})"),
       "demo.json: parameter 1: key: must be 1 to 63 of a-z, 0-9, _ and -, and not \"relume\""},
      {params(R"({"key": 5, "type": "float"})"),
       "demo.json: parameter 1: key: must be 1 to 63 of a-z, 0-9, _ and -, and not \"relume\""},
      {param(R"("key": "b", "type": "float")"), "demo.json: key: this field is there twice"},
      {param(R"("type": "float", "rnge": [0, 1])"), "demo.json: parameter a: rnge: there is no such field"},
      {param(R"("default": 1)"),
       "demo.json: parameter a: type: must be bool, int, float, vec2, vec3, vec4, color, enum, time or trigger"},
      {param(R"("type": "text")"),
       "demo.json: parameter a: type: must be bool, int, float, vec2, vec3, vec4, color, enum, time or trigger"},
      {param(R"("type": 3)"),
       "demo.json: parameter a: type: must be bool, int, float, vec2, vec3, vec4, color, enum, time or trigger"},
      {param(R"("type": "float", "range": 1)"), "demo.json: parameter a: range: must be [min, max]"},
      {param(R"("type": "float", "range": [0, 1, 2])"), "demo.json: parameter a: range: must be [min, max]"},
      {param(R"("type": "float", "range": [0, "1"])"), "demo.json: parameter a: range: must be a number"},
      {param(R"("type": "float", "range": [1, 1])"), "demo.json: parameter a: range: min must be below max"},
      {param(R"("type": "float", "range": [2, 1])"), "demo.json: parameter a: range: min must be below max"},
      {param(R"("type": "int", "range": [0, 1.5])"), "demo.json: parameter a: range: must be a whole number"},
      {param(R"("type": "int", "range": [0, 3000000000])"),
       "demo.json: parameter a: the range 0 to 3000000000 is empty or beyond type int"},
      {param(R"("type": "bool", "range": [0, 1])"), "demo.json: parameter a: range: bool, enum and trigger take none"},
      {param(R"("type": "enum", "labels": ["x"], "range": [0, 1])"),
       "demo.json: parameter a: range: bool, enum and trigger take none"},
      {param(R"("type": "trigger", "range": [0, 1])"),
       "demo.json: parameter a: range: bool, enum and trigger take none"},
      {param(R"("type": "trigger", "default": 1)"),
       "demo.json: parameter a: default: a trigger counts from 0 and takes none"},
      {param(R"("type": "trigger", "clamp": true)"),
       "demo.json: parameter a: a trigger has no range to clamp to; drop RELUME_PARAM_CLAMP"},
      {param(R"("type": "float", "default": "1")"), "demo.json: parameter a: default: must be a number"},
      {param(R"("type": "float", "default": true)"), "demo.json: parameter a: default: must be a number"},
      {param(R"("type": "float", "default": 1e300)"),
       "demo.json: parameter a: the default does not fit: a was given NaN or infinity; give a finite number"},
      {param(R"("type": "float", "range": [0, 1], "default": 2, "clamp": true)"),
       "demo.json: parameter a: the default does not fit: a takes 0 to 1"},
      {param(R"("type": "int", "default": 1.5)"), "demo.json: parameter a: default: must be a whole number"},
      {param(R"("type": "int", "default": 4000000000)"),
       "demo.json: parameter a: default: must be from -2147483647 to 2147483647"},
      {param(R"("type": "time", "default": 1e17)"),
       "demo.json: parameter a: default: must be from -9007199254740992 to 9007199254740992"},
      {param(R"("type": "bool", "default": 1)"), "demo.json: parameter a: default: must be true or false"},
      {param(R"("type": "vec2", "default": 1)"), "demo.json: parameter a: default: must be a list of 2 numbers"},
      {param(R"("type": "vec3", "default": [1, 2])"), "demo.json: parameter a: default: must be a list of 3 numbers"},
      {param(R"("type": "vec4", "default": [1, 2, 3])"),
       "demo.json: parameter a: default: must be a list of 4 numbers"},
      {param(R"("type": "color", "default": [1, 1])"),
       "demo.json: parameter a: default: must be a list of 3 or 4 numbers"},
      {param(R"("type": "color", "default": [1, 1, null])"), "demo.json: parameter a: default: must be a number"},
      {param(R"("type": "color", "default": [1, 1, 2])"),
       "demo.json: parameter a: the default does not fit: a takes 0 to 1"},
      {param(R"("type": "enum")"), "demo.json: parameter a: labels: an enum needs a list of texts"},
      {param(R"("type": "enum", "labels": [])"), "demo.json: parameter a: labels: an enum needs a list of texts"},
      {param(R"("type": "enum", "labels": ["x", 1])"), "demo.json: parameter a: labels: must be a list of texts"},
      {param(R"("type": "enum", "labels": ["x", "x"])"), "demo.json: parameter a: label 1 is there twice: x"},
      {param(R"("type": "enum", "labels": ["x"], "default": "y")"),
       "demo.json: parameter a: default: must be one of the labels"},
      {param(R"("type": "enum", "labels": ["x"], "default": 0)"),
       "demo.json: parameter a: default: must be one of the labels"},
      {param(R"("type": "float", "labels": ["x"])"), "demo.json: parameter a: labels: only an enum has them"},
      {param(R"("type": "float", "clamp": 1)"), "demo.json: parameter a: clamp: must be true or false"},
      {param(R"("type": "float", "smoothing_ms": -1)"),
       "demo.json: parameter a: smoothing_ms: must be a number of milliseconds from 0 to 3600000"},
      {param(R"("type": "float", "settle_ms": 1e9)"),
       "demo.json: parameter a: settle_ms: must be a number of milliseconds from 0 to 3600000"},
      {param(R"("type": "int", "smoothing_ms": 10)"),
       "demo.json: parameter a: only float, vec and color can be smoothed; set smoothing_ns to 0"},
      {params(R"({"key": "opacity", "type": "float"})"),
       "demo.json: parameter opacity: key: u_opacity is there already"},
      {params(R"({"key": "a-b", "type": "float"}, {"key": "a_b", "type": "int"})"),
       "demo.json: parameter a_b: key: u_a_b is there already"},
      {params(R"({"key": "a--b", "type": "float"})"),
       "demo.json: parameter a--b: key: two of _ and - may not follow each other"},
      {params(R"({"key": "-b", "type": "float"})"),
       "demo.json: parameter -b: key: two of _ and - may not follow each other"},
  };
  for (const Case& c : cases) {
    INFO(c.json);
    CHECK(refusal(c.json) == c.why);
  }
  CHECK(refusal(params(""), "Demo") == "Demo: the name must be 1 to 63 of a-z, 0-9, _ and -, and not \"relume\"");
  CHECK(refusal(params("")).empty());
}

TEST_CASE("Package: no more slots than a uniform block surely has", "[video][package][error]") {
  const auto vectors = [](int count) {
    std::string list;
    for (int i = 0; i < count; ++i) {
      list += (i == 0 ? "" : ", ") + std::string(R"({"key": "v)") + std::to_string(i) + R"(", "type": "vec4"})";
    }
    return params(list);
  };
  CHECK(refusal(vectors(1023)).empty());  // opacity and blend take the first four
  CHECK(refusal(vectors(1024)) == "demo.json: params: they take 4100 slots, a shader has 4096");
}

TEST_CASE("Package: files that are missing, too long or unreadable are named", "[video][package][error]") {
  const test::Packages packages;
  const auto why = [&](const std::string& name) -> std::string {
    try {
      read_texts(packages.path(), name);
      return {};
    } catch (const PackageError& error) { return error.what(); }
  };
  CHECK(why("solid") == "solid.json: the file is missing");
  packages.put_solid();
  CHECK(why("solid").empty());
  test::write_file(packages.path() + "/solid.frag", std::string(kMaxShaderFileBytes, ' '));
  CHECK(why("solid").empty());
  test::write_file(packages.path() + "/solid.frag", std::string(kMaxShaderFileBytes + 1, ' '));
  CHECK(why("solid") == "solid.frag: larger than 262144 bytes");
  std::filesystem::remove(packages.path() + "/solid.frag");
  CHECK(why("solid") == "solid.frag: the file is missing");
  std::filesystem::create_directory(packages.path() + "/solid.frag");
  CHECK(why("solid") == "solid.frag: cannot read the file (Is a directory)");
}

TEST_CASE("Package: a folder lists what has a .frag or a .json, by name", "[video][package]") {
  const TempFolder folder;
  for (const char* file : {"b.frag", "b.json", "a.json", "c.frag", ".b.frag.swp", "b.frag~", "notes.txt", ".frag"}) {
    test::write_file(folder.path() + "/" + file, "");
  }
  CHECK(list_packages(folder.path()) == std::vector<std::string>{"a", "b", "c"});
  CHECK_THROWS_WITH(list_packages(folder.path() + "/no"),
                    "the folder of shaders cannot be read: " + folder.path() + "/no (No such file or directory)");
}
