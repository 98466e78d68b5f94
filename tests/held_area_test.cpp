// SPDX-License-Identifier: Apache-2.0
// What the frame thread leaves behind of automation: one frame of it, whole, however its process ended and whatever became of it.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <new>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "support/held_model.hpp"
#include "support/rounds.hpp"

using namespace relume::core;
using namespace relume::test;

namespace {

// Memory of an area that can be taken as it stands and given back.
class Memory {
 public:
  Memory() : words_(HeldArea::size(kHeldBlocks) / 8 + 8) {}
  std::byte* data() {
    const auto at = reinterpret_cast<std::uintptr_t>(words_.data());
    return reinterpret_cast<std::byte*>((at + 63) / 64 * 64);
  }
  std::vector<std::uint64_t> picture() {
    std::vector<std::uint64_t> words(HeldArea::size(kHeldBlocks) / 8);
    std::memcpy(words.data(), data(), words.size() * 8);
    return words;
  }
  void put_back(const std::vector<std::uint64_t>& words) { std::memcpy(data(), words.data(), words.size() * 8); }
  HeldArea open() { return {data(), kHeldBlocks}; }

 private:
  std::vector<std::uint64_t> words_;
};

// In words: two records of four, then two copies of each block.
constexpr std::size_t kRecords = 8;
constexpr std::size_t kCopy = 2 + sizeof(HeldBlock) / 8;

std::size_t copy_at(std::uint32_t block, std::size_t which) { return kRecords + (2 * block + which) * kCopy; }

void tell(HeldArea& area, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t n = from; n <= to; ++n) {
    put_frame(area, n);
    area.composed(static_cast<std::int64_t>(n * 1000));
  }
}

}  // namespace

TEST_CASE("Held area: after every frame it holds what was put last, and the frame's time", "[held]") {
  Memory memory;
  HeldArea area = memory.open();
  CHECK(area.found().empty());
  for (std::uint64_t n = 1; n <= 60; ++n) {
    tell(area, n, n);
    Memory other;
    other.put_back(memory.picture());
    HeldArea found = other.open();
    REQUIRE(state_of(found) == held_after(n));
    REQUIRE(found.damaged() == 0);
  }
}

TEST_CASE("Held area: torn at every store it has the frame before or the frame after, whole", "[held][random]") {
  Memory memory;
  HeldArea area = memory.open();
  Memory other;
  std::mt19937 random(20261121);
  long after = 0;
  long tears = 0;
  const auto check = [&](const std::vector<std::uint64_t>& torn, std::uint64_t n, bool may_be_after) {
    other.put_back(torn);
    HeldArea found = other.open();
    const HeldState state = state_of(found);
    const bool is_after = state == held_after(n);
    REQUIRE((state == held_after(n - 1) || (is_after && may_be_after)));
    REQUIRE(found.damaged() == 0);
    ++tears;
    after += is_after ? 1 : 0;
    // Whatever was left lying about: a frame that puts nothing does not bring it to life, and the next ones go on from here.
    found.composed(static_cast<std::int64_t>((is_after ? n : n - 1) * 1000));
    REQUIRE(state_of(other.open()) == state);
    HeldArea goes_on = other.open();
    tell(goes_on, is_after ? n + 1 : n, n + 3);
    REQUIRE(state_of(other.open()) == held_after(n + 3));
  };
  const auto frames = static_cast<std::uint64_t>(rounds(60, 3000));
  for (std::uint64_t n = 1; n <= frames; ++n) {
    const auto before = memory.picture();
    put_frame(area, n);
    const auto put = memory.picture();
    area.composed(static_cast<std::int64_t>(n * 1000));
    const auto composed = memory.picture();
    // Up to each word of the copies, from either end. A copy's number is stored first of all.
    const auto number_copies = [&put](auto& torn) {
      for (std::uint32_t block = 0; block < kHeldBlocks; ++block) {
        for (const std::size_t which : {0U, 1U}) torn[copy_at(block, which) + 1] = put[copy_at(block, which) + 1];
      }
    };
    for (std::size_t at = kRecords; at < put.size(); at += 1 + random() % 40) {
      const auto cut = static_cast<std::ptrdiff_t>(at);
      auto torn = before;
      std::copy(put.begin(), put.begin() + cut, torn.begin());
      number_copies(torn);
      check(torn, n, false);
      torn = put;
      std::copy(before.begin(), before.begin() + cut, torn.begin());
      number_copies(torn);
      check(torn, n, false);
    }
    for (unsigned words = 0; words < 256; ++words) {
      auto torn = put;
      for (std::size_t i = 0; i < kRecords; ++i) {
        if ((words >> i & 1U) != 0) torn[i] = composed[i];
      }
      check(torn, n, true);
    }
  }
  CHECK(after > tears / 100);
  CHECK(after < tears / 2);
}

