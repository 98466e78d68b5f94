/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/health.h - how the show is: per subsystem and save target, as a struct and as JSON.
 *
 * Health says what is, not what was: a fault clears when a later save of the same target succeeds.
 */
#ifndef RELUME_HEALTH_H
#define RELUME_HEALTH_H

#include <relume/base.h>
#include <relume/show.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum relume_health_level {
  RELUME_HEALTH_OK = 0,
  RELUME_HEALTH_NOTICE = 1,   /**< works, but somebody should look: held for relume_accept, memory not locked */
  RELUME_HEALTH_DEGRADED = 2, /**< a promise does not hold now: no mirror, a save has failed, a save has hung */
  RELUME_HEALTH_OFF = 3,      /**< not there by the host's choice: a show without a folder */
  RELUME_HEALTH_32BIT = 0x7fffffff
} relume_health_level;

/** One target of saves: checkpoint or document. */
typedef struct relume_target_health {
  uint32_t level;            /**< relume_health_level */
  uint32_t writing;          /**< 1: a write is in flight */
  uint64_t wanted;           /**< newest revision that it was asked for */
  int64_t done;              /**< newest revision that is saved; -1 none */
  uint64_t first_unsaved;    /**< oldest revision that is not saved; 0: all are */
  uint64_t unsaved_events;   /**< accepted changes that are not saved */
  int64_t unsaved_age_ns;    /**< since the oldest of them was noticed; 0 when all are saved */
  int64_t last_success_ns;   /**< realtime since the Unix epoch; 0 never */
  int64_t last_failure_ns;   /**< realtime; 0 never */
  int64_t last_duration_ns;  /**< of the last write that ended */
  int64_t in_flight_ns;      /**< how long the write in flight has taken so far; 0 without one */
  uint64_t successes;        /**< since open */
  uint64_t failures;         /**< since open */
  uint32_t retries;          /**< attempts since the last success that have failed */
  int32_t error;             /**< errno of the failure that stands; 0 none */
  int64_t retry_in_ns;       /**< until the next attempt by itself; 0 when none is planned */
  uint32_t request_pending;  /**< 1: something newer than the write in flight, or than the failed one, waits */
  uint32_t save_state;       /**< relume_save_state of the last write that ended */
  char reason[32];           /**< why it was written last: "change", "save", "flush", "close", "open", ... */
  char step[32];             /**< of the failure that stands: "create", "write", "sync", ... */
  char path[512];            /**< of the failure that stands */
} relume_target_health;

/** The whole. */
typedef struct relume_health {
  uint32_t struct_size;
  uint32_t level;                  /**< the worst of those below but for RELUME_HEALTH_OFF */
  uint32_t mirror;                 /**< relume_health_level */
  uint32_t memory;                 /**< relume_health_level: NOTICE when pages could not be locked */
  uint32_t disk;                   /**< relume_health_level: DEGRADED while a file call has not returned for 5 s */
  uint32_t held;                   /**< relume_verdict for which the document waits for relume_accept; 0: it does not */
  uint32_t unsaved;                /**< 1: the show runs with changes that a power cut would take */
  uint32_t components;             /**< relume_health_level: the worst of relume_health_report; OK without reports */
  uint64_t unsaved_events;         /**< accepted changes that no checkpoint has */
  int64_t unsaved_age_ns;          /**< since the oldest of them was noticed */
  relume_target_health checkpoint;
  relume_target_health document;
} relume_health;

/** What RELUME_ERROR_INIT is for errors: zeroes and sets the size.
 *  @since 0.2.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_health_init(relume_health *health, size_t struct_size) RELUME_NONBLOCKING;

/** Reads the health; never waits for the disk.
 *  @retval RELUME_E_INVALID a null argument or a wrong struct_size.
 *  @retval RELUME_E_VERSION
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_health_get(relume_show *show, relume_health *health, relume_error *error);

#define RELUME_HEALTH_REPORT_MAX 4096 /**< bytes of a component's JSON */

/** Puts the health of a part of the host (a card, an input) beside the show's own: the newest report of each component stands in
 *  relume_health_json under "components", with the level under "level" whatever it has there itself, and its level is part of
 *  relume_health.level.
 *  @param component key of the part, 1 to 63 of [a-z0-9_-]; at most 64 of them.
 *  @param level relume_health_level. @param json one JSON object of the part's own figures, or NULL to take its report away.
 *  @retval RELUME_E_INVALID a null show, a bad key, an unknown level.
 *  @retval RELUME_E_BAD_JSON json is no JSON object.
 *  @retval RELUME_E_TOO_LONG more than RELUME_HEALTH_REPORT_MAX bytes.
 *  @retval RELUME_E_LIMIT 64 components have reported.
 *  @since 0.3.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_health_report(relume_show *show, const char *component, uint32_t level, const char *json,
                                              relume_error *error);

/** The same as one JSON object, {"level":"ok","mirror":"ok",...}, into the caller's buffer, with a NUL and cut to `size`; returns
 *  the full length in bytes without the NUL (the rule of snprintf), 0 when show is NULL.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking. */
RELUME_API size_t relume_health_json(relume_show *show, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
