// SPDX-License-Identifier: Apache-2.0
// What stands between a host and its card, each with an error of its own. The fake libraries are adapter_fake_library.cpp.
#include "decklink/decklink_error.hpp"
#include "decklink/decklink_loader.hpp"
#include "decklink/decklink_player.hpp"

#include <catch2/catch.hpp>

#include <dlfcn.h>

#include <optional>
#include <set>
#include <string>

using namespace rig;

namespace {

struct Refusal {
  DeckLinkFault fault;
  std::string what;
  std::string where;
  std::string remedy;
};

std::optional<Refusal> refusal(const DeckLinkOptions& options) {
  try {
    DeckLinkPlayer player(options, {});
    player.open(0);
  } catch (const DeckLinkError& error) { return Refusal{error.fault(), error.what(), error.where(), error.remedy()}; }
  return std::nullopt;
}

std::string fake(const char* name) { return std::string(RELUME_FAKE_LIBRARIES) + "/lib" + name + ".so"; }

}  // namespace

TEST_CASE("DeckLink: each absence has an error of its own, with a place and a remedy", "[decklink][loader]") {
  struct Absence {
    std::string library;
    DeckLinkFault fault;
    const char* says;
  };
  const Absence absences[] = {
      {"/nonexistent/libDeckLinkAPI.so", DeckLinkFault::no_library, "cannot be loaded"},
      {__FILE__, DeckLinkFault::no_library, "cannot be loaded"},
      {fake("decklink_fake_without_iterator"), DeckLinkFault::no_symbol, "CreateDeckLinkIteratorInstance_0004"},
      {fake("decklink_fake_null_iterator"), DeckLinkFault::no_card, "no card"},
      {fake("decklink_fake_empty_iterator"), DeckLinkFault::no_card, "no card"},
      {fake("decklink_fake_capture_card"), DeckLinkFault::no_output, "no card has an output"},
  };
  std::set<std::string> remedies;
  for (const Absence& absence : absences) {
    INFO(absence.library);
    const auto refused = refusal({.library = absence.library});
    REQUIRE(refused);
    CHECK(refused->fault == absence.fault);
    CHECK_THAT(refused->what, Catch::Contains(absence.says));
    CHECK_FALSE(refused->where.empty());
    remedies.insert(refused->remedy);
  }
  CHECK(remedies.size() == 4);
}

TEST_CASE("DeckLink: a card that was asked for by name and is not there is named", "[decklink][loader]") {
  const auto refused = refusal({.library = fake("decklink_fake_capture_card"), .device = "Other Card"});
  REQUIRE(refused);
  CHECK(refused->fault == DeckLinkFault::no_card);
  CHECK_THAT(refused->what, Catch::Contains("Other Card"));
}

TEST_CASE("DeckLink: options that cannot be are refused before any card is touched", "[decklink][loader]") {
  const auto mode = refusal({.library = "/nonexistent", .mode = "1080i50"});
  REQUIRE(mode);
  CHECK(mode->fault == DeckLinkFault::bad_option);
  CHECK_THAT(mode->what, Catch::Contains("1080i50"));
  CHECK_THAT(mode->remedy, Catch::Contains("1080p5994"));
  for (const DeckLinkOptions& options :
       {DeckLinkOptions{.preroll = 65}, DeckLinkOptions{.depth = 65}, DeckLinkOptions{.frames = 65}}) {
    const auto number = refusal(options);
    REQUIRE(number);
    CHECK(number->fault == DeckLinkFault::bad_option);
    CHECK_THAT(number->what, Catch::Contains("65"));
  }
}

TEST_CASE("DeckLink: a library's symbols are not lent to others, and it stays loaded", "[decklink][loader]") {
  const std::string path = fake("decklink_fake_empty_iterator");
  { const DeckLinkLibrary library = load_decklink(path); }
  CHECK(dlsym(RTLD_DEFAULT, decklink::abi::kIteratorFactory) == nullptr);
  void* const still = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
  CHECK(still != nullptr);
  if (still != nullptr) dlclose(still);
}

TEST_CASE("DeckLink: a library without a version says none", "[decklink][loader]") {
  CHECK(decklink_version(load_decklink(fake("decklink_fake_empty_iterator"))).empty());
}
