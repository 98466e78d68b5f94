// SPDX-License-Identifier: Apache-2.0
// The document as bytes: what is written reads back, what was not written so is refused with its place and a remedy.
#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cstring>
#include <string>

#include "persistence/document_codec.hpp"
#include "persistence/json_reader.hpp"
#include "platform/base64.hpp"
#include "support/document_state.hpp"
#include "support/rounds.hpp"

using namespace relume;
using namespace relume::core;
using namespace relume::test;
using Catch::Matchers::Contains;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  INFO(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// As an editor by hand leaves it who knows what to do.
std::string by_hand(std::string text) {
  const std::string before = "\"checksum\": \"";
  return text.replace(text.find(before) + before.size(), 8, "none");
}

SavedShow decoded(const std::string& bytes) {
  DocumentHeader header;
  std::string reason;
  const DocumentVerdict verdict = prove_document(bytes, header, reason);
  INFO(reason);
  REQUIRE(verdict == DocumentVerdict::ok);
  SavedShow show;
  const Fault fault = decode_document(bytes, show);
  INFO(fault.message);
  REQUIRE(!fault);
  return show;
}

Fault decode_fault(const std::string& bytes) {
  SavedShow show;
  return decode_document(bytes, show);
}

/// What was read, as a state that can be written again.
DocumentState again(const SavedShow& show, const DocumentHeader& header) {
  DocumentState state;
  state.header = header;
  state.objects = show.objects;
  state.blocks = show.blocks;
  for (const SavedLayer& layer : show.stack.layers) {
    const Layer* made = nullptr;
    REQUIRE(!state.stack.restore(layer.key, layer.type, layer.id, layer.flags, layer.first_slot, made));
  }
  state.stack.set_next_layer_id(show.stack.next_layer_id);
  return state;
}

struct Verdict {
  DocumentVerdict verdict;
  std::string reason;
};
Verdict prove(std::string_view bytes) {
  DocumentHeader header;
  Verdict v{};
  v.verdict = prove_document(bytes, header, v.reason);
  return v;
}

void check_same(const DocumentState& state, const SavedShow& show) {
  REQUIRE(show.head == state.header.head);
  REQUIRE(show.stack.next_layer_id == state.stack.next_layer_id());
  REQUIRE(show.stack.layers.size() == state.stack.order().size());
  std::uint32_t slots = 0;
  for (std::size_t i = 0; i < show.stack.layers.size(); ++i) {
    const SavedLayer& read = show.stack.layers[i];
    const Layer& written = *state.stack.order()[i];
    REQUIRE(read.id == written.id);
    REQUIRE(read.key == written.key);
    REQUIRE(read.flags == written.flags);
    REQUIRE(read.type->key() == written.type->key());
    REQUIRE(read.type->version() == written.type->version());
    REQUIRE(read.type->same_shape(*written.type));
    REQUIRE(read.first_slot == slots);
    slots += read.type->slot_count();
    for (const ParamDef& def : written.type->params()) {
      const std::uint32_t from = written.first_slot + def.slot;
      const std::uint32_t to = read.first_slot + def.slot;
      for (std::uint32_t lane = 0; lane < def.lanes; ++lane) {
        const bool was = from / 64 < state.blocks.size() &&
                         (state.blocks[from / 64].persisted_present >> (from % 64 + lane) & 1U) != 0;
        const bool is =
            to / 64 < show.blocks.size() && (show.blocks[to / 64].persisted_present >> (to % 64 + lane) & 1U) != 0;
        REQUIRE(is == was);
        if (is)
          REQUIRE(show.blocks[to / 64].persisted[to % 64 + lane] ==
                  state.blocks[from / 64].persisted[from % 64 + lane]);
      }
    }
  }
  for (const SavedBlock& block : show.blocks) REQUIRE(block.committed_present == 0);
}

/// One layer with everything in it, one that is dormant, two records.
DocumentState rich() {
  DocumentState state;
  state.header = a_header();
  const auto every = type("every", every_param());
  const Layer& wash = state.layer("wash", every, 5);
  const float third = 1.0F / 3;
  for (const ParamDef& def : every->params()) {
    if (def.type == RELUME_TEXT) {
      state.set_text(wash, def, "Grüße, \"du\"\n");
    } else if (is_float_type(def.type)) {
      state.set(wash, def, {std::bit_cast<std::uint32_t>(third), 0, std::bit_cast<std::uint32_t>(1e-45F), 0x3f800000});
    } else {
      state.set(wash, def, {def.type == RELUME_TRIGGER ? 0xffffffffU : 1, 0xffffffffU});
    }
  }
  const auto gone = type("gone", {param("x", RELUME_FLOAT)}, false, 9);
  state.set(state.layer("old", gone, 2, RELUME_LAYER_DISABLED | RELUME_LAYER_BYPASSED), gone->params()[0],
            {0x40490fdb});
  state.add(record_name("scene"), ObjectKind::json, R"({"x":  [1,2]})");
  state.add(record_name("patch"), ObjectKind::bytes, std::string("\0\xff\x10", 3));
  return state;
}

}  // namespace

