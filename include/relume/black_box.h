/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/black_box.h - a flight recorder: what the last frames were made of, and those frames again, bit for bit.
 *
 * With relume_show_options.black_box_bytes a show keeps a ring in memory. The frame thread writes into it, without waiting, what each
 * frame took in: values and glides that have changed, what sources said, changes of the stack, and a hash of the frame. Besides, a
 * few whole blocks of 64 slots in each frame, in turn, so that a dump needs nothing from before it: frames can be rebuilt from the
 * first one on at which every block has had its turn.
 *
 * How much a ring holds: a frame takes about 50 bytes, 50 for each value that it took from a source, up to 300 for each of its blocks
 * that has changed (and 16 for each slot of it that glides), and 300 for every 16,384 slots of max_slots. A show of 65,536 slots at
 * 60 frames per second, a hundred blocks of it changing in each, fills 2 MB per second.
 */
#ifndef RELUME_BLACK_BOX_H
#define RELUME_BLACK_BOX_H

#include <relume/frame.h>
#include <relume/mutation.h>
#include <relume/show.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Writes what the ring holds, of the last 60 s of compose time at most, to a file. The frame thread goes on meanwhile; what it
 *  writes over while it is being copied is not in the file.
 *  @param path made or replaced as a whole, with mode 0600; its folder must exist.
 *  @retval RELUME_E_INVALID a null argument or an empty path.
 *  @retval RELUME_E_STATE the show was opened without a black box, or with one so small that frames write over all of it while it
 *          is being copied.
 *  @retval RELUME_E_IO the message has path, step and errno name; nothing is left of a file that was begun.
 *  @retval RELUME_E_NOMEM
 *  @since 0.4.0
 *  Threads: any. Realtime: blocking, on the disk. */
RELUME_API relume_result relume_black_box_dump(relume_show *show, const char *path, relume_error *error);

/** A frame that was rebuilt. */
typedef struct relume_replay_frame {
  uint32_t struct_size;
  uint32_t slot_count;
  uint64_t number;          /**< as relume_frame has it */
  uint64_t revision;
  int64_t time_ns;
  const relume_slot *slots; /**< borrowed until the callback returns */
  uint32_t proved;          /**< so many of its slots were compared with the hash of the frame that was shown */
  uint32_t differs;         /**< 1: and were not the same */
} relume_replay_frame;

/** What a source wrote, as a frame took it. */
typedef struct relume_replay_write {
  uint32_t struct_size;
  uint32_t source;       /**< its number */
  relume_param param;
  int64_t time_ns;       /**< as the source said */
  uint32_t release;      /**< 1: it let go */
  uint32_t gesture;      /**< 1: of a gesture */
  relume_slot lanes[4];  /**< as in a frame; of a trigger the pulses that it has counted */
} relume_replay_write;

/** Who looks at a replay. A callback that returns another number than 0 ends it. */
typedef struct relume_replay_visitor {
  uint32_t struct_size;
  uint32_t reserved;
  void *user;                                                    /**< handed to the callbacks, borrowed */
  int (*on_write)(void *user, const relume_replay_write *write); /**< optional; comes before the frame that took it */
  int (*on_frame)(void *user, const relume_replay_frame *frame); /**< optional */
} relume_replay_visitor;
#define RELUME_REPLAY_VISITOR_INIT {(uint32_t)sizeof(relume_replay_visitor), 0, NULL, NULL, NULL}

/** What RELUME_REPLAY_VISITOR_INIT does, for callers without macros.
 *  @since 0.4.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_replay_visitor_init(relume_replay_visitor *visitor, size_t struct_size) RELUME_NONBLOCKING;

/** What a replay came to. */
typedef struct relume_replay_result {
  uint32_t struct_size;
  uint32_t slot_count;
  uint64_t frames;       /**< rebuilt */
  uint64_t incomplete;   /**< before the first that could be */
  uint64_t writes;
  uint64_t proved;       /**< slots that were compared, of all frames */
  uint64_t differing;    /**< frames that were not as they were shown */
  uint64_t first_number; /**< of the rebuilt ones; 0 when there is none */
  uint64_t last_number;
  int64_t first_ns;
  int64_t last_ns;
} relume_replay_result;
#define RELUME_REPLAY_RESULT_INIT {(uint32_t)sizeof(relume_replay_result), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/** What RELUME_REPLAY_RESULT_INIT does, for callers without macros.
 *  @since 0.4.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_replay_result_init(relume_replay_result *result, size_t struct_size) RELUME_NONBLOCKING;

/** Rebuilds the frames of a dump. The content of the file need not be trusted.
 *  @param visitor optional. @param result optional; filled as far as the replay came, also when the file is to blame.
 *  @retval RELUME_E_INVALID a null path, a struct_size that was not set, a visitor's reserved that is not 0, a file that is no
 *          whole black box; the message says why.
 *  @retval RELUME_E_VERSION the file is of a version that this library does not read, or a struct is newer than it.
 *  @retval RELUME_E_IO it cannot be read; the message has path and errno name.
 *  @retval RELUME_E_NOMEM
 *  @since 0.4.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_black_box_replay(const char *path, const relume_replay_visitor *visitor,
                                                 relume_replay_result *result, relume_error *error);

#ifdef __cplusplus
}
#endif
#endif
