// SPDX-License-Identifier: Apache-2.0
// Values that are no numbers: texts, and records.
#include <catch2/catch.hpp>

#include <string>

#include "support/test_show.hpp"

using namespace relume;
using relume::test::TestShow;

namespace {

Schema text_schema() {
  Schema schema;
  schema.type("title", {Param("line", RELUME_TEXT).initial("untitled"), Param("size", RELUME_FLOAT).range(0, 9),
                        Param("font", RELUME_TEXT)});
  schema.layer("main", "title").layer("sub", "title");
  schema.record("palette", RELUME_RECORD_JSON, "[1, 2]");
  return schema;
}

struct Titles : TestShow {
  Titles() : TestShow(text_schema()) {}
  relume_param line() { return show.param("main/line"); }
  std::string read(const std::string& route = "main/line") { return show.get_text(show.param(route)); }
  relume_tier read_tier(const std::string& route = "main/line") {
    relume_tier tier = RELUME_TIER_DEFAULT;
    show.get_text(show.param(route), &tier);
    return tier;
  }
  std::uint32_t slot() { return frame(1).at(line())->u; }
};

relume_result code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) { return error.code(); }
  return RELUME_OK;
}

}  // namespace

TEST_CASE("Text: tiers as for every value, read by handle; the frame tells that it is another one", "[text]") {
  Titles t;
  CHECK(t.read() == "untitled");
  CHECK(t.read_tier() == RELUME_TIER_DEFAULT);
  CHECK(t.read("main/font").empty());
  const std::uint32_t before = t.slot();
  CHECK(t.frame(1).at(t.show.param("main/font"))->u == 0);
  const std::string grüße = "Grüße, \"Welt\"\n";
  const relume_outcome set = t.show.set(t.line(), text(grüße));
  CHECK(set.state == RELUME_STATE_CHANGED);
  CHECK(set.targets == RELUME_TARGET_CHECKPOINT);
  CHECK(t.read() == grüße);
  CHECK(t.read_tier() == RELUME_TIER_COMMITTED);
  CHECK(t.show.get_value(t.line()).value.as.text.size == grüße.size());
  CHECK(t.slot() != before);
  CHECK(t.show.set(t.line(), text(grüße)).state == RELUME_STATE_SAME);
  const relume_outcome persist = t.show.persist(t.line(), text("base"));
  CHECK(persist.targets == (RELUME_TARGET_CHECKPOINT | RELUME_TARGET_DOCUMENT));
  CHECK(t.read() == "base");
  CHECK(t.read_tier() == RELUME_TIER_PERSISTED);
  CHECK(t.show.persist(t.line(), text("base")).state == RELUME_STATE_SAME);
}

TEST_CASE("Text: store, revert and reset take it along with the numbers", "[text]") {
  Titles t;
  t.show.set(t.line(), text("live"));
  t.show.set(t.show.param("main/size"), scalar(3));
  t.show.revert(t.show.layer("main"));
  CHECK(t.read() == "untitled");
  t.show.set(t.line(), text("live"));
  t.show.store();
  CHECK(t.read() == "live");
  CHECK(t.read_tier() == RELUME_TIER_PERSISTED);
  t.show.set(t.line(), text("again"));
  t.show.set(t.show.param("sub/line"), text("other"));
  t.show.reset(t.show.layer("main"));
  CHECK(t.read() == "live");
  CHECK(t.read("sub/line") == "other");
  t.show.remove_layer(t.show.layer("sub"));
  t.show.add_layer("sub", "title");
  CHECK(t.read("sub/line") == "untitled");
}

TEST_CASE("Text: what is no text of at most 1,024 bytes of UTF-8 is refused and changes nothing", "[text]") {
  Titles t;
  t.show.set(t.line(), text("good"));
  const std::uint64_t revision = t.show.status().accepted;
  CHECK(code_of([&] { t.show.set(t.line(), text(std::string(1025, 'a'))); }) == RELUME_E_TOO_LONG);
  CHECK(code_of([&] { t.show.set(t.line(), text("\xff")); }) == RELUME_E_BAD_UTF8);
  CHECK(code_of([&] { t.show.set(t.line(), text("\xc0\x80")); }) == RELUME_E_BAD_UTF8);
  CHECK(code_of([&] { t.show.set(t.line(), text(std::string("a\0b", 3))); }) == RELUME_E_BAD_UTF8);
  CHECK(code_of([&] { t.show.set(t.line(), scalar(1)); }) == RELUME_E_TYPE);
  CHECK(code_of([&] { t.show.set(t.show.param("main/size"), text("1")); }) == RELUME_E_TYPE);
  CHECK(code_of([&] { t.show.get_text(t.show.param("main/size")); }) == RELUME_E_TYPE);
  Source source = relume::test::source_of(t.show);
  CHECK(source.write(t.line(), text("automation"), 0) == RELUME_E_TYPE);
  CHECK(t.read() == "good");
  CHECK(t.show.status().accepted == revision);
  t.show.set(t.line(), text(std::string(1024, 'a')));
  CHECK(t.read().size() == 1024);
}

