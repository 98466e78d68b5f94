/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/base.h - results, errors and the marks that every other header uses.
 *
 * Conventions of the whole C API
 *   Language   Every header compiles alone as C11 and as C++17.
 *   Ownership  A handle from *_create or *_open ends only in its *_destroy or *_close. Pointer arguments are read during
 *              the call and not kept, unless the text says "borrowed". Strings in are UTF-8 and end in NUL.
 *   Errors     Functions that can fail return a relume_result: 0 is success, negative is an error. The last argument is an
 *              optional relume_error on the caller's stack. There is no "last error" state and no exception crosses the border.
 *   Structs    Options and results begin with `struct_size`, set to sizeof the struct by the *_INIT macro or by
 *              relume_*_init. They grow at the end only; a zero field always means "default". `reserved` must be 0.
 *   Threads    `any`: from every thread, concurrently. `frame`, `reader`, `source`, `control` are roles: one thread at a time
 *              holds the role of one handle; the role may move between threads when the caller synchronises the hand-over.
 *   Realtime   `wait-free`: bounded work; no allocation, no lock, no system call, and no page fault once the memory could be
 *              locked (relume_show_info). Those functions carry RELUME_NONBLOCKING. `blocking`: anything else.
 *   Time       Monotonic nanoseconds from 0 up in int64_t; the clock is the host's choice as long as a show sees one clock.
 */
#ifndef RELUME_BASE_H
#define RELUME_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define RELUME_API __attribute__((visibility("default")))
#define RELUME_MUST_USE __attribute__((warn_unused_result))
#else
#define RELUME_API
#define RELUME_MUST_USE
#endif

/* Part of a function's type where the compiler knows the effect (clang 20 and later), empty elsewhere. Under
 * -Wfunction-effects the host's own render loop is then checked at compile time, under -fsanitize=realtime at run time. */
#if defined(__clang__) && defined(__has_attribute)
#if __has_attribute(nonblocking)
#define RELUME_NONBLOCKING __attribute__((nonblocking))
#endif
#endif
#ifndef RELUME_NONBLOCKING
#define RELUME_NONBLOCKING
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define RELUME_VERSION_MAJOR 0
#define RELUME_VERSION_MINOR 4
#define RELUME_VERSION_PATCH 0

/** What a call came to. ABI: append only. */
typedef enum relume_result {
  RELUME_OK = 0,
  RELUME_E_INVALID = -1,       /**< an argument breaks its contract: null, bad key, reserved not 0, inconsistent options */
  RELUME_E_NOMEM = -2,         /**< the system gave no memory */
  RELUME_E_RANGE = -3,         /**< a value outside the range of its definition, which rejects */
  RELUME_E_NOT_FINITE = -4,    /**< NaN or infinity */
  RELUME_E_TYPE = -5,          /**< a value of another type than the parameter's */
  RELUME_E_UNKNOWN_ROUTE = -6, /**< no such parameter, or its handle is stale (the layer is gone) */
  RELUME_E_UNKNOWN_LAYER = -7, /**< no such layer, or its handle is stale */
  RELUME_E_UNKNOWN_TYPE = -8,  /**< no layer type of that key was declared */
  RELUME_E_EXISTS = -9,        /**< the key is taken */
  RELUME_E_LIMIT = -10,        /**< a capacity that was fixed at open is used up */
  RELUME_E_OWNED = -11,        /**< another process, or another handle of this one, owns the show */
  RELUME_E_IO = -12,           /**< a system call failed; the message has path, step and errno name */
  RELUME_E_VERSION = -13,      /**< struct_size is larger than this library knows */
  RELUME_E_STATE = -14,        /**< not allowed now, for example closing a show inside its own callback */
  RELUME_E_TOO_LONG = -15,     /**< a text, a record or a name beyond its limit */
  RELUME_E_BAD_UTF8 = -16,     /**< a text that is not UTF-8, or has a NUL in it */
  RELUME_E_BAD_JSON = -17,     /**< a JSON record that is no JSON */
  RELUME_E_TIMEOUT = -18,      /**< the deadline has passed; what was asked for goes on in the background */
  RELUME_E_UNSAVED = -19,      /**< closed, with something that is not saved */
  RELUME_RESULT_32BIT = 0x7fffffff
} relume_result;

/** Why a call failed. Lives on the caller's stack; filled on failure only. */
typedef struct relume_error {
  uint32_t struct_size;
  int32_t code;       /**< a relume_result */
  char culprit[136];  /**< the key, route, field or path that is to blame; may be empty */
  char message[256];  /**< what happened and what to do, UTF-8; truncated rather than allocated */
} relume_error;
#define RELUME_ERROR_INIT {(uint32_t)sizeof(relume_error), 0, {0}, {0}}

/** What RELUME_ERROR_INIT does, for callers without macros.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_error_init(relume_error *error, size_t struct_size) RELUME_NONBLOCKING;

/** A short stable name of a result, such as "out-of-range". Never NULL; "unknown-result" for a number it does not know.
 *  These are the reasons that the rigs send over OSC.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API const char *relume_result_name(int32_t result) RELUME_NONBLOCKING;

/** The version of the library that runs, "major.minor.patch"; static storage.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API const char *relume_version(void) RELUME_NONBLOCKING;

#ifdef __cplusplus
}
#endif
#endif
