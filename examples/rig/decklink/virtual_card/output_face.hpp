// SPDX-License-Identifier: Apache-2.0
// The output interfaces: thin layers over one state machine, so that every era keeps one ledger.
#pragma once

#include "decklink/virtual_card/card.hpp"
#include "decklink/virtual_card/face.hpp"

#include <cstdint>

namespace rig::decklink::card {

/// What both eras have.
template <class Interfaces>
class OutputFace : public Face<typename Interfaces::Output> {
 public:
  using Frame = typename Interfaces::VideoFrame;
  using MutableFrame = typename Interfaces::MutableVideoFrame;
  using Callback = typename Interfaces::VideoOutputCallback;

  OutputFace(abi::Unknown& device, Card& card, std::uint64_t plugging);

  abi::Result DoesSupportVideoMode(std::uint32_t connection, abi::Code mode, abi::Code format, std::uint32_t conversion,
                                   std::uint32_t flags, abi::Code* actual_mode, bool* supported) override;
  abi::Result GetDisplayMode(abi::Code mode, abi::DisplayMode** out) override;
  abi::Result GetDisplayModeIterator(abi::DisplayModeIterator** out) override;
  abi::Result SetScreenPreviewCallback(void* callback) override;
  abi::Result EnableVideoOutput(abi::Code mode, std::uint32_t flags) override;
  abi::Result DisableVideoOutput() override;
  abi::Result CreateVideoFrame(std::int32_t width, std::int32_t height, std::int32_t row_bytes, abi::Code format,
                               std::uint32_t flags, MutableFrame** out) override;
  abi::Result CreateAncillaryData(abi::Code format, void** out) override;
  abi::Result DisplayVideoFrameSync(Frame* frame) override;
  abi::Result ScheduleVideoFrame(Frame* frame, std::int64_t time, std::int64_t duration, std::int64_t scale) override;
  abi::Result SetScheduledFrameCompletionCallback(Callback* callback) override;
  abi::Result GetBufferedVideoFrameCount(std::uint32_t* out) override;
  abi::Result EnableAudioOutput(std::uint32_t rate, std::uint32_t bits, std::uint32_t channels,
                                std::uint32_t stream) override;
  abi::Result DisableAudioOutput() override;
  abi::Result WriteAudioSamplesSync(void* samples, std::uint32_t count, std::uint32_t* written) override;
  abi::Result BeginAudioPreroll() override;
  abi::Result EndAudioPreroll() override;
  abi::Result ScheduleAudioSamples(void* samples, std::uint32_t count, std::int64_t time, std::int64_t scale,
                                   std::uint32_t* written) override;
  abi::Result GetBufferedAudioSampleFrameCount(std::uint32_t* out) override;
  abi::Result FlushBufferedAudioSamples() override;
  abi::Result SetAudioCallback(abi::AudioCallback* callback) override;
  abi::Result StartScheduledPlayback(std::int64_t time, std::int64_t scale, double speed) override;
  abi::Result StopScheduledPlayback(std::int64_t time, std::int64_t* actual, std::int64_t scale) override;
  abi::Result IsScheduledPlaybackRunning(bool* out) override;
  abi::Result GetScheduledStreamTime(std::int64_t scale, std::int64_t* time, double* speed) override;
  abi::Result GetReferenceStatus(std::uint32_t* out) override;
  abi::Result GetHardwareReferenceClock(std::int64_t scale, std::int64_t* time, std::int64_t* in_frame,
                                        std::int64_t* per_frame) override;
  abi::Result GetFrameCompletionReferenceTimestamp(Frame* frame, std::int64_t scale, std::int64_t* time) override;

 protected:
  /// Unplugged, and another device is there instead; until then callbacks can be taken back.
  bool replaced() const { return card_.video().plugging() != caller_.plugging; }
  bool gone() const { return !card_.video().plugged(caller_.plugging); }

 private:
  Card& card_;
  const Caller caller_;
};

class OutputFaceA final : public OutputFace<abi::EraA> {
 public:
  using OutputFace::OutputFace;
  abi::Result SetVideoOutputFrameMemoryAllocator(void* allocator) override;
};

class OutputFaceB final : public OutputFace<abi::EraB> {
 public:
  using OutputFace::OutputFace;
  abi::Result CreateVideoFrameWithBuffer(std::int32_t width, std::int32_t height, std::int32_t row_bytes,
                                         abi::Code format, std::uint32_t flags, abi::era_b::VideoBuffer* buffer,
                                         abi::era_b::MutableVideoFrame** out) override;
  abi::Result RowBytesForPixelFormat(abi::Code format, std::int32_t width, std::int32_t* out) override;
};

/// Does nothing, except in the variants of the library that tests must notice (mutation_*.cpp).
void mutate(abi::era_a::Output& output);

}  // namespace rig::decklink::card
