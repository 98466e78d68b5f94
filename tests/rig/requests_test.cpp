// SPDX-License-Identifier: Apache-2.0
#include "operator/requests.hpp"

#include "lights/demo_show.hpp"
#include "lights/patch.hpp"
#include "operator/reasons.hpp"
#include "osc_bytes.hpp"

#include <catch2/catch.hpp>
#include <relume/relume.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace rig_test;

namespace {

relume_show_options quiet() {
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.flags = RELUME_SHOW_NO_THREADS;
  return options;
}

/// A show with one parameter of each type, on the layer `all`.
relume::Schema schema_of_all_types() {
  using relume::Param;
  relume::Schema schema;
  schema.type("all", {Param("bool", RELUME_BOOL), Param("int", RELUME_INT).range(-10, 10),
                      Param("float", RELUME_FLOAT).range(0, 1), Param("free", RELUME_FLOAT), Param("vec2", RELUME_VEC2),
                      Param("vec3", RELUME_VEC3), Param("vec4", RELUME_VEC4), Param("color", RELUME_COLOR).range(0, 1),
                      Param("enum", RELUME_ENUM).labels({"off", "slow", "fast"}), Param("time", RELUME_TIME),
                      Param("text", RELUME_TEXT), Param("go", RELUME_TRIGGER)});
  schema.layer("all", "all");
  return schema;
}

/// A show and the requests to it; answers come back as "address types arg arg ...".
class Desk {
 public:
  explicit Desk(const relume::Schema& schema)
      : show(schema, quiet()),
        disk(show),
        requests(show, show.source(), disk, [this](const rig::Notice& n) { notices.push_back(n); },
                 {[this] { ++stack_changes; }, [this] { ++replacements; }}) {}

  std::vector<std::string> ask(const Bytes& packet) {
    std::vector<std::string> answers;
    for (const auto& reply : requests.handle(view(packet), rig::Endpoint(), now)) answers.push_back(describe(reply));
    return answers;
  }
  std::string one(const Bytes& packet) {
    const std::vector<std::string> answers = ask(packet);
    return answers.size() == 1 ? answers[0] : "(" + std::to_string(answers.size()) + " answers)";
  }
  std::string set(const std::string& route, const std::string& types, const Bytes& arguments) {
    return one(message("/relume/set", "s" + types, text(route) + arguments));
  }
  std::string get(const std::string& route) { return one(message("/relume/get", "s", text(route))); }
  std::uint64_t revision() { return show.status().accepted; }
  void frame() { show.compose(now += 10'000'000); }

  std::int64_t now = 1'000'000'000;
  relume::Show show;
  std::vector<rig::Notice> notices;
  int stack_changes = 0;
  int replacements = 0;
  rig::DiskRequests disk;
  rig::Requests requests;

  static std::string describe(const std::vector<std::byte>& reply) {
    rig::OscPacket packet;
    REQUIRE(rig::decode_osc(reply, packet) == rig::Malformed::none);
    std::string out = packet.messages.at(0).address + " ";
    for (const rig::OscArg& arg : packet.messages[0].args) out += arg.tag;
    for (const rig::OscArg& arg : packet.messages[0].args) {
      if (arg.tag == 's') out += " '" + arg.text + "'";
      if (arg.tag == 'i' || arg.tag == 'h') out += " " + std::to_string(arg.integer);
      if (arg.tag == 'f') out += " " + std::to_string(arg.number);
    }
    return out;
  }
};

std::string ack(std::uint64_t revision, const std::string& subject) {
  return "/relume/ack hs " + std::to_string(revision) + " '" + subject + "'";
}

std::string reject(const std::string& subject, const std::string& reason) {
  return "/relume/reject ss '" + subject + "' '" + reason + "'";
}

Bytes set(const std::string& route, float value) { return message("/relume/set", "sf", text(route) + f32(value)); }

}  // namespace

