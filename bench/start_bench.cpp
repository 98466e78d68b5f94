// SPDX-License-Identifier: Apache-2.0
// How long it is dark: from the start of a process to its first correct frame, and from a death of the rig to its first
// correct packet.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "adapters/artnet.hpp"
#include "adapters/osc_codec.hpp"
#include "child_process.hpp"
#include "percentiles.hpp"
#include "rig.hpp"

namespace {

using namespace relume::bench;

void start_to_first_frame(benchmark::State& state) {
  const Place place;
  wait_for_end(spawn({RELUME_SHOW_CHILD, "prepare", place.folder, place.runtime.path()}, -1));
  /// How long a life took until it said that it was there; negative when it said something else.
  const auto life = [&](const char* what) {
    const std::int64_t begin = monotonic_ns();
    Child child({RELUME_SHOW_CHILD, what, place.folder, place.runtime.path()});
    const std::string said = child.line();
    return said.empty() || said[0] == '-' ? -1.0 : static_cast<double>(std::stoll(said) - begin);
  };
  Samples frames(state.max_iterations), copies(state.max_iterations);
  for (auto _ : state) {
    const double frame = life("first");
    const double copy = life("copy");
    if (frame < 0) return state.SkipWithError("a process did not show the frame that it should have");
    if (copy < 0) return state.SkipWithError("a process could not copy the mirror");
    state.SetIterationTime(frame * 1e-9);
    frames.add(frame);
    copies.add(copy);
  }
  state.SetItemsProcessed(state.iterations());
  frames.report(state);
  copies.report(state, "copy_");
}
BENCHMARK(start_to_first_frame)->Name("start/first_frame_262144_from_mirror")->Iterations(50)->UseManualTime();

class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const timeval patience{5, 0};
    if (fd_ < 0 || bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
      throw std::runtime_error("no UDP socket on the loopback");
    }
    port_ = ntohs(address.sin_port);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(fd_); }

  std::uint16_t port() const { return port_; }
  void send(const std::vector<std::byte>& bytes, std::uint16_t port) {
    const sockaddr_in to = loopback(port);
    sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  /// False when nothing comes for five seconds.
  bool receive(rig::ArtDmxPacket& packet) {
    return recv(fd_, packet.data(), packet.size(), 0) == static_cast<ssize_t>(packet.size());
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  int fd_;
  std::uint16_t port_ = 0;
};

/// Starts a program again whenever it has ended, at once and without a question.
class Respawner {
 public:
  explicit Respawner(std::vector<std::string> command) : command_(std::move(command)), thread_([this] { run(); }) {}
  Respawner(const Respawner&) = delete;
  Respawner& operator=(const Respawner&) = delete;
  ~Respawner() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      if (child_ != 0) kill(child_, SIGKILL);
    }
    thread_.join();
  }
  /// Kills the running program.
  void kill_child() {
    std::unique_lock lock(mutex_);
    started_.wait(lock, [&] { return child_ != 0; });
    kill(child_, SIGKILL);
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      child_ = spawn(command_, -1);
      started_.notify_all();
      lock.unlock();
      siginfo_t ended{};
      waitid(P_PID, static_cast<id_t>(child_), &ended, WEXITED | WNOWAIT);
      lock.lock();  // its number is nobody else's until it is forgotten here
      wait_for_end(std::exchange(child_, 0));
    }
  }

  const std::vector<std::string> command_;
  std::mutex mutex_;
  std::condition_variable started_;
  pid_t child_ = 0;
  bool stop_ = false;
  std::thread thread_;  // last: it uses all of the above
};

/// The demo show's wash at half its level: channels of its first universe that no default has.
constexpr std::uint8_t kLit = 128;
bool is_first(const rig::ArtDmxPacket& packet) { return packet[12] == 1 && packet[14] == 0; }  // sequence and universe
bool is_right(const rig::ArtDmxPacket& packet) { return packet[14] == 0 && packet[rig::kArtDmxHeader] == kLit; }

/// Sets the look that every later life of the rig must show.
bool light_up(const std::vector<std::string>& command, Socket& node) {
  Child rig(command);
  const std::string ready = rig.line();
  const std::size_t at = ready.find(" osc=127.0.0.1:");
  if (at == std::string::npos) return false;
  const auto port = static_cast<std::uint16_t>(std::stoi(ready.substr(at + std::strlen(" osc=127.0.0.1:"))));
  Socket surface;
  surface.send(rig::OscWriter("/relume/set").text("wash/level").float32(0.5F).bytes(), port);
  rig::ArtDmxPacket packet{};
  while (node.receive(packet)) {
    if (is_right(packet)) return true;
  }
  return false;
}

void kill_to_first_packet(benchmark::State& state) {
  const Place place;
  Socket node;
  const std::vector<std::string> command{RELUME_LIGHTS,
                                         "--show",
                                         place.folder,
                                         "--runtime-dir",
                                         place.runtime.path(),
                                         "--osc-port",
                                         "0",
                                         "--artnet",
                                         "127.0.0.1:" + std::to_string(node.port())};
  if (!light_up(command, node)) return state.SkipWithError("the rig does not light up");
  Respawner supervisor(command);
  rig::ArtDmxPacket packet{};
  // A life's first packet of a universe has the sequence number 1: what a dead one had sent is told apart.
  const auto first_packet = [&] {
    while (node.receive(packet)) {
      if (is_first(packet)) return is_right(packet);
    }
    return false;
  };
  if (!first_packet()) return state.SkipWithError("the rig does not come back");
  std::mt19937 random(1);
  Samples samples(state.max_iterations);
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::microseconds(5000 + random() % 25'000));  // any instant of its life
    const std::int64_t begin = monotonic_ns();
    supervisor.kill_child();
    const bool right = first_packet();
    const auto took = static_cast<double>(monotonic_ns() - begin);
    if (!right) return state.SkipWithError("the first packet after a kill was not the right one");
    state.SetIterationTime(took * 1e-9);
    samples.add(took);
  }
  state.SetItemsProcessed(state.iterations());
  samples.report(state);
}
BENCHMARK(kill_to_first_packet)->Name("start/kill_to_art_net_packet")->Iterations(100)->UseManualTime();

}  // namespace
