// SPDX-License-Identifier: Apache-2.0
// Frames out of a black box: bit for bit as they were composed. What it reads is hostile until it has proved itself.
#pragma once

#include <relume/frame.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "live/any_source.hpp"
#include "live/black_box_format.hpp"
#include "live/page_tree.hpp"
#include "model/fault.hpp"

namespace relume::core {

class BlackBoxReplay {
 public:
  /// The bytes of a file. A Fault: they are none, are of a newer version, or are damaged.
  static Fault open(const std::string& bytes, BlackBoxReplay& out);

  struct Write {
    std::uint32_t source = 0;
    std::uint32_t kind = 0;  // OverlayWrite::Kind
    relume_param param{0};
    std::int64_t time_ns = 0;
    Lanes lanes{};
  };
  struct Frame {
    std::uint64_t number = 0;
    std::uint64_t revision = 0;
    std::int64_t time_ns = 0;
    bool whole = false;                  // every slot is known
    std::uint32_t proved = 0;            // slots that were compared with the hash of the real frame
    bool differs = false;                // and were not the same
    const relume_slot* slots = nullptr;  // until the next call; nullptr unless whole
  };
  enum class Step : std::uint8_t { write, frame, end };
  /// The next thing that happened. A Fault: a record that is none; nothing follows then.
  Fault next(Step& step, Write& write, Frame& frame);
  std::uint32_t slots() const { return head_.slots; }

 private:
  struct Block {
    std::uint64_t known = 0;
    std::uint64_t gliding = 0;
    std::array<std::uint32_t, kBlockSlots> value{};  // or where it glides to
    std::array<float, kBlockSlots> from{};
    std::array<std::uint32_t, kBlockSlots> start{};
    std::array<float, kBlockSlots> rate{};
    std::array<float, kBlockSlots> near{};
    bool listed = false;
  };
  bool take_block(const std::uint64_t* words, std::size_t count);
  bool take_frame(const std::uint64_t* words, std::size_t count, Frame& frame);
  void move(Block& block, std::uint32_t number, std::int64_t now);
  void prove(std::uint32_t first, std::uint32_t count, std::uint64_t hash, Frame& frame);

  black_box::FileHead head_;
  std::vector<std::uint64_t> words_;
  std::size_t at_ = 0;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::uint32_t> gliding_;  // blocks in which something may glide
  std::size_t whole_blocks_ = 0;
  std::vector<relume_slot> slots_;
};

}  // namespace relume::core