TEST_CASE("Requests: every type takes what the contract lists, and get gives it back", "[requests]") {
  Desk desk(schema_of_all_types());
  struct Case {
    std::string route, types;
    Bytes arguments;
    std::string value;
  };
  const std::vector<Case> cases{
      {"bool", "T", "", "'bool' T"},
      {"bool", "F", "", "'bool' F"},
      {"bool", "i", i32(1), "'bool' T"},
      {"bool", "i", i32(0), "'bool' F"},
      {"int", "i", i32(-7), "'int' i -7"},
      {"int", "h", i64(9), "'int' i 9"},
      {"float", "f", f32(0.25F), "'float' f 0.250000"},
      {"float", "d", f64(0.5), "'float' f 0.500000"},
      {"float", "i", i32(1), "'float' f 1.000000"},
      {"float", "h", i64(0), "'float' f 0.000000"},
      {"vec2", "fi", f32(1.5F) + i32(2), "'vec2' ff 1.500000 2.000000"},
      {"vec3", "ddd", f64(1) + f64(2) + f64(3), "'vec3' fff 1.000000 2.000000 3.000000"},
      {"vec4", "ffff", f32(1) + f32(2) + f32(3) + f32(4), "'vec4' ffff 1.000000 2.000000 3.000000 4.000000"},
      {"color", "fff", f32(1) + f32(0.5F) + f32(0), "'color' ffff 1.000000 0.500000 0.000000 1.000000"},
      {"color", "ffif", f32(1) + f32(0.5F) + i32(0) + f32(0.25F), "'color' ffff 1.000000 0.500000 0.000000 0.250000"},
      {"color", "r", Bytes("\xff\x00\x33\xcc", 4), "'color' ffff 1.000000 0.000000 0.200000 0.800000"},
      {"enum", "i", i32(2), "'enum' i 2"},
      {"enum", "s", text("slow"), "'enum' i 1"},
      {"time", "h", i64(1LL << 40), "'time' h 1099511627776"},
      {"time", "i", i32(5), "'time' h 5"},
      {"text", "s", text("Gr\xc3\xbc\xc3\x9f"), "'text' s 'Gr\xc3\xbc\xc3\x9f'"},
      {"text", "s", text(""), "'text' s ''"},
      {"text", "s", text(std::string(1024, 'x')), "'text' s '" + std::string(1024, 'x') + "'"},
  };
  for (const Case& c : cases) {
    const std::string route = "all/" + c.route;
    INFO(route << " ," << c.types);
    const std::uint64_t before = desk.revision();
    CHECK(desk.set(route, c.types, c.arguments) == ack(before + 1, route));
    // The type tags of the reply come first in our notation.
    const std::string& value = c.value;
    const std::size_t type_end = value.find('\'', 1) + 1;
    const std::size_t tags_end = std::min(value.find(' ', type_end + 1), value.size());
    const std::string tags = value.substr(type_end + 1, tags_end - type_end - 1);
    CHECK(desk.get(route) == "/relume/value sss" + tags + " '" + route + "' 'committed' " + value.substr(0, type_end) +
                                 value.substr(tags_end));
  }
}

TEST_CASE("Requests: a trigger fires once, with nothing or with any one argument, and get tells the count",
          "[requests]") {
  Desk desk(schema_of_all_types());
  const auto count = [&](int n, const char* tier) {
    CHECK(desk.get("all/go") ==
          "/relume/value sssi 'all/go' '" + std::string(tier) + "' 'trigger' " + std::to_string(n));
  };
  count(0, "default");
  CHECK(desk.one(message("/relume/set", "s", text("all/go"))) == ack(1, "all/go"));
  count(1, "persisted");
  const std::vector<std::pair<std::string, Bytes>> arguments{
      {"i", i32(0)},     {"i", i32(7)},     {"h", i64(-1)}, {"f", f32(0.0F)}, {"f", f32(NAN)},
      {"d", f64(1e300)}, {"T", ""},         {"F", ""},      {"N", ""},        {"I", ""},
      {"s", text("")},   {"s", text("go")}, {"r", i32(0)},  {"b", i32(0)}};
  int fired = 1;
  for (const auto& [tag, bytes] : arguments) {
    INFO(tag);
    ++fired;
    CHECK(desk.set("all/go", tag, bytes) == ack(static_cast<std::uint64_t>(fired), "all/go"));
    count(fired, "persisted");
  }
  CHECK(desk.one(message("/relume/persist", "s", text("all/go"))) ==
        ack(static_cast<std::uint64_t>(fired) + 1, "all/go"));
  count(fired + 1, "persisted");
  // A bundle of pushes is one revision, and all of them count.
  const Bytes push = message("/relume/set", "s", text("all/go"));
  CHECK(desk.ask(bundle({push, push, push})).size() == 3);
  count(fired + 4, "persisted");
  CHECK(desk.revision() == static_cast<std::uint64_t>(fired) + 2);
  CHECK(desk.one(message("/relume/reset", "s", text(""))) == ack(desk.revision(), ""));
  count(fired + 4, "persisted");
}

