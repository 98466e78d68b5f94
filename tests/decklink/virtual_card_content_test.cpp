// SPDX-License-Identifier: Apache-2.0
// What the emulated card shows of what went out: hashes, pictures, the log.
#include "card_client.hpp"
#include "decklink/virtual_card/picture.hpp"
#include "decklink/virtual_card/settings.hpp"

#include <png.h>
#include <unistd.h>
#include <xxhash.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <fstream>

using namespace card_test;

namespace {

using Pixel = std::array<std::uint8_t, 3>;

/// A file of this process's own, gone at the end.
struct File {
  explicit File(const std::string& name) : path(name + "-" + std::to_string(getpid())) {}
  ~File() { unlink(path.c_str()); }
  const std::string path;
};

struct Decoded {
  std::uint32_t width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
  Pixel at(std::size_t x, std::size_t y) const {
    const std::size_t i = (y * width + x) * 3;
    return {rgb[i], rgb[i + 1], rgb[i + 2]};
  }
};

Decoded decode(const std::string& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&image, path.c_str()) != 0);
  image.format = PNG_FORMAT_RGB;
  Decoded decoded{image.width, image.height, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(image))};
  REQUIRE(png_image_finish_read(&image, nullptr, decoded.rgb.data(), 0, nullptr) != 0);
  return decoded;
}

/// Whether no lane is off by more than a rounding.
bool near(Pixel a, Pixel b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::abs(a[i] - b[i]) > 1) return false;
  }
  return true;
}

rig::decklink::card::Picture picture(abi::Code format, std::int64_t width, std::vector<std::uint8_t> bytes,
                                     std::int64_t height = 1) {
  const auto row = static_cast<std::int64_t>(bytes.size()) / height;
  std::vector<std::byte> raw(bytes.size());
  std::memcpy(raw.data(), bytes.data(), bytes.size());
  return {{width, height, row, format}, raw};
}

}  // namespace

TEMPLATE_TEST_CASE("Virtual card: the hash of each displayed frame is that of what was submitted", "[decklink][card]",
                   abi::EraA, abi::EraB) {
  Cards cards([](virtual_card_options& options) { options.hash_every = 1; });
  Client<TestType> client;
  const long padding = GENERATE(0L, 64L);
  std::vector<std::uint64_t> hashes;
  for (std::int64_t slot = 0; slot < 5; ++slot) {
    auto* frame = client.make(abi::kFormatUyvy, padding);
    const auto row = static_cast<std::size_t>(client.width * 2);
    std::vector<std::uint8_t> pixels(row * static_cast<std::size_t>(client.height), static_cast<std::uint8_t>(slot));
    hashes.push_back(XXH3_64bits(pixels.data(), pixels.size()));
    frame->bytes.assign(static_cast<std::size_t>(frame->GetRowBytes() * client.height), 0xEE);
    for (std::size_t y = 0; y < static_cast<std::size_t>(client.height); ++y) {
      std::memcpy(frame->bytes.data() + y * static_cast<std::size_t>(frame->GetRowBytes()), pixels.data() + y * row,
                  row);
    }
    REQUIRE(client.schedule(frame, slot) == abi::kOk);
  }
  // After its completion a frame's bytes are the client's again: no later change may show.
  client.callback.on_frame = [](auto* told, std::uint32_t) {
    static_cast<Frame<TestType>*>(told)->bytes.assign(static_cast<Frame<TestType>*>(told)->bytes.size(), 0xAA);
  };
  client.start();
  client.step(6);
  const auto shown = displayed();
  REQUIRE(shown.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) CHECK(shown[i].hash == hashes[i]);
}

TEST_CASE("Virtual card: every nth hash, and a frame without bytes has none", "[decklink][card]") {
  Cards cards([](virtual_card_options& options) { options.hash_every = 2; });
  Client<abi::EraA> client;
  for (std::int64_t slot = 0; slot < 4; ++slot) {
    auto* frame = client.make();
    if (slot != 2) frame->bytes.assign(720 * 576 * 2, 7);
    REQUIRE(client.schedule(frame, slot) == abi::kOk);
  }
  client.start();
  client.step(5);
  const auto shown = displayed();
  REQUIRE(shown.size() == 4);
  CHECK(shown[0].hash != 0);
  CHECK(shown[1].hash == 0);
  CHECK(shown[2].hash == 0);
}

TEST_CASE("Virtual card: a synchronous frame's bytes are the client's when the call returns", "[decklink][card]") {
  Cards cards([](virtual_card_options& options) { options.hash_every = 1; });
  Client<abi::EraA> client;
  auto* frame = client.make();
  for (int i = 0; i < 20; ++i) {
    frame->bytes.assign(720 * 576 * 2, 1);
    REQUIRE(client.output->DisplayVideoFrameSync(frame) == abi::kOk);
    std::fill(frame->bytes.begin(), frame->bytes.end(), std::uint8_t{2});
  }
  const std::vector<std::uint8_t> sent(720 * 576 * 2, 1);
  for (const auto& shown : displayed()) CHECK(shown.hash == XXH3_64bits(sent.data(), sent.size()));
}

