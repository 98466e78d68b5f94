// SPDX-License-Identifier: Apache-2.0
#include "live/composer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "model/handle.hpp"

namespace relume::core {
namespace {

constexpr std::size_t kCommitQueue = 1024;
const SavedBlock kEmptyBlock{};

}  // namespace

Composer::Composer(const Config& config, PageTree& tree, FrameStore& frames)
    : config_(config),
      tree_(tree),
      frames_(frames),
      automation_(tree.blocks()),
      overlays_(config.overlays, config.slots),
      touched_lanes_(tree.blocks()),
      touched_(tree.blocks()),
      moving_((tree.blocks() + 63) / 64),
      block_stamp_(tree.blocks()),
      group_stamp_((tree.blocks() + 63) / 64),
      requests_(kCommitQueue),
      answers_(kCommitQueue),
      sources_(config.sources) {}

int Composer::free_source_place() const noexcept {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].load(std::memory_order_acquire) == nullptr) return static_cast<int>(i);
  }
  return -1;
}

bool Composer::next_request(CommitRequest& out) noexcept {
  if (requests_.size() == 0) return false;
  out = requests_.front();
  requests_.pop();
  return true;
}

std::uint64_t Composer::compose(std::int64_t now) noexcept RELUME_NONBLOCKING {
  if (busy_.exchange(true, std::memory_order_acquire)) return 0;
  now_ = std::max(now_, now);
  take_root();
  take_sources();
  take_answers();
  build_frame();
  settle();
  last_time_.store(now_, std::memory_order_relaxed);
  const std::uint64_t number = frames_.newest().frame.number;
  busy_.store(false, std::memory_order_release);
  return number;
}

const SavedBlock& Composer::saved(std::uint32_t block) const noexcept {
  const Page* page = root_ != nullptr ? tree_.page(*root_, block) : nullptr;
  return page != nullptr ? page->saved : kEmptyBlock;
}

void Composer::touch(std::uint32_t block, std::uint64_t lanes) noexcept {
  if (touched_lanes_[block] == 0) touched_[touched_count_++] = block;
  touched_lanes_[block] |= lanes;
}

void Composer::stamp(std::uint32_t block, std::uint64_t frame) noexcept {
  block_stamp_[block] = frame;
  group_stamp_[block / 64] = frame;
}

// --- what mutators left ---

void Composer::take_root() noexcept RELUME_NONBLOCKING {
  const Root* newer = tree_.take();
  if (newer == nullptr) return;
  const Root* before = root_;
  root_ = newer;
  if (before != nullptr && before->stack != newer->stack) {
    for (const Carry& to : newer->stack->carries) {
      if (to.version > before->version) carry(to, *before);
    }
  }
  tree_.compare(before, *newer, [this](std::uint32_t block, const Page& page) { take_page(block, page); });
  changed_ = changed_ || before == nullptr || newer->revision != before->revision || newer->stack != before->stack;
  tree_.hold(*newer);
}

// A parameter got another definition and perhaps another place. Its automation goes on there, without a jump unless the new
// range or the lack of a glide asks for one.
void Composer::carry(const Carry& to, const Root& before) noexcept RELUME_NONBLOCKING {
  Overlay* overlay = overlays_.at(to.from_slot);
  if (overlay == nullptr || overlay->param.load(std::memory_order_relaxed) != to.from_param) return;
  const ParamDef& old = *overlay->def;
  const std::uint64_t order = overlay->order.load(std::memory_order_relaxed);
  const bool held = overlay->phase != Overlay::Phase::releasing;
  const bool moved = to.to_slot != to.from_slot;
  if (moved) {
    move_lanes(*overlay, to.to_slot);
    overlay->order.store(std::max(order, to.order), std::memory_order_relaxed);
  }
  overlay->def = to.def;
  overlay->param.store(to.to_param, std::memory_order_relaxed);
  const Page* page = tree_.page(before, to.from_slot / kBlockSlots);
  fit_lanes(*overlay, old, page != nullptr ? page->saved : kEmptyBlock, to.from_slot % kBlockSlots);
  if (old.commit_policy != to.def->commit_policy && to.def->commit_policy != 0) {
    overlay->policy = to.def->commit_policy;
    if (overlay->phase == Overlay::Phase::kept) overlay->phase = Overlay::Phase::live;
  }
  // What was asked for, was asked for under the old type.
  if (overlay->phase == Overlay::Phase::committing) overlay->phase = Overlay::Phase::live;
  touch(overlay->slot / kBlockSlots, lanes_at(*overlay));
  ++overlay->token;
  overlays_.show(*overlay);
  if (overlay->phase != Overlay::Phase::kept) overlays_.attend(*overlay);
  // What an operator took in the old place is not in the new one's page.
  if (!moved || !Taken::outranks(to.taken, order, held ? overlay->priority : 0)) return;
  if ((to.taken & Taken::kGlide) != 0) {
    glide_back(*overlay, now_);
  } else {
    end_overlay(*overlay);
  }
}

