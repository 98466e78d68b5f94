// SPDX-License-Identifier: Apache-2.0
// Frames and how they travel: flat buffers, built by the composer and lent to readers without waiting on either side.
//
// Every reader has a box, one atomic word. The composer puts the newest frame into each box and gets back what was there; a
// reader that finds a fresh frame exchanges the one it holds for it. So each reader claims two buffers at most, all boxes that
// are fresh claim the same one, and R readers + 2 buffers always leave one free to build in; each retained frame costs one more.
#pragma once

#include <relume/frame.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "live/stack_view.hpp"
#include "platform/memory.hpp"
#include "platform/memory_order.hpp"

namespace relume::core {

class FrameStore;

/// One buffer. `frame` is first: a relume_frame that we lent is a FrameBuffer.
struct FrameBuffer {
  relume_frame frame;
  FrameStore* store;
  relume_slot* slots;
  relume_frame_layer* layers;
  FrameEntry* table;
  std::uint32_t table_size;
  std::uint32_t claims;     // frame role: boxes and readers that have it
  std::uint64_t structure;  // frame role: version of the stack view it shows
  std::atomic<std::uint32_t> retained;
};

class FrameStore {
 public:
  struct Limits {
    std::uint32_t slots;
    std::uint32_t layers;
    std::uint32_t readers;
    std::uint32_t retained;
  };
  /// Made for a show; lives on, past drop(), until the last retained frame is released.
  static FrameStore* create(const Limits& limits);
  void drop();
  /// Takes over the types that frames point at, which retained ones may still be asked about when the show is gone.
  void keep(std::vector<std::shared_ptr<const LayerType>> declared,
            std::vector<std::shared_ptr<const LayerType>> retired) noexcept;

  /// A slot of every buffer that is in no frame.
  std::uint32_t idle_slot() const { return limits_.slots; }

  // --- frame role ---
  FrameBuffer& newest() noexcept { return buffers_[newest_]; }
  /// A buffer that nobody looks at; there is always one.
  FrameBuffer& free_buffer() noexcept RELUME_NONBLOCKING;
  void publish(FrameBuffer& buffer) noexcept RELUME_NONBLOCKING;

  // --- reader role of that reader ---
  const relume_frame* acquire(std::uint32_t reader) noexcept RELUME_NONBLOCKING;

  // --- reader of the frame, any ---
  static relume_result retain(const relume_frame* frame) noexcept RELUME_NONBLOCKING;
  static void release(const relume_frame* frame);
  static const relume_slot* at(const relume_frame* frame, relume_param param) noexcept RELUME_NONBLOCKING;
  static std::size_t layout(const relume_frame* frame, relume_layer layer, relume_frame_param* rows,
                            std::size_t capacity) noexcept RELUME_NONBLOCKING;

 private:
  static constexpr std::uint32_t kFresh = 0x80000000U;
  struct alignas(64) Box {
    std::atomic<std::uint32_t> word;
    std::uint32_t held;  // reader role
  };
  explicit FrameStore(const Limits& limits);
  ~FrameStore() = default;
  void unref();

  static constexpr std::uint32_t kIdleSlots = 64;

  Limits limits_;
  platform::FixedArray<relume_slot> slots_;
  platform::FixedArray<relume_frame_layer> layers_;
  platform::FixedArray<FrameEntry> tables_;
  platform::FixedArray<FrameBuffer> buffers_;
  platform::FixedArray<Box> boxes_;
  std::vector<std::shared_ptr<const LayerType>> declared_types_;
  std::vector<std::shared_ptr<const LayerType>> retired_types_;
  std::uint32_t newest_ = 0;
  std::atomic<std::uint32_t> retained_{0};
  std::atomic<std::uint32_t> references_{1};  // the show, and each retained frame
};

}  // namespace relume::core
