// SPDX-License-Identifier: Apache-2.0
#include "live/black_box_replay.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "composer/glide.hpp"

namespace relume::core {

using black_box::Kind;

namespace {

constexpr std::uint32_t kMaxSlots = 16777216;

Fault damaged(const char* why) {
  return {RELUME_E_INVALID, "path", fmt::format("the file is no whole black box: {}; dump it again", why)};
}

// 32-bit halves of words, in order, and never beyond their end.
class Halves {
 public:
  Halves(const std::uint64_t* words, std::size_t count) : words_(words), left_(2 * count) {}
  bool take(std::uint32_t& out) {
    if (left_ == 0) return false;
    out = static_cast<std::uint32_t>(*words_ >> (odd_ ? 32U : 0U));
    if (odd_) ++words_;
    odd_ = !odd_;
    --left_;
    return true;
  }
  bool take(float& out) {
    std::uint32_t bits = 0;
    if (!take(bits)) return false;
    out = std::bit_cast<float>(bits);
    return true;
  }

 private:
  const std::uint64_t* words_;
  std::size_t left_;
  bool odd_ = false;
};

}  // namespace

Fault BlackBoxReplay::open(const std::string& bytes, BlackBoxReplay& out) {
  out = BlackBoxReplay();
  black_box::FileHead& head = out.head_;
  if (bytes.size() < sizeof head) return damaged("it is too short");
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.magic != black_box::kMagic) return damaged("it begins with something else");
  if (head.version != black_box::kVersion) {
    return {RELUME_E_VERSION, "path",
            fmt::format("the black box is of version {}, this library reads {}", head.version, black_box::kVersion)};
  }
  const std::size_t size = bytes.size() - sizeof head;
  if (head.words != size / sizeof(std::uint64_t) || size % sizeof(std::uint64_t) != 0)
    return damaged("its length is wrong");
  if (head.slots == 0 || head.slots > kMaxSlots || head.slots % kBlockSlots != 0) return damaged("its size is none");
  std::string unsigned_bytes = bytes;
  std::memset(unsigned_bytes.data() + offsetof(black_box::FileHead, checksum), 0, sizeof head.checksum);
  if (XXH3_64bits(unsigned_bytes.data(), unsigned_bytes.size()) != head.checksum)
    return damaged("its checksum differs");
  out.words_.resize(head.words);
  if (size != 0) std::memcpy(out.words_.data(), bytes.data() + sizeof head, size);
  out.blocks_.resize(head.slots / kBlockSlots);
  return {};
}

Fault BlackBoxReplay::next(Step& step, Write& write, Frame& frame) {
  while (at_ < words_.size()) {
    const std::uint64_t position = head_.position + at_;
    const std::uint64_t word = words_[at_];
    const std::size_t count = black_box::count_of(word);
    if (!black_box::stands_at(word, position) || count > words_.size() - at_ - 1) break;
    const std::uint64_t* payload = words_.data() + at_ + 1;
    switch (black_box::kind_of(word)) {
      case Kind::block:
        if (!take_block(payload, count)) return damaged("a block's record is none");
        break;
      case Kind::write: {
        if (count != black_box::kWriteWords) return damaged("a write's record is none");
        write.source = static_cast<std::uint32_t>(payload[0] >> 32U);
        write.kind = static_cast<std::uint32_t>(payload[0] >> 16U & 0xffU);
        write.param = {payload[1]};
        write.time_ns = static_cast<std::int64_t>(payload[2]);
        Halves lanes(payload + 3, 2);
        for (std::uint32_t& lane : write.lanes) lanes.take(lane);
        at_ += 1 + count;
        step = Step::write;
        return {};
      }
      case Kind::stack: break;  // for who reads the words themselves
      case Kind::frame:
        if (!take_frame(payload, count, frame)) return damaged("a frame's record is none");
        at_ += 1 + count;
        step = Step::frame;
        return {};
      default: return damaged("a record is of no kind");
    }
    at_ += 1 + count;
  }
  if (at_ < words_.size()) return damaged("a record does not stand where it says");
  step = Step::end;
  return {};
}

