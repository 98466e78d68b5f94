// SPDX-License-Identifier: Apache-2.0
// The same input gives the same frames: whatever the order in which sources arrive, whoever else reads, however often is composed;
// and nothing but an operator moves a value by more than its curve allows (DESIGN 5, rules 2 and 5).
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "support/model_types.hpp"
#include "support/rounds.hpp"

using namespace relume;
using namespace relume::test;

namespace {

const ModelType& rig_type() {
  static const ModelType type = {
      {"level", RELUME_FLOAT, 0, 1, 0, 100 * kMs},
      {"step", RELUME_FLOAT, 0, 1},
      {"dim", RELUME_FLOAT, 0, 1, 0, 40 * kMs, 0, RELUME_COMMIT_DEFAULT, false, {}, true},  // the highest wins
      {"color", RELUME_COLOR, 0, 1, 0, 60 * kMs}};
  return type;
}

/// A show of one layer "rig" whose sources are opened as the test says.
class Rig {
 public:
  Rig() : show_(opened()), reader_(show_.reader()) {
    for (std::size_t i = 0; i < params_.size(); ++i) params_[i] = show_.param("rig/" + rig_type()[i].key);
    compose(0);
  }
  std::uint32_t open(std::uint32_t priority, std::int64_t timeout = 0) {
    relume_source_options options = RELUME_SOURCE_OPTIONS_INIT;
    options.priority = priority;
    options.commit_policy = RELUME_COMMIT_RENDER_ONLY;
    options.timeout_ns = timeout;
    sources_.push_back(std::make_unique<Source>(show_.source(options)));
    return sources_.back()->info().number;
  }
  void close(std::size_t n) { sources_[n].reset(); }
  void write(std::size_t source, std::size_t param, float value, std::int64_t time) {
    const Lanes lanes{static_cast<double>(value), 0.25, 0.5, 1};
    REQUIRE(sources_[source]->write(params_[param], value_of(rig_type()[param], lanes), time) == RELUME_OK);
  }
  void write_fast(std::size_t source, std::size_t param, float value, std::int64_t time, std::uint16_t smoothing_ms) {
    relume_overlay_value one{};
    one.param = params_[param];
    one.value = scalar(value);
    one.smoothing_ms = smoothing_ms;
    REQUIRE(sources_[source]->write(&one, 1, time) == RELUME_OK);
  }
  void release(std::size_t source, std::size_t param, std::int64_t time) {
    REQUIRE(sources_[source]->release(params_[param], time) == RELUME_OK);
  }
  relume_result begin_gesture(std::size_t source, std::size_t param, std::int64_t time) {
    return sources_[source]->begin(params_[param], time);
  }
  void write_param(std::size_t source, relume_param param, float value, std::int64_t time) {
    REQUIRE(sources_[source]->write(param, scalar(value), time) == RELUME_OK);
  }
  void release_param(std::size_t source, relume_param param, std::int64_t time) {
    REQUIRE(sources_[source]->release(param, time) == RELUME_OK);
  }
  /// The frame of that time, as bytes.
  std::vector<std::uint32_t> compose(std::int64_t now) {
    show_.compose(now);
    const Frame frame = reader_.acquire();
    std::vector<std::uint32_t> bits(frame->slot_count);
    std::memcpy(bits.data(), frame->slots, bits.size() * sizeof(relume_slot));
    return bits;
  }
  float value(std::size_t param) { return reader_.acquire().at(params_[param])->f; }
  std::uint32_t winner(std::size_t param) { return show_.explain(params_[param]).source; }
  Show& show() { return show_; }
  relume_param param(std::size_t n) const { return params_[n]; }

 private:
  static relume_show* opened() {
    relume_schema* schema = nullptr;
    relume_show* show = nullptr;
    REQUIRE(relume_schema_create(&schema, nullptr) == RELUME_OK);
    REQUIRE(relume_schema_add_type(schema, &DeclaredType("rig", rig_type()).def(), nullptr) == RELUME_OK);
    REQUIRE(relume_schema_add_layer(schema, "rig", "rig", nullptr) == RELUME_OK);
    relume_show_options options = quiet_options();
    options.max_slots = 256;
    REQUIRE(relume_show_open(schema, &options, &show, nullptr) == RELUME_OK);
    relume_schema_destroy(schema);
    return show;
  }

