// SPDX-License-Identifier: Apache-2.0
// The adapter's parts that need no card: pixels, modes, slots, whose a frame is, and how metrics are told.
#include "decklink/colour_bars.hpp"
#include "decklink/decklink_metrics.hpp"
#include "decklink/decklink_mode.hpp"
#include "decklink/frame_pool.hpp"
#include "decklink/slot_schedule.hpp"
#include "decklink/uyvy.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace rig;

namespace {

using Uyvy = std::array<std::uint8_t, 4>;

/// Two pixels of one colour.
Uyvy flat(std::uint8_t r, std::uint8_t g, std::uint8_t b, PixelOrder order = PixelOrder::rgba) {
  const bool rgba = order == PixelOrder::rgba;
  const std::array<std::uint8_t, 8> pixels{rgba ? r : b, g, rgba ? b : r, 9, rgba ? r : b, g, rgba ? b : r, 200};
  Uyvy out{};
  convert_to_uyvy(pixels.data(), 8, order, out.data(), 4, 2, 1);
  return out;
}

/// The standard's own formula, in double.
Uyvy expected(int r, int g, int b) {
  const double luma = (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255.0;
  const auto chroma = [luma](int part, double weight) {
    return static_cast<std::uint8_t>(std::lround(128.0 + 224.0 * (part / 255.0 - luma) / (2.0 * (1.0 - weight))));
  };
  const auto y = static_cast<std::uint8_t>(std::lround(16.0 + 219.0 * luma));
  return {chroma(b, 0.0722), y, chroma(r, 0.2126), y};
}

int distance(const Uyvy& a, const Uyvy& b) {
  int most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

struct Memory {
  std::array<std::uint8_t, 64> bytes{};
  int writers = 0;
  int alive = 0;
  bool gives_bytes = true;
};

class PlainFrame final : public CardFrame {
 public:
  explicit PlainFrame(Memory& memory) : memory_(memory) {
    row_bytes_ = 16;
    ++memory_.alive;
  }
  ~PlainFrame() override { --memory_.alive; }
  std::uint8_t* begin_write() noexcept override {
    if (!memory_.gives_bytes) return nullptr;
    ++memory_.writers;
    return memory_.bytes.data();
  }
  void end_write() noexcept override { --memory_.writers; }
  const void* identity() const noexcept override { return &memory_; }

 private:
  Memory& memory_;
};

template <std::size_t N>
std::shared_ptr<FramePool> pool_over(std::array<Memory, N>& memory, Memory* black = nullptr) {
  std::vector<std::unique_ptr<CardFrame>> frames;
  for (Memory& each : memory) frames.push_back(std::make_unique<PlainFrame>(each));
  return std::make_shared<FramePool>(std::move(frames),
                                     black != nullptr ? std::make_unique<PlainFrame>(*black) : nullptr, 8, 4, N);
}

}  // namespace

TEST_CASE("UYVY: black, white and greys are without colour, and reach the ends of the range", "[decklink][uyvy]") {
  CHECK(flat(0, 0, 0) == Uyvy{128, 16, 128, 16});
  CHECK(flat(255, 255, 255) == Uyvy{128, 235, 128, 235});
  for (int grey = 0; grey < 256; ++grey) {
    const auto g = static_cast<std::uint8_t>(grey);
    const Uyvy out = flat(g, g, g);
    CHECK((out[0] == 128 && out[2] == 128));
    CHECK(out[1] == std::lround(16 + 219 * grey / 255.0));
  }
}

TEST_CASE("UYVY: pure colours reach the ends of the chroma range", "[decklink][uyvy]") {
  CHECK(flat(0, 0, 255)[0] == 240);
  CHECK(flat(255, 255, 0)[0] == 16);
  CHECK(flat(255, 0, 0)[2] == 240);
  CHECK(flat(0, 255, 255)[2] == 16);
}

TEST_CASE("UYVY: no colour is further than one step from Rec.709 in double", "[decklink][uyvy]") {
  int furthest = 0;
  for (int r = 0; r < 256; r += 5) {
    for (int g = 0; g < 256; g += 5) {
      for (int b = 0; b < 256; b += 5) {
        const Uyvy out = flat(static_cast<std::uint8_t>(r), static_cast<std::uint8_t>(g), static_cast<std::uint8_t>(b));
        furthest = std::max(furthest, distance(out, expected(r, g, b)));
      }
    }
  }
  CHECK(furthest <= 1);
}

TEST_CASE("UYVY: both orders of bytes give the same picture", "[decklink][uyvy]") {
  CHECK(flat(250, 20, 90, PixelOrder::bgra) == flat(250, 20, 90, PixelOrder::rgba));
  CHECK(flat(250, 20, 90) != flat(90, 20, 250));
}

TEST_CASE("UYVY: chroma sits on the even pixel, weighted 1:2:1 over its neighbours", "[decklink][uyvy]") {
  // Black, black, blue, black: the second pair has half of blue's chroma, the first none of it.
  std::array<std::uint8_t, 16> pixels{};
  pixels[10] = 255;
  std::array<std::uint8_t, 8> out{};
  convert_to_uyvy(pixels.data(), 16, PixelOrder::rgba, out.data(), 8, 4, 1);
  CHECK(out[0] == 128);
  CHECK(out[4] == 184);
  // One pixel to the left it is seen from both sides, a quarter each.
  std::swap(pixels[10], pixels[6]);
  convert_to_uyvy(pixels.data(), 16, PixelOrder::rgba, out.data(), 8, 4, 1);
  CHECK(out[0] == 156);
  CHECK(out[4] == 156);
}

TEST_CASE("UYVY: rows keep to their strides, also upside down", "[decklink][uyvy]") {
  // Two rows of two pixels in rows of 12 bytes: white below, black on top, as OpenGL would read them.
  std::vector<std::uint8_t> pixels(24, 77);
  std::fill_n(pixels.begin(), 8, std::uint8_t{255});
  std::fill_n(pixels.begin() + 12, 8, std::uint8_t{0});
  std::vector<std::uint8_t> out(12, 99);
  convert_to_uyvy(pixels.data() + 12, -12, PixelOrder::rgba, out.data(), 6, 2, 2);
  CHECK(out == std::vector<std::uint8_t>{128, 16, 128, 16, 99, 99, 128, 235, 128, 235, 99, 99});
}

TEST_CASE("Colour bars: white on the left, black on the right, and no two pictures in a row alike",
          "[decklink][bars]") {
  const ColourBars bars(64, 2);
  constexpr std::size_t kRow = 128 + 4;
  std::vector<std::uint8_t> before(2 * kRow, 99);
  std::vector<std::uint8_t> now = before;
  bars.draw(20, now.data(), kRow);
  CHECK(std::vector<std::uint8_t>(now.begin(), now.begin() + 4) == std::vector<std::uint8_t>{128, 235, 128, 235});
  CHECK(std::vector<std::uint8_t>(now.begin() + 124, now.begin() + 133) ==
        std::vector<std::uint8_t>{128, 16, 128, 16, 99, 99, 99, 99, 128});
  for (std::uint64_t number = 0; number < 64; ++number) {
    std::swap(before, now);
    bars.draw(number, now.data(), kRow);
    REQUIRE(now != before);
  }
}

TEST_CASE("Modes: found by name, with and without the dot", "[decklink][mode]") {
  REQUIRE(find_decklink_mode("1080p5994") != nullptr);
  CHECK(find_decklink_mode("1080p59.94") == find_decklink_mode("1080p5994"));
  CHECK(find_decklink_mode("1080p50")->width == 1920);
  for (const char* name : {"", ".", "1080", "1080p", "1080p5.994", "1080.p5994", "1080i50", "1080p50 "}) {
    INFO(name);
    CHECK(find_decklink_mode(name) == nullptr);
  }
  for (const DeckLinkMode& mode : decklink_modes()) CHECK(find_decklink_mode(mode.name) == &mode);
}

TEST_CASE("Modes: 720p25 is 720p50 with each picture twice", "[decklink][mode]") {
  const DeckLinkMode& slow = *find_decklink_mode("720p25");
  const DeckLinkMode& fast = *find_decklink_mode("720p50");
  CHECK(slow.code == fast.code);
  CHECK(slow.slots == 2);
  CHECK(slow.nanoseconds(1) == 2 * fast.nanoseconds(1));
}

TEST_CASE("Modes: a week of 59.94 is exact and overflows nothing", "[decklink][mode]") {
  const DeckLinkMode& mode = *find_decklink_mode("1080p5994");
  CHECK(mode.nanoseconds(1) == 16'683'333);
  CHECK(mode.nanoseconds(60'000) == 1'001'000'000'000);
  CHECK(mode.nanoseconds(36'000'000) == 600'600'000'000'000);
  CHECK(mode.nanoseconds(-60'000) == -1'001'000'000'000);
}

TEST_CASE("Slots: in time, nothing is left out", "[decklink][slots]") {
  SlotSchedule slots(4);
  for (int i = 0; i < 4; ++i) slots.taken();
  for (std::int64_t on_air = 0; on_air < 100; ++on_air) {
    while (slots.next() < on_air + 4) {
      REQUIRE(slots.catch_up(on_air) == 0);
      slots.taken();
    }
  }
  CHECK(slots.next() == 103);
}

TEST_CASE("Slots: a slot that is on air or gone is answered by one jump to half the preroll", "[decklink][slots]") {
  for (const std::int64_t on_air : {4, 5, 14}) {
    SlotSchedule slots(4);
    for (int i = 0; i < 4; ++i) slots.taken();
    CHECK(slots.catch_up(on_air) == on_air + 2 - 4);
    CHECK(slots.next() == on_air + 2);
    CHECK(slots.catch_up(on_air) == 0);
  }
}

TEST_CASE("Slots: a missed frame makes a short queue jump once, and a long one not at all", "[decklink][slots]") {
  SlotSchedule slots(8);
  for (int i = 0; i < 8; ++i) slots.taken();
  CHECK(slots.missed(3));
  CHECK(slots.catch_up(4) == 0);  // 8 is half of the preroll ahead of 4
  CHECK(slots.missed(5));
  CHECK(slots.catch_up(6) == 2);
  CHECK(slots.next() == 10);
  // The rest of the same disturbance.
  CHECK_FALSE(slots.missed(6));
  CHECK_FALSE(slots.missed(7));
  CHECK(slots.catch_up(8) == 0);
  // A new one.
  slots.taken();
  CHECK(slots.missed(10));
  CHECK(slots.catch_up(10) == 3);
}

TEST_CASE("Slots: the smallest preroll still jumps ahead of what is on air", "[decklink][slots]") {
  SlotSchedule slots(1);
  slots.taken();
  CHECK(slots.catch_up(7) == 7);
  CHECK(slots.next() == 8);
}

TEST_CASE("Pool: a frame goes from free to rendering to ready to the card and back", "[decklink][pool]") {
  std::array<Memory, 2> memory;
  const auto pool = pool_over(memory);
  DeckLinkPicture first = pool->acquire();
  REQUIRE(first);
  CHECK((first.width() == 8 && first.height() == 4 && first.row_bytes() == 16));
  CHECK(memory[0].writers + memory[1].writers == 1);
  const void* const identity = first.bytes() == memory[0].bytes.data() ? &memory[0] : &memory[1];
  REQUIRE(FramePool::submit(std::move(first)));
  CHECK(memory[0].writers + memory[1].writers == 0);

  CHECK_FALSE(pool->current());
  REQUIRE(pool->next_picture());
  CHECK_FALSE(pool->next_picture());
  const std::size_t index = *pool->current();
  pool->scheduled(index, 7);
  pool->scheduled(index, 8);
  CHECK(pool->with_card() == 2);

  DeckLinkPicture second = pool->acquire();
  REQUIRE(second);
  CHECK_FALSE(pool->acquire());
  CHECK(pool->answered(identity)->slot == 7);
  CHECK(pool->answered(identity)->slot == 8);
  CHECK_FALSE(pool->answered(identity));
  CHECK_FALSE(pool->answered(nullptr));
  CHECK(pool->with_card() == 0);
  CHECK_FALSE(pool->acquire());  // still the current picture, to be shown again
  REQUIRE(FramePool::submit(std::move(second)));
  REQUIRE(pool->next_picture());
  CHECK(pool->acquire());
}

TEST_CASE("Pool: pictures come out in the order in which they went in", "[decklink][pool]") {
  std::array<Memory, 3> memory;
  const auto pool = pool_over(memory);
  std::vector<const void*> in;
  for (int i = 0; i < 3; ++i) {
    DeckLinkPicture picture = pool->acquire();
    in.push_back(picture.bytes());
    REQUIRE(FramePool::submit(std::move(picture)));
  }
  for (const void* const bytes : in) {
    REQUIRE(pool->next_picture());
    CHECK(static_cast<const Memory*>(pool->frame(*pool->current()).identity())->bytes.data() == bytes);
  }
}

TEST_CASE("Pool: a picture that is let go unused is free again", "[decklink][pool]") {
  std::array<Memory, 1> memory;
  const auto pool = pool_over(memory);
  {
    DeckLinkPicture picture = pool->acquire();
    CHECK_FALSE(pool->acquire());
    DeckLinkPicture moved = std::move(picture);
    CHECK(moved);
  }
  CHECK(memory[0].writers == 0);
  CHECK(pool->acquire());
  CHECK_FALSE(FramePool::submit({}));
}

TEST_CASE("Pool: a frame whose bytes the card does not give stays free", "[decklink][pool]") {
  std::array<Memory, 1> memory;
  const auto pool = pool_over(memory);
  memory[0].gives_bytes = false;
  CHECK_FALSE(pool->acquire());
  CHECK(memory[0].writers == 0);
  memory[0].gives_bytes = true;
  CHECK(pool->acquire());
}

TEST_CASE("Pool: the black frame is never the producer's", "[decklink][pool]") {
  std::array<Memory, 1> memory;
  Memory black;
  const auto pool = pool_over(memory, &black);
  REQUIRE(pool->black());
  pool->scheduled(*pool->black(), 3);
  pool->scheduled(*pool->black(), 4);
  CHECK(pool->answered(&black)->slot == 3);
  CHECK(pool->answered(&black)->slot == 4);
  const DeckLinkPicture only = pool->acquire();
  CHECK(only.bytes() == memory[0].bytes.data());
  CHECK_FALSE(pool->acquire());
}

TEST_CASE("Pool: after its end only the producer's frame lives, until it is handed in or let go", "[decklink][pool]") {
  std::array<Memory, 3> memory;
  auto pool = pool_over(memory);
  DeckLinkPicture held = pool->acquire();
  DeckLinkPicture other = pool->acquire();
  CHECK(memory[2].alive == 1);
  pool->close();
  CHECK(memory[2].alive == 0);
  CHECK_FALSE(pool->acquire());
  CHECK(memory[0].alive + memory[1].alive == 2);
  CHECK_FALSE(FramePool::submit(std::move(other)));
  CHECK(memory[0].alive + memory[1].alive == 1);
  pool.reset();
  held.bytes()[0] = 1;
  held = {};
  CHECK(memory[0].alive + memory[1].alive == 0);
  CHECK(memory[0].writers + memory[1].writers == 0);
}

TEST_CASE("Pool: producer and scheduler at once lose no picture and mix none up", "[decklink][pool][threads]") {
  constexpr std::uint8_t kPictures = 250;
  std::array<Memory, 4> memory;
  const auto pool = pool_over(memory);
  std::thread producer([&] {
    for (std::uint8_t n = 0; n < kPictures;) {
      DeckLinkPicture picture = pool->acquire();
      if (!picture) {
        std::this_thread::yield();
        continue;
      }
      picture.bytes()[0] = n++;
      FramePool::submit(std::move(picture));
    }
  });
  std::vector<std::uint8_t> seen;
  while (seen.size() < kPictures) {
    if (!pool->next_picture()) {
      std::this_thread::yield();
      continue;
    }
    const std::size_t index = *pool->current();
    const auto* const identity = static_cast<const Memory*>(pool->frame(index).identity());
    pool->scheduled(index, static_cast<std::int64_t>(seen.size()));
    seen.push_back(identity->bytes[0]);
    pool->answered(identity);
  }
  producer.join();
  for (std::size_t i = 0; i < seen.size(); ++i) REQUIRE(seen[i] == i);
}

TEST_CASE("Metrics: one line of JSON with a key for each of them", "[decklink][metrics]") {
  DeckLinkMetrics metrics;
  metrics.state = DeckLinkState::playing;
  metrics.reference = DeckLinkReference::locked;
  metrics.scheduled = 18'446'744'073'709'551'615u;
  metrics.lead_ns = -20'500'000;
  metrics.callback_p99_ns = 1'500;
  const std::string text = to_json(metrics);
  CHECK(text.find('\n') == std::string::npos);
  const auto json = nlohmann::json::parse(text);
  CHECK(json["state"] == "playing");
  CHECK(json["reference"] == "locked");
  CHECK(json["scheduled"] == 18'446'744'073'709'551'615u);
  CHECK(json["lead_ms"] == -20.5);
  CHECK(json["callback_p99_us"] == 1.5);
  CHECK(json.size() == 29);
}