TEST_CASE("Virtual card: frames that it makes carry what the client writes", "[decklink][card]") {
  Cards cards([](virtual_card_options& options) { options.hash_every = 1; });
  const std::vector<std::uint8_t> pixels(720 * 576 * 2, 0x5A);
  {
    Client<abi::EraA> client;
    Held<abi::era_a::MutableVideoFrame> frame;
    CHECK(client.output->CreateVideoFrame(720, 576, 1438, abi::kFormatUyvy, 0, frame.out()) == abi::kInvalidArgument);
    CHECK(client.output->CreateVideoFrame(720, 576, 1440, abi::code("what"), 0, frame.out()) == abi::kInvalidArgument);
    REQUIRE(client.output->CreateVideoFrame(720, 576, 1440, abi::kFormatUyvy, 0, frame.out()) == abi::kOk);
    void* bytes = nullptr;
    REQUIRE(frame->GetBytes(&bytes) == abi::kOk);
    std::memcpy(bytes, pixels.data(), pixels.size());
    CHECK(frame->SetFlags(abi::kFrameFlipVertical) == abi::kOk);
    CHECK(frame->GetFlags() == abi::kFrameFlipVertical);
    CHECK(client.output->DisplayVideoFrameSync(frame.get()) == abi::kOk);
  }
  {
    Client<abi::EraB> client;
    std::int32_t row = 0;
    CHECK(client.output->RowBytesForPixelFormat(abi::kFormatUyvy, 720, &row) == abi::kOk);
    CHECK(row == 1440);
    Held<abi::era_b::MutableVideoFrame> frame, around;
    REQUIRE(client.output->CreateVideoFrame(720, 576, row, abi::kFormatUyvy, 0, frame.out()) == abi::kOk);
    const auto buffer = query<abi::era_b::VideoBuffer>(frame.get());
    REQUIRE(buffer);
    void* bytes = nullptr;
    CHECK(buffer->GetBytes(&bytes) == abi::kUnexpected);  // not between the brackets
    REQUIRE(buffer->StartAccess(abi::kBufferWrite) == abi::kOk);
    REQUIRE(buffer->GetBytes(&bytes) == abi::kOk);
    std::memcpy(bytes, pixels.data(), pixels.size());
    CHECK(buffer->EndAccess(abi::kBufferWrite) == abi::kOk);
    CHECK(buffer->EndAccess(abi::kBufferWrite) == abi::kUnexpected);
    CHECK(client.output->DisplayVideoFrameSync(frame.get()) == abi::kOk);
    // A frame of the card's around a buffer of the client's.
    auto* clients = client.make();
    clients->bytes = pixels;
    const auto clients_buffer = query<abi::era_b::VideoBuffer>(clients);
    REQUIRE(client.output->CreateVideoFrameWithBuffer(720, 576, row, abi::kFormatUyvy, 0, clients_buffer.get(),
                                                      around.out()) == abi::kOk);
    CHECK(client.output->DisplayVideoFrameSync(around.get()) == abi::kOk);
  }
  const auto shown = displayed();
  REQUIRE(shown.size() == 3);
  for (const auto& one : shown) CHECK(one.hash == XXH3_64bits(pixels.data(), pixels.size()));
}

TEST_CASE("Virtual card: colours of each format", "[decklink][card]") {
  using rig::decklink::card::to_rgb;
  const auto first = [](const std::vector<std::uint8_t>& rgb) { return Pixel{rgb.at(0), rgb.at(1), rgb.at(2)}; };
  const auto second = [](const std::vector<std::uint8_t>& rgb) { return Pixel{rgb.at(3), rgb.at(4), rgb.at(5)}; };
  // Limited range white and black; Rec.601 red (a picture of one line is of standard definition).
  const auto grey = to_rgb(picture(abi::kFormatUyvy, 2, {128, 235, 128, 16}));
  CHECK(first(grey) == Pixel{255, 255, 255});
  CHECK(second(grey) == Pixel{0, 0, 0});
  CHECK(near(first(to_rgb(picture(abi::kFormatUyvy, 2, {90, 81, 240, 81}))), {254, 0, 0}));
  // Rec.709 red, in a picture of 720 lines.
  std::vector<std::uint8_t> hd;
  for (int i = 0; i < 720; ++i) hd.insert(hd.end(), {102, 63, 240, 63});
  CHECK(near(first(to_rgb(picture(abi::kFormatUyvy, 2, hd, 720))), {255, 0, 0}));
  CHECK(first(to_rgb(picture(abi::kFormatBgra, 1, {1, 2, 3, 4}))) == Pixel{3, 2, 1});
  CHECK(first(to_rgb(picture(abi::kFormatArgb, 1, {1, 2, 3, 4}))) == Pixel{2, 3, 4});
  // Six pixels of v210: luma 940, 64, 940, 64, 940, 64 around neutral chroma.
  const std::uint32_t words[4] = {512u | 940u << 10 | 512u << 20, 64u | 512u << 10 | 940u << 20,
                                  512u | 64u << 10 | 512u << 20, 940u | 512u << 10 | 64u << 20};
  std::vector<std::uint8_t> row(128);
  std::memcpy(row.data(), words, sizeof words);
  const auto v210 = to_rgb(picture(abi::kFormatV210, 6, row));
  for (std::size_t x = 0; x < 6; ++x) CHECK(int{v210[x * 3]} == (x % 2 == 0 ? 255 : 0));
  CHECK(to_rgb(picture(abi::kFormatR210, 6, row)).empty());
}

