/* SPDX-License-Identifier: Apache-2.0
 * The C API from plain C11: the story of a show, and every error code that the border can answer. */
#include <math.h>
#include <relume/relume.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;
#define EXPECT(condition)                                             \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                     \
    }                                                                 \
  } while (0)

static const char* const modes[] = {"off", "slow", "fast"};

static relume_schema* make_schema(void) {
  relume_param_def params[3];
  for (int i = 0; i < 3; ++i) relume_param_def_init(&params[i], sizeof params[i]);
  params[0].key = "level";
  params[0].type = RELUME_FLOAT;
  params[0].max = 1.0;
  params[1].key = "mode";
  params[1].type = RELUME_ENUM;
  params[1].labels = modes;
  params[1].label_count = 3;
  params[2].key = "color";
  params[2].type = RELUME_COLOR;
  relume_layer_type_def type = RELUME_LAYER_TYPE_DEF_INIT;
  type.key = "fixture";
  type.params = params;
  type.param_count = 3;
  relume_schema* schema = NULL;
  relume_error error = RELUME_ERROR_INIT;
  EXPECT(relume_schema_create(&schema, &error) == RELUME_OK);
  EXPECT(relume_schema_add_type(schema, &type, &error) == RELUME_OK);
  EXPECT(relume_schema_add_layer(schema, "wash", "fixture", &error) == RELUME_OK);
  return schema;
}

static relume_show_options quiet(void) {
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.flags = RELUME_SHOW_NO_THREADS;
  return options;
}

/* The definition is wrong in one way; the answer and the culprit are as documented. */
static void refuse_type(relume_param_def param, const char* key, size_t count, relume_result expected,
                        const char* culprit) {
  relume_schema* schema = make_schema();
  relume_error error = RELUME_ERROR_INIT;
  relume_param_def params[2] = {param, param};
  relume_layer_type_def type = RELUME_LAYER_TYPE_DEF_INIT;
  type.key = key;
  type.params = params;
  type.param_count = count;
  const relume_result result = relume_schema_add_type(schema, &type, &error);
  EXPECT(result == expected);
  EXPECT(error.code == expected);
  EXPECT(strcmp(error.culprit, culprit) == 0);
  EXPECT(expected == RELUME_OK || strlen(error.message) > 10);
  if (result != expected) fprintf(stderr, "  %s: %s\n", error.culprit, error.message);
  relume_schema_destroy(schema);
}

