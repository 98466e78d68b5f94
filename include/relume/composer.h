/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/composer.h - the composer alone: three tiers of the host's own arrays in, values out. For an engine that has a state model
 * already and wants the precedence, the glide and the settling of a show without a show. CMake target relume::composer, which
 * needs nothing and has the functions of this header only (of relume/base.h the types and macros); librelume has them too. A show
 * glides by the same code.
 *
 * Pure functions. All memory is the host's, nothing is allocated, no clock is read, nothing is kept but what is in the scratch:
 * equal calls give equal bits, on every processor.
 *
 * Blocks. Everything goes in blocks of 64 slots: slot s is bit s % 64 of word s / 64 of a presence mask, element s of an array of
 * values, and belongs to element s / 64 of the definitions and of the scratch. A flat array is contiguous blocks; the last one
 * may be short: of values the composer touches slot_count, of words and blocks (slot_count + 63) / 64. Any alignment that the types
 * ask for will do; 64 bytes is fastest.
 *
 * Tiers. A slot shows its overlay if present, else its committed value, else its base value, else its default. The tiers below
 * step; automation glides:
 *   - an overlay that is new, or that differs from the one of the last call in any bit, glides from the value composed now to its
 *     own, x(t) = x1 + (x0 - x1) * exp(-(t - t0) / smoothing), without a jump, whatever the frame rate;
 *   - an overlay that is gone glides back to the tier below; if that changes meanwhile, it steps there;
 *   - within 1e-4 of the range (of the step where the range is 0) it has arrived, and is then exact;
 *   - slots that are no float step, and so does a glide to or from what is not finite. Stopping such values is the host's part.
 * What a slot shows in its first call (scratch zeroed) it shows at once.
 *
 * Settling. An overlay that has not changed for its settle time, and has arrived, is told of once, by the index of its slot. What
 * becomes of it is the host's: to commit it, write the value to a tier below and take the overlay away, which shows no change.
 */
#ifndef RELUME_COMPOSER_H
#define RELUME_COMPOSER_H

#include <relume/base.h>
#include <relume/slot.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RELUME_COMPOSER_BLOCK 64                            /**< slots of a block */
#define RELUME_COMPOSER_SHORTEST_NS 10000                   /**< a shorter time constant steps: no frame could show it */
#define RELUME_COMPOSER_SETTLE_MAX_NS INT64_C(70368744177664) /**< the longest settle time: 2^46 ns, 19.5 hours */

/** What a slot is. ABI: append only. */
typedef enum relume_composer_kind {
  RELUME_COMPOSER_NONE = 0,    /**< nobody's: shows 0 whatever the tiers say */
  RELUME_COMPOSER_FLOAT = 1,   /**< a lane of a float, vector or color: automation of it glides */
  RELUME_COMPOSER_STEP = 2,    /**< 32 bits that never blend: bool, int, enum, half a time */
  RELUME_COMPOSER_TRIGGER = 3, /**< a count of pulses, wraps: shows base + (overlay if present, else committed), absent ones 0, so
                                    that the base counts one kind of writer and the others count automation. Default 0 */
  RELUME_COMPOSER_KIND_32BIT = 0x7fffffff
} relume_composer_kind;

/** Definition of a slot. */
typedef struct relume_composer_def {
  uint32_t struct_size;
  uint32_t kind;             /**< relume_composer_kind */
  relume_slot default_value; /**< shown where no tier is present */
  uint32_t reserved;
  double range;              /**< largest minus smallest value, for arrival; 0 = unbounded. Floats only */
  int64_t smoothing_ns;      /**< time constant of the glide; under RELUME_COMPOSER_SHORTEST_NS, as in 0, steps. Floats only */
  int64_t settle_ns;         /**< how long an overlay must be unchanged until it settles; 0 = it never does */
} relume_composer_def;
#define RELUME_COMPOSER_DEF_INIT {(uint32_t)sizeof(relume_composer_def), 0, {0}, 0, 0.0, 0, 0}

