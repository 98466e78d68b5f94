/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/value.h - typed values, parameter definitions, layer types, and the schema that declares them.
 *
 * A value takes 1 to 4 lanes of 32 bits, called slots; that is also its place in a frame (relume/frame.h). A text is not in the
 * frame: its slot there holds a number that is another one when the text is (the low half of its XXH3-64), 0 for an empty text.
 *
 * A trigger has no value but a count: how often it was fired since its layer was added, modulo 2^32. What is written to it is a
 * number of pulses, and every pulse counts: of operators and of all sources, whatever their priority, however late a frame takes
 * it. A reader fires by the difference to the count that it saw last, (uint32_t)(now - before), at whatever rate it looks. The
 * count outlives the process and the machine, so a recovery shows no difference and fires nothing; nothing but a pulse ever
 * changes it: no store, revert, reset, preset or document that is loaded.
 */
#ifndef RELUME_VALUE_H
#define RELUME_VALUE_H

#include <relume/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Type of a parameter. ABI: append only. */
typedef enum relume_type {
  RELUME_BOOL = 1,  /**< 1 slot, 0 or 1 */
  RELUME_INT = 2,   /**< 1 slot, int32 */
  RELUME_FLOAT = 3, /**< 1 slot */
  RELUME_VEC2 = 4,  /**< 2 slots */
  RELUME_VEC3 = 5,  /**< 3 slots, aligned to 4 */
  RELUME_VEC4 = 6,  /**< 4 slots */
  RELUME_COLOR = 7, /**< 4 slots: linear red, green, blue, straight alpha */
  RELUME_ENUM = 8,  /**< 1 slot, index into the labels */
  RELUME_TIME = 9,  /**< 2 slots, int64 nanoseconds, low half first */
  RELUME_TEXT = 10, /**< 1 slot; UTF-8 without NUL, at most RELUME_TEXT_MAX bytes. Takes no automation */
  RELUME_TRIGGER = 11, /**< 1 slot, uint32: the count of its pulses, which wraps */
  RELUME_TYPE_32BIT = 0x7fffffff
} relume_type;

#define RELUME_TEXT_MAX 1024 /**< bytes of a text value */

/** Bytes of somebody else. */
typedef struct relume_bytes {
  const char *data; /**< need not end in NUL; may be NULL when size is 0 */
  uint64_t size;    /**< bytes */
} relume_bytes;

/** A tagged value. Fixed size for ever: arrays of it cross the border. */
typedef struct relume_value {
  uint32_t type;     /**< a relume_type; 0 = none */
  uint32_t reserved; /**< 0 */
  union {
    int32_t i;  /**< bool (0 or 1), int, enum; trigger: pulses to add, and out of the library the bits of their count */
    float f[4]; /**< float, vec2, vec3, vec4, color: as many lanes as the type has */
    int64_t t;  /**< time */
    relume_bytes text; /**< text: borrowed during the call. Out of the library data is NULL and size the length: the bytes
                            themselves are read by relume_text_get */
  } as;
} relume_value;

/** One value of each type.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API relume_value relume_value_bool(int on) RELUME_NONBLOCKING;
RELUME_API relume_value relume_value_int(int32_t value) RELUME_NONBLOCKING;
RELUME_API relume_value relume_value_float(float value) RELUME_NONBLOCKING;
RELUME_API relume_value relume_value_vec2(float x, float y) RELUME_NONBLOCKING;
RELUME_API relume_value relume_value_vec3(float x, float y, float z) RELUME_NONBLOCKING;
RELUME_API relume_value relume_value_vec4(float x, float y, float z, float w) RELUME_NONBLOCKING;
RELUME_API relume_value relume_value_color(float r, float g, float b, float a) RELUME_NONBLOCKING;
RELUME_API relume_value relume_value_enum(int32_t index) RELUME_NONBLOCKING;
RELUME_API relume_value relume_value_time(int64_t nanoseconds) RELUME_NONBLOCKING;
/** A text that ends in NUL; it is borrowed, not copied. NULL is the empty text.
 *  @since 0.2.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API relume_value relume_value_text(const char *text) RELUME_NONBLOCKING;

/** Fires a trigger: `pulses` are added to its count. 1 and up, below 2^31; what is not is refused where it is used.
 *  @since 0.4.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API relume_value relume_value_trigger(uint32_t pulses) RELUME_NONBLOCKING;

/** Number of 32-bit lanes of a type, 1 to 4; 0 for a number that is no type.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API uint32_t relume_type_lanes(uint32_t type) RELUME_NONBLOCKING;

/** What becomes of automation that has settled. From weakest to strongest the policy is taken from the show's options, the
 *  source, the definition, the single write; 0 leaves it to the weaker one. */