TEST_CASE("Requests: what does not fit is rejected with its reason, and changes nothing", "[requests][error]") {
  Desk desk(schema_of_all_types());
  struct Case {
    std::string route, types;
    Bytes arguments;
    std::string reason;
  };
  const double huge = 1e300;
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<Case> cases{
      {"all/none", "f", f32(0), "unknown-route"},
      {"none/float", "f", f32(0), "unknown-route"},
      {"/all/float", "f", f32(0), "unknown-route"},
      {"", "f", f32(0), "unknown-route"},
      {"all", "f", f32(0), "unknown-route"},
      {"all/float/x", "f", f32(0), "unknown-route"},
      {"all/float", "", "", "wrong-type"},
      {"all/float", "s", text("1"), "wrong-type"},
      {"all/float", "T", "", "wrong-type"},
      {"all/float", "ff", f32(0) + f32(0), "wrong-type"},
      {"all/float", "r", i32(0), "wrong-type"},
      {"all/float", "b", i32(0), "wrong-type"},
      {"all/float", "f", f32(1.5F), "out-of-range"},
      {"all/float", "i", i32(-1), "out-of-range"},
      {"all/float", "f", f32(NAN), "not-finite"},
      {"all/float", "f", f32(inf), "not-finite"},
      {"all/float", "d", f64(static_cast<double>(-inf)), "not-finite"},
      {"all/free", "d", f64(huge), "out-of-range"},
      {"all/bool", "f", f32(1), "wrong-type"},
      {"all/bool", "s", text("true"), "wrong-type"},
      {"all/bool", "i", i32(2), "out-of-range"},
      {"all/bool", "i", i32(-1), "out-of-range"},
      {"all/int", "f", f32(1), "wrong-type"},
      {"all/int", "i", i32(11), "out-of-range"},
      {"all/int", "h", i64(1LL << 32), "out-of-range"},
      {"all/vec2", "f", f32(1), "wrong-type"},
      {"all/vec3", "ffff", f32(1) + f32(1) + f32(1) + f32(1), "wrong-type"},
      {"all/vec3", "ffs", f32(1) + f32(1) + text("1"), "wrong-type"},
      {"all/vec4", "ffff", f32(1) + f32(1) + f32(1) + f32(NAN), "not-finite"},
      {"all/color", "ff", f32(1) + f32(1), "wrong-type"},
      {"all/color", "fffff", f32(1) + f32(1) + f32(1) + f32(1) + f32(1), "wrong-type"},
      {"all/color", "i", i32(-1), "wrong-type"},
      {"all/color", "fff", f32(1) + f32(2) + f32(1), "out-of-range"},
      {"all/enum", "s", text("fastest"), "out-of-range"},
      {"all/enum", "i", i32(3), "out-of-range"},
      {"all/enum", "i", i32(-1), "out-of-range"},
      {"all/enum", "f", f32(1), "wrong-type"},
      {"all/time", "f", f32(1), "wrong-type"},
      {"all/text", "i", i32(1), "wrong-type"},
      {"all/text", "", "", "wrong-type"},
      {"all/text", "ss", text("a") + text("b"), "wrong-type"},
      {"all/go", "ii", i32(1) + i32(1), "wrong-type"},
      {"all/go", "TT", "", "wrong-type"},
      {"all/text", "s", text(std::string(1025, 'x')), "too-long"},
      {"all/text", "s", text("\xff"), "bad-utf8"},
      {"all/text", "s", text("cut \xc3"), "bad-utf8"},
  };
  std::uint64_t rejected = 0;
  for (const Case& c : cases) {
    INFO(c.route << " ," << c.types << " expects " << c.reason);
    CHECK(desk.set(c.route, c.types, c.arguments) == reject(c.route, c.reason));
    CHECK(desk.one(message("/relume/persist", "s" + c.types, text(c.route) + c.arguments)) ==
          reject(c.route, c.reason));
    rejected += 2;
    CHECK(desk.revision() == 0);
    CHECK(desk.requests.rejected() == rejected);
  }
  for (const char* route : {"all/float", "all/bool", "all/int", "all/color", "all/enum", "all/time", "all/text"}) {
    CHECK(desk.get(route).find("'default'") != std::string::npos);
  }
}

TEST_CASE("Requests: a request without its route or with too much is wrong-type", "[requests][error]") {
  Desk desk(schema_of_all_types());
  for (const char* name : {"set", "persist", "get", "store", "revert", "reset", "accept"}) {
    const std::string address = std::string("/relume/") + name;
    INFO(address);
    CHECK(desk.one(message(address, "")) == reject("", "wrong-type"));
    CHECK(desk.one(message(address, "i", i32(1))) == reject("", "wrong-type"));
  }
  for (const char* name : {"get", "store", "revert", "reset", "accept"}) {
    CHECK(desk.one(message(std::string("/relume/") + name, "si", text("all") + i32(1))) == reject("all", "wrong-type"));
  }
}

