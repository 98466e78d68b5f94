// SPDX-License-Identifier: Apache-2.0
// Power cuts of a whole show: what checkpoint, document and generations bring back, and that the test notices when one of the
// things is missing that guard them.
#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "support/cut_show.hpp"
#include "support/dropped_calls.hpp"
#include "support/missing_guard.hpp"
#include "support/rounds.hpp"

using namespace relume::test;
using relume::boolean;
using relume::choice;
using relume::color;
using relume::integer;
using relume::scalar;
using relume::text;
using relume::trigger;
using relume::vec2;
using relume::vec3;
using Left = CutShow::Left;
using Then = CutShow::Then;

namespace {

/// A sanitizer makes each state slow: cuts after every so many calls are enough then.
const std::uint64_t kEvery = 10 / static_cast<std::uint64_t>(rounds(10, 10));

/// Everything that a change can be, in three lives of the show.
std::vector<CutShow::Step> long_script() {
  static const std::string title = "Grüße aus dem Saal";
  static const std::string other(700, 't');
  return {
      {[](Edit& e) { e.set("wash/level", scalar(0.25F)).set("wash/go", trigger(3)); }, Then::settle},
      {[](Edit& e) { e.persist("wash/count", integer(-7)).persist("spot/go", trigger()); }, Then::tick},
      {[](Edit& e) {
         e.set("wash/color", color(0.1F, 0.2F, 0.3F)).set("spot/at", vec3(1, 2, 3)).set("spot/title", text(title));
       },
       Then::settle},
      {[](Edit& e) { e.record("look", RELUME_RECORD_JSON, "{\"look\": 1}"); }, Then::save_twice},
      {[](Edit& e) { e.add("fx", "spot"); }, Then::nothing},
      {[](Edit& e) {
         e.persist("fx/level", scalar(0.5F))
             .bypass("fx", true)
             .persist("spot/title", text(other))
             .set("wash/on", boolean(true));
       },
       Then::flush},
      {[](Edit& e) {
         e.set("fx/pan", vec2(-1, 1))
             .set("fx/start", relume::time(-1))
             .set("spot/title", text(title))
             .set("wash/go", trigger(0x7fffffff))
             .persist("wash/go", trigger(0x7fffffff));
       },
       Then::save},
      {[](Edit& e) { e.store(); }, Then::close},
      {[](Edit& e) { e.set("spot/mode", choice(2)).set("spot/level", scalar(0.75F)); }, Then::settle},
      {[](Edit& e) { e.remove("fx").record("patch", RELUME_RECORD_BYTES, std::string(3000, 'p')); }, Then::settle},
      {[](Edit& e) { e.to_top("wash").remove_record("look"); }, Then::nothing},
      {[](Edit& e) { e.add("fx", "wash").persist("spot/count", integer(3)).set("wash/go", trigger(9)); }, Then::save},
      {[](Edit& e) { e.set("fx/level", scalar(0.125F)).set("spot/title", text(other)); }, Then::settle},
      {[](Edit& e) { e.revert().set("spot/go", trigger(2)); }, Then::flush},
      {[](Edit& e) { e.set("spot/color", color(1, 0, 0)).persist("wash/title", text(title)); }, Then::close},
      {[](Edit& e) { e.set("wash/level", scalar(1)); }, Then::settle},
  };
}

/// What every removal is tried on.
std::vector<CutShow::Step> short_script() {
  return {
      {[](Edit& e) { e.set("wash/level", scalar(0.25F)).persist("spot/count", integer(1)); }, Then::settle},
      {[](Edit& e) { e.set("wash/on", boolean(true)).persist("spot/go", trigger()); }, Then::save},
      {[](Edit& e) { e.persist("spot/count", integer(3)).record("look", RELUME_RECORD_JSON, "[3]"); }, Then::die},
      {[](Edit& e) { e.set("wash/level", scalar(0.5F)).persist("spot/count", integer(4)); }, Then::close},
      {[](Edit& e) { e.set("wash/level", scalar(0.75F)).persist("spot/count", integer(5)); }, Then::settle},
  };
}

std::string told(const CutShow& show, const CutReport& report) {
  std::string text = report.text() + "; rungs:";
  for (const auto& [rung, count] : show.rungs) text += fmt::format(" {} {}", rung, count);
  return text;
}

}  // namespace

