// SPDX-License-Identifier: Apache-2.0
// The composer: takes what mutators and sources left for it, moves what glides, and publishes a frame. Everything here but the
// constructor belongs to the frame role and is wait-free; only the places where it meets other threads are atomic.
//
// The steps of a frame, in their order:
//   collect   the newest words of all sources, before the root: so the root knows every mutation that those words know
//   root      composer_root.cpp    what mutators changed: tiers below, structure, automation that an operator ended
//   claims    composer_claims.cpp  what sources say: who wins, where it goes
//   frame     composer_frame.cpp   values: touched blocks, gliding slots; published to readers
//   settle    composer_settle.cpp  what has arrived and rests asks to be committed
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "live/automation.hpp"
#include "live/black_box.hpp"
#include "live/block_set.hpp"
#include "live/claims.hpp"
#include "live/frame_store.hpp"
#include "live/held_targets.hpp"
#include "live/moving_list.hpp"
#include "live/page_tree.hpp"
#include "live/source.hpp"
#include "live/spsc_ring.hpp"
#include "live/stream.hpp"

namespace relume::core {

/// Automation has settled: the composer asks the coordinator to commit it.
struct CommitRequest {
  relume_param param;
  std::uint64_t order;  // newest operator mutation that is below it
  Lanes lanes;          // of a trigger: the pulses of sources, in all
  std::uint32_t slot;
  std::uint32_t policy;
  std::uint32_t priority;
};

/// The coordinator's answer.
struct CommitAnswer {
  std::uint64_t version;  // of the root that has the value
  std::uint32_t slot;
  relume_result result;
  Lanes lanes;  // what was committed, or was not
};

/// What another thread sees of a parameter's automation.
struct OverlayGlimpse {
  bool there = false;
  bool automated = false;  // false while it only glides back
  std::uint32_t source = 0;
  std::uint32_t priority = 0;
  bool glides = false;      // when it ends, under the definition that holds now
  std::int64_t age_ns = 0;  // since its last change, up to the newest frame
  Lanes lanes{};            // as the newest frame shows it
};

class Composer {
 public:
  struct Config {
    std::uint32_t slots;
    std::uint32_t contended;
    std::uint32_t sources;
    std::uint32_t commit_policy;
    std::int64_t settle_ns;
    std::int64_t held_ns = 0;
  };
  Composer(const Config& config, PageTree& tree, FrameStore& frames);

  /// Number of the newest frame, 0 when another thread is at it.
  std::uint64_t compose(std::int64_t now) noexcept RELUME_NONBLOCKING;

  // --- before the first compose(), see held_targets.hpp ---
  void hold(std::uint32_t block, const HeldBlock& held);
  void keep_targets_in(HeldTargets* targets) noexcept { held_targets_ = targets; }

  // --- coordinator ---
  /// Before the first compose(): where frames are recorded; nullptr: nowhere.
  void record_into(BlackBox* black_box) noexcept { black_box_ = black_box; }
  /// A place that holds no source, or -1.
  int free_source_place() const noexcept;
  void put_source(int place, AnySource* source) noexcept;
  bool next_request(CommitRequest& out) noexcept;
  bool can_answer() const noexcept { return !answers_.full(); }
  void answer(const CommitAnswer& answer) noexcept { answers_.push(answer); }

  // --- any, under the coordinator's mutex, which keeps the stack of the newest frame alive ---
  /// What automation does with the parameter that begins at a slot. Its definition is the one that holds now; what is shown may
  /// still be under the one before.
  OverlayGlimpse glimpse(std::uint32_t slot, const ParamDef& def) const noexcept;
  // --- any ---
  /// The newest operator mutation whose effects on automation are done.
  std::uint64_t seen_order() const noexcept { return seen_order_.load(std::memory_order_acquire); }