TEST_CASE("Requests: what the rig does not know is told so by its address", "[requests][error]") {
  Desk desk(schema_of_all_types());
  for (const char* address : {"/relume/layer/repaint", "/relume/layer", "/relume/sett", "/relume/", "/relume"}) {
    CHECK(desk.one(message(address, "s", text("x"))) == reject(address, "unknown-request"));
  }
}

TEST_CASE("Requests: a show without a folder has nothing to save to", "[requests][save][error]") {
  Desk desk(schema_of_all_types());
  CHECK(desk.one(message("/relume/save", "")) == reject("save", "state"));
  CHECK_FALSE(desk.requests.waiting());
}

TEST_CASE("Requests: store, revert and reset take a layer or all, and an unknown layer is rejected", "[requests]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  const auto layer_request = [&](const char* verb, const char* layer) {
    return desk.one(message(std::string("/relume/") + verb, "s", text(layer)));
  };
  desk.one(set("wash/level", 0.5F));
  desk.one(set("tubes/level", 0.5F));
  CHECK(layer_request("store", "wash") == ack(3, "wash"));
  CHECK(desk.get("wash/level") == "/relume/value sssf 'wash/level' 'persisted' 'float' 0.500000");
  CHECK(desk.get("tubes/level").find("'committed'") != std::string::npos);
  CHECK(layer_request("revert", "") == ack(4, ""));
  CHECK(desk.get("tubes/level") == "/relume/value sssf 'tubes/level' 'default' 'float' 1.000000");
  CHECK(layer_request("reset", "tubes") == ack(4, "tubes"));  // nothing left: the current revision
  for (const char* verb : {"store", "revert", "reset"})
    CHECK(layer_request(verb, "nobody") == reject("nobody", "unknown-layer"));
  CHECK(desk.revision() == 4);
}

TEST_CASE("Requests: an equal value acknowledges the current revision", "[requests]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  CHECK(desk.one(set("wash/level", 0.5F)) == ack(1, "wash/level"));
  CHECK(desk.one(set("wash/level", 0.5F)) == ack(1, "wash/level"));
  CHECK(desk.one(message("/relume/persist", "sf", text("wash/level") + f32(0.5F))) == ack(2, "wash/level"));
  CHECK(desk.one(message("/relume/persist", "sf", text("wash/level") + f32(0.5F))) == ack(2, "wash/level"));
}

TEST_CASE("Requests: ping and status answer with the columns of the contract", "[requests]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  desk.one(set("wash/level", 0.5F));
  desk.one(set("wash/level", 7.0F));
  desk.ask("bad!");
  // No folder, so no mirror, and nothing of a disk.
  CHECK(desk.one(message("/relume/status", "")) == "/relume/status hhhhhhh 1 -1 -1 0 -1 1 1");
  const std::string pong = desk.one(message("/relume/ping", ""));
  CHECK(pong.rfind("/relume/pong hiss 1 0 '", 0) == 0);
  CHECK(pong.size() == std::string("/relume/pong hiss 1 0 '' ''").size() + 32 + 16);
}

TEST_CASE("Requests: health is the show's own words as one text", "[requests]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  desk.show.report_health("card", RELUME_HEALTH_NOTICE, "{\"late\":3}");
  const std::string health = desk.one(message("/relume/health", ""));
  CHECK(health.rfind("/relume/health s '{\"level\":", 0) == 0);
  CHECK(health.find("\"late\":3") != std::string::npos);
}