  Show show_;
  Reader reader_;
  std::array<relume_param, 4> params_{};
  std::vector<std::unique_ptr<Source>> sources_;
};

/// What one source says of one parameter between two frames.
struct Update {
  std::size_t source;
  std::size_t param;
  float value;
  std::int64_t time;
  bool release;
};

constexpr std::size_t kSources = 4;
constexpr std::array<std::uint32_t, kSources> kPriorities = {100, 100, 120, 100};

// Half of the updates meet claims that are there already. One word of a source for each parameter: only its last counts.
std::vector<Update> draw_updates(std::mt19937_64& random, std::int64_t from) {
  std::vector<Update> updates;
  const std::size_t count = 3 + random() % 3;
  while (updates.size() < count) {
    const Update update{random() % kSources, random() % 2 == 0 ? 0 : random() % 4, static_cast<float>(random() % 5) / 4,
                        from + static_cast<std::int64_t>(random() % 4) * 5 * kMs, random() % 4 == 0};
    const bool twice = std::any_of(updates.begin(), updates.end(), [&](const Update& other) {
      return other.source == update.source && other.param == update.param;
    });
    if (!twice) updates.push_back(update);
  }
  return updates;
}

void apply(Rig& rig, const Update& update) {
  if (update.release) {
    rig.release(update.source, update.param, update.time);
  } else {
    rig.write(update.source, update.param, update.value, update.time);
  }
}

// To a rig whose first five sources are others.
void apply_renamed(Rig& rig, const std::vector<Update>& updates) {
  for (Update update : updates) {
    update.source += 5;
    apply(rig, update);
  }
}

// Claims before, the updates in that order, and the frames after them.
std::vector<std::vector<std::uint32_t>> frames_of(Rig& rig, const std::vector<Update>& before,
                                                  const std::vector<Update>& updates) {
  for (const Update& update : before) apply(rig, update);
  rig.compose(100 * kMs);
  for (const Update& update : updates) apply(rig, update);
  std::vector<std::vector<std::uint32_t>> frames;
  for (const std::int64_t at : {120, 121, 150, 300, 3000}) frames.push_back(rig.compose(at * kMs));
  return frames;
}

void open_all(Rig& rig) {
  for (const std::uint32_t priority : kPriorities) rig.open(priority);
}

}  // namespace

