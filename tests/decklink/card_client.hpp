// SPDX-License-Identifier: Apache-2.0
// A client of the emulated card for its tests: the library as any program finds it, frames and callbacks of its own.
#pragma once

#include <dlfcn.h>
#include <catch2/catch.hpp>

#include "decklink/decklink_abi.hpp"
#include "decklink/virtual_card/virtual_card_control.h"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace card_test {

namespace abi = rig::decklink::abi;

/// The library in this process. Once loaded it is never unloaded.
class Library {
 public:
  static const Library& get() {
    static const Library library;
    return library;
  }
  const virtual_card_control& control() const { return *control_; }
  abi::Iterator* iterator() const { return iterator_(); }
  abi::Discovery* discovery() const { return discovery_(); }
  abi::ApiInformation* information() const { return information_(); }

 private:
  Library() {
    void* handle = dlopen(VIRTUAL_CARD_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) throw std::runtime_error(dlerror());
    find(handle, VIRTUAL_CARD_CONTROL_ENTRY, entry_);
    find(handle, abi::kIteratorFactory, iterator_);
    find(handle, abi::kDiscoveryFactory, discovery_);
    find(handle, abi::kApiInformationFactory, information_);
    control_ = entry_();
    dlclose(handle);  // it stays nevertheless: its threads run on
  }
  template <class Function>
  static void find(void* handle, const char* name, Function& out) {
    void* found = dlsym(handle, name);
    if (found == nullptr) throw std::runtime_error(std::string("no symbol ") + name);
    std::memcpy(&out, &found, sizeof out);
  }

  virtual_card_control_entry* entry_ = nullptr;
  abi::Iterator* (*iterator_)() = nullptr;
  abi::Discovery* (*discovery_)() = nullptr;
  abi::ApiInformation* (*information_)() = nullptr;
  const virtual_card_control* control_ = nullptr;
};

inline const virtual_card_control& control() { return Library::get().control(); }

/// The cards afresh, with a manual clock unless `change` says otherwise. At its end nothing of the library is referenced.
class Cards {
 public:
  explicit Cards(const std::function<void(virtual_card_options&)>& change = {}) {
    virtual_card_options options{};
    options.struct_size = sizeof options;
    options.manual_clock = 1;
    if (change) change(options);
    REQUIRE(control().reset(&options) == 0);
  }
  ~Cards() { CHECK(control().references() == 0); }
  Cards(const Cards&) = delete;
  Cards& operator=(const Cards&) = delete;
};

inline virtual_card_ledger ledger(std::uint32_t card = 0) {
  virtual_card_ledger out{};
  out.struct_size = sizeof out;
  REQUIRE(control().ledger(card, &out) == 0);
  return out;
}

inline std::vector<virtual_card_displayed> displayed(std::uint32_t card = 0) {
  std::vector<virtual_card_displayed> out(control().displayed(card, 0, nullptr, 0));
  control().displayed(card, 0, out.data(), out.size());
  return out;
}

/// What must hold after every disable.
inline void check_equation(const virtual_card_ledger& l) {
  CHECK(l.scheduled == l.completed + l.late + l.dropped + l.flushed);
  CHECK(l.outstanding == 0);
  CHECK(l.frame_references == 0);
}

