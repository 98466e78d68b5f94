/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/mutation.h - requests that change the show, and the outcome that each of them returns.
 *
 * Tiers: *persisted* is the base that the document saves, *committed* the operator's truth of this session, *transient* the
 * automation overlay. The topmost that is present wins; where none is, the default of the definition holds.
 *
 * A mutation is validated, then takes effect in a fixed order: hot state and mirror, output, events, persistence request. It
 * waits for no disk, no frame and no client. When it returns RELUME_OK and the outcome's level is RELUME_LEVEL_MIRRORED, it
 * survives the death of the process. The next frame composed after it returns shows it, whole.
 * A rejected mutation changes nothing, persists nothing and takes no revision.
 *
 * The operator wins the race: setting or persisting a value, also an equal one, ends without glide the automation of that
 * parameter whose priority is not above RELUME_PRIORITY_DEFAULT, and whatever of it is still on its way.
 */
#ifndef RELUME_MUTATION_H
#define RELUME_MUTATION_H

#include <relume/base.h>
#include <relume/show.h>
#include <relume/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct relume_layer { uint64_t bits; } relume_layer; /**< handle of a layer; {0} is none (relume/stack.h) */
typedef struct relume_param { uint64_t bits; } relume_param; /**< handle of a parameter; {0} is none */

#define RELUME_PRIORITY_DEFAULT 100 /**< of operator mutations and of sources; sources range from 1 to 200 */
#define RELUME_PRIORITY_GESTURE 150 /**< of a gesture (relume/overlay.h), whoever makes it */

typedef enum relume_state {
  RELUME_STATE_REJECTED = 0, /**< nothing changed; outcome.reason says why */
  RELUME_STATE_CHANGED = 1,
  RELUME_STATE_SAME = 2,     /**< it was so already; the revision is the current one */
  RELUME_STATE_32BIT = 0x7fffffff
} relume_state;

typedef enum relume_persistence {
  RELUME_PERSISTENCE_NOT_NEEDED = 0, /**< nothing changed, or the show has no folder and nothing outlives the process */
  RELUME_PERSISTENCE_SCHEDULED = 1, /**< first unsaved change of one of its targets */
  RELUME_PERSISTENCE_JOINED = 2,    /**< rides on a request that was already pending */
  RELUME_PERSISTENCE_HELD = 3,      /**< the document's name is left alone until relume_accept; the checkpoint has it */
  RELUME_PERSISTENCE_REFUSED_READ_ONLY = 4, /**< as held, because the document is of a newer format */
  RELUME_PERSISTENCE_DEGRADED = 5,  /**< accepted, but the last save of one of its targets failed; it is tried again */
  RELUME_PERSISTENCE_32BIT = 0x7fffffff
} relume_persistence;

/** Bits: where a change is to be saved. */
typedef enum relume_targets {
  RELUME_TARGET_CHECKPOINT = 1,
  RELUME_TARGET_DOCUMENT = 2,
  RELUME_TARGETS_32BIT = 0x7fffffff
} relume_targets;

typedef enum relume_urgency {
  RELUME_URGENCY_LOSSY = 0,    /**< waits for another change to ride along with */
  RELUME_URGENCY_COALESCE = 1, /**< after quiet time or maximum age */
  RELUME_URGENCY_32BIT = 0x7fffffff
} relume_urgency;

typedef enum relume_level {
  RELUME_LEVEL_MEMORY = 1,   /**< there is no mirror: it dies with the process */
  RELUME_LEVEL_MIRRORED = 2, /**< survives the death of the process */
  RELUME_LEVEL_CHECKPOINTED = 3, /**< survives a power cut (relume_wait) */
  RELUME_LEVEL_DOCUMENTED = 4,   /**< in the show document, if it belongs there (relume_wait) */
  RELUME_LEVEL_32BIT = 0x7fffffff
} relume_level;

/** What automation a mutation made invalid; executed by the library before it returns. */
typedef enum relume_invalidation {
  RELUME_INVALIDATE_NONE = 0,
  RELUME_INVALIDATE_ROUTE = 1, /**< of the routes that were named */
  RELUME_INVALIDATE_LAYER = 2, /**< of whole layers */
  RELUME_INVALIDATE_INCOMPATIBLE = 3, /**< all that no longer fits: a change of type, a document that was taken */
  RELUME_INVALIDATE_32BIT = 0x7fffffff
} relume_invalidation;

