// SPDX-License-Identifier: Apache-2.0
// The adapter when something goes wrong: on its own side, on the card's, between them.
#include "decklink/adapter_stage.hpp"
#include "decklink/decklink_error.hpp"

#include <xxhash.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace rig;
using rig::test::manual_card;
using rig::test::Stage;

namespace {

std::size_t told(const Stage& stage, const std::string& text) {
  return static_cast<std::size_t>(std::count_if(stage.notices.begin(), stage.notices.end(), [&](const Notice& notice) {
    return notice.what.find(text) != std::string::npos;
  }));
}

std::uint64_t black_hash(const DeckLinkMode& mode) {
  std::vector<std::uint8_t> bytes(2 * static_cast<std::size_t>(mode.width) * static_cast<std::size_t>(mode.height));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = i % 2 == 0 ? 128 : 16;
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t missed(const DeckLinkMetrics& metrics) { return metrics.late + metrics.dropped; }

}  // namespace

TEST_CASE("DeckLink: a machine that stands still costs one jump, and nothing is late after it",
          "[decklink][adapter][faults]") {
  for (const std::uint64_t frames : {4u, 5u, 10u, 500u}) {
    INFO(frames);
    Stage stage;
    stage.start();
    stage.play(100);
    stage.card.step(0, frames);
    stage.play(200);
    const DeckLinkMetrics metrics = stage.metrics();
    CHECK(metrics.reanchors == 1);
    // The queue held 4, one of them on air. The next slot is two ahead of the one on air when the scheduler comes back.
    CHECK(metrics.skipped_slots == frames + 1 + 2 - 4);
    CHECK(missed(metrics) == 0);
    CHECK(told(stage, "fell behind") == 1);
    stage.player.close();
    stage.check_ended();
  }
}

TEST_CASE("DeckLink: a short pause of the machine is what the queue is for", "[decklink][adapter][faults]") {
  Stage stage;
  stage.start();
  stage.play(100);
  stage.card.step(0, 2);
  stage.play(100);
  CHECK(stage.metrics().reanchors == 0);
  CHECK(missed(stage.metrics()) == 0);
  CHECK(stage.ledger().underruns == 0);
  CHECK(stage.notices.empty());
}

TEST_CASE("DeckLink: while the producer stalls the last picture is shown again", "[decklink][adapter][faults]") {
  for (const int frames : {1, 2, 3, 10, 200}) {
    INFO(frames);
    virtual_card_options card = manual_card();
    card.hash_every = 1;
    Stage stage({.mode = "720p50"}, card);
    stage.whole_pictures = true;
    stage.start();
    stage.play(20);
    stage.play(frames, false);
    const std::vector<std::uint64_t> before = stage.hashes;
    stage.play(20);
    const DeckLinkMetrics metrics = stage.metrics();
    // The queue shrinks from four to two before anything is repeated; the first picture after the stall finds it at one.
    CHECK(metrics.repeats == static_cast<std::uint64_t>(frames - 1));
    CHECK(metrics.reanchors == 0);
    CHECK(missed(metrics) == 0);
    stage.player.close();
    stage.card.wait_idle(0);
    CHECK(stage.ledger().underruns == 0);
    const auto displayed = stage.displayed();
    CHECK(static_cast<std::size_t>(std::count_if(displayed.begin(), displayed.end(), [&](const auto& shown) {
            return shown.hash == before.back();
          })) == 1 + metrics.repeats);
    stage.check_ended();
  }
}

TEST_CASE("DeckLink: with nothing for want of a picture, a stall costs one jump", "[decklink][adapter][faults]") {
  for (const int frames : {4, 5, 10, 200}) {
    INFO(frames);
    Stage stage({.underrun = DeckLinkUnderrun::hold});
    stage.start();
    stage.play(100);
    stage.play(frames, false);
    stage.play(200);
    const DeckLinkMetrics metrics = stage.metrics();
    CHECK(metrics.reanchors == 1);
    CHECK(metrics.repeats + metrics.blacks == 0);
    CHECK(missed(metrics) == 0);
    CHECK(told(stage, "fell behind") == 1);
    stage.player.close();
    stage.check_ended();
  }
}

TEST_CASE("DeckLink: with black for want of a picture, the output goes black and comes back",
          "[decklink][adapter][faults]") {
  virtual_card_options card = manual_card();
  card.hash_every = 1;
  Stage stage({.mode = "720p50", .underrun = DeckLinkUnderrun::black}, card);
  stage.whole_pictures = true;
  stage.start();
  stage.play(20);
  stage.play(12, false);
  stage.play(20);
  stage.player.close();
  stage.card.wait_idle(0);
  CHECK(stage.metrics().blacks == 11);
  CHECK(stage.metrics().repeats == 0);
  CHECK(missed(stage.metrics()) == 0);
  std::vector<std::uint64_t> strange;
  for (const auto& shown : stage.displayed()) {
    if (std::find(stage.hashes.begin(), stage.hashes.end(), shown.hash) == stage.hashes.end()) {
      strange.push_back(shown.hash);
    }
  }
  CHECK(strange.size() == 11);
  CHECK(strange.front() == black_hash(stage.player.mode()));
  CHECK(std::adjacent_find(strange.begin(), strange.end(), std::not_equal_to<>()) == strange.end());
  stage.check_ended();
}

TEST_CASE("DeckLink: a producer that is too fast is refused frames, and latency stays bounded",
          "[decklink][adapter][faults]") {
  Stage stage;
  stage.start();
  for (int i = 0; i < 500; ++i) {
    stage.play(1);
    stage.produce();
  }
  const DeckLinkMetrics metrics = stage.metrics();
  CHECK(metrics.completed == 500);
  CHECK(metrics.refused > 490);
  CHECK(metrics.pictures - metrics.completed <= 7);
  CHECK(missed(metrics) + metrics.repeats == 0);
}

TEST_CASE("DeckLink: a producer that is too slow costs repeats and nothing else", "[decklink][adapter][faults]") {
  Stage stage;
  stage.start();
  for (int i = 0; i < 500; ++i) stage.play(1, i % 10 != 0);
  const DeckLinkMetrics metrics = stage.metrics();
  CHECK(metrics.completed == 500);
  CHECK(metrics.repeats == 50 - 1);  // the queue had one to spare
  CHECK(missed(metrics) + metrics.reanchors == 0);
}

TEST_CASE("DeckLink: a card whose output stalls costs one jump, and nothing is late after it",
          "[decklink][adapter][faults]") {
  for (const int frames : {6, 10, 100}) {
    INFO(frames);
    Stage stage;
    stage.start();
    stage.play(100);
    stage.fault(VIRTUAL_CARD_STALL_CLOCK, frames);
    stage.play(frames + 3);
    const DeckLinkMetrics after = stage.metrics();
    CHECK(missed(after) >= 1);
    CHECK(after.reanchors == 1);
    stage.play(200);
    CHECK(missed(stage.metrics()) == missed(after));
    CHECK(stage.metrics().reanchors == 1);
    CHECK(told(stage, "fell behind") == 1);
    stage.player.close();
    stage.check_ended();
  }
}

TEST_CASE("DeckLink: frames that were missed make a short queue jump, before it is empty",
          "[decklink][adapter][faults]") {
  Stage stage({.preroll = 8});
  stage.start();
  stage.play(100);
  stage.fault(VIRTUAL_CARD_STALL_CLOCK, 5);
  stage.play(6);
  // Of the seven that waited five are passed over and one is in time; the one that is left is less than half the preroll.
  CHECK(stage.metrics().dropped == 5);
  CHECK(stage.metrics().late == 0);
  CHECK(stage.metrics().reanchors == 1);
  CHECK(stage.metrics().skipped_slots == 2);
  stage.play(100);
  CHECK(stage.metrics().dropped == 5);
  CHECK(stage.metrics().reanchors == 1);
  CHECK(told(stage, "fell behind") == 1);
  stage.player.close();
  stage.check_ended();
}

TEST_CASE("DeckLink: frames that were missed from a long queue cost no jump, and are told",
          "[decklink][adapter][faults]") {
  Stage stage({.preroll = 8});
  stage.start();
  stage.play(100);
  stage.fault(VIRTUAL_CARD_STALL_CLOCK, 2);
  stage.play(100);
  CHECK(stage.metrics().dropped == 2);
  CHECK(stage.metrics().reanchors == 0);
  CHECK(told(stage, "fell behind") == 1);
}

TEST_CASE("DeckLink: two disturbances apart are two jumps, and two lines only when it was calm between",
          "[decklink][adapter][faults]") {
  Stage stage;
  stage.start();
  stage.play(100);
  stage.card.step(0, 10);
  stage.play(100);
  stage.card.step(0, 10);
  stage.play(300);
  CHECK(stage.metrics().reanchors == 2);
  CHECK(told(stage, "fell behind") == 1);
  stage.card.step(0, 10);
  stage.play(10);
  CHECK(stage.metrics().reanchors == 3);
  CHECK(told(stage, "fell behind") == 2);
}

TEST_CASE("DeckLink: callbacks that come late cost one jump", "[decklink][adapter][faults]") {
  Stage stage;
  stage.start();
  stage.play(100);
  stage.fault(VIRTUAL_CARD_STALL_CALLBACKS, 1);
  stage.play(10);
  CHECK(stage.metrics().outstanding == 4);
  stage.fault(VIRTUAL_CARD_STALL_CALLBACKS, 0);
  REQUIRE(stage.card.wait_idle(0) == 0);
  stage.play(100);
  CHECK(stage.metrics().reanchors == 1);
  CHECK(missed(stage.metrics()) == 0);
  CHECK(stage.metrics().outstanding == 4);
  stage.player.close();
  stage.check_ended();
}

TEST_CASE("DeckLink: a card that takes fewer frames is played with fewer", "[decklink][adapter][faults]") {
  virtual_card_options card = manual_card();
  card.queue_limit = 2;
  Stage stage({}, card);
  stage.open();
  for (int i = 0; i < 4; ++i) {
    stage.produce();
    stage.schedule();
  }
  CHECK(stage.metrics().state == DeckLinkState::playing);
  CHECK(stage.metrics().schedule_failures == 1);
  stage.play(501);
  const DeckLinkMetrics metrics = stage.metrics();
  CHECK(metrics.completed == 500);
  CHECK(missed(metrics) + metrics.reanchors == 0);
  CHECK(metrics.depth == 3);                   // two that wait, and the one on air
  CHECK(metrics.schedule_failures <= 1 + 10);  // a try in each second
  CHECK(told(stage, "takes no more") == 1);
  stage.player.close();
  stage.check_ended();
}

TEST_CASE("DeckLink: a queue limit that comes and goes", "[decklink][adapter][faults]") {
  Stage stage({.depth = 6});
  stage.start();
  stage.play(50);
  stage.produce(3);
  stage.schedule();
  CHECK(stage.metrics().outstanding == 6);
  stage.fault(VIRTUAL_CARD_QUEUE_LIMIT, 2);
  stage.play(100);
  CHECK(stage.metrics().depth == 3);
  stage.fault(VIRTUAL_CARD_QUEUE_LIMIT, 64);
  stage.play(200);
  CHECK(stage.metrics().depth == 6);
  CHECK(missed(stage.metrics()) + stage.metrics().reanchors == 0);
  stage.player.close();
  stage.check_ended();
}

TEST_CASE("DeckLink: a warm-up that takes too long is told once, and playback still starts",
          "[decklink][adapter][faults]") {
  Stage stage({.warm_up_ns = kSecond});
  stage.open();
  stage.produce(2);
  stage.pass(kSecond - 1);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::warming);
  stage.pass(1);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::degraded);
  stage.pass(10 * kSecond);
  stage.schedule();
  CHECK(told(stage, "2 of 4 frames within 1000 ms") == 1);
  CHECK(stage.notices.size() == 1);
  stage.produce(2);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::playing);
}

