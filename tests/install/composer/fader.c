/* SPDX-License-Identifier: Apache-2.0
 * One fader that automation moves: where it is at the beginning, after a time constant and in the end. */
#include <relume/composer.h>
#include <stdio.h>

int main(void) {
  static relume_composer_defs defs;
  static relume_composer_scratch scratch;
  relume_slot overlay = {0};
  relume_slot value = {0};
  uint64_t present = 0;
  uint32_t settled = 99;
  relume_composer_def def = RELUME_COMPOSER_DEF_INIT;
  def.kind = RELUME_COMPOSER_FLOAT;
  def.range = 1.0;
  def.smoothing_ns = 1000000000;
  def.settle_ns = 1;
  relume_error error = RELUME_ERROR_INIT;
  if (relume_composer_define(&defs, 1, 0, 1, &def, &error) != RELUME_OK) return puts(error.message), 1;

  relume_composer_input in = RELUME_COMPOSER_INPUT_INIT;
  in.slot_count = 1;
  in.defs = &defs;
  in.def_blocks = 1;
  in.overlay = &overlay;
  in.overlay_present = &present;
  relume_composer_output out = RELUME_COMPOSER_OUTPUT_INIT;
  out.values = &value;
  out.value_capacity = 1;
  out.settled = &settled;
  out.settled_capacity = 1;
  const int seconds[] = {0, 0, 1, 20};
  for (int i = 0; i < 4; ++i) {
    in.now_ns = seconds[i] * INT64_C(1000000000);
    if (relume_composer_run(&in, &scratch, 1, &out, &error) != RELUME_OK) return puts(error.message), 1;
    if (i > 0) printf("%.3f%s", (double)value.f, i < 3 ? " " : "");
    overlay.f = 1.0F;
    present = 1;
  }
  printf(", settled %u\n", out.settled_count == 1 ? settled : 99U);
  return 0;
}