/** Which temporal history (feedback buffers, queues) the host should drop; the host's own matter. */
typedef enum relume_render_reset {
  RELUME_RESET_NONE = 0,
  RELUME_RESET_LAYER = 1,
  RELUME_RESET_ALL = 2,
  RELUME_RESET_32BIT = 0x7fffffff
} relume_render_reset;

/** What a mutation did and what will become of it on disk. */
typedef struct relume_outcome {
  uint32_t struct_size;
  uint32_t state;             /**< relume_state */
  int32_t reason;             /**< relume_result; RELUME_OK unless rejected */
  uint32_t culprit;           /**< rejected change-set: index of the change that is to blame */
  uint64_t revision;          /**< of the change; the current one when same or rejected */
  uint32_t persistence;       /**< relume_persistence */
  uint32_t targets;           /**< relume_targets that the change belongs to */
  uint32_t urgency;           /**< relume_urgency */
  uint32_t level;             /**< relume_level reached at return */
  uint64_t debounce_key;      /**< requests of one key are coalesced; today one key per set of targets */
  uint64_t request_sequence;  /**< number of the pending request; the same while changes join it */
  uint32_t invalidation;      /**< relume_invalidation */
  uint32_t render_reset;      /**< relume_render_reset */
  uint32_t events;            /**< number of events published */
  uint32_t masked_count;      /**< parameters whose new value does not show, because stronger automation masks it */
  relume_param masked_param;  /**< the first of them */
  uint32_t masked_by;         /**< the source that masks it (relume_source_info) */
  uint32_t masked_priority;
  uint32_t clamped_values;    /**< change of type: values that a narrower range clamped, tier by tier */
  uint32_t cleared_values;    /**< change of type: values that fit no more, tier by tier */
} relume_outcome;
#define RELUME_OUTCOME_INIT {(uint32_t)sizeof(relume_outcome), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}, 0, 0, 0, 0}

/** What RELUME_OUTCOME_INIT does, for callers without macros.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_outcome_init(relume_outcome *outcome, size_t struct_size) RELUME_NONBLOCKING;

typedef enum relume_change_kind {
  RELUME_CHANGE_SET = 1,     /**< param, value: the committed value */
  RELUME_CHANGE_PERSIST = 2, /**< param, value: the persisted value; clears the committed one above it */
  RELUME_CHANGE_STORE = 3,   /**< layer or {0} for all: committed values become persisted; leaves automation alone */
  RELUME_CHANGE_REVERT = 4,  /**< layer or {0}: clears committed values; leaves automation alone */
  RELUME_CHANGE_RESET = 5,   /**< layer or {0}: clears committed values, and releases all automation, which glides back */
  RELUME_CHANGE_ADD = 6,     /**< key, type_key, before */
  RELUME_CHANGE_REMOVE = 7,  /**< layer */
  RELUME_CHANGE_MOVE = 8,    /**< layer, before */
  RELUME_CHANGE_ENABLE = 9,  /**< layer, flag */
  RELUME_CHANGE_BYPASS = 10, /**< layer, flag */
  RELUME_CHANGE_RECORD = 11, /**< key, flag (a relume_record_kind), value of type RELUME_TEXT whose bytes are the record's */
  RELUME_CHANGE_RECORD_REMOVE = 12, /**< key; a record that is not there is RELUME_STATE_SAME */
  RELUME_CHANGE_RETYPE = 13, /**< layer, type_key: another type for a layer (relume/type.h says what is kept) */
  RELUME_CHANGE_RENAME = 14, /**< layer, key: another key for a layer; its routes change with it */
  RELUME_CHANGE_32BIT = 0x7fffffff
} relume_change_kind;

/** One change of a change-set. Fixed size for ever: arrays of it cross the border. Fields that a kind does not name are 0. */
typedef struct relume_change {
  uint32_t kind; /**< relume_change_kind */
  uint32_t flag;
  relume_param param;
  relume_layer layer;
  relume_layer before;
  const char *key;
  const char *type_key;
  relume_value value;
  uint64_t reserved[2];
} relume_change;

