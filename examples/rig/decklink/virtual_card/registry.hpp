// SPDX-License-Identifier: Apache-2.0
// The cards of this process, and who is told when one comes or goes.
#pragma once

#include "decklink/virtual_card/card.hpp"
#include "decklink/virtual_card/device.hpp"

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

namespace rig::decklink::card {

/// Made when the library is first asked for anything; never destroyed, because clients may call until the process ends.
class Registry {
 public:
  static Registry& instance();
  /// nullptr before the first instance().
  static Registry* existing();

  /// EBUSY while anything is enabled or referenced.
  int reset(const Settings& settings);
  /// What `use` returns; while it runs no reset() takes place. EINVAL when there is no such card.
  int with_card(std::uint32_t number, const std::function<int(Card&)>& use);

  /// The devices that are plugged in, counted for the caller.
  std::vector<Reference<abi::Device>> devices();
  std::int64_t api_version();

  int unplug(std::uint32_t number);
  int plug(std::uint32_t number);

  /// Who wants to know. Called on a thread of the registry's.
  struct Listener {
    Reference<abi::DiscoveryCallback> callback;
    bool active = true;
  };
  /// The devices that are there are announced at once.
  std::shared_ptr<Listener> listen(Reference<abi::DiscoveryCallback> callback);
  /// Afterwards it is not called any more (unless this is called from a callback).
  void stop_listening(const std::shared_ptr<Listener>& listener);

  /// At the end of the process: what is logged goes to disk, with a summary of each card.
  void finish();

 private:
  struct Announcement {
    std::shared_ptr<Listener> listener;
    Reference<abi::Device> device;
    bool arrived;
  };
  explicit Registry(const Settings& settings);
  void build(const Settings& settings);
  void announce(const Reference<abi::Device>& device, bool arrived);
  void run_announcements();
  void write_wanted_pictures();

  const pid_t process_;
  std::shared_mutex use_mutex_;  // shared by who uses the cards, alone for who replaces them; taken before mutex_
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable announced_;
  Settings settings_;
  std::unique_ptr<Recorder> recorder_;
  std::vector<std::unique_ptr<Card>> cards_;
  std::vector<abi::Device*> plugged_;  // by card; each with a reference that is not counted as a client's
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::deque<Announcement> announcements_;
  std::shared_ptr<Listener> announcing_;
  std::thread announcer_;
  std::thread picture_requests_;
};

}  // namespace rig::decklink::card