TEST_CASE("Requests: health that does not fit a datagram is refused", "[requests][error]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  const std::string long_report = "{\"x\":\"" + std::string(4'000, 'x') + "\"}";
  for (int i = 0; i < 20; ++i) desk.show.report_health("part" + std::to_string(i), RELUME_HEALTH_OK, long_report);
  CHECK(desk.one(message("/relume/health", "")) == reject("health", "too-long"));
}

TEST_CASE("Requests: a layer gets another type, and what fits is kept", "[requests]") {
  using relume::Param;
  relume::Schema schema;
  const auto speed = [](double max) { return Param("speed", RELUME_FLOAT).range(0, max).initial(relume::scalar(1)); };
  schema.type("noise", {speed(8), Param("seed", RELUME_INT)}).type("rings", {speed(2), Param("count", RELUME_INT)});
  schema.layer("back", "noise");
  Desk desk(schema);
  desk.one(message("/relume/set", "sf", text("back/speed") + f32(4.0F)));
  desk.one(message("/relume/set", "si", text("back/seed") + i32(7)));
  const auto retype = [](const char* layer, const char* type) {
    return message("/relume/layer/retype", "ss", text(layer) + text(type));
  };
  CHECK(desk.one(retype("back", "rings")) == ack(3, "back"));
  CHECK(desk.stack_changes == 1);
  CHECK(desk.get("back/speed") == "/relume/value sssf 'back/speed' 'committed' 'float' 2.000000");
  CHECK(desk.get("back/count") == "/relume/value sssi 'back/count' 'default' 'int' 0");
  CHECK(desk.get("back/seed") == reject("back/seed", "unknown-route"));
  CHECK(desk.one(retype("back", "laser")) == reject("back", "unknown-type"));
  CHECK(desk.one(retype("nobody", "noise")) == reject("nobody", "unknown-layer"));
  CHECK(desk.one(message("/relume/layer/retype", "s", text("back"))) == reject("back", "wrong-type"));
  CHECK(desk.stack_changes == 1);
  CHECK(desk.revision() == 3);
}

TEST_CASE("Requests: a layer gets another key, and everything of it goes by that", "[requests][layer]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  desk.one(set("wash/level", 0.5F));
  const auto rename = [](const char* layer, const char* key) {
    return message("/relume/layer/rename", "ss", text(layer) + text(key));
  };
  CHECK(desk.one(rename("wash", "front")) == ack(2, "wash"));
  CHECK(desk.stack_changes == 1);
  CHECK(desk.get("front/level") == "/relume/value sssf 'front/level' 'committed' 'float' 0.500000");
  CHECK(desk.get("wash/level") == reject("wash/level", "unknown-route"));
  CHECK(desk.one(rename("front", "front")) == ack(2, "front"));  // it has it already
  CHECK(desk.one(rename("front", "tubes")) == reject("front", "exists"));
  CHECK(desk.one(rename("front", "Front")) == reject("front", "invalid"));
  CHECK(desk.one(rename("front", "relume")) == reject("front", "invalid"));
  CHECK(desk.one(rename("wash", "spots")) == reject("wash", "unknown-layer"));
  CHECK(desk.one(message("/relume/layer/rename", "s", text("front"))) == reject("front", "wrong-type"));
  CHECK(desk.one(message("/relume/layer/rename", "si", text("front") + i32(1))) == reject("front", "wrong-type"));
  CHECK(desk.revision() == 2);
}

TEST_CASE("Requests: a bundle is one change-set with one revision, answered in order", "[requests][bundle]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  const auto answers = desk.ask(
      bundle({message("/relume/get", "s", text("tubes/level")), set("wash/level", 0.5F), set("tubes/level", 0.25F),
              message("/relume/store", "s", text("")), message("/relume/ping", "")}));
  REQUIRE(answers.size() == 5);
  CHECK(answers[0] == "/relume/value sssf 'tubes/level' 'persisted' 'float' 0.250000");  // asked first, answered after
  CHECK(answers[1] == ack(1, "wash/level"));
  CHECK(answers[2] == ack(1, "tubes/level"));
  CHECK(answers[3] == ack(1, ""));
  CHECK(answers[4].rfind("/relume/pong hiss 1 ", 0) == 0);
}

TEST_CASE("Requests: one bad request in a bundle rejects all, and only it has the reason",
          "[requests][bundle][error]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  const std::vector<std::pair<Bytes, std::string>> culprits{
      {set("wash/level", 2.0F), reject("wash/level", "out-of-range")},
      {set("wash/level", NAN), reject("wash/level", "not-finite")},
      {set("wash/nothing", 0.0F), reject("wash/nothing", "unknown-route")},
      {message("/relume/set", "ss", text("wash/level") + text("x")), reject("wash/level", "wrong-type")},
      {message("/relume/store", "s", text("nobody")), reject("nobody", "unknown-layer")},
      {message("/relume/layer/remove", "s", text("nobody")), reject("nobody", "unknown-layer")},
      {message("/relume/layer/add", "sss", text("wash") + text("group") + text("")), reject("wash", "exists")},
      {message("/relume/layer/repaint", "s", text("wash")), reject("/relume/layer/repaint", "unknown-request")},
  };
  for (const auto& [culprit, reason] : culprits) {
    for (int place = 0; place < 3; ++place) {
      std::vector<Bytes> messages{set("wash/level", 0.5F), set("tubes/level", 0.5F)};
      messages.insert(messages.begin() + place, culprit);
      std::vector<std::string> expected{reject("wash/level", "bundle"), reject("tubes/level", "bundle")};
      expected.insert(expected.begin() + place, reason);
      CHECK(desk.ask(bundle({messages[0], messages[1], messages[2]})) == expected);
    }
  }
  CHECK(desk.revision() == 0);
  CHECK(desk.get("wash/level").find("'default'") != std::string::npos);
  CHECK(desk.requests.rejected() == 3 * 3 * culprits.size());
}

