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

// The gesture that it is in: what is refused takes no cell.
relume_result Source::find_gesture(relume_param param, Checked& out, Cell*& cell) noexcept RELUME_NONBLOCKING {
  out.order = order_.load(order::kOrderRead);
  out.def = layers_.find(param, out.slot);
  if (out.def == nullptr) return RELUME_E_UNKNOWN_ROUTE;
  cell = cell_for(param.bits, false);
  return cell != nullptr && cell->gesture != Gesture::none ? RELUME_OK : RELUME_E_STATE;
}

// Cells belong to places (layer index and slot), not to generations: a layer that takes another's place takes its cells over,
// so a long session with many layers come and gone needs no more of them.
Source::Cell* Source::cell_for(std::uint64_t param, bool make) noexcept RELUME_NONBLOCKING {
  const std::uint32_t place = static_cast<std::uint32_t>(param);
  const std::size_t mask = places_.size() - 1;
  std::size_t at = (place * 0x9e3779b97f4a7c15ULL) >> 32U;
  for (;; ++at) {
    std::uint32_t& entry = places_[at & mask];
    if (entry == 0) {
      if (!make || cells_used_ == cells_.size()) return nullptr;
      entry = ++cells_used_;
      cells_[entry - 1].param = param;
      return &cells_[entry - 1];
    }
    Cell& cell = cells_[entry - 1];
    if (static_cast<std::uint32_t>(cell.param) != place) continue;
    if (cell.param != param) {
      cell.param = param;
      cell.active = false;
      cell.gesture = Gesture::none;
      cell.pulses_base = cell.pulses;
    }
    return &cell;
  }
}

void Source::hear() noexcept RELUME_NONBLOCKING {
  if (speak()) ++epoch_;
}

void Source::put(Cell& cell, const OverlayWrite& write) noexcept RELUME_NONBLOCKING {
  cell.version[cell.building] = write;
  const std::uint32_t before = cell.between.exchange(cell.building | kFresh, order::kCellPut);
  cell.building = static_cast<std::uint8_t>(before & ~kFresh);
  // Queued only when it turns fresh: the queue is never full.
  if ((before & kFresh) == 0) {
    fresh_.push(static_cast<std::uint32_t>(&cell - cells_.data()));
  } else {
    ++superseded_;
  }
}

// `rest` has what is not of the value itself.
void Source::write_checked(Cell& cell, relume_param param, const Checked& value,
                           const OverlayWrite& rest) noexcept RELUME_NONBLOCKING {
  const bool counts = value.def->type == RELUME_TRIGGER;
  if (!counts && is_active(cell) && cell.last == value.lanes) {
    ++unchanged_;
    return;
  }
  OverlayWrite write = rest;
  if (counts) {
    cell.pulses += value.lanes[0];
    write.kind = OverlayWrite::Kind::pulses;
    write.lanes = {cell.pulses, cell.pulses_base, 0, 0};
  } else {
    cell.active = true;
    cell.epoch = epoch_;
    cell.last = value.lanes;
    write.lanes = value.lanes;
  }
  ++written_;
  write.param = param.bits;
  write.def = value.def;
  write.order = value.order;
  write.slot = value.slot;
  put(cell, write);
}

relume_result Source::write(relume_param param, const relume_value& value,
                            std::int64_t now) noexcept RELUME_NONBLOCKING {
  hear();
  Checked checked;
  const relume_result result = check(param, value, order_.load(order::kOrderRead), checked);
  if (result != RELUME_OK) return refuse(result);
  Cell* cell = cell_for(param.bits);
  if (cell == nullptr) return refuse(RELUME_E_LIMIT);
  if (cell->gesture != Gesture::none) return refuse(RELUME_E_STATE);
  OverlayWrite rest;
  rest.time = now;
  write_checked(*cell, param, checked, rest);
  return RELUME_OK;
}

