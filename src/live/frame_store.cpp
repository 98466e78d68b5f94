// SPDX-License-Identifier: Apache-2.0
#include "live/frame_store.hpp"

#include <utility>

#include "model/handle.hpp"

namespace relume::core {
namespace {

FrameBuffer& buffer_of(const relume_frame* frame) noexcept {
  return *reinterpret_cast<FrameBuffer*>(const_cast<relume_frame*>(frame));
}

}  // namespace

FrameStore* FrameStore::create(const Limits& limits) { return new FrameStore(limits); }

FrameStore::FrameStore(const Limits& limits)
    : limits_(limits),
      slots_(std::size_t{limits.readers + 2 + limits.retained} * (limits.slots + kIdleSlots)),
      layers_(std::size_t{limits.readers + 2 + limits.retained} * limits.layers),
      tables_(std::size_t{limits.readers + 2 + limits.retained} * limits.layers),
      buffers_(limits.readers + 2 + limits.retained),
      boxes_(limits.readers) {
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    FrameBuffer& b = buffers_[i];
    b.store = this;
    b.slots = slots_.data() + i * (std::size_t{limits.slots} + kIdleSlots);
    b.layers = layers_.data() + i * limits.layers;
    b.table = tables_.data() + i * limits.layers;
    b.frame.struct_size = sizeof(relume_frame);
    b.frame.slot_count = limits.slots;
    b.frame.slots = b.slots;
    b.frame.layers = b.layers;
  }
  buffers_[0].claims = 2 * limits.readers;  // every box and every reader begins with the empty frame 0
}

void FrameStore::drop() { unref(); }

void FrameStore::keep(std::vector<std::shared_ptr<const LayerType>> declared,
                      std::vector<std::shared_ptr<const LayerType>> retired) noexcept {
  declared_types_ = std::move(declared);
  retired_types_ = std::move(retired);
}

void FrameStore::unref() {
  if (references_.fetch_sub(1, order::kStoreRelease) == 1) delete this;
}

FrameBuffer& FrameStore::free_buffer() noexcept RELUME_NONBLOCKING {
  for (std::size_t i = 0;; ++i) {
    FrameBuffer& b = buffers_[i];
    if (b.claims == 0 && b.retained.load(order::kRetainedLook) == 0) return b;
  }
}

void FrameStore::publish(FrameBuffer& buffer) noexcept RELUME_NONBLOCKING {
  const auto index = static_cast<std::uint32_t>(&buffer - buffers_.data());
  for (std::uint32_t r = 0; r < limits_.readers; ++r) {
    const std::uint32_t old = boxes_[r].word.exchange(index | kFresh, order::kFramePut);
    --buffers_[old & ~kFresh].claims;
    ++buffer.claims;
  }
  newest_ = index;
}

const relume_frame* FrameStore::acquire(std::uint32_t reader) noexcept RELUME_NONBLOCKING {
  Box& box = boxes_[reader];
  if ((box.word.load(std::memory_order_relaxed) & kFresh) != 0) {
    box.held = box.word.exchange(box.held, order::kFrameTake) & ~kFresh;
  }
  return &buffers_[box.held].frame;
}

relume_result FrameStore::retain(const relume_frame* frame) noexcept RELUME_NONBLOCKING {
  FrameBuffer& buffer = buffer_of(frame);
  FrameStore& store = *buffer.store;
  if (store.retained_.fetch_add(1, order::kRetainedTake) >= store.limits_.retained) {
    store.retained_.fetch_sub(1, std::memory_order_relaxed);
    return RELUME_E_LIMIT;
  }
  store.references_.fetch_add(1, std::memory_order_relaxed);
  buffer.retained.fetch_add(1, std::memory_order_relaxed);
  return RELUME_OK;
}

void FrameStore::release(const relume_frame* frame) {
  FrameBuffer& buffer = buffer_of(frame);
  FrameStore& store = *buffer.store;
  buffer.retained.fetch_sub(1, order::kRetainedRelease);
  store.retained_.fetch_sub(1, order::kRetainedGive);  // after it: whoever gets the place sees the buffer free
  store.unref();
}

const relume_slot* FrameStore::at(const relume_frame* frame, relume_param param) noexcept RELUME_NONBLOCKING {
  const FrameBuffer& buffer = buffer_of(frame);
  const std::uint32_t index = layer_index(param);
  if (index >= buffer.table_size) return nullptr;
  const FrameEntry entry = buffer.table[index];
  const std::uint32_t slot = slot_of(param);
  if (entry.generation != generation_of(param.bits) || slot >= entry.slot_count) return nullptr;
  return buffer.slots + entry.first_slot + slot;
}

std::size_t FrameStore::layout(const relume_frame* frame, relume_layer layer, relume_frame_param* rows,
                               std::size_t capacity) noexcept RELUME_NONBLOCKING {
  const FrameBuffer& buffer = buffer_of(frame);
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < frame->layer_count; ++i) {
    const relume_layer shown = frame->layers[i].layer;
    if (layer.bits != 0 && layer.bits != shown.bits) continue;
    const auto index = static_cast<std::uint32_t>(shown.bits);
    const FrameEntry& entry = buffer.table[index];
    const std::size_t before = count;
    count += entry.type->params().size();
    for (std::size_t n = 0; n < count - before && before + n < capacity; ++n) {
      const ParamDef& def = entry.type->params()[n];
      rows[before + n] = {param_handle(index, entry.generation, def.slot),
                          shown,
                          entry.first_slot + def.slot,
                          def.lanes,
                          def.type,
                          static_cast<std::uint32_t>(n)};
    }
  }
  return count;
}

}  // namespace relume::core
