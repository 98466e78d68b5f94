/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/slot.h - the 32 bits that every value of a frame is made of.
 */
#ifndef RELUME_SLOT_H
#define RELUME_SLOT_H

#include <stdint.h>

/** One lane of a value: float lanes are IEEE 754 bits; bool, int and enum are int32; a count is uint32. Fixed size for ever. */
typedef union relume_slot {
  float f;
  int32_t i;
  uint32_t u;
} relume_slot;

#endif
