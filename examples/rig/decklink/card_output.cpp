// SPDX-License-Identifier: Apache-2.0
#include "decklink/card_output.hpp"

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace rig {
namespace {

using namespace decklink;
using abi::Result;

/// Hands results on and does nothing else: the card gives it less than a frame's time. Ends when the last reference to it goes,
/// ours or the card's, so that a card which forgets to let go never calls into freed memory.
template <class Era>
class Callback final : public Era::VideoOutputCallback {
 public:
  Callback(std::shared_ptr<CardEvents> events, std::uint64_t session) : events_(std::move(events)), session_(session) {}

  Result QueryInterface(abi::InterfaceId id, void** out) override {
    if (out == nullptr) return abi::kNullPointer;
    if (!(id == abi::Unknown::kId || id == Era::VideoOutputCallback::kId)) {
      *out = nullptr;
      return abi::kNoInterface;
    }
    *out = static_cast<typename Era::VideoOutputCallback*>(this);
    AddRef();
    return abi::kOk;
  }
  unsigned long AddRef() override { return references_.fetch_add(1, std::memory_order_relaxed) + 1; }
  unsigned long Release() override {
    const unsigned long left = references_.fetch_sub(1, std::memory_order_acq_rel) - 1;
    if (left == 0) delete this;
    return left;
  }
  Result ScheduledFrameCompleted(typename Era::VideoFrame* frame, std::uint32_t completion) override {
    events_->completed(session_, frame, completion);
    return abi::kOk;
  }
  Result ScheduledPlaybackHasStopped() override {
    events_->stopped(session_);
    return abi::kOk;
  }

 private:
  ~Callback() override = default;

  std::shared_ptr<CardEvents> events_;
  const std::uint64_t session_;
  std::atomic<unsigned long> references_{1};
};

class FrameA final : public CardFrame {
 public:
  explicit FrameA(Held<abi::era_a::MutableVideoFrame> frame) : frame_(std::move(frame)) {
    row_bytes_ = static_cast<std::size_t>(frame_->GetRowBytes());
  }
  std::uint8_t* begin_write() noexcept override {
    void* bytes = nullptr;
    return frame_->GetBytes(&bytes) == abi::kOk ? static_cast<std::uint8_t*>(bytes) : nullptr;
  }
  void end_write() noexcept override {}
  const void* identity() const noexcept override { return face(); }
  abi::era_a::VideoFrame* face() const noexcept { return frame_.get(); }

 private:
  Held<abi::era_a::MutableVideoFrame> frame_;
};

class FrameB final : public CardFrame {
 public:
  FrameB(Held<abi::era_b::MutableVideoFrame> frame, Held<abi::era_b::VideoBuffer> buffer)
      : frame_(std::move(frame)), buffer_(std::move(buffer)) {
    row_bytes_ = static_cast<std::size_t>(frame_->GetRowBytes());
  }
  std::uint8_t* begin_write() noexcept override {
    if (buffer_->StartAccess(abi::kBufferWrite) != abi::kOk) return nullptr;
    void* bytes = nullptr;
    if (buffer_->GetBytes(&bytes) == abi::kOk && bytes != nullptr) return static_cast<std::uint8_t*>(bytes);
    buffer_->EndAccess(abi::kBufferWrite);
    return nullptr;
  }
  void end_write() noexcept override { buffer_->EndAccess(abi::kBufferWrite); }
  const void* identity() const noexcept override { return face(); }
  abi::era_b::VideoFrame* face() const noexcept { return frame_.get(); }

 private:
  Held<abi::era_b::MutableVideoFrame> frame_;
  Held<abi::era_b::VideoBuffer> buffer_;
};

std::unique_ptr<CardFrame> wrap(Held<abi::era_a::MutableVideoFrame> frame) {
  return std::make_unique<FrameA>(std::move(frame));
}

std::unique_ptr<CardFrame> wrap(Held<abi::era_b::MutableVideoFrame> frame) {
  Held<abi::era_b::VideoBuffer> buffer = query<abi::era_b::VideoBuffer>(*frame);
  if (!buffer) return nullptr;
  return std::make_unique<FrameB>(std::move(frame), std::move(buffer));
}

std::int32_t row_bytes_of(abi::era_a::Output&, std::int32_t width) {
  return static_cast<std::int32_t>(abi::min_row_bytes(abi::kFormatUyvy, width));
}

std::int32_t row_bytes_of(abi::era_b::Output& output, std::int32_t width) {
  std::int32_t bytes = 0;
  if (output.RowBytesForPixelFormat(abi::kFormatUyvy, width, &bytes) == abi::kOk) return bytes;
  return static_cast<std::int32_t>(abi::min_row_bytes(abi::kFormatUyvy, width));
}

/// A card that is gone may not even take the callback off. Whether it counts references then is not known, so the object stays.
void keep_for_ever(Held<abi::Unknown> callback) {
  static std::mutex mutex;
  static auto& kept = *new std::vector<Held<abi::Unknown>>;
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(callback));
}

template <class Era, class Frame>
class OutputOf final : public CardOutput {
 public:
  OutputOf(Held<typename Era::Output> output, const char* era) : output_(std::move(output)), era_(era) {}

  const char* era() const noexcept override { return era_; }
  Result modes(Held<abi::DisplayModeIterator>& out) override {
    abi::DisplayModeIterator* iterator = nullptr;
    const Result result = output_->GetDisplayModeIterator(&iterator);
    out.reset(iterator);
    return result;
  }
  bool plays_uyvy(Code mode) override {
    bool supported = false;
    const Result result = output_->DoesSupportVideoMode(abi::kConnectionUnspecified, mode, abi::kFormatUyvy,
                                                        abi::kConversionNone, 0, nullptr, &supported);
    return result == abi::kOk && supported;
  }
  Result enable(Code mode) override { return output_->EnableVideoOutput(mode, abi::kOutputDefault); }
  Result disable() override { return output_->DisableVideoOutput(); }
  Result listen(std::shared_ptr<CardEvents> events, std::uint64_t session) override {
    callback_.reset(new Callback<Era>(std::move(events), session));
    return output_->SetScheduledFrameCompletionCallback(callback_.get());
  }
  Result stop_listening() override {
    const Result result = output_->SetScheduledFrameCompletionCallback(nullptr);
    if (result != abi::kOk) keep_for_ever(std::move(callback_));
    callback_.reset();
    return result;
  }
  std::unique_ptr<CardFrame> create_frame(std::int32_t width, std::int32_t height) override {
    typename Era::MutableVideoFrame* frame = nullptr;
    const std::int32_t row_bytes = row_bytes_of(*output_, width);
    if (output_->CreateVideoFrame(width, height, row_bytes, abi::kFormatUyvy, abi::kFrameDefault, &frame) != abi::kOk) {
      return nullptr;
    }
    return wrap(Held<typename Era::MutableVideoFrame>(frame));
  }
  Result schedule(CardFrame& frame, std::int64_t time, std::int64_t duration, std::int64_t scale) override {
    return output_->ScheduleVideoFrame(static_cast<Frame&>(frame).face(), time, duration, scale);
  }
  Result start(std::int64_t scale) override { return output_->StartScheduledPlayback(0, scale, 1.0); }
  Result stop() override { return output_->StopScheduledPlayback(0, nullptr, 0); }
  Result stream_time(std::int64_t scale, std::int64_t& time) override {
    double speed = 0.0;
    return output_->GetScheduledStreamTime(scale, &time, &speed);
  }
  Result queued(std::uint32_t& frames) override { return output_->GetBufferedVideoFrameCount(&frames); }
  Result reference(std::uint32_t& status) override { return output_->GetReferenceStatus(&status); }

 private:
  Held<typename Era::Output> output_;
  Held<typename Era::VideoOutputCallback> callback_;
  const char* era_;
};

}  // namespace

std::unique_ptr<CardOutput> open_card_output(abi::Device& device) {
  // The older one first: drivers have answered it for longest.
  if (auto output = query<abi::EraA::Output>(device)) {
    return std::make_unique<OutputOf<abi::EraA, FrameA>>(std::move(output), "A (11.5)");
  }
  if (auto output = query<abi::EraB::Output>(device)) {
    return std::make_unique<OutputOf<abi::EraB, FrameB>>(std::move(output), "B (14.3)");
  }
  return nullptr;
}

}  // namespace rig
