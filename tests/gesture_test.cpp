// SPDX-License-Identifier: Apache-2.0
// Gestures: what relume/overlay.h says of them, sentence by sentence.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "support/test_show.hpp"

using namespace relume;
using relume::test::kMs;
using relume::test::source_of;
using relume::test::TestShow;

namespace {

/// A show in which automation settles by itself only after an hour: what is committed, a gesture has committed.
struct Hands : TestShow {
  explicit Hands(const relume_show_options& options = relume::test::quiet_options())
      : TestShow(schema(), options), events(show.events()) {}

  static Schema schema() {
    constexpr std::int64_t kHour = 3'600'000 * kMs;
    std::vector<Param> params = {Param("level", RELUME_FLOAT).range(0, 1).smoothing(100 * kMs),
                                 Param("step", RELUME_FLOAT).range(0, 1),
                                 Param("kept", RELUME_FLOAT).range(0, 1).commit(RELUME_COMMIT_PERSIST),
                                 Param("color", RELUME_COLOR).range(0, 1).smoothing(100 * kMs),
                                 Param("on", RELUME_BOOL),
                                 Param("count", RELUME_INT).range(-10, 10),
                                 Param("mode", RELUME_ENUM).labels({"off", "slow", "fast"}),
                                 Param("start", RELUME_TIME),
                                 Param("go", RELUME_TRIGGER),
                                 Param("name", RELUME_TEXT)};
    for (std::size_t i = 0; i + 2 < params.size(); ++i) params[i].settle(kHour);
    Schema made;
    made.type("head", params);
    made.layer("a", "head").layer("b", "head");
    return made;
  }
  relume_param at(const std::string& route) { return show.param(route); }
  relume_explanation explain(const std::string& route) { return show.explain(show.param(route)); }
  float committed(const std::string& route) { return explain(route).committed.as.f[0]; }
  bool is_committed(const std::string& route) { return explain(route).committed.type != 0; }
  /// Settled automation that was committed since the last look.
  std::size_t settled() {
    std::size_t count = 0;
    for (const relume_event& event : events.poll()) count += event.kind == RELUME_EVENT_OVERLAY_SETTLED ? 1 : 0;
    return count;
  }

  Events events;
};

}  // namespace

TEST_CASE("Gesture: from the next frame on the parameter stands where it is shown, at 150", "[gesture]") {
  Hands t;
  Source lfo = source_of(t.show);
  Source hand = source_of(t.show, 10);
  const relume_param level = t.at("a/level");
  lfo.write(level, scalar(1), t.now);
  const float shown = t.level("a/level", 70);
  REQUIRE(shown > 0.4F);
  REQUIRE(shown < 0.6F);
  REQUIRE(hand.begin(level, t.now) == RELUME_OK);
  for (int i = 0; i < 20; ++i) {
    lfo.write(level, scalar(0.9F + static_cast<float>(i) / 1000.0F), t.now);
    // No longer on its way. It begins in the tick of another source's word, and then as much as a tick later.
    CHECK(std::abs(t.level("a/level", 22) - shown) < 1e-4F);
  }
  CHECK(t.frame()->moving == 0);
  CHECK(t.explain("a/level").priority == RELUME_PRIORITY_GESTURE);
  CHECK(t.explain("a/level").source == hand.info().number);
}

