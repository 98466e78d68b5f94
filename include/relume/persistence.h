/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/persistence.h - what was recovered, what is saved how far, and how to wait for it.
 *
 * Three places hold the state, each whole and each proving itself:
 *   mirror      shared memory; inside every mutation; survives the process, not the machine
 *   checkpoint  SQLite, <folder>/checkpoint/state.db; in the background; the newest state and the last 8
 *   document    <folder>/show.json, readable; in the background; stack, base and records, without the session's values;
 *               earlier ones in <folder>/generations: three recent, one of an hour ago, one of a day ago
 *
 * Recovery takes the newest state that proves itself, in this order where they are equally new, else the declared defaults. When
 * it was not the mirror, the revision goes on at the one that was found + 2^32 and the history id is a new one: a pair
 * (history id, revision) never means two things.
 * A file that is refused is renamed "<name>.damaged-N", never overwritten and never deleted. An empty file is damage.
 */
#ifndef RELUME_PERSISTENCE_H
#define RELUME_PERSISTENCE_H

#include <relume/base.h>
#include <relume/mutation.h>
#include <relume/show.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a state came from. */
typedef enum relume_rung {
  RELUME_RUNG_DEFAULTS = 0, /**< the declared defaults */
  RELUME_RUNG_MIRROR = 1,
  RELUME_RUNG_CHECKPOINT = 2,
  RELUME_RUNG_DOCUMENT = 3,
  RELUME_RUNG_GENERATION = 4, /**< an earlier document */
  RELUME_RUNG_32BIT = 0x7fffffff
} relume_rung;

/** What recovery says about one candidate. */
typedef enum relume_verdict {
  RELUME_VERDICT_FRESH = 0,        /**< nothing there */
  RELUME_VERDICT_OK = 1,           /**< whole; it was used, or is an earlier state of the same show */
  RELUME_VERDICT_DAMAGED = 2,      /**< does not prove itself; kept under the name in `kept_as` */
  RELUME_VERDICT_NEWER_FORMAT = 3, /**< written by a newer library: a document is left as it is and not written to, the others
                                        are kept under the name in `kept_as` */
  RELUME_VERDICT_UNREADABLE = 4,   /**< could not be opened, read or mapped; left as it is */
  RELUME_VERDICT_FOREIGN = 5,      /**< a mirror that is whole, but of another boot, or older than the last session; kept under
                                        the name in `kept_as` */
  RELUME_VERDICT_EDITED = 6,       /**< the document was replaced while the show was closed in peace: it was used */
  RELUME_VERDICT_CONFLICT = 7,     /**< the document was replaced while the show was dead: it was not used, see relume_accept */
  RELUME_VERDICT_32BIT = 0x7fffffff
} relume_verdict;

/** How the show came up. */
typedef struct relume_recovery {
  uint32_t struct_size;
  uint32_t rung;             /**< relume_rung that was used */
  uint64_t revision;         /**< that was found, before any jump; 0 for defaults */
  int64_t age_ns;            /**< from the acceptance of that revision to the open; -1 unknown */
  uint32_t restarts;         /**< as in relume_show_info */
  uint32_t clean_close;      /**< 1: the show had been closed, not killed */
  uint32_t candidate_count;
  uint32_t refused;          /**< candidates that were there and could not be used */
  uint32_t dormant_layers;   /**< recovered layers whose type is not declared; kept, not shown */
  uint32_t converted_layers; /**< recovered layers whose type has other parameters now; what still fits was kept */
  uint32_t cleared_values;   /**< values of those that fit no more */
  uint32_t mirror;           /**< 1: the show has a mirror now */
  char mirror_reason[256];   /**< why it has none, with the remedy */
  uint32_t complete;         /**< 1: every candidate was looked at; until then candidates and refused may grow */
  uint32_t held;             /**< relume_verdict for which the document waits for relume_accept; 0: it does not */
  uint32_t held_values;      /**< parameters whose automation goes on, as source RELUME_SOURCE_RECOVERED. @since 0.4.0 */
  uint32_t dropped_held;     /**< automation that was left behind and does not go on: it fits no more, or does not prove itself.
                                  Lanes where it cannot be told what they belonged to, blocks of 64 slots where nothing can.
                                  @since 0.4.0 */
} relume_recovery;
#define RELUME_RECOVERY_INIT {(uint32_t)sizeof(relume_recovery), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}, 0, 0, 0, 0}

