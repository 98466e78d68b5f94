// SPDX-License-Identifier: Apache-2.0
#include "decklink/virtual_card/output_face.hpp"

#include "decklink/virtual_card/card_frame.hpp"
#include "decklink/virtual_card/display_mode.hpp"

#include <fmt/format.h>

#include <memory>
#include <type_traits>

namespace rig::decklink::card {

namespace {

template <class Interfaces>
constexpr Era kEraOf = std::is_same_v<Interfaces, abi::EraA> ? Era::a : Era::b;

/// Null for null. The reference is taken here, outside every lock.
template <class Kept, class Given>
std::shared_ptr<Reference<Kept>> keep(Given* callback) {
  return callback == nullptr ? nullptr : std::make_shared<Reference<Kept>>(callback);
}

template <class CardFrame, class MutableFrame>
abi::Result make_frame(const FrameLayout& layout, std::uint32_t flags, MutableFrame** out) {
  if (out == nullptr) return abi::kNullPointer;
  *out = nullptr;
  if (!is_possible(layout)) return abi::kInvalidArgument;
  FrameBytes bytes = make_bytes(layout);
  if (bytes == nullptr) return abi::kOutOfMemory;
  *out = new CardFrame(layout, flags, std::move(bytes));
  return abi::kOk;
}

}  // namespace

template <class I>
OutputFace<I>::OutputFace(abi::Unknown& device, Card& card, std::uint64_t plugging)
    : Face<typename I::Output>(device), card_(card), caller_{kEraOf<I>, plugging} {}

// Modes

template <class I>
abi::Result OutputFace<I>::DoesSupportVideoMode(std::uint32_t /*connection*/, abi::Code mode, abi::Code format,
                                                std::uint32_t /*conversion*/, std::uint32_t /*flags*/,
                                                abi::Code* actual_mode, bool* supported) {
  if (gone()) return abi::kFailed;
  const bool known = find_mode(mode) != nullptr && supports_format(format);
  if (supported != nullptr) *supported = known;
  if (actual_mode != nullptr) *actual_mode = known ? mode : 0;
  return abi::kOk;
}

template <class I>
abi::Result OutputFace<I>::GetDisplayMode(abi::Code code, abi::DisplayMode** out) {
  if (gone()) return abi::kFailed;
  if (out == nullptr) return abi::kNullPointer;
  const Mode* mode = find_mode(code);
  *out = mode == nullptr ? nullptr : new ModeObject(*mode);
  return mode == nullptr ? abi::kInvalidArgument : abi::kOk;
}

template <class I>
abi::Result OutputFace<I>::GetDisplayModeIterator(abi::DisplayModeIterator** out) {
  if (gone()) return abi::kFailed;
  if (out == nullptr) return abi::kNullPointer;
  *out = new ModeIterator();
  return abi::kOk;
}

template <class I>
abi::Result OutputFace<I>::SetScreenPreviewCallback(void* callback) {
  return callback == nullptr ? abi::kOk : abi::kNotImplemented;
}

// Pictures

template <class I>
abi::Result OutputFace<I>::EnableVideoOutput(abi::Code code, std::uint32_t /*flags*/) {
  const Mode* mode = find_mode(code);
  return mode == nullptr ? abi::kInvalidArgument : card_.video().enable(caller_, *mode);
}

template <class I>
abi::Result OutputFace<I>::DisableVideoOutput() {
  return card_.disable_video(caller_);
}

template <class I>
abi::Result OutputFace<I>::CreateVideoFrame(std::int32_t width, std::int32_t height, std::int32_t row_bytes,
                                            abi::Code format, std::uint32_t flags, MutableFrame** out) {
  if (gone()) return abi::kFailed;
  using CardFrame = std::conditional_t<kEraOf<I> == Era::a, CardFrameA, CardFrameB>;
  return make_frame<CardFrame>({width, height, row_bytes, format}, flags, out);
}

template <class I>
abi::Result OutputFace<I>::CreateAncillaryData(abi::Code /*format*/, void** out) {
  if (out != nullptr) *out = nullptr;
  return abi::kNotImplemented;
}

template <class I>
abi::Result OutputFace<I>::DisplayVideoFrameSync(Frame* frame) {
  if (frame == nullptr) return abi::kNullPointer;
  return card_.video().display_now(caller_, SubmittedFrame(frame, card_.ledger().frame_references()));
}

template <class I>
abi::Result OutputFace<I>::ScheduleVideoFrame(Frame* frame, std::int64_t time, std::int64_t duration,
                                              std::int64_t scale) {
  if (frame == nullptr) return abi::kNullPointer;
  return card_.video().schedule(caller_, SubmittedFrame(frame, card_.ledger().frame_references()), {time, scale},
                                duration);
}

template <class I>
abi::Result OutputFace<I>::SetScheduledFrameCompletionCallback(Callback* callback) {
  if (replaced()) return abi::kFailed;
  card_.callbacks().set_callback(caller_.era, keep<abi::Unknown>(callback));
  return abi::kOk;
}

template <class I>
abi::Result OutputFace<I>::GetBufferedVideoFrameCount(std::uint32_t* out) {
  if (const abi::Result refused = card_.video().check(caller_); refused != abi::kOk) return refused;
  if (out == nullptr) return abi::kNullPointer;
  *out = card_.video().queued();
  return abi::kOk;
}

// Sound

template <class I>
abi::Result OutputFace<I>::EnableAudioOutput(std::uint32_t rate, std::uint32_t bits, std::uint32_t channels,
                                             std::uint32_t stream) {
  return gone() ? abi::kFailed : card_.audio().enable(rate, bits, channels, stream);
}

template <class I>
abi::Result OutputFace<I>::DisableAudioOutput() {
  return gone() ? abi::kFailed : card_.audio().disable();
}

template <class I>
abi::Result OutputFace<I>::WriteAudioSamplesSync(void* samples, std::uint32_t count, std::uint32_t* written) {
  if (gone()) return abi::kFailed;
  return samples == nullptr ? abi::kNullPointer : card_.audio().write_now(count, written);
}

template <class I>
abi::Result OutputFace<I>::BeginAudioPreroll() {
  return gone() ? abi::kFailed : card_.audio().preroll(true);
}

template <class I>
abi::Result OutputFace<I>::EndAudioPreroll() {
  return gone() ? abi::kFailed : card_.audio().preroll(false);
}

template <class I>
abi::Result OutputFace<I>::ScheduleAudioSamples(void* samples, std::uint32_t count, std::int64_t time,
                                                std::int64_t scale, std::uint32_t* written) {
  if (gone()) return abi::kFailed;
  if (samples == nullptr) return abi::kNullPointer;
  if (scale < 0) return abi::kInvalidArgument;
  return card_.audio().write(count, scale == 0 ? std::optional<Time>() : Time{time, scale}, written);
}

template <class I>
abi::Result OutputFace<I>::GetBufferedAudioSampleFrameCount(std::uint32_t* out) {
  return gone() ? abi::kFailed : card_.audio().buffered(out);
}

template <class I>
abi::Result OutputFace<I>::FlushBufferedAudioSamples() {
  return gone() ? abi::kFailed : card_.audio().flush();
}

template <class I>
abi::Result OutputFace<I>::SetAudioCallback(abi::AudioCallback* callback) {
  if (replaced()) return abi::kFailed;
  card_.audio().set_callback(keep<abi::AudioCallback>(callback));
  return abi::kOk;
}

// Playback and clocks

template <class I>
abi::Result OutputFace<I>::StartScheduledPlayback(std::int64_t time, std::int64_t scale, double speed) {
  return card_.video().start(caller_, {time, scale}, speed);
}

template <class I>
abi::Result OutputFace<I>::StopScheduledPlayback(std::int64_t time, std::int64_t* actual, std::int64_t scale) {
  if (scale < 0) return abi::kInvalidArgument;
  const bool now = time == 0 || scale == 0;
  return card_.video().stop(caller_, now ? std::optional<Time>() : Time{time, scale}, actual, scale);
}

template <class I>
abi::Result OutputFace<I>::IsScheduledPlaybackRunning(bool* out) {
  if (gone()) return abi::kFailed;
  if (out == nullptr) return abi::kNullPointer;
  *out = card_.video().running();
  return abi::kOk;
}

template <class I>
abi::Result OutputFace<I>::GetScheduledStreamTime(std::int64_t scale, std::int64_t* time, double* speed) {
  return card_.video().stream_time(caller_, scale, time, speed);
}

template <class I>
abi::Result OutputFace<I>::GetReferenceStatus(std::uint32_t* out) {
  if (gone()) return abi::kFailed;
  if (out == nullptr) return abi::kNullPointer;
  *out = card_.reference_status();
  return abi::kOk;
}

template <class I>
abi::Result OutputFace<I>::GetHardwareReferenceClock(std::int64_t scale, std::int64_t* time, std::int64_t* in_frame,
                                                     std::int64_t* per_frame) {
  return card_.video().hardware_clock(caller_, scale, time, in_frame, per_frame);
}

template <class I>
abi::Result OutputFace<I>::GetFrameCompletionReferenceTimestamp(Frame* frame, std::int64_t scale, std::int64_t* time) {
  if (scale <= 0) return abi::kInvalidArgument;
  const auto at = card_.callbacks().completion_time(static_cast<abi::Unknown*>(frame));
  if (!at) return abi::kUnexpected;
  const auto value = rescaled(*at, scale);
  if (!value) return abi::kInvalidArgument;
  if (time != nullptr) *time = *value;
  return abi::kOk;
}

template class OutputFace<abi::EraA>;
template class OutputFace<abi::EraB>;

// What one era has alone

abi::Result OutputFaceA::SetVideoOutputFrameMemoryAllocator(void* allocator) {
  return allocator == nullptr ? abi::kOk : abi::kNotImplemented;
}

abi::Result OutputFaceB::CreateVideoFrameWithBuffer(std::int32_t width, std::int32_t height, std::int32_t row_bytes,
                                                    abi::Code format, std::uint32_t flags,
                                                    abi::era_b::VideoBuffer* buffer,
                                                    abi::era_b::MutableVideoFrame** out) {
  if (gone()) return abi::kFailed;
  if (out == nullptr || buffer == nullptr) return abi::kNullPointer;
  *out = nullptr;
  const FrameLayout layout{width, height, row_bytes, format};
  if (!is_possible(layout)) return abi::kInvalidArgument;
  *out = new CardFrameB(layout, flags, buffer);
  return abi::kOk;
}

abi::Result OutputFaceB::RowBytesForPixelFormat(abi::Code format, std::int32_t width, std::int32_t* out) {
  if (out == nullptr) return abi::kNullPointer;
  const std::int64_t bytes = width > 0 ? abi::min_row_bytes(format, width) : 0;
  *out = static_cast<std::int32_t>(bytes);
  return bytes > 0 ? abi::kOk : abi::kInvalidArgument;
}

}  // namespace rig::decklink::card
