// SPDX-License-Identifier: Apache-2.0
#include "adapters/udp.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace rig {

std::string to_string(const HostPort& place) {
  const bool bare = place.host.find(':') == std::string::npos;
  return bare ? fmt::format("{}:{}", place.host, place.port) : fmt::format("[{}]:{}", place.host, place.port);
}

Endpoint resolve_udp(const HostPort& place) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* raw = nullptr;
  const int error = getaddrinfo(place.host.c_str(), fmt::format("{}", place.port).c_str(), &hints, &raw);
  if (error != 0) {
    throw NetworkError(
        fmt::format("unknown host ({})", error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error)),
        to_string(place), "give a name that resolves, or an address");
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> found(raw, freeaddrinfo);
  const addrinfo* best = found.get();
  for (const addrinfo* entry = found.get(); entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family == AF_INET) {
      best = entry;
      break;
    }
  }
  Endpoint endpoint;
  std::memcpy(&endpoint.address, best->ai_addr, best->ai_addrlen);
  endpoint.length = best->ai_addrlen;
  return endpoint;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

FileDescriptor open_udp(const Endpoint& endpoint, const std::string& where) {
  FileDescriptor fd(socket(endpoint.get()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) {
    throw NetworkError(fmt::format("cannot make a UDP socket ({})", std::strerror(errno)), where,
                       "check the limits of this process and the network of this machine");
  }
  return fd;
}

}  // namespace rig