/** Waits until every candidate was looked at and the files of a new show are there, RELUME_EVENT_RECOVERED was published.
 *  @param timeout_ns how long at most; 0 asks only.
 *  @retval RELUME_E_INVALID a null argument or a negative time.
 *  @retval RELUME_E_TIMEOUT not yet; it goes on in the background.
 *  @retval RELUME_E_STATE called from an event callback.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking, on the disk. */
RELUME_API relume_result relume_recovery_wait(relume_show *show, int64_t timeout_ns, relume_error *error);

/** Reads the recovery report. What was used does not change while the show is open.
 *  @retval RELUME_E_INVALID a null argument or a wrong struct_size.
 *  @retval RELUME_E_VERSION
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_recovery_get(relume_show *show, relume_recovery *report, relume_error *error);

/** One candidate that recovery looked at. */
typedef struct relume_candidate {
  uint32_t struct_size;
  uint32_t rung;       /**< relume_rung */
  uint32_t verdict;    /**< relume_verdict */
  uint32_t reserved;
  uint64_t revision;   /**< 0 where none could be read */
  char path[1024];
  char kept_as[1024];  /**< new name of a refused file; empty if it was not renamed */
  char reason[256];    /**< why it was refused; empty if it was not */
} relume_candidate;
#define RELUME_CANDIDATE_INIT {(uint32_t)sizeof(relume_candidate), 0, 0, 0, 0, {0}, {0}, {0}}

/** Reads the n-th candidate.
 *  @retval RELUME_E_INVALID a null argument, a wrong struct_size, n not below candidate_count.
 *  @retval RELUME_E_VERSION
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_candidate_get(relume_show *show, uint32_t n, relume_candidate *candidate,
                                              relume_error *error);

/** What relume_accept chooses. */
typedef enum relume_choice {
  RELUME_CHOICE_KEEP = 1, /**< the show as it is now; the file that is in the way is kept under another name */
  RELUME_CHOICE_FILE = 2, /**< the document as it is on disk (conflict only): a mutation that replaces stack, base and records
                               and clears the session's values. The state before it stays in the checkpoint's history */
  RELUME_CHOICE_32BIT = 0x7fffffff
} relume_choice;

/** Ends the hold on the document's name after it was damaged, of a newer format, or in conflict; see relume_recovery.held.
 *  Where nothing is held, both choices are RELUME_STATE_SAME.
 *  @param choice relume_choice.
 *  @param outcome optional.
 *  @retval RELUME_E_INVALID a null argument, an unknown choice.
 *  @retval RELUME_E_STATE RELUME_CHOICE_FILE, and the document is damaged or of a newer format: there is nothing to take.
 *  @retval RELUME_E_LIMIT the document does not fit the capacities.
 *  @retval RELUME_E_IO the file cannot be read or renamed; the hold stays.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking, on the disk. */
RELUME_API relume_result relume_accept(relume_show *show, uint32_t choice, relume_outcome *outcome, relume_error *error);

/** Watermarks: revisions, not booleans. Unsaved means wanted > done. */
typedef struct relume_status {
  uint32_t struct_size;
  uint32_t level;              /**< relume_level that mutations reach now */
  uint64_t accepted;           /**< newest accepted revision */
  int64_t mirrored;            /**< newest revision in the mirror; -1 without one */
  uint64_t checkpoint_wanted;
  int64_t checkpoint_done;     /**< -1: none is known to be on the disk yet, or the show has no folder */
  uint64_t document_wanted;
  int64_t document_done;       /**< -1: none is known to be on the disk yet, or the show has no folder */
  uint64_t rejected;           /**< mutations that were rejected since open */
} relume_status;
#define RELUME_STATUS_INIT {(uint32_t)sizeof(relume_status), 0, 0, 0, 0, 0, 0, 0, 0}

/** Reads the watermarks.
 *  @retval RELUME_E_INVALID a null argument or a wrong struct_size.
 *  @retval RELUME_E_VERSION
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_status_get(relume_show *show, relume_status *status, relume_error *error);

/** Waits until a revision has reached a level: "is this change safe?" It asks for nothing: what is due is saved by the timers,
 *  or by relume_flush and relume_save. A revision whose change does not belong into the document is documented when every earlier
 *  one is that does.
 *  @param level relume_level.
 *  @param timeout_ns how long at most; 0 asks only.
 *  @retval RELUME_E_INVALID a null argument, a revision that was not accepted yet, no such level, a negative time.
 *  @retval RELUME_E_TIMEOUT not yet; the message names the last failure, if there was one.
 *  @retval RELUME_E_STATE called from an event callback, or the show has no mirror or no folder for that level.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking, on the disk. */
