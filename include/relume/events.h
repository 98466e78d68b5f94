/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/events.h - what happened, for clients: by poll, or by callback on the control thread.
 *
 * Every accepted mutation publishes one event, after the output has it and before it asks for the disk. Events come in the order
 * of revisions. The show keeps the last event_capacity of them; who is slower than that is told how many it missed, and reads
 * the state anew.
 */
#ifndef RELUME_EVENTS_H
#define RELUME_EVENTS_H

#include <relume/mutation.h>
#include <relume/show.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum relume_event_kind {
  RELUME_EVENT_ACCEPTED = 1,        /**< a mutation that changed something */
  RELUME_EVENT_OVERLAY_SETTLED = 2, /**< settled automation was committed */
  RELUME_EVENT_OVERLAY_STALE = 3,   /**< settled automation came too late, an operator had been faster; nothing changed */
  RELUME_EVENT_SAVED = 4,           /**< `revision` is saved; `change` is the relume_targets bit */
  RELUME_EVENT_SAVE_FAILED = 5,     /**< `change` is the relume_targets bit, `revision` the first unsaved one, `count` the errno
                                         (0: none); relume_health_get has path and step */
  RELUME_EVENT_RECOVERED = 6,       /**< every candidate has been looked at: relume_recovery_get is complete. `count` of them
                                         were refused */
  RELUME_EVENT_DOCUMENT_HELD = 7,   /**< the document's name is left alone until relume_accept; `reason` is its
                                         relume_verdict */
  RELUME_EVENT_DOCUMENT_ACCEPTED = 8, /**< relume_accept; `change` is the relume_choice */
  RELUME_EVENT_BUILD_STARTED = 9,   /**< a change of type was prepared (relume/type.h); `layer` when it is of one layer */
  RELUME_EVENT_BUILD_FAILED = 10,   /**< it was given up: the type, or the layer, stays as it is */
  RELUME_EVENT_TYPE_CHANGED = 11,   /**< it was committed; `count` is the number of layers that it reaches */
  RELUME_EVENT_OVERLAY_REJECTED = 12, /**< settled automation could not be committed, `reason` says why; it stays automation */
  RELUME_EVENT_LAYER_IDENTITY = 13, /**< a document that was taken has another key for the id of a layer, or another id for its key:
                                         the id won. `layer` is the document's, as it is now; one event for each */
  RELUME_EVENT_32BIT = 0x7fffffff
} relume_event_kind;

/** One event. Fixed size for ever: arrays of it cross the border. */
typedef struct relume_event {
  uint64_t sequence;   /**< 1 and up, without gaps */
  uint64_t revision;   /**< accepted and settled: its revision; else the current one */
  uint32_t kind;       /**< relume_event_kind */
  uint32_t change;     /**< relume_change_kind of its first change, unless the kind says otherwise */
  uint32_t count;      /**< number of changes in the change-set */
  int32_t reason;      /**< relume_result */
  relume_param param;  /**< of the first change, {0} if it has none */
  relume_layer layer;  /**< of the first change, as it is after it; {0} for all or none */
  uint64_t type_change; /**< bits of the relume_type_change of an event of types; 0 for others */
  uint64_t reserved;
} relume_event;

typedef struct relume_events relume_events;

/** Called on the control thread (or in relume_control_tick), outside every lock, with 1 to 64 events in order. It may mutate the
 *  show; it may not close it, nor this handle.
 *  @param missed events lost before events[0], because this client was too slow. */
typedef void (*relume_event_callback)(void *user, const relume_event *events, size_t count, uint64_t missed);

/** Opens a subscription; it sees what happens from now on.
 *  @param callback NULL: the client polls. @param user handed to the callback, borrowed.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_NOMEM
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_events_open(relume_show *show, relume_event_callback callback, void *user,
                                                            relume_events **out_events, relume_error *error);

/** Ends the subscription. When it returns, no callback of it runs or will run. NULL is a no-op.
 *  @retval RELUME_E_STATE called from an event callback of this show; the subscription stays.
 *  @since 0.1.0
 *  Threads: any, one at a time per handle. Realtime: blocking. */
RELUME_API relume_result relume_events_close(relume_events *events, relume_error *error);

/** Copies up to `capacity` events, oldest first.
 *  @param out_count how many. @param out_missed optional: events lost before the first, since the last poll.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_STATE the subscription has a callback.
 *  @since 0.1.0
 *  Threads: any, one at a time per handle. Realtime: blocking. */
RELUME_API relume_result relume_events_poll(relume_events *events, relume_event *out, size_t capacity, size_t *out_count,
                                            uint64_t *out_missed, relume_error *error);

#ifdef __cplusplus
}
#endif
#endif