static void test_schema_errors(void) {
  relume_param_def good = RELUME_PARAM_DEF_INIT;
  good.key = "x";
  good.type = RELUME_FLOAT;
  relume_param_def bad = good;
  refuse_type(good, "Bad Key", 1, RELUME_E_INVALID, "Bad Key");
  refuse_type(good, NULL, 1, RELUME_E_INVALID, "");
  refuse_type(good, "fixture", 1, RELUME_E_EXISTS, "fixture");
  refuse_type(good, "t", 2, RELUME_E_EXISTS, "x");
  refuse_type(good, "t", 0, RELUME_E_INVALID, "t");
  bad.key = "relume";
  refuse_type(bad, "t", 1, RELUME_E_INVALID, "relume");
  bad = good, bad.type = 77;
  refuse_type(bad, "t", 1, RELUME_E_TYPE, "x");
  bad = good, bad.min = NAN, bad.max = 1;
  refuse_type(bad, "t", 1, RELUME_E_NOT_FINITE, "x");
  bad = good, bad.min = 2, bad.max = 1;
  refuse_type(bad, "t", 1, RELUME_E_INVALID, "x");
  bad = good, bad.max = 1, bad.default_value = relume_value_float(2);
  refuse_type(bad, "t", 1, RELUME_E_RANGE, "x");
  bad = good, bad.flags = RELUME_PARAM_CLAMP, bad.max = 1, bad.default_value = relume_value_float(2);
  refuse_type(bad, "t", 1, RELUME_E_RANGE, "x");
  bad = good, bad.default_value = relume_value_int(2);
  refuse_type(bad, "t", 1, RELUME_E_TYPE, "x");
  bad = good, bad.smoothing_ns = -1;
  refuse_type(bad, "t", 1, RELUME_E_INVALID, "x");
  bad = good, bad.type = RELUME_BOOL, bad.smoothing_ns = 1;
  refuse_type(bad, "t", 1, RELUME_E_INVALID, "x");
  bad = good, bad.type = RELUME_BOOL, bad.max = 1;
  refuse_type(bad, "t", 1, RELUME_E_INVALID, "x");
  bad = good, bad.type = RELUME_ENUM;
  refuse_type(bad, "t", 1, RELUME_E_INVALID, "x");
  bad = good, bad.labels = modes, bad.label_count = 3;
  refuse_type(bad, "t", 1, RELUME_E_INVALID, "x");
  bad = good, bad.flags = 64;
  refuse_type(bad, "t", 1, RELUME_E_INVALID, "x");
  bad = good, bad.struct_size += 8;
  refuse_type(bad, "t", 1, RELUME_E_VERSION, "t");
  bad = good, bad.struct_size = 0;
  refuse_type(bad, "t", 1, RELUME_E_INVALID, "t");

  bad = good, bad.type = RELUME_INT, bad.min = 0.5, bad.max = 2;
  refuse_type(bad, "t", 1, RELUME_E_INVALID, "x");
  bad = good, bad.type = RELUME_INT, bad.min = -2147483648.0, bad.max = 2147483647.0;
  refuse_type(bad, "t", 1, RELUME_OK, "");

  relume_schema* schema = make_schema();
  relume_layer_type_def endless = RELUME_LAYER_TYPE_DEF_INIT;
  endless.key = "endless";
  endless.params = &good;
  endless.param_count = SIZE_MAX / 8;
  EXPECT(relume_schema_add_type(schema, &endless, NULL) == RELUME_E_INVALID);
  EXPECT(relume_schema_create(NULL, NULL) == RELUME_E_INVALID);
  EXPECT(relume_schema_add_type(NULL, NULL, NULL) == RELUME_E_INVALID);
  EXPECT(relume_schema_add_layer(schema, "wash", "fixture", NULL) == RELUME_E_EXISTS);
  EXPECT(relume_schema_add_layer(schema, "x", "nothing", NULL) == RELUME_E_UNKNOWN_TYPE);
  EXPECT(relume_schema_add_layer(schema, "X", "fixture", NULL) == RELUME_E_INVALID);
  enum { kMany = 16385 };
  relume_param_def* many = calloc(kMany, sizeof *many);
  char(*keys)[16] = calloc(kMany, sizeof *keys);
  for (int i = 0; i < kMany; ++i) {
    snprintf(keys[i], sizeof keys[i], "p%d", i);
    many[i] = (relume_param_def)RELUME_PARAM_DEF_INIT;
    many[i].type = RELUME_VEC4;
    many[i].key = keys[i];
  }
  relume_layer_type_def type = RELUME_LAYER_TYPE_DEF_INIT;
  type.key = "many";
  type.params = many;
  type.param_count = kMany;
  EXPECT(relume_schema_add_type(schema, &type, NULL) == RELUME_E_LIMIT);
  type.param_count = kMany - 1;
  EXPECT(relume_schema_add_type(schema, &type, NULL) == RELUME_OK);
  free(many);
  free(keys);
  relume_schema_destroy(schema);
  relume_schema_destroy(NULL);
}

static relume_result open_result(relume_show_options options) {
  relume_schema* schema = make_schema();
  relume_show* show = NULL;
  const relume_result result = relume_show_open(schema, &options, &show, NULL);
  EXPECT((result == RELUME_OK) == (show != NULL));
  EXPECT(relume_show_close(show, NULL) == RELUME_OK);
  relume_schema_destroy(schema);
  return result;
}

