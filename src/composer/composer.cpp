// SPDX-License-Identifier: Apache-2.0
#include <relume/composer.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "composer/block.hpp"
#include "composer/glide.hpp"
#include "composer/rebase.hpp"

static_assert(sizeof(relume_composer_defs) == 1344 && sizeof(relume_composer_scratch) == 1216);
static_assert(RELUME_COMPOSER_SHORTEST_NS == relume::composer::kShortest);
static_assert(RELUME_COMPOSER_SETTLE_MAX_NS == std::int64_t{relume::composer::kOldest} << relume::composer::kTickBits);

namespace {

using namespace relume::composer;

// --- arguments ---

struct Fault {
  relume_result code = RELUME_OK;
  const char* culprit = "";
  const char* message = "";
  explicit operator bool() const noexcept { return code != RELUME_OK; }
};

void put(char* out, std::size_t size, const char* text) noexcept {
  const std::size_t length = std::strlen(text);
  std::memcpy(out, text, length < size ? length : size - 1);
}

relume_result report(const Fault& fault, relume_error* error) noexcept {
  if (!fault || error == nullptr) return fault.code;
  relume_error full = RELUME_ERROR_INIT;
  full.struct_size = error->struct_size;
  full.code = fault.code;
  put(full.culprit, sizeof full.culprit, fault.culprit);
  put(full.message, sizeof full.message, fault.message);
  std::memcpy(error, &full, error->struct_size < sizeof full ? error->struct_size : sizeof full);
  return fault.code;
}

Fault null_argument(const char* what) noexcept { return {RELUME_E_INVALID, what, "is NULL and must not be"}; }

/// Takes a sized struct of the caller: a smaller one (an older host) is filled up with zeros, a larger one is refused.
template <class T>
Fault take(const T* from, T& out, const char* what) noexcept {
  std::uint32_t size = 0;
  std::memcpy(&size, from, sizeof size);
  if (size > sizeof(T))
    return {RELUME_E_VERSION, what, "its struct_size is larger than this library knows: update the library"};
  if (size < 2 * sizeof size)
    return {RELUME_E_INVALID, what, "its struct_size is not set: start it with its _INIT macro"};
  out = T{};
  std::memcpy(&out, from, size);
  return {};
}

template <class T>
void init(T* out, std::size_t size, const T& full) noexcept {
  if (out == nullptr) return;
  T copy = full;
  copy.struct_size = static_cast<std::uint32_t>(size);
  std::memcpy(out, &copy, size < sizeof copy ? size : sizeof copy);
}

std::size_t blocks_of(std::size_t slots) noexcept { return slots / kBlock + (slots % kBlock != 0 ? 1 : 0); }

Fault check_range(std::size_t first, std::size_t count, std::size_t slots) noexcept {
  if (first <= slots && count <= slots - first) return {};
  return {RELUME_E_LIMIT, "count", "there are not so many slots from `first` on"};
}

// --- definitions ---

Fault check_def(const relume_composer_def& def) noexcept {
  const bool is_float = def.kind == RELUME_COMPOSER_FLOAT;
  if (def.kind > RELUME_COMPOSER_TRIGGER) return {RELUME_E_INVALID, "kind", "is no relume_composer_kind"};
  if (def.reserved != 0) return {RELUME_E_INVALID, "reserved", "must be 0"};
  if (def.smoothing_ns < 0) return {RELUME_E_INVALID, "smoothing_ns", "is negative; 0 steps"};
  if (def.settle_ns < 0) return {RELUME_E_INVALID, "settle_ns", "is negative; 0 never settles"};
  if (def.settle_ns > RELUME_COMPOSER_SETTLE_MAX_NS)
    return {RELUME_E_RANGE, "settle_ns", "is over RELUME_COMPOSER_SETTLE_MAX_NS; 0 never settles"};
  if (!is_float && (def.range != 0.0 || def.smoothing_ns != 0))
    return {RELUME_E_INVALID, def.range != 0.0 ? "range" : "smoothing_ns",
            "only RELUME_COMPOSER_FLOAT glides; leave it 0"};
  if ((def.kind == RELUME_COMPOSER_TRIGGER || def.kind == RELUME_COMPOSER_NONE) && def.default_value.u != 0)
    return {RELUME_E_INVALID, "default_value", "a trigger, and what is nobody's, begins at 0"};
  if (is_float && !std::isfinite(def.default_value.f)) return {RELUME_E_NOT_FINITE, "default_value", "is not finite"};
  if (!std::isfinite(static_cast<float>(def.range)))
    return {RELUME_E_NOT_FINITE, "range", "is not finite, or wider than a float"};
  if (def.range < 0.0) return {RELUME_E_INVALID, "range", "is negative; 0 is unbounded"};
  return {};
}

void assign(Mask& mask, Mask bit, bool on) noexcept { mask = on ? mask | bit : mask & ~bit; }

void write_def(relume_composer_defs& block, std::size_t lane, const relume_composer_def& def) noexcept {
  const Mask bit = Mask{1} << lane;
  assign(block.used, bit, def.kind != RELUME_COMPOSER_NONE);
  assign(block.floats, bit, def.kind == RELUME_COMPOSER_FLOAT);
  assign(block.triggers, bit, def.kind == RELUME_COMPOSER_TRIGGER);
  assign(block.settles, bit, def.settle_ns != 0 && def.kind != RELUME_COMPOSER_NONE);
  block.defaults[lane] = def.default_value;
  block.rate[lane] = rate_of(def.smoothing_ns);
  block.arrival[lane] = static_cast<float>(static_cast<double>(kArrival) * def.range);
  block.settle_ns[lane] = def.settle_ns;
}

// --- one call ---

struct Run {
  const relume_composer_input& in;
  relume_composer_scratch* scratch;
  relume_composer_output& out;
};

Fault check_run(const relume_composer_input& in, const void* scratch, std::size_t scratch_blocks,
                const relume_composer_output& out) noexcept {
  if (in.defs == nullptr) return null_argument("input.defs");
  if (scratch == nullptr) return null_argument("scratch");
  if (out.values == nullptr) return null_argument("output.values");
  if (out.settled == nullptr && out.settled_capacity != 0) return null_argument("output.settled");
  if (in.blocks == nullptr && in.block_count != 0) return null_argument("input.blocks");
  const std::size_t blocks = blocks_of(in.slot_count);
  if (in.def_blocks < blocks)
    return {RELUME_E_LIMIT, "input.def_blocks", "slot_count asks for a block of definitions for each 64 slots"};
  if (scratch_blocks < blocks)
    return {RELUME_E_LIMIT, "scratch_blocks", "slot_count asks for a block of scratch for each 64 slots"};
  if (out.value_capacity < in.slot_count)
    return {RELUME_E_LIMIT, "output.value_capacity", "is smaller than slot_count"};
  for (std::size_t i = 0; i < in.block_count; ++i) {
    if (in.blocks[i] >= blocks) return {RELUME_E_INVALID, "input.blocks", "names a block that slot_count has not"};
  }
  return {};
}

Tier tier_of(const relume_slot* values, const std::uint64_t* present, std::size_t block, Mask there) noexcept {
  if (values == nullptr) return {nullptr, 0};
  return {values + block * kBlock, (present != nullptr ? present[block] : kAll) & there};
}

void compose_whole(const Run& run, std::size_t block, const Moment& now) noexcept {
  const relume_composer_input& in = run.in;
  const Block blocks{in.defs + block, tier_of(in.base, in.base_present, block, kAll),
                     tier_of(in.committed, in.committed_present, block, kAll),
                     tier_of(in.overlay, in.overlay_present, block, kAll)};
  compose_block(blocks, now, run.scratch[block], run.out.values + block * kBlock);
}

// The last block, where it is short: what lies beyond is neither read nor written.
void compose_short(const Run& run, std::size_t block, std::size_t count, const Moment& now) noexcept {
  const relume_composer_input& in = run.in;
  const Mask there = (Mask{1} << count) - 1;
  relume_slot room[3][kBlock] = {};
  const auto copied = [&](const relume_slot* values, const std::uint64_t* present, relume_slot* to) noexcept -> Tier {
    const Tier tier = tier_of(values, present, block, there);
    if (tier.values != nullptr) std::memcpy(to, tier.values, count * sizeof *to);
    return {to, tier.present};
  };
  const Block blocks{in.defs + block, copied(in.base, in.base_present, room[0]),
                     copied(in.committed, in.committed_present, room[1]),
                     copied(in.overlay, in.overlay_present, room[2])};
  relume_slot values[kBlock];
  compose_block(blocks, now, run.scratch[block], values);
  std::memcpy(run.out.values + block * kBlock, values, count * sizeof *values);
}

// Tells of the overlays of a block that have settled by now.
void settle(const Run& run, std::size_t block, std::int64_t now) noexcept {
  const relume_composer_defs& defs = run.in.defs[block];
  relume_composer_scratch& s = run.scratch[block];
  const Mask candidates = s.overlay & defs.settles & ~s.settled & ~s.gliding;
  if (run.out.settled == nullptr || candidates == 0 || now < s.due_ns) return;
  std::int64_t due = INT64_MAX;
  for (Mask left = candidates; left != 0; left &= left - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(left));
    const std::int64_t unchanged = now - changed_ns(s, lane);
    const std::int64_t missing = defs.settle_ns[lane] - unchanged;
    if (missing > 0) {
      due = missing < due - now ? now + missing : due;  // in this order nothing is beyond the end of time
    } else if (run.out.settled_count < run.out.settled_capacity) {
      run.out.settled[run.out.settled_count++] = static_cast<std::uint32_t>(block * kBlock + lane);
      s.settled |= Mask{1} << lane;
    } else {
      ++run.out.settled_left;
      due = 0;
    }
  }
  s.due_ns = due;
}

