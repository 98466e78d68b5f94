// SPDX-License-Identifier: Apache-2.0
// The queue between a source and the composer: one parameter that is written without a pause, and that the composer cannot take,
// leaves room for the others.
#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

#include "live/source.hpp"
#include "model/handle.hpp"
#include "support/rounds.hpp"
#include "weak_orders/test_type.hpp"

using namespace relume;

TEST_CASE("A flood on a parameter that waits silences no other of its source", "[source]") {
  const auto type = test::floats(2);
  core::LayerTable layers{1};
  layers.put(0, 1, 0, type.get());
  std::atomic<std::uint64_t> order{0};
  core::Source source{{1, RELUME_PRIORITY_DEFAULT, 0, 0}, 2, layers, order};
  const relume_param flooded = core::param_handle(0, 1, 0);
  const relume_param other = core::param_handle(0, 1, 1);

  std::atomic<bool> over{false};
  std::uint32_t sent = 0;
  std::thread writer([&] {
    float value = 0;
    const auto write = [&](relume_param param) {
      sent = std::bit_cast<std::uint32_t>(value = value < 1e6F ? value + 1 : 0);
      source.write(param, relume_value_float(value), 0);
    };
    while (!over.load(std::memory_order_relaxed)) {
      for (int i = 0; i < 64; ++i) write(flooded);
      write(other);
    }
    write(other);
  });
  std::uint32_t seen = 0;
  std::int64_t now = 0;
  const auto frame = [&] {
    source.collect(++now);
    source.offer([&](const core::OverlayWrite& write) {
      if (write.param == other.bits) seen = write.lanes[0];
      return write.param == other.bits;
    });
  };
  for (long frames = test::rounds(20'000'000, 1'000'000'000); frames > 0; --frames) frame();
  over.store(true, std::memory_order_relaxed);
  writer.join();
  frame();
  CHECK(seen == sent);
}
