/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/stack.h - the ordered layer stack: lookup by key, handles, and its mutations.
 *
 * A layer has a persistent id (never used twice in a show), a human key, a type and two flags. A parameter's route is
 * "layer-key/control-key". Names are resolved once to 64-bit handles: 32 bits of index, 32 of generation. A handle of a layer
 * that was removed is stale: every call answers with an error, none hits the layer that took the place.
 * {0} is no handle.
 */
#ifndef RELUME_STACK_H
#define RELUME_STACK_H

#include <relume/mutation.h>
#include <relume/show.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bits of the flags of a layer. A disabled layer is out of the show (its values stay); a bypassed one is passed through. What
 *  that means for the picture is the host's to do. */
typedef enum relume_layer_flags {
  RELUME_LAYER_DISABLED = 1,
  RELUME_LAYER_BYPASSED = 2,
  RELUME_LAYER_FLAGS_32BIT = 0x7fffffff
} relume_layer_flags;

/** A layer as it stands. */
typedef struct relume_layer_info {
  uint32_t struct_size;
  uint32_t flags;       /**< relume_layer_flags */
  relume_layer layer;
  uint64_t id;          /**< persistent */
  uint32_t param_count;
  uint32_t slot_count;
  char key[64];
  char type_key[64];
} relume_layer_info;
#define RELUME_LAYER_INFO_INIT {(uint32_t)sizeof(relume_layer_info), 0, {0}, 0, 0, 0, {0}, {0}}

/** A parameter as it was declared. */
typedef struct relume_param_info {
  uint32_t struct_size;
  uint32_t type;        /**< relume_type */
  relume_param param;
  relume_layer layer;
  double min, max;      /**< equal: unbounded */
  relume_value default_value;
  int64_t smoothing_ns;
  int64_t settle_ns;
  uint32_t flags;       /**< relume_param_flags */
  uint32_t commit_policy;
  uint32_t label_count;
  uint32_t slot;        /**< first slot within the layer */
  char route[128];
} relume_param_info;
#define RELUME_PARAM_INFO_INIT \
  {(uint32_t)sizeof(relume_param_info), 0, {0}, {0}, 0.0, 0.0, {0, 0, {0}}, 0, 0, 0, 0, 0, 0, {0}}