 private:
  /// A parameter: its first lane within its block.
  struct Spot {
    std::uint32_t block;
    std::uint32_t first;
    std::uint32_t slot() const noexcept { return block * kBlockSlots + first; }
    std::uint64_t bit() const noexcept { return std::uint64_t{1} << first; }
  };
  static Spot spot_of(std::uint32_t slot) noexcept { return {slot / kBlockSlots, slot % kBlockSlots}; }

  static constexpr std::uint8_t kRecoveredPlace = 255;
  using Places = std::array<std::uint64_t, 4>;  // a bit for each

  // Root.
  void take_root() noexcept RELUME_NONBLOCKING;
  void tag_triggers(const StackView* before, const StackView& after) noexcept RELUME_NONBLOCKING;
  void end_of_layers(const StackView& before, const StackView& after) noexcept RELUME_NONBLOCKING;
  void take_page(std::uint32_t block, const Page& page) noexcept RELUME_NONBLOCKING;
  void take_from(const Spot& spot, const Taken& taken, std::uint64_t known) noexcept RELUME_NONBLOCKING;
  void aim_back(const Spot& spot) noexcept RELUME_NONBLOCKING;
  void take_carries(const std::vector<Carry>& carries, const Root& before) noexcept RELUME_NONBLOCKING;
  bool continues(const std::vector<Carry>& carries, std::size_t at, const Root& before, std::size_t& last,
                 std::uint64_t& known) const noexcept RELUME_NONBLOCKING;
  void take_carried(const Spot& spot, const Taken& taken, std::uint64_t known) noexcept RELUME_NONBLOCKING;
  void judge_carried(const std::vector<Carry>& carries, std::uint64_t since) noexcept RELUME_NONBLOCKING;
  void carry(const Carry& to, std::uint64_t known) noexcept RELUME_NONBLOCKING;
  void move_lanes(const Spot& from, const Spot& to, std::uint32_t lanes) noexcept RELUME_NONBLOCKING;
  void clear_spot(const Spot& spot, std::uint32_t lanes) noexcept RELUME_NONBLOCKING;
  void fit_lanes(const Spot& spot, const Carry& carry) noexcept RELUME_NONBLOCKING;

  // Claims.
  void collect_sources() noexcept RELUME_NONBLOCKING;
  void take_turn(std::uint8_t place, std::uint32_t number) noexcept RELUME_NONBLOCKING;
  void take_sources() noexcept RELUME_NONBLOCKING;
  bool take_write(std::uint8_t place, const AnySource& source, const OverlayWrite& write) noexcept RELUME_NONBLOCKING;
  bool take_fitting(std::uint8_t place, const AnySource& source, const OverlayWrite& write) noexcept RELUME_NONBLOCKING;
  bool commit_ended(const Spot& spot, std::uint8_t place) noexcept RELUME_NONBLOCKING;
  bool stake(const Claim& claim, const composer::Moment& at) noexcept RELUME_NONBLOCKING;
  const Claim* best_waiting(std::uint32_t slot) const noexcept RELUME_NONBLOCKING;
  void install(const Claim& claim, const composer::Moment& noticed_at) noexcept RELUME_NONBLOCKING;
  void add_pulses(std::uint8_t place, const OverlayWrite& write) noexcept RELUME_NONBLOCKING;
  bool install_best(const Spot& spot, const composer::Moment& at) noexcept RELUME_NONBLOCKING;
  composer::Moment not_before(const Spot& spot, std::uint32_t lanes,
                              const composer::Moment& at) const noexcept RELUME_NONBLOCKING;
  void withdraw(std::uint32_t slot, std::uint8_t place, const composer::Moment& at) noexcept RELUME_NONBLOCKING;
  void release(const Spot& spot, const composer::Moment& at) noexcept RELUME_NONBLOCKING;
  void release_places(const Places& gone) noexcept RELUME_NONBLOCKING;
  void glide_back(const Spot& spot, const composer::Moment& noticed_at) noexcept RELUME_NONBLOCKING;
  void end(const Spot& spot) noexcept RELUME_NONBLOCKING;
  void forget(const Spot& spot) noexcept RELUME_NONBLOCKING;
  std::uint32_t tick_of(const Spot& spot) const noexcept RELUME_NONBLOCKING;
  void keep_tick(const Spot& spot, std::uint32_t tick) noexcept RELUME_NONBLOCKING;
  Claim winner_of(const Spot& spot) const noexcept RELUME_NONBLOCKING;
  bool beats(const Claim& a, const Claim& b) const noexcept RELUME_NONBLOCKING;
  std::uint32_t priority_of(std::uint8_t place, ClaimState state) const noexcept RELUME_NONBLOCKING;
  std::uint8_t policy_of(const ParamDef& def, const AnySource& source,
                         const OverlayWrite& write) const noexcept RELUME_NONBLOCKING;
  composer::Moment noticed(std::int64_t time) const noexcept RELUME_NONBLOCKING;
  bool in_stack(std::uint64_t param) const noexcept RELUME_NONBLOCKING;