TEST_CASE("DeckLink: an output that another has is busy, and said to be", "[decklink][adapter][faults]") {
  Stage stage;
  stage.fault(VIRTUAL_CARD_BUSY, 1);
  try {
    stage.open();
    FAIL("it opened");
  } catch (const DeckLinkError& error) {
    CHECK(error.fault() == DeckLinkFault::busy);
    CHECK_THAT(error.what(), Catch::Contains("in use"));
  }
  CHECK(stage.metrics().state == DeckLinkState::closed);
  CHECK(stage.card.references() == 0);
  stage.fault(VIRTUAL_CARD_BUSY, 0);
  stage.start();
}

TEST_CASE("DeckLink: a stop without notice ends all the same, and is told", "[decklink][adapter][faults]") {
  Stage stage({.stop_timeout_ns = 20 * kMillisecond});
  stage.start();
  stage.play(10);
  stage.fault(VIRTUAL_CARD_NO_STOP_NOTICE, 1);
  stage.player.close();
  CHECK(stage.metrics().silent_stops == 1);
  CHECK(told(stage, "no notice") == 1);
  stage.check_ended();
}

TEST_CASE("DeckLink: a stop while the callbacks stand still loses no result", "[decklink][adapter][faults]") {
  Stage stage({.stop_timeout_ns = 20 * kMillisecond});
  stage.start();
  stage.play(10);
  stage.fault(VIRTUAL_CARD_STALL_CALLBACKS, 1);
  stage.play(10);
  stage.player.close();
  stage.check_ended();
}