// Target and glide under the new definition. `was` is what lay below before, from lane `was_first` on.
void Composer::fit_lanes(Overlay& overlay, const ParamDef& old, const SavedBlock& was,
                         std::uint32_t was_first) noexcept RELUME_NONBLOCKING {
  const ParamDef& def = *overlay.def;
  const std::uint32_t block = overlay.slot / kBlockSlots;
  const std::uint32_t first = overlay.slot % kBlockSlots;
  AutomationBlock& automation = automation_[block];
  const bool held = overlay.phase != Overlay::Phase::releasing;
  Lanes before{};
  Lanes after{};
  Lanes shown{};
  for (std::uint32_t i = 0; i < def.lanes; ++i) {
    before[i] = held ? automation.target[first + i] : was.resting(was_first + i);
    after[i] = held ? before[i] : saved(block).resting(first + i);
    if ((automation.gliding >> (first + i) & 1U) == 0) continue;
    shown[i] = std::bit_cast<std::uint32_t>(automation.glide(first + i, std::bit_cast<float>(before[i]), now_));
  }
  Lanes inside = shown;
  clamp_to_range(def, inside);
  clamp_to_range(def, after);
  for (std::uint32_t i = 0; i < def.lanes; ++i) {
    const std::uint32_t lane = first + i;
    const std::uint64_t bit = std::uint64_t{1} << lane;
    if (held) automation.target[lane] = after[i];
    if ((automation.gliding & bit) == 0) continue;
    if (inside[i] == shown[i] && after[i] == before[i] && old.smoothing_ns == def.smoothing_ns) continue;
    automation.gliding &= ~bit;
    if (!def.glides()) continue;
    automation.begin_glide(lane, def, std::bit_cast<float>(inside[i]), std::bit_cast<float>(after[i]), now_);
  }
  if ((automation.gliding & lanes_at(overlay)) != 0) moving_[block / 64] |= std::uint64_t{1} << (block % 64);
}

// Whoever had any of these slots is gone, or was carried away before: they were free.
void Composer::clear_place(std::uint32_t slot, std::uint32_t lanes) noexcept RELUME_NONBLOCKING {
  const std::uint32_t block = slot / kBlockSlots;
  const std::uint32_t first = slot % kBlockSlots;
  const std::uint32_t begin =
      first > 3 ? first - 3 : 0;  // no parameter has more than four lanes, or lies in two blocks
  for (std::uint32_t lane = begin; lane < first + lanes; ++lane) {
    if ((automation_[block].owned >> lane & 1U) == 0) continue;
    Overlay* stale = overlays_.at(block * kBlockSlots + lane);
    if (lane + stale->def->lanes > first) end_overlay(*stale);
  }
}