relume_result Source::write_many(const relume_overlay_value* values, std::size_t count, std::int64_t now,
                                 std::size_t* culprit) noexcept RELUME_NONBLOCKING {
  hear();
  // One order for all: against an operator's change-set a batch wins or loses as a whole.
  const std::uint64_t order = order_.load(order::kOrderRead);
  Checked checked;
  for (std::size_t i = 0; i < count; ++i) {
    relume_result result = check(values[i].param, values[i].value, order, checked);
    if (result == RELUME_OK &&
        (values[i].commit_policy > RELUME_COMMIT_PERSIST || values[i].smoothing_ms > RELUME_SMOOTHING_STEP)) {
      result = RELUME_E_INVALID;
    }
    const Cell* cell = result == RELUME_OK ? cell_for(values[i].param.bits) : nullptr;
    if (result == RELUME_OK && cell == nullptr) result = RELUME_E_LIMIT;
    if (result == RELUME_OK && cell->gesture != Gesture::none) result = RELUME_E_STATE;
    if (result != RELUME_OK) {
      if (culprit != nullptr) *culprit = i;
      return refuse(result);
    }
  }
  OverlayWrite rest;
  rest.time = now;
  rest.batch = ++batch_;
  for (std::size_t i = 0; i < count; ++i) {
    // Looked up anew rather than kept: a batch has no bound that memory could be set aside for. A layer that went meanwhile
    // is left out; its values would be dropped anyhow.
    if (check(values[i].param, values[i].value, order, checked) != RELUME_OK) continue;
    rest.commit_policy = static_cast<std::uint8_t>(values[i].commit_policy);
    rest.smoothing_ms = static_cast<std::uint16_t>(values[i].smoothing_ms);
    write_checked(*cell_for(values[i].param.bits), values[i].param, checked, rest);
  }
  published_.store(rest.batch, order::kBatchPublish);
  return RELUME_OK;
}

relume_result Source::release(relume_param param, std::int64_t now) noexcept RELUME_NONBLOCKING {
  hear();
  Checked checked;
  checked.order = order_.load(order::kOrderRead);
  checked.def = layers_.find(param, checked.slot);
  if (checked.def == nullptr) return refuse(RELUME_E_UNKNOWN_ROUTE);
  Cell* cell = cell_for(param.bits);
  // Also where it wrote nothing under this handle: automation may have come here by a change of type.
  if (cell == nullptr) return RELUME_OK;
  if (cell->gesture != Gesture::none) return refuse(RELUME_E_STATE);
  cell->active = false;
  if (checked.def->type == RELUME_TRIGGER) return RELUME_OK;  // a pulse is not taken back
  put(*cell, {param.bits, checked.def, checked.order, 0, now, {}, checked.slot, 0, 0, OverlayWrite::Kind::release});
  return RELUME_OK;
}

relume_result Source::begin_gesture(relume_param param, std::int64_t now) noexcept RELUME_NONBLOCKING {
  hear();
  Checked checked;
  checked.order = order_.load(order::kOrderRead);
  checked.def = layers_.find(param, checked.slot);
  if (checked.def == nullptr) return refuse(RELUME_E_UNKNOWN_ROUTE);
  if (checked.def->type == RELUME_TRIGGER || checked.def->type == RELUME_TEXT) return refuse(RELUME_E_TYPE);
  Cell* cell = cell_for(param.bits);
  if (cell == nullptr) return refuse(RELUME_E_LIMIT);
  if (cell->gesture != Gesture::none) return refuse(RELUME_E_STATE);
  // What it said last may not have been looked at, and must not be lost. A gesture that has ended is committed all the same; from
  // any other value this one begins.
  using Word = OverlayWrite::Kind;
  const Word unread = unread_kind(*cell);
  const bool ended = unread == Word::end || unread == Word::again;
  const bool goes_on = unread == Word::value || unread == Word::change;
  cell->gesture = goes_on ? Gesture::changed : Gesture::held;
  cell->active = goes_on;
  if (ended || goes_on) clamp_to_range(*checked.def, cell->last);  // its type may have been reloaded since
  put(*cell, {param.bits, checked.def, checked.order, 0, now, cell->last, checked.slot, 0, 0,
              ended     ? Word::again
              : goes_on ? Word::change
                        : Word::hold});
  return RELUME_OK;
}

relume_result Source::change_gesture(relume_param param, const relume_value& value,
                                     std::int64_t now) noexcept RELUME_NONBLOCKING {
  hear();
  Checked checked;
  const relume_result result = check(param, value, order_.load(order::kOrderRead), checked);
  if (result != RELUME_OK) return refuse(result);
  Cell* cell = cell_for(param.bits, false);
  if (cell == nullptr || cell->gesture == Gesture::none) return refuse(RELUME_E_STATE);
  cell->gesture = Gesture::changed;
  OverlayWrite rest;
  rest.time = now;
  rest.kind = OverlayWrite::Kind::change;
  write_checked(*cell, param, checked, rest);
  return RELUME_OK;
}

