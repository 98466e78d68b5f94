/* SPDX-License-Identifier: Apache-2.0
 * A disk that hangs, to be preloaded into the rig: while the file named by RELUME_HANG_SYNC exists no fsync returns, while the one
 * named by RELUME_HANG_OPEN exists no document and no checkpoint is opened. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void hang(const char* variable) {
  const char* const flag = getenv(variable);
  while (flag != NULL && access(flag, F_OK) == 0) usleep(1000);
}

int fsync(int fd) {
  hang("RELUME_HANG_SYNC");
  return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
  hang("RELUME_HANG_SYNC");
  return (int)syscall(SYS_fdatasync, fd);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  if (strstr(path, "show.json") != NULL || strstr(path, "checkpoint") != NULL || strstr(path, "state.db") != NULL) {
    hang("RELUME_HANG_OPEN");
  }
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

int openat64(int folder, const char* path, int flags, ...) __attribute__((alias("openat")));