bool BlackBoxReplay::take_block(const std::uint64_t* words, std::size_t count) {
  if (count < black_box::kBlockHead) return false;
  const auto number = static_cast<std::uint32_t>(words[0] >> 32U);
  if (number >= blocks_.size()) return false;
  if (blocks_[number] == nullptr) blocks_[number] = std::make_unique<Block>();
  Block& block = *blocks_[number];
  const std::uint64_t lanes = words[1];
  const std::uint64_t gliding = words[2];
  if ((gliding & ~lanes) != 0) return false;
  Halves halves(words + black_box::kBlockHead, count - black_box::kBlockHead);
  for (std::uint64_t left = lanes; left != 0; left &= left - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(left));
    if (!halves.take(block.value[lane])) return false;
    if ((gliding >> lane & 1U) == 0) continue;
    const bool there = halves.take(block.from[lane]) && halves.take(block.start[lane]) &&
                       halves.take(block.rate[lane]) && halves.take(block.near[lane]);
    if (!there) return false;
  }
  const bool was_whole = block.known == ~std::uint64_t{0};
  block.known |= lanes;
  if (!was_whole && block.known == ~std::uint64_t{0}) ++whole_blocks_;
  block.gliding = (block.gliding & ~lanes) | gliding;
  if (block.gliding != 0 && !block.listed) {
    block.listed = true;
    gliding_.push_back(number);
  }
  if (slots_.empty()) return true;
  for (std::uint64_t left = lanes & ~gliding; left != 0; left &= left - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(left));
    slots_[std::size_t{number} * kBlockSlots + lane].u = block.value[lane];
  }
  return true;
}

// What glides is where its curve is at that time; what arrives rests there.
void BlackBoxReplay::move(Block& block, std::uint32_t number, std::int64_t now) {
  const composer::Moment moment = composer::Moment::of(now);
  for (std::uint64_t left = block.gliding; left != 0; left &= left - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(left));
    bool arrived = false;
    const float to = std::bit_cast<float>(block.value[lane]);
    const float value = composer::value_at(to, {block.from[lane], block.start[lane]}, block.rate[lane],
                                           block.near[lane], moment, arrived);
    slots_[std::size_t{number} * kBlockSlots + lane].f = value;
    if (arrived || value == to) block.gliding &= ~(std::uint64_t{1} << lane);
  }
}

bool BlackBoxReplay::take_frame(const std::uint64_t* words, std::size_t count, Frame& frame) {
  if (count != black_box::kFrameWords) return false;
  frame = {};
  frame.number = words[0];
  frame.time_ns = static_cast<std::int64_t>(words[1]);
  frame.revision = words[2];
  frame.whole = whole_blocks_ == blocks_.size();
  if (!frame.whole) return true;
  if (slots_.empty()) {
    slots_.resize(head_.slots);
    for (std::uint32_t b = 0; b < blocks_.size(); ++b) {
      for (std::size_t lane = 0; lane < kBlockSlots; ++lane) slots_[b * kBlockSlots + lane].u = blocks_[b]->value[lane];
    }
  }
  for (std::size_t i = 0; i < gliding_.size();) {
    Block& block = *blocks_[gliding_[i]];
    move(block, gliding_[i], frame.time_ns);
    if (block.gliding != 0) {
      ++i;
      continue;
    }
    block.listed = false;
    gliding_[i] = gliding_.back();
    gliding_.pop_back();
  }
  frame.slots = slots_.data();
  prove(static_cast<std::uint32_t>(words[3]), static_cast<std::uint32_t>(words[3] >> 32U), words[4], frame);
  return true;
}

void BlackBoxReplay::prove(std::uint32_t first, std::uint32_t count, std::uint64_t hash, Frame& frame) {
  if (first >= blocks_.size() || count > blocks_.size() - first) return;
  const relume_slot* const slots = slots_.data() + std::size_t{first} * kBlockSlots;
  frame.proved = count * kBlockSlots;
  frame.differs = XXH3_64bits(slots, std::size_t{frame.proved} * sizeof(relume_slot)) != hash;
}

}  // namespace relume::core
