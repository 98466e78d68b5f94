// SPDX-License-Identifier: Apache-2.0
// The persisted and committed tiers, in immutable pages of 64 slots under a tree of fan-out 16 (64 made a change copy three times
// as many bytes of nodes). A change copies the pages it
// touches and the path to them; the new root goes to the composer through one atomic exchange. Nobody waits for anybody:
//
//   mutator (under the coordinator's mutex)        composer (frame role)
//   Edit: copy pages -> publish root   --mailbox-->   take newest root, compare pages by address, let the old root go
//
// A page that the mutator replaced is reused once the composer cannot hold a root that has it. The mutator knows: what its
// exchange returns was never taken, and the composer posts the version it holds. What a retained picture has, for the disk, is
// kept besides: everything that was made at its version or before and replaced after it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "live/pool.hpp"
#include "live/stack_view.hpp"
#include "platform/memory_order.hpp"

namespace relume::core {

inline constexpr std::uint32_t kBlockSlots = 64;

/// What of a block outlives the process: exactly the bytes that the mirror keeps.
struct SavedBlock {
  std::uint64_t persisted_present = 0;
  std::uint64_t committed_present = 0;
  std::array<std::uint32_t, kBlockSlots> persisted{};  // the default where absent
  std::array<std::uint32_t, kBlockSlots> committed{};

  bool operator==(const SavedBlock&) const = default;
  std::uint32_t resting(std::uint32_t lane) const noexcept {
    return ((committed_present >> lane) & 1U) != 0 ? committed[lane] : persisted[lane];
  }
};

/// When an operator took a slot from automation, and how.
struct Taken {
  // What was done: a value ends automation up to the default priority, the others that of every priority.
  static constexpr std::uint32_t kValue = 0;
  static constexpr std::uint32_t kValueOver = 1;  // a value, and not long before it what is below
  static constexpr std::uint32_t kLayer = 2;      // a layer came or went
  static constexpr std::uint32_t kReset = 3;      // what it ends glides back
  static constexpr std::uint32_t kKind = 3;
  static constexpr std::uint32_t kRenewed =
      4;  // a layer came or went since the newest frame: what that shows here is another's

  std::uint64_t order = 0;  // of that mutation; 0: never
  std::uint32_t flags = kValue;
  std::uint64_t forced = 0;  // of the newest mutation that ended every priority; with kValueOver an earlier one

  bool is_layer() const noexcept { return (flags & kKind) == kLayer; }
  bool glides() const noexcept { return (flags & kKind) == kReset; }
  bool ends_all() const noexcept { return (flags & kKind) != kValue; }
  bool renewed() const noexcept { return (flags & kRenewed) != 0; }
  /// Whether that mutation ends automation of a priority whose source knew of mutations up to `known`.
  bool outranks(std::uint64_t known, std::uint32_t priority) const noexcept {
    return priority <= RELUME_PRIORITY_DEFAULT ? known < order : ends_all() && known < forced;
  }
};

/// The newest operator mutation that ended automation, by lane. Orders are kept as what they are above a base: 21 bits are as good
/// as 64, as long as the base follows them. The mirror keeps the bytes as they are.
///
/// A word: that order, how many mutations before it the newest was that ended every priority (255: so many or more), the flags.
class TakenLanes {
 public:
  bool operator==(const TakenLanes&) const = default;
  Taken of(std::uint32_t lane) const noexcept {
    const std::uint32_t word = words_[lane];
    if (word == 0) return {};
    const std::uint64_t order = base_ + (word >> kOrderShift);
    return {order, word & kFlags, order - (word >> kFlagBits & kMostBack)};
  }
  /// `seen`: mutations up to this one have had their effect on automation; one after it that ends all of it must not be covered.
  void take(std::uint32_t lane, std::uint64_t order, std::uint32_t flags, std::uint64_t seen) noexcept {
    const Taken before = of(lane);
    std::uint64_t back = 0;
    if (flags == Taken::kValue && before.ends_all()) {
      back = order - before.forced < kMostBack ? order - before.forced : kMostBack;
      if (back < kMostBack || before.forced > seen) flags = Taken::kValueOver;
    }
    if (flags == Taken::kLayer || (before.renewed() && before.order > seen)) flags |= Taken::kRenewed;
    if (order - base_ >= kReach) move_base(order);
    words_[lane] = static_cast<std::uint32_t>(order - base_) << kOrderShift |
                   static_cast<std::uint32_t>(back) << kFlagBits | flags;
  }
  std::uint64_t newest() const noexcept {
    std::uint32_t newest = 0;
    for (const std::uint32_t word : words_) newest = word > newest ? word : newest;
    return newest != 0 ? base_ + (newest >> kOrderShift) : 0;
  }

