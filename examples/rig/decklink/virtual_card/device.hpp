// SPDX-License-Identifier: Apache-2.0
// A card as its clients see it: one counted object with a face for each interface. The faces count and answer
// as the device does.
#pragma once

#include "decklink/virtual_card/card.hpp"
#include "decklink/virtual_card/counted.hpp"
#include "decklink/virtual_card/output_face.hpp"
#include "decklink/virtual_card/question_faces.hpp"

#include <cstdint>

namespace rig::decklink::card {

/// Of one plugging: after an unplug it fails for good, and the next plugging has a device of its own.
class VirtualDevice final : public Counted<abi::Device> {
 public:
  explicit VirtualDevice(Card& card);

  abi::Result QueryInterface(abi::InterfaceId id, void** out) override;
  abi::Result GetModelName(const char** out) override;
  abi::Result GetDisplayName(const char** out) override;

 private:
  ~VirtualDevice() override = default;

  Card& card_;
  const std::uint64_t plugging_;
  OutputFaceA output_a_;
  OutputFaceB output_b_;
  AttributesFace attributes_;
  ConfigurationFace configuration_;
  StatusFace status_;
  KeyerFace keyer_;
};

}  // namespace rig::decklink::card
