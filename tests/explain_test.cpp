// SPDX-License-Identifier: Apache-2.0
// Why a parameter has its value: all tiers, the winner, and who is behind it. DESIGN 5, rule 1.
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "support/stage.hpp"
#include "support/typed_show.hpp"

using namespace relume;
using relume::test::code_of;
using relume::test::kMs;
using relume::test::TestShow;

namespace {

const relume_explanation& of(const std::vector<relume_explanation>& all, relume_param param) {
  for (const relume_explanation& one : all) {
    if (one.param.bits == param.bits) return one;
  }
  FAIL("the parameter is not among them");
  return all.front();
}

bool equal(relume_explanation a, relume_explanation b) { return std::memcmp(&a, &b, sizeof a) == 0; }

relume_param param_at(const Show& show, relume_layer layer, std::uint32_t n) {
  relume_param param{0};
  REQUIRE(relume_param_at(show.get(), layer, n, &param, nullptr) == RELUME_OK);
  return param;
}

Schema wide_schema(int params) {
  std::vector<Param> all;
  for (int i = 0; i < params; ++i) all.emplace_back(Param("p" + std::to_string(i), RELUME_FLOAT).range(0, 1));
  Schema schema;
  schema.type("wide", all);
  schema.layer("wide", "wide");
  return schema;
}

}  // namespace

TEST_CASE("Explain: a layer is explained whole, each parameter as by itself", "[explain]") {
  TestShow t;
  const relume_layer wash = t.show.layer("wash");
  const relume_param step = t.show.param("wash/step");
  const relume_param level = t.show.param("wash/level");
  t.show.persist(step, scalar(0.25F));
  t.show.set(step, scalar(0.5F));
  t.show.persist(t.show.param("wash/mode"), choice(2));
  t.frame();
  Source osc = relume::test::source_of(t.show, 120);
  osc.write(level, scalar(0.75F), t.now);
  t.frame(1000);

  const auto all = t.show.explain_layer(wash);
  REQUIRE(all.size() == t.show.layer_info(wash).param_count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(t.show.param_info(all[i].param).route);
    CHECK(all[i].param.bits == param_at(t.show, wash, static_cast<std::uint32_t>(i)).bits);
    CHECK(equal(all[i], t.show.explain(all[i].param)));
  }
  CHECK(of(all, step).winner == RELUME_TIER_COMMITTED);
  CHECK(of(all, step).composed.as.f[0] == 0.5F);
  CHECK(of(all, step).persisted.as.f[0] == 0.25F);
  CHECK(of(all, step).committed.as.f[0] == 0.5F);
  CHECK(of(all, step).default_value.as.f[0] == 0);
  CHECK(of(all, step).transient.type == 0);
  CHECK(of(all, step).source == 0);
  CHECK(of(all, level).winner == RELUME_TIER_TRANSIENT);
  CHECK(of(all, level).transient.as.f[0] == 0.75F);
  CHECK(of(all, level).persisted.type == 0);
  CHECK(of(all, level).committed.type == 0);
  CHECK(of(all, level).source == osc.info().number);
  CHECK(of(all, level).priority == 120);
  CHECK(std::abs(of(all, level).age_ns - 1000 * kMs) < kMs / 10);
  CHECK(of(all, level).gliding_back == 0);
  CHECK(of(all, t.show.param("wash/mode")).winner == RELUME_TIER_PERSISTED);
  CHECK(of(all, t.show.param("wash/quad")).winner == RELUME_TIER_DEFAULT);
}

TEST_CASE("Explain: what glides back says so, until it is there", "[explain]") {
  TestShow t;
  const relume_param level = t.show.param("wash/level");
  t.frame();
  Source osc = t.show.source();
  osc.write(level, scalar(0), t.now);
  t.frame(2000);
  CHECK(t.show.explain(level).gliding_back == 0);
  osc.release(level, t.now);
  t.frame(50);
  const relume_explanation during = t.show.explain(level);
  CHECK(during.winner == RELUME_TIER_DEFAULT);
  CHECK(during.gliding_back == 1);
  CHECK(during.composed.as.f[0] < during.default_value.as.f[0]);
  CHECK(during.transient.type == 0);
  CHECK(during.source == 0);
  t.frame(5000);
  t.frame(1);
  CHECK(t.show.explain(level).gliding_back == 0);
  CHECK(t.show.explain(level).composed.as.f[0] == 1.0F);
}

TEST_CASE("Explain: the generation rises with every operator's mutation of the route, and with nothing else",
          "[explain]") {
  TestShow t;
  const relume_param step = t.show.param("wash/step");
  t.frame();
  const std::uint32_t before = t.show.explain(step).generation;
  t.show.set(t.show.param("wash/count"), integer(1));
  Source osc = t.show.source();
  osc.write(step, scalar(0.5F), t.now);
  t.frame(10);
  CHECK(t.show.explain(step).generation == before);
  t.show.set(step, scalar(0.25F));
  const std::uint32_t once = t.show.explain(step).generation;
  CHECK(once > before);
  t.show.set(step, scalar(0.25F));  // an equal one too
  CHECK(t.show.explain(step).generation > once);
}

TEST_CASE("Explain: texts say their length in each tier", "[explain]") {
  const Schema schema = relume::test::text_schema();
  TestShow t(schema);
  const relume_param name = t.show.param("wash/name");
  t.show.persist(name, text("12345"));
  t.show.set(name, text("123"));
  const auto all = t.show.explain_layer(t.show.layer("wash"));
  const relume_explanation& one = of(all, name);
  CHECK(one.composed.as.text.size == 3);
  CHECK(one.committed.as.text.size == 3);
  CHECK(one.persisted.as.text.size == 5);
  CHECK(one.default_value.as.text.size == 4);
  CHECK(one.transient.type == 0);
}

