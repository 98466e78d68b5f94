// SPDX-License-Identifier: Apache-2.0
// What the emulated card refuses, and the faults that it is told to have.
#include "card_client.hpp"
#include "decklink/virtual_card/card.hpp"

#include <unistd.h>
#include <nlohmann/json.hpp>

using namespace card_test;

TEST_CASE("Virtual card: is there, says what it is, and leaves no reference", "[decklink][card]") {
  Cards cards([](virtual_card_options& options) {
    options.cards = 2;
    options.minimum_preroll = 5;
  });
  const Held<abi::Iterator> iterator(Library::get().iterator());
  Held<abi::Device> first, second, none;
  REQUIRE(iterator->Next(first.out()) == abi::kOk);
  REQUIRE(iterator->Next(second.out()) == abi::kOk);
  CHECK(iterator->Next(none.out()) == abi::kFalse);
  CHECK(none.get() == nullptr);
  CHECK(iterator->Next(nullptr) == abi::kNullPointer);
  const char* text = nullptr;
  REQUIRE(second->GetDisplayName(&text) == abi::kOk);
  CHECK(std::string(text) == "Emulated Playout Card (2)");
  std::free(const_cast<char*>(text));
  const auto attributes = query<abi::ProfileAttributes>(second.get());
  REQUIRE(attributes);
  REQUIRE(attributes->GetString(abi::kAttributeVendorName, &text) == abi::kOk);
  CHECK(std::string(text) == "Emulated");
  std::free(const_cast<char*>(text));
  std::int64_t preroll = 0, id = 0, other_id = 0;
  CHECK(attributes->GetInt(abi::kAttributeMinimumPreroll, &preroll) == abi::kOk);
  CHECK(preroll == 5);
  CHECK(attributes->GetInt(abi::kAttributePersistentId, &id) == abi::kOk);
  CHECK(query<abi::ProfileAttributes>(first.get())->GetInt(abi::kAttributePersistentId, &other_id) == abi::kOk);
  CHECK(id != other_id);
  CHECK(attributes->GetInt(abi::code("what"), &id) == abi::kInvalidArgument);
  CHECK(control().references() == 6);  // two devices, held here and by the iterator; it; the attributes
}

TEST_CASE("Virtual card: all faces are one object", "[decklink][card]") {
  Cards cards;
  const auto found = device();
  const auto output = query<abi::era_a::Output>(found.get());
  const auto status = query<abi::Status>(output.get());
  const auto identity = query<abi::Unknown>(found.get());
  CHECK(query<abi::Unknown>(output.get()).get() == identity.get());
  CHECK(query<abi::Unknown>(status.get()).get() == identity.get());
  CHECK_FALSE(query<abi::DisplayMode>(found.get()));
}

TEST_CASE("Virtual card: a profile answers the ids of its era alone", "[decklink][card]") {
  struct {
    std::uint32_t profile;
    bool a, b;
    std::int64_t version;
  } const rows[] = {{VIRTUAL_CARD_PROFILE_BOTH, true, true, 0x0E030000},
                    {VIRTUAL_CARD_PROFILE_A, true, false, 0x0C000000},
                    {VIRTUAL_CARD_PROFILE_B, false, true, 0x0F000000}};
  for (const auto& row : rows) {
    Cards cards([&row](virtual_card_options& options) { options.profile = row.profile; });
    const auto found = device();
    CHECK(static_cast<bool>(query<abi::era_a::Output>(found.get())) == row.a);
    CHECK(static_cast<bool>(query<abi::era_b::Output>(found.get())) == row.b);
    const Held<abi::ApiInformation> information(Library::get().information());
    std::int64_t version = 0;
    CHECK(information->GetInt(abi::kApiVersion, &version) == abi::kOk);
    CHECK(version == row.version);
  }
}

