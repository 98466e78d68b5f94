// SPDX-License-Identifier: Apache-2.0
#include "lights/output.hpp"

#include "adapters/clock.hpp"

#include <utility>

namespace rig {

Output::Output(relume::Show& show, DmxPacker packer, ArtNetSender& sender, std::int64_t period_ns)
    : show_(show), reader_(show.reader()), packer_(std::move(packer)), sender_(sender), period_ns_(period_ns) {}

Output::~Output() { stop(); }

void Output::send_first() {
  first_ns_ = monotonic_now();
  sender_.send_now(compose(first_ns_), first_ns_);
}

void Output::start() {
  thread_ = std::thread([this] { run(); });
}

void Output::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_relaxed);
  thread_.join();
}

const DmxPicture& Output::compose(std::int64_t now_ns) {
  show_.compose(now_ns);
  return packer_.pack(reader_.acquire());
}

void Output::run() {
  for (std::int64_t deadline = first_ns_ + period_ns_; !stopping_.load(std::memory_order_relaxed);) {
    sleep_until(deadline);
    const std::int64_t now = monotonic_now();
    sender_.publish(compose(now), now);
    // A tick that was missed is left out: catching up would break the pace, and the picture is the newest anyway.
    deadline += (1 + (now - deadline) / period_ns_) * period_ns_;
  }
}

}  // namespace rig
