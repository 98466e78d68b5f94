// SPDX-License-Identifier: Apache-2.0
// Frames that the card makes for its clients. Timecodes and ancillary data are not emulated: setting one fails.
#pragma once

#include "decklink/virtual_card/face.hpp"
#include "decklink/virtual_card/submitted_frame.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace rig::decklink::card {

/// Rows that begin at a multiple of 64 where their length allows it, zeroed; nullptr when there is no memory.
struct FreeBytes {
  void operator()(std::byte* bytes) const { std::free(bytes); }
};
using FrameBytes = std::unique_ptr<std::byte[], FreeBytes>;
FrameBytes make_bytes(const FrameLayout& layout);

/// Whether a frame of this layout can be made.
bool is_possible(const FrameLayout& layout);

template <class Interfaces>
class CardFrameBase : public Counted<typename Interfaces::MutableVideoFrame> {
 public:
  CardFrameBase(const FrameLayout& layout, std::uint32_t flags) : layout_(layout), flags_(flags) {}

  abi::Result QueryInterface(abi::InterfaceId id, void** out) override {
    const abi::Result result = Counted<typename Interfaces::MutableVideoFrame>::QueryInterface(id, out);
    if (result != abi::kNoInterface || id != Interfaces::VideoFrame::kId) return result;
    *out = static_cast<typename Interfaces::VideoFrame*>(this);
    this->AddRef();
    return abi::kOk;
  }
  long GetWidth() override { return layout_.width; }
  long GetHeight() override { return layout_.height; }
  long GetRowBytes() override { return layout_.row_bytes; }
  abi::Code GetPixelFormat() override { return layout_.format; }
  std::uint32_t GetFlags() override { return flags_.load(); }
  abi::Result GetTimecode(abi::Code /*format*/, abi::Timecode** out) override {
    if (out == nullptr) return abi::kNullPointer;
    *out = nullptr;
    return abi::kFalse;
  }
  abi::Result GetAncillaryData(void** out) override {
    if (out == nullptr) return abi::kNullPointer;
    *out = nullptr;
    return abi::kFalse;
  }
  abi::Result SetFlags(std::uint32_t flags) override {
    flags_.store(flags);
    return abi::kOk;
  }
  abi::Result SetTimecode(abi::Code /*format*/, abi::Timecode* /*timecode*/) override { return abi::kNotImplemented; }
  abi::Result SetTimecodeFromComponents(abi::Code /*format*/, std::uint8_t /*hours*/, std::uint8_t /*minutes*/,
                                        std::uint8_t /*seconds*/, std::uint8_t /*frames*/,
                                        std::uint32_t /*flags*/) override {
    return abi::kNotImplemented;
  }
  abi::Result SetAncillaryData(void* /*data*/) override { return abi::kNotImplemented; }
  abi::Result SetTimecodeUserBits(abi::Code /*format*/, std::uint32_t /*bits*/) override {
    return abi::kNotImplemented;
  }

 private:
  const FrameLayout layout_;
  std::atomic<std::uint32_t> flags_;
};

class CardFrameA final : public CardFrameBase<abi::EraA> {
 public:
  CardFrameA(const FrameLayout& layout, std::uint32_t flags, FrameBytes bytes)
      : CardFrameBase(layout, flags), bytes_(std::move(bytes)) {}
  abi::Result GetBytes(void** out) override {
    if (out == nullptr) return abi::kNullPointer;
    *out = bytes_.get();
    return abi::kOk;
  }

 private:
  const FrameBytes bytes_;
};

/// Its bytes are those of a buffer: its own, or one that the client brings.
class CardFrameB final : public CardFrameBase<abi::EraB> {
 public:
  CardFrameB(const FrameLayout& layout, std::uint32_t flags, FrameBytes bytes)
      : CardFrameBase(layout, flags), own_(*this, std::move(bytes)) {}
  CardFrameB(const FrameLayout& layout, std::uint32_t flags, abi::era_b::VideoBuffer* clients)
      : CardFrameBase(layout, flags), own_(*this, nullptr), clients_(clients) {}

  abi::Result QueryInterface(abi::InterfaceId id, void** out) override {
    if (out == nullptr || id != abi::era_b::VideoBuffer::kId) return CardFrameBase::QueryInterface(id, out);
    abi::era_b::VideoBuffer* buffer = clients_ ? clients_.get() : &own_;
    buffer->AddRef();
    *out = buffer;
    return abi::kOk;
  }
  abi::Result SetInterfaceProvider(abi::InterfaceId /*id*/, abi::Unknown* /*provider*/) override {
    return abi::kNotImplemented;
  }

 private:
  class OwnBuffer final : public Face<abi::era_b::VideoBuffer> {
   public:
    OwnBuffer(abi::Unknown& frame, FrameBytes bytes) : Face(frame), bytes_(std::move(bytes)) {}
    /// As the published interface wants it: only between StartAccess and EndAccess.
    abi::Result GetBytes(void** out) override {
      if (out == nullptr) return abi::kNullPointer;
      *out = accesses_.load() > 0 ? bytes_.get() : nullptr;
      return *out != nullptr ? abi::kOk : abi::kUnexpected;
    }
    abi::Result StartAccess(std::uint32_t access) override {
      if (access == 0 || access > (abi::kBufferRead | abi::kBufferWrite)) return abi::kInvalidArgument;
      accesses_.fetch_add(1);
      return abi::kOk;
    }
    abi::Result EndAccess(std::uint32_t /*access*/) override {
      int open = accesses_.load();
      while (open > 0 && !accesses_.compare_exchange_weak(open, open - 1)) {}
      return open > 0 ? abi::kOk : abi::kUnexpected;
    }

   private:
    const FrameBytes bytes_;
    std::atomic<int> accesses_{0};
  };

  OwnBuffer own_;
  const Reference<abi::era_b::VideoBuffer> clients_;
};

}  // namespace rig::decklink::card
