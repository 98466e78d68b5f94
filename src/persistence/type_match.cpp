// SPDX-License-Identifier: Apache-2.0
#include "persistence/type_match.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "model/conversion.hpp"

namespace relume::core {
namespace {

// Whether lanes without a value are at rest.
bool rests(const std::uint32_t* values, const std::uint32_t* rest, std::uint32_t count, std::uint64_t present) {
  const std::uint64_t all = ~std::uint64_t{0} >> (kBlockSlots - count);
  if ((present & all) == 0) return std::memcmp(values, rest, count * sizeof *values) == 0;
  for (std::uint64_t left = all & ~present; left != 0; left &= left - 1) {
    const auto i = static_cast<std::uint32_t>(std::countr_zero(left));
    if (values[i] != rest[i]) return false;
  }
  return true;
}

void take(const std::uint32_t* values, const std::uint32_t* rest, std::uint32_t count, std::uint64_t present,
          std::uint32_t* to) {
  for (std::uint32_t i = 0; i < count; ++i) to[i] = (present >> i & 1U) != 0 ? values[i] : rest[i];
}

constexpr std::array<std::uint32_t, kBlockSlots> kNothing{};

}  // namespace

std::uint64_t TypeMatch::SlotBits::of(const LayerPiece& piece) const {
  const std::uint32_t word = piece.slot / kBlockSlots;
  const std::uint32_t shift = piece.slot % kBlockSlots;
  std::uint64_t bits = words_[word] >> shift;
  if (shift != 0) bits |= words_[word + 1] << (kBlockSlots - shift);
  return (bits << piece.lane) & piece.mask();
}

TypeMatch::TypeMatch(const LayerType& saved, const LayerType& now)
    : same_places_(saved.same_shape(now)),
      initial_(now.slot_count()),
      low_(now.slot_count()),
      high_(now.slot_count()),
      lanes_(now.slot_count()),
      rest_(now.slot_count()),
      floats_(now.slot_count()) {
  params_.reserve(saved.params().size());
  for (std::size_t i = 0; i < saved.params().size(); ++i) {
    const ParamDef& from = saved.params()[i];
    params_.push_back({&from, same_places_ ? &now.params()[i] : now.find(from.key)});
  }
  if (!same_places_) return;
  for (const Param& param : params_) {
    const ParamDef& def = *param.to;
    const bool is_float = is_float_type(def.type);
    if (!is_float) others_.push_back(&param);
    for (std::uint32_t i = 0; i < def.lanes; ++i) {
      const std::uint32_t slot = def.slot + i;
      initial_[slot] = def.initial[i];
      lanes_.set(slot);
      if (i != 0) rest_.set(slot);
      if (!is_float) continue;
      floats_.set(slot);
      constexpr float most = std::numeric_limits<float>::max();
      // A range that is wider than a float's, or whose ends are none, bounds nothing that is finite.
      low_[slot] = def.bounded ? std::max(-most, static_cast<float>(def.min)) : -most;
      high_[slot] = def.bounded ? std::min(most, static_cast<float>(def.max)) : most;
    }
  }
}

bool TypeMatch::fits(const SavedBlock& block, const LayerPiece& piece) const {
  const std::uint64_t lanes = lanes_.of(piece);
  const std::uint64_t rest = rest_.of(piece);
  const std::uint64_t floats = floats_.of(piece);
  for (const bool committed : {false, true}) {
    const std::uint64_t present = (committed ? block.committed_present : block.persisted_present) & lanes;
    if (((present ^ present << 1U) & rest) != 0) return false;  // a parameter's lanes are there together
    if (!floats_fit(committed ? block.committed : block.persisted, present & floats, piece)) return false;
  }
  return others_fit(block, piece);
}

bool TypeMatch::floats_fit(const std::array<std::uint32_t, kBlockSlots>& values, std::uint64_t present,
                           const LayerPiece& piece) const {
  if (present == 0) return true;
  const std::uint32_t* value = values.data() + piece.lane;
  const float* low = low_.data() + piece.slot;
  const float* high = high_.data() + piece.slot;
  const auto outside = [&](std::uint32_t i) {
    const auto f = std::bit_cast<float>(value[i]);
    return static_cast<std::uint32_t>(!(f >= low[i])) | static_cast<std::uint32_t>(!(f <= high[i]));
  };
  std::uint32_t any = 0;
  if (present == piece.mask()) {  // without a branch: several lanes at once
    for (std::uint32_t i = 0; i < piece.count; ++i) any |= outside(i);
  } else {
    for (std::uint64_t left = present >> piece.lane; left != 0; left &= left - 1) {
      any |= outside(static_cast<std::uint32_t>(std::countr_zero(left)));
    }
  }
  return any == 0;
}

bool TypeMatch::others_fit(const SavedBlock& block, const LayerPiece& piece) const {
  auto at = std::lower_bound(others_.begin(), others_.end(), piece.slot,
                             [](const Param* param, std::uint32_t slot) { return param->from->slot < slot; });
  for (; at != others_.end() && (*at)->from->slot < piece.slot + piece.count; ++at) {
    const ParamDef& from = *(*at)->from;
    const std::uint32_t lane = piece.lane + from.slot - piece.slot;
    for (const bool committed : {false, true}) {
      if (((committed ? block.committed_present : block.persisted_present) >> lane & 1U) == 0) continue;
      Lanes value{};
      Lanes fit{};
      std::copy_n((committed ? block.committed : block.persisted).begin() + lane, from.lanes, value.begin());
      if (convert(from, *(*at)->to, value, fit) != Fit::kept || fit != value) return false;
    }
  }
  return true;
}

bool TypeMatch::settled(const SavedBlock& block, const LayerPiece& piece) const {
  const std::uint64_t strange = piece.mask() & ~lanes_.of(piece);
  if (((block.persisted_present | block.committed_present) & strange) != 0) return false;
  return rests(block.persisted.data() + piece.lane, initial_.data() + piece.slot, piece.count,
               block.persisted_present >> piece.lane) &&
         rests(block.committed.data() + piece.lane, kNothing.data(), piece.count,
               block.committed_present >> piece.lane);
}

void TypeMatch::copy(const SavedBlock& from, const LayerPiece& piece, SavedBlock& to) const {
  const std::uint64_t lanes = lanes_.of(piece);
  const std::uint64_t persisted = from.persisted_present & lanes;
  const std::uint64_t committed = from.committed_present & lanes;
  to.persisted_present |= persisted;
  to.committed_present |= committed;
  take(from.persisted.data() + piece.lane, initial_.data() + piece.slot, piece.count, persisted >> piece.lane,
       to.persisted.data() + piece.lane);
  take(from.committed.data() + piece.lane, kNothing.data(), piece.count, committed >> piece.lane,
       to.committed.data() + piece.lane);
}

}  // namespace relume::core