void run_block(const Run& run, std::size_t block) noexcept {
  relume_composer_scratch& s = run.scratch[block];
  const std::int64_t now = run.in.now_ns > s.time_ns ? run.in.now_ns : s.time_ns;
  if (too_old(s, now)) rebase(s, run.in.defs[block], now);
  const std::size_t count = run.in.slot_count - block * kBlock;
  if (count < kBlock) {
    compose_short(run, block, count, Moment::of(now));
  } else {
    compose_whole(run, block, Moment::of(now));
  }
  s.time_ns = now;
  settle(run, block, now);
  if (run.out.moving != nullptr) run.out.moving[block] = s.gliding;
  if (run.out.waiting != nullptr) run.out.waiting[block] = s.overlay & run.in.defs[block].settles & ~s.settled;
  run.out.moving_count += static_cast<std::uint32_t>(std::popcount(s.gliding));
}

}  // namespace

extern "C" {

void relume_composer_def_init(relume_composer_def* def, size_t struct_size) RELUME_NONBLOCKING {
  init(def, struct_size, relume_composer_def RELUME_COMPOSER_DEF_INIT);
}
void relume_composer_input_init(relume_composer_input* input, size_t struct_size) RELUME_NONBLOCKING {
  init(input, struct_size, relume_composer_input RELUME_COMPOSER_INPUT_INIT);
}
void relume_composer_output_init(relume_composer_output* output, size_t struct_size) RELUME_NONBLOCKING {
  init(output, struct_size, relume_composer_output RELUME_COMPOSER_OUTPUT_INIT);
}

relume_result relume_composer_define(relume_composer_defs* defs, size_t slot_count, size_t first, size_t count,
                                     const relume_composer_def* def, relume_error* error) RELUME_NONBLOCKING {
  if (defs == nullptr) return report(null_argument("defs"), error);
  if (def == nullptr) return report(null_argument("def"), error);
  relume_composer_def full;
  if (const Fault fault = take(def, full, "relume_composer_def")) return report(fault, error);
  if (const Fault fault = check_def(full)) return report(fault, error);
  if (const Fault fault = check_range(first, count, slot_count)) return report(fault, error);
  for (std::size_t slot = first; slot < first + count; ++slot) write_def(defs[slot / kBlock], slot % kBlock, full);
  return RELUME_OK;
}

relume_result relume_composer_run(const relume_composer_input* input, relume_composer_scratch* scratch,
                                  size_t scratch_blocks, relume_composer_output* output,
                                  relume_error* error) RELUME_NONBLOCKING {
  if (input == nullptr) return report(null_argument("input"), error);
  if (output == nullptr) return report(null_argument("output"), error);
  relume_composer_input in;
  relume_composer_output out;
  if (const Fault fault = take(input, in, "relume_composer_input")) return report(fault, error);
  if (const Fault fault = take(output, out, "relume_composer_output")) return report(fault, error);
  if (const Fault fault = check_run(in, scratch, scratch_blocks, out)) return report(fault, error);
  out.settled_count = out.settled_left = out.moving_count = 0;
  const Run run{in, scratch, out};
  const std::size_t count = in.blocks != nullptr ? in.block_count : blocks_of(in.slot_count);
  for (std::size_t i = 0; i < count; ++i) run_block(run, in.blocks != nullptr ? in.blocks[i] : i);
  std::memcpy(output, &out, out.struct_size);
  return RELUME_OK;
}

relume_result relume_composer_forget(relume_composer_scratch* scratch, size_t scratch_blocks, size_t first,
                                     size_t count, relume_error* error) RELUME_NONBLOCKING {
  if (scratch == nullptr) return report(null_argument("scratch"), error);
  if (const Fault fault = check_range(first, count, scratch_blocks * kBlock)) return report(fault, error);
  for (std::size_t slot = first; slot < first + count; ++slot) {
    const Mask others = ~(Mask{1} << slot % kBlock);
    relume_composer_scratch& s = scratch[slot / kBlock];
    s.known &= others;
    s.overlay &= others;
    s.gliding &= others;
    s.settled &= others;
  }
  return RELUME_OK;
}

}  // extern "C"
