// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "decklink/virtual_card/counted.hpp"

namespace rig::decklink::card {

/// A further interface of an object: counts and answers as the object itself does, and lives as long.
template <class Interface>
class Face : public Interface {
 public:
  explicit Face(abi::Unknown& object) : object_(object) {}
  Face(const Face&) = delete;
  Face& operator=(const Face&) = delete;

  abi::Result QueryInterface(abi::InterfaceId id, void** out) override { return object_.QueryInterface(id, out); }
  unsigned long AddRef() override { return object_.AddRef(); }
  unsigned long Release() override { return object_.Release(); }

 protected:
  virtual ~Face() = default;

 private:
  abi::Unknown& object_;
};

}  // namespace rig::decklink::card
