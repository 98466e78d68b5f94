// SPDX-License-Identifier: Apache-2.0
// The output thread: composes at an even pace and hands pictures to Art-Net. It holds the frame and the reader role.
#pragma once

#include "adapters/artnet.hpp"
#include "lights/dmx.hpp"

#include <relume/relume.hpp>

#include <atomic>
#include <cstdint>
#include <thread>

namespace rig {

class Output {
 public:
  Output(relume::Show& show, DmxPacker packer, ArtNetSender& sender, std::int64_t period_ns);
  ~Output();

  /// Composes and sends every universe once, in the calling thread; only before start().
  void send_first();
  void start();
  void stop();

 private:
  const DmxPicture& compose(std::int64_t now_ns);
  void run();

  relume::Show& show_;
  relume::Reader reader_;
  DmxPacker packer_;
  ArtNetSender& sender_;
  std::int64_t period_ns_;
  std::int64_t first_ns_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace rig
