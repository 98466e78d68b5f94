/* SPDX-License-Identifier: Apache-2.0
 *
 * relume/relume.h - the whole C API.
 *
 * Relume holds the live state of a show in three tiers, composes it into frames for the output thread without ever waiting, tells
 * for each mutation what it did and what will be saved, writes it in the background, and brings the show back after a crash or a
 * power cut.
 *
 *   schema = types and default stack     relume/value.h
 *   show   = open, recover, save, close  relume/show.h, relume/persistence.h
 *   stack  = layers, routes, handles     relume/stack.h
 *   mutate = set, persist, store, ...    relume/mutation.h
 *   automate = sources, overlays         relume/overlay.h
 *   output = compose, readers, frames    relume/frame.h, relume/dmx.h
 *   watch  = events, health              relume/events.h, relume/health.h
 *   record = black box, replay           relume/black_box.h
 *   types  = declare, reload, retype     relume/type.h
 *   alone  = the composer without a show relume/composer.h
 *   kinds  = what lives how long         relume/classification.h
 */
#ifndef RELUME_RELUME_H
#define RELUME_RELUME_H

#include <relume/base.h>
#include <relume/black_box.h>
#include <relume/classification.h>
#include <relume/composer.h>
#include <relume/dmx.h>
#include <relume/events.h>
#include <relume/frame.h>
#include <relume/health.h>
#include <relume/mutation.h>
#include <relume/overlay.h>
#include <relume/persistence.h>
#include <relume/show.h>
#include <relume/slot.h>
#include <relume/stack.h>
#include <relume/type.h>
#include <relume/value.h>

#endif