TEST_CASE("Virtual card: the newest displayed picture as PNG", "[decklink][card]") {
  Cards cards([](virtual_card_options& options) { options.keep_picture = 1; });
  const File png("vcard.png");
  CHECK(control().write_png(0, png.path.c_str()) == ENOENT);
  Client<abi::EraA> client;
  for (std::int64_t slot = 0; slot < 2; ++slot) {
    auto* frame = client.make(abi::kFormatBgra, 32);
    frame->bytes.assign(static_cast<std::size_t>(frame->GetRowBytes() * client.height), 0);
    std::uint8_t* pixel = frame->bytes.data() + 575 * frame->GetRowBytes() + 719 * 4;
    pixel[2] = static_cast<std::uint8_t>(100 + slot);
    REQUIRE(client.schedule(frame, slot) == abi::kOk);
  }
  client.start();
  client.step(3);
  REQUIRE(control().write_png(0, png.path.c_str()) == 0);
  const Decoded decoded = decode(png.path);
  CHECK(decoded.width == 720);
  CHECK(decoded.height == 576);
  CHECK(decoded.at(719, 575) == Pixel{101, 0, 0});
  CHECK(decoded.at(718, 575) == Pixel{0, 0, 0});
  CHECK(control().write_png(0, "/nowhere/at/all.png") == ENOENT);
}

TEST_CASE("Virtual card: the log has each event as one JSON object, and a summary", "[decklink][card]") {
  const File log("vcard.log");
  {
    Cards cards([&log](virtual_card_options& options) {
      options.log_path = log.path.c_str();
      options.hash_every = 1;
    });
    Client<abi::EraA> client;
    for (std::int64_t slot = 0; slot < 3; ++slot) {
      client.make()->bytes.assign(720 * 576 * 2, 1);
      REQUIRE(client.schedule(client.frames.back().get(), slot) == abi::kOk);
    }
    client.start();
    client.step(2);
    CHECK(client.stop() == abi::kOk);
    CHECK(client.output->DisableVideoOutput() == abi::kOk);
    std::map<std::string, int> events;
    nlohmann::json last;
    std::ifstream file(log.path);
    for (std::string line; std::getline(file, line);) {
      last = nlohmann::json::parse(line);
      ++events[last.at("event").get<std::string>()];
      if (last.at("event") == "displayed") CHECK(last.at("hash").get<std::string>().size() == 16);
    }
    CHECK(events == std::map<std::string, int>{{"enabled", 1},
                                               {"scheduled", 3},
                                               {"started", 1},
                                               {"displayed", 2},
                                               {"completed", 2},
                                               {"flushed", 1},
                                               {"stop", 1},
                                               {"stopped", 1},
                                               {"disabled", 1},
                                               {"summary", 1}});
    CHECK(last.at("event") == "summary");
    CHECK(last.at("scheduled") == 3);
    CHECK(last.at("flushed") == 1);
  }
}

TEST_CASE("Virtual card: environment variables that make no sense are left out", "[decklink][card]") {
  using rig::decklink::card::settings_from_environment;
  setenv("VCARD_CARDS", "3", 1);
  setenv("VCARD_PPM", "-5000", 1);
  setenv("VCARD_CLOCK", "manual", 1);
  setenv("VCARD_PROFILE", "b", 1);
  setenv("VCARD_PNG", "picture.png", 1);
  auto settings = settings_from_environment();
  CHECK(settings.cards == 3);
  CHECK(settings.ppm == -5000);
  CHECK(settings.manual_clock);
  CHECK_FALSE(settings.answers_a);
  CHECK(settings.answers_b);
  CHECK(settings.keep_picture);
  setenv("VCARD_CARDS", "17", 1);
  setenv("VCARD_PPM", "5 %", 1);
  setenv("VCARD_CLOCK", "sundial", 1);
  setenv("VCARD_PROFILE", "c", 1);
  settings = settings_from_environment();
  CHECK(settings.cards == 1);
  CHECK(settings.ppm == 0);
  CHECK_FALSE(settings.manual_clock);
  CHECK(settings.answers_a);
  for (const char* name : {"VCARD_CARDS", "VCARD_PPM", "VCARD_CLOCK", "VCARD_PROFILE", "VCARD_PNG"}) unsetenv(name);
}
