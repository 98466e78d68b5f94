/* SPDX-License-Identifier: Apache-2.0
 * Declare two layers, set a value, compose a frame, die, come back with the same value:
 *   relume-quickstart-c /tmp/quickstart.show die    sets wash/level and is killed in the middle of its work
 *   relume-quickstart-c /tmp/quickstart.show        shows what the room sees next */
#include <relume/relume.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int fail(const relume_error* error) {
  fprintf(stderr, "%s: %s\n", error->culprit, error->message);
  return 1;
}

int main(int argc, char** argv) {
  relume_error error = RELUME_ERROR_INIT;
  if (argc < 2) return fprintf(stderr, "usage: %s FOLDER [die]\n", argv[0]), 2;

  const relume_param_def params[] = {
      {.struct_size = sizeof(relume_param_def), .key = "level", .type = RELUME_FLOAT, .max = 1.0},
      {.struct_size = sizeof(relume_param_def), .key = "color", .type = RELUME_COLOR, .max = 1.0}};
  relume_layer_type_def fixture = RELUME_LAYER_TYPE_DEF_INIT;
  fixture.key = "fixture";
  fixture.params = params;
  fixture.param_count = 2;
  relume_schema* schema = NULL;
  if (relume_schema_create(&schema, &error) || relume_schema_add_type(schema, &fixture, &error) ||
      relume_schema_add_layer(schema, "wash", "fixture", &error) ||
      relume_schema_add_layer(schema, "spot", "fixture", &error)) {
    return fail(&error);
  }

  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.folder = argv[1];
  relume_show* show = NULL;
  relume_reader* reader = NULL;
  relume_param level = {0};
  if (relume_show_open(schema, &options, &show, &error) || relume_reader_open(show, &reader, &error) ||
      relume_param_find(show, "wash/level", &level, &error)) {
    return fail(&error);
  }
  relume_schema_destroy(schema);

  if (argc > 2 && strcmp(argv[2], "die") == 0) {
    const relume_value value = relume_value_float(0.75f);
    relume_outcome outcome = RELUME_OUTCOME_INIT;
    if (relume_value_set(show, level, &value, &outcome, &error)) return fail(&error);
    printf("set wash/level to 0.75, revision %llu\n", (unsigned long long)outcome.revision);
    fflush(stdout);
    raise(SIGKILL);
  }

  relume_compose(show, 1000000);
  const relume_frame* frame = relume_reader_acquire(reader);
  printf("wash/level is %.2f at revision %llu\n", (double)relume_frame_at(frame, level)->f,
         (unsigned long long)frame->revision);
  return relume_show_close(show, &error) ? fail(&error) : 0;
}
