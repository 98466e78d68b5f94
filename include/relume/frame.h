/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/frame.h - composing frames on the output thread and reading them, without ever waiting.
 *
 * A frame is flat: one array of 32-bit slots for all layers, ready to be uploaded or viewed. A layer's slots are contiguous and
 * begin at a multiple of 4; a parameter sits at the layer's first slot plus its own (relume_param_info.slot). Float lanes are
 * IEEE 754 bits, bool, int and enum are int32, time is an int64 in two slots, low half first. Slots of no layer are 0.
 */
#ifndef RELUME_FRAME_H
#define RELUME_FRAME_H

#include <relume/mutation.h>
#include <relume/show.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef union relume_slot {
  float f;
  int32_t i;
  uint32_t u;
} relume_slot;

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
} relume_frame;

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

#ifdef __cplusplus
}
#endif
#endif
