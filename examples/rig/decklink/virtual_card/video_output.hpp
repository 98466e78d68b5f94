// SPDX-License-Identifier: Apache-2.0
// The state machine of a card's picture output: what is scheduled, what goes out, and what becomes of the rest. One for
// all eras.
#pragma once

#include "decklink/virtual_card/audio_output.hpp"
#include "decklink/virtual_card/callback_thread.hpp"
#include "decklink/virtual_card/card_clock.hpp"
#include "decklink/virtual_card/ledger.hpp"
#include "decklink/virtual_card/modes.hpp"
#include "decklink/virtual_card/recorder.hpp"
#include "decklink/virtual_card/settings.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace rig::decklink::card {

/// Who calls: through the interface of which era, on the device of which plugging. After an unplug the old device has failed
/// for good.
struct Caller {
  Era era;
  std::uint64_t plugging;
};

/// Parts of a card that its output reports to.
struct Parts {
  std::uint32_t card;
  const Settings& settings;
  Ledger& ledger;
  Recorder& recorder;
  CallbackThread& callbacks;
  AudioOutput& audio;
  PictureDesk& desk;
};

/// Any thread. No method calls a client while it holds the lock; frames come in, and go out to the callback thread, as counted
/// references that were taken before and end after.
class VideoOutput {
 public:
  explicit VideoOutput(const Parts& parts);
  ~VideoOutput();
  VideoOutput(const VideoOutput&) = delete;
  VideoOutput& operator=(const VideoOutput&) = delete;

  // What the interfaces of every era do.
  abi::Result enable(Caller caller, const Mode& mode);
  /// Flushes; does not wait for what there is to tell.
  abi::Result disable(Caller caller);
  abi::Result schedule(Caller caller, SubmittedFrame frame, Time at, std::int64_t duration);
  /// Waits for the next frame's begin, and until the bytes are the client's again.
  abi::Result display_now(Caller caller, SubmittedFrame frame);
  abi::Result start(Caller caller, Time time, double speed);
  /// At once when `at` names no time. `actual` may be null.
  abi::Result stop(Caller caller, std::optional<Time> at, std::int64_t* actual, std::int64_t scale);
  abi::Result stream_time(Caller caller, std::int64_t scale, std::int64_t* time, double* speed) const;
  abi::Result hardware_clock(Caller caller, std::int64_t scale, std::int64_t* time, std::int64_t* in_frame,
                             std::int64_t* per_frame) const;
  abi::Result check(Caller caller) const;
  bool running() const;
  std::uint32_t queued() const;
  /// nullptr when no output is enabled.
  const Mode* mode() const;

  // What tests do to it.
  bool plugged(std::uint64_t plugging) const;
  std::uint64_t plugging() const;
  void unplug();
  void plug();
  void step();
  void set_busy(bool on);
  void set_queue_limit(std::uint64_t frames);
  void set_no_stop_notice(bool on);
  void stall_clock(std::uint64_t frames);
  void keep_clock_asleep(bool on);
  void fail_schedules(std::uint64_t calls);

 private:
  struct Queued {
    SubmittedFrame frame;
    Time at;
    std::int64_t slots = 1;  // how many it fills
    std::int64_t slot = 0;   // known from the start on
    std::uint64_t serial = 0;
    std::int64_t arrived_ns = 0;
    std::shared_ptr<Look> look;  // nullptr when nobody looks
  };
  struct OnAir {
    Queued frame;
    abi::CompletionResult result;
    std::int64_t until;  // the first slot that it does not fill
  };

  std::shared_ptr<Look> prepare_look(const SubmittedFrame& frame);
  abi::Result refuse(const char* why, abi::Result result);
  abi::Result admit(Caller caller) const;
  bool fits(const FrameLayout& layout) const;
  void run_clock();
  void tick(std::int64_t slot);
  void put_on_air(Queued frame, std::int64_t slot);
  void show(Queued& frame, std::int64_t slot);
  void finish_on_air();
  void post(Queued frame, abi::CompletionResult result);
  void flush_from(std::int64_t slot);
  void flush_all();
  void end_playback();
  void switch_off();
  Time elapsed() const;
  Time card_time() const;
  Time system_time() const;
  std::int64_t due_ns(std::int64_t slot) const { return origin_ns_ + slot_middle_ns(slot, mode_->rate); }
  void log(const std::string& members) const;

  const Parts parts_;
  const RealCardClock clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t plugging_ = 1;
  bool present_ = true;
  bool busy_ = false;
  bool no_stop_notice_ = false;
  bool clock_asleep_ = false;
  std::uint64_t queue_limit_;
  std::uint64_t stalled_slots_ = 0;
  std::uint64_t failing_schedules_ = 0;

  const Mode* mode_ = nullptr;  // of the enabled output
  Era era_ = Era::a;
  int lock_file_ = -1;
  std::uint64_t next_serial_ = 0;
  std::int64_t shown_frames_ = 0;  // manual clock: frames gone by
  std::int64_t enabled_ns_ = 0;    // real clock

  bool running_ = false;
  Time start_;
  std::int64_t origin_ns_ = 0;      // real clock: when slot 0 began
  std::int64_t origin_frames_ = 0;  // manual clock
  std::int64_t next_slot_ = 0;
  std::optional<std::int64_t> stop_slot_;
  std::vector<Queued> queue_;  // in the order of scheduling
  std::optional<OnAir> on_air_;
  bool quit_ = false;
  std::thread clock_thread_;  // last: it runs as soon as it is made; none with a manual clock
};

}  // namespace rig::decklink::card