typedef enum relume_commit_policy {
  RELUME_COMMIT_DEFAULT = 0,
  RELUME_COMMIT_RENDER_ONLY = 1, /**< stays automation for ever */
  RELUME_COMMIT_SESSION = 2,     /**< becomes the committed value */
  RELUME_COMMIT_PERSIST = 3,     /**< becomes the persisted value */
  RELUME_COMMIT_32BIT = 0x7fffffff
} relume_commit_policy;

/** Bits of relume_param_def.flags. */
typedef enum relume_param_flags {
  RELUME_PARAM_CLAMP = 1,       /**< out of range is clamped; without it, rejected. Not for trigger */
  RELUME_PARAM_RECALL_SAFE = 2, /**< a preset leaves it alone */
  RELUME_PARAM_LOSSY = 4,       /**< a change alone never asks to be saved, it rides along with the next save */
  RELUME_PARAM_HIGHEST = 8,     /**< among sources of equal priority the highest value wins, not the latest */
  RELUME_PARAM_FLAGS_32BIT = 0x7fffffff
} relume_param_flags;

/** Definition of one parameter of a layer type.
 *  Keys: 1 to 63 of [a-z0-9_-]; "relume" is reserved. In an array, every element has the same struct_size. */
typedef struct relume_param_def {
  uint32_t struct_size;
  uint32_t type;              /**< a relume_type */
  const char *key;            /**< control key, unique in its type */
  double min, max;            /**< both inclusive, for every lane; min == max (as in all zero) means unbounded. Not for bool, enum, text,
                                   trigger */
  relume_value default_value; /**< type 0: zero, or the end of the range that is nearest to zero; the empty text. Must lie in
                                   the range. A text is copied. A trigger takes none */
  uint32_t flags;             /**< relume_param_flags */
  uint32_t commit_policy;     /**< relume_commit_policy for automation of this parameter */
  const char *const *labels;  /**< enum only: label_count distinct texts of 1 to 63 bytes */
  uint32_t label_count;       /**< enum only: 1 to 65,535 */
  uint32_t reserved;
  int64_t smoothing_ns;       /**< time constant of automation's glide; under 10 us, as in 0, it steps. float, vec and color only */
  int64_t settle_ns;          /**< how long automation must be unchanged before it is committed; 0 = the show's; at most 19
                                   hours */
} relume_param_def;
#define RELUME_PARAM_DEF_INIT \
  {(uint32_t)sizeof(relume_param_def), 0, NULL, 0.0, 0.0, {0, 0, {0}}, 0, 0, NULL, 0, 0, 0, 0}

/** What RELUME_PARAM_DEF_INIT does, for callers without macros.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_param_def_init(relume_param_def *def, size_t struct_size) RELUME_NONBLOCKING;

/** A named set of parameters: a fixture profile, a shader package. A layer has exactly one type. */
typedef struct relume_layer_type_def {
  uint32_t struct_size;
  uint32_t version;               /**< the host's own; 1 and up, 0 = 1 */
  const char *key;                /**< as for parameters; unique in the schema */
  const relume_param_def *params; /**< 1 to 65,535 definitions; together at most 65,536 slots */
  size_t param_count;
} relume_layer_type_def;
#define RELUME_LAYER_TYPE_DEF_INIT {(uint32_t)sizeof(relume_layer_type_def), 0, NULL, NULL, 0}

