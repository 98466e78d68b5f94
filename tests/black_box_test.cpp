// SPDX-License-Identifier: Apache-2.0
// The black box: frames out of its dump, bit for bit, and what it makes of files that are none.
#include <catch2/catch.hpp>

#include <relume/black_box.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "live/black_box_format.hpp"
#include "support/rounds.hpp"
#include "support/temp_folder.hpp"
#include "support/test_show.hpp"

using namespace relume;
using relume::core::black_box::FileHead;
using relume::test::kMs;
using relume::test::TestShow;

namespace {

relume_show_options recorded(std::uint64_t bytes = 1U << 20U) {
  relume_show_options options = relume::test::quiet_options();
  options.black_box_bytes = bytes;
  return options;
}

using Frames = std::map<std::uint64_t, std::vector<std::uint32_t>>;  // by number

std::vector<std::uint32_t> bits_of(const relume_slot* slots, std::uint32_t count) {
  std::vector<std::uint32_t> bits(count);
  std::memcpy(bits.data(), slots, count * sizeof(relume_slot));
  return bits;
}

struct Replay {
  relume_result code = RELUME_OK;
  std::string message;
  Frames frames;
  std::vector<relume_replay_write> writes;
  relume_replay_result result = RELUME_REPLAY_RESULT_INIT;
};

Replay replay(const std::string& path) {
  Replay out;
  relume_replay_visitor visitor = RELUME_REPLAY_VISITOR_INIT;
  visitor.user = &out;
  visitor.on_frame = [](void* user, const relume_replay_frame* frame) {
    static_cast<Replay*>(user)->frames[frame->number] = bits_of(frame->slots, frame->slot_count);
    return 0;
  };
  visitor.on_write = [](void* user, const relume_replay_write* write) {
    static_cast<Replay*>(user)->writes.push_back(*write);
    return 0;
  };
  relume_error error = RELUME_ERROR_INIT;
  out.code = relume_black_box_replay(path.c_str(), &visitor, &out.result, &error);
  out.message = error.message;
  return out;
}

relume_result dump(TestShow& t, const std::string& path) {
  return relume_black_box_dump(t.show.get(), path.c_str(), nullptr);
}

// Everything that moves a show, drawn at random; what each frame showed is kept.
void live_through(TestShow& t, std::uint64_t seed, int frames, Frames& shown) {
  std::mt19937_64 random(seed);
  Source osc = t.show.source();
  Source lfo = relume::test::source_of(t.show, 120, RELUME_COMMIT_RENDER_ONLY);
  const auto value = [&] { return static_cast<float>(random() % 101) / 100; };
  const char* const routes[] = {"wash/level", "spot/level", "wash/step", "spot/soft"};
  for (int i = 0; i < frames; ++i) {
    for (std::uint64_t n = random() % 4; n > 0; --n) {
      const relume_param param = t.show.param(routes[random() % std::size(routes)]);
      switch (random() % 8) {
        case 0: t.show.set(param, scalar(value())); break;
        case 1: osc.release(param, t.now); break;
        case 2: lfo.write(param, scalar(value()), t.now); break;
        case 3: lfo.release(param, t.now + kMs); break;
        case 4: t.show.reset(); break;
        case 5: osc.write(t.show.param("wash/color"), color(value(), value(), value()), t.now); break;
        default: osc.write(param, scalar(value()), t.now + 3 * kMs); break;
      }
    }
    if (random() % 25 == 0) {
      if (t.show.layers().size() == 2) {
        t.show.add_layer("more", "fixture", t.show.layer("spot"));
      } else {
        t.show.remove_layer(t.show.layer("more"));
      }
    }
    const Frame frame = t.frame(static_cast<std::int64_t>(1 + random() % 40));
    shown[frame->number] = bits_of(frame->slots, frame->slot_count);
    if (random() % 3 == 0) t.show.tick();
  }
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

void seal(std::string& bytes) {
  const std::uint64_t none = 0;
  std::memcpy(bytes.data() + offsetof(FileHead, checksum), &none, sizeof none);
  const std::uint64_t checksum = XXH3_64bits(bytes.data(), bytes.size());
  std::memcpy(bytes.data() + offsetof(FileHead, checksum), &checksum, sizeof checksum);
}

}  // namespace

TEST_CASE("A dump gives the frames again, bit for bit, from the first complete roll on", "[black_box]") {
  relume::test::TempFolder folder;
  const std::string path = folder.path() + "/box";
  const long seeds = relume::test::rounds(20, 2000);
  for (long seed = 1; seed <= seeds; ++seed) {
    TestShow t(relume::test::demo_schema(), recorded());
    Frames shown;
    live_through(t, static_cast<std::uint64_t>(seed), 200, shown);
    REQUIRE(dump(t, path) == RELUME_OK);
    const Replay again = replay(path);
    INFO("seed " << seed << ": " << again.message);
    REQUIRE(again.code == RELUME_OK);
    CHECK(again.result.differing == 0);
    CHECK(again.result.slot_count == 4096);
    CHECK(again.result.incomplete <= 64);  // 64 blocks, one whole one with each frame
    CHECK(again.result.frames + again.result.incomplete >= shown.size());
    CHECK(again.result.proved == again.result.frames * 4096);
    std::size_t same = 0;
    for (const auto& [number, bits] : again.frames) {
      const auto real = shown.find(number);
      if (real != shown.end()) same += real->second == bits ? 1 : 0;
    }
    CHECK(same == again.frames.size());
    CHECK(again.result.last_number == shown.rbegin()->first);
  }
}

TEST_CASE("A small ring keeps the newest frames, and they too are rebuilt", "[black_box]") {
  relume::test::TempFolder folder;
  const std::string path = folder.path() + "/box";
  TestShow t(relume::test::demo_schema(), recorded(65536));
  Frames shown;
  live_through(t, 7, 2000, shown);
  REQUIRE(dump(t, path) == RELUME_OK);
  CHECK(read_file(path).size() <= 65536 + sizeof(FileHead));
  CHECK(read_file(path).size() > 60000);
  const Replay again = replay(path);
  REQUIRE(again.code == RELUME_OK);
  REQUIRE(again.frames.size() > 10);
  CHECK(again.result.differing == 0);
  CHECK(again.frames.rbegin()->first == shown.rbegin()->first);
  for (const auto& [number, bits] : again.frames) CHECK((shown.at(number) == bits));
}

TEST_CASE("A dump holds a minute of compose time, and says who wrote what", "[black_box]") {
  relume::test::TempFolder folder;
  const std::string path = folder.path() + "/box";
  TestShow t(relume::test::demo_schema(), recorded(1U << 22U));
  Source osc = t.show.source();
  const relume_param step = t.show.param("wash/step");
  for (int i = 0; i < 1000; ++i) {
    osc.write(step, scalar(static_cast<float>(i % 100) / 100), t.now + kMs);
    t.frame(100);
  }
  REQUIRE(dump(t, path) == RELUME_OK);
  const Replay again = replay(path);
  REQUIRE(again.code == RELUME_OK);
  CHECK(again.result.frames + again.result.incomplete == 601);
  REQUIRE(again.writes.size() == 601);
  const relume_replay_write& last = again.writes.back();
  CHECK(last.source == osc.info().number);
  CHECK(last.param.bits == step.bits);
  CHECK(last.lanes[0].f == 0.99F);
  CHECK(last.time_ns == t.now - 99 * kMs);
  CHECK(last.release == 0);
}

TEST_CASE("A dump beside a composing thread is whole, and its frames are as they were shown", "[black_box][threads]") {
  relume::test::TempFolder folder;
  const std::string path = folder.path() + "/box";
  TestShow t(relume::test::demo_schema(), recorded(65536));
  Source lfo = relume::test::source_of(t.show, 0, RELUME_COMMIT_RENDER_ONLY);
  const relume_param params[] = {t.show.param("wash/level"), t.show.param("spot/level")};
  t.frame(10);
  std::atomic<bool> stop{false};
  std::thread composing([&] {
    std::int64_t now = t.now;
    for (int i = 0; !stop.load(); ++i) {
      lfo.write(params[i % 2], scalar(static_cast<float>(i % 97) / 97), now);
      t.show.compose(now += 5 * kMs);
    }
  });
  std::uint64_t rebuilt = 0;
  std::uint64_t differing = 0;
  long failed = 0;
  for (long i = 0; i < relume::test::rounds(100, 5000); ++i) {
    if (dump(t, path) != RELUME_OK) ++failed;
    const Replay again = replay(path);
    if (again.code != RELUME_OK) ++failed;
    rebuilt += again.result.frames;
    differing += again.result.differing;
  }
  stop = true;
  composing.join();
  CHECK(failed == 0);
  CHECK(differing == 0);
  CHECK(rebuilt > 0);
}

TEST_CASE("Without a black box there is nothing to dump, and a bad size or path is refused", "[black_box][error]") {
  relume::test::TempFolder folder;
  TestShow t;
  CHECK(dump(t, folder.path() + "/box") == RELUME_E_STATE);
  CHECK(relume_black_box_dump(nullptr, "x", nullptr) == RELUME_E_INVALID);
  TestShow with(relume::test::demo_schema(), recorded(65537));
  CHECK(dump(with, "") == RELUME_E_INVALID);
  CHECK(dump(with, folder.path() + "/none/box") == RELUME_E_IO);
  CHECK(dump(with, folder.path() + "/box") == RELUME_OK);
  CHECK(dump(with, folder.path() + "/box") == RELUME_OK);  // in place of the one before
  CHECK(replay(folder.path() + "/none").code == RELUME_E_IO);
  for (const std::uint64_t bytes : {std::uint64_t{1}, std::uint64_t{65535}, (std::uint64_t{1} << 36U) + 1}) {
    relume_show* none = nullptr;
    const Schema schema = relume::test::demo_schema();
    const relume_show_options options = recorded(bytes);
    relume_error error = RELUME_ERROR_INIT;
    CHECK(relume_show_open(schema.get(), &options, &none, &error) == RELUME_E_INVALID);
    CHECK(std::string(error.culprit) == "black_box_bytes");
  }
}

TEST_CASE("A frame that is not what the hash says is told", "[black_box]") {
  relume::test::TempFolder folder;
  const std::string path = folder.path() + "/box";
  TestShow t(relume::test::demo_schema(), recorded());
  Frames shown;
  live_through(t, 3, 150, shown);
  REQUIRE(dump(t, path) == RELUME_OK);
  std::string bytes = read_file(path);
  // The hash of the newest frame is the last word.
  bytes[bytes.size() - 1] = static_cast<char>(bytes[bytes.size() - 1] ^ 1);
  seal(bytes);
  write_file(path, bytes);
  const Replay again = replay(path);
  REQUIRE(again.code == RELUME_OK);
  CHECK(again.result.differing == 1);
}

TEST_CASE("A file with any bit flipped, or cut anywhere, is refused", "[black_box][error]") {
  relume::test::TempFolder folder;
  const std::string path = folder.path() + "/box";
  TestShow t(relume::test::demo_schema(), recorded());
  Frames shown;
  live_through(t, 4, 30, shown);
  REQUIRE(dump(t, path) == RELUME_OK);
  const std::string good = read_file(path);
  std::mt19937_64 random(1);
  for (long i = 0; i < relume::test::rounds(300, 20000); ++i) {
    std::string bad = good;
    const std::size_t at = i < 64 ? static_cast<std::size_t>(i) % sizeof(FileHead) : random() % bad.size();
    bad[at] = static_cast<char>(bad[at] ^ (1 << random() % 8));
    write_file(path, bad);
    const relume_result code = replay(path).code;
    CHECK((code == RELUME_E_INVALID || code == RELUME_E_VERSION));
    write_file(path, good.substr(0, random() % good.size()));
    CHECK(replay(path).code == RELUME_E_INVALID);
  }
  write_file(path, good);
  relume_replay_visitor visitor = RELUME_REPLAY_VISITOR_INIT;
  CHECK(relume_black_box_replay(path.c_str(), &visitor, nullptr, nullptr) == RELUME_OK);
  visitor.reserved = 1;
  CHECK(relume_black_box_replay(path.c_str(), &visitor, nullptr, nullptr) == RELUME_E_INVALID);
}

TEST_CASE("Records that lie, under a checksum that holds, end the replay and harm nothing", "[black_box][error]") {
  relume::test::TempFolder folder;
  const std::string path = folder.path() + "/box";
  TestShow t(relume::test::demo_schema(), recorded());
  Frames shown;
  live_through(t, 5, 100, shown);
  REQUIRE(dump(t, path) == RELUME_OK);
  const std::string good = read_file(path);
  std::mt19937_64 random(2);
  long refused = 0;
  for (long i = 0; i < relume::test::rounds(1000, 50000); ++i) {
    std::string bad = good;
    for (std::uint64_t n = 1 + random() % 4; n > 0; --n) {
      const std::size_t at = sizeof(FileHead) + random() % (bad.size() - sizeof(FileHead));
      bad[at] = static_cast<char>(random());
    }
    seal(bad);
    write_file(path, bad);
    const relume_result code = replay(path).code;
    CHECK((code == RELUME_OK || code == RELUME_E_INVALID));
    refused += code == RELUME_OK ? 0 : 1;
  }
  CHECK(refused > 0);
}

TEST_CASE("A write that waits for room is recorded once, when it is taken", "[black_box]") {
  relume::test::TempFolder folder;
  const std::string path = folder.path() + "/box";
  relume_show_options options = recorded();
  options.max_contended = 1;
  TestShow t(relume::test::demo_schema(), options);
  Source desk = relume::test::source_of(t.show, 120, RELUME_COMMIT_RENDER_ONLY);
  Source osc = relume::test::source_of(t.show, 0, RELUME_COMMIT_RENDER_ONLY);
  for (Source* source : {&desk, &osc}) {
    source->write(t.show.param("wash/step"), scalar(0.5F), t.now);
    source->write(t.show.param("spot/step"), scalar(0.5F), t.now);
  }
  for (int i = 0; i < 300; ++i) {
    t.show.set(t.show.param("wash/hint"), scalar(i % 2 == 0 ? 0.0F : 1.0F));  // a frame each time
    t.frame(20);
  }
  desk.release(t.show.param("wash/step"), t.now);
  desk.release(t.show.param("spot/step"), t.now);
  t.frame(20);
  t.frame(20);
  REQUIRE(dump(t, path) == RELUME_OK);
  CHECK(replay(path).writes.size() == 6);
}
