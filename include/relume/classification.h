/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/classification.h - which kind of thing lives how long, and where it is saved: one constant table, for hosts that show it,
 * and for whoever asks what a crash, a power cut or a lost disk would take.
 */
#ifndef RELUME_CLASSIFICATION_H
#define RELUME_CLASSIFICATION_H

#include <relume/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What kind of state a field is. */
typedef enum relume_field_class {
  RELUME_FIELD_PERSISTED = 1,    /**< of the show: every save has it */
  RELUME_FIELD_COMMITTED = 2,    /**< of the session: outlives the process and a power cut, and is not in the document */
  RELUME_FIELD_TRANSIENT = 3,    /**< of the moment: ends with the process, unless the mirror holds it over a death */
  RELUME_FIELD_RENDER_LOCAL = 4, /**< the host's own, made from frames; never enters the show */
  RELUME_FIELD_HEALTH = 5,       /**< says how the show is, and is no part of it */
  RELUME_FIELD_CLASS_32BIT = 0x7fffffff
} relume_field_class;

/** Bits: which files have a field, so that it comes back from them. */
typedef enum relume_kept_in {
  RELUME_KEPT_IN_MIRROR = 1,     /**< survives the death of the process */
  RELUME_KEPT_IN_CHECKPOINT = 2, /**< survives a power cut */
  RELUME_KEPT_IN_DOCUMENT = 4,   /**< and the loss of all but the document */
  RELUME_KEPT_IN_32BIT = 0x7fffffff
} relume_kept_in;

/** One kind of field. */
typedef struct relume_field {
  uint32_t struct_size;
  uint32_t field_class; /**< relume_field_class */
  uint32_t kept_in;     /**< relume_kept_in */
  uint32_t reserved;
  const char *name;     /**< ASCII, "what.field", for example "param.committed"; constant, lives as long as the library */
  const char *meaning;  /**< a line of English for people; as `name` */
} relume_field;
#define RELUME_FIELD_INIT {(uint32_t)sizeof(relume_field), 0, 0, 0, NULL, NULL}

/** The n-th kind of field, from 0; every one has one row, and the rows never change while a process runs.
 *  @retval RELUME_E_INVALID a null argument or a wrong struct_size.
 *  @retval RELUME_E_RANGE there are not so many.
 *  @retval RELUME_E_VERSION
 *  @since 0.4.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API relume_result relume_classification(size_t n, relume_field *out) RELUME_NONBLOCKING;

#ifdef __cplusplus
}
#endif
#endif
