// SPDX-License-Identifier: Apache-2.0
// From where the emulated card calls its client, and what it waits for.
#include "card_client.hpp"

using namespace card_test;

namespace {

class AudioCallback final : public abi::AudioCallback {
 public:
  std::function<void(bool)> on_call;
  virtual ~AudioCallback() = default;
  abi::Result QueryInterface(abi::InterfaceId /*id*/, void** out) override {
    *out = nullptr;
    return abi::kNoInterface;
  }
  unsigned long AddRef() override { return ++references_; }
  unsigned long Release() override { return --references_; }
  abi::Result RenderAudioSamples(bool preroll) override {
    if (on_call) on_call(preroll);
    return abi::kOk;
  }
  unsigned long references() const { return references_.load(); }

 private:
  std::atomic<unsigned long> references_{1};
};

}  // namespace

TEST_CASE("Virtual card: calls back on one thread, never inside the client's call, sound on another",
          "[decklink][card]") {
  Cards cards;
  AudioCallback audio;
  std::mutex mutex;
  std::vector<std::thread::id> audio_threads;
  audio.on_call = [&](bool) {
    const std::lock_guard lock(mutex);
    audio_threads.push_back(std::this_thread::get_id());
  };
  {
    Client<abi::EraA> client;
    REQUIRE(client.output->EnableAudioOutput(48000, 16, 2, abi::kAudioContinuous) == abi::kOk);
    REQUIRE(client.output->SetAudioCallback(&audio) == abi::kOk);
    client.schedule_all(0, 19);
    client.start();
    client.step(10);
    CHECK(client.stop() == abi::kOk);
    CHECK(client.output->DisableVideoOutput() == abi::kOk);
    CHECK(client.output->DisableAudioOutput() == abi::kOk);
    CHECK(client.output->SetAudioCallback(nullptr) == abi::kOk);
    const auto threads = client.callback.threads();
    REQUIRE(threads.size() == 21);
    REQUIRE(audio_threads.size() == 10);
    CHECK(std::all_of(threads.begin(), threads.end(), [&](auto id) { return id == threads[0]; }));
    CHECK(std::all_of(audio_threads.begin(), audio_threads.end(), [&](auto id) { return id == audio_threads[0]; }));
    CHECK(threads[0] != std::this_thread::get_id());
    CHECK(audio_threads[0] != std::this_thread::get_id());
    CHECK(audio_threads[0] != threads[0]);
  }
  CHECK(audio.references() == 1);
}

TEMPLATE_TEST_CASE("Virtual card: a callback may ask the card for anything", "[decklink][card]", abi::EraA, abi::EraB) {
  Cards cards;
  Client<TestType> client;
  client.schedule_all(0, 4);
  int wrong = 0;
  client.callback.on_frame = [&](auto* frame, std::uint32_t result) {
    std::uint32_t queued = 0;
    std::int64_t time = 0;
    bool running = false;
    auto& output = *client.output.get();
    wrong += output.GetBufferedVideoFrameCount(&queued) != abi::kOk;
    wrong += output.GetScheduledStreamTime(client.scale, &time, nullptr) != abi::kOk;
    wrong += output.IsScheduledPlaybackRunning(&running) != abi::kOk;
    wrong += output.SetScheduledFrameCompletionCallback(&client.callback) != abi::kOk;
    if (result == abi::kCompleted && time < 100 * client.duration) {
      wrong += output.ScheduleVideoFrame(frame, time + 4 * client.duration, client.duration, client.scale) != abi::kOk;
    }
  };
  client.start();
  client.step(50);
  CHECK(wrong == 0);
  CHECK(client.callback.count(abi::kCompleted) > 40);
}

TEST_CASE("Virtual card: may be stopped under a lock that the stopped notice takes", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  std::mutex clients;
  bool stopped = false;
  client.callback.on_stopped = [&] {
    const std::lock_guard lock(clients);
    stopped = true;
  };
  client.schedule_all(0, 3);
  client.start();
  client.step(1);
  {
    const std::lock_guard lock(clients);
    CHECK(client.stop() == abi::kOk);
  }
  REQUIRE(control().wait_idle(0) == 0);
  const std::lock_guard lock(clients);
  CHECK(stopped);
}

TEST_CASE("Virtual card: a disable returns when everything is told", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  client.schedule_all(0, 39);
  REQUIRE(control().fault(0, VIRTUAL_CARD_STALL_CALLBACKS, 1) == 0);
  client.start();
  client.step(20);
  CHECK(client.callback.told().empty());
  CHECK(ledger().outstanding == 40);
  CHECK(client.output->DisableVideoOutput() == abi::kOk);  // ends the stall
  CHECK(client.callback.told().size() == 40);
  client.check_counts();
}