TEST_CASE("Text: a change-set with texts, numbers, records and layers is whole or nothing", "[text]") {
  Titles t;
  const std::string long_one(2000, 'x');
  const std::string record = "{\"a\": 1}";
  ChangeSet bad;
  bad.set(t.line(), text("new")).set(t.show.param("main/size"), scalar(3)).record("cue", RELUME_RECORD_JSON, record);
  bad.set(t.line(), text(long_one));
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  CHECK(relume_apply(t.show.get(), bad.data(), bad.size(), &outcome, nullptr) == RELUME_E_TOO_LONG);
  CHECK(outcome.culprit == 3);
  CHECK(t.read() == "untitled");
  CHECK(t.show.record_keys() == std::vector<std::string>{"palette"});
  ChangeSet good;
  good.set(t.line(), text("first")).set(t.line(), text("second")).store(t.show.layer("main"));
  good.record("cue", RELUME_RECORD_JSON, record).set(t.show.param("main/size"), scalar(3));
  CHECK(t.show.apply(good).revision == 1);
  CHECK(t.read() == "second");
  CHECK(t.read_tier() == RELUME_TIER_PERSISTED);
  CHECK(t.show.record("cue").bytes == record);
}

TEST_CASE("Records: set, read, list, remove; equal content is no change", "[records]") {
  Titles t;
  CHECK(t.show.record("palette").bytes == "[1, 2]");
  CHECK(t.show.record("palette").kind == RELUME_RECORD_JSON);
  const std::string bytes("\0\xff\n", 3);
  CHECK(t.show.set_record("scene-1", RELUME_RECORD_BYTES, bytes).state == RELUME_STATE_CHANGED);
  CHECK(t.show.set_record("scene-1", RELUME_RECORD_BYTES, bytes).state == RELUME_STATE_SAME);
  CHECK(t.show.record("scene-1").bytes == bytes);
  CHECK(t.show.record_keys() == std::vector<std::string>{"palette", "scene-1"});
  CHECK(t.show.remove_record("palette").state == RELUME_STATE_CHANGED);
  CHECK(t.show.remove_record("palette").state == RELUME_STATE_SAME);
  CHECK(code_of([&] { t.show.record("palette"); }) == RELUME_E_UNKNOWN_ROUTE);
  CHECK(code_of([&] { t.show.set_record("Bad Key", RELUME_RECORD_BYTES, ""); }) == RELUME_E_INVALID);
  CHECK(code_of([&] { t.show.set_record("cue", RELUME_RECORD_JSON, "{"); }) == RELUME_E_BAD_JSON);
  CHECK(code_of([&] { t.show.set_record("cue", static_cast<relume_record_kind>(7), ""); }) == RELUME_E_INVALID);
  CHECK(code_of([&] { t.show.set_record("cue", RELUME_RECORD_BYTES, std::string((16U << 20U) + 1, 'x')); }) ==
        RELUME_E_TOO_LONG);
  CHECK(t.show.set_record("cue", RELUME_RECORD_BYTES, std::string(16U << 20U, 'x')).state == RELUME_STATE_CHANGED);
  char cut[4] = "zzz";
  std::size_t size = 0;
  std::uint32_t kind = 9;
  CHECK(relume_record_get(t.show.get(), "scene-1", cut, 2, &size, &kind, nullptr) == RELUME_OK);
  CHECK(size == 3);
  CHECK(kind == RELUME_RECORD_BYTES);
  CHECK(std::string(cut, 3) == std::string("\0\xffz", 3));
}

TEST_CASE("Schema: a text's default and a record are checked where they are declared", "[text]") {
  Schema schema;
  CHECK(code_of([&] { schema.type("t", {Param("x", RELUME_TEXT).initial(std::string(1025, 'x'))}); }) ==
        RELUME_E_TOO_LONG);
  CHECK(code_of([&] { schema.type("t", {Param("x", RELUME_TEXT).initial("\xff")}); }) == RELUME_E_BAD_UTF8);
  CHECK(code_of([&] { schema.type("t", {Param("x", RELUME_TEXT).range(0, 1)}); }) == RELUME_E_INVALID);
  CHECK(code_of([&] { schema.type("t", {Param("x", RELUME_TEXT).smoothing(1)}); }) == RELUME_E_INVALID);
  CHECK(code_of([&] { schema.record("r", RELUME_RECORD_JSON, "nope"); }) == RELUME_E_BAD_JSON);
  schema.record("r", RELUME_RECORD_JSON, "null");
  CHECK(code_of([&] { schema.record("r", RELUME_RECORD_JSON, "null"); }) == RELUME_E_EXISTS);
}

TEST_CASE("A definition tells the length of its text", "[text]") {
  Schema schema;
  schema.type("t", {Param("hint", RELUME_TEXT).initial("twelve bytes")}).layer("a", "t");
  TestShow t(schema);
  CHECK(t.show.param_info(t.show.param("a/hint")).default_value.as.text.size == 12);
}