/** Finds a layer by its key.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_LAYER
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_layer_find(relume_show *show, const char *layer_key, relume_layer *out_layer,
                                                           relume_error *error);

/** Number of layers in the stack.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API uint32_t relume_layer_count(relume_show *show);

/** The layer at a position of the stack, 0 at the bottom.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_LAYER the position is beyond the top.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_layer_at(relume_show *show, uint32_t position, relume_layer *out_layer,
                                                         relume_error *error);

/** Reads a layer.
 *  @retval RELUME_E_INVALID a null argument or a wrong struct_size.
 *  @retval RELUME_E_VERSION
 *  @retval RELUME_E_UNKNOWN_LAYER
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_layer_info_get(relume_show *show, relume_layer layer, relume_layer_info *info,
                                               relume_error *error);

/** Finds a parameter by its route, "layer/key".
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_ROUTE
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_param_find(relume_show *show, const char *route, relume_param *out_param,
                                                           relume_error *error);

/** The n-th parameter of a layer, in the order of its type.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_LAYER
 *  @retval RELUME_E_UNKNOWN_ROUTE n is beyond the last.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_param_at(relume_show *show, relume_layer layer, uint32_t n,
                                                         relume_param *out_param, relume_error *error);

/** Reads a parameter's definition.
 *  @retval RELUME_E_INVALID a null argument or a wrong struct_size.
 *  @retval RELUME_E_VERSION
 *  @retval RELUME_E_UNKNOWN_ROUTE
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_param_info_get(relume_show *show, relume_param param, relume_param_info *info,
                                               relume_error *error);

/** Index of an enum's label.
 *  @retval RELUME_E_INVALID a null argument.
 *  @retval RELUME_E_UNKNOWN_ROUTE
 *  @retval RELUME_E_TYPE the parameter is no enum.
 *  @retval RELUME_E_RANGE no such label.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API RELUME_MUST_USE relume_result relume_param_label_find(relume_show *show, relume_param param, const char *label,
                                                                 int32_t *out_index, relume_error *error);

/** Text of an enum's label into the caller's buffer, with a NUL and cut to `size`; returns the full length in bytes without
 *  the NUL (the rule of snprintf), 0 for an unknown parameter or index.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API size_t relume_param_label(relume_show *show, relume_param param, int32_t index, char *buffer, size_t size);

/** Adds a layer below `before`, or on top when that is {0}. Its parameters hold their defaults.
 *  @param out_layer optional.
 *  @retval RELUME_E_INVALID a bad key.
 *  @retval RELUME_E_EXISTS the layer key is taken, also by a layer that lies dormant because its type is not declared.
 *  @retval RELUME_E_UNKNOWN_TYPE
 *  @retval RELUME_E_UNKNOWN_LAYER `before`.
 *  @retval RELUME_E_LIMIT max_layers, max_slots or the mirror's room for the stack is used up.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_layer_add(relume_show *show, const char *layer_key, const char *type_key, relume_layer before,
                                          relume_layer *out_layer, relume_outcome *outcome, relume_error *error);

/** Removes a layer with all its values and automation. Its handles, and those of its parameters, become stale.
 *  @retval RELUME_E_UNKNOWN_LAYER
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_layer_remove(relume_show *show, relume_layer layer, relume_outcome *outcome,
                                             relume_error *error);

/** Moves a layer below `before`, or to the top when that is {0}. Handles stay valid.
 *  @retval RELUME_E_UNKNOWN_LAYER either of them.
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_layer_move(relume_show *show, relume_layer layer, relume_layer before, relume_outcome *outcome,
                                           relume_error *error);

/** Gives a layer another type at once, for types that need no building; relume/type.h says what is kept, and has the way in two
 *  phases.
 *  @retval RELUME_E_UNKNOWN_LAYER, RELUME_E_UNKNOWN_TYPE
 *  @retval RELUME_E_LIMIT max_slots or the mirror's room for the stack is used up.
 *  @since 0.3.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_layer_retype(relume_show *show, relume_layer layer, const char *type_key,
                                             relume_outcome *outcome, relume_error *error);

/** Gives a layer another key. Id, place, values, automation and all handles stay; its routes are others from now on, and its old
 *  key is free. The key that it has is RELUME_STATE_SAME.
 *  @param outcome optional.
 *  @retval RELUME_E_INVALID a null argument, a bad key.
 *  @retval RELUME_E_EXISTS another layer has that key, or one that lies dormant because its type is not declared.
 *  @retval RELUME_E_UNKNOWN_LAYER
 *  @retval RELUME_E_LIMIT the mirror's room for the stack is used up.
 *  @retval RELUME_E_IO the mirror could not grow.
 *  @retval RELUME_E_VERSION the outcome's struct_size is larger than this library knows.
 *  @retval RELUME_E_NOMEM
 *  @since 0.4.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_layer_rename(relume_show *show, relume_layer layer, const char *new_key,
                                             relume_outcome *outcome, relume_error *error);

/** Enables (on != 0) or disables a layer.
 *  @retval RELUME_E_UNKNOWN_LAYER
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_layer_enable(relume_show *show, relume_layer layer, int on, relume_outcome *outcome,
                                             relume_error *error);

/** Bypasses (on != 0) a layer or takes it in again.
 *  @retval RELUME_E_UNKNOWN_LAYER
 *  @since 0.1.0
 *  Threads: any. Realtime: blocking. */
RELUME_API relume_result relume_layer_bypass(relume_show *show, relume_layer layer, int on, relume_outcome *outcome,
                                             relume_error *error);

#ifdef __cplusplus
}
#endif
#endif