/** What RELUME_COMPOSER_DEF_INIT does, for callers without macros.
 *  @since 0.4.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_composer_def_init(relume_composer_def *def, size_t struct_size) RELUME_NONBLOCKING;

/** Definitions of a block, written by relume_composer_define alone; all zero: its slots are nobody's. 1,344 bytes, for ever. */
typedef struct relume_composer_defs {
  uint64_t used;     /**< slots that are not RELUME_COMPOSER_NONE */
  uint64_t floats;   /**< slots that glide */
  uint64_t triggers;
  uint64_t settles;  /**< slots with a settle time */
  uint64_t reserved[4];
  relume_slot defaults[RELUME_COMPOSER_BLOCK];
  float rate[RELUME_COMPOSER_BLOCK];    /**< 1 / time constant, in 1/ns; 0 steps */
  float arrival[RELUME_COMPOSER_BLOCK]; /**< within this of its target a glide has arrived; 0: of 1e-4 of its way */
  int64_t settle_ns[RELUME_COMPOSER_BLOCK];
} relume_composer_defs;

/** What the composer has to know of a block from one call to the next, written by it alone. All zero: nothing was composed yet.
 *  A copy is a copy of the composition: it goes on from there. 1,216 bytes, for ever; not to be stored, its meaning may change. */
typedef struct relume_composer_scratch {
  uint64_t known;     /**< slots that were composed */
  uint64_t overlay;   /**< slots with an overlay in the last call */
  uint64_t gliding;   /**< slots that have not arrived */
  uint64_t settled;   /**< overlays that were told of */
  int64_t time_ns;    /**< of the last call */
  int64_t base_tick;  /**< what the 32 bits of a moment are counted from */
  int64_t due_ns;     /**< nothing settles before; 0 = not known */
  uint64_t reserved;
  relume_slot target[RELUME_COMPOSER_BLOCK];
  float from[RELUME_COMPOSER_BLOCK];     /**< a glide's anchor: its value ... */
  uint32_t start[RELUME_COMPOSER_BLOCK]; /**< ... at this moment, in ticks of 65,536 ns */
  uint32_t changed[RELUME_COMPOSER_BLOCK]; /**< when the overlay last changed, in ticks ... */
  uint16_t changed_rest[RELUME_COMPOSER_BLOCK]; /**< ... and the nanoseconds that are left */
} relume_composer_scratch;

/** Defines `count` slots from `first` on, all alike. Where slots that were composed already get other times, call
 *  relume_composer_forget as well: what they glide and wait for was begun under the old ones.
 *  @param defs blocks of `slot_count` slots.
 *  @retval RELUME_E_INVALID a null argument, a struct_size that was not set, a kind that is none, reserved not 0, a negative time or
 *    range, a range, time constant or default that this kind has not.
 *  @retval RELUME_E_LIMIT slots beyond slot_count.
 *  @retval RELUME_E_RANGE a settle time over RELUME_COMPOSER_SETTLE_MAX_NS.
 *  @retval RELUME_E_NOT_FINITE a range or a default that is NaN or infinite, or a range that no float is as wide as.
 *  @retval RELUME_E_VERSION a struct_size larger than this library knows.
 *  On error nothing is written.
 *  @since 0.4.0
 *  Threads: any, one at a time per block. Realtime: wait-free. */
RELUME_API RELUME_MUST_USE relume_result relume_composer_define(relume_composer_defs *defs, size_t slot_count, size_t first,
                                                                size_t count, const relume_composer_def *def,
                                                                relume_error *error) RELUME_NONBLOCKING;

