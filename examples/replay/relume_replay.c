/* SPDX-License-Identifier: Apache-2.0
 *
 * relume-replay FILE [--writes] [--slots FIRST COUNT]
 *
 * Rebuilds the frames of a black box (relume/black_box.h), compares them with what was shown, and says what it found. With --writes
 * it prints what sources wrote, with --slots the values of a few slots in each frame. Ends with 0 when every frame that could be
 * rebuilt is as it was shown, with 1 when one is not or none could be rebuilt, with 2 when the file is no black box.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <relume/black_box.h>

typedef struct {
  uint32_t first, count; /* slots to print */
  int writes;
} wishes;

static int print_write(void* user, const relume_replay_write* write) {
  const wishes* wish = user;
  if (!wish->writes) return 0;
  const double seconds = (double)write->time_ns / 1e9;
  if (write->release) {
    printf("%.6f s source %u releases param %#" PRIx64 "\n", seconds, write->source, write->param.bits);
  } else {
    printf("%.6f s source %u %s param %#" PRIx64 " %08x %08x %08x %08x\n", seconds, write->source,
           write->gesture ? "drags" : "writes", write->param.bits, write->lanes[0].u, write->lanes[1].u,
           write->lanes[2].u, write->lanes[3].u);
  }
  return 0;
}

static int print_frame(void* user, const relume_replay_frame* frame) {
  const wishes* wish = user;
  if (frame->differs) printf("frame %" PRIu64 " is not as it was shown\n", frame->number);
  if (wish->count == 0) return 0;
  printf("frame %" PRIu64 " %.6f s revision %" PRIu64, frame->number, (double)frame->time_ns / 1e9, frame->revision);
  for (uint32_t i = wish->first; i - wish->first < wish->count && i < frame->slot_count; ++i) {
    printf(" %.9g", (double)frame->slots[i].f);
  }
  putchar('\n');
  return 0;
}

static int usage(void) {
  fprintf(stderr, "usage: relume-replay FILE [--writes] [--slots FIRST COUNT]\n");
  return 2;
}

static int number_of(const char* text, uint32_t* out) {
  char* end = NULL;
  const unsigned long value = strtoul(text, &end, 10);
  if (end == text || *end != '\0' || value > UINT32_MAX) return 0;
  *out = (uint32_t)value;
  return 1;
}

int main(int argc, char** argv) {
  wishes wish = {0, 0, 0};
  const char* path = NULL;
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "--writes") == 0) {
      wish.writes = 1;
    } else if (strcmp(argv[i], "--slots") == 0) {
      if (i + 2 >= argc || !number_of(argv[i + 1], &wish.first) || !number_of(argv[i + 2], &wish.count)) return usage();
      i += 2;
    } else if (path == NULL && argv[i][0] != '-') {
      path = argv[i];
    } else {
      return usage();
    }
  }
  if (path == NULL) return usage();
  relume_replay_visitor visitor = RELUME_REPLAY_VISITOR_INIT;
  visitor.user = &wish;
  visitor.on_write = print_write;
  visitor.on_frame = print_frame;
  relume_replay_result result = RELUME_REPLAY_RESULT_INIT;
  relume_error error = RELUME_ERROR_INIT;
  if (relume_black_box_replay(path, &visitor, &result, &error) != RELUME_OK) {
    fprintf(stderr, "relume-replay: %s\n", error.message);
    return 2;
  }
  printf("%" PRIu64 " frames rebuilt, %" PRIu64 " to %" PRIu64 ", %.3f s; %" PRIu64 " before them incomplete\n",
         result.frames, result.first_number, result.last_number, (double)(result.last_ns - result.first_ns) / 1e9,
         result.incomplete);
  printf("%" PRIu64 " writes; %" PRIu64 " slots compared, %" PRIu64 " frames differ\n", result.writes, result.proved,
         result.differing);
  return result.frames > 0 && result.differing == 0 ? 0 : 1;
}
