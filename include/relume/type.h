/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/type.h - layer types of an open show: declaring them, reloading them, and changing the type of a layer.
 *
 * A type is often something that the host has to build first: a shader, a fixture profile from a file. So a change of type has
 * two phases. *Prepare* checks the definition and shows nothing. The host builds, on any thread, for as long as it takes, while
 * the show goes on with what it has. Then *commit* makes the change visible as one mutation, or *abort* leaves everything as it
 * was and keeps the reason. Clients see an event for each: build started, type changed, build failed.
 *
 * What becomes of the layers of a type that is defined anew, and of a layer that gets another type:
 *   same shape     Equal control keys, types, labels and slots: every handle stays valid, values and automation go on, a glide
 *                  too. A range that has become narrower clamps.
 *   another shape  A parameter of equal control key, type and lanes keeps its value in each tier, clamped to its new range; an
 *                  enum keeps the label. Everything else is cleared, never guessed; the outcome counts it. Automation of what
 *                  is kept goes on, unless an enum's labels changed, or max_slots leaves no room beside the layer's old slots;
 *                  what no frame has shown yet is dropped with its handle. The layer keeps its id, key, flags and place; its
 *                  handles, and those of its parameters, become stale.
 *   Which value of which parameter became what, and why, is told by relume_type_report.
 *   dormant        A saved layer of a type that was not declared comes back with its values when the type is declared.
 */
#ifndef RELUME_TYPE_H
#define RELUME_TYPE_H

#include <relume/mutation.h>
#include <relume/show.h>
#include <relume/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct relume_type_change { uint64_t bits; } relume_type_change; /**< handle of a prepared change; {0} is none */

/** Prepares a type: one that is new, or a new definition of one that is declared. Nothing visible changes but for
 *  RELUME_EVENT_BUILD_STARTED. A change of the same type that was prepared before and not ended is superseded: its commit and
 *  abort answer RELUME_E_STATE.
 *  @param def copied. @param out_change the handle on RELUME_OK, {0} otherwise; ends in relume_type_commit or relume_type_abort.
 *  @retval RELUME_E_INVALID a null argument, or as relume_schema_add_type says.
 *  @retval RELUME_E_TYPE, RELUME_E_RANGE, RELUME_E_NOT_FINITE, RELUME_E_TOO_LONG, RELUME_E_BAD_UTF8, RELUME_E_EXISTS,
 *          RELUME_E_LIMIT as relume_schema_add_type says; the type as it is stays, and a change prepared before too.
 *  @retval RELUME_E_VERSION a struct_size larger than this library knows.
 *  @retval RELUME_E_NOMEM
 *  @since 0.3.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_type_prepare(relume_show *show, const relume_layer_type_def *def,
                                                             relume_type_change *out_change, relume_error *error);

/** Prepares another type for a layer. Nothing visible changes but for RELUME_EVENT_BUILD_STARTED. A change of the same layer that
 *  was prepared before and not ended is superseded, as in relume_type_prepare.
 *  @param type_key a declared type. @param out_change as for relume_type_prepare.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_LAYER, RELUME_E_UNKNOWN_TYPE
 *  @retval RELUME_E_NOMEM
 *  @since 0.3.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_retype_prepare(relume_show *show, relume_layer layer, const char *type_key,
                                                               relume_type_change *out_change, relume_error *error);

/** Makes a prepared change visible, as one mutation, and publishes RELUME_EVENT_TYPE_CHANGED.
 *  A definition that is equal to the one before (a shader whose code alone has changed) is RELUME_STATE_SAME: the event comes,
 *  and render_reset says what to drop, but nothing is saved and no revision is used.
 *  The handle ends, also when the commit is rejected.
 *  @param outcome optional.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_STATE the change was ended or superseded.
 *  @retval RELUME_E_UNKNOWN_LAYER the layer is gone.
 *  @retval RELUME_E_LIMIT max_layers, max_slots or the mirror's room for the stack is used up.
 *  @retval RELUME_E_IO the mirror could not grow.
 *  @retval RELUME_E_VERSION the outcome's struct_size is larger than this library knows.
 *  @retval RELUME_E_NOMEM
 *  @since 0.3.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_type_commit(relume_show *show, relume_type_change change, relume_outcome *outcome,
                                            relume_error *error);

/** Gives a prepared change up: everything stays as it is. Publishes RELUME_EVENT_BUILD_FAILED.
 *  @param why what failed, for relume_type_failure; copied, cut to RELUME_TEXT_MAX bytes. NULL or empty: nothing failed, the
 *         change is not wanted any more.
 *  @retval RELUME_E_INVALID a null show.
 *  @retval RELUME_E_STATE the change was ended or superseded.
 *  @since 0.3.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_type_abort(relume_show *show, relume_type_change change, const char *why, relume_error *error);

/** Records that a build of a type failed before there was a definition to prepare, for example because its file cannot be read.
 *  Publishes RELUME_EVENT_BUILD_FAILED. The type as it is stays, and a change prepared before too.
 *  @param why as for relume_type_abort, and not empty.
 *  @retval RELUME_E_INVALID a null argument, a bad key, an empty reason.
 *  @since 0.3.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_type_fail(relume_show *show, const char *type_key, const char *why, relume_error *error);

/** Why the last build of a type failed, into the caller's buffer, with a NUL and cut to `size`; returns the full length in bytes
 *  without the NUL (the rule of snprintf). 0 when it did not fail, or was committed since.
 *  @since 0.3.0
 *  Threads: any. Realtime: blocking. */
