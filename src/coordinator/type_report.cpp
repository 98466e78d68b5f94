// SPDX-License-Identifier: Apache-2.0
#include "coordinator/type_report.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "platform/copy_text.hpp"

namespace relume::core {
namespace {

std::uint16_t index_of(const LayerType& type, const ParamDef& def) {
  return static_cast<std::uint16_t>(&def - type.params().data());
}

relume_value value_of(const ParamDef& def, const Lanes& lanes) {
  relume_value value = decode_value(def.type, lanes.data());
  if (def.type == RELUME_TEXT) value.as.text.size = lanes[0];
  return value;
}

}  // namespace

void TypeReport::make_room(const LayerType& from) {
  constexpr std::size_t tiers = 3;
  for (std::vector<Row>* rows : {&lost_, &kept_}) {
    rows->reserve(std::min(kMaxRows, rows->capacity() + tiers * from.params().size()));
  }
  places_.reserve(places_.capacity() + 1);
}

void TypeReport::begin(const Layer& from, const Layer& to) {
  places_.push_back({from.id, to.handle(), from.type, to.type});
}

void TypeReport::add(const ParamDef& from, const ParamDef* to, relume_tier tier, Fit fit, relume_unfit why,
                     const Lanes& value) {
  std::vector<Row>& rows = fit == Fit::kept ? kept_ : lost_;
  if (rows.size() == kMaxRows) {
    ++omitted_;
    return;
  }
  const Place& place = places_.back();
  Row row;
  row.value = value;
  row.place = static_cast<std::uint32_t>(places_.size() - 1);
  row.from = index_of(*place.from_type, from);
  row.to = to != nullptr ? index_of(*place.to_type, *to) : kNone;
  row.tier = static_cast<std::uint8_t>(tier);
  row.fate = fit == Fit::kept ? RELUME_FATE_KEPT : fit == Fit::clamped ? RELUME_FATE_CLAMPED : RELUME_FATE_CLEARED;
  row.why = static_cast<std::uint8_t>(why);
  rows.push_back(row);
}

void TypeReport::finish() noexcept {
  const std::size_t room = kMaxRows - lost_.size();
  if (kept_.size() > room) {
    omitted_ += kept_.size() - room;
    kept_.resize(room);
  }
  const auto in_order = [](const Row& a, const Row& b) {
    return std::tie(a.place, a.from, a.tier) < std::tie(b.place, b.from, b.tier);
  };
  for (std::vector<Row>* rows : {&lost_, &kept_}) {
    std::sort(rows->begin(), rows->end(), in_order);
    rows->shrink_to_fit();
  }
}

void TypeReport::tell(const Row& row, relume_type_fate& out) const {
  const Place& place = places_[row.place];
  const ParamDef& from = place.from_type->params()[row.from];
  const ParamDef* to = row.to != kNone ? &place.to_type->params()[row.to] : nullptr;
  out.tier = row.tier;
  out.fate = row.fate;
  out.why = row.why;
  out.layer_id = place.id;
  if (to != nullptr) out.param = param_handle(layer_index(place.to), generation_of(place.to.bits), to->slot);
  out.before = value_of(from, row.value);
  if (row.fate != RELUME_FATE_CLEARED) {
    Lanes after = row.value;
    if (from.type != RELUME_TEXT) convert(from, *to, row.value, after);
    out.after = value_of(*to, after);
  }
  copy_text(out.key, from.key);
}

void TypeReport::read(std::span<relume_type_fate> out) const {
  for (std::size_t i = 0; i < std::min(out.size(), size()); ++i) {
    out[i] = RELUME_TYPE_FATE_INIT;
    tell(i < lost_.size() ? lost_[i] : kept_[i - lost_.size()], out[i]);
  }
}

void TypeReports::put(std::uint64_t revision, std::shared_ptr<TypeReport> report) noexcept {
  report->finish();
  entries_[next_] = {revision, std::move(report)};
  next_ = (next_ + 1) % kRemembered;
}

std::shared_ptr<const TypeReport> TypeReports::find(std::uint64_t revision) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.report != nullptr && e.revision == revision; });
  return found != entries_.end() ? found->report : nullptr;
}

}  // namespace relume::core
