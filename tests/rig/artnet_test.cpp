// SPDX-License-Identifier: Apache-2.0
#include "adapters/artnet.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <set>
#include <vector>

using namespace rig;

namespace {

constexpr std::int64_t kPeriod = 22'727'273;  // 44 Hz

/// The receiving end: a socket on a free port of the loopback.
class Node {
 public:
  Node() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof any;
    REQUIRE(bind(socket_.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) == 0);
    REQUIRE(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&any), &length) == 0);
    port_ = ntohs(any.sin_port);
  }
  std::uint16_t port() const { return port_; }

  ArtDmxPacket receive() {
    pollfd wait{socket_.get(), POLLIN, 0};
    REQUIRE(poll(&wait, 1, 5000) == 1);
    ArtDmxPacket packet{};
    sockaddr_in from{};
    socklen_t length = sizeof from;
    REQUIRE(recvfrom(socket_.get(), packet.data(), packet.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&from),
                     &length) == static_cast<ssize_t>(packet.size()));
    sources_.insert(from.sin_port);
    return packet;
  }
  std::size_t source_ports() const { return sources_.size(); }

 private:
  FileDescriptor socket_;
  std::uint16_t port_ = 0;
  std::set<std::uint16_t> sources_;
};

}  // namespace

TEST_CASE("Art-Net: an ArtDmx packet has exactly the bytes of the specification", "[artnet]") {
  DmxUniverse channels{};
  channels[0] = 1;
  channels[511] = 255;
  ArtDmxPacket packet;
  packet.fill(0xee);
  encode_art_dmx(0x1234, 7, channels, packet);
  std::array<std::uint8_t, kArtDmxHeader> header{};
  std::copy_n(packet.begin(), kArtDmxHeader, header.begin());
  CHECK(header == std::array<std::uint8_t, kArtDmxHeader>{'A', 'r', 't', '-', 'N', 'e', 't', 0,  // name
                                                          0x00, 0x50,    // ArtDmx, low byte first
                                                          0, 14,         // protocol version
                                                          7,             // sequence
                                                          0,             // physical
                                                          0x34, 0x12,    // SubUni, Net
                                                          0x02, 0x00});  // 512
  CHECK(std::equal(channels.begin(), channels.end(), packet.begin() + kArtDmxHeader));
  CHECK(packet.size() == 530);
}

TEST_CASE("Art-Net: only universes that changed go out", "[artnet]") {
  ArtNetPacer pacer({3, 9}, kPeriod);
  DmxPicture picture(2);
  CHECK(pacer.tick(picture, 0).size() == 2);
  CHECK(pacer.tick(picture, kPeriod).empty());
  picture.universes[1][0] = 5;
  ++picture.versions[1];
  const auto& due = pacer.tick(picture, 2 * kPeriod);
  REQUIRE(due.size() == 1);
  CHECK((*due[0])[14] == 9);
  CHECK((*due[0])[kArtDmxHeader] == 5);
}

TEST_CASE("Art-Net: an unchanged universe is repeated within 0.8 s, and not at every tick", "[artnet]") {
  for (const std::int64_t period :
       {std::int64_t{1'000'000}, kPeriod, std::int64_t{300'000'000}, std::int64_t{500'000'000}}) {
    ArtNetPacer pacer({0}, period);
    const DmxPicture picture(1);
    std::vector<std::int64_t> sent;
    for (std::int64_t now = 0; now < 10'000'000'000; now += period) {
      if (!pacer.tick(picture, now).empty()) sent.push_back(now);
    }
    for (std::size_t i = 1; i < sent.size(); ++i) {
      CHECK(sent[i] - sent[i - 1] <= ArtNetPacer::kKeepAlive);
      CHECK(sent[i] - sent[i - 1] + 2 * period > ArtNetPacer::kKeepAlive);
    }
    CHECK(sent.size() > 10);
  }
}