TEST_CASE("Requests: a bundle whose second message is malformed applies nothing", "[requests][bundle][error]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  CHECK(desk.ask(bundle({set("wash/level", 0.5F), message("/relume/set", "sf", text("wash/level"))})).empty());
  CHECK(desk.revision() == 0);
  CHECK(desk.requests.malformed() == 1);
  CHECK(desk.requests.rejected() == 0);
}

TEST_CASE("Requests: malformed packets are counted each, told once per kind", "[requests][error]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  for (int i = 0; i < 3; ++i) {
    desk.ask("odd");
    desk.ask(text("nope"));
    desk.ask(message("/wash/level", "f"));
  }
  CHECK(desk.requests.malformed() == 9);
  CHECK(desk.notices.size() == 3);
}

TEST_CASE("Requests: automation moves the frame, answers nothing and takes no revision", "[requests][automation]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  desk.frame();
  CHECK(desk.ask(message("/wash/level", "f", f32(0.0F))).empty());
  desk.frame();
  desk.frame();
  CHECK(desk.get("wash/level").find("'transient'") != std::string::npos);
  CHECK(desk.revision() == 0);
  // Names that only begin like the reserved one are layers.
  CHECK(desk.ask(message("/relumeish/level", "f", f32(0.0F))).empty());
}

TEST_CASE("Requests: bad automation is counted each and told once per kind", "[requests][automation][error]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  for (int i = 0; i < 3; ++i) {
    CHECK(desk.ask(message("/wash/level", "f", f32(2.0F))).empty());
    CHECK(desk.ask(message("/wash/level", "f", f32(NAN))).empty());
    CHECK(desk.ask(message("/wash/level", "s", text("x"))).empty());
    CHECK(desk.ask(message("/wash/nothing", "f", f32(0.0F))).empty());
    CHECK(desk.ask(message("/", "f", f32(0.0F))).empty());
  }
  CHECK(desk.requests.rejected() == 15);
  CHECK(desk.notices.size() == 4);
  CHECK(desk.requests.malformed() == 0);
  desk.frame();
  CHECK(desk.get("wash/level").find("'default'") != std::string::npos);
}

TEST_CASE("Requests: bad automation in a bundle costs neither the good beside it nor the requests",
          "[requests][automation]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  desk.frame();
  const auto answers = desk.ask(bundle({message("/wash/level", "f", f32(0.0F)), message("/tubes/level", "f", f32(9.0F)),
                                        message("/wash/none", "f", f32(0.0F)), set("master/bpm", 90.0F),
                                        message("/master/dimmer", "f", f32(0.5F))}));
  CHECK(answers == std::vector<std::string>{ack(1, "master/bpm")});
  CHECK(desk.requests.rejected() == 2);
  desk.frame();
  desk.frame();
  CHECK(desk.get("wash/level").find("'transient'") != std::string::npos);
  CHECK(desk.get("master/dimmer").find("'transient'") != std::string::npos);
  CHECK(desk.get("tubes/level").find("'default'") != std::string::npos);
}

TEST_CASE("Requests: in one bundle the operator wins over automation, whatever their order", "[requests][automation]") {
  for (const bool operator_first : {true, false}) {
    Desk desk(rig::demo_schema(rig::default_patch()));
    desk.frame();
    const Bytes by_hand = set("wash/level", 0.25F);
    const Bytes automated = message("/wash/level", "f", f32(0.75F));
    desk.ask(operator_first ? bundle({by_hand, automated}) : bundle({automated, by_hand}));
    for (int i = 0; i < 3; ++i) desk.frame();
    CHECK(desk.get("wash/level") == "/relume/value sssf 'wash/level' 'committed' 'float' 0.250000");
  }
}

namespace {

Bytes layer_add(const std::string& key, const std::string& type, const std::string& before) {
  return message("/relume/layer/add", "sss", text(key) + text(type) + text(before));
}
Bytes layer_remove(const std::string& key) { return message("/relume/layer/remove", "s", text(key)); }
Bytes layer_move(const std::string& key, const std::string& before) {
  return message("/relume/layer/move", "ss", text(key) + text(before));
}

std::string stack_of(const relume::Show& show) {
  std::string out;
  for (const relume_layer layer : show.layers()) {
    const relume_layer_info info = show.layer_info(layer);
    out += std::string(out.empty() ? "" : " ") + info.key;
    if ((info.flags & RELUME_LAYER_BYPASSED) != 0) out += "(bypassed)";
  }
  return out;
}

}  // namespace

