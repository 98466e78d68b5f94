// SPDX-License-Identifier: Apache-2.0
#include "live/source.hpp"

#include <bit>

namespace relume::core {

Source::Source(const Identity& identity, std::uint32_t max_params, const LayerTable& layers,
               const std::atomic<std::uint64_t>& order)
    : AnySource(Kind::cells, identity),
      layers_(layers),
      order_(order),
      cells_(max_params),
      places_(std::bit_ceil(std::size_t{2} * max_params)),
      waiting_(max_params),
      fresh_(std::size_t{2} * max_params) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    cells_[i].building = 0;
    cells_[i].between.store(1, std::memory_order_relaxed);
    cells_[i].reading = 2;
  }
}

relume_result Source::refuse(relume_result why) noexcept RELUME_NONBLOCKING {
  ++rejected_;
  return why;
}

// `order` was read before: a layer that is removed in between leaves us with an order older than its removal.
relume_result Source::check(relume_param param, const relume_value& value, std::uint64_t order,
                            Checked& out) const noexcept RELUME_NONBLOCKING {
  out.order = order;
  out.def = layers_.find(param, out.slot);
  if (out.def == nullptr) return RELUME_E_UNKNOWN_ROUTE;
  return encode_value(*out.def, value, out.lanes);
}

// Cells belong to places (layer index and slot), not to generations: a layer that takes another's place takes its cells over,
// so a long session with many layers come and gone needs no more of them.
Source::Cell* Source::cell_for(std::uint64_t param) noexcept RELUME_NONBLOCKING {
  const std::uint32_t place = static_cast<std::uint32_t>(param);
  const std::size_t mask = places_.size() - 1;
  std::size_t at = (place * 0x9e3779b97f4a7c15ULL) >> 32U;
  for (;; ++at) {
    std::uint32_t& entry = places_[at & mask];
    if (entry == 0) {
      if (cells_used_ == cells_.size()) return nullptr;
      entry = ++cells_used_;
      cells_[entry - 1].param = param;
      return &cells_[entry - 1];
    }
    Cell& cell = cells_[entry - 1];
    if (static_cast<std::uint32_t>(cell.param) != place) continue;
    if (cell.param != param) {
      cell.param = param;
      cell.active = false;
    }
    return &cell;
  }
}

void Source::put(Cell& cell, const OverlayWrite& write) noexcept RELUME_NONBLOCKING {
  cell.version[cell.building] = write;
  const std::uint32_t before = cell.between.exchange(cell.building | kFresh, std::memory_order_acq_rel);
  cell.building = before & ~kFresh;
  // Queued only when it turns fresh: the queue is never full.
  if ((before & kFresh) == 0) fresh_.push(static_cast<std::uint32_t>(&cell - cells_.data()));
}

void Source::write_checked(Cell& cell, relume_param param, const Checked& value, std::uint32_t policy, std::int64_t now,
                           std::uint64_t batch) noexcept RELUME_NONBLOCKING {
  if (cell.active && cell.last == value.lanes) {
    ++unchanged_;
    return;
  }
  cell.active = true;
  cell.last = value.lanes;
  ++written_;
  put(cell, {param.bits, value.def, value.order, batch, now, value.lanes, value.slot, policy, false});
}

relume_result Source::write(relume_param param, const relume_value& value,
                            std::int64_t now) noexcept RELUME_NONBLOCKING {
  Checked checked;
  const relume_result result = check(param, value, order_.load(std::memory_order_acquire), checked);
  if (result != RELUME_OK) return refuse(result);
  Cell* cell = cell_for(param.bits);
  if (cell == nullptr) return refuse(RELUME_E_LIMIT);
  write_checked(*cell, param, checked, 0, now, 0);
  return RELUME_OK;
}

relume_result Source::write_many(const relume_overlay_value* values, std::size_t count, std::int64_t now,
                                 std::size_t* culprit) noexcept RELUME_NONBLOCKING {
  // One order for all: against an operator's change-set a batch wins or loses as a whole.
  const std::uint64_t order = order_.load(std::memory_order_acquire);
  Checked checked;
  for (std::size_t i = 0; i < count; ++i) {
    relume_result result = check(values[i].param, values[i].value, order, checked);
    if (result == RELUME_OK && (values[i].commit_policy > RELUME_COMMIT_PERSIST || values[i].reserved != 0)) {
      result = RELUME_E_INVALID;
    }
    if (result == RELUME_OK && cell_for(values[i].param.bits) == nullptr) result = RELUME_E_LIMIT;
    if (result != RELUME_OK) {
      if (culprit != nullptr) *culprit = i;
      return refuse(result);
    }
  }
  const std::uint64_t batch = ++batch_;
  for (std::size_t i = 0; i < count; ++i) {
    // Looked up anew rather than kept: a batch has no bound that memory could be set aside for. A layer that went meanwhile
    // is left out; its values would be dropped anyhow.
    if (check(values[i].param, values[i].value, order, checked) != RELUME_OK) continue;
    Cell* cell = cell_for(values[i].param.bits);
    write_checked(*cell, values[i].param, checked, values[i].commit_policy, now, batch);
  }
  published_.store(batch, std::memory_order_release);
  return RELUME_OK;
}

relume_result Source::release(relume_param param, std::int64_t now) noexcept RELUME_NONBLOCKING {
  const std::uint64_t order = order_.load(std::memory_order_acquire);
  std::uint32_t slot = 0;
  const ParamDef* def = layers_.find(param, slot);
  if (def == nullptr) return refuse(RELUME_E_UNKNOWN_ROUTE);
  Cell* cell = cell_for(param.bits);
  // Also where it wrote nothing under this handle: automation may have come here by a change of type.
  if (cell == nullptr) return RELUME_OK;
  cell->active = false;
  put(*cell, {param.bits, def, order, 0, now, {}, slot, 0, true});
  return RELUME_OK;
}

void Source::info(relume_source_info& out) const noexcept RELUME_NONBLOCKING {
  out.number = number();
  out.written = written_;
  out.unchanged = unchanged_;
  out.rejected = rejected_;
}

}  // namespace relume::core
