// SPDX-License-Identifier: Apache-2.0
// An engine with a state model of its own: it takes precedence, glides and settling from the composer alone, without a show.
// Eight dimmers in plain arrays. A hand sets all of them, an LFO moves the first, somebody lets a slider go on the second.
#include <relume/composer.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

constexpr std::uint32_t kDimmers = 8;
constexpr std::int64_t kFrame = 1'000'000'000 / 44;

// The engine's own memory. Which slots of a tier are there is a bit each; the eight are one block of 64.
struct Engine {
  std::array<relume_slot, kDimmers> hand{}, automation{}, shown{};
  std::uint64_t hand_there = 0, automated = 0;
  std::array<std::uint32_t, kDimmers> settled{};
  relume_composer_defs defs{};
  relume_composer_scratch scratch{};
};

int main() {
  static Engine engine;
  relume_error error = RELUME_ERROR_INIT;
  relume_composer_def dimmer = RELUME_COMPOSER_DEF_INIT;
  dimmer.kind = RELUME_COMPOSER_FLOAT;
  dimmer.range = 1.0;
  dimmer.smoothing_ns = 100'000'000;
  dimmer.settle_ns = 500'000'000;
  if (relume_composer_define(&engine.defs, kDimmers, 0, kDimmers, &dimmer, &error) != RELUME_OK)
    return std::puts(error.message), 1;

  relume_composer_input in = RELUME_COMPOSER_INPUT_INIT;
  in.slot_count = kDimmers, in.defs = &engine.defs, in.def_blocks = 1;
  in.committed = engine.hand.data(), in.committed_present = &engine.hand_there;
  in.overlay = engine.automation.data(), in.overlay_present = &engine.automated;
  relume_composer_output out = RELUME_COMPOSER_OUTPUT_INIT;
  out.values = engine.shown.data(), out.value_capacity = kDimmers;
  out.settled = engine.settled.data(), out.settled_capacity = kDimmers;

  for (relume_slot& slot : engine.hand) slot.f = 0.2F;
  engine.hand_there = 0xff;
  for (int frame = 0; frame <= 132; ++frame) {
    in.now_ns = frame * kFrame;
    engine.automation[0].f = 0.5F + 0.5F * std::sin(static_cast<float>(frame) * 0.1F);  // the LFO never settles
    if (frame == 22) engine.automation[1].f = 0.9F;                                     // the slider, once
    engine.automated |= frame == 22 ? 3U : frame > 0 ? 1U : 0U;
    if (relume_composer_run(&in, &engine.scratch, 1, &out, &error) != RELUME_OK) return std::puts(error.message), 1;
    for (std::uint32_t i = 0; i < out.settled_count; ++i) {  // settled: it becomes the hand's
      const std::uint32_t slot = engine.settled[i];
      engine.hand[slot] = engine.automation[slot];
      engine.automated &= ~(std::uint64_t{1} << slot);
      std::printf("frame %d: dimmer %u has settled at %.2f\n", frame, slot, static_cast<double>(engine.hand[slot].f));
    }
    if (frame % 22 == 0)
      std::printf("frame %d: %.3f %.3f %.3f\n", frame, static_cast<double>(engine.shown[0].f),
                  static_cast<double>(engine.shown[1].f), static_cast<double>(engine.shown[2].f));
  }
}
