// SPDX-License-Identifier: Apache-2.0
#include "adapters/osc_codec.hpp"

#include "osc_bytes.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using rig::decode_osc;
using rig::Malformed;
using rig::OscPacket;
using namespace rig_test;

namespace {

OscPacket decoded(const Bytes& bytes) {
  OscPacket packet;
  REQUIRE(decode_osc(view(bytes), packet) == Malformed::none);
  return packet;
}

Malformed fault_of(const Bytes& bytes) {
  // A copy of exactly this size, so that AddressSanitizer sees the first byte that is read beyond it.
  const std::vector<std::byte> exact(view(bytes).begin(), view(bytes).end());
  OscPacket packet;
  packet.messages.resize(1);
  const Malformed fault = decode_osc(exact, packet);
  if (fault != Malformed::none) CHECK(packet.messages.empty());
  return fault;
}

std::string bytes_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("OSC: every argument type of OSC 1.0 decodes to its value", "[osc]") {
  const Bytes arguments = i32(-7) + f32(0.25F) + text("wash/level") + i32(3) + Bytes("abc\0", 4) + i64(-(1LL << 40)) +
                          f64(1e300) + big_endian(1, 8) + text("sym") + i32('x') + Bytes("\x11\x22\x33\x44", 4) +
                          Bytes("\x90\x40\x7f\x01", 4);
  const OscPacket packet = decoded(message("/a/b", "ifsbhdtScrmTFNI", arguments));
  REQUIRE(packet.messages.size() == 1);
  CHECK(packet.messages[0].address == "/a/b");
  const auto& args = packet.messages[0].args;
  REQUIRE(args.size() == 15);
  std::string tags;
  for (const auto& arg : args) tags += arg.tag;
  CHECK(tags == "ifsbhdtScrmTFNI");
  CHECK(args[0].integer == -7);
  CHECK(args[1].number == 0.25);
  CHECK(args[2].text == "wash/level");
  CHECK(args[3].text == "abc");
  CHECK(args[4].integer == -(1LL << 40));
  CHECK(args[5].number == 1e300);
  CHECK(args[6].integer == 1);
  CHECK(args[7].text == "sym");
  CHECK(args[8].integer == 'x');
  CHECK(args[9].integer == 0x11223344);
  CHECK(args[10].integer == 0x90407f01);
}

TEST_CASE("OSC: NaN and infinity pass the codec, which is not their judge", "[osc]") {
  const OscPacket packet = decoded(message("/x", "fd", f32(NAN) + f64(-std::numeric_limits<double>::infinity())));
  CHECK(std::isnan(packet.messages[0].args[0].number));
  CHECK(std::isinf(packet.messages[0].args[1].number));
}

TEST_CASE("OSC: bundles give their messages in order, nested ones too", "[osc]") {
  const Bytes inner = bundle({message("/b", "i", i32(2)), bundle({message("/c", "")})});
  const OscPacket packet = decoded(bundle({message("/a", "i", i32(1)), inner, message("/d", "T")}));
  std::string order;
  for (const auto& m : packet.messages) order += m.address;
  CHECK(order == "/a/b/c/d");
}

TEST_CASE("OSC: an empty bundle is a packet without messages", "[osc]") { CHECK(decoded(bundle({})).messages.empty()); }

TEST_CASE("OSC: bundles nest to the limit and not beyond", "[osc]") {
  Bytes packet = message("/a", "");
  for (int depth = 0; depth < rig::kMaxBundleDepth; ++depth) packet = bundle({packet});
  CHECK(decoded(packet).messages.size() == 1);
  CHECK(fault_of(bundle({packet})) == Malformed::too_deep);
}

TEST_CASE("OSC: each kind of malformed packet is named", "[osc][error]") {
  const Bytes good = message("/a", "i", i32(1));
  const std::vector<std::pair<Bytes, Malformed>> cases{
      {"", Malformed::empty},
      {Bytes("/a\0", 3), Malformed::not_aligned},
      {text("nope") + text(","), Malformed::bad_address},
      {"/abc", Malformed::bad_address},
      {Bytes("/\0xx", 4) + text(","), Malformed::bad_address},
      {text("/a"), Malformed::bad_types},
      {text("/a") + text("i") + i32(1), Malformed::bad_types},
      {text("/a") + i32(0), Malformed::bad_types},
      {text("/a") + Bytes("\0abc", 4), Malformed::bad_types},
      {text("/a") + ",iii", Malformed::bad_types},
      {text("/a") + Bytes(",\0xx", 4), Malformed::bad_types},
      {message("/a", "x", i32(1)), Malformed::bad_types},
      {message("/a", "[i]", i32(1)), Malformed::bad_types},
      {message("/a", "i"), Malformed::bad_argument},
      {message("/a", "h", i32(1)), Malformed::bad_argument},
      {message("/a", "r"), Malformed::bad_argument},
      {message("/a", "s", "abcd"), Malformed::bad_argument},
      {message("/a", "s", Bytes("a\0xx", 4)), Malformed::bad_argument},
      {message("/a", "b"), Malformed::bad_argument},
      {message("/a", "b", i32(5) + "abcd"), Malformed::bad_argument},
      {message("/a", "b", i32(-1) + "abcd"), Malformed::bad_argument},
      {message("/a", "b", i32(0x7fffffff)), Malformed::bad_argument},
      {message("/a", "b", i32(2) + "abcd"), Malformed::bad_argument},
      {good + i32(0), Malformed::bad_size},
      {text("#bundle"), Malformed::bad_bundle},
      {text("#bundle") + i32(0), Malformed::bad_bundle},
      {bundle({}) + i32(0), Malformed::bad_element},
      {bundle({}) + i32(6) + good, Malformed::bad_element},
      {bundle({}) + i32(-4) + good, Malformed::bad_element},
      {bundle({}) + i32(4096) + good, Malformed::bad_element},
      {bundle({good, "nope"}), Malformed::bad_address},
  };
  for (const auto& [bytes, kind] : cases) {
    INFO(rig::describe(kind) << ", " << bytes.size() << " bytes: " << bytes);
    CHECK(fault_of(bytes) == kind);
  }
}

TEST_CASE("OSC: every truncation of a bundle is malformed as a whole, or ends between two elements", "[osc][error]") {
  const Bytes first = message("/wash/level", "f", f32(0.5F));
  const Bytes second = message("/relume/set", "sr", text("wash/color") + i32(-1));
  const Bytes whole = bundle({first, second});
  const std::size_t header = 16;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO("cut to " << length << " of " << whole.size());
    const bool boundary = length == header || length == header + 4 + first.size();
    CHECK((fault_of(whole.substr(0, length)) == Malformed::none) == boundary);
  }
}

