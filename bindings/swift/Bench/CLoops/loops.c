/* SPDX-License-Identifier: Apache-2.0 */
#include "CLoops.h"

#include <relume/relume.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct loops {
  relume_show* show;
  relume_source* source;
  relume_reader* reader;
  relume_param params[LOOPS_PARAMS];
  int64_t now;
  size_t next;
  float value;
  volatile float sink; /* what was read is used */
};

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static relume_result declare(relume_schema* schema, relume_error* error) {
  static char keys[LOOPS_PER_LAYER][16];
  static relume_param_def params[LOOPS_PER_LAYER];
  for (size_t i = 0; i < LOOPS_PER_LAYER; ++i) {
    snprintf(keys[i], sizeof keys[i], "p%zu", i);
    relume_param_def_init(&params[i], sizeof params[i]);
    params[i].key = keys[i];
    params[i].type = RELUME_FLOAT;
    params[i].max = 1.0;
    params[i].smoothing_ns = 100000000000;
  }
  relume_layer_type_def type = RELUME_LAYER_TYPE_DEF_INIT;
  type.key = "fixture";
  type.params = params;
  type.param_count = LOOPS_PER_LAYER;
  relume_result result = relume_schema_add_type(schema, &type, error);
  for (size_t i = 0; result == RELUME_OK && i < LOOPS_PARAMS / LOOPS_PER_LAYER; ++i) {
    char key[16];
    snprintf(key, sizeof key, "l%zu", i);
    result = relume_schema_add_layer(schema, key, "fixture", error);
  }
  return result;
}

static relume_result open_show(loops* all, const char* folder, const char* runtime_dir, relume_error* error) {
  relume_schema* schema = NULL;
  relume_result result = relume_schema_create(&schema, error);
  if (result == RELUME_OK) result = declare(schema, error);
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.flags = RELUME_SHOW_NO_THREADS;
  options.folder = folder;
  options.runtime_dir = runtime_dir;
  if (result == RELUME_OK) result = relume_show_open(schema, &options, &all->show, error);
  relume_schema_destroy(schema);
  if (result == RELUME_OK) result = relume_source_open(all->show, NULL, &all->source, error);
  if (result == RELUME_OK) result = relume_reader_open(all->show, &all->reader, error);
  for (size_t i = 0; result == RELUME_OK && i < LOOPS_PARAMS; ++i) {
    char route[32];
    snprintf(route, sizeof route, "l%zu/p%zu", i / LOOPS_PER_LAYER, i % LOOPS_PER_LAYER);
    result = relume_param_find(all->show, route, &all->params[i], error);
  }
  return result;
}

loops* loops_open(const char* folder, const char* runtime_dir) {
  relume_error error = RELUME_ERROR_INIT;
  loops* all = calloc(1, sizeof *all);
  if (all != NULL && open_show(all, folder, runtime_dir, &error) == RELUME_OK) return all;
  fprintf(stderr, "relume-swift-bench: %s: %s\n", error.culprit, error.message);
  loops_close(all);
  return NULL;
}

void loops_close(loops* all) {
  if (all == NULL) return;
  relume_show_close(all->show, NULL); /* its reader and source end with it */
  free(all);
}

void loops_compose(loops* all) {
  all->now += 22727272;
  relume_compose(all->show, all->now);
}

static relume_param next_param(loops* all) { return all->params[all->next++ & (LOOPS_PARAMS - 1)]; }

/* Another value than the parameter has: no call is the cheap one that changes nothing. */
static float next_value(loops* all) {
  all->value += 0.37F;
  if (all->value > 1.0F) all->value -= 1.0F;
  return all->value;
}

double loops_overlay_write(loops* all, size_t count) {
  const double begin = nanoseconds();
  int failed = 0;
  for (size_t i = 0; i < count; ++i) {
    const relume_value value = {.type = RELUME_FLOAT, .as = {.f = {next_value(all)}}};
    failed |= relume_overlay_write(all->source, next_param(all), &value, all->now);
  }
  const double took = nanoseconds() - begin;
  return failed != 0 ? -1 : took;
}

double loops_value_set(loops* all, size_t count) {
  const double begin = nanoseconds();
  int failed = 0;
  for (size_t i = 0; i < count; ++i) {
    const relume_value value = {.type = RELUME_FLOAT, .as = {.f = {next_value(all)}}};
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    relume_error error = RELUME_ERROR_INIT;
    failed |= relume_value_set(all->show, next_param(all), &value, &outcome, &error);
    failed |= outcome.state != RELUME_STATE_CHANGED;
  }
  const double took = nanoseconds() - begin;
  return failed != 0 ? -1 : took;
}

double loops_frame_read(loops* all, size_t count) {
  const relume_frame* frame = relume_reader_acquire(all->reader);
  const double begin = nanoseconds();
  int failed = 0;
  float sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const relume_slot* slot = relume_frame_at(frame, next_param(all));
    if (slot == NULL)
      failed = 1;
    else
      sum += slot->f;
  }
  const double took = nanoseconds() - begin;
  all->sink = sum;
  return failed != 0 ? -1 : took;
}
