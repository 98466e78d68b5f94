// SPDX-License-Identifier: Apache-2.0
// What the composer has to know of whoever writes automation: who it is, how it ranks, and when it ends.
#pragma once

#include <relume/overlay.h>

#include <atomic>
#include <cstdint>
#include <utility>

#include "model/param.hpp"
#include "platform/memory_order.hpp"

namespace relume::core {

/// What a source says about one parameter. Each stands for itself: the one before it may never have been looked at.
struct OverlayWrite {
  enum class Kind : std::uint8_t {
    value,    // `lanes` is the target
    change,   // the same, in a gesture
    hold,     // a gesture has begun: stay where you are
    end,      // a gesture has ended: `lanes` is the target, to be committed at once
    pulses,   // lanes[0] pulses more
    release,  // also of a gesture that was given up, or that changed nothing
    again,    // a gesture has ended, as by `end`, and another has begun, as by `hold`
  };
  std::uint64_t param = 0;  // handle bits
  const ParamDef* def = nullptr;
  std::uint64_t order = 0;  // newest operator mutation that the source could know of
  std::uint64_t batch = 0;  // 0: alone
  std::int64_t time = 0;
  Lanes lanes{};
  std::uint32_t slot = 0;          // first slot in the show
  std::uint16_t smoothing_ms = 0;  // 0: the definition's
  std::uint8_t commit_policy = 0;
  Kind kind = Kind::value;
};

class AnySource {
 public:
  enum class Kind : std::uint8_t { cells, run };
  struct Identity {
    std::uint32_t number = 0;
    std::uint32_t priority = RELUME_PRIORITY_DEFAULT;
    std::uint32_t commit_policy = 0;
    std::int64_t timeout_ns = 0;  // 0: never
  };
  AnySource(const AnySource&) = delete;
  AnySource& operator=(const AnySource&) = delete;
  virtual ~AnySource() = default;

  Kind kind() const noexcept { return kind_; }
  std::uint32_t number() const noexcept { return identity_.number; }
  std::uint32_t priority() const noexcept { return identity_.priority; }
  std::uint32_t commit_policy() const noexcept { return identity_.commit_policy; }
  std::int64_t timeout_ns() const noexcept { return identity_.timeout_ns; }

  /// Source role: the last word of this source. The composer releases what it holds.
  void close() noexcept { closing_.store(true, order::kSourceClose); }
  // Frame role.
  /// Before its words are collected: whether they are its last.
  void note_closing() noexcept { closing_noted_ = closing_.load(order::kSourceClosing); }
  bool closing_noted() const noexcept { return closing_noted_; }
  /// Silent for longer than its timeout, in compose time. True once: until it speaks again it holds nothing that could be lost.
  bool falls_silent(std::int64_t now) noexcept {
    if (timeout_ns() == 0) return false;
    const std::uint64_t words = words_.load(std::memory_order_acquire);
    if (words != words_heard_) {
      words_heard_ = words;
      heard_at_ = now;
      lost_ = false;
    }
    if (words == 0 || lost_ || now - heard_at_ < timeout_ns()) return false;
    lost_ = true;
    losses_.fetch_add(1, std::memory_order_release);
    return true;
  }
  void acknowledge_close() noexcept { closed_.store(true, order::kSourceDone); }
  // Coordinator.
  bool closed() const noexcept { return closed_.load(order::kSourceGone); }

 protected:
  AnySource(Kind kind, const Identity& identity) : kind_(kind), identity_(identity) {}

  // Source role.
  /// Its newest word, also one that changes nothing. True when it had been lost: all that it says is news again.
  bool speak() noexcept {
    if (timeout_ns() == 0) return false;
    words_.store(words_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    const std::uint64_t losses = losses_.load(std::memory_order_acquire);
    return std::exchange(losses_known_, losses) != losses;
  }
  std::uint64_t losses() const noexcept { return losses_.load(std::memory_order_relaxed); }

 private:
  const Kind kind_;
  const Identity identity_;
  std::atomic<std::uint64_t> words_{0};  // how often it spoke
  std::atomic<std::uint64_t> losses_{0};
  std::uint64_t losses_known_ = 0;  // source role
  // Frame role.
  std::uint64_t words_heard_ = 0;
  std::int64_t heard_at_ = 0;
  bool lost_ = false;
  bool closing_noted_ = false;  // frame role
  std::atomic<bool> closing_{false};
  std::atomic<bool> closed_{false};
};

}  // namespace relume::core
