/* SPDX-License-Identifier: Apache-2.0
 *
 * The side-entry of the emulated card, for tests that hold it in their own process; C11 and C++.
 *
 *   void *library = dlopen("<build>/virtual_card/libDeckLinkAPI.so", RTLD_NOW | RTLD_LOCAL);
 *   const virtual_card_control *card = ((virtual_card_control_entry *)dlsym(library, VIRTUAL_CARD_CONTROL_ENTRY))();
 *   card->reset(&options);         then look for the card as on any machine, and card->step(0, 1) frame by frame
 *
 * A process that has no hand on the card sets it by environment variables, read when the library is first asked for anything:
 *
 *   VCARD_CARDS=N         so many cards, 0 to 16; 1 unless said
 *   VCARD_CLOCK=manual    frames go out by step() only; `real` unless said
 *   VCARD_PPM=N           the card's clock is so many millionths fast (negative: slow)
 *   VCARD_PROFILE=a|b     answers the ids of one era alone: a = 11.5 to 14.2.1, b = those new in 14.3; `both` unless said
 *   VCARD_STRICT=1        asks every scheduled frame for its ids as drivers from 14.3 on do; one that does not answer is refused
 *   VCARD_HASH=N          hash of every Nth displayed frame: XXH3, 64 bits, over the rows without what pads them
 *   VCARD_LOG=FILE        what happens, one JSON object a line, with a line "summary" at each disable and at the end
 *   VCARD_PNG=FILE        keeps the newest displayed picture. Create FILE.request: the card writes FILE as PNG (renamed into
 *                         place), then removes FILE.request. Card n > 0 writes FILE.n for FILE.n.request
 *   VCARD_LOCK=FILE       one process at a time: an output is busy while another process has one enabled under the same FILE
 *
 * How the emulation decides what the vendor leaves open:
 *   - the frames of the output begin half a frame after the slots of the scheduled stream, and a picture goes out with the
 *     first that begins at or after its time: slot = its time since the start, divided by the frame time, to the nearest
 *   - of the frames whose slot has come the one of the highest slot goes out (the last scheduled of several), as completed or,
 *     past its slot, late; the others are dropped. Nothing there: the picture stays, and an underrun is counted
 *   - a frame's completion is told when its time on the output ends, so its bytes are the card's until then
 *   - with a manual clock the first step after the start shows slot 0, and stream time is then half a frame; each further step
 *     is a frame
 *   - speeds other than 1.0 are not implemented
 *   - unplugged: what is queued is flushed and told, there is no stopped notice, every further call fails
 *   - a picture that is put out synchronously goes out with the next frame; with a manual clock at once
 *
 * After a disable: scheduled = completed + late + dropped + flushed, and frame_references = 0.
 *
 * Threads: every function from any thread; reset(), step(), plug() and wait_idle() wait for callbacks and are not for use
 * within one. Cards are numbered from 0. Functions that return int: 0 is success, else an errno.
 */
#ifndef RELUME_VIRTUAL_CARD_CONTROL_H
#define RELUME_VIRTUAL_CARD_CONTROL_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define VIRTUAL_CARD_CONTROL_ENTRY "VirtualCardControl_0001"

enum { VIRTUAL_CARD_PROFILE_BOTH = 0, VIRTUAL_CARD_PROFILE_A = 1, VIRTUAL_CARD_PROFILE_B = 2 };

typedef struct virtual_card_options { /* zero means what the environment variable means when it is not set */
  uint32_t struct_size;
  uint32_t cards; /* 0 = 1; VIRTUAL_CARD_NO_CARDS = none */
  uint32_t manual_clock;
  int32_t ppm;
  uint32_t profile;
  uint32_t strict;
  uint32_t hash_every;      /* 0 = none */
  uint32_t keep_picture;    /* for write_png() */
  uint32_t minimum_preroll; /* what the attribute `mprf` says; 0 = 3 */
  uint32_t queue_limit;     /* frames; 0 = 64 */
  const char* log_path;     /* NULL = none; copied */
} virtual_card_options;
#define VIRTUAL_CARD_NO_CARDS 0xffffffffu

