// SPDX-License-Identifier: Apache-2.0
// What the emulated card does with frames, on a manual clock: exact, and the same through the interfaces of both eras.
#include "card_client.hpp"

using namespace card_test;

namespace {

constexpr std::int64_t kNano = 1'000'000'000;

/// A run that has all four results; returns the ledger as JSON.
template <class Era>
std::string eventful_run() {
  Cards cards;
  {
    Client<Era> client;
    client.schedule_all(0, 5);
    client.start();
    client.step(2);  // slots 0 and 1
    REQUIRE(control().fault(0, VIRTUAL_CARD_STALL_CLOCK, 6) == 0);
    client.step(6);  // slots 2 to 7 pass by
    client.step(1);  // slot 8 shows 5, which is late; 2, 3, 4 are dropped
    client.schedule_all(20, 23);
    client.step(1);
    CHECK(client.stop() == abi::kOk);
    CHECK(client.output->DisableVideoOutput() == abi::kOk);
    client.check_counts();
  }
  char json[1024];
  REQUIRE(control().ledger_json(0, json, sizeof json) < sizeof json);
  return json;
}

}  // namespace

TEMPLATE_TEST_CASE("Virtual card: every frame of 59.94 in nanoseconds goes out in its slot", "[decklink][card]",
                   abi::EraA, abi::EraB) {
  Cards cards;
  constexpr std::int64_t kFrames = 2000;
  {
    Client<TestType> client(abi::code("ntsc"));
    // NTSC has half the rate of 59.94, and the same third of a nanosecond to lose.
    const auto schedule = [&client](std::int64_t slot) {
      return client.output->ScheduleVideoFrame(client.frames[static_cast<std::size_t>(slot % 8)].get(),
                                               slot * 33'366'666, 33'366'666, kNano);
    };
    for (int i = 0; i < 8; ++i) client.make();
    std::int64_t next = 0;
    while (next < 4) REQUIRE(schedule(next++) == abi::kOk);
    std::uint64_t failed = 0;
    client.callback.on_frame = [&](auto*, std::uint32_t result) {
      if (result == abi::kCompleted && next < kFrames) failed += schedule(next++) != abi::kOk;
    };
    REQUIRE(client.output->StartScheduledPlayback(0, kNano, 1.0) == abi::kOk);
    client.step(kFrames + 1);
    CHECK(failed == 0);
    CHECK(client.stop() == abi::kOk);
    CHECK(client.output->DisableVideoOutput() == abi::kOk);
    client.check_counts();
  }
  const auto l = ledger();
  CHECK(l.completed == kFrames);
  CHECK(l.scheduled == kFrames);
  std::int64_t wrong = 0;
  std::int64_t slot = 0;
  for (const auto& shown : displayed()) {
    wrong += shown.slot != slot || shown.shown != slot || shown.serial != static_cast<std::uint64_t>(slot);
    ++slot;
  }
  CHECK(slot == kFrames);
  CHECK(wrong == 0);
}

TEST_CASE("Virtual card: late, dropped and flushed add up, and both eras keep one ledger", "[decklink][card]") {
  const std::string a = eventful_run<abi::EraA>();
  const auto l = ledger();
  CHECK(l.scheduled == 10);
  CHECK(l.completed == 2);
  CHECK(l.late == 1);
  CHECK(l.dropped == 3);
  CHECK(l.flushed == 4);
  CHECK(l.stopped_notices == 1);
  CHECK(l.underruns == 1);
  const auto shown = displayed();
  REQUIRE(shown.size() == 3);
  CHECK(shown[2].slot == 5);
  CHECK(shown[2].shown == 8);
  CHECK(eventful_run<abi::EraB>() == a);
}

TEMPLATE_TEST_CASE("Virtual card: the callback gets the very pointers, in the order of display", "[decklink][card]",
                   abi::EraA, abi::EraB) {
  Cards cards;
  Client<TestType> client;
  client.schedule_all(0, 9);
  client.start();
  client.step(10);
  CHECK(client.stop() == abi::kOk);
  REQUIRE(control().wait_idle(0) == 0);
  const auto told = client.callback.told();
  REQUIRE(told.size() == 10);
  for (std::size_t i = 0; i < told.size(); ++i) {
    CHECK(told[i].frame == client.frames[i].get());
    CHECK(told[i].result == abi::kCompleted);
  }
}