static void test_open_errors(void) {
  relume_show_options options = quiet();
  EXPECT(open_result(options) == RELUME_OK);
  options = quiet(), options.max_slots = 16777217;
  EXPECT(open_result(options) == RELUME_E_INVALID);
  options = quiet(), options.max_layers = 65537;
  EXPECT(open_result(options) == RELUME_E_INVALID);
  options = quiet(), options.max_readers = 65;
  EXPECT(open_result(options) == RELUME_E_INVALID);
  options = quiet(), options.max_retained = 257;
  EXPECT(open_result(options) == RELUME_E_INVALID);
  options = quiet(), options.max_sources = 257;
  EXPECT(open_result(options) == RELUME_E_INVALID);
  options = quiet(), options.event_capacity = 1048577;
  EXPECT(open_result(options) == RELUME_E_INVALID);
  options = quiet(), options.max_slots = 64, options.max_contended = 65;
  EXPECT(open_result(options) == RELUME_E_INVALID);
  options = quiet(), options.flags = 128;
  EXPECT(open_result(options) == RELUME_E_INVALID);
  options = quiet(), options.settle_ns = -1;
  EXPECT(open_result(options) == RELUME_E_INVALID);
  options = quiet(), options.commit_policy = 9;
  EXPECT(open_result(options) == RELUME_E_INVALID);
  options = quiet(), options.folder = "";
  EXPECT(open_result(options) == RELUME_E_INVALID);
  options = quiet(), options.folder = "/nowhere/at/all/a.show";
  EXPECT(open_result(options) == RELUME_E_IO);
  options = quiet(), options.struct_size += 8;
  EXPECT(open_result(options) == RELUME_E_VERSION);
  options = quiet(), options.struct_size = 0;
  EXPECT(open_result(options) == RELUME_E_INVALID);
  relume_show* show = NULL;
  EXPECT(relume_show_open(NULL, NULL, &show, NULL) == RELUME_E_INVALID);
  EXPECT(relume_show_open(NULL, NULL, NULL, NULL) == RELUME_E_INVALID);
  EXPECT(relume_show_close(NULL, NULL) == RELUME_OK);
}

static void test_story(void) {
  relume_schema* schema = make_schema();
  const relume_show_options options = quiet();
  relume_show* show = NULL;
  relume_error error = RELUME_ERROR_INIT;
  EXPECT(relume_show_open(schema, &options, &show, &error) == RELUME_OK);
  relume_schema_destroy(schema);
  relume_layer layer = {0};
  relume_param level = {0};
  relume_param mode = {0};
  EXPECT(relume_layer_find(show, "wash", &layer, &error) == RELUME_OK);
  EXPECT(relume_param_find(show, "wash/level", &level, &error) == RELUME_OK);
  EXPECT(relume_param_find(show, "wash/mode", &mode, &error) == RELUME_OK);
  relume_param_info info = RELUME_PARAM_INFO_INIT;
  EXPECT(relume_param_info_get(show, level, &info, &error) == RELUME_OK);
  EXPECT(strcmp(info.route, "wash/level") == 0 && info.type == RELUME_FLOAT && info.max == 1.0);
  int32_t index = -1;
  EXPECT(relume_param_label_find(show, mode, "fast", &index, &error) == RELUME_OK && index == 2);
  EXPECT(relume_param_label_find(show, mode, "warp", &index, &error) == RELUME_E_RANGE);
  EXPECT(relume_param_label_find(show, level, "fast", &index, &error) == RELUME_E_TYPE);
  char text[3];
  EXPECT(relume_param_label(show, mode, 1, text, sizeof text) == 4 && strcmp(text, "sl") == 0);
  EXPECT(relume_param_label(show, mode, 3, text, sizeof text) == 0 && text[0] == 0);

  const relume_value half = relume_value_float(0.5f);
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  EXPECT(relume_value_set(show, level, &half, &outcome, &error) == RELUME_OK);
  EXPECT(outcome.state == RELUME_STATE_CHANGED && outcome.revision == 1);
  relume_value back;
  relume_tier tier = RELUME_TIER_DEFAULT;
  EXPECT(relume_value_get(show, level, &back, &tier, &error) == RELUME_OK);
  EXPECT(back.as.f[0] == 0.5f && tier == RELUME_TIER_COMMITTED);
  relume_reader* reader = NULL;
  EXPECT(relume_reader_open(show, &reader, &error) == RELUME_OK);
  EXPECT(relume_compose(show, 1000) == 2);
  const relume_frame* frame = relume_reader_acquire(reader);
  EXPECT(frame->revision == 1 && relume_frame_at(frame, level)->f == 0.5f);
  EXPECT(relume_frame_retain(frame) == RELUME_OK);
  relume_reader_close(reader);

  const relume_value wrong = relume_value_int(1);
  EXPECT(relume_value_set(show, level, &wrong, &outcome, &error) == RELUME_E_TYPE);
  EXPECT(outcome.state == RELUME_STATE_REJECTED && outcome.reason == RELUME_E_TYPE && outcome.revision == 1);
  EXPECT(strcmp(error.culprit, "wash/level") == 0 && strstr(error.message, "float") != NULL);
  EXPECT(relume_layer_remove(show, layer, &outcome, &error) == RELUME_OK);
  EXPECT(relume_value_set(show, level, &half, &outcome, &error) == RELUME_E_UNKNOWN_ROUTE);
  EXPECT(relume_show_close(show, &error) == RELUME_OK);
  EXPECT(relume_frame_at(frame, level)->f == 0.5f); /* retained past close */
  relume_frame_release(frame);
  relume_frame_release(NULL);
}

