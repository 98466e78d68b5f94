// SPDX-License-Identifier: Apache-2.0
#include "live/composer.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/handle.hpp"

namespace relume::core {
namespace {

constexpr std::size_t kCommitQueue = 1024;
constexpr std::size_t kPlaces = 256;
constexpr std::uint32_t kStreamedSlots = 4U << 20U;  // 16 MiB
constexpr std::int64_t kLongPause = std::int64_t{composer::kOldest / 2} * composer::kTick;
const SavedBlock kEmptyBlock{};

std::uint32_t list_capacity(std::uint32_t slots) { return std::max(1024U, slots / 64); }

}  // namespace

Composer::Composer(const Config& config, PageTree& tree, FrameStore& frames)
    : config_(config),
      streamed_(config.slots >= kStreamedSlots),
      tree_(tree),
      frames_(frames),
      automation_(tree.blocks()),
      claims_(config.contended),
      list_(list_capacity(config.slots), tree.blocks(), frames.idle_slot()),
      dense_(tree.blocks()),
      owned_(tree.blocks()),
      touched_(tree.blocks()),
      touched_lanes_(tree.blocks()),
      arrived_(tree.blocks()),
      marked_lanes_(tree.blocks()),
      settling_(tree.blocks()),
      due_(tree.blocks()),
      block_stamp_(tree.blocks()),
      group_stamp_((tree.blocks() + 63) / 64),
      leaving_(tree.blocks()),
      left_(tree.blocks()),
      requests_(kCommitQueue),
      answers_(kCommitQueue),
      sources_(config.sources),
      places_(kPlaces) {}

int Composer::free_source_place() const noexcept {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].load(std::memory_order_acquire) == nullptr) return static_cast<int>(i);
  }
  return -1;
}

void Composer::put_source(int place, AnySource* source) noexcept {
  const auto at = static_cast<std::size_t>(place);
  places_[at].store(std::uint64_t{source->number()} << 32U | source->priority(), std::memory_order_relaxed);
  sources_[at].store(source, order::kSourcePut);
}

bool Composer::next_request(CommitRequest& out) noexcept {
  if (requests_.size() == 0) return false;
  out = requests_.front();
  requests_.pop();
  return true;
}

std::uint64_t Composer::compose(std::int64_t now) noexcept RELUME_NONBLOCKING {
  if (busy_.exchange(true, order::kComposeBegin)) return 0;
  if (resume_ != Resume::no) go_on(now);
  const std::int64_t last = last_time_.load(std::memory_order_relaxed);
  now_ = std::max(now_, now);
  moment_ = composer::Moment::of(now_);
  if (last != INT64_MIN) bridge_pause(now_ - last);
  collect_sources();
  take_root();
  take_sources();
  take_answers();
  if (recovered_until_ != kNever) release_recovered();
  renew_anchors();
  build_frame();
  settle();
  last_time_.store(now_, std::memory_order_relaxed);
  if (root_ != nullptr) seen_order_.store(root_->order, std::memory_order_release);
  const std::uint64_t number = frames_.newest().frame.number;
  busy_.store(false, order::kComposeEnd);
  return number;
}

OverlayGlimpse Composer::glimpse(std::uint32_t slot, const ParamDef& def) const noexcept {
  const Spot spot = spot_of(slot);
  if (!owned_.has(spot.block)) return {};  // without a look at the block, which nobody has had in hand for long
  const AutomationBlock& b = automation_[spot.block];
  if ((b.owners() & spot.bit()) == 0) return {};
  const AutomationGlimpse seen = b.glimpse(spot.first);
  const std::int64_t last = last_time_.load(std::memory_order_relaxed);
  const composer::Moment moment = composer::Moment::of(last);
  const std::uint64_t who = places_[seen.place].load(std::memory_order_relaxed);
  OverlayGlimpse out;
  out.there = seen.there;
  out.automated = seen.automated;
  out.source = static_cast<std::uint32_t>(who >> 32U);
  out.priority = seen.state.gesture != 0 ? RELUME_PRIORITY_GESTURE : static_cast<std::uint32_t>(who);
  const auto ticks = static_cast<std::int32_t>(moment.tick - seen.start[0]);
  out.age_ns = std::max(0, ticks) * composer::kTick;
  const auto rate_under = [&seen](const ParamDef& d) {
    if (seen.smoothing_ms == 0) return d.glide_rate;
    return seen.smoothing_ms == RELUME_SMOOTHING_STEP ? 0 : composer::rate_of(seen.smoothing_ms * 1'000'000LL);
  };
  out.glides = rate_under(def) > 0;
  const StackView* const stack = seen_stack_.load(std::memory_order_acquire);
  const LayerExtent* const extent = stack != nullptr ? stack->extent_at(slot) : nullptr;
  const ParamDef* const shown = extent != nullptr ? extent->type->at_slot(slot - extent->first_slot) : nullptr;
  const ParamDef& under = shown != nullptr ? *shown : def;
  for (std::uint32_t i = 0; i < def.lanes; ++i) {
    out.lanes[i] = seen.target[i];
    if ((seen.gliding >> i & 1U) == 0) continue;
    bool arrived = false;
    out.lanes[i] = std::bit_cast<std::uint32_t>(composer::value_at(std::bit_cast<float>(seen.target[i]),
                                                                   {seen.from[i], seen.start[i]}, rate_under(under),
                                                                   under.arrival, moment, arrived));
  }
  return out;
}