TEST_CASE("Virtual card: holds its own reference from schedule to callback", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  auto* frame = client.make();
  REQUIRE(client.schedule(frame, 0) == abi::kOk);
  CHECK(frame->references() == 2);
  CHECK(ledger().frame_references == 1);
  client.start();
  client.step(1);
  CHECK(frame->references() == 2);  // on the output
  client.step(1);
  CHECK(frame->references() == 1);
  CHECK(ledger().frame_references == 0);
}

TEST_CASE("Virtual card: one frame may be queued ten times", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  auto* frame = client.make();
  for (std::int64_t slot = 0; slot < 10; ++slot) REQUIRE(client.schedule(frame, slot) == abi::kOk);
  CHECK(frame->references() == 11);
  client.start();
  client.step(11);
  CHECK(client.callback.count(abi::kCompleted) == 10);
  CHECK(frame->references() == 1);
}

TEST_CASE("Virtual card: of two frames for one slot the later scheduled goes out", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  client.schedule_all(0, 0);
  client.schedule_all(0, 0);
  client.start();
  client.step(2);
  CHECK(client.callback.count(abi::kDropped) == 1);
  REQUIRE(displayed().size() == 1);
  CHECK(displayed()[0].serial == 1);
}

TEST_CASE("Virtual card: a frame of two slots stays for two, unless the next comes before", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  REQUIRE(client.schedule(client.make(), 0, 2) == abi::kOk);
  REQUIRE(client.schedule(client.make(), 2, 2) == abi::kOk);
  REQUIRE(client.schedule(client.make(), 3, 1) == abi::kOk);
  client.start();
  client.step(2);
  CHECK(client.callback.told().empty());
  client.step(1);
  CHECK(client.callback.told().size() == 1);
  client.step(1);
  CHECK(client.callback.told().size() == 2);
  CHECK(ledger().underruns == 0);
}

TEST_CASE("Virtual card: stopping at a stream time flushes what is later, and plays what is earlier",
          "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  client.schedule_all(0, 9);
  client.start();
  client.step(2);
  std::int64_t actual = 0;
  CHECK(client.output->StopScheduledPlayback(6 * client.duration, &actual, client.scale) == abi::kOk);
  CHECK(actual == 6 * client.duration);
  REQUIRE(control().wait_idle(0) == 0);
  CHECK(client.callback.count(abi::kFlushed) == 4);
  bool running = false;
  client.step(4);
  CHECK(client.output->IsScheduledPlaybackRunning(&running) == abi::kOk);
  CHECK(running);
  client.step(1);
  CHECK(client.output->IsScheduledPlaybackRunning(&running) == abi::kOk);
  CHECK_FALSE(running);
  CHECK(client.callback.count(abi::kCompleted) == 6);
  CHECK(client.callback.stopped() == 1);
}

TEST_CASE("Virtual card: stream time, hardware clock and counts, and null for what is not wanted", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  auto& output = *client.output.get();
  std::int64_t time = -1, in_frame = -1, per_frame = -1;
  double speed = -1;
  CHECK(output.GetScheduledStreamTime(client.scale, &time, &speed) == abi::kOk);
  CHECK(time == 0);
  CHECK(speed == 0.0);
  client.schedule_all(0, 3);
  CHECK(output.StartScheduledPlayback(5 * client.duration, client.scale, 1.0) == abi::kOk);
  client.step(3);
  CHECK(output.GetScheduledStreamTime(client.scale, &time, &speed) == abi::kOk);
  CHECK(time == 5 * client.duration + client.duration * 5 / 2);
  CHECK(speed == 1.0);
  CHECK(output.GetHardwareReferenceClock(client.scale, &time, &in_frame, &per_frame) == abi::kOk);
  CHECK(per_frame == client.duration);
  CHECK(in_frame == 0);
  CHECK(output.GetScheduledStreamTime(client.scale, nullptr, nullptr) == abi::kOk);
  CHECK(output.GetHardwareReferenceClock(client.scale, nullptr, nullptr, nullptr) == abi::kOk);
  CHECK(output.GetScheduledStreamTime(0, &time, &speed) == abi::kInvalidArgument);
  CHECK(output.GetBufferedVideoFrameCount(nullptr) == abi::kNullPointer);
  CHECK(output.StopScheduledPlayback(0, nullptr, 0) == abi::kOk);
}