 private:
  static constexpr unsigned kFlagBits = 3;
  static constexpr std::uint32_t kFlags = (1U << kFlagBits) - 1U;
  static constexpr unsigned kBackBits = 8;
  static constexpr std::uint32_t kMostBack = (1U << kBackBits) - 1U;
  static constexpr unsigned kOrderShift = kFlagBits + kBackBits;
  static constexpr std::uint64_t kReach = std::uint64_t{1} << (32U - kOrderShift);
  void move_base(std::uint64_t order) noexcept {
    const std::uint64_t base = order - kReach / 2;
    for (std::uint32_t& word : words_) {
      if (word == 0) continue;
      const std::uint64_t was = base_ + (word >> kOrderShift);
      // What lies so far back counts as a little newer than it was: no write that is older is still on its way.
      word = static_cast<std::uint32_t>((was > base ? was : base + 1) - base) << kOrderShift |
             (word & ((1U << kOrderShift) - 1U));
    }
    base_ = base;
  }

  std::uint64_t base_ = 0;
  std::array<std::uint32_t, kBlockSlots> words_{};
};

struct Page {
  SavedBlock saved;
  TakenLanes taken_lanes;
  std::uint64_t created = 0;   // version of the edit that made it
  std::uint64_t revision = 0;  // the newest that may have changed it

  Taken taken(std::uint32_t lane) const noexcept { return taken_lanes.of(lane); }
  void take(std::uint32_t lane, std::uint64_t order, std::uint32_t flags, std::uint64_t seen) noexcept {
    taken_lanes.take(lane, order, flags, seen);
  }
};

inline constexpr unsigned kNodeBits = 4;
inline constexpr std::uint32_t kNodeChildren = 1U << kNodeBits;

struct Node {
  std::array<const void*, kNodeChildren> child{};
  std::uint64_t created = 0;
  std::uint64_t revision = 0;  // the newest of all below
};

struct Root {
  std::uint64_t version = 0;
  std::uint64_t revision = 0;
  std::uint64_t order = 0;  // of the newest operator mutation in it
  const StackView* stack = nullptr;
  const void* top = nullptr;
};

class PageTree {
 public:
  explicit PageTree(std::uint32_t blocks);
  PageTree(const PageTree&) = delete;
  PageTree& operator=(const PageTree&) = delete;
  ~PageTree();

  std::uint32_t blocks() const noexcept { return blocks_; }

  // --- mutator: one at a time, under the coordinator's mutex ---

  /// The newest page of a block, nullptr when nothing was ever there. Sees an edit in progress.
  const Page* page(std::uint32_t block) const { return find(top_, block); }
  std::uint64_t version() const { return version_; }
  /// The composer has taken this version, and perhaps newer ones.
  std::uint64_t last_taken() const { return last_taken_; }
  /// As published last; nullptr before that.
  const StackView* stack() const { return stack_; }

  /// Gets memory for a first edit of so many blocks in one go.
  void prefault(std::uint32_t blocks) { pages_.prefault(blocks); }
  /// Begins an edit that leads to `revision`; nobody sees it until publish().
  void begin(std::uint64_t revision);
  /// Asks the processor for the block's page, which edit() is about to copy.
  void warm(std::uint32_t block) const noexcept { platform::prefetch_read(page(block), sizeof(Page)); }
  /// The block's page of this edit, copied on first touch.
  Page& edit(std::uint32_t block);
  const std::vector<std::uint32_t>& touched() const { return touched_; }
  void abort();
  /// Shows the edit to the composer, whole. `order` counts operator mutations, this one included; `stack` replaces the stack view
  /// when not nullptr.
  void publish(std::uint64_t revision, std::uint64_t order, std::unique_ptr<const StackView> stack);

  // --- a picture for the disk; retained and released under the mutex, looked at without it ---

  struct Picture {
    const void* top = nullptr;
  };
  /// Keeps what is published now; one at a time, after the one before was released to the end.
  Picture retain();
  /// Gives the retained picture back, at most so many pages at once: true when nothing of it is left.
  bool release(std::size_t at_most);
  const Page* page(const Picture& picture, std::uint32_t block) const noexcept { return find(picture.top, block); }
  /// Calls f(block, page) for every block that may have changed after `revision`.
  template <class F>
  void each_since(const Picture& picture, std::uint64_t revision, F&& f) const {
    each_level(picture.top, levels_, 0, revision, f);
  }
  /// The same for the newest state, under the mutex.
  template <class F>
  void each_since(std::uint64_t revision, F&& f) const {
    each_level(top_, levels_, 0, revision, f);
  }