TEST_CASE("Held area: no flipped bit is taken for a value", "[held]") {
  constexpr std::uint64_t kFrame = 21;
  Memory memory;
  HeldArea area = memory.open();
  tell(area, 1, kFrame);
  const auto whole = memory.picture();
  std::set<std::pair<std::uint32_t, std::uint64_t>> ever;  // block and time of all that was ever put
  for (std::uint64_t n = 1; n <= kFrame; ++n) {
    for (std::uint32_t block = 0; block < kHeldBlocks; ++block) {
      if (puts(n, block)) ever.emplace(block, n);
    }
  }
  long unharmed = 0;
  long older = 0;
  long lost = 0;
  const std::size_t step = soaking() ? 1 : 3;
  for (std::size_t bit = 0; bit < whole.size() * 64; bit += step) {
    INFO("bit " << bit);
    auto bytes = whole;
    bytes[bit / 64] ^= std::uint64_t{1} << (bit % 64);
    memory.put_back(bytes);
    HeldArea found = memory.open();
    const HeldState state = state_of(found);
    if (state == held_after(kFrame)) {
      ++unharmed;
      continue;
    }
    for (const auto& [block, held] : state.blocks) {
      const auto n = static_cast<std::uint64_t>(held.time) / 1000;
      REQUIRE(ever.count({block, n}) == 1);
      REQUIRE(held == held_block(n, block));
    }
    if (bit / 64 < kRecords) REQUIRE(state.time == static_cast<std::int64_t>((kFrame - 1) * 1000));
    if (state.blocks.size() < held_after(kFrame).blocks.size()) ++lost;
    ++older;
  }
  // The older copy of a block stands in, or the frame before; only where that had no automation is some gone.
  CHECK(unharmed > 0);
  CHECK(older > 0);
  CHECK(lost < older);
}

TEST_CASE("Held area: where neither copy is whole the block is not held, and that is told", "[held]") {
  constexpr std::uint64_t kFrame = 22;
  Memory memory;
  HeldArea area = memory.open();
  tell(area, 1, kFrame);
  HeldState expected = held_after(kFrame);
  REQUIRE(expected.blocks.size() > 2);
  const std::uint32_t block = expected.blocks.begin()->first;
  auto bytes = memory.picture();
  SECTION("a block's copies") {
    for (const std::size_t which : {0U, 1U}) bytes[copy_at(block, which) + 20] ^= 4;
    memory.put_back(bytes);
    HeldArea found = memory.open();
    expected.blocks.erase(block);
    CHECK(state_of(found) == expected);
    CHECK(found.damaged() == 1);
  }
  SECTION("the frame's records: nothing is of a frame that is known") {
    for (const std::size_t word : {2U, 6U}) bytes[word] ^= 1;
    memory.put_back(bytes);
    HeldArea found = memory.open();
    CHECK(found.found().empty());
    CHECK(found.damaged() == kHeldBlocks);
  }
}

