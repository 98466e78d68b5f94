// SPDX-License-Identifier: Apache-2.0
// Art-Net out: ArtDmx packets, when a universe is due, and the thread that sends them.
#pragma once

#include "adapters/notice.hpp"
#include "adapters/triple_buffer.hpp"
#include "adapters/udp.hpp"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

namespace rig {

using DmxUniverse = std::array<std::uint8_t, 512>;

/// The look of all patched universes. A universe's version rises when one of its channels changes, so that whoever copies or
/// sends it can skip what is as it was.
struct DmxPicture {
  explicit DmxPicture(std::size_t count) : universes(count), versions(count, 1) {}
  std::vector<DmxUniverse> universes;
  std::vector<std::uint64_t> versions;
};

inline constexpr std::uint16_t kMaxArtNetUniverse = 32'767;
inline constexpr std::uint16_t kArtNetPort = 6454;
inline constexpr std::size_t kArtDmxHeader = 18;
using ArtDmxPacket = std::array<std::uint8_t, kArtDmxHeader + 512>;

/// Writes a whole ArtDmx packet of protocol version 14. Sequence 0 would switch the receiver's check off.
void encode_art_dmx(std::uint16_t universe, std::uint8_t sequence, const DmxUniverse& channels,
                    ArtDmxPacket& out) noexcept;

/// Decides which universes go out at a tick: those that changed, and those that would otherwise be silent for more than
/// kKeepAlive. It owns the packets, which stay valid until the next tick.
class ArtNetPacer {
 public:
  static constexpr std::int64_t kKeepAlive = 800'000'000;

  /// \param universes the port-addresses of the picture's universes, in its order. \param period_ns time between two ticks.
  ArtNetPacer(const std::vector<std::uint16_t>& universes, std::int64_t period_ns);

  /// Other universes from the next tick on, all of which go out then. One that was there before goes on with its sequence.
  void repatch(const std::vector<std::uint16_t>& universes);

  /// The packets that are due, in the order of the picture.
  const std::vector<const ArtDmxPacket*>& tick(const DmxPicture& picture, std::int64_t now_ns);

 private:
  struct Stream {
    std::uint16_t universe = 0;
    std::uint8_t sequence = 0;  // of the packet sent last; 0 = none yet
    std::uint64_t version = 0;  // no picture has this one
    std::int64_t sent_ns = 0;
    ArtDmxPacket packet{};
  };
  std::vector<Stream> streams_;
  std::vector<const ArtDmxPacket*> due_;
  std::int64_t period_ns_;
};

/// Sends pictures to one node or broadcast address, from one source port for its whole life. The thread that composes hands
/// pictures over and never waits for the network.
class ArtNetSender {
 public:
  /// \throws NetworkError
  ArtNetSender(const HostPort& target, const std::vector<std::uint16_t>& universes, std::int64_t period_ns,
               NoticeSink notices);
  ~ArtNetSender();

  /// Sends what is due in the calling thread; only before start().
  void send_now(const DmxPicture& picture, std::int64_t now_ns);

  void start();
  /// Ends the thread. Nothing is sent for farewell: the last look stays.
  void stop();

  /// Other universes from here on; only while the thread is not running.
  void repatch(const std::vector<std::uint16_t>& universes);

  /// One tick of the output: copies what changed and wakes the sender. For one thread.
  void publish(const DmxPicture& picture, std::int64_t now_ns);

 private:
  struct Tick {
    DmxPicture picture;
    std::int64_t now_ns = 0;
  };
  void run();
  void send(const std::vector<const ArtDmxPacket*>& packets);
  void report(int error);

  HostPort target_;
  Endpoint endpoint_;
  FileDescriptor socket_;
  NoticeSink notices_;
  ArtNetPacer pacer_;
  TripleBuffer<Tick> ticks_;
  std::vector<mmsghdr> headers_;
  std::vector<iovec> vectors_;
  int reported_error_ = 0;
  std::int64_t reported_ns_ = 0;
  std::atomic<std::uint32_t> wake_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace rig
