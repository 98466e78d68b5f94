// SPDX-License-Identifier: Apache-2.0
// A layer type: parameters and where each lies among the slots of a layer. Immutable once made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/fault.hpp"
#include "model/param.hpp"

namespace relume::core {

inline constexpr std::uint32_t kMaxLayerSlots = 65536;

class LayerType {
 public:
  /// Places the parameters in order, aligned like std430. `declared` is false for a type that is only known from a saved show.
  static Fault make(std::string key, std::uint32_t version, std::vector<ParamDef> params, bool declared,
                    std::shared_ptr<const LayerType>& out);

  const std::string& key() const { return key_; }
  std::uint32_t version() const { return version_; }
  bool declared() const { return declared_; }
  std::uint32_t slot_count() const noexcept { return slot_count_; }
  const std::vector<ParamDef>& params() const { return params_; }
  const ParamDef* find(std::string_view key) const;
  /// The parameter that begins at a slot of the layer, nullptr when none does.
  const ParamDef* at_slot(std::uint32_t slot) const noexcept RELUME_NONBLOCKING;
  /// By slot, as many as the layer has: ParamDef::glide_rate and ParamDef::arrival.
  const float* glide_rates() const noexcept { return glide_rates_.data(); }
  const float* arrivals() const noexcept { return arrivals_.data(); }
  /// The slots of its triggers, rising: what is done to values is not done to them.
  const std::vector<std::uint32_t>& triggers() const noexcept { return triggers_; }
  /// Equal keys, types, labels and slots: values can stay where they are.
  bool same_shape(const LayerType& other) const;
  /// Equal in everything that was declared.
  bool same_definition(const LayerType& other) const { return version_ == other.version_ && params_ == other.params_; }

 private:
  std::string key_;
  std::uint32_t version_ = 1;
  bool declared_ = true;
  std::uint32_t slot_count_ = 0;
  std::vector<ParamDef> params_;
  std::vector<std::uint16_t> at_slot_;  // index of the parameter + 1, 0 where none begins
  std::vector<std::uint16_t> by_key_;   // indices, sorted by key
  std::vector<float> glide_rates_;
  std::vector<float> arrivals_;
  std::vector<std::uint32_t> triggers_;
};

}  // namespace relume::core