TEST_CASE("Held area: a copy proves itself at its own place only", "[held]") {
  Memory memory;
  HeldArea area = memory.open();
  area.put(1, held_block(1, 1));
  area.composed(1000);
  auto bytes = memory.picture();
  const auto move = [&](std::size_t from, std::size_t to) {
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), kCopy,
                bytes.begin() + static_cast<std::ptrdiff_t>(to));
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), kCopy, 0);
    memory.put_back(bytes);
  };
  const std::size_t at = bytes[copy_at(1, 0)] != 0 ? 0 : 1;
  SECTION("not as another block") { move(copy_at(1, at), copy_at(2, at)); }
  SECTION("not as the other copy") { move(copy_at(1, at), copy_at(1, at ^ 1U)); }
  HeldArea found = memory.open();
  CHECK(found.found().empty());
  CHECK(found.damaged() == 1);
}

TEST_CASE("Held area: what was found is forgotten, what was put since is not", "[held]") {
  Memory memory;
  {
    HeldArea area = memory.open();
    for (const std::uint32_t block : {0U, 1U, 2U}) area.put(block, held_block(1, block));
    area.composed(1000);
  }
  HeldArea area = memory.open();
  REQUIRE(area.found().size() == 3);
  area.put(1, held_block(2, 1));
  area.composed(2000);
  CHECK(state_of(memory.open()).blocks.size() == 3);  // until then
  area.forget_found();
  CHECK(area.found().empty());
  const HeldState state = state_of(memory.open());
  REQUIRE(state.blocks.size() == 1);
  CHECK(state.blocks.at(1) == held_block(2, 1));
}

TEST_CASE("Held area: killed at any instant, it has the last frame that was told of or the one in flight",
          "[held][kill]") {
  const std::size_t size = HeldArea::size(kHeldBlocks) + 64;
  void* shared = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  auto* const told = new (shared) std::atomic<std::uint64_t>(0);
  std::byte* const data = static_cast<std::byte*>(shared) + 64;
  std::mt19937 random(20261122);
  const long kills = rounds(400, 40000);
  long in_flight = 0;
  for (long kill = 0; kill < kills; ++kill) {
    INFO("kill " << kill);
    const std::uint64_t from = *told;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      HeldArea area(data, kHeldBlocks);
      for (std::uint64_t n = static_cast<std::uint64_t>(area.found_time()) / 1000 + 1;; ++n) {
        tell(area, n, n);
        told->store(n);
      }
    }
    while (*told == from) std::this_thread::yield();
    ::usleep(static_cast<useconds_t>(random() % 300));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    HeldArea found(data, kHeldBlocks);
    const auto n = static_cast<std::uint64_t>(found.found_time()) / 1000;
    REQUIRE((n == *told || n == *told + 1));
    REQUIRE(state_of(found) == held_after(n));
    REQUIRE(found.damaged() == 0);
    in_flight += n != *told ? 1 : 0;
    told->store(n);
  }
  WARN(kills << " kills at frame " << *told << ", " << in_flight << " of them after a frame that was not told of yet");
  ::munmap(shared, size);
}

TEST_CASE("Held area: what leaving a block behind costs", "[.][measure]") {
  constexpr std::uint32_t kBlocks = 4096;  // 262,144 parameters
  std::vector<std::uint64_t> words(HeldArea::size(kBlocks) / 8 + 8);
  auto at = reinterpret_cast<std::uintptr_t>(words.data());
  HeldArea area(reinterpret_cast<std::byte*>((at + 63) / 64 * 64), kBlocks);
  constexpr int kFrames = 200;
  for (const std::uint32_t blocks : {41U, kBlocks}) {
    const HeldBlock held = held_block(1, 1);
    const auto begin = std::chrono::steady_clock::now();
    for (int frame = 0; frame < kFrames; ++frame) {
      for (std::uint32_t block = 0; block < blocks; ++block) area.put(block, held);
      area.composed(frame);
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    WARN(blocks << " blocks a frame: " << took.count() / kFrames / blocks << " ns each");
  }
}