/// Gives back what it holds.
template <class Interface>
class Held {
 public:
  Held() = default;
  explicit Held(Interface* object) : object_(object) {}
  Held(Held&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Held& operator=(Held&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Held() {
    if (object_ != nullptr) object_->Release();
  }
  Interface* get() const { return object_; }
  Interface* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  Interface** out() { return &object_; }

 private:
  Interface* object_ = nullptr;
};

/// Empty when the object has no such interface.
template <class Interface>
Held<Interface> query(abi::Unknown* object) {
  void* found = nullptr;
  const abi::Result result = object->QueryInterface(Interface::kId, &found);
  CHECK((result == abi::kOk) == (found != nullptr));
  return Held<Interface>(static_cast<Interface*>(found));
}

inline Held<abi::Device> device(std::uint32_t number = 0) {
  const Held<abi::Iterator> iterator(Library::get().iterator());
  Held<abi::Device> found;
  for (std::uint32_t i = 0; i <= number; ++i) {
    Held<abi::Device> next;
    REQUIRE(iterator->Next(next.out()) == abi::kOk);
    found = std::move(next);
  }
  return found;
}

/// How a frame answers QueryInterface.
enum class Manners { good, mute, lying };

/// A frame of the client's own, on the stack or in a vector: its count is watched, not obeyed.
template <class Interfaces>
class FrameBase : public Interfaces::VideoFrame {
 public:
  FrameBase(long width, long height, long row_bytes, abi::Code format)
      : width_(width), height_(height), row_bytes_(row_bytes), format_(format) {}
  virtual ~FrameBase() = default;
  Manners manners = Manners::good;
  std::vector<std::uint8_t> bytes;
  unsigned long references() const { return references_.load(); }

  abi::Result QueryInterface(abi::InterfaceId id, void** out) override {
    *out = nullptr;
    if (manners == Manners::mute) return abi::kNoInterface;
    const bool own = id == abi::Unknown::kId || id == Interfaces::VideoFrame::kId;
    if (!own && manners == Manners::good) return abi::kNoInterface;
    *out = static_cast<typename Interfaces::VideoFrame*>(this);
    if (!own) return abi::kNoInterface;  // beside a valid pointer
    AddRef();
    return abi::kOk;
  }
  unsigned long AddRef() override { return ++references_; }
  unsigned long Release() override { return --references_; }
  long GetWidth() override { return width_; }
  long GetHeight() override { return height_; }
  long GetRowBytes() override { return row_bytes_; }
  abi::Code GetPixelFormat() override { return format_; }
  std::uint32_t GetFlags() override { return abi::kFrameDefault; }
  abi::Result GetTimecode(abi::Code /*format*/, abi::Timecode** out) override {
    *out = nullptr;
    return abi::kFalse;
  }
  abi::Result GetAncillaryData(void** out) override {
    *out = nullptr;
    return abi::kFalse;
  }

 private:
  long width_, height_, row_bytes_;
  abi::Code format_;
  std::atomic<unsigned long> references_{1};
};

template <class Interfaces>
class Frame;

template <>
class Frame<abi::EraA> final : public FrameBase<abi::EraA> {
 public:
  using FrameBase::FrameBase;
  abi::Result GetBytes(void** out) override {
    *out = bytes.empty() ? nullptr : bytes.data();
    return bytes.empty() ? abi::kFailed : abi::kOk;
  }
};

template <>
class Frame<abi::EraB> final : public FrameBase<abi::EraB> {
 public:
  Frame(long width, long height, long row_bytes, abi::Code format)
      : FrameBase(width, height, row_bytes, format), buffer_(*this) {}
  int open_accesses() const { return buffer_.open.load(); }

  abi::Result QueryInterface(abi::InterfaceId id, void** out) override {
    if (id != abi::era_b::VideoBuffer::kId || manners == Manners::mute) return FrameBase::QueryInterface(id, out);
    *out = static_cast<abi::era_b::VideoBuffer*>(&buffer_);
    AddRef();
    return abi::kOk;
  }

 private:
  struct Buffer final : abi::era_b::VideoBuffer {
    explicit Buffer(Frame& owner) : frame(owner) {}
    abi::Result QueryInterface(abi::InterfaceId id, void** out) override { return frame.QueryInterface(id, out); }
    unsigned long AddRef() override { return frame.AddRef(); }
    unsigned long Release() override { return frame.Release(); }
    abi::Result GetBytes(void** out) override {
      const bool readable = open.load() > 0 && !frame.bytes.empty();
      *out = readable ? frame.bytes.data() : nullptr;
      return readable ? abi::kOk : abi::kUnexpected;
    }
    abi::Result StartAccess(std::uint32_t /*access*/) override {
      ++open;
      return abi::kOk;
    }
    abi::Result EndAccess(std::uint32_t /*access*/) override {
      --open;
      return abi::kOk;
    }
    Frame& frame;
    std::atomic<int> open{0};
  };
  Buffer buffer_;
};

/// Notes what it is told, and does what a test wants done there.
template <class Interfaces>
class Callback final : public Interfaces::VideoOutputCallback {
 public:
  using VideoFrame = typename Interfaces::VideoFrame;
  struct Told {
    VideoFrame* frame;
    std::uint32_t result;
  };
  std::function<void(VideoFrame*, std::uint32_t)> on_frame;
  std::function<void()> on_stopped;

  virtual ~Callback() = default;
  abi::Result QueryInterface(abi::InterfaceId /*id*/, void** out) override {
    *out = nullptr;
    return abi::kNoInterface;
  }
  unsigned long AddRef() override { return ++references_; }
  unsigned long Release() override { return --references_; }
  abi::Result ScheduledFrameCompleted(VideoFrame* frame, std::uint32_t result) override {
    {
      const std::lock_guard lock(mutex_);
      threads_.push_back(std::this_thread::get_id());
      told_.push_back({frame, result});
      changed_.notify_all();
    }
    if (on_frame) on_frame(frame, result);
    return abi::kOk;
  }
  abi::Result ScheduledPlaybackHasStopped() override {
    {
      const std::lock_guard lock(mutex_);
      threads_.push_back(std::this_thread::get_id());
      ++stopped_;
      changed_.notify_all();
    }
    if (on_stopped) on_stopped();
    return abi::kOk;
  }

  std::vector<Told> told() const {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  std::uint64_t count(std::uint32_t result) const {
    const std::lock_guard lock(mutex_);
    std::uint64_t sum = 0;
    for (const Told& one : told_) sum += one.result == result ? 1 : 0;
    return sum;
  }
  std::uint64_t stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }
  std::vector<std::thread::id> threads() const {
    const std::lock_guard lock(mutex_);
    return threads_;
  }
  /// Real clock: until so many were told; false after ten seconds.
  bool wait_for(std::size_t frames) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [this, frames] { return told_.size() >= frames; });
  }
  unsigned long references() const { return references_.load(); }

