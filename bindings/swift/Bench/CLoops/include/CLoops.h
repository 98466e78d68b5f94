/* SPDX-License-Identifier: Apache-2.0
 *
 * What the binding is measured against: the same show, and loops over the same calls, in C. */
#ifndef CLOOPS_H
#define CLOOPS_H
#include <stddef.h>

enum { LOOPS_PARAMS = 4096, LOOPS_PER_LAYER = 512 };

typedef struct loops loops;

/* NULL when it cannot be opened; stderr says why. */
loops* loops_open(const char* folder, const char* runtime_dir);
void loops_close(loops* all);

/* Each does `count` calls and returns how many nanoseconds all of them took together; negative when one failed. */
double loops_overlay_write(loops* all, size_t count);
double loops_value_set(loops* all, size_t count);
double loops_frame_read(loops* all, size_t count);

/* What a host does in between; not measured. */
void loops_compose(loops* all);
#endif
