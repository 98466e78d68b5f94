// SPDX-License-Identifier: Apache-2.0
#include "adapters/osc_socket.hpp"

#include <catch2/catch.hpp>

#include <span>
#include <string>
#include <thread>
#include <vector>

using namespace rig;

namespace {

using Received = OscSocket::Received;

void ignore(const Notice&) {}

std::span<const std::byte> view(const std::string& bytes) { return std::as_bytes(std::span(bytes)); }

}  // namespace

TEST_CASE("OSC socket: port 0 takes a free one and says which", "[osc]") {
  const OscSocket socket({"127.0.0.1", 0}, ignore);
  CHECK(socket.place().port != 0);
  CHECK(to_string(socket.place()) == "127.0.0.1:" + std::to_string(socket.place().port));
}

TEST_CASE("OSC socket: a datagram arrives with its sender, and answers go back there", "[osc]") {
  OscSocket here({"127.0.0.1", 0}, ignore);
  OscSocket there({"127.0.0.1", 0}, ignore);
  there.send(resolve_udp(here.place()), view("question"));
  std::span<const std::byte> datagram;
  Endpoint sender;
  REQUIRE(here.receive(datagram, sender) == Received::datagram);
  CHECK(std::string(reinterpret_cast<const char*>(datagram.data()), datagram.size()) == "question");
  here.send(sender, view("answer"));
  REQUIRE(there.receive(datagram, sender) == Received::datagram);
  CHECK(std::string(reinterpret_cast<const char*>(datagram.data()), datagram.size()) == "answer");
}

TEST_CASE("OSC socket: the largest and the empty datagram both arrive whole", "[osc]") {
  OscSocket here({"127.0.0.1", 0}, ignore);
  OscSocket there({"127.0.0.1", 0}, ignore);
  const Endpoint target = resolve_udp(here.place());
  there.send(target, view(std::string(65'507, 'x')));
  there.send(target, {});
  std::span<const std::byte> datagram;
  Endpoint sender;
  REQUIRE(here.receive(datagram, sender) == Received::datagram);
  CHECK(datagram.size() == 65'507);
  REQUIRE(here.receive(datagram, sender) == Received::datagram);
  CHECK(datagram.empty());
}

TEST_CASE("OSC socket: a burst of a thousand datagrams is held while nobody reads", "[osc]") {
  OscSocket here({"127.0.0.1", 0}, ignore);
  OscSocket there({"127.0.0.1", 0}, ignore);
  const Endpoint target = resolve_udp(here.place());
  for (int i = 0; i < 1000; ++i) there.send(target, view(std::string(100, 'x')));
  here.send(target, view("end"));
  std::span<const std::byte> datagram;
  Endpoint sender;
  int received = -1;
  do {
    REQUIRE(here.receive(datagram, sender) == Received::datagram);
    ++received;
  } while (datagram.size() != 3);
  CHECK(received == 1000);
}

TEST_CASE("OSC socket: interrupt ends a wait from another thread, for ever", "[osc]") {
  OscSocket socket({"127.0.0.1", 0}, ignore);
  std::thread other([&] { socket.interrupt(); });
  std::span<const std::byte> datagram;
  Endpoint sender;
  CHECK(socket.receive(datagram, sender) == Received::interrupted);
  other.join();
  CHECK(socket.receive(datagram, sender) == Received::interrupted);
}

TEST_CASE("OSC socket: a wait with a limit ends with nothing, and does not lose what comes later", "[osc]") {
  OscSocket here({"127.0.0.1", 0}, ignore);
  OscSocket there({"127.0.0.1", 0}, ignore);
  std::span<const std::byte> datagram;
  Endpoint sender;
  CHECK(here.receive(datagram, sender, 0) == Received::nothing);
  CHECK(here.receive(datagram, sender, 1) == Received::nothing);
  there.send(resolve_udp(here.place()), view("late"));
  CHECK(here.receive(datagram, sender, 5'000) == Received::datagram);
  CHECK(datagram.size() == 4);
}

TEST_CASE("OSC socket: a port that is taken and a host that is unknown are errors", "[osc][error]") {
  const OscSocket first({"127.0.0.1", 0}, ignore);
  CHECK_THROWS_AS(OscSocket(first.place(), ignore), NetworkError);
  CHECK_THROWS_AS(OscSocket({"no such host", 9000}, ignore), NetworkError);
}

TEST_CASE("OSC socket: an answer that cannot be sent is reported once", "[osc][error]") {
  std::vector<Notice> notices;
  OscSocket socket({"127.0.0.1", 0}, [&](const Notice& n) { notices.push_back(n); });
  const Endpoint self = resolve_udp(socket.place());
  socket.send(self, view(std::string(70'000, 'x')));
  socket.send(self, view(std::string(70'000, 'x')));
  CHECK(notices.size() == 1);
}

TEST_CASE("OSC socket: text from outside becomes one line", "[osc]") {
  CHECK(printable("plain /text") == "plain /text");
  CHECK(printable("a\nb\x01\xff") == "a\\x0ab\\x01\\xff");
  CHECK(printable(std::string(100, 'x'), 10) == "xxxxxxxxxx...");
}