TEST_CASE("Document: it is readable text, one value on a line", "[document]") {
  const std::string text = rich().encode();
  const std::string expected_values = R"(    {
      "id": 5, "key": "wash", "type": "every", "enabled": true, "bypassed": false,
      "values": {
        "level": 0.33333334,
        "at": [0.33333334, 0, 1e-45],
        "on": true,
        "pan": [0.33333334, 0],
        "count": 1,
        "quad": [0.33333334, 0, 1e-45, 1],
        "title": "Grüße, \"du\"\u000a",
        "start": -4294967295,
        "color": [0.33333334, 0, 1e-45, 1],
        "go": 4294967295,
        "mode": "schnell \"ü\""
      }
    },
    {
      "id": 2, "key": "old", "type": "gone", "enabled": false, "bypassed": true,
      "values": {
        "x": 3.1415927
      }
    }
  ],
  "next_layer_id": 6,
  "records": {
    "patch": {"base64": "AP8Q"},
    "scene": {"json": {"x":  [1,2]}}
  }
}
)";
  CHECK_THAT(text, Catch::Matchers::EndsWith(expected_values));
  const std::string expected_header = fmt::format(R"({{
  "relume": {{
    "format": 2,
    "minor": 0,
    "length": {:>10},
    "checksum": ")",
                                                  text.size());
  CHECK_THAT(text, Catch::Matchers::StartsWith(expected_header));
  CHECK_THAT(text, Contains("\"accepted\": \"2025-11-21T07:26:40.123456789Z\""));
  CHECK_THAT(text, Contains("\"show_id\": \"00112233445566778899aabbccddeeff\""));
  CHECK_THAT(text, Contains("\"history\": \"0123456789abcdef\""));
  CHECK_THAT(text, Contains("        {\"key\": \"level\", \"type\": \"float\"},\n"));
}

TEST_CASE("Document: any state reads back as it was written, dormant layers too", "[document]") {
  for (long round = 0; round < rounds(2000, 200'000); ++round) {
    INFO("seed " << round);
    const DocumentState state = RandomState(static_cast<unsigned>(round)).make();
    const std::string bytes = state.encode();
    const SavedShow show = decoded(bytes);
    check_same(state, show);
    REQUIRE(show.objects == state.objects);
    REQUIRE(again(show, state.header).encode() == bytes);
  }
}

TEST_CASE("Document: an empty show and a full header read back", "[document]") {
  DocumentState state;
  state.header = a_header((std::uint64_t{1} << 53U) - 1);
  state.header.head.epoch = UINT64_MAX;
  state.header.head.accepted_ns = INT64_MIN;
  state.header.saved_ns = INT64_MAX;
  const std::string bytes = state.encode();
  DocumentHeader header;
  std::string reason;
  REQUIRE(prove_document(bytes, header, reason) == DocumentVerdict::ok);
  CHECK(header.head == state.header.head);
  CHECK(header.saved_ns == INT64_MAX);
  CHECK(header.show_id == state.header.show_id);
  CHECK_FALSE(header.by_hand);
  CHECK_THAT(bytes, Contains("\"accepted\": \"1677-09-21T00:12:43.145224192Z\""));
  CHECK_THAT(bytes, Contains("\"saved\": \"2262-04-11T23:47:16.854775807Z\""));
  CHECK(decoded(bytes).stack.layers.empty());
}

TEST_CASE("Document: the count of a trigger is the operators' pulses and those of sources, and asks for format 2",
          "[document]") {
  DocumentState state;
  state.header = a_header();
  const auto fires =
      type("fires", {param("both", RELUME_TRIGGER), param("step", RELUME_FLOAT), param("sources", RELUME_TRIGGER),
                     param("never", RELUME_TRIGGER), param("operators", RELUME_TRIGGER)});
  const auto plain = type("plain", {param("step", RELUME_FLOAT)});
  const Layer& layer = state.layer("a", fires);
  const Layer& other = state.layer("b", plain);
  state.set(other, plain->params()[0], {0x3f000000});
  state.set(layer, fires->params()[0], {0xfffffffe});
  SavedBlock& block = state.blocks[0];
  for (const auto& [slot, count] : {std::pair{0U, 5U}, std::pair{2U, 7U}}) {
    block.committed[slot] = count;
    block.committed_present |= std::uint64_t{1} << slot;
  }
  state.set(layer, fires->params()[4], {6});
  block.committed[3] = block.committed[4] = 9;  // of nobody: it is not there
  block.committed[1] = 0x3f800000;
  block.committed_present |= 2;  // a session's value is not in the document
  const std::string text = state.encode();
  CHECK_THAT(text, Contains("\"format\": 2"));
  CHECK_THAT(
      text,
      Contains("\"values\": {\n        \"both\": 3,\n        \"sources\": 7,\n        \"operators\": 6\n      }"));
  const SavedShow show = decoded(text);
  CHECK(show.blocks[0].persisted[0] == 3);
  CHECK(show.blocks[0].persisted[2] == 7);
  CHECK(show.blocks[0].committed_present == 0);
  state.stack.remove(layer);
  CHECK_THAT(state.encode(), Contains("\"format\": 1"));
}

TEST_CASE("Document: types of one key and different shapes are kept apart", "[document]") {
  DocumentState state;
  state.header = a_header();
  const auto now = type("t", {param("x", RELUME_FLOAT)});
  const auto before = type("t", {param("x", RELUME_BOOL), param("y", RELUME_INT)}, false);
  state.set(state.layer("a", now), now->params()[0], {0x3f000000});
  state.set(state.layer("b", before), before->params()[1], {7});
  state.set(state.layer("c", type("t", {param("x", RELUME_FLOAT)}, false)), now->params()[0], {0x3f800000});
  const SavedShow show = decoded(state.encode());
  check_same(state, show);
  CHECK(show.stack.layers[0].type == show.stack.layers[2].type);
  // What was carried for the key is neither's: it stays behind rather than with the wrong one.
  state.add(type_extra_name("t"), ObjectKind::extra, "\"author\": 1");
  CHECK_THAT(state.encode(), !Contains("author"));
  const std::string text = by_hand(replaced(state.encode(), "\"version\": 1,", "\"version\": 1, \"author\": 1,"));
  CHECK(decoded(text).objects.empty());
  state.stack.remove(*state.stack.order()[1]);
  CHECK_THAT(state.encode(), Contains("author"));
  CHECK(decoded(state.encode()).objects.contains("extra/type/t"));
}

TEST_CASE("Document: bits that are no value of their type, and labels that are no UTF-8, do not cost the document",
          "[document]") {
  DocumentState state;
  state.header = a_header();
  const auto odd = type("odd",
                        {param("x", RELUME_FLOAT), param("m", RELUME_ENUM, {"caf\xe9", "b"}), param("v", RELUME_VEC2),
                         param("k", RELUME_ENUM, {"a"})},
                        false);
  const Layer& layer = state.layer("a", odd);
  state.set(layer, odd->params()[0], {0x7fc00000});
  state.set(layer, odd->params()[1], {0});
  state.set(layer, odd->params()[2], {0, 0x7f800000});
  state.set(layer, odd->params()[3], {1});
  const SavedShow show = decoded(state.encode());
  CHECK(show.stack.layers[0].type->params()[1].labels[0] == "café");
  REQUIRE(show.blocks.size() == 1);
  CHECK(show.blocks[0].persisted_present == 2);
}

TEST_CASE("Document: what this version does not know survives byte for byte", "[document]") {
  std::string text = rich().encode();
  const std::string odd = "{ \"a\" :[1 ,\t2.50e+3 ],\n\"\\u0062\": \"\\\"}\\\\\" }";
  text = replaced(text, "    \"writer\"", "    \"cut\": " + odd + ",\n    \"writer\"");
  text = replaced(text, "\"version\": 1,", "\"version\": 1, \"author\":" + odd + ",");
  text = replaced(text, "\"type\": \"float\"}", "\"unit\": \"lm\" , \"type\": \"float\", \"view\":" + odd + "}");
  text = replaced(text, "\"bypassed\": false,", "\"bypassed\": false, \"group\": " + odd + ",");
  text = replaced(text, "\"count\": 1,", "\"count\": 1,\n \"spline\": " + odd + ",");
  text = replaced(text, "\"records\": {", "\"records\": {\"tree\": {\"yaml\": " + odd + "}, \"Odd key\": null,");
  text = replaced(text, "\n  \"next_layer_id\"", "\n  \"cues\": " + odd + ",\"empty\":\"\",\n  \"next_layer_id\"");
  const SavedShow show = decoded(by_hand(text));
  const std::string carried = "\"values\": {\"spline\": " + odd + "}";
  REQUIRE(show.objects.contains("extra/layer/5"));
  CHECK(*show.objects.at("extra/layer/5").bytes == "\"group\": " + odd + ", " + carried);
  CHECK(*show.objects.at("extra/header").bytes == "\"cut\": " + odd);
  CHECK(show.objects.at("extra").kind == ObjectKind::extra);

  const std::string written = again(show, a_header()).encode();
  for (const std::string& piece :
       {"\n    \"cut\": " + odd, "\n      \"author\": " + odd,
        "{\"key\": \"level\", \"type\": \"float\", \"unit\": \"lm\", \"view\": " + odd + "}",
        "\n      \"group\": " + odd, "\n        \"spline\": " + odd, "\n    \"tree\": {\"yaml\": " + odd + "}",
        std::string("\n    \"Odd key\": null"), "\n  \"cues\": " + odd, std::string("\n  \"empty\": \"\"")}) {
    CHECK_THAT(written, Contains(piece));
  }
  const SavedShow twice = decoded(written);
  CHECK(twice.objects == show.objects);
  CHECK(again(twice, a_header()).encode() == written);
}

TEST_CASE("Document: what became known takes the place of what was carried", "[document]") {
  std::string text = rich().encode();
  text = replaced(text, "\"x\": 3.1415927", "\"x\": 3.1415927, \"later\": 1");
  text = replaced(text, "\"records\": {", "\"records\": {\"tree\": {\"yaml\": 1},");
  DocumentState state = again(decoded(by_hand(text)), a_header());
  state.add(record_name("tree"), ObjectKind::json, "2");
  const Layer& old = *state.stack.order()[1];
  const auto now = type("gone", {param("x", RELUME_FLOAT), param("later", RELUME_FLOAT)}, false, 10);
  state.stack.remove(old);
  state.layer("old", now, 2);
  const std::string written = state.encode();
  CHECK_THAT(written, Contains("\"tree\": {\"json\": 2}") && !Contains("yaml"));
  CHECK_THAT(written, !Contains("\"later\": 1"));
  CHECK(prove(written).verdict == DocumentVerdict::ok);
}

TEST_CASE("Document: a cut of every length and a flip of every bit are refused", "[document]") {
  const std::string bytes = rich().encode();
  REQUIRE(bytes.size() > 1800);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO("cut at " << size);
    const Verdict v = prove(std::string_view(bytes).substr(0, size));
    REQUIRE(v.verdict == DocumentVerdict::damaged);
    REQUIRE(!v.reason.empty());
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    INFO("bit " << bit);
    REQUIRE(prove(flipped).verdict != DocumentVerdict::ok);
  }
}

TEST_CASE("Document: damage says what is wrong and what to do", "[document]") {
  const std::string bytes = rich().encode();
  CHECK_THAT(prove("").reason, Contains("empty"));
  CHECK_THAT(prove(std::string(4096, '\0')).reason, Contains("does not begin like a show document"));
  CHECK_THAT(prove("{\"a\": 1}").reason, Contains("no show document"));
  CHECK_THAT(prove(bytes.substr(0, 1000)).reason,
             Contains(fmt::format("has 1000 bytes, and should have {}", bytes.size())) && Contains("json.tool"));
  const std::string changed = replaced(bytes, "3.1415927", "2.1415927");
  CHECK_THAT(prove(changed).reason, Contains("checksum") && Contains("set \"checksum\": \"none\""));
  CHECK_THAT(prove(bytes + "\n").reason, Contains("set \"checksum\": \"none\""));
  CHECK(prove(bytes + bytes).verdict == DocumentVerdict::damaged);
}

TEST_CASE("Document: a change by hand is taken with the checksum none, formatted anew too", "[document]") {
  const std::string bytes = rich().encode();
  const std::string changed = by_hand(replaced(bytes, "3.1415927", "2.5"));
  DocumentHeader header;
  std::string reason;
  REQUIRE(prove_document(changed, header, reason) == DocumentVerdict::ok);
  CHECK(header.by_hand);
  CHECK(header.head == a_header().head);
  CHECK(std::bit_cast<float>(decoded(changed).blocks[0].persisted[decoded(changed).stack.layers[1].first_slot]) ==
        2.5F);

  std::string squeezed;  // no text of this document has white space that matters
  for (const char c : changed) {
    if (c != ' ' && c != '\n') squeezed += c;
  }
  REQUIRE(prove_document(squeezed, header, reason) == DocumentVerdict::ok);
  CHECK(header.by_hand);
  CHECK(decoded(squeezed).blocks.size() == decoded(changed).blocks.size());

  CHECK_THAT(prove(changed.substr(0, changed.size() - 3)).reason, Contains("json.tool"));
  CHECK_THAT(prove(replaced(changed, "\"revision\": 42", "\"revision\": -1")).reason,
             Contains("\"revision\" cannot be -1"));
  CHECK(prove(replaced(changed, "\"revision\": 42", "\"revision\": 9007199254740991")).verdict == DocumentVerdict::ok);
  CHECK_THAT(prove(replaced(changed, "\"revision\": 42", "\"revision\": 9007199254740992")).reason,
             Contains("\"revision\" cannot be"));
  CHECK_THAT(prove(replaced(changed, "    \"epoch\": 3,\n", "")).reason, Contains("\"epoch\" is missing"));
}

TEST_CASE("Document: a newer major is known as such, a newer minor is read", "[document]") {
  const std::string bytes = rich().encode();
  const std::string newer = by_hand(replaced(bytes, "\"format\": 2", "\"format\": 3"));
  CHECK(prove(newer).verdict == DocumentVerdict::newer_format);
  CHECK_THAT(prove(newer).reason, Contains("format is 3"));
  CHECK(prove("{\"relume\": {\"format\": 7, \"else\": true}}").verdict == DocumentVerdict::newer_format);
  CHECK(decode_fault(newer).code == RELUME_E_INVALID);
  CHECK(decoded(by_hand(replaced(bytes, "\"minor\": 0", "\"minor\": 9"))).stack.layers.size() == 2);
  // Whatever its checksum is: how a newer format proves itself is not known here, and left alone it is safe.
  CHECK(prove(replaced(bytes, "\"format\": 2", "\"format\": 3")).verdict == DocumentVerdict::newer_format);
  CHECK(prove(replaced(bytes, "\"format\": 2", "\"format\": 0")).verdict == DocumentVerdict::damaged);
}

TEST_CASE("Document: what does not fit is damage that names its place", "[document]") {
  const std::string bytes = by_hand(rich().encode());
  struct Case {
    std::string from, to, culprit;
  };
  const std::vector<Case> cases{
      {"\"level\": 0.33333334", "\"level\": \"0.3\"", "wash/level"},
      {"\"level\": 0.33333334", "\"level\": 1e39", "wash/level"},
      {"\"level\": 0.33333334", "\"level\": [0.3]", "wash/level"},
      {"\"level\": 0.33333334", "\"level\": null", "wash/level"},
      {"\"level\": 0.33333334", "\"level\": 0, \"level\": 0", "wash/level"},
      {"\"on\": true", "\"on\": 1", "wash/on"},
      {"\"pan\": [0.33333334, 0]", "\"pan\": [0.33333334]", "wash/pan"},
      {"\"pan\": [0.33333334, 0]", "\"pan\": [0.33333334, 0, 0]", "wash/pan"},
      {"\"pan\": [0.33333334, 0]", "\"pan\": 0", "wash/pan"},
      {"\"count\": 1", "\"count\": 1.0", "wash/count"},
      {"\"count\": 1", "\"count\": 2147483648", "wash/count"},
      {"\"start\": -4294967295", "\"start\": 9223372036854775808", "wash/start"},
      {"\"mode\": \"schnell \\\"ü\\\"\"", "\"mode\": \"schnell\"", "wash/mode"},
      {"\"mode\": \"schnell \\\"ü\\\"\"", "\"mode\": 1", "wash/mode"},
      {"\"title\": \"Grüße, \\\"du\\\"\\u000a\"", "\"title\": \"\\u0000\"", "wash/title"},
      {"\"title\": \"Grüße, \\\"du\\\"\\u000a\"", "\"title\": \"" + std::string(1025, 'a') + "\"", "wash/title"},
      {"\"title\": \"Grüße, \\\"du\\\"\\u000a\"", "\"title\": true", "wash/title"},
      {"\"type\": \"every\"", "\"type\": \"nothing\"", "wash"},
      {"\"key\": \"old\"", "\"key\": \"wash\"", "layers[1]"},
      {"\"key\": \"old\"", "\"key\": \"Old\"", "layers[1]"},
      {"\"id\": 2", "\"id\": 5", "old"},
      {"\"id\": 2", "\"id\": 6", "old"},
      {"\"id\": 2,", "", "layers[1]"},
      {"\"id\": 2,", "\"id\": 2, \"id\": 2,", "layers[1]"},
      {"\"id\": 2,", "\"id\": 2, \"\\u0069d\": 3,", "layers[1]"},
      {"\"enabled\": false", "\"enabled\": 0", "old"},
      {"\"type\": \"float\"}", "\"type\": \"quaternion\"}", "type every/level"},
      {"\"type\": \"float\"}", "\"type\": \"float\", \"labels\": []}", "type every/level"},
      {"\"key\": \"level\"", "\"key\": \"at\"", "type every"},
      {"\"labels\": [\"off\"", "\"labels\": [\"langsam\"", "type every"},
      {"\"labels\": [\"off\"", "\"labels\": [\"\"", "type every/mode"},
      {"\"version\": 1", "\"version\": -1", "types[0]"},
      {"AP8Q", "AP8", "record/patch"},
      {"AP8Q", "A*8Q", "record/patch"},
      {"\"base64\": \"AP8Q\"", "\"base64\": 5", "record/patch"},
      {"\"scene\"", "\"patch\"", "record/patch"},
      {"\"scene\"", "\"scene\": {\"yaml\": 1}, \"scene\"", "record/scene"},
      {"\"next_layer_id\": 6", "\"next_layer_id\": 6, \"next_layer_id\": 6", "document"},
      {"\"next_layer_id\": 6", "\"next_layer_id\": 1e3", "next_layer_id"},
      {"\"next_layer_id\": 6,", "", "document"},
      {"\"epoch\": 3", "\"epoch\": 3, \"epoch\": 3", "relume"},
      {"\"records\": {", "\"records\": [], \"other\": {", "records"},
  };
  for (const Case& c : cases) {
    INFO(c.from << " -> " << c.to);
    const Fault fault = decode_fault(replaced(bytes, c.from, c.to));
    CHECK(fault.code == RELUME_E_INVALID);
    CHECK(fault.culprit == c.culprit);
    CHECK_THAT(fault.message, Contains(c.culprit) && !Contains("fmt"));
  }
}

TEST_CASE("Document: hostile nesting and numbers end in a refusal", "[document]") {
  const std::string bytes = by_hand(rich().encode());
  const auto nested = [&](std::size_t depth) {
    return replaced(bytes, "{\"x\":  [1,2]}", std::string(depth, '[') + std::string(depth, ']'));
  };
  // The door lets records of 1,023 levels in.
  CHECK(!decode_fault(nested(1023)));
  CHECK(decode_fault(nested(1100)).code == RELUME_E_INVALID);
  CHECK(decode_fault(nested(1'000'000)).code == RELUME_E_INVALID);
  CHECK(decode_fault(replaced(bytes, "3.1415927", "1e400")).code == RELUME_E_INVALID);
  CHECK(decode_fault(replaced(bytes, "3.1415927", std::string(100'000, '9'))).code == RELUME_E_INVALID);
  CHECK(decode_fault(replaced(bytes, "3.1415927", "NaN")).code == RELUME_E_INVALID);
  CHECK(decode_fault(replaced(bytes, "Grüße", "Gr\xfc\xdf\x65")).code == RELUME_E_INVALID);
  CHECK(decode_fault("").code == RELUME_E_INVALID);
  CHECK(decode_fault(bytes + "{}").code == RELUME_E_INVALID);
  // Few bytes that claim many slots: the whole of them is limited, and nothing is made of those without a value.
  std::string many = bytes;
  std::string params;
  for (int i = 0; i < 16384; ++i) params += fmt::format("{{\"key\": \"p{}\", \"type\": \"vec4\"}},", i);
  params.back() = ']';
  many = replaced(many, "\"types\": [", "\"types\": [{\"key\": \"big\", \"version\": 1, \"params\": [" + params + "},");
  std::string layers;
  for (int i = 0; i < 300; ++i) {
    layers +=
        fmt::format(R"({{"id": {}, "key": "l{}", "type": "big", "enabled": true, "bypassed": false, "values": {{}}}},)",
                    100 + i, i);
  }
  many = replaced(many, "\"layers\": [", "\"layers\": [" + layers);
  many = replaced(many, "\"next_layer_id\": 6", "\"next_layer_id\": 1000");
  const Fault fault = decode_fault(many);
  CHECK(fault.code == RELUME_E_INVALID);
  CHECK(fault.culprit == "l256");
}

TEST_CASE("Document: the cursor ends on any text", "[document]") {
  std::mt19937 random(1);
  const std::string alphabet("{}[],:\"\\ a1\0\n", 13);
  for (long round = 0; round < rounds(20'000, 2'000'000); ++round) {
    std::string text;
    for (std::size_t i = random() % 24; i > 0; --i) text += alphabet[random() % alphabet.size()];
    JsonCursor cursor(text);
    std::size_t steps = 0;
    for (std::string_view key; cursor.member(key); ++steps) cursor.value();
    JsonCursor array(text);
    for (; array.element(); ++steps) array.value();
    REQUIRE(steps <= 2 * text.size());
  }
}

TEST_CASE("Document: base64 has one spelling", "[document]") {
  std::string out;
  for (const auto& [bytes, text] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xfb\xff", "+/8="}}) {
    std::string written;
    platform::append_base64(written, bytes);
    CHECK(written == text);
    CHECK(platform::from_base64(text, out));
    CHECK(out == bytes);
  }
  for (const char* bad : {"Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm 9", "Zm9-"}) {
    INFO(bad);
    CHECK_FALSE(platform::from_base64(bad, out));
  }
}
