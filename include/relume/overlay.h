/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/overlay.h - automation: transient values written by sources, wait-free.
 *
 * A source is one writer (an OSC socket, an LFO, a MIDI port). What it writes lies over the committed tier until it is
 * released, until an operator sets the parameter, or until it settles: when a value has not *changed* for the settle time and
 * its glide has arrived, it is committed by its policy and the overlay ends.
 *
 * Glide: with a time constant tau and a target x1 written at t0, the composed value is
 *   x(t) = x1 + (x(t0) - x1) * exp(-(t - t0) / tau),
 * per lane, from the value composed at t0: the closed form of a first-order low-pass for a step input. Within 1e-4 of the range
 * (of the step, where the range is unbounded) it has arrived and is then exact. Releasing glides back by the same rule.
 *
 * Several sources may have a claim on one parameter. The highest priority wins; among equals the latest change, or with
 * RELUME_PARAM_HIGHEST the highest value (of the first lane that differs). Changes in the same tick of 65,536 ns (times divided by
 * it and rounded down are equal) count as simultaneous, and then the source with the higher number wins: never the order in which
 * they were looked at. When the winner is released or lost, the parameter glides to the next claim. When it settles, the claims
 * that are older than its last change end with it; those that are newer take over.
 * Where several changes of a parameter fall between two frames, it goes to the winner's value without a jump, from a value among
 * those that were shown and asked for; from which one is not promised.
 * Where max_contended is used up, a claim that loses waits at its source until there is room; one that a stronger claim
 * displaces is forgotten, and is made again by the next value that its source changes.
 * Writing the value that the source wrote last is no change and does not take the parameter back from the operator.
 *
 * A trigger has no claims: the pulses of all sources count.
 */
#ifndef RELUME_OVERLAY_H
#define RELUME_OVERLAY_H

#include <relume/mutation.h>
#include <relume/show.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct relume_source relume_source;

typedef enum relume_source_kind {
  RELUME_SOURCE_OTHER = 0,
  RELUME_SOURCE_OSC = 1,
  RELUME_SOURCE_MIDI = 2,
  RELUME_SOURCE_LFO = 3,
  RELUME_SOURCE_UI = 4,
  RELUME_SOURCE_DMX = 5, /**< a continuous input: its policy 0 is RELUME_COMMIT_RENDER_ONLY */
  RELUME_SOURCE_KIND_32BIT = 0x7fffffff
} relume_source_kind;

typedef struct relume_source_options {
  uint32_t struct_size;
  uint32_t kind;          /**< relume_source_kind */
  uint32_t priority;      /**< 1 to 200; 0 = RELUME_PRIORITY_DEFAULT */
  uint32_t commit_policy; /**< relume_commit_policy; 0 = the show's */
  uint32_t max_params;    /**< parameters this source can write; 0 = 4,096 or max_slots, the smaller */
  uint32_t reserved;
  int64_t timeout_ns;     /**< a source that has written nothing for so long, not even an equal value, is lost: what it holds is
                               released, all of it and of all sources that are lost then in one frame. In compose time, and from
                               the frame on that found its last word. 0 = never */
} relume_source_options;
#define RELUME_SOURCE_OPTIONS_INIT {(uint32_t)sizeof(relume_source_options), 0, 0, 0, 0, 0, 0}

/** What RELUME_SOURCE_OPTIONS_INIT does, for callers without macros.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_source_options_init(relume_source_options *options, size_t struct_size) RELUME_NONBLOCKING;

/** Opens a source and allocates all it will need.
 *  @param options NULL = all defaults.
 *  @retval RELUME_E_INVALID a null argument, priority over 200, max_params over max_slots, a kind or policy that is none, a
 *          negative timeout, a struct_size that was not set.
 *  @retval RELUME_E_LIMIT max_sources are open, or closed and no frame was composed since.
 *  @retval RELUME_E_VERSION a struct_size larger than this library knows.
 *  @retval RELUME_E_NOMEM
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_source_open(relume_show *show, const relume_source_options *options,
                                                            relume_source **out_source, relume_error *error);

/** Ends the handle; what it holds is released at the next frame and glides back. NULL is a no-op.
 *  @since 0.1.0
 *  Threads: source. Realtime: blocking. */
RELUME_API void relume_source_close(relume_source *source);

/** One automation value of a batch. Fixed size for ever. */
typedef struct relume_overlay_value {
  relume_param param;
  relume_value value;
  uint32_t commit_policy; /**< relume_commit_policy; 0 = the definition's, the source's, the show's */
  uint32_t smoothing_ms;  /**< time constant of this write in ms, 1 to 65,534; 0 = the definition's; RELUME_SMOOTHING_STEP. Of float,
                               vec and color; others step whatever it says */
} relume_overlay_value;