typedef struct virtual_card_ledger { /* grows at the end only */
  uint32_t struct_size;
  uint32_t enabled;
  uint64_t scheduled; /* ScheduleVideoFrame calls that were accepted; each ends in one of the four results */
  uint64_t completed;
  uint64_t late;
  uint64_t dropped;
  uint64_t flushed;
  uint64_t outstanding;      /* scheduled and not yet told */
  uint64_t queued;           /* of these, waiting for their slot */
  uint64_t frame_references; /* on frames, held by the card */
  uint64_t refused;          /* ScheduleVideoFrame calls that failed */
  uint64_t synchronous;      /* frames by DisplayVideoFrameSync */
  uint64_t underruns;        /* slots that no new frame was there for */
  uint64_t stopped_notices;
  uint64_t audio_written; /* sample frames: written = played + flushed + buffered */
  uint64_t audio_played;
  uint64_t audio_flushed;
  uint64_t audio_buffered;
  uint64_t audio_underruns; /* sample frames of silence while audio ran */
  uint64_t displayed;       /* entries of displayed() */
} virtual_card_ledger;

typedef struct virtual_card_displayed { /* in the order in which they went out */
  uint64_t serial;                      /* nth accepted schedule call, from 0; UINT64_MAX of a synchronous frame */
  int64_t slot;                         /* for which it was scheduled */
  int64_t shown;                        /* at which it went out */
  uint64_t hash;                        /* 0 when not taken */
} virtual_card_displayed;

enum virtual_card_fault {
  VIRTUAL_CARD_BUSY = 1,            /* 1: enable fails with access denied; 0: no more */
  VIRTUAL_CARD_STALL_CLOCK = 2,     /* for so many frames nothing goes out while time goes on */
  VIRTUAL_CARD_STALL_CALLBACKS = 3, /* 1: the callback thread stands still; 0, or a disable: it goes on */
  VIRTUAL_CARD_NO_STOP_NOTICE = 4,  /* 1: stops without notice; 0: with */
  VIRTUAL_CARD_QUEUE_LIMIT = 5,     /* frames that wait, beyond which scheduling is out of memory */
  VIRTUAL_CARD_REFERENCE = 6,       /* what the reference status says: 1 unsupported, 2 locked, 0 unlocked */
  VIRTUAL_CARD_FAIL_SCHEDULE = 7,   /* so many following ScheduleVideoFrame calls fail */
  /* Real clock. 1: the clock thread sleeps on; 0: it wakes. What it has missed went out in time, without what was scheduled
     too late for that. */
  VIRTUAL_CARD_LATE_CLOCK = 8
};

typedef struct virtual_card_control {
  uint32_t struct_size;
  /* Afresh, with an empty ledger. EBUSY while an output is enabled or the library's objects are referenced. */
  int (*reset)(const virtual_card_options* options);
  /* References on the library's objects (devices, modes, card-made frames, ...) in this process. */
  uint64_t (*references)(void);
  /* Manual clock: so many frames go by, one after the other; the callbacks of each have returned before the next (unless
   * they are stalled). EINVAL with a real clock. */
  int (*step)(uint32_t card, uint64_t frames);
  /* Until every callback that is due has returned. */
  int (*wait_idle)(uint32_t card);
  int (*fault)(uint32_t card, uint32_t kind, int64_t value);
  /* These two of a card from one thread at a time; EINVAL when it is so already. Plugged in again it is a new device with the
   * same persistent id, and what is left to tell the client of the old one is told first. */
  int (*unplug)(uint32_t card);
  int (*plug)(uint32_t card);
  int (*ledger)(uint32_t card, virtual_card_ledger* out);
  /* Copies entries from `first` on, at most `capacity`; returns how many there are to copy. */
  size_t (*displayed)(uint32_t card, size_t first, virtual_card_displayed* out, size_t capacity);
  /* As one JSON object, NUL-terminated, cut at `size`; returns its whole length. */
  size_t (*ledger_json)(uint32_t card, char* out, size_t size);
  /* The newest displayed picture, as PNG. ENOENT when there is none (or keep_picture was not set), ENOTSUP for its format. */
  int (*write_png)(uint32_t card, const char* path);
} virtual_card_control;

typedef const virtual_card_control* virtual_card_control_entry(void);

#ifdef __cplusplus
}
#endif
#endif
