// SPDX-License-Identifier: Apache-2.0
// Taking a card, step by step, on a device whose every answer is the test's choice: what was begun is undone, and rows are as
// long as the card says.
#include "decklink/card_session.hpp"
#include "decklink/decklink_error.hpp"
#include "decklink/decklink_player.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace rig;
using namespace rig::decklink;
using abi::Result;

namespace {

/// What the device answers, and what it saw.
struct Script {
  abi::Code mode = abi::kMode720p50;
  long width = 1280;
  std::int64_t duration = 1;
  std::int64_t scale = 50;
  bool supported = true;
  Result modes = abi::kOk;
  Result enable = abi::kOk;
  Result listen = abi::kOk;
  Result stop_listening = abi::kOk;
  Result playing = abi::kOk;  // of all calls once it is taken
  int frames_at_most = 100;
  long row_bytes = 2560;
  std::optional<std::int64_t> minimum_preroll;

  std::function<void()> on_disable;

  std::vector<abi::era_a::VideoFrame*> scheduled;
  int enabled = 0;
  int listening = 0;
  int frames = 0;
  int references = 0;
  abi::era_a::VideoOutputCallback* callback =
      nullptr;  // not counted: no card is known to be that careless, or not to be
};

/// Reference counting that the script watches. Without QueryInterface, which is the leaf's.
template <class Interface>
class Watched : public Interface {
 public:
  explicit Watched(Script& script) : script_(script) { ++script_.references; }
  unsigned long AddRef() override {
    ++script_.references;
    return ++count_;
  }
  unsigned long Release() override {
    --script_.references;
    const unsigned long left = --count_;
    if (left == 0) delete this;
    return left;
  }
  Result QueryInterface(abi::InterfaceId, void** out) override {
    *out = nullptr;
    return abi::kNoInterface;
  }

 protected:
  virtual ~Watched() = default;  // the iterator has none of its own
  Script& script_;

 private:
  unsigned long count_ = 1;
};

class Mode final : public Watched<abi::DisplayMode> {
 public:
  using Watched::Watched;
  Result GetName(const char**) override { return abi::kNotImplemented; }
  abi::Code GetDisplayMode() override { return script_.mode; }
  long GetWidth() override { return script_.width; }
  long GetHeight() override { return 720; }
  Result GetFrameRate(std::int64_t* duration, std::int64_t* scale) override {
    *duration = script_.duration;
    *scale = script_.scale;
    return abi::kOk;
  }
  abi::Code GetFieldDominance() override { return abi::kFieldProgressive; }
  std::uint32_t GetFlags() override { return abi::kModeRec709; }
};

class Modes final : public Watched<abi::DisplayModeIterator> {
 public:
  using Watched::Watched;
  Result Next(abi::DisplayMode** out) override {
    *out = std::exchange(done_, true) ? nullptr : new Mode(script_);
    return *out != nullptr ? abi::kOk : abi::kFalse;
  }

 private:
  bool done_ = false;
};

class Frame final : public Watched<abi::era_a::MutableVideoFrame> {
 public:
  explicit Frame(Script& script) : Watched(script), bytes_(static_cast<std::size_t>(script.row_bytes) * 720) {
    ++script_.frames;
  }
  long GetWidth() override { return 1280; }
  long GetHeight() override { return 720; }
  long GetRowBytes() override { return script_.row_bytes; }
  abi::Code GetPixelFormat() override { return abi::kFormatUyvy; }
  std::uint32_t GetFlags() override { return 0; }
  Result GetBytes(void** out) override {
    *out = bytes_.data();
    return abi::kOk;
  }
  Result GetTimecode(abi::Code, abi::Timecode**) override { return abi::kFalse; }
  Result GetAncillaryData(void**) override { return abi::kFalse; }
  Result SetFlags(std::uint32_t) override { return abi::kOk; }
  Result SetTimecode(abi::Code, abi::Timecode*) override { return abi::kNotImplemented; }
  Result SetTimecodeFromComponents(abi::Code, std::uint8_t, std::uint8_t, std::uint8_t, std::uint8_t,
                                   std::uint32_t) override {
    return abi::kNotImplemented;
  }
  Result SetAncillaryData(void*) override { return abi::kNotImplemented; }
  Result SetTimecodeUserBits(abi::Code, std::uint32_t) override { return abi::kNotImplemented; }