#define RELUME_SMOOTHING_STEP 65535 /**< no glide */

/** Writes one automation value. The next frame shows it, or a step of its glide.
 *  What is refused, for another reason than a null argument, is counted in the source's statistics; so in all that follow.
 *  @param now_ns when it was noticed; the glide starts there. Taken as the last compose time when earlier.
 *  @retval RELUME_E_INVALID a null argument, a value whose `reserved` is not 0.
 *  @retval RELUME_E_UNKNOWN_ROUTE, RELUME_E_TYPE, RELUME_E_RANGE, RELUME_E_NOT_FINITE
 *  @retval RELUME_E_LIMIT more than max_params of this source.
 *  @retval RELUME_E_STATE this source is in a gesture with it.
 *  @since 0.1.0
 *  Threads: source. Realtime: wait-free. */
RELUME_API relume_result relume_overlay_write(relume_source *source, relume_param param, const relume_value *value,
                                              int64_t now_ns) RELUME_NONBLOCKING;

/** Writes `count` values that land in one frame. All are validated first: on error none is written. Batches wait while a later
 *  one of the same source is half written; a source that writes batches without any pause is shown every 250 ms, torn or not.
 *  @param out_culprit optional; index of the value to blame.
 *  @retval RELUME_E_INVALID a null argument, a value whose `reserved` is not 0, a policy or a smoothing_ms that is none.
 *  @retval RELUME_E_UNKNOWN_ROUTE, RELUME_E_TYPE, RELUME_E_RANGE, RELUME_E_NOT_FINITE
 *  @retval RELUME_E_LIMIT more than max_params of this source.
 *  @retval RELUME_E_STATE this source is in a gesture with one of them.
 *  @since 0.1.0
 *  Threads: source. Realtime: wait-free. */
RELUME_API relume_result relume_overlay_write_many(relume_source *source, const relume_overlay_value *values, size_t count,
                                                   int64_t now_ns, size_t *out_culprit) RELUME_NONBLOCKING;

/** Releases the source's automation of a parameter; it glides to the next claim, or back to the tier below. Without one it is no
 *  error; nor is it for a trigger, whose pulses are not taken back.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_ROUTE
 *  @retval RELUME_E_STATE this source is in a gesture with it: end or abort that.
 *  @since 0.1.0
 *  Threads: source. Realtime: wait-free. */
RELUME_API relume_result relume_overlay_release(relume_source *source, relume_param param, int64_t now_ns) RELUME_NONBLOCKING;

/** Begins a gesture: somebody takes the parameter into the hand (a fader is touched, a mouse button goes down). From the next frame
 *  on it stands where it is shown, at RELUME_PRIORITY_GESTURE. (A value of this source that no frame has shown yet is where it
 *  begins, and a change.)
 *  @param now_ns as for relume_overlay_write; so in all of them.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_ROUTE
 *  @retval RELUME_E_TYPE a trigger or a text, which nobody can hold.
 *  @retval RELUME_E_STATE this source is in a gesture with it.
 *  @retval RELUME_E_LIMIT more than max_params of this source.
 *  @since 0.4.0
 *  Threads: source. Realtime: wait-free. */
RELUME_API relume_result relume_gesture_begin(relume_source *source, relume_param param, int64_t now_ns) RELUME_NONBLOCKING;

/** Changes the value in a gesture. It is transient: nothing is committed before the end.
 *  @retval RELUME_E_INVALID a null argument, a value whose `reserved` is not 0.
 *  @retval RELUME_E_UNKNOWN_ROUTE, RELUME_E_TYPE, RELUME_E_RANGE, RELUME_E_NOT_FINITE
 *  @retval RELUME_E_STATE no gesture was begun.
 *  @since 0.4.0
 *  Threads: source. Realtime: wait-free. */
RELUME_API relume_result relume_gesture_change(relume_source *source, relume_param param, const relume_value *value,
                                               int64_t now_ns) RELUME_NONBLOCKING;

/** Ends a gesture: its last value is committed once, as soon as its glide has arrived, without waiting for the settle time. The
 *  policy is that of a write; render-only becomes RELUME_COMMIT_SESSION. A gesture without a change is given up. Who begins another
 *  before the glide has arrived has the value committed at once, and holds the parameter where it is. Not so where a stronger claim
 *  has the parameter, or where another change, value or release of this source follows before a frame has seen the end: then that
 *  takes the gesture's place.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_ROUTE
 *  @retval RELUME_E_STATE no gesture was begun.
 *  @since 0.4.0
 *  Threads: source. Realtime: wait-free. */
RELUME_API relume_result relume_gesture_end(relume_source *source, relume_param param, int64_t now_ns) RELUME_NONBLOCKING;

