// SPDX-License-Identifier: Apache-2.0
// Random operations, done to a show and to a plain model of what the headers promise; they must never differ. A list of steps
// that fails is shrunk and printed. RELUME_MODEL_SEED runs one seed alone.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <optional>
#include <string>

#include "support/model_pair.hpp"
#include "support/rounds.hpp"

using namespace relume;
using namespace relume::test;

namespace {

struct Failure {
  std::string what;
  std::vector<std::string> log;
};

std::optional<Failure> run(const Steps& steps, Planted planted = Planted::none) {
  ModelPair pair(planted);
  try {
    for (const Step& step : steps) pair.run(step);
  } catch (const Mismatch& mismatch) { return Failure{mismatch.what, pair.log()}; } catch (const Error& error) {
    return Failure{std::string("refused: ") + error.what(), pair.log()};
  }
  return std::nullopt;
}

std::string told(const Steps& steps, Planted planted = Planted::none) {
  const std::optional<Failure> failure = run(steps, planted);
  if (!failure) return "it does not fail any more";
  std::string text = failure->what;
  for (const std::string& line : failure->log) text += "\n  " + line;
  return text;
}

constexpr std::size_t kSteps = 120;

}  // namespace

TEST_CASE("A show does what the model does, whatever is asked of it", "[model]") {
  const char* const only = std::getenv("RELUME_MODEL_SEED");
  const std::uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
  const std::uint64_t last = only != nullptr ? first : static_cast<std::uint64_t>(rounds(2000, 200000));
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const Steps steps = draw_steps(seed, kSteps);
    if (!run(steps)) continue;
    const Steps smallest = shrink_steps(steps, [](const Steps& s) { return run(s).has_value(); });
    FAIL("seed " << seed << ", shrunk to " << smallest.size() << " steps: " << told(smallest));
  }
  SUCCEED();
}

TEST_CASE("A mistake in the model is noticed, and told in a few steps", "[model]") {
  const auto [planted, name] =
      GENERATE(table<Planted, std::string>({{Planted::set_keeps_automation, "a set leaves automation alone"},
                                            {Planted::settle_ignores_operator, "a settle comes after an operator"},
                                            {Planted::release_steps, "a release does not glide"},
                                            {Planted::store_keeps_committed, "a store keeps the committed value"},
                                            {Planted::late_glide, "a glide begins with the frame that takes it"}}));
  INFO(name);
  const Planted mistake = planted;
  const auto fails = [mistake](const Steps& s) { return run(s, mistake).has_value(); };
  Steps found;
  for (std::uint64_t seed = 1; seed <= 400 && found.empty(); ++seed) {
    const Steps steps = draw_steps(seed, kSteps);
    if (fails(steps)) found = shrink_steps(steps, fails);
  }
  REQUIRE_FALSE(found.empty());
  INFO(told(found, mistake));
  CHECK(found.size() <= 8);
  for (std::size_t i = 0; i < found.size(); ++i) {
    Steps without = found;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK_FALSE(fails(without));  // every step is needed
  }
}
