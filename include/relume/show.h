/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/show.h - opening, recovering and closing a show.
 *
 * A show is one open instance: schema, tiers, stack, files. While it is open, its folder and its mirror are locked by the
 * kernel; they are free the moment the process is gone, however it went.
 */
#ifndef RELUME_SHOW_H
#define RELUME_SHOW_H

#include <relume/base.h>
#include <relume/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct relume_show relume_show;

/** Bits of relume_show_options.flags. */
typedef enum relume_show_flags {
  RELUME_SHOW_NO_THREADS = 1, /**< the library starts no thread; the host calls relume_control_tick */
  RELUME_SHOW_FLAGS_32BIT = 0x7fffffff
} relume_show_flags;

/** How a show is opened. Capacities are fixed at open: what realtime threads touch is allocated then and never later. */
typedef struct relume_show_options {
  uint32_t struct_size;
  uint32_t flags;             /**< relume_show_flags */
  const char *folder;         /**< show folder, made if absent (its parent must exist). NULL: nothing outlives the process */
  const char *runtime_dir;    /**< where the mirror lives; NULL = /dev/shm. Should be a tmpfs: a mirror on a disk can stall */
  uint32_t max_layers;        /**< 0 = 1,024; at most 65,536 */
  uint32_t max_slots;         /**< slots of all layers together; 0 = 65,536; at most 16,777,216; rounded up to 64 */
  uint32_t max_readers;       /**< 0 = 4; at most 64 */
  uint32_t max_retained;      /**< frames retained at one time; 0 = 8; at most 256 */
  uint32_t max_sources;       /**< 0 = 16; at most 256 */
  uint32_t max_overlays;      /**< parameters under automation at one time; 0 = 4,096 or max_slots, the smaller */
  uint32_t event_capacity;    /**< events kept for slow pollers; 0 = 1,024; rounded up to a power of two, at most 1,048,576 */
  uint32_t commit_policy;     /**< for settled automation; 0 = RELUME_COMMIT_SESSION */
  int64_t settle_ns;          /**< 0 = 500 ms */
  int64_t control_period_ns;  /**< how often the control thread looks; 0 = 5 ms, at most 60 s */
} relume_show_options;
#define RELUME_SHOW_OPTIONS_INIT {(uint32_t)sizeof(relume_show_options), 0, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/** What RELUME_SHOW_OPTIONS_INIT does, for callers without macros.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_show_options_init(relume_show_options *options, size_t struct_size) RELUME_NONBLOCKING;

/** Opens a show: takes the locks, recovers what was live (relume/persistence.h says from where), makes the mirror, composes
 *  the first frame, starts the control thread. When it returns, every reader sees the recovered look.
 *  A mirror that cannot be had, or one that does not prove itself, does not fail the call; relume_recovery_get tells.
 *  @param schema copied. @param options NULL = all defaults, and then nothing outlives the process.
 *  @param out_show the handle on RELUME_OK, NULL otherwise; ends in relume_show_close.
 *  @retval RELUME_E_INVALID a null argument, a capacity over its limit, an empty folder name.
 *  @retval RELUME_E_LIMIT the declared or the recovered stack does not fit the capacities.
 *  @retval RELUME_E_OWNED another process (its id and since when are in the message) or this one has the show open.
 *  @retval RELUME_E_IO folder, id or lock cannot be made or read; nothing was changed.
 *  @retval RELUME_E_VERSION a struct_size larger than this library knows.
 *  @retval RELUME_E_NOMEM
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_show_open(const relume_schema *schema, const relume_show_options *options,
                                                          relume_show **out_show, relume_error *error);

/** Closes a show: takes what automation has settled, marks a clean close in the mirror, ends the thread, frees the locks.
 *  Committed values stay, as after a crash: start is always recovery. Readers, sources and event handles of the show end with
 *  it; retained frames stay valid until they are released. NULL is a no-op.
 *  @retval RELUME_E_STATE called from an event callback; the show stays open.
 *  @since 0.1.0
 *  Threads: any, and no other call on the show or its handles may be running. Realtime: blocking. */
RELUME_API relume_result relume_show_close(relume_show *show, relume_error *error);

/** One look of the control thread: drains commit requests of settled automation, then delivers event callbacks.
 *  Only for shows opened with RELUME_SHOW_NO_THREADS; others do it themselves.
 *  @retval RELUME_E_STATE the show has its own control thread, or this is one of its callbacks.
 *  @since 0.1.0
 *  Threads: control. Realtime: blocking. */
RELUME_API relume_result relume_control_tick(relume_show *show, relume_error *error);

/** Identity and capacities of an open show. */
typedef struct relume_show_info {
  uint32_t struct_size;
  uint32_t max_slots;
  uint8_t show_id[16];       /**< for the life of the show; a copied folder keeps it */
  uint64_t history_id;       /**< a pair (history id, revision) never means two things */
  uint32_t restarts;         /**< 0 for a new show; one more at each open that found the mirror */
  uint32_t memory_locked;    /**< 1: all buffers of realtime roles are locked in memory, sources' too. (Definitions and the
                                  stack's tables lie on the heap, resident; a host that swaps locks those by mlockall.) */
  int32_t memory_lock_errno; /**< why not, when memory_locked is 0 (most often RLIMIT_MEMLOCK) */
  uint32_t reserved;
  char mirror_path[1024];    /**< empty: there is no mirror */
} relume_show_info;
#define RELUME_SHOW_INFO_INIT {(uint32_t)sizeof(relume_show_info), 0, {0}, 0, 0, 0, 0, 0, {0}}

/** Reads identity and capacities.
 *  @retval RELUME_E_INVALID a null argument or a struct_size that was not set.
 *  @retval RELUME_E_VERSION a struct_size larger than this library knows.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_show_info_get(relume_show *show, relume_show_info *info, relume_error *error);

#ifdef __cplusplus
}
#endif
#endif