TEST_CASE("DeckLink: unplugged in any state, it is lost, looked for, and plays again", "[decklink][adapter][faults]") {
  Stage stage({.stop_timeout_ns = 200 * kMillisecond});
  stage.open();
  const std::string state = GENERATE("warming", "warming with frames", "degraded", "playing", "playing, repeating");
  INFO(state);
  if (state == "warming with frames") {
    stage.produce(2);
    stage.schedule();
  } else if (state == "degraded") {
    stage.pass(3 * kSecond);
    stage.schedule();
  } else if (state != "warming") {
    stage.produce(4);
    stage.schedule();
    stage.play(20);
    if (state == "playing, repeating") stage.play(20, false);
  }
  DeckLinkPicture held = stage.player.try_acquire();
  REQUIRE(stage.card.unplug(0) == 0);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::lost);
  CHECK(stage.metrics().losses == 1);
  CHECK(told(stage, "is lost") == 1);
  CHECK_FALSE(stage.player.try_acquire());
  stage.check_ledger();

  // Not there yet: looked for at growing distances, in silence.
  const std::size_t said = stage.notices.size();
  for (int i = 0; i < 100; ++i) {
    stage.pass(100 * kMillisecond);
    stage.schedule();
  }
  CHECK(stage.notices.size() == said);
  CHECK(stage.metrics().state == DeckLinkState::lost);

  REQUIRE(stage.card.plug(0) == 0);
  stage.pass(4 * kSecond);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::warming);
  CHECK(stage.metrics().reconnects == 1);
  CHECK(told(stage, "is back") == 1);
  if (held) stage.player.submit(std::move(held));  // of the session before: dropped
  stage.schedule();
  CHECK(stage.metrics().outstanding == 0);
  stage.produce(4);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::playing);
  stage.play(50);
  CHECK(missed(stage.metrics()) == 0);
  stage.player.close();
  CHECK(stage.metrics().outstanding == 0);
  CHECK(stage.card.references() == 0);
}