/** Applies changes in order as one change-set: one revision for all, or none. Readers, the mirror and clients see all of it or
 *  nothing. A change sees those before it; handles must be valid when the call is made.
 *  @param count 0 is RELUME_STATE_SAME.
 *  @param outcome optional. On rejection `culprit` is the index of the change to blame.
 *  @retval RELUME_E_INVALID a null argument, an unknown kind.
 *  @retval RELUME_E_RANGE, RELUME_E_NOT_FINITE, RELUME_E_TYPE, RELUME_E_TOO_LONG, RELUME_E_BAD_UTF8 a value does not fit its
 *          definition.
 *  @retval RELUME_E_BAD_JSON a JSON record that is none.
 *  @retval RELUME_E_IO the mirror could not grow; the message has path, step and errno name.
 *  @retval RELUME_E_UNKNOWN_ROUTE, RELUME_E_UNKNOWN_LAYER, RELUME_E_UNKNOWN_TYPE, RELUME_E_EXISTS, RELUME_E_LIMIT as the
 *          functions for the single changes say.
 *  @retval RELUME_E_VERSION the outcome's struct_size is larger than this library knows.
 *  @retval RELUME_E_NOMEM
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_apply(relume_show *show, const relume_change *changes, size_t count, relume_outcome *outcome,
                                      relume_error *error);

/** Sets the committed value of a parameter: the operator's hand.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_ROUTE, RELUME_E_TYPE, RELUME_E_RANGE, RELUME_E_NOT_FINITE
 *  @retval RELUME_E_TOO_LONG, RELUME_E_BAD_UTF8, RELUME_E_LIMIT, RELUME_E_IO a text; the last two as relume_record_set says.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_value_set(relume_show *show, relume_param param, const relume_value *value,
                                          relume_outcome *outcome, relume_error *error);

/** Sets the persisted value of a parameter and clears the committed one above it.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_ROUTE, RELUME_E_TYPE, RELUME_E_RANGE, RELUME_E_NOT_FINITE
 *  @retval RELUME_E_TOO_LONG, RELUME_E_BAD_UTF8, RELUME_E_LIMIT, RELUME_E_IO a text; the last two as relume_record_set says.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_value_persist(relume_show *show, relume_param param, const relume_value *value,
                                              relume_outcome *outcome, relume_error *error);

/** Sets the committed values of `count` parameters as one change-set. Of a parameter named twice, the last value holds.
 *  @param params, values arrays of `count`.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_ROUTE, RELUME_E_TYPE, RELUME_E_RANGE, RELUME_E_NOT_FINITE; outcome.culprit is the index.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_values_set(relume_show *show, const relume_param *params, const relume_value *values,
                                           size_t count, relume_outcome *outcome, relume_error *error);

/** Store live to base: the committed values of a layer, or of all layers for {0}, become persisted. Leaves automation alone.
 *  @retval RELUME_E_UNKNOWN_LAYER
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_store(relume_show *show, relume_layer layer, relume_outcome *outcome, relume_error *error);

/** Clears the committed values of a layer, or of all layers for {0}. Leaves automation alone.
 *  @retval RELUME_E_UNKNOWN_LAYER
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_revert(relume_show *show, relume_layer layer, relume_outcome *outcome, relume_error *error);

/** Clears the committed values of a layer, or of all layers for {0}, and releases its automation, of every priority and in
 *  gestures too, which glides back.
 *  @retval RELUME_E_UNKNOWN_LAYER
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_reset(relume_show *show, relume_layer layer, relume_outcome *outcome, relume_error *error);

typedef enum relume_tier {
  RELUME_TIER_DEFAULT = 0, /**< no tier has a value */
  RELUME_TIER_PERSISTED = 1,
  RELUME_TIER_COMMITTED = 2,
  RELUME_TIER_TRANSIENT = 3,
  RELUME_TIER_32BIT = 0x7fffffff
} relume_tier;

/** The value that holds now and the tier it comes from. Reads your own write: a mutation that returned before is seen, composed
 *  or not. Under automation it is the value of the newest frame.
 *  @param out_tier optional.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_ROUTE
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_value_get(relume_show *show, relume_param param, relume_value *out_value,
                                          relume_tier *out_tier, relume_error *error);

/** The text that holds now, into the caller's buffer, with a NUL and cut to `size`.
 *  @param out_size optional: the full length in bytes without the NUL (the rule of snprintf).
 *  @param out_tier optional.
 *  @retval RELUME_E_INVALID a null argument (buffer may be NULL when size is 0).
 *  @retval RELUME_E_UNKNOWN_ROUTE
 *  @retval RELUME_E_TYPE the parameter is no text.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_text_get(relume_show *show, relume_param param, char *buffer, size_t size, size_t *out_size,
                                         relume_tier *out_tier, relume_error *error);

#define RELUME_RECORD_MAX 16777216 /**< bytes of a record */