static void test_call_errors(void) {
  relume_schema* schema = make_schema();
  relume_show_options options = quiet();
  options.max_readers = 1;
  options.max_sources = 1;
  options.max_retained = 1;
  relume_show* show = NULL;
  EXPECT(relume_show_open(schema, &options, &show, NULL) == RELUME_OK);
  relume_schema_destroy(schema);
  relume_layer layer = {0};
  relume_param param = {0};
  relume_value value = relume_value_float(0);
  EXPECT(relume_layer_find(show, "none", &layer, NULL) == RELUME_E_UNKNOWN_LAYER);
  EXPECT(relume_layer_at(show, 1, &layer, NULL) == RELUME_E_UNKNOWN_LAYER);
  EXPECT(relume_layer_find(show, "wash", &layer, NULL) == RELUME_OK);
  EXPECT(relume_layer_count(show) == 1 && relume_layer_count(NULL) == 0);
  EXPECT(relume_param_find(show, "wash", &param, NULL) == RELUME_E_UNKNOWN_ROUTE);
  EXPECT(relume_param_find(show, "wash/", &param, NULL) == RELUME_E_UNKNOWN_ROUTE);
  EXPECT(relume_param_find(show, "/wash/level", &param, NULL) == RELUME_E_UNKNOWN_ROUTE);
  EXPECT(relume_param_at(show, layer, 3, &param, NULL) == RELUME_E_UNKNOWN_ROUTE);
  EXPECT(relume_param_find(show, "wash/level", &param, NULL) == RELUME_OK);
  EXPECT(relume_value_set(show, param, NULL, NULL, NULL) == RELUME_E_INVALID);
  EXPECT(relume_value_set(NULL, param, &value, NULL, NULL) == RELUME_E_INVALID);
  EXPECT(relume_apply(show, NULL, 1, NULL, NULL) == RELUME_E_INVALID);
  EXPECT(relume_values_set(show, &param, NULL, 1, NULL, NULL) == RELUME_E_INVALID);
  relume_error error = RELUME_ERROR_INIT;
  const relume_value too_much = relume_value_float(7);
  EXPECT(relume_values_set(show, &param, &too_much, 1, NULL, &error) == RELUME_E_RANGE);
  EXPECT(strcmp(error.culprit, "wash/level") == 0 && error.message[0] != 0);
  relume_value odd = relume_value_float(0.5f);
  odd.reserved = 1;
  EXPECT(relume_value_set(show, param, &odd, NULL, NULL) == RELUME_E_INVALID);
  relume_change change = {RELUME_CHANGE_SET, 0, param, {0}, {0}, NULL, NULL, relume_value_float(0.5f), {0, 1}};
  EXPECT(relume_apply(show, &change, 1, NULL, NULL) == RELUME_E_INVALID);
  relume_outcome outcome = RELUME_OUTCOME_INIT;
  outcome.struct_size += 8;
  EXPECT(relume_value_set(show, param, &value, &outcome, NULL) == RELUME_E_VERSION);
  struct {
    relume_outcome outcome;
    uint64_t guard;
  } old = {RELUME_OUTCOME_INIT, 42};
  old.outcome.struct_size = 24; /* a host built against a smaller struct */
  old.outcome.targets = 99;
  EXPECT(relume_value_set(show, param, &value, &old.outcome, NULL) == RELUME_OK);
  EXPECT(old.outcome.revision == 1 && old.outcome.targets == 99 && old.outcome.struct_size == 24);
  relume_show_info info = RELUME_SHOW_INFO_INIT;
  info.struct_size = 1;
  EXPECT(relume_show_info_get(show, &info, NULL) == RELUME_E_INVALID);
  EXPECT(relume_show_info_get(show, NULL, NULL) == RELUME_E_INVALID);
  relume_candidate candidate = RELUME_CANDIDATE_INIT;
  EXPECT(relume_candidate_get(show, 0, &candidate, NULL) == RELUME_E_INVALID);
  relume_reader* reader = NULL;
  relume_reader* second = NULL;
  EXPECT(relume_reader_open(show, &reader, NULL) == RELUME_OK);
  EXPECT(relume_reader_open(show, &second, NULL) == RELUME_E_LIMIT && second == NULL);
  EXPECT(relume_frame_retain(relume_reader_acquire(reader)) == RELUME_OK);
  EXPECT(relume_frame_retain(relume_reader_acquire(reader)) == RELUME_E_LIMIT);
  EXPECT(relume_frame_retain(NULL) == RELUME_E_INVALID);
  relume_frame_release(relume_reader_acquire(reader));
  relume_source_options source_options = RELUME_SOURCE_OPTIONS_INIT;
  relume_source* source = NULL;
  source_options.priority = 201;
  EXPECT(relume_source_open(show, &source_options, &source, NULL) == RELUME_E_INVALID);
  source_options.priority = 0;
  EXPECT(relume_source_open(show, &source_options, &source, NULL) == RELUME_OK);
  relume_source* none = NULL;
  EXPECT(relume_source_open(show, NULL, &none, NULL) == RELUME_E_LIMIT);
  relume_source_close(source);
  EXPECT(relume_source_open(show, NULL, &none, NULL) == RELUME_E_LIMIT); /* until a frame has let go of it */
  EXPECT(relume_compose(show, 1) > 0);
  EXPECT(relume_source_open(show, NULL, &source, NULL) == RELUME_OK);
  EXPECT(relume_overlay_write(source, param, NULL, 0) == RELUME_E_INVALID);
  EXPECT(relume_overlay_write_many(source, NULL, 1, 0, NULL) == RELUME_E_INVALID);
  EXPECT(relume_overlay_write(NULL, param, &value, 0) == RELUME_E_INVALID);
  relume_source_info source_info = RELUME_SOURCE_INFO_INIT;
  source_info.struct_size = 400;
  EXPECT(relume_source_info_get(source, &source_info) == RELUME_E_VERSION);
  EXPECT(relume_compose(NULL, 0) == 0 && relume_reader_acquire(NULL) == NULL);
  EXPECT(relume_events_open(show, NULL, NULL, NULL, NULL) == RELUME_E_INVALID);
  EXPECT(relume_show_close(show, NULL) == RELUME_OK);
}