RELUME_API relume_result relume_wait(relume_show *show, uint64_t revision, uint32_t level, int64_t timeout_ns,
                                     relume_error *error);

/** Asks for a save of checkpoint and document at once, also when nothing has changed.
 *  @param out_ticket for relume_save_wait. Requests that come while a save runs share the next one.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_STATE the show has no folder.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_save(relume_show *show, uint64_t *out_ticket, relume_error *error);

/** How a save ended. */
typedef enum relume_save_state {
  RELUME_SAVE_PENDING = 0,
  RELUME_SAVE_COMMITTED = 1,     /**< both targets are on the disk, the folder synced */
  RELUME_SAVE_NOT_COMMITTED = 2, /**< the files are as they were before */
  RELUME_SAVE_UNKNOWN = 3,       /**< the last sync failed: after a power cut the old or the new may be there */
  RELUME_SAVE_HELD = 4,          /**< the checkpoint is saved, the document waits for relume_accept */
  RELUME_SAVE_32BIT = 0x7fffffff
} relume_save_state;

/** The result of one explicit save. */
typedef struct relume_save_result {
  uint32_t struct_size;
  uint32_t state;    /**< relume_save_state */
  uint64_t revision; /**< that was saved, or was to be */
  uint32_t target;   /**< relume_targets bit of what failed */
  int32_t error;     /**< errno; 0: none */
  char step[32];     /**< the call that failed: "create", "write", "sync", "rename", "commit", ... */
  char errno_name[32];
  char path[1024];
} relume_save_result;
#define RELUME_SAVE_RESULT_INIT {(uint32_t)sizeof(relume_save_result), 0, 0, 0, 0, {0}, {0}, {0}}

/** Waits for a save.
 *  @param timeout_ns how long at most; 0 asks only.
 *  @param result optional; filled also when the call fails, then with RELUME_SAVE_PENDING.
 *  @retval RELUME_E_INVALID a null argument, a ticket that was never given, a negative time.
 *  @retval RELUME_E_VERSION
 *  @retval RELUME_E_TIMEOUT it is still pending.
 *  @retval RELUME_E_STATE called from an event callback with a time to wait.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking, on the disk. */
RELUME_API relume_result relume_save_wait(relume_show *show, uint64_t ticket, int64_t timeout_ns, relume_save_result *result,
                                          relume_error *error);

/** Saves what is unsaved without waiting for the timers, and waits for it. Nothing unsaved: nothing is written.
 *  @param timeout_ns how long at most; 0 starts it only.
 *  @retval RELUME_E_INVALID a null argument or a negative time.
 *  @retval RELUME_E_STATE called from an event callback, or the show has no folder.
 *  @retval RELUME_E_TIMEOUT not yet; it goes on in the background.
 *  @retval RELUME_E_IO a save failed; the message has path, step and errno name. It is tried again by itself.
 *  @retval RELUME_E_UNSAVED the checkpoint is saved, the document waits for relume_accept.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking, on the disk. */
RELUME_API relume_result relume_flush(relume_show *show, int64_t timeout_ns, relume_error *error);

/** What a client that knows the state at (history, revision) has to read anew.
 *  @param history, revision what the client knows; 0, 0 = nothing.
 *  @param params gets up to `capacity` parameters: all whose saved value may have changed since, and perhaps some that did not.
 *         When the whole is due, all parameters of the show.
 *  @param out_count how many there are; more than `capacity`: call again with more room.
 *  @param out_whole 1: the client's history is another one (a lost branch, another show), its revision is ahead or the stack has
 *         changed since: it drops what it has and reads everything.
 *  @param out_history, out_revision what the answer brings the client to.
 *  @retval RELUME_E_INVALID a null argument (params may be NULL when capacity is 0).
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_state_since(relume_show *show, uint64_t history, uint64_t revision, relume_param *params,
                                            size_t capacity, size_t *out_count, uint32_t *out_whole, uint64_t *out_history,
                                            uint64_t *out_revision, relume_error *error);

#ifdef __cplusplus
}
#endif
#endif