TEST_CASE("Explain: the array may be short, of an older size, or not of one size", "[explain][error]") {
  TestShow t;
  const relume_layer wash = t.show.layer("wash");
  t.show.set(t.show.param("wash/color"), color(0.1F, 0.2F, 0.3F, 0.4F));
  const auto all = t.show.explain_layer(wash);
  std::size_t count = 0;
  CHECK(relume_explain_layer(t.show.get(), wash, nullptr, 0, &count, nullptr) == RELUME_OK);
  CHECK(count == all.size());

  std::vector<relume_explanation> some(2, RELUME_EXPLANATION_INIT);
  const relume_explanation untouched = some[1];
  CHECK(relume_explain_layer(t.show.get(), wash, some.data(), 1, &count, nullptr) == RELUME_OK);
  CHECK(count == all.size());
  CHECK(equal(some[0], all[0]));
  CHECK(equal(some[1], untouched));

  // A host that knows the struct as it was before `param` came to its end.
  const std::uint32_t older = sizeof(relume_explanation) - sizeof(relume_param);
  std::vector<unsigned char> bytes(older * all.size() + 1, 0xee);
  for (std::size_t i = 0; i < all.size(); ++i) std::memcpy(bytes.data() + i * older, &older, sizeof older);
  auto* first = reinterpret_cast<relume_explanation*>(bytes.data());
  CHECK(relume_explain_layer(t.show.get(), wash, first, all.size(), &count, nullptr) == RELUME_OK);
  for (std::size_t i = 0; i < all.size(); ++i) {
    relume_explanation want = all[i];
    want.struct_size = older;
    CHECK(std::memcmp(bytes.data() + i * older, &want, older) == 0);
  }
  CHECK(bytes.back() == 0xee);

  some[1].struct_size = older;
  CHECK(relume_explain_layer(t.show.get(), wash, some.data(), 2, &count, nullptr) == RELUME_E_INVALID);
  some[0].struct_size = older - 1;  // elements of it would not be aligned
  CHECK(relume_explain_layer(t.show.get(), wash, some.data(), 1, &count, nullptr) == RELUME_E_INVALID);
  some[0].struct_size = 0;
  CHECK(relume_explain_layer(t.show.get(), wash, some.data(), 2, &count, nullptr) == RELUME_E_INVALID);
  some[0].struct_size = sizeof(relume_explanation) + 8;
  CHECK(relume_explain_layer(t.show.get(), wash, some.data(), 2, &count, nullptr) == RELUME_E_VERSION);
  CHECK(relume_explain_layer(t.show.get(), wash, nullptr, 1, &count, nullptr) == RELUME_E_INVALID);
  CHECK(relume_explain_layer(t.show.get(), wash, nullptr, 0, nullptr, nullptr) == RELUME_E_INVALID);
  CHECK(relume_explain_layer(nullptr, wash, nullptr, 0, &count, nullptr) == RELUME_E_INVALID);
  CHECK(relume_explain_layer(t.show.get(), {0}, nullptr, 0, &count, nullptr) == RELUME_E_UNKNOWN_LAYER);
}

TEST_CASE("Explain: a layer is seen at one moment, whatever mutates beside it", "[explain][threads]") {
  constexpr int kParams = 256;
  TestShow t(wide_schema(kParams));
  const relume_layer wide = t.show.layer("wide");
  std::vector<relume_param> params;
  for (std::uint32_t i = 0; i < kParams; ++i) params.push_back(param_at(t.show, wide, i));
  std::atomic<bool> stop{false};
  std::thread mutator([&] {
    for (int n = 0; !stop.load(); n = (n + 1) % 100) {
      const std::vector<relume_value> values(kParams, scalar(static_cast<float>(n) / 100));
      t.show.set_many(params.data(), values.data(), values.size());
    }
  });
  std::size_t torn = 0;
  std::size_t moments = 0;
  float before = -1;
  for (int i = 0; i < 2000 || moments < 10; ++i) {
    const auto all = t.show.explain_layer(wide);
    for (const relume_explanation& one : all) torn += one.composed.as.f[0] != all[0].composed.as.f[0] ? 1U : 0U;
    moments += all[0].composed.as.f[0] != before ? 1U : 0U;
    before = all[0].composed.as.f[0];
  }
  stop.store(true);
  mutator.join();
  CHECK(torn == 0);
}

TEST_CASE("What explaining a layer costs", "[.][measure]") {
  for (const int params : {512, 65535}) {
    relume_show_options options = relume::test::quiet_options();
    options.max_slots = 1 << 17;
    TestShow t(wide_schema(params), options);
    const relume_layer wide = t.show.layer("wide");
    t.frame();
    Source osc = t.show.source();
    for (std::uint32_t i = 0; i < 512; i += 2) osc.write(param_at(t.show, wide, i), scalar(0.5F), t.now);
    t.frame(1);
    (void)t.show.explain_layer(wide);
    const auto begin = std::chrono::steady_clock::now();
    constexpr int kRounds = 20;
    for (int i = 0; i < kRounds; ++i) (void)t.show.explain_layer(wide);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    WARN(params << " parameters: " << took.count() / kRounds / params << " ns each");
  }
}
