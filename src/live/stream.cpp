// SPDX-License-Identifier: Apache-2.0
#include "live/stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>

namespace relume::core {
namespace {

// Parameters that begin in the run, and where: 2 passes, because the arrays have a fixed size.
std::uint32_t params_in(const LayerType& type, std::uint32_t first, std::uint32_t count,
                        platform::FixedArray<std::uint32_t>* out) {
  std::uint32_t found = 0;
  for (std::uint32_t at = 0; at < count; ++at) {
    if (type.at_slot(first + at) == nullptr) continue;
    if (out != nullptr) (*out)[found] = at;
    ++found;
  }
  return found;
}

}  // namespace

Fault Stream::check_run(const LayerType& type, std::uint32_t first, std::size_t count) {
  if (count > type.slot_count() - first) {
    return {RELUME_E_UNKNOWN_ROUTE, type.key(),
            fmt::format("the run goes to slot {}, the layer has {}", first + count, type.slot_count())};
  }
  for (const ParamDef& def : type.params()) {
    const bool begins = def.slot >= first && def.slot < first + count;
    if (!begins) continue;
    if (!is_float_type(def.type)) {
      return {RELUME_E_TYPE, def.key, fmt::format("{} is not of float lanes; leave it out of the run", def.key)};
    }
    if (def.slot + def.lanes > first + count) {
      return {RELUME_E_TYPE, def.key, fmt::format("the run ends inside {}; take its {} lanes", def.key, def.lanes)};
    }
  }
  return {};
}

Stream::Stream(const Identity& identity, relume_param first, std::uint32_t count, const LayerType& type,
               const LayerTable& layers, const std::atomic<std::uint64_t>& order)
    : AnySource(Kind::run, identity),
      first_(first),
      count_(count),
      layers_(layers),
      order_(order),
      params_(params_in(type, slot_of(first), count, nullptr)),
      low_(count),
      high_(count),
      next_(count),
      last_(count),
      changed_(count),
      seen_(count),
      seen_order_(count),
      pending_((params_.size() + 63) / 64) {
  params_in(type, slot_of(first), count, &params_);
  for (Version& version : versions_) {
    version.values = platform::FixedArray<float>(count);
    version.orders = platform::FixedArray<std::uint64_t>(count);
  }
  learn(type);
}

// What lies between parameters may hold anything.
void Stream::learn(const LayerType& type) noexcept RELUME_NONBLOCKING {
  type_ = &type;
  for (std::uint32_t at = 0; at < count_; ++at) {
    low_[at] = -std::numeric_limits<float>::infinity();
    high_[at] = std::numeric_limits<float>::infinity();
  }
  for (std::size_t i = 0; i < params_.size(); ++i) {
    const ParamDef* def = type.at_slot(slot_of(first_) + params_[i]);
    for (std::uint32_t lane = 0; lane < def->lanes; ++lane) {
      low_[params_[i] + lane] = def->bounded ? static_cast<float>(def->min) : -FLT_MAX;
      high_[params_[i] + lane] = def->bounded ? static_cast<float>(def->max) : FLT_MAX;
    }
  }
}

relume_result Stream::refuse(relume_result why) noexcept RELUME_NONBLOCKING {
  ++rejected_;
  return why;
}

// Something is out of range or not finite: value by value, clamped where the definition says so.
relume_result Stream::take_slowly(const float* values, std::size_t* culprit) noexcept RELUME_NONBLOCKING {
  for (std::size_t i = 0; i < params_.size(); ++i) {
    const std::uint32_t at = params_[i];
    const ParamDef* def = type_->at_slot(slot_of(first_) + at);
    for (std::uint32_t lane = at; lane < at + def->lanes; ++lane) {
      const bool finite = std::isfinite(values[lane]);
      const bool inside = values[lane] >= low_[lane] && values[lane] <= high_[lane];
      if (!finite || (!inside && (def->flags & RELUME_PARAM_CLAMP) == 0)) {
        if (culprit != nullptr) *culprit = lane;
        return finite ? RELUME_E_RANGE : RELUME_E_NOT_FINITE;
      }
      next_[lane] = (inside ? values[lane] : values[lane] < low_[lane] ? low_[lane] : high_[lane]) + 0.0F;
    }
  }
  return RELUME_OK;
}

relume_result Stream::write(const float* values, std::size_t count, std::int64_t now,
                            std::size_t* culprit) noexcept RELUME_NONBLOCKING {
  if (count != count_) {
    if (culprit != nullptr) *culprit = std::min<std::size_t>(count, count_);
    return refuse(RELUME_E_INVALID);
  }
  // Lost meanwhile: equal values are a change too.
  if (speak()) written_once_ = false;
  const std::uint64_t order = order_.load(order::kOrderRead);
  std::uint32_t layer_slot = 0;
  const LayerType* type = layers_.layer_type(first_, layer_slot);
  if (type == nullptr) return refuse(RELUME_E_UNKNOWN_ROUTE);
  if (type != type_) learn(*type);  // of the same shape, or the handle would be stale

  unsigned bad = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    // One zero only: minus zero compares equal but has other bits, and would count as a change.
    next_[i] = values[i] + 0.0F;
    bad |= static_cast<unsigned>(!(values[i] >= low_[i])) | static_cast<unsigned>(!(values[i] <= high_[i]));
  }
  if (bad != 0) {
    const relume_result result = take_slowly(values, culprit);
    if (result != RELUME_OK) return refuse(result);
  }
  if (written_once_ && std::memcmp(next_.data(), last_.data(), count_ * sizeof(float)) == 0) {
    ++unchanged_;
    return RELUME_OK;
  }
  for (std::uint32_t i = 0; i < count_; ++i) {
    changed_[i] = next_[i] == last_[i] && written_once_ ? changed_[i] : order;
  }
  written_once_ = true;
  ++written_;
  std::memcpy(last_.data(), next_.data(), count_ * sizeof(float));
  Version& version = versions_[building_];
  std::memcpy(version.values.data(), next_.data(), count_ * sizeof(float));
  std::memcpy(version.orders.data(), changed_.data(), count_ * sizeof(std::uint64_t));
  version.type = type;
  version.layer_slot = layer_slot;
  version.time = now;
  const std::uint32_t before = between_.exchange(building_ | kFresh, order::kStreamPut);
  if ((before & kFresh) != 0) ++superseded_;
  building_ = before & ~kFresh;
  return RELUME_OK;
}

void Stream::info(relume_source_info& out) const noexcept RELUME_NONBLOCKING {
  out.number = number();
  out.written = written_;
  out.unchanged = unchanged_;
  out.rejected = rejected_;
  out.superseded = superseded_;
  out.timeouts = losses();
}

void Stream::collect() noexcept RELUME_NONBLOCKING {
  if ((between_.load(std::memory_order_relaxed) & kFresh) == 0) return;
  reading_ = between_.exchange(reading_, order::kStreamTake) & ~kFresh;
  const Version& now = versions_[reading_];
  for (std::size_t i = 0; i < params_.size(); ++i) {
    const std::uint32_t begin = params_[i];
    const std::uint32_t end = begin + now.type->at_slot(slot_of(first_) + begin)->lanes;
    bool changed = forgotten_;
    for (std::uint32_t at = begin; at < end; ++at) {
      changed |= now.orders[at] != seen_order_[at] ||
                 std::bit_cast<std::uint32_t>(now.values[at]) != std::bit_cast<std::uint32_t>(seen_[at]);
      seen_order_[at] = now.orders[at];
      seen_[at] = now.values[at];
    }
    if (changed) pending_[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  forgotten_ = false;
}

}  // namespace relume::core
