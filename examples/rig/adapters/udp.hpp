// SPDX-License-Identifier: Apache-2.0
// Names to addresses and sockets that close themselves: what both network adapters need.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace rig {

/// A host is unknown or a port cannot be had. The text of the exception says what happened.
class NetworkError : public std::runtime_error {
 public:
  NetworkError(const std::string& what, std::string where, std::string remedy)
      : std::runtime_error(what), where_(std::move(where)), remedy_(std::move(remedy)) {}
  const std::string& where() const noexcept { return where_; }
  const std::string& remedy() const noexcept { return remedy_; }

 private:
  std::string where_;
  std::string remedy_;
};

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

/// "HOST:PORT", with brackets around the host when it has colons of its own.
std::string to_string(const HostPort& place);

struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&address); }
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&address); }
};

/// Looks a host up; IPv4 is preferred where it has both, because that is what lighting gear sends to.
/// \throws NetworkError
Endpoint resolve_udp(const HostPort& place);

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// An unbound UDP socket of the endpoint's family.  \throws NetworkError
FileDescriptor open_udp(const Endpoint& endpoint, const std::string& where);

}  // namespace rig