  // --- composer: frame role ---

  /// The newest root when there is a newer one than the held one, else nullptr.
  const Root* take() noexcept { return mailbox_.exchange(nullptr, order::kRootTake); }
  /// The roots before this one are not looked at any more.
  void hold(const Root& root) noexcept { held_version_.store(root.version, order::kRootHold); }
  /// Calls f(block, page) for every block whose page differs between two roots; `before` may be nullptr.
  template <class F>
  void compare(const Root* before, const Root& after, F&& f) const noexcept {
    compare_level(before != nullptr ? before->top : nullptr, after.top, levels_, 0, f);
  }
  const Page* page(const Root& root, std::uint32_t block) const noexcept { return find(root.top, block); }

 private:
  enum class Kind : std::uintptr_t { page, node, root, stack };
  /// What the tree is made of, and of which kind, in the size of a pointer: as many are kept as a show has blocks.
  class Object {
   public:
    Object(const void* what, Kind kind)
        : bits_(reinterpret_cast<std::uintptr_t>(what) | static_cast<std::uintptr_t>(kind)) {}
    Kind kind() const { return static_cast<Kind>(bits_ & kKinds); }
    template <class T>
    T* as() const {
      static_assert(alignof(T) > kKinds);
      return reinterpret_cast<T*>(bits_ & ~kKinds);
    }
    /// Version of the edit that made it.
    std::uint64_t created() const;

   private:
    static constexpr std::uintptr_t kKinds = 3;
    std::uintptr_t bits_;
  };
  struct Garbage {
    Object object;
    std::uint64_t replaced;  // free once the composer holds this version or a later one
  };

  const Page* find(const void* top, std::uint32_t block) const noexcept {
    for (unsigned level = levels_; level > 0 && top != nullptr; --level) {
      top = static_cast<const Node*>(top)->child[(block >> (kNodeBits * (level - 1))) & (kNodeChildren - 1U)];
    }
    return static_cast<const Page*>(top);
  }

  template <class F>
  void compare_level(const void* before, const void* after, unsigned level, std::uint32_t block, F& f) const noexcept {
    if (before == after || after == nullptr) return;
    if (level == 0) {
      f(block, *static_cast<const Page*>(after));
      return;
    }
    const auto* a = static_cast<const Node*>(after);
    const auto* b = static_cast<const Node*>(before);
    for (std::uint32_t i = 0; i < kNodeChildren; ++i) {
      compare_level(b != nullptr ? b->child[i] : nullptr, a->child[i], level - 1, (block << kNodeBits) | i, f);
    }
  }

  template <class F>
  void each_level(const void* at, unsigned level, std::uint32_t block, std::uint64_t revision, F& f) const {
    if (at == nullptr) return;
    if (level == 0) {
      const auto* page = static_cast<const Page*>(at);
      if (page->revision > revision || revision == 0) f(block, *page);
      return;
    }
    const auto* node = static_cast<const Node*>(at);
    if (node->revision <= revision && revision != 0) return;
    for (std::uint32_t i = 0; i < kNodeChildren; ++i)
      each_level(node->child[i], level - 1, (block << kNodeBits) | i, revision, f);
  }

  template <class T>
  void* place_in(Pool<T>& pool);
  template <class T>
  T* make(Pool<T>& pool, const T* from);
  Node* edit_node(const void*& place);
  void discard(Object object);
  void free_unless_retained(const Garbage& garbage);
  void free(Object object);
  void free_made(const void* at, unsigned level);
  void collect(std::size_t at_most);

  std::uint32_t blocks_;
  unsigned levels_;
  Pool<Page> pages_;
  Pool<Node> nodes_;
  Pool<Root> roots_;

  const void* top_ = nullptr;
  const void* top_before_ = nullptr;
  std::uint64_t version_ = 0;
  std::uint64_t revision_ = 0;    // of the edit in progress
  std::uint64_t retained_ = 0;    // version of the retained picture, 0 without one
  std::uint64_t last_taken_ = 0;  // newest version that the composer is known to have taken
  const StackView* stack_ = nullptr;
  Root* published_ = nullptr;
  std::vector<std::uint32_t> touched_;
  std::vector<Object> replaced_;  // by the edit in progress
  std::vector<Garbage> garbage_;  // a queue: replaced versions rise
  std::size_t garbage_begin_ = 0;
  std::vector<Object> kept_;  // nobody's but the retained picture's

  alignas(64) std::atomic<Root*> mailbox_{nullptr};
  alignas(64) std::atomic<std::uint64_t> held_version_{0};
};

}  // namespace relume::core