// --- values of single lanes ---

const SavedBlock& Composer::saved(std::uint32_t block) const noexcept RELUME_NONBLOCKING {
  const Page* page = root_ != nullptr ? tree_.page(*root_, block) : nullptr;
  return page != nullptr ? page->saved : kEmptyBlock;
}

// What lies below automation. Of a trigger: the pulses of sources, to which a frame adds those of operators.
std::uint32_t Composer::resting(const SavedBlock& below, const AutomationBlock& b,
                                std::uint32_t lane) const noexcept RELUME_NONBLOCKING {
  if ((b.triggers >> lane & 1U) == 0) return below.resting(lane);
  return (below.committed_present >> lane & 1U) != 0 ? below.committed[lane] : 0;
}

float Composer::rate_of(const AutomationBlock& b, std::uint32_t lane, float defined) noexcept RELUME_NONBLOCKING {
  if ((b.timed >> lane & 1U) == 0) return defined;
  const std::uint16_t ms = b.smoothing_ms[lane];
  return ms == RELUME_SMOOTHING_STEP ? 0 : composer::rate_of(ms * 1'000'000LL);
}

std::uint32_t Composer::shown(std::uint32_t block, std::uint32_t lane, const ParamDef& def,
                              const composer::Moment& at) const noexcept RELUME_NONBLOCKING {
  const AutomationBlock& b = automation_[block];
  if ((b.moving() >> lane & 1U) != 0) {
    bool arrived = false;
    return std::bit_cast<std::uint32_t>(composer::value_at(std::bit_cast<float>(b.target[lane]),
                                                           {b.from[lane], b.start[lane]},
                                                           rate_of(b, lane, def.glide_rate), def.arrival, at, arrived));
  }
  return (b.held() >> lane & 1U) != 0 ? b.target[lane] : resting(saved(block), b, lane);
}

bool Composer::aim(AutomationBlock& b, std::uint32_t lane, std::uint32_t value, std::uint32_t target, float rate,
                   const composer::Moment& at) noexcept RELUME_NONBLOCKING {
  const std::uint64_t bit = std::uint64_t{1} << lane;
  composer::Anchor anchor{0, at.tick};
  const bool glides = rate > 0 && value != target &&
                      composer::begin(std::bit_cast<float>(value), std::bit_cast<float>(target), rate, at, anchor);
  AutomationBlock::put(b.target[lane], target);
  AutomationBlock::put(b.from[lane], anchor.from);
  AutomationBlock::put(b.start[lane], at.tick);
  if (glides) {
    AutomationBlock::raise(b.gliding, bit);
  } else {
    AutomationBlock::clear(b.gliding, bit);
  }
  return glides;
}

const ParamDef& Composer::def_at(std::uint32_t slot) const noexcept RELUME_NONBLOCKING {
  const LayerExtent* extent = root_->stack->extent_at(slot);
  return *extent->type->at_slot(slot - extent->first_slot);
}

bool Composer::in_stack(std::uint64_t param) const noexcept RELUME_NONBLOCKING {
  if (root_ == nullptr) return false;
  const std::uint32_t index = layer_index(relume_param{param});
  return index < root_->stack->table.size() && root_->stack->table[index].generation == generation_of(param);
}

// Between the last frame and this one: a source's clock that is off can bend no glide by more than a frame. After a pause, not so
// long ago that ticks could have come round.
composer::Moment Composer::noticed(std::int64_t time) const noexcept RELUME_NONBLOCKING {
  std::int64_t earliest = std::min(last_time_.load(std::memory_order_relaxed), now_);
  if (now_ > INT64_MIN + kLongPause) earliest = std::max(earliest, now_ - kLongPause);
  return composer::Moment::of(std::clamp(time, earliest, now_));
}