/** Sets a record: a named piece of the host's own project data (a scene, a palette, a patch), saved with the document and part
 *  of change-sets and revisions like any value. Keys as for parameters.
 *  @param kind relume_record_kind. @param data copied; may be NULL when size is 0.
 *  @retval RELUME_E_INVALID a null argument, a bad key, an unknown kind.
 *  @retval RELUME_E_TOO_LONG more than RELUME_RECORD_MAX bytes.
 *  @retval RELUME_E_BAD_JSON
 *  @retval RELUME_E_LIMIT 65,536 texts and records are there.
 *  @retval RELUME_E_IO the mirror could not grow.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_record_set(relume_show *show, const char *record_key, uint32_t kind, const void *data,
                                           size_t size, relume_outcome *outcome, relume_error *error);

/** Removes a record; one that is not there is RELUME_STATE_SAME.
 *  @retval RELUME_E_INVALID a null argument or a bad key.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_record_remove(relume_show *show, const char *record_key, relume_outcome *outcome,
                                              relume_error *error);

/** Copies a record, as much of it as fits.
 *  @param buffer may be NULL when size is 0; no NUL is added. @param out_size optional: its full size in bytes.
 *  @param out_kind optional: relume_record_kind.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_ROUTE no such record.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_record_get(relume_show *show, const char *record_key, void *buffer, size_t size,
                                           size_t *out_size, uint32_t *out_kind, relume_error *error);

/** Key of the n-th record in the order of keys, into the caller's buffer, with a NUL and cut to `size` (64 bytes hold every
 *  key); returns the full length in bytes without the NUL (the rule of snprintf), 0 when there are not so many.
 *  @since 0.2.0
 *  Threads: any. Realtime: blocking. */
RELUME_API size_t relume_record_key(relume_show *show, size_t n, char *buffer, size_t size);

/** Everything about one parameter: each tier's value and who wins. */
typedef struct relume_explanation {
  uint32_t struct_size;
  uint32_t winner;             /**< relume_tier */
  relume_value composed;       /**< what holds now, as relume_value_get */
  relume_value default_value;
  relume_value persisted;      /**< type 0: absent */
  relume_value committed;      /**< type 0: absent */
  relume_value transient;      /**< type 0: no automation; else what is composed from it */
  uint32_t source;             /**< number of the automation's source (relume_source_info); 0 without one */
  uint32_t priority;           /**< of that source */
  uint32_t generation;         /**< rises with each operator mutation of the route */
  uint32_t gliding_back;       /**< 1: automation has ended, and `composed` is still on its way to the winner's value */
  int64_t age_ns;              /**< since automation began to go where it goes or stands (its last change, a takeover, another
                                    definition), in compose time, to 0.1 ms; 0 without automation. More than 9 hours are at
                                    least 9 */
  relume_param param;          /**< which one */
} relume_explanation;
#define RELUME_EXPLANATION_INIT                                                                                       \
  {(uint32_t)sizeof(relume_explanation), 0, {0, 0, {0}}, {0, 0, {0}}, {0, 0, {0}}, {0, 0, {0}}, {0, 0, {0}}, 0, 0, 0, \
   0, 0, {0}}

/** Explains one parameter.
 *  @retval RELUME_E_INVALID a null argument or a wrong struct_size.
 *  @retval RELUME_E_VERSION
 *  @retval RELUME_E_UNKNOWN_ROUTE
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_explain(relume_show *show, relume_param param, relume_explanation *out, relume_error *error);

/** Explains every parameter of a layer, in the order of its type, all of one moment: no mutation comes in between. For that it
 *  holds mutations up by about 30 ns a parameter (a layer of 512: 15 to 20 us; the largest there can be, 65,535: 2 ms), which is
 *  why it is for one layer. It holds up neither frames nor sources.
 *  @param out array of `capacity`; every element has its struct_size set, all the same. May be NULL when capacity is 0.
 *  @param out_count how many parameters the layer has; more than `capacity`: the rest is missing.
 *  @retval RELUME_E_INVALID a null argument, a struct_size that is wrong or not that of the first.
 *  @retval RELUME_E_VERSION
 *  @retval RELUME_E_UNKNOWN_LAYER
 *  @retval RELUME_E_NOMEM
 *  @since 0.4.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_explain_layer(relume_show *show, relume_layer layer, relume_explanation *out, size_t capacity,
                                              size_t *out_count, relume_error *error);

#ifdef __cplusplus
}
#endif
#endif