 private:
  ~Frame() override { --script_.frames; }
  std::vector<std::uint8_t> bytes_;
};

class Output final : public Watched<abi::era_a::Output> {
 public:
  using Watched::Watched;
  using Code = abi::Code;
  Result DoesSupportVideoMode(std::uint32_t, Code, Code format, std::uint32_t, std::uint32_t, Code*,
                              bool* supported) override {
    *supported = script_.supported && format == abi::kFormatUyvy;
    return abi::kOk;
  }
  Result GetDisplayModeIterator(abi::DisplayModeIterator** out) override {
    *out = script_.modes == abi::kOk ? new Modes(script_) : nullptr;
    return script_.modes;
  }
  Result EnableVideoOutput(Code, std::uint32_t) override {
    if (script_.enable == abi::kOk) ++script_.enabled;
    return script_.enable;
  }
  Result DisableVideoOutput() override {
    --script_.enabled;
    if (script_.on_disable) script_.on_disable();
    return abi::kOk;
  }
  Result CreateVideoFrame(std::int32_t, std::int32_t, std::int32_t, Code, std::uint32_t,
                          abi::era_a::MutableVideoFrame** out) override {
    if (script_.frames >= script_.frames_at_most) return abi::kOutOfMemory;
    *out = new Frame(script_);
    return abi::kOk;
  }
  Result SetScheduledFrameCompletionCallback(abi::era_a::VideoOutputCallback* callback) override {
    if (callback != nullptr && script_.listen != abi::kOk) return script_.listen;
    if (callback == nullptr && script_.stop_listening != abi::kOk) return script_.stop_listening;
    script_.callback = callback;
    script_.listening += callback != nullptr ? 1 : -1;
    return abi::kOk;
  }
  Result ScheduleVideoFrame(abi::era_a::VideoFrame* frame, std::int64_t, std::int64_t, std::int64_t) override {
    script_.scheduled.push_back(frame);
    return script_.playing;
  }
  Result GetBufferedVideoFrameCount(std::uint32_t* out) override {
    *out = 0;
    return script_.playing;
  }
  Result StartScheduledPlayback(std::int64_t, std::int64_t, double) override { return script_.playing; }
  Result StopScheduledPlayback(std::int64_t, std::int64_t*, std::int64_t) override { return script_.playing; }
  Result GetScheduledStreamTime(std::int64_t, std::int64_t* time, double*) override {
    *time = 0;
    return script_.playing;
  }
  // What the adapter has no use for.
  Result GetDisplayMode(Code, abi::DisplayMode**) override { return abi::kNotImplemented; }
  Result SetScreenPreviewCallback(void*) override { return abi::kNotImplemented; }
  Result SetVideoOutputFrameMemoryAllocator(void*) override { return abi::kNotImplemented; }
  Result CreateAncillaryData(Code, void**) override { return abi::kNotImplemented; }
  Result DisplayVideoFrameSync(abi::era_a::VideoFrame*) override { return abi::kNotImplemented; }
  Result EnableAudioOutput(std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t) override {
    return abi::kNotImplemented;
  }
  Result DisableAudioOutput() override { return abi::kNotImplemented; }
  Result WriteAudioSamplesSync(void*, std::uint32_t, std::uint32_t*) override { return abi::kNotImplemented; }
  Result BeginAudioPreroll() override { return abi::kNotImplemented; }
  Result EndAudioPreroll() override { return abi::kNotImplemented; }
  Result ScheduleAudioSamples(void*, std::uint32_t, std::int64_t, std::int64_t, std::uint32_t*) override {
    return abi::kNotImplemented;
  }
  Result GetBufferedAudioSampleFrameCount(std::uint32_t*) override { return abi::kNotImplemented; }
  Result FlushBufferedAudioSamples() override { return abi::kNotImplemented; }
  Result SetAudioCallback(abi::AudioCallback*) override { return abi::kNotImplemented; }
  Result IsScheduledPlaybackRunning(bool*) override { return abi::kNotImplemented; }
  Result GetReferenceStatus(std::uint32_t*) override { return abi::kNotImplemented; }
  Result GetHardwareReferenceClock(std::int64_t, std::int64_t*, std::int64_t*, std::int64_t*) override {
    return abi::kNotImplemented;
  }
  Result GetFrameCompletionReferenceTimestamp(abi::era_a::VideoFrame*, std::int64_t, std::int64_t*) override {
    return abi::kNotImplemented;
  }
};

class Attributes final : public Watched<abi::ProfileAttributes> {
 public:
  using Watched::Watched;
  Result GetFlag(abi::Code, bool*) override { return abi::kInvalidArgument; }
  Result GetInt(abi::Code what, std::int64_t* out) override {
    if (what != abi::kAttributeMinimumPreroll || !script_.minimum_preroll) return abi::kInvalidArgument;
    *out = *script_.minimum_preroll;
    return abi::kOk;
  }
  Result GetFloat(abi::Code, double*) override { return abi::kInvalidArgument; }
  Result GetString(abi::Code, const char**) override { return abi::kInvalidArgument; }
};

class Device final : public Watched<abi::Device> {
 public:
  using Watched::Watched;
  Result QueryInterface(abi::InterfaceId id, void** out) override {
    *out = nullptr;
    if (id == abi::era_a::Output::kId) *out = static_cast<abi::era_a::Output*>(new Output(script_));
    if (id == abi::ProfileAttributes::kId) *out = static_cast<abi::ProfileAttributes*>(new Attributes(script_));
    return *out != nullptr ? abi::kOk : abi::kNoInterface;
  }
  Result GetModelName(const char**) override { return abi::kNotImplemented; }
  Result GetDisplayName(const char**) override { return abi::kNotImplemented; }
};

class Devices final : public Watched<abi::Iterator> {
 public:
  using Watched::Watched;
  Result Next(abi::Device** out) override {
    *out = std::exchange(done_, true) ? nullptr : new Device(script_);
    return *out != nullptr ? abi::kOk : abi::kFalse;
  }