  // Values of single lanes.
  const SavedBlock& saved(std::uint32_t block) const noexcept RELUME_NONBLOCKING;
  std::uint32_t resting(const SavedBlock& below, const AutomationBlock& b,
                        std::uint32_t lane) const noexcept RELUME_NONBLOCKING;
  std::uint32_t shown(std::uint32_t block, std::uint32_t lane, const ParamDef& def,
                      const composer::Moment& at) const noexcept RELUME_NONBLOCKING;
  static float rate_of(const AutomationBlock& b, std::uint32_t lane, float defined) noexcept RELUME_NONBLOCKING;
  /// Sends a lane from a value to a target, or puts it there; true when it glides.
  static bool aim(AutomationBlock& b, std::uint32_t lane, std::uint32_t value, std::uint32_t target, float rate,
                  const composer::Moment& at) noexcept RELUME_NONBLOCKING;
  const ParamDef& def_at(std::uint32_t slot) const noexcept RELUME_NONBLOCKING;
  void touch(std::uint32_t block, std::uint64_t lanes) noexcept RELUME_NONBLOCKING;

  // Frame.
  void build_frame() noexcept RELUME_NONBLOCKING;
  void catch_up(FrameBuffer& buffer, const FrameBuffer& from) noexcept RELUME_NONBLOCKING;
  void refresh(std::uint32_t block, relume_slot* out) noexcept RELUME_NONBLOCKING;
  void list_moving(std::uint32_t block) noexcept RELUME_NONBLOCKING;
  void move_dense(std::uint32_t block, float* out) noexcept RELUME_NONBLOCKING;
  void note_arrival(std::uint32_t block, std::uint64_t lanes) noexcept RELUME_NONBLOCKING;
  struct Curves {
    const float* rate;
    const float* near;
  };
  Curves curves_of(std::uint32_t block, std::array<float, 2 * kBlockSlots>& room) noexcept RELUME_NONBLOCKING;
  void arrive(std::uint32_t block) noexcept RELUME_NONBLOCKING;
  void show_stack(FrameBuffer& buffer) noexcept RELUME_NONBLOCKING;
  void record_block(std::uint32_t block, std::uint64_t lanes, const FrameBuffer& buffer) noexcept RELUME_NONBLOCKING;
  void record_frame(const FrameBuffer& buffer) noexcept RELUME_NONBLOCKING;
  void stamp(std::uint32_t block, std::uint64_t frame) noexcept RELUME_NONBLOCKING;
  void renew_anchors() noexcept RELUME_NONBLOCKING;
  void renew_block(std::uint32_t block) noexcept RELUME_NONBLOCKING;
  void bridge_pause(std::int64_t pause) noexcept RELUME_NONBLOCKING;

