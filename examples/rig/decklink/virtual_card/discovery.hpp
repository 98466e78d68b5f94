// SPDX-License-Identifier: Apache-2.0
// How clients find cards: by asking for each in turn, or by being told.
#pragma once

#include "decklink/virtual_card/counted.hpp"
#include "decklink/virtual_card/registry.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace rig::decklink::card {

/// Over the cards that were there when it was made.
class DeviceIterator final : public Counted<abi::Iterator> {
 public:
  abi::Result Next(abi::Device** out) override;

 private:
  const std::vector<Reference<abi::Device>> devices_ = Registry::instance().devices();
  std::size_t next_ = 0;
};

class DiscoveryObject final : public Counted<abi::Discovery> {
 public:
  abi::Result InstallDeviceNotifications(abi::DiscoveryCallback* callback) override;
  abi::Result UninstallDeviceNotifications() override;

 private:
  ~DiscoveryObject() override;

  std::mutex mutex_;
  std::shared_ptr<Registry::Listener> listener_;
};

}  // namespace rig::decklink::card