TEST_CASE("OSC: every truncation of a message is malformed", "[osc][error]") {
  const Bytes arguments = text("a text") + i32(4) + "blob" + i64(5) + f64(0.5) + i32(1);
  const Bytes whole = message("/some/address", "sbhdrTF", arguments);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO("cut to " << length);
    CHECK(fault_of(whole.substr(0, length)) != Malformed::none);
  }
}

TEST_CASE("OSC: no single flipped byte makes the decoder read what is not there", "[osc][error]") {
  const Bytes whole = bundle(
      {message("/wash/level", "f", f32(0.5F)), bundle({message("/a", "sb", text("x") + i32(1) + Bytes(4, '\0'))})});
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes damaged = whole;
      damaged[at] = static_cast<char>(value);
      const std::vector<std::byte> exact(view(damaged).begin(), view(damaged).end());
      OscPacket packet;
      if (decode_osc(exact, packet) == Malformed::none && packet.messages.size() > 2)
        FAIL("more messages than were sent");
    }
  }
}

TEST_CASE("OSC: a written message has the bytes of the specification", "[osc]") {
  rig::OscWriter writer("/relume/value");
  writer.text("wash/level").text("").int32(-2).int64(1LL << 33).float32(0.25F).boolean(true).boolean(false);
  const Bytes expected =
      message("/relume/value", "ssihfTF", text("wash/level") + text("") + i32(-2) + i64(1LL << 33) + f32(0.25F));
  CHECK(bytes_of(writer.bytes()) == expected);
}