TEST_CASE("Art-Net: sequences run from 1 to 255 and skip 0, for each universe alone", "[artnet]") {
  ArtNetPacer pacer({0, 1}, kPeriod);
  DmxPicture picture(2);
  for (int i = 0; i < 600; ++i) {
    ++picture.versions[0];
    const auto& due = pacer.tick(picture, i);
    REQUIRE(due.size() == (i == 0 ? 2 : 1));
    CHECK((*due[0])[12] == i % 255 + 1);
    if (i == 0) CHECK((*due[1])[12] == 1);
  }
}

TEST_CASE("Art-Net: another patch sends all of its universes, and those that stay go on counting", "[artnet]") {
  ArtNetPacer pacer({3, 9}, kPeriod);
  for (int i = 0; i < 3; ++i) {
    DmxPicture picture(2);
    picture.versions[1] += static_cast<std::uint64_t>(i);
    pacer.tick(picture, i * kPeriod);
  }
  pacer.repatch({1, 9});
  const DmxPicture picture(2);
  const auto& due = pacer.tick(picture, 3 * kPeriod);
  REQUIRE(due.size() == 2);
  CHECK(((*due[0])[14] == 1 && (*due[0])[12] == 1));
  CHECK(((*due[1])[14] == 9 && (*due[1])[12] == 4));
  CHECK(pacer.tick(picture, 4 * kPeriod).empty());
}

TEST_CASE("Art-Net: a sender that was stopped goes on with another patch from the same port", "[artnet]") {
  Node node;
  ArtNetSender sender({"127.0.0.1", node.port()}, {0}, kPeriod, [](const Notice&) {});
  sender.send_now(DmxPicture(1), 0);
  CHECK(node.receive()[14] == 0);
  sender.start();
  sender.stop();
  sender.repatch({5, 6});
  sender.start();
  DmxPicture picture(2);
  picture.universes[1][0] = 7;
  ++picture.versions[1];
  sender.publish(picture, kPeriod);
  CHECK(node.receive()[14] == 5);
  const ArtDmxPacket packet = node.receive();
  CHECK((packet[14] == 6 && packet[kArtDmxHeader] == 7));
  sender.stop();
  CHECK(node.source_ports() == 1);
}

TEST_CASE("Art-Net: the sender brings the newest picture, from one port, and nothing at the end", "[artnet]") {
  Node node;
  std::vector<Notice> notices;
  ArtNetSender sender({"127.0.0.1", node.port()}, {0, 1}, kPeriod, [&](const Notice& n) { notices.push_back(n); });
  DmxPicture picture(2);
  sender.send_now(picture, 0);
  CHECK(node.receive()[14] == 0);
  CHECK(node.receive()[14] == 1);
  sender.start();
  for (std::uint8_t i = 1; i <= 20; ++i) {
    picture.universes[1][0] = i;
    ++picture.versions[1];
    sender.publish(picture, i * kPeriod);
  }
  // Some may be overtaken, the last may not.
  ArtDmxPacket packet{};
  do {
    packet = node.receive();
    CHECK(packet[14] == 1);
  } while (packet[kArtDmxHeader] != 20);
  sender.stop();
  CHECK(node.source_ports() == 1);
  CHECK(notices.empty());
}

TEST_CASE("Art-Net: a network that refuses is reported once, and sending goes on", "[artnet][error]") {
  std::vector<Notice> notices;
  // Port 0 is never a destination: every send fails.
  ArtNetSender sender({"127.0.0.1", 0}, {0, 1, 2}, kPeriod, [&](const Notice& n) { notices.push_back(n); });
  DmxPicture picture(3);
  for (int i = 0; i < 5; ++i) {
    ++picture.versions[0];
    sender.send_now(picture, i);
  }
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].where == "127.0.0.1:0");
}

TEST_CASE("Art-Net: an unknown host is an error that names it", "[artnet][error]") {
  try {
    ArtNetSender sender({"no such host", 6454}, {0}, kPeriod, [](const Notice&) {});
    FAIL("expected NetworkError");
  } catch (const NetworkError& error) {
    CHECK(error.where() == "no such host:6454");
    CHECK_FALSE(error.remedy().empty());
  }
}
