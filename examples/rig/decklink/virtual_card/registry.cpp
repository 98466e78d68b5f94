// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/registry.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

namespace rig::decklink::card {

namespace {

std::atomic<Registry*> g_registry{nullptr};
constexpr std::chrono::milliseconds kPictureRequestPeriod{50};

/// Gives back the registry's own reference, which was not counted as a client's.
void let_go(abi::Device* device) {
  if (device == nullptr) return;
  references().fetch_add(1);
  device->Release();
}

abi::Device* make_device(Card& card) {
  abi::Device* device = new VirtualDevice(card);
  references().fetch_sub(1);
  return device;
}

}  // namespace

Registry& Registry::instance() {
  static std::once_flag once;
  std::call_once(once, [] { g_registry.store(new Registry(settings_from_environment())); });
  return *g_registry.load();
}

Registry* Registry::existing() { return g_registry.load(); }

Registry::Registry(const Settings& settings) : process_(getpid()) {
  build(settings);
  announcer_ = std::thread([this] { run_announcements(); });
  if (!settings.png_path.empty()) picture_requests_ = std::thread([this] { write_wanted_pictures(); });
}

void Registry::build(const Settings& settings) {
  for (abi::Device* device : plugged_) let_go(device);
  plugged_.clear();
  cards_.clear();
  recorder_.reset();

  settings_ = settings;
  recorder_ = std::make_unique<Recorder>(settings.log_path);
  for (std::uint32_t i = 0; i < settings.cards; ++i) {
    cards_.push_back(std::make_unique<Card>(i, settings, *recorder_));
    plugged_.push_back(make_device(*cards_.back()));
  }
}

int Registry::reset(const Settings& settings) {
  const std::unique_lock use(use_mutex_);
  const std::lock_guard lock(mutex_);
  if (references().load() != 0 || !listeners_.empty()) return EBUSY;
  for (const auto& card : cards_) {
    if (card->video().mode() != nullptr) return EBUSY;
  }
  build(settings);
  return 0;
}

int Registry::with_card(std::uint32_t number, const std::function<int(Card&)>& use) {
  const std::shared_lock lock(use_mutex_);
  return number < cards_.size() ? use(*cards_[number]) : EINVAL;
}

std::vector<Reference<abi::Device>> Registry::devices() {
  const std::shared_lock use(use_mutex_);
  const std::lock_guard lock(mutex_);
  std::vector<Reference<abi::Device>> devices;
  for (abi::Device* device : plugged_) {
    if (device != nullptr) devices.emplace_back(device);
  }
  return devices;
}

std::int64_t Registry::api_version() {
  const std::lock_guard lock(mutex_);
  if (!settings_.answers_b) return 0x0C000000;
  return settings_.answers_a ? 0x0E030000 : 0x0F000000;
}

int Registry::unplug(std::uint32_t number) {
  return with_card(number, [this, number](Card& card) {
    abi::Device* device = nullptr;
    {
      const std::lock_guard lock(mutex_);
      device = std::exchange(plugged_[number], nullptr);
    }
    if (device == nullptr) return EINVAL;
    card.unplug();
    announce(Reference<abi::Device>(device), false);
    let_go(device);
    return 0;
  });
}

int Registry::plug(std::uint32_t number) {
  return with_card(number, [this, number](Card& card) {
    {
      const std::lock_guard lock(mutex_);
      if (plugged_[number] != nullptr) return EINVAL;
    }
    card.plug();  // waits for callbacks, which may ask for devices
    Reference<abi::Device> device;
    {
      const std::lock_guard lock(mutex_);
      plugged_[number] = make_device(card);
      device = Reference<abi::Device>(plugged_[number]);
    }
    announce(device, true);
    return 0;
  });
}

void Registry::announce(const Reference<abi::Device>& device, bool arrived) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& listener : listeners_) announcements_.push_back({listener, device, arrived});
  }
  wake_.notify_one();
}

std::shared_ptr<Registry::Listener> Registry::listen(Reference<abi::DiscoveryCallback> callback) {
  auto listener = std::make_shared<Listener>();
  listener->callback = std::move(callback);
  const std::shared_lock use(use_mutex_);
  {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(listener);
    for (abi::Device* device : plugged_) {
      if (device != nullptr) announcements_.push_back({listener, Reference<abi::Device>(device), true});
    }
  }
  wake_.notify_one();
  return listener;
}

void Registry::stop_listening(const std::shared_ptr<Listener>& listener) {
  std::unique_lock lock(mutex_);
  listener->active = false;
  std::erase(listeners_, listener);
  if (!on_calling_thread()) announced_.wait(lock, [this, &listener] { return announcing_ != listener; });
}

void Registry::run_announcements() {
  on_calling_thread() = true;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return !announcements_.empty(); });
    {
      const Announcement next = std::move(announcements_.front());
      announcements_.pop_front();
      if (next.listener->active) announcing_ = next.listener;
      const bool call = announcing_ != nullptr;
      lock.unlock();
      if (call && next.arrived) next.listener->callback->DeviceArrived(next.device.get());
      if (call && !next.arrived) next.listener->callback->DeviceRemoved(next.device.get());
    }
    lock.lock();
    announcing_.reset();
    announced_.notify_all();
  }
}

void Registry::write_wanted_pictures() {
  for (;;) {
    std::this_thread::sleep_for(kPictureRequestPeriod);
    const std::shared_lock use(use_mutex_);
    for (const auto& card : cards_) {
      std::string path = card->settings().png_path;
      if (path.empty()) continue;
      if (card->number() > 0) path += "." + std::to_string(card->number());
      const std::string request = path + ".request";
      if (access(request.c_str(), F_OK) != 0) continue;
      const auto picture = card->desk().newest();
      const int error = picture == nullptr ? ENOENT : write_png(*picture, path);
      // One that comes before the first picture waits for it; one that cannot be met is not tried for ever.
      if (error == ENOENT) continue;
      if (error != 0) std::fprintf(stderr, "virtual card: cannot write %s: %s\n", path.c_str(), std::strerror(error));
      unlink(request.c_str());
    }
  }
}

void Registry::finish() {
  if (getpid() != process_) return;  // a fork has no threads that would write
  const std::shared_lock use(use_mutex_, std::try_to_lock);
  if (!use.owns_lock()) return;  // the process ends in the middle of a reset()
  for (const auto& card : cards_) card->log_summary();
  recorder_->flush();
}

}  // namespace rig::decklink::card
