// SPDX-License-Identifier: Apache-2.0
// Automation against tiers and operator: DESIGN 5, rules 1, 2 and 6; settling is in settle_test.cpp.
#include <catch2/catch.hpp>

#include <cmath>

#include "support/test_show.hpp"

using namespace relume;
using relume::test::kMs;
using relume::test::source_of;
using relume::test::TestShow;

TEST_CASE("Precedence: transient over committed over persisted over the default", "[automation]") {
  TestShow t;
  Source osc = source_of(t.show);
  const relume_param level = t.show.param("wash/step");
  CHECK(t.level("wash/step") == 0.0F);
  CHECK(t.tier("wash/step") == RELUME_TIER_DEFAULT);
  t.show.persist(level, scalar(0.25F));
  CHECK(t.level("wash/step") == 0.25F);
  CHECK(t.tier("wash/step") == RELUME_TIER_PERSISTED);
  t.show.set(level, scalar(0.5F));
  CHECK(t.level("wash/step") == 0.5F);
  CHECK(t.tier("wash/step") == RELUME_TIER_COMMITTED);
  REQUIRE(osc.write(level, scalar(0.75F), t.now) == RELUME_OK);
  CHECK(t.level("wash/step", 22) == 0.75F);
  CHECK(t.tier("wash/step") == RELUME_TIER_TRANSIENT);

  const relume_explanation all = t.show.explain(level);
  CHECK(all.persisted.as.f[0] == 0.25F);
  CHECK(all.committed.as.f[0] == 0.5F);
  CHECK(all.transient.as.f[0] == 0.75F);
  CHECK(all.source == osc.info().number);
  CHECK(all.priority == RELUME_PRIORITY_DEFAULT);
}

TEST_CASE("Glide: automation follows the closed form, and is exact once it has arrived", "[automation]") {
  TestShow t;
  Source osc = source_of(t.show);
  t.show.set(t.show.param("wash/level"), scalar(0));
  t.frame(10);
  const std::int64_t start = t.now;
  REQUIRE(osc.write(t.show.param("wash/level"), scalar(1), start) == RELUME_OK);
  for (const std::int64_t step : {0, 3, 22, 50, 7, 200}) {
    const double expected = 1.0 - std::exp(-static_cast<double>(t.now + step * kMs - start) / 100e6);
    CHECK(std::abs(t.level("wash/level", step) - expected) < 1e-6);
  }
  CHECK(t.frame()->moving == 1);
  CHECK(t.level("wash/level", 1000) == 1.0F);
  CHECK(t.frame()->moving == 0);
}

TEST_CASE("Glide: its course does not depend on the frame rate", "[automation]") {
  const auto at_300_ms = [](std::int64_t step) {
    TestShow t;
    Source osc = source_of(t.show);
    t.show.set(t.show.param("wash/level"), scalar(0.2F));
    t.frame();
    osc.write(t.show.param("wash/level"), scalar(0.9F), t.now);
    for (std::int64_t ms = 0; ms < 150; ms += step) t.frame(step);
    osc.write(t.show.param("wash/level"), scalar(0.1F), t.now);
    for (std::int64_t ms = 150; ms < 300; ms += step) t.frame(step);
    return t.level("wash/level");
  };
  CHECK(std::abs(at_300_ms(1) - at_300_ms(50)) < 1e-6F);
  CHECK(std::abs(at_300_ms(1) - at_300_ms(150)) < 1e-6F);
}

TEST_CASE("Glide: a write and a release begin at what is shown, without a jump", "[automation]") {
  TestShow t;
  Source osc = source_of(t.show);
  const relume_param level = t.show.param("wash/level");
  const float before = t.level("wash/level");
  osc.write(level, scalar(0), t.now);
  CHECK(t.level("wash/level") == before);
  const float on_its_way = t.level("wash/level", 60);
  CHECK(on_its_way < 0.6F);
  osc.release(level, t.now);
  CHECK(std::abs(t.level("wash/level") - on_its_way) < 1e-6F);
  CHECK(t.tier("wash/level") == RELUME_TIER_DEFAULT);
  const float back = t.level("wash/level", 30);
  CHECK(back > on_its_way);
  CHECK(back < 1.0F);
  CHECK(t.show.get_value(level).value.as.f[0] == back);
  CHECK(t.level("wash/level", 2000) == 1.0F);
}

