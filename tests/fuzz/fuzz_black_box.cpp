// SPDX-License-Identifier: Apache-2.0
// Dumps of a black box from anywhere. The checksum is put right first: what comes after it must hold by itself.
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "live/black_box_replay.hpp"

using relume::core::BlackBoxReplay;
using relume::core::black_box::FileHead;

namespace {

void replay(const std::string& bytes) {
  BlackBoxReplay replay;
  if (BlackBoxReplay::open(bytes, replay)) return;
  BlackBoxReplay::Step step{};
  BlackBoxReplay::Write write;
  BlackBoxReplay::Frame frame;
  while (!replay.next(step, write, frame) && step != BlackBoxReplay::Step::end) {
    if (frame.slots != nullptr && frame.slots[replay.slots() - 1].u == 1)
      frame.number = 0;  // the last slot can be read
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  replay(bytes);
  if (size < sizeof(FileHead)) return 0;
  FileHead head;
  head.slots = 64U * (1U + data[0] % 3U);
  bytes.resize(size - (size - sizeof head) % sizeof(std::uint64_t));
  head.words = (bytes.size() - sizeof head) / sizeof(std::uint64_t);
  head.checksum = 0;
  std::memcpy(bytes.data(), &head, sizeof head);
  head.checksum = XXH3_64bits(bytes.data(), bytes.size());
  std::memcpy(bytes.data(), &head, sizeof head);
  replay(bytes);
  return 0;
}
