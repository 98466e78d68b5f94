// SPDX-License-Identifier: Apache-2.0
// The part of a mirror in which the frame thread leaves automation behind (live/held_targets.hpp).
//
// Every block is in it twice. A frame writes the blocks that it changes into the copies that are not current, marked with the
// number of the next frame; composed() makes them current together by its own record, of which there are two as well. A process
// killed at any instruction leaves the automation of one frame, whole. Every copy and every record proves itself by a checksum
// that is bound to its place. The area says nothing of the tiers and condemns no mirror: what it cannot prove is not held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "live/held_targets.hpp"

namespace relume::core {

class HeldArea final : public HeldTargets {
 public:
  /// Bytes that an area takes for so many blocks.
  static std::uint64_t size(std::uint32_t blocks);

  /// @param data size(blocks) bytes, aligned to 64, zeros or what an earlier process left there; they outlive the area.
  HeldArea(std::byte* data, std::uint32_t blocks);

  // Frame role. What is put twice in a frame is there as it was put last.
  void put(std::uint32_t block, const HeldBlock& held) noexcept RELUME_NONBLOCKING override;
  void composed(std::int64_t now) noexcept RELUME_NONBLOCKING override;

  struct Found {
    std::uint32_t block;
    const HeldBlock* held;  // in the area, until the next frame
  };
  /// The blocks that held something in the newest whole frame, read before a first put().
  const std::vector<Found>& found() const { return found_; }
  /// Compose time of that frame; 0 where found() is empty.
  std::int64_t found_time() const { return found_time_; }
  /// Blocks of which no copy proves itself although something was written there.
  std::uint32_t damaged() const { return damaged_; }
  /// Automation that was found counts no more, except in blocks that were put since. Not beside the frame role.
  void forget_found();

 private:
  struct Record;
  struct Copy;
  static std::uint64_t checksum(const void* what, std::size_t bytes, std::uint64_t place) noexcept RELUME_NONBLOCKING;
  Record& record(std::uint64_t sequence) const noexcept;
  Copy& copy(std::uint32_t block, unsigned which) const noexcept;
  bool proves_itself(std::uint32_t block, unsigned which) const;
  void prove_records();
  void prove_block(std::uint32_t block);

  std::byte* const data_;
  const std::uint32_t blocks_;
  std::uint64_t sequence_ = 0;  // of the newest whole frame
  std::uint64_t found_sequence_ = 0;
  std::int64_t found_time_ = 0;
  std::uint32_t damaged_ = 0;
  std::vector<Found> found_;
};

}  // namespace relume::core
