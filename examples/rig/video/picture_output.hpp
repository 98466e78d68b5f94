// SPDX-License-Identifier: Apache-2.0
// The output thread of a picture: composes and draws at an even pace. It holds the reader role, and the frame role while it
// composes.
#pragma once

#include "adapters/notice.hpp"
#include "adapters/triple_buffer.hpp"
#include "decklink/decklink_mode.hpp"
#include "video/renderer.hpp"
#include "video/video_show.hpp"

#include <relume/relume.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace rig {

/// A picture and what it shows.
struct Picture {
  std::vector<std::uint8_t> rgba;
  std::uint64_t number = 0;  ///< of the rig's pictures, from 1
  std::int64_t show_time_ns = 0;
  std::uint64_t revision = 0;
};

/// When pictures are due and what time they show.
struct Pace {
  const DeckLinkMode* mode = nullptr;  ///< for its rate
  std::int64_t time_zero_ns = 0;       ///< show time = moment of the tick - this
  std::optional<std::int64_t> at_ns;   ///< show time that stands still
  std::uint64_t pictures = 0;          ///< how many; 0: until stop()
};

/// What the thread has done. Times are of the last kTimes pictures.
struct PictureCounts {
  static constexpr std::size_t kTimes = 512;
  std::uint64_t pictures = 0;
  std::uint64_t missed = 0;  ///< ticks that passed while a picture was being made
  std::uint64_t held = 0;    ///< pictures repeated because the stack had just changed
  std::uint64_t failed = 0;  ///< pictures repeated because they could not be drawn
  std::uint64_t unfit = 0;   ///< layers left out because they had fewer slots than their shader
  std::array<std::uint32_t, kTimes> draw_us{};
};

class PictureOutput {
 public:
  /// Called by the thread that draws.
  struct Hooks {
    /// Each picture. Must not wait.
    std::function<void(const Picture&)> shown;
    /// The same picture; may wait, which costs the next ones.
    std::function<void(const Picture&)> record;
    /// The last one of Pace::pictures has been shown.
    std::function<void()> finished;
  };

  PictureOutput(relume::Show& show, Renderer& renderer, const PictureParams& params, const Pace& pace, Hooks hooks,
                NoticeSink notices);
  ~PictureOutput();

  /// The first picture has been shown when it returns.
  void start();
  /// After it has returned newest() does not change any more.
  void stop();

  /// Hands over what belongs to a stack that has changed; the output never waits for it. One thread at a time.
  void follow(PictureParams params);

  /// Asks for a copy of the next picture; take() has it soon, valid until the next want(). One thread for both.
  void want() noexcept;
  const Picture* take() noexcept;

  /// Only while it does not run.
  const Picture& newest() const noexcept { return picture_; }

  /// The newest counts. One thread.
  const PictureCounts& counts() noexcept;

 private:
  void show_picture(std::int64_t tick_ns);
  bool draw(std::int64_t tick_ns);
  void run(std::promise<void> first_shown);
  std::int64_t next_tick() const noexcept;
  bool complete() const noexcept { return pace_.pictures != 0 && counts_.pictures >= pace_.pictures; }

  relume::Show& show_;
  relume::Reader reader_;
  Renderer& renderer_;
  TripleBuffer<PictureParams> params_;
  Pace pace_;
  Hooks hooks_;
  NoticeSink notices_;
  std::vector<LayerDraw> layers_;
  std::vector<std::uint8_t> canvas_;  // becomes the picture when it is whole
  Picture picture_;
  PictureCounts counts_;
  TripleBuffer<PictureCounts> told_counts_;
  std::atomic<bool> wanted_{false};
  std::atomic<bool> kept_{false};
  Picture copy_;          // the output thread's from want() until kept_, else the taker's
  bool waiting_ = false;  // of the taker: it may not ask again before it has taken
  bool failing_ = false;
  std::int64_t first_ns_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace rig
