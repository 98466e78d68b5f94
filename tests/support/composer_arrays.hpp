// SPDX-License-Identifier: Apache-2.0
// An engine's own arrays around relume_composer_run, as a test or a benchmark needs them.
#pragma once

#include <relume/composer.h>

#include <cstdint>
#include <vector>

namespace relume::test {

/// How a slot is defined, short.
inline relume_composer_def composer_def(std::uint32_t kind, double range = 0, std::int64_t smoothing_ns = 0,
                                        std::int64_t settle_ns = 0) {
  relume_composer_def def = RELUME_COMPOSER_DEF_INIT;
  def.kind = kind;
  def.range = range;
  def.smoothing_ns = smoothing_ns;
  def.settle_ns = settle_ns;
  return def;
}

struct ComposerArrays {
  explicit ComposerArrays(std::uint32_t count)
      : slots(count),
        blocks((count + RELUME_COMPOSER_BLOCK - 1) / RELUME_COMPOSER_BLOCK),
        defs(blocks),
        scratch(blocks),
        base(count),
        committed(count),
        overlay(count),
        values(count),
        base_present(blocks),
        committed_present(blocks),
        overlay_present(blocks),
        moving(blocks),
        waiting(blocks),
        settled(count) {}

  bool define(std::size_t first, std::size_t count, const relume_composer_def& def) {
    return relume_composer_define(defs.data(), slots, first, count, &def, nullptr) == RELUME_OK;
  }

  static void mark(std::vector<std::uint64_t>& present, std::size_t slot, bool on) {
    const std::uint64_t bit = std::uint64_t{1} << (slot % RELUME_COMPOSER_BLOCK);
    std::uint64_t& word = present[slot / RELUME_COMPOSER_BLOCK];
    word = on ? word | bit : word & ~bit;
  }
  static bool has(const std::vector<std::uint64_t>& present, std::size_t slot) {
    return (present[slot / RELUME_COMPOSER_BLOCK] >> (slot % RELUME_COMPOSER_BLOCK) & 1U) != 0;
  }
  void automate(std::size_t slot, float value) {
    overlay[slot].f = value;
    mark(overlay_present, slot, true);
  }
  void release(std::size_t slot) { mark(overlay_present, slot, false); }

  relume_composer_input input(std::int64_t now) const {
    relume_composer_input in = RELUME_COMPOSER_INPUT_INIT;
    in.slot_count = slots;
    in.now_ns = now;
    in.defs = defs.data();
    in.def_blocks = blocks;
    in.base = base.data();
    in.base_present = base_present.data();
    in.committed = committed.data();
    in.committed_present = committed_present.data();
    in.overlay = overlay.data();
    in.overlay_present = overlay_present.data();
    return in;
  }
  relume_composer_output output() {
    relume_composer_output out = RELUME_COMPOSER_OUTPUT_INIT;
    out.value_capacity = slots;
    out.values = values.data();
    out.moving = moving.data();
    out.waiting = waiting.data();
    out.settled = settled.data();
    out.settled_capacity = slots;
    return out;
  }
  relume_result run(std::int64_t now) {
    const relume_composer_input in = input(now);
    told = output();
    return relume_composer_run(&in, scratch.data(), blocks, &told, nullptr);
  }

  /// The indices that the last run told of.
  std::vector<std::uint32_t> settled_slots() const { return {settled.begin(), settled.begin() + told.settled_count}; }

  std::uint32_t slots;
  std::size_t blocks;
  std::vector<relume_composer_defs> defs;
  std::vector<relume_composer_scratch> scratch;
  std::vector<relume_slot> base, committed, overlay, values;
  std::vector<std::uint64_t> base_present, committed_present, overlay_present, moving, waiting;
  std::vector<std::uint32_t> settled;
  relume_composer_output told{};  // by the last run
};

}  // namespace relume::test