void Composer::move_lanes(Overlay& overlay, std::uint32_t slot) noexcept RELUME_NONBLOCKING {
  clear_place(slot, overlay.def->lanes);
  AutomationBlock& from = block_of(overlay);
  AutomationBlock& to = automation_[slot / kBlockSlots];
  const std::uint32_t old_first = overlay.slot % kBlockSlots;
  const std::uint32_t first = slot % kBlockSlots;
  const auto move_bit = [](std::uint64_t& source, std::uint32_t at, std::uint64_t& target, std::uint32_t place) {
    const std::uint64_t bit = (source >> at) & 1U;
    source &= ~(std::uint64_t{1} << at);
    target = (target & ~(std::uint64_t{1} << place)) | bit << place;
  };
  for (std::uint32_t i = 0; i < overlay.def->lanes; ++i) {
    to.target[first + i] = from.target[old_first + i];
    to.from[first + i] = from.from[old_first + i];
    to.rate[first + i] = from.rate[old_first + i];
    to.near[first + i] = from.near[old_first + i];
    to.start[first + i] = from.start[old_first + i];
    move_bit(from.overlay, old_first + i, to.overlay, first + i);
    move_bit(from.gliding, old_first + i, to.gliding, first + i);
  }
  move_bit(from.owned, old_first, to.owned, first);
  touch(overlay.slot / kBlockSlots, lanes_at(overlay));
  overlays_.move(overlay, slot);
}

void Composer::take_page(std::uint32_t block, const Page& page) noexcept RELUME_NONBLOCKING {
  AutomationBlock& automation = automation_[block];
  for (std::uint64_t owned = automation.owned; owned != 0; owned &= owned - 1) {
    const auto lane = static_cast<std::uint32_t>(std::countr_zero(owned));
    Overlay* overlay = overlays_.at(block * kBlockSlots + lane);
    const std::uint64_t taken = page.taken[lane];
    const bool gliding_back = overlay->phase == Overlay::Phase::releasing;
    const std::uint32_t priority = gliding_back ? 0 : overlay->priority;
    if (!Taken::outranks(taken, overlay->order.load(std::memory_order_relaxed), priority)) continue;
    if ((taken & Taken::kGlide) != 0) {
      glide_back(*overlay, now_);
    } else {
      end_overlay(*overlay);
    }
  }
  touch(block, ~std::uint64_t{0});
}

// --- what sources left ---

void Composer::take_sources() noexcept RELUME_NONBLOCKING {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    AnySource* source = sources_[i].load(std::memory_order_acquire);
    if (source == nullptr) continue;
    const bool closing = source->closing();  // read first: what it wrote before closing is in the drain
    const auto take = [this, source](const OverlayWrite& write) { return take_write(*source, write); };
    if (source->kind() == AnySource::Kind::run) {
      static_cast<Stream*>(source)->drain(take);
    } else {
      static_cast<Source*>(source)->drain(now_, take);
    }
    if (!closing) continue;
    release_all(*source);
    sources_[i].store(nullptr, std::memory_order_release);
    source->acknowledge_close();
  }
}

void Composer::release_all(const AnySource& source) noexcept RELUME_NONBLOCKING {
  for (std::uint32_t block = 0; block < automation_.size(); ++block) {
    for (std::uint64_t owned = automation_[block].owned; owned != 0; owned &= owned - 1) {
      Overlay* overlay = overlays_.at(block * kBlockSlots + static_cast<std::uint32_t>(std::countr_zero(owned)));
      if (overlay->source == source.number()) glide_back(*overlay, now_);
    }
  }
}

std::uint32_t Composer::policy_of(const ParamDef& def, const AnySource& source,
                                  const OverlayWrite& write) const noexcept RELUME_NONBLOCKING {
  if (write.commit_policy != 0) return write.commit_policy;
  if (def.commit_policy != 0) return def.commit_policy;
  return source.commit_policy() != 0 ? source.commit_policy() : config_.commit_policy;
}