 private:
  bool done_ = false;
};

Script* library_script = nullptr;  // of the library below, whose factory takes no argument

DeckLinkLibrary library_of(Script& script) {
  library_script = &script;
  return {[]() -> abi::Iterator* { return new Devices(*library_script); }, nullptr, "scripted"};
}

std::unique_ptr<CardSession> take(Script& script, const DeckLinkOptions& options = {}, const char* mode = "720p50",
                                  std::shared_ptr<CardEvents> events = std::make_shared<CardEvents>(8)) {
  CardDevice card{Held<abi::Device>(new Device(script)), {"Scripted Card", "", {}, {}}};
  return std::make_unique<CardSession>(std::move(card), *find_decklink_mode(mode), options, std::move(events));
}

std::optional<DeckLinkFault> refusal(Script& script) {
  try {
    take(script);
  } catch (const DeckLinkError& error) {
    CHECK(error.where() == "Scripted Card");
    CHECK_FALSE(error.remedy().empty());
    return error.fault();
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("DeckLink: a card is taken and given back", "[decklink][session]") {
  Script script;
  {
    const auto session = take(script);
    CHECK((script.enabled == 1 && script.listening == 1 && script.frames == 7));
    CHECK((session->preroll() == 4 && session->depth() == 4));
    CHECK((session->duration() == 1 && session->scale() == 50));
  }
  CHECK((script.enabled == 0 && script.listening == 0 && script.frames == 0 && script.references == 0));
}

TEST_CASE("DeckLink: wherever taking a card fails, what was begun is undone", "[decklink][session]") {
  struct Step {
    const char* name;
    std::function<void(Script&)> fail;
    DeckLinkFault fault;
  };
  const Step steps[] = {
      {"no list of modes", [](Script& s) { s.modes = abi::kFailed; }, DeckLinkFault::card_failed},
      {"another mode", [](Script& s) { s.mode = abi::kMode1080p50; }, DeckLinkFault::no_mode},
      {"another size", [](Script& s) { s.width = 1920; }, DeckLinkFault::no_mode},
      {"another rate", [](Script& s) { s.scale = 60; }, DeckLinkFault::no_mode},
      {"a rate of nothing", [](Script& s) { s.duration = s.scale = 0; }, DeckLinkFault::no_mode},
      {"not in this format", [](Script& s) { s.supported = false; }, DeckLinkFault::no_mode},
      {"busy", [](Script& s) { s.enable = abi::kAccessDenied; }, DeckLinkFault::busy},
      {"not enabled", [](Script& s) { s.enable = abi::kFailed; }, DeckLinkFault::card_failed},
      {"no callback", [](Script& s) { s.listen = abi::kFailed; }, DeckLinkFault::card_failed},
      {"no frames", [](Script& s) { s.frames_at_most = 0; }, DeckLinkFault::card_failed},
      {"too few frames", [](Script& s) { s.frames_at_most = 6; }, DeckLinkFault::card_failed},
      {"rows too short", [](Script& s) { s.row_bytes = 2559; }, DeckLinkFault::card_failed},
  };
  for (const Step& step : steps) {
    INFO(step.name);
    Script script;
    step.fail(script);
    const auto fault = refusal(script);
    REQUIRE(fault);
    CHECK(*fault == step.fault);
    CHECK((script.enabled == 0 && script.listening == 0 && script.frames == 0 && script.references == 0));
  }
}

TEST_CASE("DeckLink: the card's fraction of a frame's time is taken as it is", "[decklink][session]") {
  Script script;
  script.duration = 1000;
  script.scale = 50'000;
  CHECK(take(script)->scale() == 50'000);
  // Both names of a mode that carries 25 pictures in 50 slots.
  CHECK(take(script, {}, "720p25")->duration() == 1000);
}

TEST_CASE("DeckLink: rows are as long as the card makes them", "[decklink][session]") {
  Script script;
  script.row_bytes = 2560 + 64;
  const auto session = take(script);
  const DeckLinkPicture picture = session->pool()->acquire();
  REQUIRE(picture);
  CHECK(picture.row_bytes() == 2560 + 64);
}

TEST_CASE("DeckLink: the preroll follows the card's minimum, within reason", "[decklink][session]") {
  const auto preroll = [](std::optional<std::int64_t> minimum, const DeckLinkOptions& options = {}) {
    Script script;
    script.minimum_preroll = minimum;
    return take(script, options)->preroll();
  };
  CHECK(preroll(std::nullopt) == 4);
  CHECK(preroll(1) == 4);
  CHECK(preroll(5) == 6);
  CHECK(preroll(-1) == 4);
  CHECK(preroll(1'000'000'000'000) == 64);
  CHECK(preroll(5, {.preroll = 2}) == 2);
}

TEST_CASE("DeckLink: the callback answers for its ids and counts its references", "[decklink][session]") {
  Script script;
  const auto session = take(script);
  abi::Unknown* const callback = script.callback;
  for (const abi::InterfaceId& id : {abi::Unknown::kId, abi::era_a::VideoOutputCallback::kId}) {
    void* face = nullptr;
    REQUIRE(callback->QueryInterface(id, &face) == abi::kOk);
    CHECK(face == script.callback);
    CHECK(callback->Release() == 1);
  }
  void* face = script.callback;
  CHECK(callback->QueryInterface(abi::era_b::VideoOutputCallback::kId, &face) == abi::kNoInterface);
  CHECK(face == nullptr);
  CHECK(callback->QueryInterface(abi::Unknown::kId, nullptr) == abi::kNullPointer);
}

TEST_CASE("DeckLink: a card that keeps the callback may still call it when all is over", "[decklink][session]") {
  Script script;
  script.stop_listening = abi::kFailed;
  take(script);
  CHECK(script.references == 0);
  REQUIRE(script.callback != nullptr);
  CHECK(script.callback->ScheduledFrameCompleted(nullptr, abi::kFlushed) == abi::kOk);
  CHECK(script.callback->ScheduledPlaybackHasStopped() == abi::kOk);
}

TEST_CASE("DeckLink: results of an earlier session are left out", "[decklink][session]") {
  CardEvents events(4);
  const std::uint64_t before = events.begin_session();
  const std::uint64_t now = events.begin_session();
  std::vector<CardResult> results;
  events.completed(before, &events, abi::kCompleted);
  events.stopped(before);
  events.take(results);
  CHECK(results.empty());
  CHECK_FALSE(events.wait_results(1, 0));
  CHECK_FALSE(events.wait_stopped(0));
  events.completed(now, &events, abi::kDropped);
  events.stopped(now);
  CHECK(events.wait_results(1, 0));
  CHECK(events.wait_stopped(0));
  events.take(results);
  REQUIRE(results.size() == 1);
  CHECK((results[0].frame == &events && results[0].completion == abi::kDropped));
}

TEST_CASE("DeckLink: a card is known again by its persistent id, else its place, else its name",
          "[decklink][session]") {
  const CardIdentity full{"Card (1)", "Card", 7, 1};
  CHECK(full.same_card({"Card (2)", "Card", 7, 2}));
  CHECK_FALSE(full.same_card({"Card (1)", "Card", 8, 1}));
  CHECK(full.same_card({"Card (2)", "Card", {}, 1}));
  CHECK_FALSE(full.same_card({"Card (1)", "Card", {}, 2}));
  CHECK(full.same_card({"Card (1)", "Card", {}, {}}));
  CHECK_FALSE(full.same_card({"Card (2)", "Card", {}, {}}));
}

TEST_CASE("DeckLink: results that come after the disable are waited for", "[decklink][session]") {
  Script script;
  const auto events = std::make_shared<CardEvents>(8);
  const auto session = take(script, {}, "720p50", events);
  FramePool& pool = *session->pool();
  REQUIRE(FramePool::submit(pool.acquire()));
  REQUIRE(pool.next_picture());
  const auto* const frame = static_cast<const abi::era_a::VideoFrame*>(pool.frame(*pool.current()).identity());
  pool.scheduled(*pool.current(), 0);
  pool.scheduled(*pool.current(), 1);
  std::thread callbacks;
  script.on_disable = [&] {
    callbacks = std::thread([&] {
      for (int i = 0; i < 2; ++i) {
        script.callback->ScheduledFrameCompleted(const_cast<abi::era_a::VideoFrame*>(frame), abi::kFlushed);
      }
    });
  };
  CHECK(session->end(false, 10'000'000'000));
  std::vector<CardResult> results;
  events->take(results);
  callbacks.join();
  CHECK(results.size() == 2);
  session->release();
}

TEST_CASE("DeckLink: frames of which a lost card never told are counted, and what it says later is left out",
          "[decklink][session]") {
  Script script;
  DeckLinkPlayer player({.mode = "720p50", .stop_timeout_ns = 1'000'000}, {});
  player.open(library_of(script), 0);
  for (int i = 0; i < 4; ++i) player.submit(player.try_acquire());
  player.step(1);
  REQUIRE(player.metrics().state == DeckLinkState::playing);
  REQUIRE(script.scheduled.size() == 4);
  abi::era_a::VideoOutputCallback* const callback = script.callback;
  callback->AddRef();
  callback->ScheduledFrameCompleted(script.scheduled[0], abi::kCompleted);
  player.step(2);
  script.playing = abi::kFailed;
  player.step(3);
  const DeckLinkMetrics lost = player.metrics();
  CHECK(lost.state == DeckLinkState::lost);
  CHECK(lost.unanswered == 3);
  CHECK(lost.scheduled == lost.completed + lost.unanswered);
  CHECK(script.frames == 0);

  script.playing = abi::kOk;
  player.step(1'000'000'000);
  REQUIRE(player.metrics().state == DeckLinkState::warming);
  for (int i = 1; i < 4; ++i) callback->ScheduledFrameCompleted(script.scheduled[0], abi::kFlushed);
  callback->Release();
  player.step(1'000'000'001);
  CHECK(player.metrics().flushed == 0);
  CHECK(player.metrics().unanswered == 3);
  player.close();
  CHECK(script.references == 0);
}

TEST_CASE("DeckLink: a result without a name and one of a foreign frame", "[decklink][session]") {
  Script script;
  DeckLinkPlayer player({.mode = "720p50", .stop_timeout_ns = 0}, {});
  player.open(library_of(script), 0);
  for (int i = 0; i < 4; ++i) player.submit(player.try_acquire());
  player.step(1);
  REQUIRE(script.scheduled.size() == 4);
  script.callback->ScheduledFrameCompleted(nullptr, abi::kCompleted);
  script.callback->ScheduledFrameCompleted(script.scheduled[0], 77);
  script.callback->ScheduledFrameCompleted(script.scheduled[1], abi::kCompleted);
  player.step(2);
  const DeckLinkMetrics metrics = player.metrics();
  CHECK(metrics.dropped == 1);  // nobody said that it was shown
  CHECK(metrics.completed == 1);
}
