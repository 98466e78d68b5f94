// SPDX-License-Identifier: Apache-2.0
// The state machine of a card's sound output. It counts sample frames and keeps none of them: what they sound like is not
// emulated, when they are taken is.
#pragma once

#include "decklink/virtual_card/card_clock.hpp"
#include "decklink/virtual_card/counted.hpp"
#include "decklink/virtual_card/ledger.hpp"
#include "decklink/virtual_card/settings.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace rig::decklink::card {

/// Any thread. The client's callback is called on one thread of its own, 50 times a second, with no lock held.
class AudioOutput {
 public:
  AudioOutput(const Settings& settings, Ledger& ledger);
  ~AudioOutput();
  AudioOutput(const AudioOutput&) = delete;
  AudioOutput& operator=(const AudioOutput&) = delete;

  abi::Result enable(std::uint32_t rate, std::uint32_t bits, std::uint32_t channels, std::uint32_t stream);
  /// Waits for a callback that runs, unless it is called from one.
  abi::Result disable();
  /// `written` null: waits until all is taken, else takes what fits. No time: behind what is there.
  abi::Result write(std::uint32_t count, std::optional<Time> at, std::uint32_t* written);
  /// As write(), and from then on the buffer drains without scheduled playback too.
  abi::Result write_now(std::uint32_t count, std::uint32_t* written);
  abi::Result preroll(bool on);
  abi::Result flush();
  abi::Result buffered(std::uint32_t* out) const;
  void set_callback(std::shared_ptr<Reference<abi::AudioCallback>> callback);

  /// Scheduled playback of the card begins at this time, or ends: then what is buffered is flushed.
  void playback_started(Time start);
  void playback_stopped();
  /// Manual clock: a frame has gone by. Waits until the callback has returned.
  void step(FrameRate rate);

 private:
  struct Samples {
    std::int64_t at;  // sample position, counted as the client's times are
    std::uint32_t count;
  };
  void run();
  void drain(std::int64_t samples);
  void restart_clock();
  bool drains() const { return enabled_ && (playing_ || synchronous_); }
  std::uint64_t buffered_locked() const;
  void flush_locked();

  const Settings& settings_;
  Ledger& ledger_;
  const RealCardClock clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable taken_;
  std::condition_variable called_;
  bool enabled_ = false;
  bool timestamped_ = false;
  bool prerolling_ = false;
  bool playing_ = false;
  bool synchronous_ = false;  // written with write_now(), not started
  std::deque<Samples> samples_;
  std::int64_t head_ = 0;             // sample position that goes out next
  std::int64_t clock_origin_ns_ = 0;  // real clock: when `drained_` began to count
  std::int64_t drained_ = 0;
  std::int64_t stepped_ = 0;  // manual clock: samples gone by
  Time stepped_time_{0, 1};
  std::uint64_t calls_due_ = 0;  // manual clock
  bool calling_ = false;
  bool quit_ = false;
  std::shared_ptr<Reference<abi::AudioCallback>> callback_;
  std::thread thread_;  // last: it runs as soon as it is made
};

}  // namespace rig::decklink::card
