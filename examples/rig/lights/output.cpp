// SPDX-License-Identifier: Apache-2.0
#include "lights/output.hpp"

#include "adapters/clock.hpp"
#include "operator/compose.hpp"

#include <algorithm>
#include <utility>

namespace rig {

Output::Output(relume::Show& show, DmxPacker packer, const DemoParams& params, ArtNetSender& sender,
               std::int64_t period_ns)
    : show_(show),
      reader_(show.reader()),
      packer_(std::move(packer)),
      params_(params),
      sender_(sender),
      period_ns_(period_ns) {}

Output::~Output() { stop(); }

void Output::send_first() {
  first_ns_ = monotonic_now();
  sender_.send_now(compose(first_ns_), first_ns_);
}

void Output::start() {
  stopping_.store(false, std::memory_order_relaxed);
  thread_ = std::thread([this] { run(); });
}

void Output::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_relaxed);
  thread_.join();
}

void Output::repatch(DmxPacker packer, const DemoParams& params) {
  packer_ = std::move(packer);
  params_.reset(params);
}

void Output::follow(DemoParams params) {
  params_.back() = std::move(params);
  params_.publish();
}

const DmxPicture& Output::compose(std::int64_t now_ns) {
  // Taken first, so that the frame is never older than the handles.
  params_.take();
  compose_frame(show_, now_ns);
  return packer_.pack(reader_.acquire(), params_.front());
}

void Output::run() {
  // A low rate must not hold up the end.
  constexpr std::int64_t kSlice = 50 * kMillisecond;
  for (std::int64_t deadline = next_tick(monotonic_now());;) {
    for (std::int64_t now = monotonic_now(); now < deadline; now = monotonic_now()) {
      if (stopping_.load(std::memory_order_relaxed)) return;
      sleep_until(std::min(deadline, now + kSlice));
    }
    if (stopping_.load(std::memory_order_relaxed)) return;
    const std::int64_t now = monotonic_now();
    sender_.publish(compose(now), now);
    deadline = next_tick(now);
  }
}

/// A tick that was missed is left out: catching up would break the pace, and the picture is the newest anyway.
std::int64_t Output::next_tick(std::int64_t now_ns) const noexcept {
  return first_ns_ + ((now_ns - first_ns_) / period_ns_ + 1) * period_ns_;
}

}  // namespace rig