TEST_CASE("Requests: layers are added, moved, bypassed and removed, each an acknowledged change", "[requests][layer]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  CHECK(desk.one(layer_add("spots", "group", "")) == ack(1, "spots"));
  CHECK(desk.one(layer_add("front", "group", "tubes")) == ack(2, "front"));
  CHECK(stack_of(desk.show) == "master wash front tubes spots");
  CHECK(desk.one(layer_move("spots", "wash")) == ack(3, "spots"));
  CHECK(desk.one(layer_move("master", "")) == ack(4, "master"));
  CHECK(stack_of(desk.show) == "spots wash front tubes master");
  CHECK(desk.one(layer_move("master", "")) == ack(4, "master"));  // it is there already
  CHECK(desk.one(message("/relume/layer/bypass", "si", text("front") + i32(1))) == ack(5, "front"));
  CHECK(desk.one(message("/relume/layer/bypass", "sT", text("front"))) == ack(5, "front"));
  CHECK(stack_of(desk.show) == "spots wash front(bypassed) tubes master");
  CHECK(desk.one(message("/relume/layer/bypass", "sF", text("front"))) == ack(6, "front"));
  CHECK(desk.one(layer_remove("front")) == ack(7, "front"));
  CHECK(stack_of(desk.show) == "spots wash tubes master");
  CHECK(desk.get("front/level") == reject("front/level", "unknown-route"));
}

TEST_CASE("Requests: a change of layers that cannot be is rejected with its reason", "[requests][layer][error]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  const std::vector<std::pair<Bytes, std::string>> cases{
      {layer_add("wash", "group", ""), reject("wash", "exists")},
      {layer_add("spots", "laser", ""), reject("spots", "unknown-type")},
      {layer_add("spots", "group", "nobody"), reject("spots", "unknown-layer")},
      {layer_add("Spots", "group", ""), reject("Spots", "invalid")},
      {layer_add("relume", "group", ""), reject("relume", "invalid")},
      {layer_add("", "group", ""), reject("", "invalid")},
      {message("/relume/layer/add", "ss", text("spots") + text("group")), reject("spots", "wrong-type")},
      {message("/relume/layer/add", "ssi", text("spots") + text("group") + i32(0)), reject("spots", "wrong-type")},
      {message("/relume/layer/add", "ssss", text("spots") + text("group") + text("") + text("")),
       reject("spots", "wrong-type")},
      {layer_remove("nobody"), reject("nobody", "unknown-layer")},
      {layer_remove(""), reject("", "unknown-layer")},
      {message("/relume/layer/remove", "si", text("wash") + i32(1)), reject("wash", "wrong-type")},
      {message("/relume/layer/remove", ""), reject("", "wrong-type")},
      {layer_move("nobody", ""), reject("nobody", "unknown-layer")},
      {layer_move("wash", "nobody"), reject("wash", "unknown-layer")},
      {message("/relume/layer/move", "s", text("wash")), reject("wash", "wrong-type")},
      {message("/relume/layer/move", "si", text("wash") + i32(0)), reject("wash", "wrong-type")},
      {message("/relume/layer/bypass", "si", text("nobody") + i32(1)), reject("nobody", "unknown-layer")},
      {message("/relume/layer/bypass", "si", text("wash") + i32(2)), reject("wash", "out-of-range")},
      {message("/relume/layer/bypass", "sf", text("wash") + f32(1)), reject("wash", "wrong-type")},
      {message("/relume/layer/bypass", "s", text("wash")), reject("wash", "wrong-type")},
  };
  for (const auto& [packet, reason] : cases) CHECK(desk.one(packet) == reason);
  CHECK(desk.revision() == 0);
  CHECK(stack_of(desk.show) == "master wash tubes");
  CHECK(desk.stack_changes == 0);
  CHECK(desk.requests.rejected() == cases.size());
}

TEST_CASE("Requests: layers join the change-set of their bundle", "[requests][layer][bundle]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  desk.one(set("wash/level", 0.5F));
  // A layer is replaced by an empty one of the same key, and the others change with it.
  const auto replaced =
      desk.ask(bundle({layer_remove("wash"), layer_add("wash", "group", "tubes"), set("tubes/level", 0.25F)}));
  CHECK(replaced == std::vector<std::string>{ack(2, "wash"), ack(2, "wash"), ack(2, "tubes/level")});
  CHECK(desk.stack_changes == 1);
  CHECK(stack_of(desk.show) == "master wash tubes");
  CHECK(desk.get("wash/level") == "/relume/value sssf 'wash/level' 'default' 'float' 1.000000");
  // Once it is gone, what follows in the bundle does not find it.
  const auto gone = desk.ask(bundle({layer_remove("wash"), set("wash/level", 0.5F)}));
  CHECK(gone == std::vector<std::string>{reject("wash", "bundle"), reject("wash/level", "unknown-route")});
  // The manual's limit: what a bundle adds cannot be named by the same bundle.
  const auto early = desk.ask(bundle({layer_add("spots", "group", ""), set("spots/level", 0.5F)}));
  CHECK(early == std::vector<std::string>{reject("spots", "bundle"), reject("spots/level", "unknown-route")});
  const auto twice = desk.ask(bundle({layer_add("spots", "group", ""), layer_add("spots", "group", "")}));
  CHECK(twice == std::vector<std::string>{reject("spots", "bundle"), reject("spots", "exists")});
  CHECK(desk.revision() == 2);
  CHECK(desk.stack_changes == 1);
}

