// SPDX-License-Identifier: Apache-2.0
// A frame of a client's, of either era, as the state machine sees it.
#pragma once

#include "decklink/virtual_card/counted.hpp"
#include "decklink/virtual_card/settings.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace rig::decklink::card {

struct FrameLayout {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t row_bytes = 0;
  abi::Code format = 0;
};

/// One reference on the frame, counted in `held`. Making, copying and ending one calls the client: never with a lock held.
class SubmittedFrame {
 public:
  SubmittedFrame() = default;
  SubmittedFrame(abi::era_a::VideoFrame* frame, std::atomic<std::uint64_t>& held);
  SubmittedFrame(abi::era_b::VideoFrame* frame, std::atomic<std::uint64_t>& held);
  SubmittedFrame(const SubmittedFrame& other);
  SubmittedFrame(SubmittedFrame&& other) noexcept;
  SubmittedFrame& operator=(SubmittedFrame other) noexcept;
  ~SubmittedFrame();

  /// The pointer that the client passed in.
  const void* identity() const { return frame_.get(); }
  Era era() const { return era_; }
  const FrameLayout& layout() const { return layout_; }

  /// Tells the callback of the same era.
  void complete(abi::Unknown* callback, std::uint32_t result) const;

  /// Shows the bytes to `look`; false when the frame does not hand them out. Calls the client.
  bool read(const std::function<void(const std::byte*)>& look) const;

  /// What drivers from 14.3 on ask of a frame: that it answers for its own ids, and says no properly to those it has not.
  bool answers_for_itself() const;

 private:
  Reference<abi::Unknown> frame_;
  Era era_ = Era::a;
  FrameLayout layout_;
  std::atomic<std::uint64_t>* held_ = nullptr;
};

}  // namespace rig::decklink::card