TEST_CASE("Glide: a source's clock that is off bends it by no more than a frame", "[automation]") {
  TestShow t;
  Source osc = source_of(t.show);
  t.frame(22);
  osc.write(t.show.param("wash/level"), scalar(0), 0);  // says: long ago
  CHECK(t.level("wash/level", 22) > 0.79F);
  osc.write(t.show.param("spot/level"), scalar(0), t.now + 3'600'000 * kMs);  // says: in an hour
  CHECK(t.level("spot/level", 22) == 1.0F);
  CHECK(t.level("spot/level", 22) < 0.81F);
}

TEST_CASE("Discrete types and parameters without a time constant step", "[automation]") {
  TestShow t;
  Source osc = source_of(t.show);
  osc.write(t.show.param("wash/on"), boolean(true), t.now);
  osc.write(t.show.param("wash/mode"), choice(2), t.now);
  osc.write(t.show.param("wash/start"), time(5'000'000'000), t.now);
  osc.write(t.show.param("wash/pan"), vec2(-0.5F, 0.5F), t.now);
  const Frame frame = t.frame(1);
  CHECK(frame.at(t.show.param("wash/on"))->i == 1);
  CHECK(frame.at(t.show.param("wash/mode"))->i == 2);
  CHECK(frame.at(t.show.param("wash/start"))[0].u == 705'032'704U);
  CHECK(frame.at(t.show.param("wash/start"))[1].u == 1U);
  CHECK(frame.at(t.show.param("wash/pan"))[0].f == -0.5F);
  CHECK(frame->moving == 0);
}

TEST_CASE("Operator against automation: a set releases it without glide, an equal one too", "[automation][operator]") {
  TestShow t;
  Source osc = source_of(t.show);
  const relume_param level = t.show.param("wash/level");
  t.show.set(level, scalar(0.5F));
  osc.write(level, scalar(0.9F), t.now);
  t.frame(30);
  const relume_outcome outcome = t.show.set(level, scalar(0.5F));
  CHECK(outcome.state == RELUME_STATE_CHANGED);  // a release is a change
  CHECK(outcome.revision == 2);
  CHECK(outcome.invalidation == RELUME_INVALIDATE_ROUTE);
  CHECK(t.show.get_value(level).tier == RELUME_TIER_COMMITTED);
  CHECK(t.level("wash/level") == 0.5F);
  CHECK(t.show.set(level, scalar(0.5F)).state == RELUME_STATE_SAME);
}

TEST_CASE("Operator against automation: what was still on its way is dropped", "[automation][operator]") {
  TestShow t;
  Source osc = source_of(t.show);
  const relume_param step = t.show.param("wash/step");
  t.show.set(step, scalar(0.5F));
  t.frame(1);
  osc.write(step, scalar(0.9F), t.now);  // no frame takes it before the operator comes
  CHECK(t.show.set(step, scalar(0.5F)).state == RELUME_STATE_SAME);
  CHECK(t.level("wash/step", 22) == 0.5F);
}

TEST_CASE("Operator against automation: a repeated equal value does not retake the route, a new one does",
          "[automation][operator]") {
  TestShow t;
  Source osc = source_of(t.show);
  const relume_param step = t.show.param("wash/step");
  osc.write(step, scalar(0.9F), t.now);
  t.frame(22);
  t.show.set(step, scalar(0.1F));
  osc.write(step, scalar(0.9F), t.now);
  CHECK(t.level("wash/step", 22) == 0.1F);
  CHECK(osc.info().unchanged == 1);
  osc.write(step, scalar(0.8F), t.now);
  CHECK(t.level("wash/step", 22) == 0.8F);
}

TEST_CASE("Operator against automation: persist and a set of many do the same", "[automation][operator]") {
  TestShow t;
  Source osc = source_of(t.show);
  const relume_param params[] = {t.show.param("wash/step"), t.show.param("wash/pan")};
  for (const relume_param p : {params[0]}) osc.write(p, scalar(0.9F), t.now);
  osc.write(params[1], vec2(1, 1), t.now);
  t.frame(22);
  const relume_value values[] = {scalar(0.2F), vec2(0, 0.5F)};
  t.show.set_many(params, values, 2);
  const Frame frame = t.frame(22);
  CHECK(frame.at(params[0])->f == 0.2F);
  CHECK(frame.at(params[1])[1].f == 0.5F);
  osc.write(params[0], scalar(0.7F), t.now);
  t.frame(22);
  t.show.persist(params[0], scalar(0.3F));
  CHECK(t.level("wash/step") == 0.3F);
  CHECK(t.tier("wash/step") == RELUME_TIER_PERSISTED);
}

TEST_CASE("Operator against automation: a stronger source masks, and the outcome names it", "[automation][operator]") {
  TestShow t;
  Source drag = source_of(t.show, 150);
  const relume_param step = t.show.param("wash/step");
  drag.write(step, scalar(0.9F), t.now);
  t.frame(22);
  const relume_outcome outcome = t.show.set(step, scalar(0.4F));
  CHECK(outcome.state == RELUME_STATE_CHANGED);
  CHECK(outcome.masked_count == 1);
  CHECK(outcome.masked_by == drag.info().number);
  CHECK(outcome.masked_priority == 150);
  CHECK(outcome.masked_param.bits == step.bits);
  CHECK(t.level("wash/step") == 0.9F);
  drag.release(step, t.now);
  CHECK(t.level("wash/step", 22) == 0.4F);
}

TEST_CASE("Sources: a weaker one does not take a parameter from a stronger one", "[automation]") {
  TestShow t;
  Source weak = source_of(t.show, 50);
  Source strong = source_of(t.show, 120);
  const relume_param step = t.show.param("wash/step");
  strong.write(step, scalar(0.9F), t.now);
  t.frame(22);
  weak.write(step, scalar(0.1F), t.now);
  CHECK(t.level("wash/step", 22) == 0.9F);
  weak.write(step, scalar(0.2F), t.now);
  CHECK(t.level("wash/step", 22) == 0.9F);
  strong.release(step, t.now);
  t.frame(22);
  CHECK(t.level("wash/step", 22) == 0.2F);  // it had waited below
}

TEST_CASE("Sources: closing one releases what it holds", "[automation]") {
  TestShow t;
  {
    Source osc = source_of(t.show);
    osc.write(t.show.param("wash/step"), scalar(0.9F), t.now);
    osc.write(t.show.param("wash/level"), scalar(0), t.now);
    t.frame(22);
    osc.write(t.show.param("spot/step"), scalar(0.9F), t.now);  // never seen by a frame before the close
  }
  CHECK(t.level("wash/step", 22) == 0.0F);
  CHECK(t.level("spot/step") == 0.0F);
  CHECK(t.level("wash/level", 2000) == 1.0F);
  CHECK(t.tier("wash/level") == RELUME_TIER_DEFAULT);
}

TEST_CASE("A batch lands in one frame, or none of it is written", "[automation]") {
  TestShow t;
  Source osc = source_of(t.show);
  relume_overlay_value batch[] = {{t.show.param("wash/step"), scalar(0.5F), 0, 0},
                                  {t.show.param("spot/step"), scalar(2), 0, 0}};
  std::size_t culprit = 99;
  CHECK(osc.write(batch, 2, t.now, &culprit) == RELUME_E_RANGE);
  CHECK(culprit == 1);
  CHECK(t.level("wash/step", 22) == 0.0F);
  batch[1].value = scalar(0.5F);
  CHECK(osc.write(batch, 2, t.now, &culprit) == RELUME_OK);
  CHECK(t.level("wash/step", 22) == 0.5F);
  CHECK(t.level("spot/step") == 0.5F);
}

TEST_CASE("Automation is stopped at the door: wrong type, out of range, not finite, unknown, counted",
          "[automation][error]") {
  TestShow t;
  Source osc = source_of(t.show);
  const relume_param step = t.show.param("wash/step");
  CHECK(osc.write(step, integer(1), t.now) == RELUME_E_TYPE);
  CHECK(osc.write(step, scalar(1.5F), t.now) == RELUME_E_RANGE);
  CHECK(osc.write(step, scalar(std::nanf("")), t.now) == RELUME_E_NOT_FINITE);
  CHECK(osc.write(step, scalar(INFINITY), t.now) == RELUME_E_NOT_FINITE);
  CHECK(osc.write(relume_param{0}, scalar(0), t.now) == RELUME_E_UNKNOWN_ROUTE);
  CHECK(osc.release(relume_param{77}, t.now) == RELUME_E_UNKNOWN_ROUTE);
  CHECK(osc.info().rejected == 6);
  CHECK(osc.info().written == 0);
  CHECK(t.level("wash/step", 22) == 0.0F);
  CHECK(osc.write(t.show.param("wash/soft"), scalar(7), t.now) == RELUME_OK);  // this one clamps
  CHECK(t.level("wash/soft", 22) == 1.0F);
}

TEST_CASE("More parameters than a source has room for are refused", "[automation][error]") {
  TestShow t;
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.max_params = 1;
  Source small = t.show.source(options);
  CHECK(small.write(t.show.param("wash/step"), scalar(0.5F), t.now) == RELUME_OK);
  CHECK(small.write(t.show.param("spot/step"), scalar(0.5F), t.now) == RELUME_E_LIMIT);
  CHECK(small.write(t.show.param("wash/step"), scalar(0.6F), t.now) == RELUME_OK);
}

TEST_CASE("A weaker claim for which there is no room waits at its source, and is shown when the stronger one goes",
          "[automation]") {
  relume_show_options options = relume::test::quiet_options();
  options.max_contended = 1;
  TestShow t(relume::test::demo_schema(), options);
  Source strong = source_of(t.show, 120, RELUME_COMMIT_RENDER_ONLY);
  Source weak = source_of(t.show, 50, RELUME_COMMIT_RENDER_ONLY);
  for (const char* route : {"wash/step", "spot/step"}) {
    strong.write(t.show.param(route), scalar(0.5F), t.now);
    weak.write(t.show.param(route), scalar(0.6F), t.now);
    CHECK(t.level(route, 22) == 0.5F);
    weak.write(t.show.param(route), scalar(0.7F), t.now);
    CHECK(t.level(route, 22) == 0.5F);
  }
  strong.release(t.show.param("spot/step"), t.now);
  strong.release(t.show.param("wash/step"), t.now);
  t.frame(22);
  CHECK(t.level("wash/step", 22) == 0.7F);
  CHECK(t.level("spot/step", 22) == 0.7F);
}

TEST_CASE("Reset releases automation of every priority, which glides back; store and revert leave it alone",
          "[automation]") {
  TestShow t;
  Source drag = source_of(t.show, 150, RELUME_COMMIT_RENDER_ONLY);
  const relume_param level = t.show.param("wash/level");
  t.show.set(level, scalar(0.5F));
  drag.write(level, scalar(0), t.now);
  t.frame(2000);
  CHECK(t.level("wash/level") == 0.0F);
  t.show.store();
  CHECK(t.level("wash/level", 22) == 0.0F);
  t.show.set(level, scalar(0.9F));
  t.show.revert(t.show.layer("wash"));
  CHECK(t.level("wash/level", 22) == 0.0F);
  t.show.set(level, scalar(0.9F));
  t.show.reset(t.show.layer("wash"));
  const float gliding = t.level("wash/level", 22);
  CHECK(gliding < 0.2F);
  CHECK(t.tier("wash/level") == RELUME_TIER_PERSISTED);
  CHECK(t.level("wash/level", 2000) == 0.5F);
}

TEST_CASE("A removed layer takes its automation along, and the layer in its place starts clean", "[automation]") {
  TestShow t;
  Source osc = source_of(t.show);
  const relume_param old_step = t.show.param("wash/step");
  osc.write(old_step, scalar(0.9F), t.now);
  t.frame(22);
  osc.write(old_step, scalar(0.8F), t.now);  // on its way while the layer goes
  t.show.remove_layer(t.show.layer("wash"));
  t.show.add_layer("wash", "fixture");
  CHECK(t.show.param("wash/step").bits != old_step.bits);
  CHECK(t.level("wash/step", 22) == 0.0F);
  CHECK(osc.write(old_step, scalar(0.7F), t.now) == RELUME_E_UNKNOWN_ROUTE);
  CHECK(osc.write(t.show.param("wash/step"), scalar(0.8F), t.now) == RELUME_OK);
  CHECK(t.level("wash/step", 22) == 0.8F);
}

TEST_CASE("Glide: after a masked set, a release glides back although its neighbours change", "[automation][operator]") {
  TestShow t;
  Source drag = source_of(t.show, 150);
  drag.write(t.show.param("wash/level"), scalar(0), t.now);
  t.frame(2000);
  t.show.set(t.show.param("wash/level"), scalar(0.8F));  // masked
  t.frame(22);
  drag.release(t.show.param("wash/level"), t.now);
  float before = t.level("wash/level");
  for (int i = 0; i < 20; ++i) {
    t.show.set(t.show.param("wash/count"), integer(i % 5));
    const float now = t.level("wash/level", 10);
    CHECK(now > before);
    CHECK(now - before < 0.8F * 0.1F);
    before = now;
  }
  t.show.set(t.show.param("wash/level"), scalar(0.1F));
  CHECK(t.level("wash/level") == 0.1F);  // an operator of the parameter itself still cuts it short
}

TEST_CASE("Operator against automation: in a change-set with the stack too, an equal value drops what is on its way",
          "[automation][operator]") {
  TestShow t;
  Source osc = source_of(t.show);
  const relume_param step = t.show.param("wash/step");
  t.show.set(step, scalar(0.5F));
  t.frame(1);
  osc.write(step, scalar(0.9F), t.now);
  const relume_outcome same = t.show.apply(ChangeSet().enable(t.show.layer("wash"), true).set(step, scalar(0.5F)));
  CHECK(same.state == RELUME_STATE_SAME);
  CHECK(t.level("wash/step", 22) == 0.5F);
}

TEST_CASE("Reads during a glide back show what is composed, from the moment of the reset", "[automation]") {
  TestShow t;
  Source osc = source_of(t.show);
  const relume_param level = t.show.param("wash/level");
  t.show.persist(level, scalar(0.1F));
  osc.write(level, scalar(0.9F), t.now);
  const float shown = t.level("wash/level", 100);
  t.show.reset();
  CHECK(t.show.get_value(level).value.as.f[0] == shown);
  CHECK(t.show.get_value(level).tier == RELUME_TIER_PERSISTED);
  CHECK(t.show.persist(level, scalar(0.1F)).state == RELUME_STATE_CHANGED);  // it cuts the glide short
  CHECK(t.level("wash/level", 1) == 0.1F);
}

TEST_CASE("A source's cell that waits and is written again is never lost", "[automation]") {
  relume_show_options options = relume::test::quiet_options();
  TestShow t(relume::test::demo_schema(), options);
  relume_source_options source_options = RELUME_SOURCE_OPTIONS_INIT;
  source_options.max_params = 2;  // no room to spare
  source_options.priority = 50;
  Source weak = t.show.source(source_options);
  Source strong = source_of(t.show, 150, RELUME_COMMIT_RENDER_ONLY);
  const relume_param params[] = {t.show.param("wash/step"), t.show.param("spot/step")};
  for (int round = 0; round < 50; ++round) {
    const float v = static_cast<float>(round) / 100.0F;
    for (const relume_param p : params) strong.write(p, scalar(0.9F), t.now);
    t.frame(1);
    for (const relume_param p : params) weak.write(p, scalar(v), t.now);
    t.frame(1);
    weak.write(params[round % 2], scalar(v + 0.25F), t.now);
    for (const relume_param p : params) strong.release(p, t.now);
    t.frame(1);
    const Frame frame = t.frame(1);
    CHECK(frame.at(params[round % 2])->f == v + 0.25F);
    CHECK(frame.at(params[1 - round % 2])->f == v);
  }
}