TEST_CASE("Virtual card: is busy when told so, and when it is enabled already", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  const auto other = query<abi::era_b::Output>(client.held.get());
  CHECK(other->EnableVideoOutput(abi::kMode1080p50, 0) == abi::kAccessDenied);
  CHECK(other->DisableVideoOutput() == abi::kAccessDenied);
  CHECK(ledger().enabled == 1);
  std::int64_t busy = 0;
  CHECK(query<abi::Status>(client.held.get())->GetInt(abi::kStatusBusy, &busy) == abi::kOk);
  CHECK(busy == abi::kBusyPlayback);
  CHECK(client.output->DisableVideoOutput() == abi::kOk);
  REQUIRE(control().fault(0, VIRTUAL_CARD_BUSY, 1) == 0);
  CHECK(client.output->EnableVideoOutput(abi::kMode1080p50, 0) == abi::kAccessDenied);
  REQUIRE(control().fault(0, VIRTUAL_CARD_BUSY, 0) == 0);
  CHECK(client.output->EnableVideoOutput(abi::code("what"), 0) == abi::kInvalidArgument);
  CHECK(client.output->EnableVideoOutput(abi::kMode1080p50, 0) == abi::kOk);
}

TEST_CASE("Virtual card: under a lock file it is enabled once", "[decklink][card]") {
  using namespace rig::decklink::card;
  const std::string path = "vcard-lock-" + std::to_string(getpid());
  Settings settings;
  settings.manual_clock = true;
  settings.lock_path = path;
  Recorder recorder("");
  Card one(0, settings, recorder);
  Card same(0, settings, recorder);
  const Caller caller{Era::a, 1};
  const Mode& mode = *find_mode(abi::kMode1080p50);
  CHECK(one.video().enable(caller, mode) == abi::kOk);
  CHECK(same.video().enable(caller, mode) == abi::kAccessDenied);
  CHECK(one.disable_video(caller) == abi::kOk);
  CHECK(same.video().enable(caller, mode) == abi::kOk);
  CHECK(same.disable_video(caller) == abi::kOk);
  unlink(path.c_str());
}

TEST_CASE("Virtual card: refuses what does not fit, and counts it", "[decklink][card]") {
  Cards cards([](virtual_card_options& options) { options.queue_limit = 2; });
  Client<abi::EraA> client;
  auto& output = *client.output.get();
  auto* good = client.make();
  Frame<abi::EraA> small(360, 288, 720, abi::kFormatUyvy), narrow(720, 576, 1438, abi::kFormatUyvy),
      strange(720, 576, 1440, abi::code("what"));
  CHECK(output.ScheduleVideoFrame(nullptr, 0, 1, 1) == abi::kNullPointer);
  for (auto* bad : {&small, &narrow, &strange}) CHECK(client.schedule(bad, 0) == abi::kInvalidArgument);
  CHECK(output.ScheduleVideoFrame(good, 0, 1000, 0) == abi::kInvalidArgument);
  CHECK(output.ScheduleVideoFrame(good, 0, 0, 25000) == abi::kInvalidArgument);
  CHECK(output.ScheduleVideoFrame(good, INT64_MAX, 1, 1) == abi::kInvalidArgument);
  CHECK(client.schedule(good, 0) == abi::kOk);
  CHECK(client.schedule(good, 1) == abi::kOk);
  CHECK(client.schedule(good, 2) == abi::kOutOfMemory);
  REQUIRE(control().fault(0, VIRTUAL_CARD_QUEUE_LIMIT, 3) == 0);
  REQUIRE(control().fault(0, VIRTUAL_CARD_FAIL_SCHEDULE, 1) == 0);
  CHECK(client.schedule(good, 2) == abi::kFailed);
  CHECK(client.schedule(good, 2) == abi::kOk);
  CHECK(ledger().refused == 8);
  CHECK(ledger().scheduled == 3);
  CHECK(output.StartScheduledPlayback(0, 25000, 2.0) == abi::kNotImplemented);
  CHECK(output.StartScheduledPlayback(0, 0, 1.0) == abi::kInvalidArgument);
  CHECK(client.stop() == abi::kFailed);
  CHECK(output.DisableVideoOutput() == abi::kOk);
  CHECK(client.schedule(good, 0) == abi::kAccessDenied);
  client.check_counts();
  CHECK(small.references() == 1);
}

TEMPLATE_TEST_CASE("Virtual card: a strict one asks every frame for its ids", "[decklink][card]", abi::EraA,
                   abi::EraB) {
  const bool strict = GENERATE(false, true);
  Cards cards([strict](virtual_card_options& options) { options.strict = strict ? 1 : 0; });
  Client<TestType> client;
  const abi::Result refused = strict ? abi::kInvalidArgument : abi::kOk;
  CHECK(client.schedule(client.make(), 0) == abi::kOk);
  auto* mute = client.make();
  mute->manners = Manners::mute;
  CHECK(client.schedule(mute, 1) == refused);
  auto* lying = client.make();
  lying->manners = Manners::lying;
  CHECK(client.schedule(lying, 2) == refused);
  // The card's own frames answer.
  Held<typename TestType::MutableVideoFrame> own;
  REQUIRE(client.output->CreateVideoFrame(720, 576, 1440, abi::kFormatUyvy, 0, own.out()) == abi::kOk);
  CHECK(client.output->ScheduleVideoFrame(own.get(), 3000, 1000, 25000) == abi::kOk);
}

