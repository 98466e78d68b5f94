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
  RELUME_SHOW_NO_THREADS = 1, /**< the library starts no thread; the host calls relume_control_tick and relume_disk_tick */
  RELUME_SHOW_FLAGS_32BIT = 0x7fffffff
} relume_show_flags;

/** What becomes of a document that may not simply be overwritten: damaged, of a newer format, or replaced while the show was
 *  dead (`conflict`). */
typedef enum relume_on_damaged {
  RELUME_ON_DAMAGED_ASK = 0,           /**< its name is not written to until relume_accept; checkpoints go on */
  RELUME_ON_DAMAGED_KEEP_AND_SAVE = 1, /**< it is kept under another name, and saving goes on at once: for unattended rigs */
  RELUME_ON_DAMAGED_32BIT = 0x7fffffff
} relume_on_damaged;

/** How a show is opened. Capacities are fixed at open: what realtime threads touch is allocated then and never later. */
typedef struct relume_show_options {
  uint32_t struct_size;
  uint32_t flags;             /**< relume_show_flags */
  const char *folder;         /**< show folder, made if absent (its parent must exist). NULL: nothing outlives the process */
  const char *runtime_dir;    /**< where the mirror lives; NULL = /dev/shm. Should be a tmpfs: a mirror on a disk can stall */
  uint32_t max_layers;        /**< 0 = 1,024; at most 65,536 */
  uint32_t max_slots;         /**< slots of all layers together; 0 = 65,536; at most 16,777,216; rounded up to 64 */
  uint32_t max_readers;       /**< 0 = 4; at most 64 */
  uint32_t max_retained;      /**< frames retained at one time; 0 = 8; at most 256; RELUME_NONE = none */
  uint32_t max_sources;       /**< 0 = 16; at most 254 */
  uint32_t max_contended;     /**< claims on parameters that another source has at that moment; 0 = 4,096 or max_slots, the smaller;
                                   at most max_slots */
  uint32_t event_capacity;    /**< events kept for slow pollers; 0 = 1,024; rounded up to a power of two, at most 1,048,576 */
  uint32_t commit_policy;     /**< for settled automation; 0 = RELUME_COMMIT_SESSION */
  int64_t settle_ns;          /**< 0 = 500 ms; at most 19 hours */
  int64_t control_period_ns;  /**< how often the control thread looks; 0 = 5 ms, at most 60 s */
  int64_t disk_period_ns;     /**< how often the disk thread looks; 0 = 10 ms, at most 60 s */
  int64_t quiet_ns;           /**< a change is saved when none has followed for so long; 0 = 250 ms */
  int64_t max_age_ns;         /**< but not later than this after the oldest unsaved one; 0 = 2 s */
  int64_t close_deadline_ns;  /**< how long relume_show_close waits for the disk; 0 = 2 s, negative: not at all. Not with
                                   RELUME_SHOW_NO_THREADS: there it is the caller's thread that writes */
  uint32_t on_damaged;        /**< relume_on_damaged */
  uint32_t reserved;
  int64_t held_ns;            /**< how long, after a death, automation is held that no source takes up and no operator ends,
                                   in compose time; 0 = 10 s, negative: it is not held at all. @since 0.4.0 */
  uint64_t black_box_bytes;   /**< memory for relume/black_box.h; 0 = none, else 65,536 to 2^36, rounded down to a power of two.
                                   @since 0.4.0 */
} relume_show_options;
#define RELUME_NONE 0xffffffffU /**< none at all, where 0 means the default */
#define RELUME_SHOW_OPTIONS_INIT \
  {(uint32_t)sizeof(relume_show_options), 0, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/** What RELUME_SHOW_OPTIONS_INIT does, for callers without macros.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_show_options_init(relume_show_options *options, size_t struct_size) RELUME_NONBLOCKING;

/** Opens a show: takes the locks, recovers what was live (relume/persistence.h says from where), makes the mirror, composes
 *  the first frame, starts the threads. When it returns, every reader sees the recovered look.
 *  A show that died and has a good mirror is shown without a look at checkpoint and document; those are looked at in the
 *  background (relume_recovery_wait) and never move the output by themselves.
 *  Files that cannot be had, or that do not prove themselves, do not fail the call; relume_recovery_get tells.
 *  @param schema copied. @param options NULL = all defaults, and then nothing outlives the process.
 *  @param out_show the handle on RELUME_OK, NULL otherwise; ends in relume_show_close.
 *  @retval RELUME_E_INVALID a null argument, a capacity or settle_ns over its limit, black_box_bytes under its least, an empty folder name.
 *  @retval RELUME_E_LIMIT the declared or the recovered stack does not fit the capacities.
 *  @retval RELUME_E_OWNED another process (its id and since when are in the message) or this one has the show open.
 *  @retval RELUME_E_IO folder, id or lock cannot be made or read; nothing was changed.
 *  @retval RELUME_E_VERSION a struct_size larger than this library knows.
 *  @retval RELUME_E_NOMEM
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_show_open(const relume_schema *schema, const relume_show_options *options,
                                                          relume_show **out_show, relume_error *error);

/** Closes a show: takes what automation has settled, saves what is unsaved within close_deadline_ns, marks a clean close, ends
 *  the threads, frees the locks. A close without changes writes nothing.
 *  Committed values stay, as after a crash: start is always recovery. Readers, sources and event handles of the show end with
 *  it; retained frames stay valid until they are released. NULL is a no-op.
 *  A thread that is stuck in the disk is left behind with all that it may touch, and keeps the locks while the process lives.
 *  @retval RELUME_E_STATE called from an event callback; the show stays open.
 *  @retval RELUME_E_UNSAVED the show is closed, and the message says what is not saved and why.
 *  @retval RELUME_E_TIMEOUT the show is closed and saved, but a file call has not returned: a thread was left behind.
 *  @since 0.1.0
 *  Threads: any, and no other call on the show or its handles may be running. Realtime: blocking. */
RELUME_API relume_result relume_show_close(relume_show *show, relume_error *error);

/** One look of the control thread: drains commit requests of settled automation, then delivers event callbacks.
 *  Only for shows opened with RELUME_SHOW_NO_THREADS; others do it themselves.
 *  @retval RELUME_E_STATE the show has its own control thread, or this is one of its callbacks.
 *  @since 0.1.0
 *  Threads: control. Realtime: blocking. */
RELUME_API relume_result relume_control_tick(relume_show *show, relume_error *error);

/** One look of the disk thread: writes what is due. Only for shows opened with RELUME_SHOW_NO_THREADS.
 *  @retval RELUME_E_STATE the show has its own disk thread.
 *  @since 0.2.0
 *  Threads: disk, one at a time. Realtime: blocking, on the disk. */
RELUME_API relume_result relume_disk_tick(relume_show *show, relume_error *error);

/** Identity and capacities of an open show. */
typedef struct relume_show_info {
  uint32_t struct_size;
  uint32_t max_slots;
  uint8_t show_id[16];       /**< for the life of the show; a copied folder keeps it */
  uint64_t history_id;       /**< a pair (history id, revision) never means two things */
  uint32_t restarts;         /**< 0 for a new show; one more at each open; it lives in mirror and checkpoint */
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
