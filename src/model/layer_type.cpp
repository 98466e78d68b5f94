// SPDX-License-Identifier: Apache-2.0
#include "model/layer_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace relume::core {
namespace {

std::uint32_t alignment(std::uint32_t lanes) { return lanes > 2 ? 4 : lanes; }

}  // namespace

Fault LayerType::make(std::string key, std::uint32_t version, std::vector<ParamDef> params, bool declared,
                      std::shared_ptr<const LayerType>& out) {
  if (params.empty() || params.size() > 65535) {
    return {RELUME_E_INVALID, key, "a layer type has 1 to 65,535 parameters"};
  }
  auto type = std::make_shared<LayerType>();
  std::uint32_t end = 0;
  for (ParamDef& param : params) {
    const std::uint32_t align = alignment(param.lanes);
    param.slot = (end + align - 1) / align * align;
    end = param.slot + param.lanes;
    if (end > kMaxLayerSlots) {
      return {RELUME_E_LIMIT, key,
              fmt::format("the parameters take more than {} slots; split the type", kMaxLayerSlots)};
    }
  }
  type->key_ = std::move(key);
  type->version_ = version;
  type->declared_ = declared;
  type->slot_count_ = (end + 3) / 4 * 4;
  type->params_ = std::move(params);
  type->at_slot_.assign(type->slot_count_, 0);
  type->glide_rates_.resize(type->slot_count_);
  type->arrivals_.resize(type->slot_count_);
  for (std::size_t i = 0; i < type->params_.size(); ++i) {
    const ParamDef& param = type->params_[i];
    type->at_slot_[param.slot] = static_cast<std::uint16_t>(i + 1);
    std::fill_n(type->glide_rates_.begin() + param.slot, param.lanes, param.glide_rate);
    std::fill_n(type->arrivals_.begin() + param.slot, param.lanes, param.arrival);
    if (param.type == RELUME_TRIGGER) type->triggers_.push_back(param.slot);
  }
  type->by_key_.resize(type->params_.size());
  std::iota(type->by_key_.begin(), type->by_key_.end(), std::uint16_t{0});
  const auto key_of = [&](std::uint16_t i) -> const std::string& { return type->params_[i].key; };
  std::sort(type->by_key_.begin(), type->by_key_.end(),
            [&](std::uint16_t a, std::uint16_t b) { return key_of(a) < key_of(b); });
  const auto twice = std::adjacent_find(type->by_key_.begin(), type->by_key_.end(),
                                        [&](std::uint16_t a, std::uint16_t b) { return key_of(a) == key_of(b); });
  if (twice != type->by_key_.end()) {
    return {RELUME_E_EXISTS, key_of(*twice), fmt::format("the type has two parameters {}", key_of(*twice))};
  }
  out = std::move(type);
  return {};
}

const ParamDef* LayerType::find(std::string_view key) const {
  const auto found = std::lower_bound(by_key_.begin(), by_key_.end(), key,
                                      [&](std::uint16_t i, std::string_view k) { return params_[i].key < k; });
  if (found == by_key_.end() || params_[*found].key != key) return nullptr;
  return &params_[*found];
}

const ParamDef* LayerType::at_slot(std::uint32_t slot) const noexcept RELUME_NONBLOCKING {
  if (slot >= slot_count_ || at_slot_[slot] == 0) return nullptr;
  return &params_[at_slot_[slot] - 1U];
}

bool LayerType::same_shape(const LayerType& other) const {
  return std::equal(params_.begin(), params_.end(), other.params_.begin(), other.params_.end(),
                    [](const ParamDef& a, const ParamDef& b) {
                      return a.key == b.key && a.type == b.type && a.slot == b.slot && a.labels == b.labels;
                    });
}

}  // namespace relume::core