TEST_CASE("Power cut of a show: each state is one that the show had, none older than acknowledged", "[power_cut]") {
  const auto cut = [](const char* what, Left left, long samples) {
    CutShow show(long_script(), left);
    CutOptions options;
    options.every = kEvery;
    options.exhaustive = 64;
    options.samples = static_cast<std::uint64_t>(samples);
    const CutReport report = cut_everywhere(show, options);
    WARN(what << ": " << told(show, report));
    INFO(report.first);
    CHECK(report.violated() == 0);
    return report.images;
  };
  SECTION("with all that is in its folder") {
    const std::uint64_t images = cut("show", Left::all, rounds(160, 3000));
    CHECK(images > 50'000 / kEvery / kEvery);
  }
  SECTION("without its checkpoint") { cut("document alone", Left::document, rounds(20, 1000)); }
  SECTION("without checkpoint and document") { cut("generations alone", Left::generations, rounds(20, 1000)); }
}

TEST_CASE("Power cut of a show: a second one, while the show comes back from the first", "[power_cut]") {
  CutShow show(short_script());
  show.goes_on = 4;
  CutOptions options;
  options.orders = {Order::any};
  options.every = kEvery * (soaking() ? 1 : 4);
  options.exhaustive = 1;
  options.samples = 1;
  options.samples_again = 1;
  const CutReport report = cut_everywhere(show, options);
  WARN("cut again: " << told(show, report));
  INFO(report.first);
  CHECK(report.violated() == 0);
  CHECK(report.images_again > 1'000);
}

TEST_CASE("Power cut of a show: after the death of a process in mid-save", "[power_cut]") {
  for (const Left left : {Left::all, Left::document, Left::generations}) {
    std::uint64_t images = 0;
    std::uint64_t deaths = 0;
    for (bool died = true; died; deaths += died ? 1 : 0) {
      CutShow show(short_script(), left);
      show.dies_at = deaths + 1;
      CutOptions options;
      options.orders = {Order::any};
      options.every = kEvery * (soaking() ? 1 : 2);
      options.exhaustive = 8;
      options.samples = static_cast<std::uint64_t>(rounds(2, 200));
      const CutReport report = cut_everywhere(show, options);
      INFO("died at call " << show.dies_at << ": " << told(show, report) << "; " << report.first);
      CHECK(report.violated() == 0);
      images += report.images;
      died = show.died;
    }
    WARN(deaths << " deaths, " << images << " states");
    CHECK(deaths > 20);
  }
}

TEST_CASE("Power cut of a show: whatever is missing that guards it is noticed", "[power_cut]") {
  struct Removal {
    const char* what;
    Left left;
    CutShow::Guard without;
    bool document_first = false;
  };
  const auto dropped = [](DroppedCalls::Drop drop) {
    return [drop](relume::core::platform::Files& to) { return std::make_unique<DroppedCalls>(to, drop); };
  };
  const auto unsynced = [](const char* path_end) {
    return [path_end](relume::core::platform::Files& to) { return std::make_unique<MissingSync>(to, path_end); };
  };
  const Removal removals[] = {
      {"every file's sync", Left::all, dropped(DroppedCalls::Drop::file_sync)},
      {"every folder's sync", Left::all, dropped(DroppedCalls::Drop::folder_sync)},
      {"the temporary name of what is replaced", Left::all, dropped(DroppedCalls::Drop::temporary_name)},
      {"the sync of the log", Left::all, unsynced("/checkpoint/state.db-wal")},
      {"the sync of the log's name", Left::all, unsynced("/checkpoint")},
      {"the sync of the database", Left::all, unsynced("/checkpoint/state.db")},
      {"the sync of the first database", Left::all, unsynced("/checkpoint.new/state.db")},
      {"the sync of the first database's name", Left::all, unsynced("/checkpoint.new")},
      {"the temporary name of the first checkpoint", Left::all,
       [](relume::core::platform::Files& to) { return std::make_unique<MissingTemporaryFolder>(to); }},
      {"the sync of the show folder", Left::all, unsynced("/a.show")},
      {"the sync of the folder above", Left::all, unsynced("/..")},
      {"the sync of the show id", Left::all, unsynced("/.id.new")},
      {"the order of checkpoint and document", Left::all, nullptr, true},
      {"the sync of the document", Left::document, unsynced("/.show.json.new")},
      {"the sync of the document's name", Left::document, unsynced("/a.show")},
      {"the temporary name of the document", Left::document, dropped(DroppedCalls::Drop::temporary_name)},
      {"the sync of the generations", Left::generations, unsynced("/generations")},
      {"the sync of the generations' name", Left::generations, unsynced("/a.show")},
  };
  for (const Removal& removal : removals) {
    CutShow show(short_script(), removal.left);
    show.without = removal.without;
    show.document_first = removal.document_first;
    CutOptions options;
    options.orders = {Order::any};
    options.every = kEvery > 1 ? 2 : 1;
    options.exhaustive = 16;
    options.samples = 8;
    const CutReport report = cut_everywhere(show, options);
    WARN("without " << removal.what << ": " << told(show, report));
    INFO(removal.what);
    CHECK(report.violated() > 0);
  }
}