TEST_CASE("Gesture: without automation it holds what lies below, of every type", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  t.show.set(t.at("a/color"), color(0.1F, 0.2F, 0.3F, 0.4F));
  t.show.set(t.at("a/count"), integer(-7));
  t.show.set(t.at("a/start"), time(-5'000'000'001));
  t.show.persist(t.at("a/mode"), choice(2));
  t.frame(1);
  for (const char* route : {"a/color", "a/count", "a/start", "a/mode", "a/on"}) {
    REQUIRE(hand.begin(t.at(route), t.now) == RELUME_OK);
  }
  t.frame(22);
  const Frame frame = t.frame(22);
  CHECK(frame.at(t.at("a/color"))[3].f == 0.4F);
  CHECK(frame.at(t.at("a/count"))->i == -7);
  CHECK(frame.at(t.at("a/mode"))->i == 2);
  CHECK(t.explain("a/start").transient.as.t == -5'000'000'001);
  CHECK(t.explain("a/on").winner == RELUME_TIER_TRANSIENT);
}

TEST_CASE("Gesture: a change is transient until the end, which commits its last value once and at once", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param step = t.at("a/step");
  hand.begin(step, t.now);
  for (int i = 1; i <= 30; ++i) {
    REQUIRE(hand.change(step, scalar(static_cast<float>(i) / 100.0F), t.now) == RELUME_OK);
    CHECK(t.level("a/step", 22) == static_cast<float>(i) / 100.0F);
    t.show.tick();
  }
  t.run(2000);
  CHECK(t.settled() == 0);
  CHECK_FALSE(t.is_committed("a/step"));
  REQUIRE(hand.end(step, t.now) == RELUME_OK);
  t.run(44);
  CHECK(t.settled() == 1);
  CHECK(t.committed("a/step") == 0.3F);
  CHECK(t.explain("a/step").winner == RELUME_TIER_COMMITTED);
  t.run(2000);
  CHECK(t.settled() == 0);
  CHECK(t.show.status().accepted == 1);
}

TEST_CASE("Gesture: the end waits for the glide, and not for the settle time", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param level = t.at("a/level");
  hand.begin(level, t.now);
  t.frame(22);
  hand.change(level, scalar(1), t.now);
  t.frame(22);
  hand.end(level, t.now);
  t.run(400);
  CHECK(t.settled() == 0);  // e^-4 is left
  t.run(800);
  CHECK(t.settled() == 1);
  CHECK(t.committed("a/level") == 1.0F);
  CHECK(t.level("a/level") == 1.0F);
}

TEST_CASE("Gesture: the policy is that of a write, but render-only becomes session", "[gesture]") {
  relume_show_options options = relume::test::quiet_options();
  options.commit_policy = RELUME_COMMIT_RENDER_ONLY;
  Hands t(options);
  Source by_show = source_of(t.show);
  Source by_source = source_of(t.show, 0, RELUME_COMMIT_PERSIST);
  const auto gesture = [&](Source& source, const char* route) {
    source.begin(t.at(route), t.now);
    source.change(t.at(route), scalar(0.5F), t.now);
    source.end(t.at(route), t.now);
    t.run(66);
  };
  gesture(by_show, "a/step");
  CHECK(t.tier("a/step") == RELUME_TIER_COMMITTED);
  gesture(by_show, "a/kept");
  CHECK(t.tier("a/kept") == RELUME_TIER_PERSISTED);
  gesture(by_source, "b/step");
  CHECK(t.tier("b/step") == RELUME_TIER_PERSISTED);
}

TEST_CASE("Gesture: given up, it glides back and commits nothing", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param level = t.at("a/level");
  t.show.set(level, scalar(0.5F));
  t.frame(1);
  hand.begin(level, t.now);
  hand.change(level, scalar(1), t.now);
  CHECK(t.level("a/level", 2000) == 1.0F);
  REQUIRE(hand.abort(level, t.now) == RELUME_OK);
  const float back = t.level("a/level", 50);
  CHECK(back < 0.9F);
  CHECK(back > 0.7F);
  CHECK(t.tier("a/level") == RELUME_TIER_COMMITTED);
  CHECK(t.level("a/level", 2000) == 0.5F);
  t.show.tick();
  CHECK(t.settled() == 0);
}

TEST_CASE("Gesture: an end without a change gives it up", "[gesture]") {
  Hands t;
  Source lfo = source_of(t.show);
  Source hand = source_of(t.show);
  const relume_param step = t.at("a/step");
  lfo.write(step, scalar(0.25F), t.now);
  t.frame(22);
  hand.begin(step, t.now);
  t.frame(22);
  lfo.write(step, scalar(0.75F), t.now);
  CHECK(t.level("a/step", 22) == 0.25F);
  REQUIRE(hand.end(step, t.now) == RELUME_OK);
  CHECK(t.level("a/step", 22) == 0.75F);  // what lies below goes on
  t.show.tick();
  CHECK(t.settled() == 0);
}

TEST_CASE("Gesture: begin, change and end between two frames", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param step = t.at("a/step");
  t.frame(22);
  hand.begin(step, t.now);
  hand.change(step, scalar(0.5F), t.now);
  hand.end(step, t.now);
  CHECK(t.level("a/step", 22) == 0.5F);
  t.show.tick();
  CHECK(t.settled() == 1);
  CHECK(t.committed("a/step") == 0.5F);
  hand.begin(step, t.now);
  hand.change(step, scalar(0.9F), t.now);
  hand.abort(step, t.now);
  CHECK(t.level("a/step", 22) == 0.5F);
  hand.begin(step, t.now);
  hand.end(step, t.now);
  CHECK(t.level("a/step", 22) == 0.5F);
  t.show.tick();
  CHECK(t.settled() == 0);
}

TEST_CASE("Gesture: one that begins before a frame saw the end of the last one loses nothing", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param step = t.at("a/step");
  hand.begin(step, t.now);
  t.frame(22);
  hand.change(step, scalar(0.5F), t.now);
  hand.end(step, t.now);
  hand.begin(step, t.now);
  SECTION("and is over before a frame saw it, too") {
    const bool abort = GENERATE(false, true);
    CHECK((abort ? hand.abort(step, t.now) : hand.end(step, t.now)) == RELUME_OK);
    t.run(66);
    CHECK(t.settled() == 1);
    CHECK(t.committed("a/step") == 0.5F);
    CHECK(t.tier("a/step") == RELUME_TIER_COMMITTED);
  }
  SECTION("and is given up after a frame saw it") {
    CHECK(t.level("a/step", 22) == 0.5F);
    CHECK(t.explain("a/step").priority == RELUME_PRIORITY_GESTURE);
    hand.abort(step, t.now);
    t.run(66);
    CHECK(t.settled() == 1);
    CHECK(t.committed("a/step") == 0.5F);
    CHECK(t.level("a/step") == 0.5F);
  }
  SECTION("and ends without a change") {
    t.frame(22);
    hand.end(step, t.now);
    t.run(66);
    CHECK(t.committed("a/step") == 0.5F);
  }
  SECTION("and changes") {
    hand.change(step, scalar(0.75F), t.now);
    CHECK(t.level("a/step", 22) == 0.75F);
    hand.end(step, t.now);
    t.run(66);
    CHECK(t.committed("a/step") == 0.75F);
  }
}

TEST_CASE("Gesture: touched again while the last value is on its way, that value is committed all the same",
          "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param level = t.at("a/level");
  hand.begin(level, t.now);
  t.frame(22);
  hand.change(level, scalar(1), t.now);
  hand.end(level, t.now);
  const float on_its_way = t.level("a/level", 60);
  REQUIRE(on_its_way < 0.6F);
  hand.begin(level, t.now);
  CHECK(std::abs(t.level("a/level", 200) - on_its_way) < 1e-6F);
  t.show.tick();
  CHECK(t.settled() == 1);
  CHECK(t.committed("a/level") == 1.0F);
  hand.end(level, t.now);  // nothing was changed
  CHECK(t.level("a/level", 3000) == 1.0F);
  t.run(66);
  CHECK(t.show.status().accepted == 1);
}

TEST_CASE("Gesture: an ordinary value that no frame has seen is where it begins", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param step = t.at("a/step");
  t.frame(22);
  hand.write(step, scalar(0.5F), t.now);
  hand.begin(step, t.now);
  CHECK(t.level("a/step", 22) == 0.5F);
  hand.end(step, t.now);
  t.run(66);
  CHECK(t.committed("a/step") == 0.5F);
}

TEST_CASE("Gesture: of two hands on one parameter the latest moves it, and each commits its own", "[gesture]") {
  Hands t;
  Source left = source_of(t.show);
  Source right = source_of(t.show);
  const relume_param step = t.at("a/step");
  left.begin(step, t.now);
  left.change(step, scalar(0.2F), t.now);
  t.frame(22);
  right.begin(step, t.now);
  CHECK(t.level("a/step", 22) == 0.2F);
  CHECK(t.explain("a/step").source == right.info().number);
  right.change(step, scalar(0.4F), t.now);
  CHECK(t.level("a/step", 22) == 0.4F);
  left.change(step, scalar(0.3F), t.now);
  CHECK(t.level("a/step", 22) == 0.3F);
  left.abort(step, t.now);
  CHECK(t.level("a/step", 22) == 0.4F);
  right.end(step, t.now);
  t.run(66);
  CHECK(t.committed("a/step") == 0.4F);
  CHECK(t.settled() == 1);
}

TEST_CASE("Gesture: against sources of 100, 150 and 180", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show, 1);
  Source other = source_of(t.show, GENERATE(100U, 150U, 180U));
  const std::uint32_t priority = [&] {
    other.write(t.at("b/step"), scalar(1), t.now);
    t.frame(22);
    return t.explain("b/step").priority;
  }();
  const relume_param step = t.at("a/step");
  other.write(step, scalar(0.1F), t.now);
  t.frame(22);
  hand.begin(step, t.now);
  hand.change(step, scalar(0.9F), t.now);
  CHECK(t.level("a/step", 22) == (priority > 150 ? 0.1F : 0.9F));
  other.write(step, scalar(0.2F), t.now);
  CHECK(t.level("a/step", 22) == (priority < 150 ? 0.9F : 0.2F));
  other.release(step, t.now);
  CHECK(t.level("a/step", 22) == 0.9F);
  hand.end(step, t.now);
  t.run(66);
  CHECK(t.committed("a/step") == 0.9F);
}

TEST_CASE("Gesture: an operator's set and persist go below it, and the outcome names it", "[gesture][operator]") {
  Hands t;
  Source hand = source_of(t.show);
  const bool persist = GENERATE(false, true);
  const relume_param step = t.at("a/step");
  hand.begin(step, t.now);
  hand.change(step, scalar(0.9F), t.now);
  t.frame(22);
  const relume_outcome outcome = persist ? t.show.persist(step, scalar(0.4F)) : t.show.set(step, scalar(0.4F));
  CHECK(outcome.masked_count == 1);
  CHECK(outcome.masked_priority == RELUME_PRIORITY_GESTURE);
  CHECK(outcome.masked_by == hand.info().number);
  CHECK(t.level("a/step", 22) == 0.9F);
  SECTION("the end takes the value from the operator") {
    hand.change(step, scalar(0.8F), t.now);
    hand.end(step, t.now);
    t.run(66);
    CHECK(t.level("a/step") == 0.8F);
    CHECK(t.committed("a/step") == 0.8F);
  }
  SECTION("given up, the operator's value is there") {
    hand.abort(step, t.now);
    CHECK(t.level("a/step", 22) == 0.4F);
  }
}

TEST_CASE("Gesture: an operator who comes between end and commit, before the frame too", "[gesture][operator]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param step = t.at("a/step");
  hand.begin(step, t.now);
  hand.change(step, scalar(0.9F), t.now);
  t.frame(22);
  hand.end(step, t.now);
  const bool seen = GENERATE(false, true);
  if (seen) t.frame(22);  // the commit is asked for
  t.show.set(step, scalar(0.4F));
  t.run(66);
  CHECK(t.settled() == 1);  // of 150: above the operator
  CHECK(t.committed("a/step") == 0.9F);
  CHECK(t.level("a/step") == 0.9F);
}

TEST_CASE("Gesture: a reset takes the parameter out of the hand, the next change takes it back",
          "[gesture][operator]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param step = t.at("a/step");
  hand.begin(step, t.now);
  hand.change(step, scalar(0.9F), t.now);
  t.frame(22);
  t.show.reset(t.show.layer("a"));
  CHECK(t.level("a/step", 22) == 0.0F);
  CHECK(hand.begin(step, t.now) == RELUME_E_STATE);  // as far as the source knows, it is in the hand
  hand.change(step, scalar(0.8F), t.now);
  CHECK(t.level("a/step", 22) == 0.8F);
  hand.end(step, t.now);
  t.run(66);
  CHECK(t.committed("a/step") == 0.8F);
}

TEST_CASE("Gesture: what cannot be is refused, and counted", "[gesture][error]") {
  Hands t;
  relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
  options.max_params = 2;
  Source hand = t.show.source(options);
  const relume_param step = t.at("a/step");
  CHECK(hand.change(step, scalar(0.5F), t.now) == RELUME_E_STATE);
  CHECK(hand.end(step, t.now) == RELUME_E_STATE);
  CHECK(hand.abort(step, t.now) == RELUME_E_STATE);
  CHECK(hand.begin(t.at("a/go"), t.now) == RELUME_E_TYPE);
  CHECK(hand.begin(t.at("a/name"), t.now) == RELUME_E_TYPE);
  CHECK(hand.begin(relume_param{77}, t.now) == RELUME_E_UNKNOWN_ROUTE);
  CHECK(hand.change(relume_param{77}, scalar(0), t.now) == RELUME_E_UNKNOWN_ROUTE);
  CHECK(hand.end(relume_param{77}, t.now) == RELUME_E_UNKNOWN_ROUTE);
  CHECK(hand.abort(relume_param{77}, t.now) == RELUME_E_UNKNOWN_ROUTE);
  CHECK(hand.change(t.at("b/kept"), scalar(0.5F), t.now) == RELUME_E_STATE);
  CHECK(hand.end(t.at("b/level"), t.now) == RELUME_E_STATE);
  CHECK(hand.abort(t.at("b/on"), t.now) == RELUME_E_STATE);
  CHECK(hand.info().rejected == 12);

  // Of max_params what was refused has taken none.
  REQUIRE(hand.begin(step, t.now) == RELUME_OK);
  CHECK(hand.begin(step, t.now) == RELUME_E_STATE);
  CHECK(hand.change(step, integer(1), t.now) == RELUME_E_TYPE);
  CHECK(hand.change(step, scalar(1.5F), t.now) == RELUME_E_RANGE);
  CHECK(hand.change(step, scalar(std::numeric_limits<float>::quiet_NaN()), t.now) == RELUME_E_NOT_FINITE);
  CHECK(hand.write(step, scalar(0.5F), t.now) == RELUME_E_STATE);
  CHECK(hand.release(step, t.now) == RELUME_E_STATE);
  const relume_overlay_value batch[] = {{t.at("b/step"), scalar(0.5F), 0, 0}, {step, scalar(0.5F), 0, 0}};
  std::size_t culprit = 99;
  CHECK(hand.write(batch, 2, t.now, &culprit) == RELUME_E_STATE);
  CHECK(culprit == 1);
  CHECK(t.level("b/step", 22) == 0.0F);
  CHECK(hand.end(step, t.now) == RELUME_OK);  // nothing was changed
  CHECK(hand.write(step, scalar(0.5F), t.now) == RELUME_OK);
  CHECK(hand.begin(t.at("b/kept"), t.now) == RELUME_E_LIMIT);

  CHECK(relume_gesture_begin(nullptr, step, 0) == RELUME_E_INVALID);
  const relume_value value = scalar(0);
  CHECK(relume_gesture_change(nullptr, step, &value, 0) == RELUME_E_INVALID);
  CHECK(relume_gesture_end(nullptr, step, 0) == RELUME_E_INVALID);
  CHECK(relume_gesture_abort(nullptr, step, 0) == RELUME_E_INVALID);
}

TEST_CASE("Gesture: an equal change in a new gesture is a change", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param step = t.at("a/step");
  hand.write(step, scalar(0.5F), t.now);
  t.frame(22);
  t.show.set(step, scalar(0.1F));
  t.frame(22);
  hand.begin(step, t.now);
  CHECK(t.level("a/step", 22) == 0.1F);
  hand.change(step, scalar(0.5F), t.now);
  CHECK(t.level("a/step", 22) == 0.5F);
  hand.end(step, t.now);
  t.run(66);
  CHECK(t.committed("a/step") == 0.5F);
}

TEST_CASE("Gesture: its layer goes meanwhile", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param step = t.at("b/step");
  hand.begin(step, t.now);
  hand.change(step, scalar(0.5F), t.now);
  const bool seen = GENERATE(false, true);
  if (seen) t.frame(22);
  t.show.remove_layer(t.show.layer("b"));
  t.show.add_layer("c", "head");
  CHECK(hand.end(step, t.now) == RELUME_E_UNKNOWN_ROUTE);
  t.run(66);
  CHECK(t.settled() == 0);
  CHECK(t.level("c/step") == 0.0F);
  CHECK(hand.begin(t.at("c/step"), t.now) == RELUME_OK);  // in the same place: nothing of the old one is left
  CHECK(t.level("c/step", 22) == 0.0F);
}

TEST_CASE("Gesture: what was said of a layer that is gone is not taken for its successor's", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param step = t.at("b/step");
  const bool ended = GENERATE(false, true);
  hand.begin(step, t.now);
  hand.change(step, scalar(0.5F), t.now);
  if (ended) hand.end(step, t.now);
  t.show.remove_layer(t.show.layer("b"));
  t.show.add_layer("c", "head");
  REQUIRE(hand.begin(t.at("c/step"), t.now) == RELUME_OK);
  CHECK(t.level("c/step", 22) == 0.0F);
  CHECK(hand.end(t.at("c/step"), t.now) == RELUME_OK);
  t.run(66);
  CHECK(t.settled() == 0);
}

TEST_CASE("Gesture: a change of type goes on in the hand when the handle stays, and ends it when it does not",
          "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param step = t.at("a/step");
  hand.begin(step, t.now);
  hand.change(step, scalar(0.9F), t.now);
  t.frame(22);
  SECTION("of the same shape, with a smaller range") {
    std::vector<Param> params = {Param("level", RELUME_FLOAT).range(0, 1),
                                 Param("step", RELUME_FLOAT).range(0, 0.5),
                                 Param("kept", RELUME_FLOAT).range(0, 1),
                                 Param("color", RELUME_COLOR).range(0, 1),
                                 Param("on", RELUME_BOOL),
                                 Param("count", RELUME_INT).range(-10, 10),
                                 Param("mode", RELUME_ENUM).labels({"off", "slow", "fast"}),
                                 Param("start", RELUME_TIME),
                                 Param("go", RELUME_TRIGGER),
                                 Param("name", RELUME_TEXT)};
    t.show.commit_type(t.show.prepare_type(LayerType("head", params, 2)));
    CHECK(t.level("a/step", 22) == 0.5F);
    CHECK(hand.change(step, scalar(0.25F), t.now) == RELUME_OK);
    CHECK(hand.end(step, t.now) == RELUME_OK);
    t.run(66);
    CHECK(t.committed("a/step") == 0.25F);
  }
  SECTION("of another shape") {
    t.show.commit_type(t.show.prepare_type(LayerType("head", {Param("step", RELUME_FLOAT).range(0, 1)}, 2)));
    CHECK(hand.end(step, t.now) == RELUME_E_UNKNOWN_ROUTE);
    CHECK(hand.begin(t.at("a/step"), t.now) == RELUME_OK);
    CHECK(t.level("a/step", 22) == 0.9F);  // automation had gone on
    CHECK(hand.abort(t.at("a/step"), t.now) == RELUME_OK);
    CHECK(t.level("a/step", 22) == 0.0F);
  }
}

TEST_CASE("Gesture: a source that closes, or is lost, gives it up", "[gesture]") {
  Hands t;
  const relume_param step = t.at("a/step");
  SECTION("closed") {
    {
      Source hand = source_of(t.show);
      hand.begin(step, t.now);
      hand.change(step, scalar(0.9F), t.now);
      CHECK(t.level("a/step", 22) == 0.9F);
    }
    t.run(66);
    CHECK(t.level("a/step") == 0.0F);
    CHECK(t.settled() == 0);
  }
  SECTION("lost: an equal change takes it back") {
    relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
    options.timeout_ns = 1000 * kMs;
    Source hand = t.show.source(options);
    hand.begin(step, t.now);
    hand.change(step, scalar(0.9F), t.now);
    t.frame(22);
    CHECK(t.level("a/step", 990) == 0.9F);
    CHECK(t.level("a/step", 22) == 0.0F);
    CHECK(t.settled() == 0);
    CHECK(hand.change(step, scalar(0.9F), t.now) == RELUME_OK);
    CHECK(t.level("a/step", 22) == 0.9F);
    CHECK(hand.end(step, t.now) == RELUME_OK);
    t.run(66);
    CHECK(t.committed("a/step") == 0.9F);
  }
}

TEST_CASE("Gesture: a source's clock that is off bends the glide of a change by no more than a frame", "[gesture]") {
  Hands t;
  Source hand = source_of(t.show);
  const relume_param level = t.at("a/level");
  t.frame(22);
  hand.begin(level, -1);
  hand.change(level, scalar(1), std::numeric_limits<std::int64_t>::min());
  CHECK(t.level("a/level", 22) < 0.21F);
  hand.abort(level, std::numeric_limits<std::int64_t>::max());
  const float back = t.level("a/level", 22);
  CHECK(back > 0.15F);
  CHECK(t.level("a/level", 22) < back);
}