TEST_CASE("Requests: whoever follows the stack is told before the answer, and only about changes of layers",
          "[requests][layer]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  desk.one(set("wash/level", 0.5F));
  desk.one(message("/relume/store", "s", text("")));
  CHECK(desk.stack_changes == 0);
  desk.one(layer_add("spots", "group", ""));
  desk.one(layer_move("spots", "wash"));
  desk.one(layer_remove("spots"));
  CHECK(desk.stack_changes == 3);
}

namespace {

Bytes accept(const std::string& choice) { return message("/relume/accept", "s", text(choice)); }

/// Waits for an answer that comes late.
std::string late(Desk& desk) {
  for (int i = 0; i < 5'000; ++i) {
    const std::vector<rig::LateAnswer> answers = desk.requests.collect();
    if (!answers.empty()) return Desk::describe(answers.at(0).message);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return "no answer";
}

}  // namespace

TEST_CASE("Requests: a choice where nothing is held is acknowledged with the current revision", "[requests][accept]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  desk.one(set("wash/level", 0.5F));
  for (const char* choice : {"keep", "file"}) {
    CHECK(desk.ask(accept(choice)).empty());
    CHECK(desk.requests.waiting());
    CHECK(late(desk) == ack(1, choice));
    CHECK_FALSE(desk.requests.waiting());
  }
  CHECK(desk.replacements == 0);
}

TEST_CASE("Requests: a choice that is none is rejected, and so is one beside changes", "[requests][accept][error]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  CHECK(desk.one(accept("both")) == reject("both", "out-of-range"));
  CHECK(desk.one(accept("")) == reject("", "out-of-range"));
  const auto mixed = desk.ask(bundle({set("wash/level", 0.5F), accept("keep")}));
  CHECK(mixed == std::vector<std::string>{reject("wash/level", "bundle"), reject("keep", "bundle")});
  const auto faulty = desk.ask(bundle({accept("both"), set("wash/level", 0.5F)}));
  CHECK(faulty == std::vector<std::string>{reject("both", "out-of-range"), reject("wash/level", "bundle")});
  CHECK(desk.revision() == 0);
  CHECK_FALSE(desk.requests.waiting());
  CHECK(desk.requests.rejected() == 6);
}

TEST_CASE("Requests: one choice at a time", "[requests][accept][error]") {
  Desk desk(rig::demo_schema(rig::default_patch()));
  const auto answers = desk.ask(bundle({accept("keep"), accept("file")}));
  CHECK(answers == std::vector<std::string>{reject("file", "state")});
  CHECK(late(desk) == ack(0, "keep"));
}

TEST_CASE("Reasons: what the disk said is named by step and errno", "[requests][error]") {
  const auto reason = [](relume_result result, const std::string& text) {
    relume_error error = RELUME_ERROR_INIT;
    error.message[text.copy(error.message, sizeof error.message - 1)] = '\0';
    return rig::reason_of(result, error);
  };
  CHECK(reason(RELUME_E_IO, "mirror /dev/shm/relume-0-1: allocate: ENOSPC; free space") == "io:allocate:ENOSPC");
  CHECK(reason(RELUME_E_IO, "/a: b/show.json: rename: EROFS") == "io:rename:EROFS");
  CHECK(reason(RELUME_E_IO, "no details") == "io");
  CHECK(reason(RELUME_E_LIMIT, "mirror x: allocate: ENOSPC") == "limit");
  relume_save_result save = RELUME_SAVE_RESULT_INIT;
  save.state = RELUME_SAVE_NOT_COMMITTED;
  std::string("sync").copy(save.step, sizeof save.step);
  std::string("EIO").copy(save.errno_name, sizeof save.errno_name);
  CHECK(rig::reason_of(save) == "io:sync:EIO");
  save.state = RELUME_SAVE_HELD;
  CHECK(rig::reason_of(save) == "read-only");
}
