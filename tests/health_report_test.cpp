// SPDX-License-Identifier: Apache-2.0
// Health of the host's parts beside the show's own: relume/health.h.
#include <catch2/catch.hpp>

#include <string>

#include "support/test_show.hpp"

using namespace relume;
using relume::test::TestShow;

TEST_CASE("A part of the host reports its health beside the show's own", "[health]") {
  TestShow t;
  const std::uint32_t before = t.show.health().level;
  t.show.report_health("decklink", RELUME_HEALTH_OK, R"({"late": 0, "state": "playing"})");
  CHECK(t.show.health().components == RELUME_HEALTH_OK);
  CHECK(t.show.health_json().find(R"("components":{"decklink":{"late":0,"state":"playing","level":"ok"}})") !=
        std::string::npos);
  t.show.report_health("decklink", RELUME_HEALTH_DEGRADED, R"({"state": "lost"})");
  CHECK(t.show.health().components == RELUME_HEALTH_DEGRADED);
  CHECK(t.show.health().level == RELUME_HEALTH_DEGRADED);
  CHECK(t.show.health_json().find("playing") == std::string::npos);
  t.show.withdraw_health("decklink");
  CHECK(t.show.health().level == before);
  CHECK(t.show.health_json().find("decklink") == std::string::npos);

  const auto refused = [&](const char* component, std::uint32_t level, const std::string& json) {
    return relume_health_report(t.show.get(), component, level, json.c_str(), nullptr);
  };
  CHECK(refused("Bad Key", 0, "{}") == RELUME_E_INVALID);
  CHECK(refused("card", 4, "{}") == RELUME_E_INVALID);
  CHECK(refused("card", 0, "[]") == RELUME_E_BAD_JSON);
  CHECK(refused("card", 0, "{") == RELUME_E_BAD_JSON);
  CHECK(refused("card", 0, "{\"a\":\"" + std::string(RELUME_HEALTH_REPORT_MAX, 'x') + "\"}") == RELUME_E_TOO_LONG);
  for (int i = 0; i < 64; ++i) CHECK(refused(("part-" + std::to_string(i)).c_str(), 0, "{}") == RELUME_OK);
  CHECK(refused("one-more", 0, "{}") == RELUME_E_LIMIT);
  CHECK(refused("part-3", RELUME_HEALTH_NOTICE, "{}") == RELUME_OK);
}
