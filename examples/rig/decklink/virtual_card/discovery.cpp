// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/discovery.hpp"

#include <utility>

namespace rig::decklink::card {

abi::Result DeviceIterator::Next(abi::Device** out) {
  if (out == nullptr) return abi::kNullPointer;
  *out = nullptr;
  if (next_ == devices_.size()) return abi::kFalse;
  *out = devices_[next_++].get();
  (*out)->AddRef();
  return abi::kOk;
}

abi::Result DiscoveryObject::InstallDeviceNotifications(abi::DiscoveryCallback* callback) {
  if (callback == nullptr) return abi::kNullPointer;
  Reference<abi::DiscoveryCallback> counted(callback);
  const std::lock_guard lock(mutex_);
  if (listener_ != nullptr) return abi::kAccessDenied;
  listener_ = Registry::instance().listen(std::move(counted));
  return abi::kOk;
}

abi::Result DiscoveryObject::UninstallDeviceNotifications() {
  std::shared_ptr<Registry::Listener> listener;
  {
    const std::lock_guard lock(mutex_);
    listener = std::exchange(listener_, nullptr);
  }
  if (listener == nullptr) return abi::kFailed;
  Registry::instance().stop_listening(listener);
  return abi::kOk;
}

DiscoveryObject::~DiscoveryObject() {
  if (listener_ != nullptr) Registry::instance().stop_listening(listener_);
}

}  // namespace rig::decklink::card
