// SPDX-License-Identifier: Apache-2.0
// What a card can be asked and told by code: attributes, configuration, status, keyer. A code that it does not know is
// kInvalidArgument, as a value of the wrong type is.
#pragma once

#include "decklink/virtual_card/card.hpp"
#include "decklink/virtual_card/face.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <variant>

namespace rig::decklink::card {

class AttributesFace final : public Face<abi::ProfileAttributes> {
 public:
  AttributesFace(abi::Unknown& device, Card& card) : Face(device), card_(card) {}
  abi::Result GetFlag(abi::Code what, bool* out) override;
  abi::Result GetInt(abi::Code what, std::int64_t* out) override;
  abi::Result GetFloat(abi::Code what, double* out) override;
  abi::Result GetString(abi::Code what, const char** out) override;

 private:
  Card& card_;
};

/// Takes and returns every value, and acts on none.
class ConfigurationFace final : public Face<abi::Configuration> {
 public:
  ConfigurationFace(abi::Unknown& device, Card& card);
  abi::Result SetFlag(abi::Code what, bool value) override;
  abi::Result GetFlag(abi::Code what, bool* out) override;
  abi::Result SetInt(abi::Code what, std::int64_t value) override;
  abi::Result GetInt(abi::Code what, std::int64_t* out) override;
  abi::Result SetFloat(abi::Code what, double value) override;
  abi::Result GetFloat(abi::Code what, double* out) override;
  abi::Result SetString(abi::Code what, const char* value) override;
  abi::Result GetString(abi::Code what, const char** out) override;
  abi::Result WriteConfigurationToPreferences() override { return abi::kNotImplemented; }

 private:
  using Value = std::variant<bool, std::int64_t, double, std::string>;
  abi::Result set(abi::Code what, Value value);
  template <class Type>
  abi::Result get(abi::Code what, Type* out);

  std::mutex mutex_;
  std::map<abi::Code, Value> values_;
};

class StatusFace final : public Face<abi::Status> {
 public:
  StatusFace(abi::Unknown& device, Card& card, std::uint64_t plugging)
      : Face(device), card_(card), plugging_(plugging) {}
  abi::Result GetFlag(abi::Code what, bool* out) override;
  abi::Result GetInt(abi::Code what, std::int64_t* out) override;
  abi::Result GetFloat(abi::Code what, double* out) override;
  abi::Result GetString(abi::Code what, const char** out) override;
  abi::Result GetBytes(abi::Code what, void* buffer, std::uint32_t* size) override;

 private:
  bool gone() const { return !card_.video().plugged(plugging_); }
  Card& card_;
  const std::uint64_t plugging_;
};

/// Notes what it is told in the log; keys nothing.
class KeyerFace final : public Face<abi::Keyer> {
 public:
  KeyerFace(abi::Unknown& device, Card& card) : Face(device), card_(card) {}
  abi::Result Enable(bool external) override { return note("enable", external ? 1 : 0); }
  abi::Result SetLevel(std::uint8_t level) override { return note("level", level); }
  abi::Result RampUp(std::uint32_t frames) override { return note("ramp up", frames); }
  abi::Result RampDown(std::uint32_t frames) override { return note("ramp down", frames); }
  abi::Result Disable() override { return note("disable", 0); }

 private:
  abi::Result note(const char* what, std::uint32_t value);
  Card& card_;
};

/// What the library says of itself, by a factory of its own.
class ApiInformationObject final : public Counted<abi::ApiInformation> {
 public:
  /// \param version 0xMMmmpp00
  explicit ApiInformationObject(std::int64_t version) : version_(version) {}
  abi::Result GetFlag(abi::Code what, bool* out) override;
  abi::Result GetInt(abi::Code what, std::int64_t* out) override;
  abi::Result GetFloat(abi::Code what, double* out) override;
  abi::Result GetString(abi::Code what, const char** out) override;

 private:
  const std::int64_t version_;
};

}  // namespace rig::decklink::card