TEST_CASE("Virtual card: unplugged, it flushes, tells, and fails for good; plugged again it is another device",
          "[decklink][card]") {
  enum class State { idle, prerolled, running };
  const State state = GENERATE(State::idle, State::prerolled, State::running);
  Cards cards;
  Client<abi::EraA> client;
  auto& output = *client.output.get();
  if (state != State::idle) client.schedule_all(0, 4);
  if (state == State::running) {
    client.start();
    client.step(2);
  }
  REQUIRE(control().unplug(0) == 0);
  CHECK(control().unplug(0) == EINVAL);
  REQUIRE(control().wait_idle(0) == 0);
  client.check_counts();
  CHECK(ledger().flushed == (state == State::idle ? 0u : state == State::prerolled ? 5u : 3u));
  CHECK(client.callback.stopped() == 0);
  std::uint32_t count = 0;
  std::int64_t value = 0;
  CHECK(client.schedule(client.make(), 9) == abi::kFailed);
  CHECK(client.stop() == abi::kFailed);
  CHECK(output.GetBufferedVideoFrameCount(&count) == abi::kFailed);
  CHECK(output.GetReferenceStatus(&count) == abi::kFailed);
  CHECK(output.EnableVideoOutput(abi::kMode1080p50, 0) == abi::kFailed);
  CHECK(output.DisableVideoOutput() == abi::kFailed);
  CHECK(output.GetScheduledStreamTime(1, &value, nullptr) == abi::kFailed);
  const Held<abi::Iterator> iterator(Library::get().iterator());
  Held<abi::Device> none;
  CHECK(iterator->Next(none.out()) == abi::kFalse);

  REQUIRE(control().plug(0) == 0);
  CHECK(control().plug(0) == EINVAL);
  CHECK(output.EnableVideoOutput(abi::kMode1080p50, 0) == abi::kFailed);
  Client<abi::EraA> again;
  CHECK(again.held.get() != client.held.get());
  std::int64_t id = 0, new_id = -1;
  CHECK(query<abi::ProfileAttributes>(client.held.get())->GetInt(abi::kAttributePersistentId, &id) == abi::kOk);
  CHECK(query<abi::ProfileAttributes>(again.held.get())->GetInt(abi::kAttributePersistentId, &new_id) == abi::kOk);
  CHECK(id == new_id);
  CHECK(client.schedule(client.make(), 9) == abi::kFailed);
  CHECK(output.SetScheduledFrameCompletionCallback(nullptr) == abi::kFailed);  // does not silence its successor
  again.schedule_all(0, 1);
  again.start();
  again.step(3);
  CHECK(again.callback.count(abi::kCompleted) == 2);
  CHECK(client.callback.count(abi::kCompleted) == (state == State::running ? 2u : 0u));
}

TEST_CASE("Virtual card: plugged in again it does not call who had it before", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> before;
  before.schedule_all(0, 1);
  REQUIRE(control().unplug(0) == 0);
  REQUIRE(control().plug(0) == 0);
  const std::size_t told = before.callback.told().size();
  CHECK(told == 2);
  const auto again = device();
  const auto output = query<abi::era_a::Output>(again.get());
  REQUIRE(output->EnableVideoOutput(abi::code("pal "), 0) == abi::kOk);
  REQUIRE(output->ScheduleVideoFrame(before.make(), 0, 1000, 25000) == abi::kOk);
  CHECK(output->DisableVideoOutput() == abi::kOk);
  CHECK(ledger().flushed == 3);
  CHECK(before.callback.told().size() == told);
}

