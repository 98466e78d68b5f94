// SPDX-License-Identifier: Apache-2.0
#include "lights/options.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace rig;

namespace {

LightsOptions parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "relume-lights");
  return parse_options(static_cast<int>(arguments.size()), arguments.data()).value();
}

}  // namespace

TEST_CASE("Options: the defaults are those of the manual", "[options]") {
  const LightsOptions options = parsed({});
  CHECK(options.show == "./demo.show");
  CHECK(options.patch.empty());
  CHECK(options.runtime_dir == "/dev/shm");
  CHECK(to_string(options.osc) == "127.0.0.1:9000");
  CHECK(to_string(options.artnet) == "127.0.0.1:6454");
  CHECK(options.period_ns == 22'727'273);
  CHECK(options.on_damaged == RELUME_ON_DAMAGED_ASK);
}

TEST_CASE("Options: what becomes of a damaged document", "[options]") {
  CHECK(parsed({"--on-damaged=ask"}).on_damaged == RELUME_ON_DAMAGED_ASK);
  CHECK(parsed({"--on-damaged", "keep-and-save"}).on_damaged == RELUME_ON_DAMAGED_KEEP_AND_SAVE);
}

TEST_CASE("Options: the Art-Net target is a host with or without a port", "[options]") {
  CHECK(to_string(parsed({"--artnet", "node"}).artnet) == "node:6454");
  CHECK(to_string(parsed({"--artnet", "10.0.0.9:7000"}).artnet) == "10.0.0.9:7000");
  CHECK(to_string(parsed({"--artnet", "::1"}).artnet) == "[::1]:6454");
  CHECK(to_string(parsed({"--artnet", "[::1]"}).artnet) == "[::1]:6454");
  CHECK(to_string(parsed({"--artnet=[::1]:7000"}).artnet) == "[::1]:7000");
}

TEST_CASE("Options: what cannot be used is a usage error", "[options][error]") {
  const std::vector<std::vector<const char*>> cases{
      {"--artnet", "host:"},
      {"--artnet", "host:x"},
      {"--artnet", "host:70000"},
      {"--artnet", "host:0"},
      {"--artnet", ":6454"},
      {"--artnet", ""},
      {"--artnet", "[]:1"},
      {"--rate", "0"},
      {"--rate", "1.9"},
      {"--rate", "1001"},
      {"--rate", "nan"},
      {"--rate", "fast"},
      {"--osc-port", "65536"},
      {"--osc-port", "-1"},
      {"--osc-port", "x"},
      {"--show", ""},
      {"--runtime-dir", ""},
      {"--osc-host", ""},
      {"--unknown"},
      {"stray"},
      {"--show"},
      {"--show", "a", "--show", "b"},
      {"--on-damaged=save"},
      {"--on-damaged="},
  };
  for (const auto& arguments : cases) {
    INFO(arguments[0] << ' ' << (arguments.size() > 1 ? arguments[1] : ""));
    CHECK_THROWS_AS(parsed(arguments), UsageError);
  }
}

TEST_CASE("Options: the rate may be a fraction", "[options]") {
  CHECK(parsed({"--rate", "29.97"}).period_ns == 33'366'700);
  CHECK(parsed({"--rate", "2"}).period_ns == 500'000'000);
}
