// SPDX-License-Identifier: Apache-2.0
// Every kind of field, classified (DESIGN 5). A row that is not true is a bug: classification_test holds each against what comes
// back from the files.
#pragma once

#include <relume/classification.h>

#include <array>
#include <cstdint>

namespace relume::core {

inline constexpr std::uint32_t kAlways = RELUME_KEPT_IN_MIRROR | RELUME_KEPT_IN_CHECKPOINT | RELUME_KEPT_IN_DOCUMENT;
inline constexpr std::uint32_t kSession = RELUME_KEPT_IN_MIRROR | RELUME_KEPT_IN_CHECKPOINT;
inline constexpr std::uint32_t kHeld = RELUME_KEPT_IN_MIRROR;  // over a death, for as long as the show says
inline constexpr std::uint32_t kNowhere = 0;

struct FieldKind {
  const char* name;
  std::uint32_t field_class;
  std::uint32_t kept_in;
  const char* meaning;
};

inline constexpr std::array kFieldKinds{
    FieldKind{"show.id", RELUME_FIELD_PERSISTED, kAlways, "which show it is, for its whole life"},
    FieldKind{"show.history", RELUME_FIELD_PERSISTED, kAlways, "which line of revisions it is on"},
    FieldKind{"show.revision", RELUME_FIELD_PERSISTED, kAlways, "number of its newest accepted mutation"},
    FieldKind{"layer.id", RELUME_FIELD_PERSISTED, kAlways, "which layer it is, never used twice"},
    FieldKind{"layer.key", RELUME_FIELD_PERSISTED, kAlways, "what people and routes call it"},
    FieldKind{"layer.type", RELUME_FIELD_PERSISTED, kAlways, "key of its layer type"},
    FieldKind{"layer.place", RELUME_FIELD_PERSISTED, kAlways, "where it is in the order of the stack"},
    FieldKind{"layer.flags", RELUME_FIELD_PERSISTED, kAlways, "disabled, bypassed"},
    FieldKind{"type.shape", RELUME_FIELD_PERSISTED, kAlways,
              "keys, types and labels of a type's parameters, for layers whose type is not declared"},
    FieldKind{"param.persisted", RELUME_FIELD_PERSISTED, kAlways, "the base of a value, texts too"},
    FieldKind{"trigger.count", RELUME_FIELD_PERSISTED, kAlways, "how often a trigger was fired; asks for no document"},
    FieldKind{"record", RELUME_FIELD_PERSISTED, kAlways, "a named piece of the host's project data"},
    FieldKind{"document.unknown", RELUME_FIELD_PERSISTED, kAlways,
              "members of a document that only a newer version knows"},

    FieldKind{"param.committed", RELUME_FIELD_COMMITTED, kSession, "the operator's value of this session, texts too"},
    FieldKind{"show.restarts", RELUME_FIELD_COMMITTED, kSession, "how often the show was opened again"},

    FieldKind{"param.automation", RELUME_FIELD_TRANSIENT, kHeld, "a value of a source over the other tiers"},
    FieldKind{"param.glide", RELUME_FIELD_TRANSIENT, kHeld, "how far automation has come on its way"},
    FieldKind{"param.generation", RELUME_FIELD_TRANSIENT, kNowhere, "count of operators' mutations of a route"},
    FieldKind{"source.queue", RELUME_FIELD_TRANSIENT, kNowhere, "what sources wrote and no frame has taken"},
    FieldKind{"frame", RELUME_FIELD_TRANSIENT, kNowhere, "composed values, made anew from the tiers"},
    FieldKind{"handle", RELUME_FIELD_TRANSIENT, kNowhere, "numbers of layers and parameters, resolved anew"},
    FieldKind{"event", RELUME_FIELD_TRANSIENT, kNowhere, "what happened, for those who listen"},
    FieldKind{"type.change", RELUME_FIELD_TRANSIENT, kNowhere, "a change of type that is prepared and not committed"},

    FieldKind{"host.history", RELUME_FIELD_RENDER_LOCAL, kNowhere, "feedback buffers and other temporal history"},
    FieldKind{"host.queue", RELUME_FIELD_RENDER_LOCAL, kNowhere, "playout queues, what cards and sockets still hold"},

    FieldKind{"health.counters", RELUME_FIELD_HEALTH, kNowhere, "rejections, failures, counters of sources"},
    FieldKind{"health.component", RELUME_FIELD_HEALTH, kNowhere, "what parts of the host report of themselves"},
    FieldKind{"type.failure", RELUME_FIELD_HEALTH, kNowhere, "why the last build of a type failed"},
    FieldKind{"type.report", RELUME_FIELD_HEALTH, kNowhere, "what became of values at a change of type"},
};

}  // namespace relume::core