TEST_CASE("Every order in which sources speak between two frames gives the same frames", "[determinism]") {
  std::mt19937_64 random(1);
  for (long round = 0; round < rounds(20, 1000); ++round) {
    const std::vector<Update> before = draw_updates(random, 0);
    const std::vector<Update> updates = draw_updates(random, 100 * kMs);
    std::vector<std::size_t> order(updates.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::optional<std::vector<std::vector<std::uint32_t>>> first;
    do {
      std::vector<Update> permuted;
      for (const std::size_t i : order) permuted.push_back(updates[i]);
      Rig rig;
      open_all(rig);
      const auto frames = frames_of(rig, before, permuted);
      if (!first) first = frames;
      REQUIRE((frames == *first));
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("Who wins, and from where it goes there, is told by priority, time and number, not by the place of a source",
          "[determinism]") {
  std::mt19937_64 random(2);
  for (long round = 0; round < rounds(300, 20000); ++round) {
    const std::vector<Update> before = draw_updates(random, 0);
    const std::vector<Update> updates = draw_updates(random, 100 * kMs);
    Rig plain;
    open_all(plain);
    // The same sources in the same order of numbers, in places that others had before them.
    Rig mixed;
    for (int i = 0; i < 5; ++i) mixed.open(100);
    std::vector<std::size_t> closing = {0, 1, 2, 3};
    std::shuffle(closing.begin(), closing.end(), random);
    std::uint32_t offset = 0;
    for (std::size_t i = 0; i < kSources; ++i) {
      mixed.close(closing[i]);
      mixed.compose(static_cast<std::int64_t>(i) + 1);
      plain.compose(static_cast<std::int64_t>(i) + 1);
      offset = mixed.open(kPriorities[i]) - static_cast<std::uint32_t>(i) - 1;
    }
    for (const Update& update : before) apply(plain, update);
    apply_renamed(mixed, before);
    plain.compose(100 * kMs);
    mixed.compose(100 * kMs);
    for (const Update& update : updates) apply(plain, update);
    apply_renamed(mixed, updates);
    for (const std::int64_t at : {120, 5000}) {
      plain.compose(at * kMs);
      mixed.compose(at * kMs);
      for (std::size_t p = 0; p < rig_type().size(); ++p) {
        INFO("round " << round << ", parameter " << rig_type()[p].key << " at " << at << " ms");
        const std::uint32_t winner = mixed.winner(p);
        CHECK((winner == 0 ? 0 : winner - offset) == plain.winner(p));
        CHECK(mixed.value(p) == plain.value(p));
      }
    }
  }
}

TEST_CASE("Simultaneous changes of equal priority: the higher source wins, in whatever place", "[determinism]") {
  Rig rig;
  rig.open(100);
  rig.open(100);
  rig.close(0);
  rig.compose(kMs);
  const std::uint32_t newest = rig.open(100);  // where the first one was
  rig.write(2, 1, 0.25F, 50 * kMs);
  rig.write(1, 1, 0.75F, 50 * kMs);
  rig.compose(100 * kMs);
  CHECK(rig.winner(1) == newest);
  CHECK(rig.value(1) == 0.25F);
}

TEST_CASE("Of equal priority the highest value wins where the definition says so, whoever came last", "[determinism]") {
  Rig rig;
  rig.open(100);
  const std::uint32_t high = rig.open(100);
  rig.write(1, 2, 0.75F, 10 * kMs);
  rig.write(0, 2, 0.5F, 20 * kMs);
  rig.compose(3000 * kMs);
  CHECK(rig.winner(2) == high);
  CHECK(rig.value(2) == 0.75F);
  rig.write(1, 2, 0.25F, 3000 * kMs);
  rig.compose(6000 * kMs);
  CHECK(rig.value(2) == 0.5F);
}

TEST_CASE("A gesture that begins before another source's change of the same frame holds nothing that was never shown",
          "[determinism]") {
  Rig rig;
  rig.open(100);
  rig.open(100);
  rig.write(0, 0, 1, 19 * kMs);
  REQUIRE(rig.begin_gesture(1, 0, kMs) == RELUME_OK);
  rig.compose(20 * kMs);
  CHECK(rig.value(0) >= 0);
  CHECK(rig.value(0) < 2e-3F);
}

TEST_CASE("Nor does one that begins in the same tick as another source's fast glide", "[determinism]") {
  Rig rig;
  rig.open(100);
  rig.open(100);
  rig.write_fast(0, 0, 1, 19 * kMs, 1);
  REQUIRE(rig.begin_gesture(1, 0, 18'950'000) == RELUME_OK);  // 19 ms and this are of tick 289
  rig.compose(20 * kMs);
  CHECK(rig.value(0) >= 0);
  CHECK(rig.value(0) <= 1);
}

TEST_CASE("Losses that are noticed together are shown together", "[determinism]") {
  Rig rig;
  rig.open(100, 200 * kMs);
  rig.open(120, 200 * kMs);
  rig.write(0, 1, 0.5F, 0);
  rig.write(1, 3, 1, 10 * kMs);
  rig.compose(20 * kMs);
  CHECK(rig.value(1) == 0.5F);
  rig.compose(199 * kMs);
  CHECK(rig.value(1) == 0.5F);
  rig.compose(500 * kMs);
  CHECK(rig.winner(1) == 0);
  CHECK(rig.winner(3) == 0);
  CHECK(rig.value(1) == 0);
  rig.write(0, 1, 0.5F, 510 * kMs);  // the value that it said last: news again
  rig.compose(520 * kMs);
  CHECK(rig.value(1) == 0.5F);
}

namespace {

// Something for each frame, told by a seed: the same for every show that is asked.
void play(Rig& rig, std::uint64_t seed, std::int64_t now) {
  std::mt19937_64 random(seed);
  for (std::uint64_t n = random() % 3; n > 0; --n) {
    const Update update{random() % kSources, random() % 4, static_cast<float>(random() % 5) / 4,
                        now - static_cast<std::int64_t>(random() % 20) * kMs, random() % 5 == 0};
    apply(rig, update);
  }
  if (random() % 10 == 0) rig.show().set(rig.param(random() % 3), scalar(static_cast<float>(random() % 5) / 4));
  if (random() % 20 == 0) rig.show().reset();
  rig.show().tick();
}

}  // namespace

TEST_CASE("The same input at the same times gives the same bits, whoever else reads and retains", "[determinism]") {
  for (long seed = 1; seed <= rounds(20, 2000); ++seed) {
    Rig alone;
    Rig watched;
    open_all(alone);
    open_all(watched);
    Reader other = watched.show().reader();
    std::vector<RetainedFrame> retained;
    for (std::int64_t i = 1; i < 150; ++i) {
      const std::int64_t now = i * 22 * kMs;
      const auto frame_seed = static_cast<std::uint64_t>(seed * 1000 + i);
      play(alone, frame_seed, now);
      play(watched, frame_seed, now);
      if (i % 3 == 0) CHECK(other.acquire()->number > 0);
      if (i % 7 == 0) retained.emplace_back(other.acquire());
      if (retained.size() > 3) retained.erase(retained.begin());
      INFO("seed " << seed << " frame " << i);
      REQUIRE((alone.compose(now) == watched.compose(now)));
    }
  }
}

TEST_CASE("A course does not depend on how often is composed", "[determinism]") {
  constexpr std::int64_t kSlow = 40;  // ms
  std::mt19937_64 random(5);
  for (long round = 0; round < rounds(50, 5000); ++round) {
    Rig slow;
    Rig fast;
    open_all(slow);
    open_all(fast);
    std::int64_t now = 0;
    for (int i = 0; i < 40; ++i) {
      // At most one new target between two frames of the slow one, and none of another source below it.
      const Update update{2, 3 * (random() % 2), static_cast<float>(random() % 5) / 4,
                          (now + static_cast<std::int64_t>(random() % kSlow)) * kMs, random() % 4 == 0};
      apply(slow, update);
      for (std::int64_t ms = 0; ms < kSlow; ms += 2) {
        if (update.time / kMs - now >= ms && update.time / kMs - now < ms + 2) apply(fast, update);
        fast.compose((now + ms + 2) * kMs);
      }
      now += kSlow;
      slow.compose(now * kMs);
      for (const std::size_t p : {std::size_t{0}, std::size_t{3}}) {
        INFO("round " << round << " at " << now << " ms: " << slow.value(p) << " and " << fast.value(p));
        REQUIRE(std::abs(slow.value(p) - fast.value(p)) <= 1e-4F);
      }
    }
  }
}

TEST_CASE("A claim that takes over when another is released does so at the time of the release, at every rate",
          "[determinism]") {
  const auto at_100_ms = [](std::int64_t step) {
    Rig rig;
    rig.open(100);
    rig.open(120);
    rig.write(0, 0, 1, 0);
    rig.write(1, 0, 0.5F, 0);
    rig.compose(2000 * kMs);
    rig.release(1, 0, 2000 * kMs);
    for (std::int64_t ms = step; ms <= 100; ms += step) rig.compose((2000 + ms) * kMs);
    return rig.value(0);
  };
  CHECK(std::abs(at_100_ms(1) - at_100_ms(100)) < 1e-4F);
}

TEST_CASE("Nothing but an operator moves a value by more than its curve allows", "[determinism]") {
  std::mt19937_64 random(6);
  constexpr double kTau = 100e6;
  for (long round = 0; round < rounds(100, 10000); ++round) {
    Rig rig;
    open_all(rig);
    ModelType narrow = rig_type();
    narrow.insert(narrow.begin(), {"new", RELUME_VEC4});
    std::int64_t now = 0;
    bool other = false;
    float before = 0;
    for (int i = 0; i < 80; ++i) {
      const std::int64_t later = static_cast<std::int64_t>(1 + random() % 60) * kMs;
      const std::size_t source = random() % kSources;
      const float value = static_cast<float>(random() % 5) / 4;
      const std::int64_t time = now + static_cast<std::int64_t>(random() % 70) * kMs - 5 * kMs;
      const relume_param level = rig.show().param("rig/level");
      switch (random() % 9) {
        case 0: rig.show().reset(); break;
        case 1: rig.show().set(rig.show().param("rig/step"), scalar(value)); break;  // its neighbour
        case 2:
          other = !other;
          {
            relume_type_change change{0};
            const DeclaredType type("rig", other ? narrow : rig_type());
            REQUIRE(relume_type_prepare(rig.show().get(), &type.def(), &change, nullptr) == RELUME_OK);
            REQUIRE(relume_type_commit(rig.show().get(), change, nullptr, nullptr) == RELUME_OK);
          }
          break;
        case 3: rig.show().tick(); break;
        case 4: rig.show().store(); break;
        case 5: rig.release_param(source, level, time); break;
        default: rig.write_param(source, level, value, time); break;
      }
      now += later;
      rig.compose(now);
      const float shown = rig.show().get_value(rig.show().param("rig/level")).value.as.f[0];
      const double most = 1 - std::exp(-static_cast<double>(later) / kTau) + 1.1e-4;
      INFO("round " << round << " step " << i << ": " << before << " to " << shown << " in " << later / kMs << " ms");
      REQUIRE(std::abs(shown - before) <= most * std::max(before, 1 - before) + 1.1e-4);
      before = shown;
    }
  }
}