/** Gives a gesture up: the parameter glides to the next claim, or back to what lies below, and nothing is committed.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_ROUTE
 *  @retval RELUME_E_STATE no gesture was begun.
 *  @since 0.4.0
 *  Threads: source. Realtime: wait-free. */
RELUME_API relume_result relume_gesture_abort(relume_source *source, relume_param param, int64_t now_ns) RELUME_NONBLOCKING;

#define RELUME_SOURCE_RECOVERED 0xffffffffU /**< number of the source of automation that was held over a death. Any write of any
                                                 source takes the parameter from it, an operator ends it, and after the show's
                                                 held_ns it is released */

/** Number and counters of a source. */
typedef struct relume_source_info {
  uint32_t struct_size;
  uint32_t number;     /**< as in relume_outcome.masked_by and relume_explanation.source; 1 and up, never used twice */
  uint64_t written;    /**< values that were taken */
  uint64_t unchanged;  /**< values equal to the one before, which are no change */
  uint64_t rejected;   /**< what was stopped at the door: values, batches (each as one), releases, steps of gestures */
  uint64_t superseded; /**< of the written ones, those that a newer one replaced before a frame could take them */
  uint64_t timeouts;   /**< how often the source was lost */
} relume_source_info;
#define RELUME_SOURCE_INFO_INIT {(uint32_t)sizeof(relume_source_info), 0, 0, 0, 0, 0, 0}

/** Reads the counters.
 *  @retval RELUME_E_INVALID a null argument or a wrong struct_size.
 *  @retval RELUME_E_VERSION
 *  @since 0.1.0
 *  Threads: source. Realtime: wait-free. */
RELUME_API relume_result relume_source_info_get(const relume_source *source, relume_source_info *info) RELUME_NONBLOCKING;

/** A source that always writes the same run of slots: what an input of many channels (a DMX universe, a tracker, a mixer) has in
 *  its buffer, without a call or a look-up for each value. */
typedef struct relume_stream relume_stream;

/** Opens a stream and allocates all it will need. It counts as one of max_sources.
 *  @param options as for relume_source_open; max_params must be 0. NULL = all defaults.
 *  @param first the parameter that the run begins with. @param count slots of the run, 1 to 65,536: all parameters in it are of
 *         float lanes (float, vec, color), the last one whole. Slots that alignment leaves between parameters are in it, and
 *         what is written to them is not looked at.
 *  @retval RELUME_E_INVALID a null argument, a count of 0, options as relume_source_open says.
 *  @retval RELUME_E_UNKNOWN_ROUTE `first` is stale, or the layer ends before the run does.
 *  @retval RELUME_E_TYPE a parameter of another type in the run, or one that its end cuts; the culprit is named.
 *  @retval RELUME_E_LIMIT max_sources are open.
 *  @retval RELUME_E_VERSION
 *  @retval RELUME_E_NOMEM
 *  @since 0.3.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_stream_open(relume_show *show, const relume_source_options *options,
                                                            relume_param first, size_t count, relume_stream **out_stream,
                                                            relume_error *error);

/** Ends the handle; what it holds is released at the next frame and glides back. NULL is a no-op.
 *  @since 0.3.0
 *  Threads: source. Realtime: blocking. */
RELUME_API void relume_stream_close(relume_stream *stream);

/** Writes all values of the run; they land in one frame. Each parameter is its own automation: one whose value is equal to what
 *  the stream wrote last has not changed, may settle, and is not taken back from the operator.
 *  @param values, count as many as the stream has slots, in their order; on error none is written.
 *  @param now_ns as for relume_overlay_write.
 *  @param out_culprit optional; index of the value to blame.
 *  @retval RELUME_E_INVALID a null argument, or another count than the stream's; the first value too few or too many is to blame.
 *  @retval RELUME_E_UNKNOWN_ROUTE the layer is gone, or its parameters lie elsewhere since a change of type: open the stream anew.
 *  @retval RELUME_E_RANGE, RELUME_E_NOT_FINITE counted in the stream's statistics.
 *  @since 0.3.0
 *  Threads: source. Realtime: wait-free. */
RELUME_API relume_result relume_stream_write(relume_stream *stream, const float *values, size_t count,
                                             int64_t now_ns, size_t *out_culprit) RELUME_NONBLOCKING;

/** Reads number and counters, as relume_source_info_get does for a source; a whole run counts as one value.
 *  @retval RELUME_E_INVALID a null argument or a wrong struct_size.
 *  @retval RELUME_E_VERSION
 *  @since 0.3.0
 *  Threads: source. Realtime: wait-free. */
RELUME_API relume_result relume_stream_info_get(const relume_stream *stream, relume_source_info *info) RELUME_NONBLOCKING;

#ifdef __cplusplus
}
#endif
#endif
