// SPDX-License-Identifier: Apache-2.0
// The UDP socket that OSC comes in by, and that its answers go out by.
#pragma once

#include "adapters/notice.hpp"
#include "adapters/udp.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rig {

/// Bound from construction on, so that a port that is taken is known before anything is sent; what arrives waits in the
/// kernel until it is asked for. receive() and send() belong to one thread, interrupt() to any.
class OscSocket {
 public:
  /// \param place port 0 takes a free one.  \throws NetworkError
  OscSocket(const HostPort& place, NoticeSink notices);

  /// The host as it was given, with the port that was bound.
  const HostPort& place() const noexcept { return place_; }

  enum class Received { datagram, nothing, interrupted };
  static constexpr int kForEver = -1;

  /// Waits for a datagram, at most so long; its bytes are valid until the next call. Once interrupted, it is so ever after.
  Received receive(std::span<const std::byte>& datagram, Endpoint& sender, int timeout_ms = kForEver);

  void send(const Endpoint& receiver, std::span<const std::byte> datagram);

  /// Ends the wait of receive(). Async-signal-safe.
  void interrupt() noexcept;

 private:
  void note_losses(const msghdr& header);

  HostPort place_;
  FileDescriptor socket_;
  FileDescriptor interrupted_;  // an eventfd that is never read again
  NoticeSink notices_;
  std::vector<std::byte> buffer_;
  std::uint32_t lost_ = 0;
  bool send_failed_ = false;
};

}  // namespace rig