// --- anchors ---

// One block a frame, and some of the claims that wait: one that stands for days must not look young when its tick comes round
// again. What is renewed gets the greatest age that there is, so that it stays older than what is not.
void Composer::renew_anchors() noexcept RELUME_NONBLOCKING {
  constexpr std::uint32_t kClaims = 64;  // as many slots as a block has
  claims_.renew(moment_.tick, composer::kOldest, kClaims);
  renew_next_ = renew_next_ + 1 < automation_.size() ? renew_next_ + 1 : 0;
  if (automation_[renew_next_].owners() != 0) renew_block(renew_next_);
}

void Composer::renew_block(std::uint32_t block) noexcept RELUME_NONBLOCKING {
  AutomationBlock& b = automation_[block];
  for (std::uint64_t owners = b.owners(); owners != 0; owners &= owners - 1) {
    const auto first = static_cast<std::uint32_t>(std::countr_zero(owners));
    const std::uint32_t lanes = b.state(first).lane_count();
    const Spot spot{block, first};
    const std::uint32_t tick = tick_of(spot);
    bool renewed = false;
    for (std::uint32_t lane = first; lane < first + lanes; ++lane) {
      if (moment_.tick - b.start[lane] <= composer::kOldest) continue;
      renewed = true;
      const AutomationBlock::Writing writing(b);
      if ((b.moving() >> lane & 1U) != 0) {
        const ParamDef& def = def_at(block * kBlockSlots + first);
        aim(b, lane, shown(block, lane, def, moment_), b.target[lane], rate_of(b, lane, def.glide_rate), moment_);
        touch(block, std::uint64_t{1} << lane);
      } else {
        AutomationBlock::put(b.start[lane], moment_.tick - composer::kOldest);
      }
    }
    if (!renewed || (b.held() & spot.bit()) == 0) continue;
    keep_tick(spot, moment_.tick - tick > composer::kOldest ? moment_.tick - composer::kOldest : tick);
  }
}

// Nobody composed for hours, and ticks may have come round: glides go on from where they stood, by the time that passed.
void Composer::bridge_pause(std::int64_t pause) noexcept RELUME_NONBLOCKING {
  if (pause < kLongPause) return;
  const composer::Moment last = composer::Moment::of(now_ - pause);
  // How old it was then, and the pause as half of the greatest age: who was older still is, and who comes now is newer.
  const auto aged = [&](std::uint32_t start) {
    return moment_.tick - composer::kOldest / 2 - 1 - std::min(last.tick - start, composer::kOldest / 2 - 1);
  };
  claims_.for_each_tick(aged);
  next_due_ = moment_.tick;
  settling_.for_each([&](std::uint32_t block) { due_[block] = moment_.tick; });
  owned_.for_each([&](std::uint32_t block) {
    AutomationBlock& b = automation_[block];
    for (std::uint64_t owners = b.owners(); owners != 0; owners &= owners - 1) {
      const auto first = static_cast<std::uint32_t>(std::countr_zero(owners));
      const ParamDef& def = def_at(block * kBlockSlots + first);
      const Spot spot{block, first};
      const bool own_tick = tick_of(spot) != b.start[first];  // aged above, with all of its kind
      const std::uint32_t tick = own_tick ? tick_of(spot) : aged(b.start[first]);
      for (std::uint32_t lane = first; lane < first + def.lanes; ++lane) {
        const AutomationBlock::Writing writing(b);
        if ((b.moving() >> lane & 1U) == 0) {
          AutomationBlock::put(b.start[lane], aged(b.start[lane]));
          continue;
        }
        const double to = static_cast<double>(std::bit_cast<float>(b.target[lane]));
        const double value = static_cast<double>(std::bit_cast<float>(shown(block, lane, def, last)));
        const double rate = static_cast<double>(rate_of(b, lane, def.glide_rate));
        const auto now = static_cast<float>(to + (value - to) * std::exp(-static_cast<double>(pause) * rate));
        aim(b, lane, std::bit_cast<std::uint32_t>(now), b.target[lane], static_cast<float>(rate), moment_);
        touch(block, std::uint64_t{1} << lane);
      }
      if ((b.held() & spot.bit()) != 0) keep_tick(spot, tick);
    }
  });
}

}  // namespace relume::core
