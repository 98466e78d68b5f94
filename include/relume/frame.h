/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/frame.h - composing frames on the output thread and reading them, without ever waiting.
 *
 * A frame is flat: one array of 32-bit slots for all layers, ready to be uploaded or viewed. A layer's slots are contiguous and
 * begin at a multiple of 4; a parameter sits at the layer's first slot plus its own (relume_param_info.slot). Float lanes are
 * IEEE 754 bits, bool, int and enum are int32, a trigger's count is uint32, time is an int64 in two slots, low half first. Slots of
 * no layer are 0.
 */
#ifndef RELUME_FRAME_H
#define RELUME_FRAME_H

#include <relume/mutation.h>
#include <relume/show.h>
#include <relume/slot.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One layer of a frame. Fixed size for ever. */
typedef struct relume_frame_layer {
  relume_layer layer;
  uint64_t id;         /**< persistent layer id */
  uint32_t first_slot;
  uint32_t slot_count;
  uint32_t flags;      /**< relume_layer_flags */
  uint32_t reserved;
} relume_frame_layer;

/** A composed frame: values and stack of one moment. Read only. */
typedef struct relume_frame {
  uint32_t struct_size;
  uint32_t slot_count;              /**< the show's max_slots */
  uint64_t number;                  /**< 1 and up; rises by one with each new frame */
  uint64_t revision;                /**< newest mutation that is in it */
  int64_t time_ns;                  /**< compose time */
  const relume_slot *slots;         /**< 64-byte aligned */
  const relume_frame_layer *layers; /**< bottom to top */
  uint32_t layer_count;
  uint32_t moving;                  /**< slots that are gliding: not 0 means that the next frame will differ */
  uint64_t structure;               /**< revision of the newest change of stack or types that is in it: as long as it is the same,
                                         everything lies where it lay and is what it was (relume_frame_layout).
                                         @since 0.4.0 */
} relume_frame;

/** Where a parameter lies in a frame. Fixed size for ever. */
typedef struct relume_frame_param {
  relume_param param;
  relume_layer layer;
  uint32_t slot;  /**< the first of its slots in the frame: relume_frame.slots[slot] */
  uint32_t lanes; /**< how many it has, 1 to 4 */
  uint32_t type;  /**< relume_type */
  uint32_t index; /**< its place in its layer's type, as in relume_param_at */
} relume_frame_param;

/** Composes the frame of this moment and publishes it to all readers. Nothing changed, nothing moves: no new frame.
 *  @param now_ns monotonic; a step backwards counts as no time.
 *  @return number of the newest frame; 0 when another thread is composing (the role is held) or `show` is NULL.
 *  @since 0.1.0
 *  Threads: frame. Realtime: wait-free. */
RELUME_API uint64_t relume_compose(relume_show *show, int64_t now_ns) RELUME_NONBLOCKING;

typedef struct relume_reader relume_reader;

/** Opens a reader of frames.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_LIMIT max_readers are open.
 *  @retval RELUME_E_NOMEM
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_reader_open(relume_show *show, relume_reader **out_reader, relume_error *error);

/** Ends the handle; its borrowed frame with it. NULL is a no-op.
 *  @since 0.1.0
 *  Threads: reader. Realtime: blocking. */
RELUME_API void relume_reader_close(relume_reader *reader);

/** Takes the newest frame, borrowed until this reader's next acquire, its close or the show's. Never NULL for a valid reader.
 *  @since 0.1.0
 *  Threads: reader. Realtime: wait-free. */
RELUME_API const relume_frame *relume_reader_acquire(relume_reader *reader) RELUME_NONBLOCKING;

/** Keeps a borrowed or retained frame until a matching relume_frame_release, past close too.
 *  @retval RELUME_E_INVALID NULL.
 *  @retval RELUME_E_LIMIT max_retained are held.
 *  @since 0.1.0
 *  Threads: reader. Realtime: wait-free. */
RELUME_API RELUME_MUST_USE relume_result relume_frame_retain(const relume_frame *frame) RELUME_NONBLOCKING;

/** Gives a retained frame back. NULL is a no-op. Wait-free in effect while its show is open; the last release of a closed
 *  show's frames returns their memory to the system, which is why the class is blocking.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API void relume_frame_release(const relume_frame *frame);

/** The slots of a parameter in a frame, as many as its type has lanes; borrowed with the frame. NULL when the frame does not
 *  have that parameter: its layer was added later or removed before.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API const relume_slot *relume_frame_at(const relume_frame *frame, relume_param param) RELUME_NONBLOCKING;

/** Where everything lies in a frame, so that a host uploads runs of slots, or maps them to channels (relume/dmx.h), without a call
 *  for each value. What it says holds for every frame of the same `structure`, of this show: make a map once, compare that number
 *  with each frame, make it anew when it is another one.
 *  @param layer only its parameters; {0}: those of all layers, bottom to top. A layer's are in the order of its type.
 *  @param rows as many as fit are written; may be NULL when `capacity` is 0.
 *  @return how many there are (the rule of snprintf); 0 when the frame does not have that layer, or is NULL.
 *  @since 0.4.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API size_t relume_frame_layout(const relume_frame *frame, relume_layer layer, relume_frame_param *rows,
                                      size_t capacity) RELUME_NONBLOCKING;

#ifdef __cplusplus
}
#endif
#endif
