/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/relume.h - the whole C API.
 *
 * Relume holds the live state of a show in three tiers, composes it into frames for the output thread without ever waiting, tells
 * for each mutation what it did, and brings the show back after the process died.
 *
 *   schema = types and default stack     relume/value.h
 *   show   = open, recover, close        relume/show.h, relume/persistence.h
 *   stack  = layers, routes, handles     relume/stack.h
 *   mutate = set, persist, store, ...    relume/mutation.h
 *   automate = sources, overlays         relume/overlay.h
 *   output = compose, readers, frames    relume/frame.h
 *   watch  = events                      relume/events.h
 */
#ifndef RELUME_RELUME_H
#define RELUME_RELUME_H

#include <relume/base.h>
#include <relume/events.h>
#include <relume/frame.h>
#include <relume/mutation.h>
#include <relume/overlay.h>
#include <relume/persistence.h>
#include <relume/show.h>
#include <relume/stack.h>
#include <relume/value.h>

#endif
