// SPDX-License-Identifier: Apache-2.0
#include "decklink/decklink_output.hpp"

#include "adapters/clock.hpp"
#include "decklink/decklink_player.hpp"

#include <pthread.h>

#include <atomic>
#include <thread>
#include <utility>

namespace rig {

class DeckLinkOutput::Impl {
 public:
  Impl(DeckLinkOptions options, NoticeSink notices) : player_(std::move(options), std::move(notices)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(); }

  DeckLinkPlayer& player() noexcept { return player_; }

  void start() {
    if (thread_.joinable()) return;
    player_.open(monotonic_now());
    stopping_.store(false, std::memory_order_relaxed);
    thread_ = std::thread([this] { run(); });
  }

  void stop() {
    if (!thread_.joinable()) return;
    stopping_.store(true, std::memory_order_release);
    player_.wake();
    thread_.join();
  }

 private:
  /// Owns the output from its beginning to its end, where it gives the card back.
  void run() {
    pthread_setname_np(pthread_self(), "decklink");
    while (!stopping_.load(std::memory_order_acquire)) {
      player_.step(monotonic_now());
      player_.wait();
    }
    player_.close();
  }

  DeckLinkPlayer player_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

DeckLinkOutput::DeckLinkOutput(DeckLinkOptions options, NoticeSink notices)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(notices))) {}
DeckLinkOutput::~DeckLinkOutput() = default;

const DeckLinkMode& DeckLinkOutput::mode() const noexcept { return impl_->player().mode(); }
void DeckLinkOutput::start() { impl_->start(); }
DeckLinkPicture DeckLinkOutput::try_acquire() { return impl_->player().try_acquire(); }
void DeckLinkOutput::submit(DeckLinkPicture picture) { impl_->player().submit(std::move(picture)); }
DeckLinkMetrics DeckLinkOutput::metrics() const { return impl_->player().metrics(); }
void DeckLinkOutput::stop() { impl_->stop(); }

}  // namespace rig