TEST_CASE("Virtual card: may be disabled from a callback", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  client.schedule_all(0, 5);
  abi::Result result = abi::kUnexpected;
  client.callback.on_frame = [&](auto*, std::uint32_t told) {
    if (told == abi::kCompleted && result == abi::kUnexpected) result = client.output->DisableVideoOutput();
  };
  client.start();
  client.step(2);
  CHECK(result == abi::kOk);
  client.check_counts();
  CHECK(ledger().flushed == 4);
}

TEST_CASE("Virtual card: a client on the real clock, scheduling from its callback and stopping meanwhile",
          "[decklink][card]") {
  // What ThreadSanitizer is for.
  Cards cards([](virtual_card_options& options) {
    options.manual_clock = 0;
    options.hash_every = 1;
  });
  Client<abi::EraB> client(abi::code("hp60"));
  for (int i = 0; i < 6; ++i)
    client.make()->bytes.assign(static_cast<std::size_t>(2 * client.width * client.height), 1);
  std::int64_t next = 0;
  for (const auto& frame : client.frames) REQUIRE(client.schedule(frame.get(), next++) == abi::kOk);
  client.callback.on_frame = [&](auto* frame, std::uint32_t result) {
    if (result == abi::kFlushed) return;
    static_cast<Frame<abi::EraB>*>(frame)->bytes[0] = static_cast<std::uint8_t>(next);  // the bytes are ours again
    (void)client.output->ScheduleVideoFrame(frame, next * client.duration, client.duration, client.scale);
    ++next;
  };
  client.start();
  REQUIRE(client.callback.wait_for(20));
  CHECK(client.stop() == abi::kOk);
  CHECK(client.output->DisableVideoOutput() == abi::kOk);
  client.check_counts();
  CHECK(client.frames[0]->open_accesses() == 0);
}

TEST_CASE("Virtual card: sound is taken at 48 kHz, 800 or 801 samples a frame of 59.94", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client(abi::code("hp59"));
  auto& output = *client.output.get();
  std::vector<std::uint8_t> samples(4 * 4004);
  std::uint32_t written = 0, buffered = 0;
  CHECK(output.ScheduleAudioSamples(samples.data(), 10, 0, 0, &written) == abi::kAccessDenied);
  CHECK(output.EnableAudioOutput(44100, 16, 2, abi::kAudioContinuous) == abi::kInvalidArgument);
  CHECK(output.EnableAudioOutput(48000, 24, 2, abi::kAudioContinuous) == abi::kInvalidArgument);
  CHECK(output.EnableAudioOutput(48000, 16, 3, abi::kAudioContinuous) == abi::kInvalidArgument);
  REQUIRE(output.EnableAudioOutput(48000, 16, 2, abi::kAudioContinuous) == abi::kOk);
  CHECK(output.ScheduleAudioSamples(samples.data(), 4004, 0, 0, &written) == abi::kOk);
  CHECK(written == 4004);
  client.start();
  std::vector<std::uint64_t> taken;
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t before = ledger().audio_played;
    client.step(1);
    taken.push_back(ledger().audio_played - before);
  }
  CHECK(taken == std::vector<std::uint64_t>{800, 801, 801, 801, 801});
  CHECK(ledger().audio_underruns == 0);
  client.step(1);
  CHECK(ledger().audio_underruns == 800);
  CHECK(output.ScheduleAudioSamples(samples.data(), 4004, 0, 0, &written) == abi::kOk);
  CHECK(output.GetBufferedAudioSampleFrameCount(&buffered) == abi::kOk);
  CHECK(buffered == 4004);
  CHECK(client.stop() == abi::kOk);
  const auto l = ledger();
  CHECK(l.audio_written == l.audio_played + l.audio_flushed + l.audio_buffered);
  CHECK(l.audio_flushed == 4004);
  CHECK(output.DisableAudioOutput() == abi::kOk);
}

TEST_CASE("Virtual card: sound takes what fits, and written at once it drains without playback", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  auto& output = *client.output.get();
  std::vector<std::uint8_t> samples(4 * 60000);
  std::uint32_t written = 0;
  REQUIRE(output.EnableAudioOutput(48000, 16, 2, abi::kAudioTimestamped) == abi::kOk);
  CHECK(output.ScheduleAudioSamples(samples.data(), 100, 0, 0, &written) == abi::kInvalidArgument);
  CHECK(output.WriteAudioSamplesSync(samples.data(), 60000, &written) == abi::kOk);
  CHECK(written == 48000);
  client.step(5);  // a fifth of a second
  CHECK(ledger().audio_played == 9600);
  std::thread writer([&] { (void)output.WriteAudioSamplesSync(samples.data(), 60000, nullptr); });  // waits for room
  while (ledger().audio_written < 48000 + 60000) client.step(1);
  writer.join();
  CHECK(output.FlushBufferedAudioSamples() == abi::kOk);
  CHECK(ledger().audio_buffered == 0);
  CHECK(output.DisableAudioOutput() == abi::kOk);
}
