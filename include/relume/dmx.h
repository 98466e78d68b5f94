/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/dmx.h - from the floats of a frame to the bytes of a DMX universe. Pure functions: no show, no handle, no memory of
 * the last call.
 *
 * A value x is clamped to 0..1 and becomes floor(255 x + 0.5) in a channel of 8 bits, floor(65,535 x + 0.5) in a pair of
 * channels, coarse before fine. Products and rounding are in double, so that every machine comes to the same byte. NaN counts
 * as 0. What is inverted is inverted after that: a value that is not there leaves an inverted channel at full.
 *
 * Dithering shows values between two steps in time: in place of 0.5 a threshold is added that is another one in each tick, and
 * the mean over any 2^k ticks in a row differs from the value by less than 1/2^k of a step, k up to 16 (8 for 16 bits, which
 * with their 16 come to the 24 bits that a float has). A value that stands for a whole step rests on it. The threshold is the
 * tick with its bits in reverse order (van der Corput, Verteilungsfunktionen, Proc. Akad. Amsterdam 38, 1935), which is what
 * ordered dither is along one axis (Bayer, An optimum method for two-level rendition of continuous-tone pictures, ICC 1973);
 * each channel begins elsewhere in it, so that neighbours do not step together. It is for receivers that follow each packet:
 * lamps and LED drivers that glide by themselves gain nothing.
 */
#ifndef RELUME_DMX_H
#define RELUME_DMX_H

#include <relume/base.h>
#include <relume/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RELUME_DMX_CHANNELS 512 /**< channels of a universe */

#define RELUME_DMX_NO_SLOT 4294967295 /**< in relume_dmx_patch: there is no such slot in the frame */

/** Bits: how a value becomes channels. */
typedef enum relume_dmx_flags {
  RELUME_DMX_FINE = 1, /**< two channels for each value: coarse, fine */
  RELUME_DMX_INVERT = 2, /**< 1 - x */
  RELUME_DMX_DITHER = 4,
  RELUME_DMX_FLAGS_32BIT = 0x7fffffff
} relume_dmx_flags;

/** Packs `count` values into channels that follow each other.
 *  @param values value i is values[i * stride]: 1 for an array, 4 for one lane of an array of colours.
 *  @param flags relume_dmx_flags.
 *  @param tick rises by one with each packet that is sent; only looked at with RELUME_DMX_DITHER. (The number of a frame is none:
 *         it rests while nothing changes.)
 *  @param channels, channel_count room for `count` bytes, twice as many with RELUME_DMX_FINE. What is beyond stays as it is.
 *  @retval RELUME_E_INVALID a null argument (with a count of 0 both may be NULL), an unknown flag.
 *  @retval RELUME_E_RANGE more channels than there is room for; nothing is written.
 *  @since 0.4.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API relume_result relume_dmx_pack(const float *values, size_t stride, size_t count, uint32_t flags, uint32_t tick,
                                         uint8_t *channels, size_t channel_count) RELUME_NONBLOCKING;

/** One line of a patch: lanes of a parameter that go to channels, and how often. Equal fixtures side by side take one line for each
 *  run of lanes that they have in the order of the frame: a colour to "rgb" tubes one of 3 lanes, to "grb" tubes three of one.
 *  Fixed size for ever: arrays of it cross the border. */
typedef struct relume_dmx_patch {
  uint32_t slot;     /**< the first value's place in the frame (relume_frame_param.slot); RELUME_DMX_NO_SLOT: all values are 0 */
  uint32_t level;    /**< place of a float that they are multiplied by; RELUME_DMX_NO_SLOT: none */
  uint16_t lanes;    /**< values, in slots that follow each other; they must be floats */
  uint16_t channel;  /**< the first channel, from 0 */
  uint16_t fixtures; /**< how often the same values are written; 0 = once */
  uint16_t stride;   /**< channels from one fixture to the next; not looked at for one fixture */
  uint32_t flags;    /**< relume_dmx_flags */
  uint32_t reserved;
} relume_dmx_patch;

/** Packs a whole universe: every line of its patch. Channels that are not patched stay as they are; where lines overlap, the later
 *  one holds.
 *  @param slots, slot_count of a frame.
 *  @param master multiplies every value, as the line's level does: clamp(x * level * master).
 *  @param tick as for relume_dmx_pack.
 *  @param channels, channel_count most often RELUME_DMX_CHANNELS; the DMX address 1 is channels[0].
 *  @param out_culprit optional; index of the line to blame.
 *  @retval RELUME_E_INVALID a null argument, an unknown flag, a line whose `reserved` is not 0 or whose fixtures overlap.
 *  @retval RELUME_E_RANGE a line reaches beyond the slots or the channels. On error nothing is written.
 *  @since 0.4.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API relume_result relume_dmx_pack_universe(const relume_dmx_patch *patch, size_t count, const relume_slot *slots,
                                                  size_t slot_count, double master, uint32_t tick, uint8_t *channels,
                                                  size_t channel_count, size_t *out_culprit) RELUME_NONBLOCKING;

#ifdef __cplusplus
}
#endif
#endif