bool Composer::take_write(const AnySource& source, const OverlayWrite& write) noexcept RELUME_NONBLOCKING {
  const Page* page = root_ != nullptr ? tree_.page(*root_, write.slot / kBlockSlots) : nullptr;
  const std::uint64_t taken = page != nullptr ? page->taken[write.slot % kBlockSlots] : 0;
  if (Taken::outranks(taken, write.order, source.priority())) return true;
  // Not late and yet not in the stack: its layer is in a root that comes with the next frame.
  if (!in_stack(write.param)) return false;
  const relume_param param{write.param};
  const ParamDef* def = root_->stack->types[layer_index(param)]->at_slot(slot_of(param));
  if (def == write.def) return take_fitting(source, write);
  OverlayWrite fitted = write;  // its type was reloaded since, in the same shape
  fitted.def = def;
  clamp_to_range(*def, fitted.lanes);
  return take_fitting(source, fitted);
}

bool Composer::take_fitting(const AnySource& source, const OverlayWrite& write) noexcept RELUME_NONBLOCKING {
  Overlay* overlay = overlays_.at(write.slot);
  const bool released = overlay != nullptr && overlay->phase == Overlay::Phase::releasing;
  if (write.release) {
    if (overlay != nullptr && !released && overlay->source == source.number())
      glide_back(*overlay, noticed(write.time));
    return true;
  }
  if (overlay != nullptr && !released && source.priority() < overlay->priority) return false;  // it waits below
  if (overlay == nullptr) {
    if (overlays_.full()) return false;
    overlay = &overlays_.take(write.slot);
    overlay->param.store(write.param, std::memory_order_relaxed);
  }
  overlay->def = write.def;
  overlay->source = source.number();
  overlay->priority = source.priority();
  overlay->policy = policy_of(*write.def, source, write);
  overlay->order.store(write.order, std::memory_order_relaxed);
  retarget(*overlay, write);
  return true;
}

bool Composer::in_stack(std::uint64_t param) const noexcept RELUME_NONBLOCKING {
  if (root_ == nullptr) return false;
  const std::uint32_t index = layer_index(relume_param{param});
  return index < root_->stack->table.size() && root_->stack->table[index].generation == generation_of(param);
}

// Between the last frame and this one: a source's clock that is off can bend no glide by more than a frame.
std::int64_t Composer::noticed(std::int64_t time) const noexcept RELUME_NONBLOCKING {
  return std::clamp(time, std::min(last_time_.load(std::memory_order_relaxed), now_), now_);
}

void Composer::retarget(Overlay& overlay, const OverlayWrite& write) noexcept RELUME_NONBLOCKING {
  const std::uint32_t block = write.slot / kBlockSlots;
  const std::uint32_t first = write.slot % kBlockSlots;
  AutomationBlock& automation = automation_[block];
  const std::int64_t time = noticed(write.time);
  for (std::uint32_t i = 0; i < write.def->lanes; ++i) {
    const std::uint32_t lane = first + i;
    const std::uint64_t bit = std::uint64_t{1} << lane;
    if (write.def->glides()) {
      const bool held = (automation.overlay & bit) != 0;
      const float to = std::bit_cast<float>(held ? automation.target[lane] : saved(block).resting(lane));
      const bool gliding = (automation.gliding & bit) != 0;
      const float value = gliding ? automation.glide(lane, to, time) : to;
      automation.begin_glide(lane, *write.def, value, std::bit_cast<float>(write.lanes[i]), time);
      moving_[block / 64] |= std::uint64_t{1} << (block % 64);
    }
    automation.overlay |= bit;
    automation.target[lane] = write.lanes[i];
  }
  automation.owned |= std::uint64_t{1} << first;
  touch(block, lanes_at(overlay));
  overlay.phase = Overlay::Phase::live;
  ++overlay.token;
  overlay.changed_ns.store(time, std::memory_order_relaxed);
  overlays_.show(overlay);
  overlays_.attend(overlay);
}

