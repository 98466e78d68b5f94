// SPDX-License-Identifier: Apache-2.0
// The adapter in good order: playing, stopping, modes, eras, what reaches the card's output.
#include "decklink/adapter_stage.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

using namespace rig;
using rig::test::manual_card;
using rig::test::Stage;

TEST_CASE("DeckLink: 10,000 frames of 1080p50 and of 1080p59.94, none late", "[decklink][adapter]") {
  for (const char* const mode : {"1080p50", "1080p5994"}) {
    INFO(mode);
    Stage stage({.mode = mode});
    stage.start();
    const std::uint64_t preroll = stage.metrics().preroll;
    CHECK(preroll == 4);
    stage.play(10'000);
    const DeckLinkMetrics metrics = stage.metrics();
    CHECK(metrics.completed == 10'000);
    CHECK(metrics.scheduled == 10'000 + preroll);
    CHECK(metrics.outstanding == preroll);
    CHECK((metrics.late == 0 && metrics.dropped == 0 && metrics.flushed == 0));
    CHECK((metrics.repeats == 0 && metrics.reanchors == 0 && metrics.refused == 0 && metrics.schedule_failures == 0));
    CHECK(metrics.pictures == metrics.scheduled);
    CHECK(stage.ledger().underruns == 0);
    const auto displayed = stage.displayed();
    REQUIRE(displayed.size() == 10'001);  // one is on air
    std::int64_t wrong = 0;
    for (std::size_t i = 0; i < displayed.size(); ++i) {
      const auto slot = static_cast<std::int64_t>(i);
      wrong += displayed[i].slot != slot || displayed[i].shown != slot || displayed[i].serial != i;
    }
    CHECK(wrong == 0);
    stage.check_ledger();
    stage.player.close();
    CHECK(stage.metrics().state == DeckLinkState::closed);
    CHECK(stage.metrics().flushed + stage.metrics().completed == 10'000 + preroll);
    stage.check_ended();
    CHECK(stage.notices.empty());
  }
}

TEST_CASE("DeckLink: playback starts when the preroll is there, not before", "[decklink][adapter]") {
  for (const std::uint32_t minimum : {1u, 3u, 6u}) {
    virtual_card_options card = manual_card();
    card.minimum_preroll = minimum;
    Stage stage({}, card);
    stage.open();
    const std::uint32_t preroll = std::max(minimum, 3u) + 1;
    CHECK(stage.metrics().preroll == preroll);
    CHECK(stage.metrics().latency_ns == preroll * 20'000'000);
    for (std::uint32_t i = 0; i < preroll; ++i) {
      CHECK(stage.metrics().state == DeckLinkState::warming);
      CHECK(stage.displayed().empty());
      REQUIRE(stage.produce() == 1);
      stage.schedule();
    }
    CHECK(stage.metrics().state == DeckLinkState::playing);
    stage.play(1);
    CHECK(stage.displayed().size() == 1);
  }
}

TEST_CASE("DeckLink: preroll and depth are the caller's choice", "[decklink][adapter]") {
  Stage stage({.preroll = 2, .depth = 7});
  stage.open();
  stage.produce(2);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::playing);
  stage.produce(8);
  stage.schedule();
  CHECK(stage.metrics().outstanding == 7);
  stage.play(50);
  CHECK(stage.metrics().outstanding == 7);
  CHECK(stage.metrics().late + stage.metrics().dropped == 0);
  stage.player.close();
  stage.check_ended();
}

TEST_CASE("DeckLink: what is shown is what was submitted, bit by bit, in its order", "[decklink][adapter]") {
  for (const std::uint32_t profile : {VIRTUAL_CARD_PROFILE_A, VIRTUAL_CARD_PROFILE_B}) {
    for (const char* const mode : {"720p50", "720p25"}) {
      INFO("profile " << profile << ", " << mode);
      virtual_card_options card = manual_card();
      card.hash_every = 1;
      card.profile = profile;
      Stage stage({.mode = mode}, card);
      stage.whole_pictures = true;
      stage.start();
      stage.play(60);
      stage.player.close();
      stage.card.wait_idle(0);
      const auto displayed = stage.displayed();
      REQUIRE(displayed.size() > 50);
      const std::size_t slots = stage.player.mode().slots;
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < displayed.size(); ++i) wrong += displayed[i].hash != stage.hashes.at(i / slots);
      CHECK(wrong == 0);
      CHECK(stage.metrics().late + stage.metrics().dropped + stage.metrics().repeats == 0);
      stage.check_ended();
    }
  }
}

TEST_CASE("DeckLink: both eras keep the same ledger, also under a strict driver", "[decklink][adapter]") {
  std::vector<std::vector<std::uint64_t>> ledgers;
  for (const std::uint32_t profile : {VIRTUAL_CARD_PROFILE_A, VIRTUAL_CARD_PROFILE_B, VIRTUAL_CARD_PROFILE_BOTH}) {
    for (const std::uint32_t strict : {0u, 1u}) {
      INFO("profile " << profile << ", strict " << strict);
      virtual_card_options card = manual_card();
      card.profile = profile;
      card.strict = strict;
      Stage stage({}, card);
      stage.start();
      stage.play(100);
      stage.card.step(0, 12);  // the machine stands still for 12 frames
      stage.play(100);
      stage.play(5, false);
      stage.player.close();
      stage.check_ended();
      const DeckLinkMetrics m = stage.metrics();
      ledgers.push_back(
          {m.scheduled, m.completed, m.late, m.dropped, m.flushed, m.repeats, m.reanchors, m.skipped_slots});
    }
  }
  CHECK(ledgers[0][6] == 1);
  for (const auto& ledger : ledgers) CHECK(ledger == ledgers[0]);
}

TEST_CASE("DeckLink: 720p25 fills each two slots of 720p50 with one picture", "[decklink][adapter]") {
  Stage stage({.mode = "720p25"});
  stage.start();
  CHECK(stage.metrics().pictures == 2);
  CHECK(stage.metrics().outstanding == 4);
  for (int i = 0; i < 500; ++i) {
    stage.play(1, false);
    stage.play(1, true);
  }
  const DeckLinkMetrics metrics = stage.metrics();
  CHECK(metrics.completed == 1'000);
  CHECK(metrics.repeats == 0);
  CHECK((metrics.scheduled + 1) / 2 == metrics.pictures);
  stage.player.close();
  stage.check_ended();
}

TEST_CASE("DeckLink: a stop in every state gives everything back", "[decklink][adapter][stop]") {
  Stage stage;
  stage.player.close();  // before anything
  SECTION("while warming, with nothing") { stage.open(); }
  SECTION("while warming, with a picture that waits and frames that are queued") {
    stage.open();
    stage.produce(2);
    stage.schedule();
    stage.produce(1);
  }
  SECTION("degraded") {
    stage.open();
    stage.pass(3 * kSecond);
    stage.schedule();
    CHECK(stage.metrics().state == DeckLinkState::degraded);
  }
  SECTION("playing") {
    stage.start();
    stage.play(10);
  }
  SECTION("playing, with a producer that has a frame in its hands") {
    stage.start();
    DeckLinkPicture held = stage.player.try_acquire();
    REQUIRE(held);
    stage.player.close();
    CHECK(stage.card.references() > 0);
    held.bytes()[0] = 1;  // still there
    stage.player.submit(std::move(held));
    CHECK(stage.metrics().pictures == 4);
  }
  SECTION("lost") {
    stage.start();
    stage.card.unplug(0);
    stage.schedule();
    CHECK(stage.metrics().state == DeckLinkState::lost);
  }
  stage.player.close();
  CHECK(stage.metrics().state == DeckLinkState::closed);
  stage.card.wait_idle(0);
  stage.check_ended();
  stage.player.close();  // once more
  stage.check_ended();
}

TEST_CASE("DeckLink: it can be started again after a stop, with counters at zero", "[decklink][adapter][stop]") {
  Stage stage;
  for (int i = 0; i < 3; ++i) {
    virtual_card_options card = manual_card();
    REQUIRE(stage.card.reset(&card) == 0);
    stage.start();
    stage.play(20);
    stage.player.close();
    CHECK(stage.metrics().completed == 21);  // the stop ends the one on air
    stage.check_ended();
  }
}

TEST_CASE("DeckLink: flushed frames are answered by nothing", "[decklink][adapter][stop]") {
  Stage stage;
  stage.start();
  stage.produce(2);  // are waiting when the stop comes
  stage.player.close();
  CHECK(stage.metrics().scheduled == 4);
  CHECK(stage.metrics().flushed + stage.metrics().completed == 4);
  CHECK(stage.ledger().stopped_notices == 1);
  CHECK(stage.metrics().silent_stops == 0);
  stage.check_ended();
}

TEST_CASE("DeckLink: the reference is asked for once a second", "[decklink][adapter]") {
  Stage stage;
  stage.fault(VIRTUAL_CARD_REFERENCE, 0);
  stage.start();
  CHECK(stage.metrics().reference == DeckLinkReference::unlocked);
  stage.fault(VIRTUAL_CARD_REFERENCE, 2);
  stage.play(48);
  CHECK(stage.metrics().reference == DeckLinkReference::unlocked);
  stage.play(1);
  CHECK(stage.metrics().reference == DeckLinkReference::locked);
  stage.fault(VIRTUAL_CARD_REFERENCE, 1);
  stage.play(50);
  CHECK(stage.metrics().reference == DeckLinkReference::unsupported);
}

TEST_CASE("DeckLink: lead and queue are measured against the card's clock", "[decklink][adapter]") {
  Stage stage;
  stage.start();
  CHECK(stage.metrics().lead_ns == 80'000'000);
  stage.play(20);
  CHECK(stage.metrics().lead_ns == 80'000'000);
  CHECK(stage.metrics().lead_min_ns == 60'000'000);
  stage.play(1, false);
  stage.play(1, false);
  CHECK(stage.metrics().lead_min_ns == 40'000'000);
  CHECK(stage.metrics().queued_min <= 2);
  CHECK(stage.metrics().callback_max_ns > 0);
  CHECK(stage.metrics().callback_p99_ns >= stage.metrics().callback_p50_ns);
}

TEST_CASE("DeckLink: on the real clock, with its own thread and a producer, the counters are the card's",
          "[decklink][adapter][real]") {
  virtual_card_options card{};
  card.struct_size = sizeof card;
  card.hash_every = 1;
  const virtual_card_control& control = rig::test::card_control();
  REQUIRE(control.reset(&card) == 0);
  DeckLinkOutput output({.library = RELUME_VIRTUAL_CARD, .mode = "720p50"}, {});
  output.start();
  // At the mode's rate by this thread's clock, for two seconds.
  const std::int64_t begin = monotonic_now();
  std::vector<std::uint64_t> hashes;
  for (std::int64_t n = 0; n < 100; ++n) {
    sleep_until(begin + output.mode().nanoseconds(n));
    DeckLinkPicture picture = output.try_acquire();
    if (!picture) continue;
    std::fill_n(picture.bytes(), picture.row_bytes(), static_cast<std::uint8_t>(n));
    hashes.push_back(rig::test::picture_hash(picture));
    output.submit(std::move(picture));
  }
  output.stop();
  const DeckLinkMetrics ours = output.metrics();
  virtual_card_ledger theirs{};
  theirs.struct_size = sizeof theirs;
  REQUIRE(control.wait_idle(0) == 0);
  REQUIRE(control.ledger(0, &theirs) == 0);
  CHECK(ours.scheduled == theirs.scheduled);
  CHECK(ours.completed == theirs.completed);
  CHECK(ours.late == theirs.late);
  CHECK(ours.dropped == theirs.dropped);
  CHECK(ours.flushed == theirs.flushed);
  CHECK(ours.scheduled == ours.completed + ours.late + ours.dropped + ours.flushed);
  CHECK(ours.pictures == hashes.size());
  CHECK(ours.completed > 0);
  CHECK((ours.outstanding == 0 && ours.unanswered == 0 && ours.silent_stops == 0));
  CHECK(theirs.frame_references == 0);
  CHECK(control.references() == 0);
  // How a loaded machine splits the results is its own affair; what is shown was submitted, and in that order.
  std::vector<virtual_card_displayed> displayed(control.displayed(0, 0, nullptr, 0));
  control.displayed(0, 0, displayed.data(), displayed.size());
  std::size_t at = 0;
  std::size_t strange = 0;
  for (const virtual_card_displayed& shown : displayed) {
    while (at < hashes.size() && hashes[at] != shown.hash) ++at;
    strange += at == hashes.size();
  }
  CHECK(strange == 0);
}

TEST_CASE("DeckLink: on the real clock, a card that goes and comes back while a producer goes on",
          "[decklink][adapter][real]") {
  virtual_card_options card{};
  card.struct_size = sizeof card;
  const virtual_card_control& control = rig::test::card_control();
  REQUIRE(control.reset(&card) == 0);
  DeckLinkOutput output({.library = RELUME_VIRTUAL_CARD, .mode = "720p50"}, {});
  output.start();
  std::atomic<bool> ending{false};
  std::thread producer([&] {
    const std::int64_t begin = monotonic_now();
    for (std::int64_t n = 0; !ending.load(); ++n) {
      sleep_until(begin + output.mode().nanoseconds(n));
      DeckLinkPicture picture = output.try_acquire();
      if (!picture) continue;
      picture.bytes()[0] = static_cast<std::uint8_t>(n);
      output.submit(std::move(picture));
    }
  });
  const auto comes_to = [&](DeckLinkState state) {
    const std::int64_t deadline = monotonic_now() + 20 * kSecond;
    while (output.metrics().state != state && monotonic_now() < deadline) sleep_until(monotonic_now() + kMillisecond);
    return output.metrics().state == state;
  };
  CHECK(comes_to(DeckLinkState::playing));
  CHECK(control.unplug(0) == 0);
  CHECK(comes_to(DeckLinkState::lost));
  CHECK(control.plug(0) == 0);
  CHECK(comes_to(DeckLinkState::playing));
  output.stop();  // the producer goes on for a while
  ending.store(true);
  producer.join();
  const DeckLinkMetrics ours = output.metrics();
  CHECK((ours.losses == 1 && ours.reconnects == 1));
  CHECK(ours.scheduled == ours.completed + ours.late + ours.dropped + ours.flushed + ours.unanswered);
  CHECK(ours.outstanding == 0);
  REQUIRE(control.wait_idle(0) == 0);
  CHECK(control.references() == 0);
}