TEST_CASE("Virtual card: a completion's time is known in its callback, until the frame is scheduled again",
          "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  auto* frame = client.make();
  std::int64_t time = -1;
  CHECK(client.output->GetFrameCompletionReferenceTimestamp(frame, kNano, &time) == abi::kUnexpected);
  abi::Result within = abi::kFailed, after = abi::kOk;
  client.callback.on_frame = [&](auto* told, std::uint32_t) {
    if (client.callback.told().size() > 1) return;
    within = client.output->GetFrameCompletionReferenceTimestamp(told, client.scale, &time);
    (void)client.schedule(frame, 1);
    after = client.output->GetFrameCompletionReferenceTimestamp(told, client.scale, &time);
  };
  REQUIRE(client.schedule(frame, 0) == abi::kOk);
  client.start();
  client.step(2);
  CHECK(within == abi::kOk);
  CHECK(time == 2 * client.duration);
  CHECK(after == abi::kUnexpected);
}

TEST_CASE("Virtual card: a synchronous frame goes out, but not during scheduled playback", "[decklink][card]") {
  Cards cards;
  Client<abi::EraB> client;
  auto* frame = client.make();
  CHECK(client.output->DisplayVideoFrameSync(frame) == abi::kOk);
  CHECK(frame->references() == 1);
  CHECK(ledger().synchronous == 1);
  CHECK(ledger().scheduled == 0);
  client.start();
  CHECK(client.output->DisplayVideoFrameSync(frame) == abi::kAccessDenied);
}

TEST_CASE("Virtual card: the real clock plays at the card's rate, and every frame is told", "[decklink][card]") {
  const auto ppm = GENERATE(-5000, 0, 5000);
  Cards cards([ppm](virtual_card_options& options) {
    options.manual_clock = 0;
    options.ppm = ppm;
  });
  Client<abi::EraA> client(abi::code("hp60"));
  constexpr std::int64_t kFrames = 12;
  client.schedule_all(0, kFrames - 1);
  // The card's time between two of the system's: however long a call is kept waiting, it lies between.
  struct Reading {
    std::chrono::steady_clock::time_point before;
    std::int64_t card = 0;
    std::chrono::steady_clock::time_point after;
  };
  const auto read = [&client] {
    Reading reading;
    reading.before = std::chrono::steady_clock::now();
    CHECK(client.output->GetHardwareReferenceClock(kNano, &reading.card, nullptr, nullptr) == abi::kOk);
    reading.after = std::chrono::steady_clock::now();
    return reading;
  };
  client.start();
  const Reading first = read();
  CHECK(control().step(0, 1) == EINVAL);
  REQUIRE(client.callback.wait_for(kFrames));
  const Reading last = read();
  const auto in_card_time = [ppm](auto duration) {
    return std::chrono::duration<double, std::nano>(duration).count() * (1.0 + ppm / 1e6);
  };
  const auto elapsed = static_cast<double>(last.card - first.card);
  CHECK(elapsed <= in_card_time(last.after - first.before) + 2);
  CHECK(elapsed >= in_card_time(last.before - first.after) - 2);
  CHECK(elapsed >= static_cast<double>(kFrames - 1) * 1e9 / 60);
  CHECK(client.stop() == abi::kOk);
  CHECK(client.output->DisableVideoOutput() == abi::kOk);
  client.check_counts();
  CHECK(ledger().completed == kFrames);  // all were there before the start: no load can make one late
}

TEST_CASE("Virtual card: a clock thread that wakes late makes nothing late, and lets nothing in that was",
          "[decklink][card]") {
  Cards cards([](virtual_card_options& options) { options.manual_clock = 0; });
  Client<abi::EraA> client(abi::code("hp60"));
  client.schedule_all(0, 2);
  REQUIRE(control().fault(0, VIRTUAL_CARD_LATE_CLOCK, 1) == 0);
  client.start();
  std::int64_t time = 0;
  while (time < 4 * client.duration) {
    REQUIRE(client.output->GetScheduledStreamTime(client.scale, &time, nullptr) == abi::kOk);
    std::this_thread::yield();
  }
  client.schedule_all(3, 3);  // its slot has gone by
  CHECK(client.callback.told().empty());
  REQUIRE(control().fault(0, VIRTUAL_CARD_LATE_CLOCK, 0) == 0);
  REQUIRE(client.callback.wait_for(4));
  CHECK(client.callback.count(abi::kCompleted) == 3);
  CHECK(client.callback.count(abi::kDisplayedLate) == 1);
}