// The tiers below are glided to, and the overlay stays until they are reached.
void Composer::glide_back(Overlay& overlay, std::int64_t from) noexcept RELUME_NONBLOCKING {
  if (!overlay.def->glides()) {
    end_overlay(overlay);
    return;
  }
  if (overlay.phase == Overlay::Phase::releasing) return;
  const std::uint32_t block = overlay.slot / kBlockSlots;
  const std::uint32_t first = overlay.slot % kBlockSlots;
  AutomationBlock& automation = automation_[block];
  for (std::uint32_t lane = first; lane < first + overlay.def->lanes; ++lane) {
    const float target = std::bit_cast<float>(automation.target[lane]);
    const bool gliding = ((automation.gliding >> lane) & 1U) != 0;
    const float value = gliding ? automation.glide(lane, target, from) : target;
    automation.begin_glide(lane, *overlay.def, value, std::bit_cast<float>(saved(block).resting(lane)), from);
  }
  automation.overlay &= ~lanes_at(overlay);
  // What it was stronger than lies behind it: from here on only a newer mutation cuts the glide short.
  const std::uint64_t taken = tree_.page(*root_, block)->taken[first] >> Taken::kShift;
  overlay.order.store(std::max(overlay.order.load(std::memory_order_relaxed), taken), std::memory_order_relaxed);
  moving_[block / 64] |= std::uint64_t{1} << (block % 64);
  touch(block, lanes_at(overlay));
  overlay.phase = Overlay::Phase::releasing;
  ++overlay.token;
  overlays_.show(overlay);
  overlays_.attend(overlay);
}

// The tiers below show at once.
void Composer::end_overlay(Overlay& overlay) noexcept RELUME_NONBLOCKING {
  const std::uint32_t block = overlay.slot / kBlockSlots;
  AutomationBlock& automation = automation_[block];
  automation.overlay &= ~lanes_at(overlay);
  automation.gliding &= ~lanes_at(overlay);
  automation.owned &= ~(std::uint64_t{1} << (overlay.slot % kBlockSlots));
  touch(block, lanes_at(overlay));
  ++overlay.token;
  overlays_.give(overlay);
}

// --- what the coordinator answered ---

void Composer::take_answers() noexcept RELUME_NONBLOCKING {
  for (std::size_t count = answers_.size(); count > 0; --count) {
    const CommitAnswer answer = answers_.front();
    // The committed value must be below the overlay before the overlay goes.
    if (root_ == nullptr || root_->version < answer.version) return;
    answers_.pop();
    Overlay& overlay = overlays_[answer.overlay];
    if (overlay.token != answer.token || overlay.phase != Overlay::Phase::committing) continue;
    end_overlay(overlay);
  }
}

// --- the frame ---

void Composer::build_frame() noexcept RELUME_NONBLOCKING {
  bool moving = false;
  for (std::size_t i = 0; i < moving_.size() && !moving; ++i) moving = moving_[i] != 0;
  if (!changed_ && touched_count_ == 0 && !moving) return;
  changed_ = false;

  const FrameBuffer& before = frames_.newest();
  FrameBuffer& buffer = frames_.free_buffer();
  const std::uint64_t number = before.frame.number + 1;
  catch_up(buffer, before);
  for (std::uint32_t i = 0; i < touched_count_; ++i) {
    const std::uint32_t block = touched_[i];
    AutomationBlock& automation = automation_[block];
    const std::uint64_t lanes = touched_lanes_[block] & ~automation.gliding;
    compose_lanes(automation, saved(block), lanes, now_, buffer.slots + block * kBlockSlots);
    touched_lanes_[block] = 0;
    stamp(block, number);
  }
  touched_count_ = 0;
  buffer.frame.number = number;
  buffer.frame.moving = move_gliding(buffer);
  buffer.frame.time_ns = now_;
  buffer.frame.revision = root_ != nullptr ? root_->revision : 0;
  show_stack(buffer);
  frames_.publish(buffer);
}

