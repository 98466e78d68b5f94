// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/device.hpp"

namespace rig::decklink::card {

VirtualDevice::VirtualDevice(Card& card)
    : card_(card),
      plugging_(card.video().plugging()),
      output_a_(*this, card, plugging_),
      output_b_(*this, card, plugging_),
      attributes_(*this, card),
      configuration_(*this, card),
      status_(*this, card, plugging_),
      keyer_(*this, card) {
  mutate(output_a_);
}

abi::Result VirtualDevice::QueryInterface(abi::InterfaceId id, void** out) {
  if (out == nullptr) return abi::kNullPointer;
  *out = nullptr;
  const Settings& settings = card_.settings();
  if (id == abi::era_a::Output::kId && settings.answers_a) {
    *out = static_cast<abi::era_a::Output*>(&output_a_);
  } else if (id == abi::era_b::Output::kId && settings.answers_b) {
    *out = static_cast<abi::era_b::Output*>(&output_b_);
  } else if (id == abi::ProfileAttributes::kId || (id == abi::ProfileAttributes::kOldId && settings.answers_a)) {
    *out = static_cast<abi::ProfileAttributes*>(&attributes_);
  } else if (id == abi::Configuration::kId) {
    *out = static_cast<abi::Configuration*>(&configuration_);
  } else if (id == abi::Status::kId) {
    *out = static_cast<abi::Status*>(&status_);
  } else if (id == abi::Keyer::kId) {
    *out = static_cast<abi::Keyer*>(&keyer_);
  } else {
    return Counted::QueryInterface(id, out);
  }
  AddRef();
  return abi::kOk;
}

abi::Result VirtualDevice::GetModelName(const char** out) {
  return card_.video().plugged(plugging_) ? hand_out("Emulated Playout Card", out) : abi::kFailed;
}

abi::Result VirtualDevice::GetDisplayName(const char** out) {
  return card_.video().plugged(plugging_) ? hand_out(card_.display_name().c_str(), out) : abi::kFailed;
}

}  // namespace rig::decklink::card
