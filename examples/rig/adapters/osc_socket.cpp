// SPDX-License-Identifier: Apache-2.0
#include "adapters/osc_socket.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace rig {
namespace {

constexpr std::size_t kLargestDatagram = 65'536;
// Bursts come back to back; the kernel's default holds some hundred messages and drops the rest without a word.
constexpr int kReceiveBuffer = 4 << 20;

std::uint16_t bound_port(int fd) {
  Endpoint bound;
  bound.length = sizeof bound.address;
  if (getsockname(fd, bound.get(), &bound.length) != 0) return 0;
  if (bound.address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(bound.get())->sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in*>(bound.get())->sin_port);
}

}  // namespace

OscSocket::OscSocket(const HostPort& place, NoticeSink notices)
    : place_(place), notices_(std::move(notices)), buffer_(kLargestDatagram) {
  const Endpoint endpoint = resolve_udp(place);
  socket_ = open_udp(endpoint, to_string(place));
  interrupted_ = FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (interrupted_.get() < 0) {
    throw NetworkError(fmt::format("cannot make an eventfd ({})", std::strerror(errno)), to_string(place),
                       "raise the limit of open files");
  }
  if (bind(socket_.get(), endpoint.get(), endpoint.length) != 0) {
    throw NetworkError(fmt::format("cannot listen for OSC ({})", std::strerror(errno)), to_string(place),
                       "take another port with --osc-port, or end the program that has it");
  }
  // Beyond the system's limit if this process may, up to it if not; both are only wishes.
  if (setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) != 0) {
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  }
  const int on = 1;
  setsockopt(socket_.get(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  place_.port = bound_port(socket_.get());
}

OscSocket::Received OscSocket::receive(std::span<const std::byte>& datagram, Endpoint& sender, int timeout_ms) {
  for (;;) {
    std::array<pollfd, 2> waits{{{interrupted_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}}};
    const int ready = poll(waits.data(), waits.size(), timeout_ms);
    if (ready == 0) return Received::nothing;
    if (ready < 0) continue;
    if (waits[0].revents != 0) return Received::interrupted;

    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(std::uint32_t))> control{};
    iovec vector{buffer_.data(), buffer_.size()};
    msghdr header{};
    header.msg_name = &sender.address;
    header.msg_namelen = sizeof sender.address;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = recvmsg(socket_.get(), &header, MSG_DONTWAIT);
    if (size < 0) continue;
    sender.length = header.msg_namelen;
    datagram = std::span(buffer_).first(static_cast<std::size_t>(size));
    note_losses(header);
    return Received::datagram;
  }
}

void OscSocket::note_losses(const msghdr& header) {
  for (const cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr;
       item = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(item))) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SO_RXQ_OVFL) continue;
    std::uint32_t lost = 0;
    std::memcpy(&lost, CMSG_DATA(item), sizeof lost);
    if (lost_ == 0 && lost != 0) {
      notices_({fmt::format("the kernel dropped {} OSC datagrams; later losses are not reported again", lost),
                to_string(place_), "send slower, or raise net.core.rmem_max"});
    }
    lost_ = lost;
  }
}

void OscSocket::send(const Endpoint& receiver, std::span<const std::byte> datagram) {
  ssize_t sent = -1;
  do {
    sent = sendto(socket_.get(), datagram.data(), datagram.size(), 0, receiver.get(), receiver.length);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && !send_failed_) {
    send_failed_ = true;
    notices_({fmt::format("an OSC answer could not be sent ({}); further ones are not reported", std::strerror(errno)),
              to_string(place_), "check that the asker can be reached"});
  }
}

void OscSocket::interrupt() noexcept {
  const std::uint64_t one = 1;
  while (write(interrupted_.get(), &one, sizeof one) < 0 && errno == EINTR) {}
}

}  // namespace rig