TEST_CASE("DeckLink: a card that is back and busy is told once and taken later", "[decklink][adapter][faults]") {
  Stage stage;
  stage.start();
  stage.card.unplug(0);
  stage.schedule();
  stage.card.plug(0);
  stage.fault(VIRTUAL_CARD_BUSY, 1);
  for (int i = 0; i < 5; ++i) {
    stage.pass(5 * kSecond);
    stage.schedule();
  }
  CHECK(stage.metrics().state == DeckLinkState::lost);
  CHECK(told(stage, "in use") == 1);
  stage.fault(VIRTUAL_CARD_BUSY, 0);
  stage.pass(5 * kSecond);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::warming);
}

TEST_CASE("DeckLink: a schedule call that fails without reason loses the card, and it comes back",
          "[decklink][adapter][faults]") {
  Stage stage;
  stage.start();
  stage.play(10);
  stage.fault(VIRTUAL_CARD_FAIL_SCHEDULE, 1);
  stage.play(1);
  CHECK(stage.metrics().state == DeckLinkState::lost);
  CHECK(stage.metrics().schedule_failures == 1);
  CHECK(told(stage, "ScheduleVideoFrame") == 1);
  stage.check_ledger();
  stage.pass(kSecond);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::warming);
}

TEST_CASE("DeckLink: a lost card is looked for after a quarter of a second, then at growing distances",
          "[decklink][adapter][faults]") {
  Stage stage;
  stage.start();
  stage.card.unplug(0);
  stage.schedule();
  for (const std::int64_t pause : {250, 500, 1'000, 2'000, 4'000, 4'000}) {
    INFO(pause);
    stage.card.plug(0);
    stage.pass(pause * kMillisecond - 1);
    stage.schedule();
    CHECK(stage.metrics().state == DeckLinkState::lost);
    stage.card.unplug(0);
    stage.pass(1);
    stage.schedule();
    CHECK(stage.metrics().state == DeckLinkState::lost);
  }
  stage.card.plug(0);
  stage.pass(4 * kSecond);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::warming);
  // The next loss begins anew.
  stage.card.unplug(0);
  stage.schedule();
  stage.card.plug(0);
  stage.pass(250 * kMillisecond);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::warming);
  CHECK(stage.metrics().losses == 2);
}

TEST_CASE("DeckLink: of two cards the same one is taken again", "[decklink][adapter][faults]") {
  virtual_card_options cards = manual_card();
  cards.cards = 2;
  Stage stage({}, cards);
  stage.start();
  stage.card.unplug(0);
  stage.schedule();
  REQUIRE(stage.metrics().state == DeckLinkState::lost);
  stage.pass(5 * kSecond);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::lost);  // the other one is not ours
  stage.card.plug(0);
  stage.pass(5 * kSecond);
  stage.schedule();
  CHECK(stage.metrics().state == DeckLinkState::warming);
  CHECK(stage.ledger().enabled == 1);
}
