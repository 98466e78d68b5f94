// SPDX-License-Identifier: Apache-2.0
// Frames: plain buffers that composer, readers and keepers of retained frames hand to each other.
#include <cstdint>

#include "live/frame_store.cpp"
#include "race.hpp"

using namespace relume;
using core::FrameBuffer;
using core::FrameStore;

namespace {

constexpr std::uint32_t kSlots = 16;

void compose(FrameStore& store) {
  FrameBuffer& buffer = store.free_buffer();
  const std::uint64_t number = store.newest().frame.number + 1;
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) buffer.slots[slot].u = static_cast<std::uint32_t>(number);
  buffer.frame.number = number;
  store.publish(buffer);
}

// Whether all slots are of one frame.
bool whole(const relume_frame* frame) {
  bool good = true;
  for (std::uint32_t slot = 0; slot < kSlots; ++slot)
    good &= frame->slots[slot].u == static_cast<std::uint32_t>(frame->number);
  return good;
}

std::uint64_t borrowed_frames() {
  FrameStore& store = *FrameStore::create({kSlots, 1, 2, 0});
  std::uint64_t torn[2] = {};
  std::uint64_t last[2] = {};
  test::Count seen[2];
  const auto read = [&](std::uint32_t reader) {
    const relume_frame* frame = store.acquire(reader);
    torn[reader] += !whole(frame);
    if (frame->number == last[reader]) return;
    last[reader] = frame->number;
    ++seen[reader];
  };
  test::race([&] { return seen[0] >= 1'000 && seen[1] >= 1'000; }, [&] { compose(store); }, [&] { read(0); },
             [&] { read(1); });
  store.drop();
  return torn[0] + torn[1];
}

// A retained frame: another thread than its reader's looks at it last, then the composer builds the next one in its place.
std::uint64_t retained_frames() {
  FrameStore& store = *FrameStore::create({kSlots, 1, 1, 1});
  std::atomic<const relume_frame*> passed{nullptr};
  std::uint64_t wrong = 0;
  std::uint64_t next = 0;  // seldom: with each frame that is retained the reader learns what was released before
  test::Count released;
  test::race([&] { return released >= 300; }, [&] { compose(store); },
             [&] {
               const relume_frame* frame = store.acquire(0);
               if (frame->number < next) return;
               next = frame->number + 32;
               if (FrameStore::retain(frame) == RELUME_OK) passed.store(frame, std::memory_order_release);
             },
             [&] {
               const relume_frame* frame = passed.exchange(nullptr, std::memory_order_acquire);
               if (frame == nullptr) return;
               wrong += !whole(frame);
               FrameStore::release(frame);
               ++released;
             });
  if (const relume_frame* left = passed.load()) FrameStore::release(left);
  store.drop();
  return wrong;
}

// The only place among those that may be retained: who gets it has all that was done before it was given back. `turn` is
// whoever's the place is; nobody composes, which would bring the threads together by another way.
void one_place() {
  FrameStore& store = *FrameStore::create({kSlots, 1, 1, 1});
  compose(store);
  const relume_frame* frame = store.acquire(0);
  std::uint64_t turn = 0;
  test::Count retained[2];
  const auto retain = [&](test::Count& mine) {
    if (FrameStore::retain(frame) != RELUME_OK) return;
    ++turn;
    ++mine;
    FrameStore::release(frame);
  };
  test::race([&] { return retained[0] >= 1'000 && retained[1] >= 1'000; }, [&] { retain(retained[0]); },
             [&] { retain(retained[1]); });
  store.drop();
}

// The show lets go of the store while somebody else lets go of a frame: the later of them ends it.
void last_release() {
  for (int i = 0; i < 100; ++i) {
    FrameStore& store = *FrameStore::create({kSlots, 1, 1, 1});
    compose(store);
    const relume_frame* frame = store.acquire(0);
    if (FrameStore::retain(frame) != RELUME_OK) return;
    std::thread keeper([&] { FrameStore::release(frame); });
    store.drop();
    keeper.join();
  }
}

}  // namespace

int main() {
  const std::uint64_t wrong = borrowed_frames() + retained_frames();
  one_place();
  last_release();
  return wrong == 0 ? test::no_race() : 1;
}