 private:
  std::atomic<unsigned long> references_{1};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Told> told_;
  std::vector<std::thread::id> threads_;
  std::uint64_t stopped_ = 0;
};

/// A card that is enabled in PAL (the smallest mode but one) or another mode, through the interface of an era.
template <class Interfaces>
struct Client {
  using Output = typename Interfaces::Output;
  using TestFrame = Frame<Interfaces>;

  explicit Client(abi::Code mode = abi::code("pal "), std::uint32_t number = 0) : card(number), held(device(number)) {
    output = query<Output>(held.get());
    REQUIRE(output);
    Held<abi::DisplayMode> found;
    REQUIRE(output->GetDisplayMode(mode, found.out()) == abi::kOk);
    width = found->GetWidth();
    height = found->GetHeight();
    REQUIRE(found->GetFrameRate(&duration, &scale) == abi::kOk);
    REQUIRE(output->SetScheduledFrameCompletionCallback(&callback) == abi::kOk);
    REQUIRE(output->EnableVideoOutput(mode, abi::kOutputDefault) == abi::kOk);
  }
  ~Client() {
    output->DisableVideoOutput();
    output->SetScheduledFrameCompletionCallback(nullptr);
    for (const auto& frame : frames) CHECK(frame->references() == 1);
    CHECK(callback.references() == 1);
  }

  TestFrame* make(abi::Code format = abi::kFormatUyvy, long padding = 0) {
    const long row = static_cast<long>(abi::min_row_bytes(format, width)) + padding;
    frames.push_back(std::make_unique<TestFrame>(width, height, row, format));
    return frames.back().get();
  }
  /// For slot n of the mode's own scale.
  abi::Result schedule(TestFrame* frame, std::int64_t slot, std::int64_t slots = 1) {
    return output->ScheduleVideoFrame(frame, slot * duration, slots * duration, scale);
  }
  void schedule_all(std::int64_t first, std::int64_t last) {
    for (std::int64_t slot = first; slot <= last; ++slot) REQUIRE(schedule(make(), slot) == abi::kOk);
  }
  void start() { REQUIRE(output->StartScheduledPlayback(0, scale, 1.0) == abi::kOk); }
  void step(std::uint64_t steps) { REQUIRE(control().step(card, steps) == 0); }
  abi::Result stop() { return output->StopScheduledPlayback(0, nullptr, 0); }
  /// After a disable: the client was told what the card counted.
  void check_counts() {
    const virtual_card_ledger l = ledger(card);
    check_equation(l);
    CHECK(callback.count(abi::kCompleted) == l.completed);
    CHECK(callback.count(abi::kDisplayedLate) == l.late);
    CHECK(callback.count(abi::kDropped) == l.dropped);
    CHECK(callback.count(abi::kFlushed) == l.flushed);
    CHECK(callback.stopped() == l.stopped_notices);
  }

  std::uint32_t card;
  Held<abi::Device> held;
  Held<Output> output;
  Callback<Interfaces> callback;
  std::vector<std::unique_ptr<TestFrame>> frames;
  long width = 0, height = 0;
  std::int64_t duration = 0, scale = 0;
};

}  // namespace card_test