/** What RELUME_LAYER_TYPE_DEF_INIT does, for callers without macros.
 *  @since 0.1.0
 *  Threads: any. Realtime: wait-free. */
RELUME_API void relume_layer_type_def_init(relume_layer_type_def *def, size_t struct_size) RELUME_NONBLOCKING;

/** Everything a host declares before it opens a show: the layer types, and the stack of a show that is new. */
typedef struct relume_schema relume_schema;

/** Makes an empty schema.
 *  @param out_schema the handle on RELUME_OK, NULL otherwise; ends in relume_schema_destroy.
 *  @retval RELUME_E_INVALID out_schema is NULL.
 *  @retval RELUME_E_NOMEM
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_schema_create(relume_schema **out_schema, relume_error *error);

/** Ends the handle; NULL is a no-op. A show that was opened with it keeps its own copy.
 *  @since 0.1.0
 *  Threads: any, one at a time per schema. Realtime: blocking. */
RELUME_API void relume_schema_destroy(relume_schema *schema);

/** Declares a layer type; everything is copied. Parameters get their slots in the order given, aligned like a GPU's vec2 and
 *  vec4 (std430): 2 slots for vec2 and time, 4 for vec3, vec4 and color.
 *  @retval RELUME_E_INVALID a bad key, no parameters, a range or default that cannot be, labels missing; the culprit is named.
 *  @retval RELUME_E_TYPE a type number that is none, or a default of another type.
 *  @retval RELUME_E_RANGE a default outside its range.
 *  @retval RELUME_E_NOT_FINITE a range, a default or a lane that is NaN or infinite.
 *  @retval RELUME_E_TOO_LONG, RELUME_E_BAD_UTF8 a default text; a label that is not UTF-8.
 *  @retval RELUME_E_EXISTS the type key, or twice the same parameter key.
 *  @retval RELUME_E_LIMIT more than 65,536 slots.
 *  @retval RELUME_E_VERSION a struct_size larger than this library knows.
 *  @retval RELUME_E_NOMEM
 *  @since 0.1.0
 *  Threads: any, one at a time per schema. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_schema_add_type(relume_schema *schema, const relume_layer_type_def *def,
                                                                relume_error *error);

/** What a record holds. */
typedef enum relume_record_kind {
  RELUME_RECORD_BYTES = 0, /**< anything; base64 in the document */
  RELUME_RECORD_JSON = 1,  /**< JSON text (RFC 8259), in the document as it is */
  RELUME_RECORD_32BIT = 0x7fffffff
} relume_record_kind;

/** Declares a record that a *new* show starts with (relume/mutation.h); copied.
 *  @param kind relume_record_kind.
 *  @retval RELUME_E_INVALID a bad key, an unknown kind.
 *  @retval RELUME_E_EXISTS the record key.
 *  @retval RELUME_E_TOO_LONG more than RELUME_RECORD_MAX bytes.
 *  @retval RELUME_E_BAD_JSON
 *  @retval RELUME_E_NOMEM
 *  @since 0.2.0
 *  Threads: any, one at a time per schema. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_schema_add_record(relume_schema *schema, const char *record_key, uint32_t kind,
                                                                  const void *data, size_t size, relume_error *error);

/** Declares a layer of the stack that a *new* show starts with, on top of those declared before. A show that is recovered has
 *  its own stack, and this one is not looked at.
 *  @retval RELUME_E_INVALID a bad key.
 *  @retval RELUME_E_EXISTS the layer key.
 *  @retval RELUME_E_UNKNOWN_TYPE the type was not declared.
 *  @retval RELUME_E_NOMEM
 *  @since 0.1.0
 *  Threads: any, one at a time per schema. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_schema_add_layer(relume_schema *schema, const char *layer_key,
                                                                 const char *type_key, relume_error *error);

#ifdef __cplusplus
}
#endif
#endif