relume_result Source::end_gesture(relume_param param, std::int64_t now) noexcept RELUME_NONBLOCKING {
  hear();
  Checked checked;
  Cell* cell = nullptr;
  const relume_result result = find_gesture(param, checked, cell);
  if (result != RELUME_OK) return refuse(result);
  finish_gesture(*cell, param, checked, cell->gesture == Gesture::changed, now);
  return RELUME_OK;
}

relume_result Source::abort_gesture(relume_param param, std::int64_t now) noexcept RELUME_NONBLOCKING {
  hear();
  Checked checked;
  Cell* cell = nullptr;
  const relume_result result = find_gesture(param, checked, cell);
  if (result != RELUME_OK) return refuse(result);
  finish_gesture(*cell, param, checked, false, now);
  return RELUME_OK;
}

void Source::finish_gesture(Cell& cell, relume_param param, const Checked& checked, bool commit,
                            std::int64_t now) noexcept RELUME_NONBLOCKING {
  using Word = OverlayWrite::Kind;
  commit |= unread_kind(cell) == Word::again;  // of the gesture before
  cell.gesture = Gesture::none;
  cell.active = commit;
  if (commit) clamp_to_range(*checked.def, cell.last);  // as above
  put(cell, {param.bits, checked.def, checked.order, 0, now, cell.last, checked.slot, 0, 0,
             commit ? Word::end : Word::release});
}

// Of what was said of the parameter and no frame has taken yet. Nobody but its source ever writes a version.
OverlayWrite::Kind Source::unread_kind(const Cell& cell) noexcept RELUME_NONBLOCKING {
  const std::uint32_t between = cell.between.load(std::memory_order_relaxed);
  const OverlayWrite& said = cell.version[between & ~kFresh];
  return (between & kFresh) != 0 && said.param == cell.param ? said.kind : OverlayWrite::Kind::hold;
}

void Source::info(relume_source_info& out) const noexcept RELUME_NONBLOCKING {
  out.number = number();
  out.written = written_;
  out.unchanged = unchanged_;
  out.rejected = rejected_;
  out.superseded = superseded_;
  out.timeouts = losses();
}

// Takes the newest version of every cell that was written into the list of those that wait. Only for its place in the queue, never
// besides: else a cell could be queued as often as it is taken, and no room be left for others.
void Source::collect_cells() noexcept {
  for (std::size_t count = fresh_.size(); count > 0; --count) {
    Cell& cell = cells_[fresh_.front()];
    if ((cell.between.load(std::memory_order_relaxed) & kFresh) != 0) {
      cell.reading = static_cast<std::uint8_t>(cell.between.exchange(cell.reading, order::kCellTake) & ~kFresh);
      if (!cell.waiting) waiting_[waiting_count_++] = fresh_.front();
      cell.waiting = true;
    }
    fresh_.pop();
  }
}

bool Source::ahead_of(std::uint64_t published) const noexcept {
  for (std::size_t i = 0; i < waiting_count_; ++i) {
    const Cell& cell = cells_[waiting_[i]];
    if (cell.version[cell.reading].batch > published) return true;
  }
  return false;
}

void Source::collect(std::int64_t now) noexcept RELUME_NONBLOCKING {
  // A cell that is ahead of the newest whole batch may have covered a value of an older one: then that one cannot be shown
  // whole, and all batches of this source wait. Looking again helps when the batch was just being finished; a source that is at
  // it without a pause is cut off after a while, so that its values are seen at all.
  constexpr int kCollects = 3;
  constexpr std::int64_t kLongest = 250'000'000;
  bool ahead = true;
  for (int look = 0; ahead && look < kCollects; ++look) {
    // Cells of a batch are queued before it is published: those of every batch up to this one are collected.
    due_batch_ = published_.load(order::kBatchLook);
    collect_cells();
    ahead = ahead_of(due_batch_);
  }
  if (!ahead) {
    deferred_since_ = kNotDeferred;
  } else if (deferred_since_ == kNotDeferred) {
    deferred_since_ = now;
  }
  deferred_ = ahead && now - deferred_since_ < kLongest;
  if (!deferred_) deferred_since_ = kNotDeferred;
}

}  // namespace relume::core