static void test_names(void) {
  for (int32_t code = RELUME_E_STATE; code <= RELUME_OK; ++code) {
    EXPECT(strcmp(relume_result_name(code), "unknown-result") != 0);
  }
  EXPECT(strcmp(relume_result_name(1), "unknown-result") == 0);
  EXPECT(strcmp(relume_result_name(RELUME_E_RANGE), "out-of-range") == 0);
  char version[32];
  snprintf(version, sizeof version, "%d.%d.%d", RELUME_VERSION_MAJOR, RELUME_VERSION_MINOR, RELUME_VERSION_PATCH);
  EXPECT(strcmp(relume_version(), version) == 0);
  EXPECT(relume_type_lanes(RELUME_TIME) == 2 && relume_type_lanes(0) == 0 && relume_type_lanes(RELUME_TEXT) == 1 &&
         relume_type_lanes(RELUME_TRIGGER) == 1 && relume_type_lanes(12) == 0);
  const relume_error by_macro = RELUME_ERROR_INIT;
  relume_error by_function;
  relume_error_init(&by_function, sizeof by_function);
  EXPECT(memcmp(&by_macro, &by_function, sizeof by_macro) == 0);
}

int main(void) {
  test_names();
  test_schema_errors();
  test_open_errors();
  test_story();
  test_call_errors();
  if (failures != 0) fprintf(stderr, "%d expectations failed\n", failures);
  return failures != 0;
}
