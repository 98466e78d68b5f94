// SPDX-License-Identifier: Apache-2.0
// The composer: takes what mutators and sources left for it, moves what glides, and publishes a frame. Everything here but the
// constructor belongs to the frame role and is wait-free; only the places where it meets other threads are atomic.
#pragma once

#include <atomic>
#include <cstdint>

#include "live/frame_store.hpp"
#include "live/glide.hpp"
#include "live/overlay_pool.hpp"
#include "live/page_tree.hpp"
#include "live/source.hpp"
#include "live/spsc_ring.hpp"
#include "live/stream.hpp"

namespace relume::core {

/// Automation has settled: the composer asks the coordinator to commit it.
struct CommitRequest {
  relume_param param;
  std::uint64_t order;  // newest operator mutation that its source knew of
  Lanes lanes;
  std::uint32_t overlay;
  std::uint32_t token;
  std::uint32_t policy;
  std::uint32_t priority;
};

/// The coordinator's answer: it is done.
struct CommitAnswer {
  std::uint64_t version;  // of the root that has the value
  std::uint32_t overlay;
  std::uint32_t token;
};

class Composer {
 public:
  struct Config {
    std::uint32_t slots;
    std::uint32_t overlays;
    std::uint32_t sources;
    std::uint32_t commit_policy;
    std::int64_t settle_ns;
  };
  Composer(const Config& config, PageTree& tree, FrameStore& frames);

  /// Number of the newest frame, 0 when another thread is at it.
  std::uint64_t compose(std::int64_t now) noexcept RELUME_NONBLOCKING;

  // --- coordinator ---
  /// A place that holds no source, or -1.
  int free_source_place() const noexcept;
  void put_source(int place, AnySource* source) noexcept {
    sources_[static_cast<std::size_t>(place)].store(source, std::memory_order_release);
  }
  bool next_request(CommitRequest& out) noexcept;
  bool can_answer() const noexcept { return !answers_.full(); }
  void answer(const CommitAnswer& answer) noexcept { answers_.push(answer); }

  // --- any ---
  OverlayGlimpse glimpse(std::uint32_t slot, relume_param param) const noexcept {
    return overlays_.glimpse(slot, param.bits);
  }
  std::int64_t last_time() const noexcept { return last_time_.load(std::memory_order_relaxed); }

 private:
  void take_root() noexcept RELUME_NONBLOCKING;
  void carry(const Carry& to, const Root& before) noexcept RELUME_NONBLOCKING;
  void fit_lanes(Overlay& overlay, const ParamDef& old, const SavedBlock& was,
                 std::uint32_t was_first) noexcept RELUME_NONBLOCKING;
  void clear_place(std::uint32_t slot, std::uint32_t lanes) noexcept RELUME_NONBLOCKING;
  void move_lanes(Overlay& overlay, std::uint32_t slot) noexcept RELUME_NONBLOCKING;
  void take_page(std::uint32_t block, const Page& page) noexcept RELUME_NONBLOCKING;
  void take_sources() noexcept RELUME_NONBLOCKING;
  bool take_write(const AnySource& source, const OverlayWrite& write) noexcept RELUME_NONBLOCKING;
  bool take_fitting(const AnySource& source, const OverlayWrite& write) noexcept RELUME_NONBLOCKING;
  void retarget(Overlay& overlay, const OverlayWrite& write) noexcept RELUME_NONBLOCKING;
  void take_answers() noexcept RELUME_NONBLOCKING;
  void end_overlay(Overlay& overlay) noexcept RELUME_NONBLOCKING;
  void glide_back(Overlay& overlay, std::int64_t from) noexcept RELUME_NONBLOCKING;
  std::int64_t noticed(std::int64_t time) const noexcept RELUME_NONBLOCKING;
  bool in_stack(std::uint64_t param) const noexcept RELUME_NONBLOCKING;
  void release_all(const AnySource& source) noexcept RELUME_NONBLOCKING;
  void build_frame() noexcept RELUME_NONBLOCKING;
  void catch_up(FrameBuffer& buffer, const FrameBuffer& from) noexcept RELUME_NONBLOCKING;
  std::uint32_t move_gliding(FrameBuffer& buffer) noexcept RELUME_NONBLOCKING;
  void show_stack(FrameBuffer& buffer) noexcept RELUME_NONBLOCKING;
  void settle() noexcept RELUME_NONBLOCKING;
  bool request_commit(Overlay& overlay) noexcept RELUME_NONBLOCKING;
  std::uint32_t policy_of(const ParamDef& def, const AnySource& source,
                          const OverlayWrite& write) const noexcept RELUME_NONBLOCKING;
  std::uint64_t lanes_at(const Overlay& o) const noexcept { return o.def->lane_mask() << (o.slot % kBlockSlots); }
  AutomationBlock& block_of(const Overlay& o) noexcept { return automation_[o.slot / kBlockSlots]; }
  const SavedBlock& saved(std::uint32_t block) const noexcept;
  void touch(std::uint32_t block, std::uint64_t lanes) noexcept;
  void stamp(std::uint32_t block, std::uint64_t frame) noexcept;

  const Config config_;
  PageTree& tree_;
  FrameStore& frames_;

  const Root* root_ = nullptr;
  std::int64_t now_ = INT64_MIN;
  bool changed_ = true;  // something to show although nothing may move
  platform::FixedArray<AutomationBlock> automation_;
  OverlayPool overlays_;
  platform::FixedArray<std::uint64_t> touched_lanes_;  // by block: to be composed anew
  platform::FixedArray<std::uint32_t> touched_;        // blocks with such lanes
  std::uint32_t touched_count_ = 0;
  platform::FixedArray<std::uint64_t> moving_;       // bit per block: something glides there
  platform::FixedArray<std::uint64_t> block_stamp_;  // frame in which the block last came to rest or changed
  platform::FixedArray<std::uint64_t> group_stamp_;  // newest of 64 blocks
  SpscRing<CommitRequest> requests_;
  SpscRing<CommitAnswer> answers_;
  platform::FixedArray<std::atomic<AnySource*>> sources_;
  std::atomic<std::int64_t> last_time_{INT64_MIN};
  std::atomic<bool> busy_{false};
};

}  // namespace relume::core