RELUME_API size_t relume_type_failure(relume_show *show, const char *type_key, char *buffer, size_t size);

/** What became of a value at a change of type. */
typedef enum relume_fate {
  RELUME_FATE_KEPT = 1,    /**< it means the same; an enum the same label, perhaps by another index */
  RELUME_FATE_CLAMPED = 2, /**< brought to the nearest end of its new range */
  RELUME_FATE_CLEARED = 3, /**< gone; automation has ended */
  RELUME_FATE_32BIT = 0x7fffffff
} relume_fate;

/** Why it was clamped or cleared. */
typedef enum relume_unfit {
  RELUME_UNFIT_NONE = 0,      /**< it was kept */
  RELUME_UNFIT_KEY_GONE = 1,  /**< the new type has no parameter of its control key */
  RELUME_UNFIT_TYPE = 2,      /**< that parameter is of another value type */
  RELUME_UNFIT_LANES = 3,     /**< and of another number of lanes too */
  RELUME_UNFIT_LABEL = 4,     /**< an enum without its label */
  RELUME_UNFIT_RANGE = 5,     /**< the range is narrower */
  RELUME_UNFIT_LABELS = 6,    /**< automation of an enum whose labels changed: sources write indices */
  RELUME_UNFIT_NO_ROOM = 7,   /**< automation, where max_slots leaves no room beside the layer's old slots */
  RELUME_UNFIT_NO_VALUE = 8,  /**< of a saved show: bits that are no value of the type */
  RELUME_UNFIT_32BIT = 0x7fffffff
} relume_unfit;

/** One value in one tier, before and after a change of type. */
typedef struct relume_type_fate {
  uint32_t struct_size;
  uint32_t tier;       /**< relume_tier: persisted, committed, or transient for automation that was live */
  uint32_t fate;       /**< relume_fate */
  uint32_t why;        /**< relume_unfit */
  uint64_t layer_id;   /**< of its layer */
  relume_param param;  /**< as it is after the change; {0}: there is none of its key */
  relume_value before; /**< transient: what it was composed to; a text: its length */
  relume_value after;  /**< type 0: cleared */
  char key[64];        /**< control key that it had */
} relume_type_fate;
#define RELUME_TYPE_FATE_INIT {(uint32_t)sizeof(relume_type_fate), 0, 0, 0, 0, {0}, {0, 0, {0}}, {0, 0, {0}}, {0}}

/** What became of every value at a change of type: a commit, a relume_layer_retype, or a change-set with one. What no tier held is
 *  not listed. What was cleared or clamped comes first; then each in the order of the stack, of the old type, and of the tiers.
 *  The show remembers the last 8 changes, with at most 16,384 values each.
 *  @param revision of the outcome or the event.
 *  @param out array of `capacity`; every element has its struct_size set, all the same. May be NULL when capacity is 0.
 *  @param out_count how many are remembered; more than `capacity`: call again with more room.
 *  @param out_omitted optional: how many more there were, most often such as were kept.
 *  @retval RELUME_E_INVALID a null argument, a struct_size that is wrong or not that of the first.
 *  @retval RELUME_E_STATE no change of type had this revision, it moved no value, or it is forgotten.
 *  @retval RELUME_E_VERSION
 *  @retval RELUME_E_NOMEM
 *  @since 0.4.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_type_report(relume_show *show, uint64_t revision, relume_type_fate *out, size_t capacity,
                                            size_t *out_count, uint64_t *out_omitted, relume_error *error);

#ifdef __cplusplus
}
#endif
#endif
