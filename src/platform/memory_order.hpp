// SPDX-License-Identifier: Apache-2.0
// The order of every atomic operation by which threads hand something over without a lock, one name each. What only counts, or
// is only looked at, says memory_order_relaxed where it stands.
//
// Some are not here, because no race can tell how strong they are: what says what it says and nothing besides (seen_order, a
// source's words, its losses and the place that it leaves; how far a save is), and the black box's ring, all of whose words are
// atomic. Neither are fences, which ThreadSanitizer does not know, nor the mirror's, which only another process would look at.
//
// tests/weak_orders builds the parts again with one name at a time weakened to relaxed (RELUME_WEAKEN is that name) and demands
// that ThreadSanitizer sees a race: an order that is not needed, or that no test reaches, cannot hide here.
#pragma once

#include <atomic>
#include <string_view>

namespace relume::core::order {

constexpr std::memory_order named([[maybe_unused]] std::string_view name, std::memory_order strength) {
#ifdef RELUME_WEAKEN
  return name == RELUME_WEAKEN ? std::memory_order_relaxed : strength;
#else
  return strength;
#endif
}

// A bounded queue: items one way, their places back.
inline constexpr auto kRingPush = named("ring_push", std::memory_order_release);
inline constexpr auto kRingSize = named("ring_size", std::memory_order_acquire);
inline constexpr auto kRingPop = named("ring_pop", std::memory_order_release);
inline constexpr auto kRingRoom = named("ring_room", std::memory_order_acquire);

// A run of a stream: values to the composer, the version that it has read back to the source.
inline constexpr auto kStreamPut = named("stream_put", std::memory_order_acq_rel);
inline constexpr auto kStreamTake = named("stream_take", std::memory_order_acq_rel);

// A frame: to its reader, and the buffer of the frame before back to the composer.
inline constexpr auto kFramePut = named("frame_put", std::memory_order_acq_rel);
inline constexpr auto kFrameTake = named("frame_take", std::memory_order_acq_rel);
// A retained frame: its buffer back to the composer, its place among those that may be retained to the next, its store to
// whoever lets go of it last.
inline constexpr auto kRetainedRelease = named("retained_release", std::memory_order_release);
inline constexpr auto kRetainedLook = named("retained_look", std::memory_order_acquire);
inline constexpr auto kRetainedGive = named("retained_give", std::memory_order_release);
inline constexpr auto kRetainedTake = named("retained_take", std::memory_order_acquire);
inline constexpr auto kStoreRelease = named("store_release", std::memory_order_acq_rel);

// Where a layer lies: three fields that are read one after the other, and checked by the generation.
inline constexpr auto kLayerPut = named("layer_put", std::memory_order_release);
inline constexpr auto kLayerFind = named("layer_find", std::memory_order_acquire);

// A cell of a source: a value to the composer, the version that it has read back to the source.
inline constexpr auto kCellPut = named("cell_put", std::memory_order_acq_rel);
inline constexpr auto kCellTake = named("cell_take", std::memory_order_acq_rel);
// A batch is whole: all of its cells can be found.
inline constexpr auto kBatchPublish = named("batch_publish", std::memory_order_release);
inline constexpr auto kBatchLook = named("batch_look", std::memory_order_acquire);
// How many mutations there were: a source that knows of one knows what it did to the stack.
inline constexpr auto kOrderRaise = named("order_raise", std::memory_order_release);
inline constexpr auto kOrderRead = named("order_read", std::memory_order_acquire);

// The root of the page tree: pages to the composer, and what no root has that it can still hold back to the mutator.
inline constexpr auto kRootPublish = named("root_publish", std::memory_order_acq_rel);
inline constexpr auto kRootTake = named("root_take", std::memory_order_acquire);
inline constexpr auto kRootHold = named("root_hold", std::memory_order_release);
inline constexpr auto kRootHeld = named("root_held", std::memory_order_acquire);

// Who a source is: to the composer when it opens, and its end both ways.
inline constexpr auto kSourcePut = named("source_put", std::memory_order_release);
inline constexpr auto kSourceFind = named("source_find", std::memory_order_acquire);
inline constexpr auto kSourceClose = named("source_close", std::memory_order_release);
inline constexpr auto kSourceClosing = named("source_closing", std::memory_order_acquire);
inline constexpr auto kSourceDone = named("source_done", std::memory_order_release);
inline constexpr auto kSourceGone = named("source_gone", std::memory_order_acquire);
// The frame role, from one thread to the next.
inline constexpr auto kComposeBegin = named("compose_begin", std::memory_order_acquire);
inline constexpr auto kComposeEnd = named("compose_end", std::memory_order_release);
// What automation does with a parameter, to the coordinator.
inline constexpr auto kMarksWritten = named("marks_written", std::memory_order_release);
inline constexpr auto kMarksRead = named("marks_read", std::memory_order_acquire);

/// ThreadSanitizer knows no fences. What lies between these is atomic, so that it loses nothing by that.
inline void fence(std::memory_order strength) noexcept {
#ifdef __SANITIZE_THREAD__
  std::atomic_signal_fence(strength);
#else
  std::atomic_thread_fence(strength);
#endif
}

}  // namespace relume::core::order
