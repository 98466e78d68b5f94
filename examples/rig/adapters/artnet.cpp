// SPDX-License-Identifier: Apache-2.0
#include "adapters/artnet.hpp"

#include "adapters/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace rig {

void encode_art_dmx(std::uint16_t universe, std::uint8_t sequence, const DmxUniverse& channels,
                    ArtDmxPacket& out) noexcept {
  static constexpr std::array<std::uint8_t, 8> kName{'A', 'r', 't', '-', 'N', 'e', 't', 0};
  std::copy(kName.begin(), kName.end(), out.begin());
  out[8] = 0x00;  // operation 0x5000, low byte first, unlike everything after it
  out[9] = 0x50;
  out[10] = 0;
  out[11] = 14;
  out[12] = sequence;
  out[13] = 0;                                           // physical port: for information only
  out[14] = static_cast<std::uint8_t>(universe & 0xff);  // SubUni
  out[15] = static_cast<std::uint8_t>(universe >> 8);    // Net
  out[16] = static_cast<std::uint8_t>(channels.size() >> 8);
  out[17] = static_cast<std::uint8_t>(channels.size() & 0xff);
  std::copy(channels.begin(), channels.end(), out.begin() + kArtDmxHeader);
}

ArtNetPacer::ArtNetPacer(const std::vector<std::uint16_t>& universes, std::int64_t period_ns) : period_ns_(period_ns) {
  repatch(universes);
}

void ArtNetPacer::repatch(const std::vector<std::uint16_t>& universes) {
  std::vector<Stream> streams(universes.size());
  for (std::size_t i = 0; i < universes.size(); ++i) {
    streams[i].universe = universes[i];
    const auto before =
        std::find_if(streams_.begin(), streams_.end(), [&](const Stream& s) { return s.universe == universes[i]; });
    if (before != streams_.end()) streams[i].sequence = before->sequence;
  }
  streams_ = std::move(streams);
  due_.clear();
  due_.reserve(universes.size());
}

const std::vector<const ArtDmxPacket*>& ArtNetPacer::tick(const DmxPicture& picture, std::int64_t now_ns) {
  due_.clear();
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Stream& stream = streams_[i];
    const bool changed = stream.version != picture.versions[i];
    // In time for the tick after this one to be late, or to be left out.
    const bool silent = now_ns + 2 * period_ns_ > stream.sent_ns + kKeepAlive;
    if (!changed && !silent) continue;
    stream.sequence = stream.sequence == 255 ? std::uint8_t{1} : static_cast<std::uint8_t>(stream.sequence + 1);
    stream.version = picture.versions[i];
    stream.sent_ns = now_ns;
    encode_art_dmx(stream.universe, stream.sequence, picture.universes[i], stream.packet);
    due_.push_back(&stream.packet);
  }
  return due_;
}

ArtNetSender::ArtNetSender(const HostPort& target, const std::vector<std::uint16_t>& universes, std::int64_t period_ns,
                           NoticeSink notices)
    : target_(target),
      endpoint_(resolve_udp(target)),
      socket_(open_udp(endpoint_, to_string(target))),
      notices_(std::move(notices)),
      pacer_(universes, period_ns),
      ticks_(Tick{DmxPicture(universes.size()), 0}),
      headers_(universes.size()),
      vectors_(universes.size()) {
  const int on = 1;
  if (setsockopt(socket_.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on) != 0) {
    throw NetworkError(fmt::format("cannot allow broadcast ({})", std::strerror(errno)), to_string(target),
                       "check what this process is allowed to do");
  }
}

ArtNetSender::~ArtNetSender() { stop(); }

void ArtNetSender::send_now(const DmxPicture& picture, std::int64_t now_ns) { send(pacer_.tick(picture, now_ns)); }

void ArtNetSender::repatch(const std::vector<std::uint16_t>& universes) {
  pacer_.repatch(universes);
  ticks_.reset(Tick{DmxPicture(universes.size()), 0});
  headers_.resize(universes.size());
  vectors_.resize(universes.size());
}

void ArtNetSender::start() {
  stopping_.store(false, std::memory_order_relaxed);
  thread_ = std::thread([this] { run(); });
}

void ArtNetSender::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  wake_.fetch_add(1, std::memory_order_release);
  wake_.notify_one();
  thread_.join();
}

void ArtNetSender::publish(const DmxPicture& picture, std::int64_t now_ns) {
  Tick& back = ticks_.back();
  for (std::size_t i = 0; i < picture.universes.size(); ++i) {
    if (back.picture.versions[i] == picture.versions[i]) continue;
    back.picture.versions[i] = picture.versions[i];
    back.picture.universes[i] = picture.universes[i];
  }
  back.now_ns = now_ns;
  ticks_.publish();
  wake_.fetch_add(1, std::memory_order_release);
  wake_.notify_one();
}

void ArtNetSender::run() {
  for (std::uint32_t seen = 0;;) {
    wake_.wait(seen, std::memory_order_acquire);
    seen = wake_.load(std::memory_order_acquire);
    if (stopping_.load(std::memory_order_acquire)) return;
    // A sender that fell behind takes the newest picture and drops those between: late looks are wrong looks.
    if (ticks_.take()) send(pacer_.tick(ticks_.front().picture, ticks_.front().now_ns));
  }
}

void ArtNetSender::send(const std::vector<const ArtDmxPacket*>& packets) {
  for (std::size_t i = 0; i < packets.size(); ++i) {
    // The kernel only reads what it sends; the interface cannot say so.
    vectors_[i] = {const_cast<std::uint8_t*>(packets[i]->data()), packets[i]->size()};
    headers_[i] = {};
    headers_[i].msg_hdr.msg_name = &endpoint_.address;
    headers_[i].msg_hdr.msg_namelen = endpoint_.length;
    headers_[i].msg_hdr.msg_iov = &vectors_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
  int error = 0;
  for (std::size_t done = 0; done < packets.size();) {
    const int sent = sendmmsg(socket_.get(), headers_.data() + done, static_cast<unsigned>(packets.size() - done), 0);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno != EINTR) {
      error = errno;
      ++done;  // this universe is lost for this tick; the others go out
    }
  }
  if (error != 0) report(error);
}

void ArtNetSender::report(int error) {
  // A cable that is out fails at every tick; one line in ten seconds says it as well.
  const std::int64_t now = monotonic_now();
  if (error == reported_error_ && now < reported_ns_ + 10 * kSecond) return;
  reported_error_ = error;
  reported_ns_ = now;
  notices_({fmt::format("Art-Net packets are not going out ({})", std::strerror(error)), to_string(target_),
            "check cable, address and route; sending goes on by itself"});
}

}  // namespace rig
