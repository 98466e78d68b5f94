// SPDX-License-Identifier: Apache-2.0
// The output thread: composes at an even pace and hands pictures to Art-Net. It holds the reader role,
// and the frame role while it composes.
#pragma once

#include "adapters/artnet.hpp"
#include "adapters/triple_buffer.hpp"
#include "lights/demo_show.hpp"
#include "lights/dmx.hpp"

#include <relume/relume.hpp>

#include <atomic>
#include <cstdint>
#include <thread>

namespace rig {

class Output {
 public:
  /// \param params the handles of the stack as it is.
  Output(relume::Show& show, DmxPacker packer, const DemoParams& params, ArtNetSender& sender, std::int64_t period_ns);
  ~Output();

  /// Composes and sends every universe once, in the calling thread; only before start().
  void send_first();
  void start();
  void stop();

  /// Another patch; only while it does not run.
  void repatch(DmxPacker packer, const DemoParams& params);

  /// Hands over the handles of a stack that has changed; the output never waits for them. For one thread.
  void follow(DemoParams params);

 private:
  const DmxPicture& compose(std::int64_t now_ns);
  void run();
  std::int64_t next_tick(std::int64_t now_ns) const noexcept;

  relume::Show& show_;
  relume::Reader reader_;
  DmxPacker packer_;
  TripleBuffer<DemoParams> params_;
  ArtNetSender& sender_;
  std::int64_t period_ns_;
  std::int64_t first_ns_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace rig
