// SPDX-License-Identifier: Apache-2.0
// Libraries that are not quite a card's, one by each value of FAKE_LIBRARY: what a loader must tell apart.
#include "decklink/decklink_abi.hpp"

#define FAKE_WITHOUT_ITERATOR 1  // another library under the right name
#define FAKE_NULL_ITERATOR 2     // the driver is not loaded
#define FAKE_EMPTY_ITERATOR 3    // no card
#define FAKE_CAPTURE_CARD 4      // a card without an output

#if FAKE_LIBRARY != FAKE_WITHOUT_ITERATOR

using namespace rig::decklink;

namespace {

#if FAKE_LIBRARY == FAKE_CAPTURE_CARD
class CaptureCard final : public abi::Device {
 public:
  abi::Result QueryInterface(abi::InterfaceId, void** out) override {
    *out = nullptr;
    return abi::kNoInterface;
  }
  unsigned long AddRef() override { return 1; }
  unsigned long Release() override { return 1; }
  abi::Result GetModelName(const char**) override { return abi::kNotImplemented; }
  abi::Result GetDisplayName(const char**) override { return abi::kNotImplemented; }
};
#endif

class Iterator final : public abi::Iterator {
 public:
  abi::Result QueryInterface(abi::InterfaceId, void** out) override {
    *out = nullptr;
    return abi::kNoInterface;
  }
  unsigned long AddRef() override { return 1; }
  unsigned long Release() override {
    at_end_ = false;
    return 1;
  }
  abi::Result Next(abi::Device** out) override {
    *out = nullptr;
#if FAKE_LIBRARY == FAKE_CAPTURE_CARD
    static CaptureCard card;
    if (!at_end_) *out = &card;
#endif
    const bool found = *out != nullptr;
    at_end_ = true;
    return found ? abi::kOk : abi::kFalse;
  }

 private:
  bool at_end_ = false;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) abi::Iterator* CreateDeckLinkIteratorInstance_0004() {
#if FAKE_LIBRARY == FAKE_NULL_ITERATOR
  return nullptr;
#else
  static Iterator iterator;
  return &iterator;
#endif
}

#endif