namespace {

class Listener final : public abi::DiscoveryCallback {
 public:
  virtual ~Listener() = default;
  abi::Result QueryInterface(abi::InterfaceId /*id*/, void** out) override {
    *out = nullptr;
    return abi::kNoInterface;
  }
  unsigned long AddRef() override { return ++references_; }
  unsigned long Release() override { return --references_; }
  abi::Result DeviceArrived(abi::Device* found) override { return note(true, found); }
  abi::Result DeviceRemoved(abi::Device* found) override { return note(false, found); }
  /// The nth event; waits for it.
  std::pair<bool, abi::Device*> event(std::size_t n) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return events_.size() > n; }));
    return events_[n];
  }
  std::size_t events() {
    const std::lock_guard lock(mutex_);
    return events_.size();
  }

 private:
  abi::Result note(bool arrived, abi::Device* found) {
    const std::lock_guard lock(mutex_);
    events_.emplace_back(arrived, found);
    changed_.notify_all();
    return abi::kOk;
  }
  std::atomic<unsigned long> references_{1};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<bool, abi::Device*>> events_;
};

}  // namespace

TEST_CASE("Virtual card: discovery tells of removal with the device of the arrival", "[decklink][card]") {
  Cards cards;
  Listener listener;
  const Held<abi::Discovery> discovery(Library::get().discovery());
  REQUIRE(discovery->InstallDeviceNotifications(&listener) == abi::kOk);
  CHECK(discovery->InstallDeviceNotifications(&listener) == abi::kAccessDenied);
  const auto arrived = listener.event(0);
  CHECK(arrived.first);
  CHECK(arrived.second == device().get());
  REQUIRE(control().unplug(0) == 0);
  CHECK(listener.event(1) == std::make_pair(false, arrived.second));
  REQUIRE(control().plug(0) == 0);
  CHECK(listener.event(2) == std::make_pair(true, device().get()));
  CHECK(discovery->UninstallDeviceNotifications() == abi::kOk);
  CHECK(discovery->UninstallDeviceNotifications() == abi::kFailed);
  REQUIRE(control().unplug(0) == 0);
  CHECK(listener.events() == 3);
}

TEST_CASE("Virtual card: stops without notice when told so", "[decklink][card]") {
  Cards cards;
  Client<abi::EraA> client;
  client.schedule_all(0, 3);
  REQUIRE(control().fault(0, VIRTUAL_CARD_NO_STOP_NOTICE, 1) == 0);
  client.start();
  client.step(1);
  CHECK(client.stop() == abi::kOk);
  CHECK(client.output->DisableVideoOutput() == abi::kOk);
  CHECK(client.callback.stopped() == 0);
  client.check_counts();
}

TEST_CASE("Virtual card: the reference is what it is told to be", "[decklink][card]") {
  Cards cards;
  Client<abi::EraB> client;
  const auto status = query<abi::Status>(client.held.get());
  std::uint32_t reference = 0;
  bool locked = false;
  CHECK(client.output->GetReferenceStatus(&reference) == abi::kOk);
  CHECK(reference == abi::kReferenceLocked);
  for (const std::uint32_t told : {0u, 1u}) {
    REQUIRE(control().fault(0, VIRTUAL_CARD_REFERENCE, told) == 0);
    CHECK(client.output->GetReferenceStatus(&reference) == abi::kOk);
    CHECK(reference == told);
    CHECK(status->GetFlag(abi::kStatusReferenceLocked, &locked) == abi::kOk);
    CHECK_FALSE(locked);
  }
  CHECK(control().fault(0, VIRTUAL_CARD_REFERENCE, 9) == EINVAL);
  CHECK(control().fault(0, 99, 0) == EINVAL);
  CHECK(control().fault(1, VIRTUAL_CARD_BUSY, 0) == EINVAL);
}

TEST_CASE("Virtual card: is not set up afresh while anything of it is in use", "[decklink][card]") {
  Cards cards;
  virtual_card_options options{};
  options.struct_size = sizeof options;
  options.manual_clock = 1;
  {
    const auto held = device();
    CHECK(control().reset(&options) == EBUSY);
  }
  options.ppm = 1'000'000;
  CHECK(control().reset(&options) == EINVAL);
  options.ppm = 0;
  options.struct_size += 8;
  CHECK(control().reset(&options) == EINVAL);
  CHECK(control().reset(nullptr) == EINVAL);
  options.struct_size = sizeof options;
  options.cards = VIRTUAL_CARD_NO_CARDS;
  CHECK(control().reset(&options) == 0);
  const Held<abi::Iterator> iterator(Library::get().iterator());
  Held<abi::Device> none;
  CHECK(iterator->Next(none.out()) == abi::kFalse);
}