  // Settling.
  void rest(const Spot& spot, std::uint32_t due) noexcept RELUME_NONBLOCKING;
  void settle() noexcept RELUME_NONBLOCKING;
  void settle_block(std::uint32_t block, std::uint32_t& looks) noexcept RELUME_NONBLOCKING;
  bool request_commit(const Spot& spot, ClaimState state) noexcept RELUME_NONBLOCKING;
  void take_answers() noexcept RELUME_NONBLOCKING;

  // Held automation.
  void leave_targets(const FrameBuffer& buffer) noexcept RELUME_NONBLOCKING;
  void put_targets(std::uint32_t block, const relume_slot* shown) noexcept RELUME_NONBLOCKING;
  void hold_param(const Spot& spot, const ParamDef& def, const HeldBlock& held) noexcept RELUME_NONBLOCKING;
  void go_on(std::int64_t now) noexcept RELUME_NONBLOCKING;
  void release_recovered() noexcept RELUME_NONBLOCKING;

  const Config config_;
  const bool streamed_;  // frames are larger than any cache: what is written into them goes past it
  PageTree& tree_;
  FrameStore& frames_;

  BlackBox* black_box_ = nullptr;
  const Root* root_ = nullptr;
  std::uint64_t known_order_ = 0;  // of the root before
  std::int64_t now_ = INT64_MIN;
  composer::Moment moment_{};
  const LayerExtent* last_extent_ = nullptr;  // where the last dense block lay
  bool changed_ = true;                       // something to show although nothing may move
  platform::FixedArray<AutomationBlock> automation_;
  Claims claims_;
  MovingList list_;
  BlockSet dense_;    // blocks that glide and are not in the list
  BlockSet owned_;    // blocks with automation
  BlockSet touched_;  // blocks with lanes to be composed anew
  platform::FixedArray<std::uint64_t> touched_lanes_;
  BlockSet arrived_;
  // Within take_root: parameters that came to another place with a change of type. Within take_sources: lanes whose glide has begun
  // in this frame. Within build_frame: lanes that have arrived.
  platform::FixedArray<std::uint64_t> marked_lanes_;
  BlockSet settling_;                        // blocks with lanes that wait for their settle time
  platform::FixedArray<std::uint32_t> due_;  // tick when the first of them may be due
  std::uint32_t next_due_ = 0;
  platform::FixedArray<std::uint64_t> block_stamp_;  // frame in which the block last came to rest or changed
  platform::FixedArray<std::uint64_t> group_stamp_;  // newest of 64 blocks
  std::uint32_t renew_next_ = 0;
  enum class Resume : std::uint8_t { no, first_frame, host };
  static constexpr std::int64_t kNever = INT64_MAX;
  HeldTargets* held_targets_ = nullptr;
  BlockSet leaving_;  // blocks whose automation is another in this frame
  BlockSet left_;     // blocks of which something is held
  Resume resume_ = Resume::no;
  std::int64_t recovered_until_ = kNever;
  SpscRing<CommitRequest> requests_;
  SpscRing<CommitAnswer> answers_;
  platform::FixedArray<std::atomic<AnySource*>> sources_;
  struct Turn {
    std::uint32_t number;
    std::uint8_t place;
  };
  std::array<Turn, 255> turn_{};  // of the sources that this frame looks at
  std::uint32_t turns_ = 0;
  bool taking_ = false;  // what sources say: lanes whose glide begins by it are marked
  platform::FixedArray<std::atomic<std::uint64_t>> places_;  // number << 32 | priority of the source there
  std::atomic<std::int64_t> last_time_{INT64_MIN};
  std::atomic<std::uint64_t> seen_order_{0};
  std::atomic<const StackView*> seen_stack_{nullptr};
  std::atomic<bool> busy_{false};
};

inline void Composer::touch(std::uint32_t block, std::uint64_t lanes) noexcept RELUME_NONBLOCKING {
  if (touched_lanes_[block] == 0) touched_.add(block);
  touched_lanes_[block] |= lanes;
}

}  // namespace relume::core
