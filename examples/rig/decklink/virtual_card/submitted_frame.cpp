// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/submitted_frame.hpp"

namespace rig::decklink::card {

namespace {

template <class Frame>
FrameLayout layout_of(Frame& frame) {
  return {frame.GetWidth(), frame.GetHeight(), frame.GetRowBytes(), frame.GetPixelFormat()};
}

/// Asks for an interface and gives it back: whether result and pointer agree, and whether it was there.
struct Answer {
  bool honest;
  bool there;
};
Answer ask(abi::Unknown& object, const abi::InterfaceId& id) {
  void* found = nullptr;
  const abi::Result result = object.QueryInterface(id, &found);
  const bool there = result == abi::kOk && found != nullptr;
  if (there) static_cast<abi::Unknown*>(found)->Release();
  return {(result == abi::kOk) == (found != nullptr), there};
}

}  // namespace

SubmittedFrame::SubmittedFrame(abi::era_a::VideoFrame* frame, std::atomic<std::uint64_t>& held)
    : frame_(frame), era_(Era::a), layout_(layout_of(*frame)), held_(&held) {
  held_->fetch_add(1);
}

SubmittedFrame::SubmittedFrame(abi::era_b::VideoFrame* frame, std::atomic<std::uint64_t>& held)
    : frame_(frame), era_(Era::b), layout_(layout_of(*frame)), held_(&held) {
  held_->fetch_add(1);
}

SubmittedFrame::SubmittedFrame(const SubmittedFrame& other)
    : frame_(other.frame_), era_(other.era_), layout_(other.layout_), held_(other.held_) {
  if (held_ != nullptr) held_->fetch_add(1);
}

SubmittedFrame::SubmittedFrame(SubmittedFrame&& other) noexcept
    : frame_(std::move(other.frame_)),
      era_(other.era_),
      layout_(other.layout_),
      held_(std::exchange(other.held_, nullptr)) {}

SubmittedFrame& SubmittedFrame::operator=(SubmittedFrame other) noexcept {
  std::swap(frame_, other.frame_);
  std::swap(era_, other.era_);
  std::swap(layout_, other.layout_);
  std::swap(held_, other.held_);
  return *this;
}

SubmittedFrame::~SubmittedFrame() {
  if (held_ == nullptr) return;
  frame_ = {};  // before it is counted as given back
  held_->fetch_sub(1);
}

void SubmittedFrame::complete(abi::Unknown* callback, std::uint32_t result) const {
  if (era_ == Era::a) {
    static_cast<abi::era_a::VideoOutputCallback*>(callback)->ScheduledFrameCompleted(
        static_cast<abi::era_a::VideoFrame*>(frame_.get()), result);
  } else {
    static_cast<abi::era_b::VideoOutputCallback*>(callback)->ScheduledFrameCompleted(
        static_cast<abi::era_b::VideoFrame*>(frame_.get()), result);
  }
}

bool SubmittedFrame::read(const std::function<void(const std::byte*)>& look) const {
  void* bytes = nullptr;
  if (era_ == Era::a) {
    if (static_cast<abi::era_a::VideoFrame*>(frame_.get())->GetBytes(&bytes) != abi::kOk || bytes == nullptr)
      return false;
    look(static_cast<const std::byte*>(bytes));
    return true;
  }
  void* found = nullptr;
  if (frame_->QueryInterface(abi::era_b::VideoBuffer::kId, &found) != abi::kOk || found == nullptr) return false;
  auto* buffer = static_cast<abi::era_b::VideoBuffer*>(found);
  bool readable = false;
  if (buffer->StartAccess(abi::kBufferRead) == abi::kOk) {
    readable = buffer->GetBytes(&bytes) == abi::kOk && bytes != nullptr;
    if (readable) look(static_cast<const std::byte*>(bytes));
    buffer->EndAccess(abi::kBufferRead);
  }
  buffer->Release();
  return readable;
}

bool SubmittedFrame::answers_for_itself() const {
  abi::Unknown& frame = *frame_.get();
  const bool own =
      ask(frame, abi::Unknown::kId).there && (era_ == Era::a ? ask(frame, abi::era_a::VideoFrame::kId).there
                                                             : ask(frame, abi::era_b::VideoFrame::kId).there &&
                                                                   ask(frame, abi::era_b::VideoBuffer::kId).there);
  return own && ask(frame, abi::kFrameMetadataId).honest && ask(frame, abi::kFrameMetadataOldId).honest;
}

}  // namespace rig::decklink::card
