/* SPDX-License-Identifier: Apache-2.0
 * A desk with one fader:  desk FOLDER move VALUE   moves it and dies;  desk FOLDER   says where it stands.
 * FOLDER holds the show and its mirror. */
#include <relume/relume.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static relume_result declare(relume_schema* schema, relume_error* error) {
  relume_param_def fader;
  relume_param_def_init(&fader, sizeof fader);
  fader.key = "fader";
  fader.type = RELUME_FLOAT;
  fader.max = 100.0;
  relume_layer_type_def strip;
  relume_layer_type_def_init(&strip, sizeof strip);
  strip.key = "strip";
  strip.params = &fader;
  strip.param_count = 1;
  const relume_result declared = relume_schema_add_type(schema, &strip, error);
  return declared != RELUME_OK ? declared : relume_schema_add_layer(schema, "master", "strip", error);
}

static relume_result open_desk(const char* folder, relume_show** show, relume_error* error) {
  char show_folder[1024];
  snprintf(show_folder, sizeof show_folder, "%s/desk.show", folder);
  relume_schema* schema = NULL;
  relume_result result = relume_schema_create(&schema, error);
  if (result == RELUME_OK) result = declare(schema, error);
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.folder = show_folder;
  options.runtime_dir = folder;
  if (result == RELUME_OK) result = relume_show_open(schema, &options, show, error);
  relume_schema_destroy(schema);
  return result;
}

int main(int argc, char** argv) {
  relume_error error = RELUME_ERROR_INIT;
  relume_show* show = NULL;
  relume_param fader = {0};
  if (argc != 2 && !(argc == 4 && strcmp(argv[2], "move") == 0)) return 2;
  relume_result result = open_desk(argv[1], &show, &error);
  if (result == RELUME_OK) result = relume_param_find(show, "master/fader", &fader, &error);
  if (result == RELUME_OK && argc == 4) {
    const relume_value value = relume_value_float(strtof(argv[3], NULL));
    result = relume_value_set(show, fader, &value, NULL, &error);
    if (result == RELUME_OK) raise(SIGKILL);
  }
  relume_value stands = {0};
  if (result == RELUME_OK) result = relume_value_get(show, fader, &stands, NULL, &error);
  if (result == RELUME_OK) printf("%g with relume %s\n", (double)stands.as.f[0], relume_version());
  if (result == RELUME_OK) result = relume_show_close(show, &error);
  if (result != RELUME_OK) fprintf(stderr, "desk: %s: %s\n", error.culprit, error.message);
  return result == RELUME_OK ? 0 : 1;
}
