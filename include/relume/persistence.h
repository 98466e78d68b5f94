/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/persistence.h - what was recovered, and what is saved how far.
 *
 * In this version the whole state lives in the mirror: shared memory that outlives the process, not the machine. Recovery takes
 * the mirror when it proves itself, else the declared defaults. Requests for checkpoint and document are decided and returned
 * with every outcome; nothing writes them yet, and relume_status says so.
 */
#ifndef RELUME_PERSISTENCE_H
#define RELUME_PERSISTENCE_H

#include <relume/base.h>
#include <relume/show.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a state came from. */
typedef enum relume_rung {
  RELUME_RUNG_DEFAULTS = 0, /**< the declared defaults */
  RELUME_RUNG_MIRROR = 1,
  RELUME_RUNG_32BIT = 0x7fffffff
} relume_rung;

/** What recovery says about one candidate. */
typedef enum relume_verdict {
  RELUME_VERDICT_FRESH = 0,        /**< nothing there */
  RELUME_VERDICT_OK = 1,           /**< whole; it was used */
  RELUME_VERDICT_DAMAGED = 2,      /**< does not prove itself; kept under the name in `kept_as` */
  RELUME_VERDICT_NEWER_FORMAT = 3, /**< written by a newer library; kept under the name in `kept_as` */
  RELUME_VERDICT_UNREADABLE = 4,   /**< could not be opened or mapped; left as it is */
  RELUME_VERDICT_FOREIGN = 5,      /**< whole, but of another boot; kept under the name in `kept_as` */
  RELUME_VERDICT_32BIT = 0x7fffffff
} relume_verdict;

/** How the show came up. */
typedef struct relume_recovery {
  uint32_t struct_size;
  uint32_t rung;             /**< relume_rung that was used */
  uint64_t revision;         /**< that was found; 0 for defaults */
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
} relume_recovery;
#define RELUME_RECOVERY_INIT {(uint32_t)sizeof(relume_recovery), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}}

/** Reads the recovery report; it does not change while the show is open.
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

/** Watermarks: revisions, not booleans. Unsaved means wanted > done. */
typedef struct relume_status {
  uint32_t struct_size;
  uint32_t level;              /**< relume_level that mutations reach now */
  uint64_t accepted;           /**< newest accepted revision */
  int64_t mirrored;            /**< newest revision in the mirror; -1 without one */
  uint64_t checkpoint_wanted;
  int64_t checkpoint_done;     /**< -1: nothing writes checkpoints in this version */
  uint64_t document_wanted;
  int64_t document_done;       /**< -1: nothing writes documents in this version */
  uint64_t rejected;           /**< mutations that were rejected since open */
} relume_status;
#define RELUME_STATUS_INIT {(uint32_t)sizeof(relume_status), 0, 0, 0, 0, 0, 0, 0, 0}

/** Reads the watermarks.
 *  @retval RELUME_E_INVALID a null argument or a wrong struct_size.
 *  @retval RELUME_E_VERSION
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_status_get(relume_show *show, relume_status *status, relume_error *error);

#ifdef __cplusplus
}
#endif
#endif