// A buffer that lay idle for some frames takes over the blocks that changed meanwhile. Gliding slots need no stamp: they are
// written into every frame until they rest.
void Composer::catch_up(FrameBuffer& buffer, const FrameBuffer& from) noexcept RELUME_NONBLOCKING {
  const std::uint64_t has = buffer.frame.number;
  for (std::size_t group = 0; group < group_stamp_.size(); ++group) {
    if (group_stamp_[group] <= has) continue;
    const std::size_t end = std::min<std::size_t>((group + 1) * 64, block_stamp_.size());
    for (std::size_t block = group * 64; block < end; ++block) {
      if (block_stamp_[block] <= has) continue;
      std::memcpy(buffer.slots + block * kBlockSlots, from.slots + block * kBlockSlots,
                  kBlockSlots * sizeof(relume_slot));
    }
  }
}

std::uint32_t Composer::move_gliding(FrameBuffer& buffer) noexcept RELUME_NONBLOCKING {
  std::uint32_t moving = 0;
  for (std::size_t group = 0; group < moving_.size(); ++group) {
    for (std::uint64_t blocks = moving_[group]; blocks != 0; blocks &= blocks - 1) {
      const auto block = static_cast<std::uint32_t>(group * 64) + static_cast<std::uint32_t>(std::countr_zero(blocks));
      AutomationBlock& automation = automation_[block];
      const std::uint64_t gliding = automation.gliding;
      compose_lanes(automation, saved(block), gliding, now_, buffer.slots + block * kBlockSlots);
      if (automation.gliding != gliding) stamp(block, buffer.frame.number);
      if (automation.gliding == 0) moving_[group] &= ~(blocks & (~blocks + 1));
      moving += static_cast<std::uint32_t>(std::popcount(automation.gliding));
    }
  }
  return moving;
}

void Composer::show_stack(FrameBuffer& buffer) noexcept RELUME_NONBLOCKING {
  if (root_ == nullptr || buffer.structure == root_->stack->created) return;
  const StackView& view = *root_->stack;
  buffer.structure = view.created;
  std::copy(view.layers.begin(), view.layers.end(), buffer.layers);
  std::copy(view.table.begin(), view.table.end(), buffer.table);
  buffer.table_size = static_cast<std::uint32_t>(view.table.size());
  buffer.frame.layer_count = static_cast<std::uint32_t>(view.layers.size());
}

// --- settling ---

void Composer::settle() noexcept RELUME_NONBLOCKING {
  for (std::uint32_t i = 0; i < overlays_.attention_count();) {
    Overlay& overlay = overlays_.attention(i);
    const AutomationBlock& automation = block_of(overlay);
    const bool arrived = (automation.gliding & lanes_at(overlay)) == 0;
    if (arrived && overlay.phase == Overlay::Phase::releasing) {
      end_overlay(overlay);  // takes it off the list: another one is at i now
      continue;
    }
    if (arrived && overlay.phase == Overlay::Phase::live) {
      const std::int64_t settle = overlay.def->settle_ns != 0 ? overlay.def->settle_ns : config_.settle_ns;
      const bool due = now_ - overlay.changed_ns.load(std::memory_order_relaxed) >= settle;
      if (overlay.policy == RELUME_COMMIT_RENDER_ONLY) {
        overlay.phase = Overlay::Phase::kept;
        overlays_.rest(overlay);
        continue;
      }
      if (due && request_commit(overlay)) {
        overlays_.rest(overlay);
        continue;
      }
    }
    ++i;
  }
}

bool Composer::request_commit(Overlay& overlay) noexcept RELUME_NONBLOCKING {
  const AutomationBlock& automation = block_of(overlay);
  CommitRequest request{};
  request.param.bits = overlay.param.load(std::memory_order_relaxed);
  request.order = overlay.order.load(std::memory_order_relaxed);
  request.overlay = overlays_.index_of(overlay);
  request.token = overlay.token;
  request.policy = overlay.policy;
  request.priority = overlay.priority;
  for (std::uint32_t i = 0; i < overlay.def->lanes; ++i)
    request.lanes[i] = automation.target[overlay.slot % kBlockSlots + i];
  if (!requests_.push(request)) return false;  // full: asked again with the next frame
  overlay.phase = Overlay::Phase::committing;
  return true;
}

}  // namespace relume::core