/** What is to be composed. Arrays are read during the call; none may overlap with what is written. */
typedef struct relume_composer_input {
  uint32_t struct_size;
  uint32_t slot_count;               /**< slots of every array */
  int64_t now_ns;                    /**< monotonic; a step backwards, as before 0, counts as no time */
  const relume_composer_defs *defs;
  size_t def_blocks;                 /**< blocks in defs */
  const relume_slot *base;           /**< a tier: NULL is an empty one */
  const uint64_t *base_present;      /**< NULL: present everywhere; else a word for each block */
  const relume_slot *committed;      /**< as base */
  const uint64_t *committed_present;
  const relume_slot *overlay;
  const uint64_t *overlay_present;
  const uint32_t *blocks;            /**< the blocks to compose, NULL for all. What is not composed stays as it is: enough are those
                                          whose tiers changed, and those with a bit in `moving` or `waiting` */
  size_t block_count;                /**< of `blocks` */
} relume_composer_input;
#define RELUME_COMPOSER_INPUT_INIT \
  {(uint32_t)sizeof(relume_composer_input), 0, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0}

/** What RELUME_COMPOSER_INPUT_INIT does, for callers without macros.
 *  @since 0.4.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_composer_input_init(relume_composer_input *input, size_t struct_size) RELUME_NONBLOCKING;

/** Where it goes. Nothing grows: what has no room is said. */
typedef struct relume_composer_output {
  uint32_t struct_size;
  uint32_t value_capacity;   /**< slots in values */
  relume_slot *values;
  uint64_t *moving;          /**< NULL, or a word for each block: slots that are gliding */
  uint64_t *waiting;         /**< NULL, or a word for each block: overlays that have yet to settle */
  uint32_t *settled;         /**< room for indices of slots; NULL: nothing settles in this call */
  uint32_t settled_capacity; /**< indices in settled */
  uint32_t settled_count;    /**< out: how many settled now, in the order of the blocks */
  uint32_t settled_left;     /**< out: how many found no room; they are told of by the next call that composes their block */
  uint32_t moving_count;     /**< out: slots that are gliding, in the blocks of this call */
} relume_composer_output;
#define RELUME_COMPOSER_OUTPUT_INIT {(uint32_t)sizeof(relume_composer_output), 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0}

/** What RELUME_COMPOSER_OUTPUT_INIT does, for callers without macros.
 *  @since 0.4.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_composer_output_init(relume_composer_output *output, size_t struct_size) RELUME_NONBLOCKING;

/** Composes the values of one moment.
 *  @param scratch its blocks; those of this call are changed.
 *  @param scratch_blocks how many there are.
 *  @param output counts are written on success; values, masks and indices of the blocks of this call.
 *  @retval RELUME_E_INVALID a null argument, a struct_size that was not set, a block in `blocks` that there is not, a capacity of
 *    NULL.
 *  @retval RELUME_E_LIMIT fewer definitions, scratch or values than slot_count asks for.
 *  @retval RELUME_E_VERSION a struct_size larger than this library knows.
 *  On error nothing is written.
 *  @since 0.4.0
 *  Threads: any, one at a time per block of scratch; calls on distinct blocks may share everything else. Realtime: wait-free. */
RELUME_API RELUME_MUST_USE relume_result relume_composer_run(const relume_composer_input *input, relume_composer_scratch *scratch,
                                                             size_t scratch_blocks, relume_composer_output *output,
                                                             relume_error *error) RELUME_NONBLOCKING;

/** Makes `count` slots from `first` on such as were never composed: the next call shows them at once. For slots that became
 *  somebody else's.
 *  @retval RELUME_E_INVALID scratch is NULL.
 *  @retval RELUME_E_LIMIT slots beyond scratch_blocks.
 *  @since 0.4.0
 *  Threads: any, one at a time per block of scratch. Realtime: wait-free. */
RELUME_API RELUME_MUST_USE relume_result relume_composer_forget(relume_composer_scratch *scratch, size_t scratch_blocks,
                                                                size_t first, size_t count,
                                                                relume_error *error) RELUME_NONBLOCKING;

#ifdef __cplusplus
}
#endif
#endif
