# SPDX-License-Identifier: Apache-2.0
"""The enumerations of the C API; what each of their members means is said in include/relume/*.h."""

import enum

from ._native import lib


class Type(enum.IntEnum):
    """Type of a parameter (relume/value.h)."""

    BOOL = lib.RELUME_BOOL
    INT = lib.RELUME_INT
    FLOAT = lib.RELUME_FLOAT
    VEC2 = lib.RELUME_VEC2
    VEC3 = lib.RELUME_VEC3
    VEC4 = lib.RELUME_VEC4
    COLOR = lib.RELUME_COLOR
    ENUM = lib.RELUME_ENUM
    TIME = lib.RELUME_TIME
    TEXT = lib.RELUME_TEXT
    TRIGGER = lib.RELUME_TRIGGER


class CommitPolicy(enum.IntEnum):
    """What becomes of automation that has settled (relume/value.h)."""

    DEFAULT = lib.RELUME_COMMIT_DEFAULT
    RENDER_ONLY = lib.RELUME_COMMIT_RENDER_ONLY
    SESSION = lib.RELUME_COMMIT_SESSION
    PERSIST = lib.RELUME_COMMIT_PERSIST


class ParamFlags(enum.IntFlag):
    """Bits of a parameter's definition (relume/value.h)."""

    CLAMP = lib.RELUME_PARAM_CLAMP
    RECALL_SAFE = lib.RELUME_PARAM_RECALL_SAFE
    LOSSY = lib.RELUME_PARAM_LOSSY
    HIGHEST = lib.RELUME_PARAM_HIGHEST


class DmxFlags(enum.IntFlag):
    """How a value becomes DMX channels (relume/dmx.h)."""

    FINE = lib.RELUME_DMX_FINE
    INVERT = lib.RELUME_DMX_INVERT
    DITHER = lib.RELUME_DMX_DITHER


class LayerFlags(enum.IntFlag):
    """Bits of a layer (relume/stack.h)."""

    DISABLED = lib.RELUME_LAYER_DISABLED
    BYPASSED = lib.RELUME_LAYER_BYPASSED


class OnDamaged(enum.IntEnum):
    """What becomes of a document that may not simply be overwritten (relume/show.h)."""

    ASK = lib.RELUME_ON_DAMAGED_ASK
    KEEP_AND_SAVE = lib.RELUME_ON_DAMAGED_KEEP_AND_SAVE


class State(enum.IntEnum):
    """What a mutation came to (relume/mutation.h); one that is rejected raises."""

    REJECTED = lib.RELUME_STATE_REJECTED
    CHANGED = lib.RELUME_STATE_CHANGED
    SAME = lib.RELUME_STATE_SAME


class Persistence(enum.IntEnum):
    """What will become of a change on the disk (relume/mutation.h)."""

    NOT_NEEDED = lib.RELUME_PERSISTENCE_NOT_NEEDED
    SCHEDULED = lib.RELUME_PERSISTENCE_SCHEDULED
    JOINED = lib.RELUME_PERSISTENCE_JOINED
    HELD = lib.RELUME_PERSISTENCE_HELD
    REFUSED_READ_ONLY = lib.RELUME_PERSISTENCE_REFUSED_READ_ONLY
    DEGRADED = lib.RELUME_PERSISTENCE_DEGRADED


class Targets(enum.IntFlag):
    """Where a change is to be saved (relume/mutation.h)."""

    CHECKPOINT = lib.RELUME_TARGET_CHECKPOINT
    DOCUMENT = lib.RELUME_TARGET_DOCUMENT


class Urgency(enum.IntEnum):
    """How soon a change asks to be saved (relume/mutation.h)."""

    LOSSY = lib.RELUME_URGENCY_LOSSY
    COALESCE = lib.RELUME_URGENCY_COALESCE


class Level(enum.IntEnum):
    """What a change survives (relume/mutation.h)."""

    MEMORY = lib.RELUME_LEVEL_MEMORY
    MIRRORED = lib.RELUME_LEVEL_MIRRORED
    CHECKPOINTED = lib.RELUME_LEVEL_CHECKPOINTED
    DOCUMENTED = lib.RELUME_LEVEL_DOCUMENTED


class Invalidation(enum.IntEnum):
    """What automation a mutation made invalid (relume/mutation.h)."""

    NONE = lib.RELUME_INVALIDATE_NONE
    ROUTE = lib.RELUME_INVALIDATE_ROUTE
    LAYER = lib.RELUME_INVALIDATE_LAYER
    INCOMPATIBLE = lib.RELUME_INVALIDATE_INCOMPATIBLE


class RenderReset(enum.IntEnum):
    """Which temporal history the host should drop (relume/mutation.h)."""

    NONE = lib.RELUME_RESET_NONE
    LAYER = lib.RELUME_RESET_LAYER
    ALL = lib.RELUME_RESET_ALL


class ChangeKind(enum.IntEnum):
    """Kind of a change in a change-set (relume/mutation.h)."""

    SET = lib.RELUME_CHANGE_SET
    PERSIST = lib.RELUME_CHANGE_PERSIST
    STORE = lib.RELUME_CHANGE_STORE
    REVERT = lib.RELUME_CHANGE_REVERT
    RESET = lib.RELUME_CHANGE_RESET
    ADD = lib.RELUME_CHANGE_ADD
    REMOVE = lib.RELUME_CHANGE_REMOVE
    MOVE = lib.RELUME_CHANGE_MOVE
    ENABLE = lib.RELUME_CHANGE_ENABLE
    BYPASS = lib.RELUME_CHANGE_BYPASS
    RECORD = lib.RELUME_CHANGE_RECORD
    RECORD_REMOVE = lib.RELUME_CHANGE_RECORD_REMOVE
    RETYPE = lib.RELUME_CHANGE_RETYPE
    RENAME = lib.RELUME_CHANGE_RENAME


class Tier(enum.IntEnum):
    """Where a value comes from (relume/mutation.h)."""

    DEFAULT = lib.RELUME_TIER_DEFAULT
    PERSISTED = lib.RELUME_TIER_PERSISTED
    COMMITTED = lib.RELUME_TIER_COMMITTED
    TRANSIENT = lib.RELUME_TIER_TRANSIENT


class RecordKind(enum.IntEnum):
    """What a record holds (relume/value.h)."""

    BYTES = lib.RELUME_RECORD_BYTES
    JSON = lib.RELUME_RECORD_JSON


class SourceKind(enum.IntEnum):
    """Kind of an automation source (relume/overlay.h)."""

    OTHER = lib.RELUME_SOURCE_OTHER
    OSC = lib.RELUME_SOURCE_OSC
    MIDI = lib.RELUME_SOURCE_MIDI
    LFO = lib.RELUME_SOURCE_LFO
    UI = lib.RELUME_SOURCE_UI
    DMX = lib.RELUME_SOURCE_DMX


class EventKind(enum.IntEnum):
    """What happened (relume/events.h)."""

    ACCEPTED = lib.RELUME_EVENT_ACCEPTED
    OVERLAY_SETTLED = lib.RELUME_EVENT_OVERLAY_SETTLED
    OVERLAY_STALE = lib.RELUME_EVENT_OVERLAY_STALE
    SAVED = lib.RELUME_EVENT_SAVED
    SAVE_FAILED = lib.RELUME_EVENT_SAVE_FAILED
    RECOVERED = lib.RELUME_EVENT_RECOVERED
    DOCUMENT_HELD = lib.RELUME_EVENT_DOCUMENT_HELD
    DOCUMENT_ACCEPTED = lib.RELUME_EVENT_DOCUMENT_ACCEPTED
    BUILD_STARTED = lib.RELUME_EVENT_BUILD_STARTED
    BUILD_FAILED = lib.RELUME_EVENT_BUILD_FAILED
    TYPE_CHANGED = lib.RELUME_EVENT_TYPE_CHANGED
    OVERLAY_REJECTED = lib.RELUME_EVENT_OVERLAY_REJECTED
    LAYER_IDENTITY = lib.RELUME_EVENT_LAYER_IDENTITY


class HealthLevel(enum.IntEnum):
    """How well a part is (relume/health.h)."""

    OK = lib.RELUME_HEALTH_OK
    NOTICE = lib.RELUME_HEALTH_NOTICE
    DEGRADED = lib.RELUME_HEALTH_DEGRADED
    OFF = lib.RELUME_HEALTH_OFF


class Rung(enum.IntEnum):
    """Where a recovered state came from (relume/persistence.h)."""

    DEFAULTS = lib.RELUME_RUNG_DEFAULTS
    MIRROR = lib.RELUME_RUNG_MIRROR
    CHECKPOINT = lib.RELUME_RUNG_CHECKPOINT
    DOCUMENT = lib.RELUME_RUNG_DOCUMENT
    GENERATION = lib.RELUME_RUNG_GENERATION


class Verdict(enum.IntEnum):
    """What recovery says about one candidate (relume/persistence.h)."""

    FRESH = lib.RELUME_VERDICT_FRESH
    OK = lib.RELUME_VERDICT_OK
    DAMAGED = lib.RELUME_VERDICT_DAMAGED
    NEWER_FORMAT = lib.RELUME_VERDICT_NEWER_FORMAT
    UNREADABLE = lib.RELUME_VERDICT_UNREADABLE
    FOREIGN = lib.RELUME_VERDICT_FOREIGN
    EDITED = lib.RELUME_VERDICT_EDITED
    CONFLICT = lib.RELUME_VERDICT_CONFLICT


class Choice(enum.IntEnum):
    """What Show.accept chooses (relume/persistence.h)."""

    KEEP = lib.RELUME_CHOICE_KEEP
    FILE = lib.RELUME_CHOICE_FILE


class SaveState(enum.IntEnum):
    """How a save ended (relume/persistence.h)."""

    PENDING = lib.RELUME_SAVE_PENDING
    COMMITTED = lib.RELUME_SAVE_COMMITTED
    NOT_COMMITTED = lib.RELUME_SAVE_NOT_COMMITTED
    UNKNOWN = lib.RELUME_SAVE_UNKNOWN
    HELD = lib.RELUME_SAVE_HELD


class Fate(enum.IntEnum):
    """What became of a value at a change of type (relume/type.h)."""

    KEPT = lib.RELUME_FATE_KEPT
    CLAMPED = lib.RELUME_FATE_CLAMPED
    CLEARED = lib.RELUME_FATE_CLEARED


class Unfit(enum.IntEnum):
    """Why a value was clamped or cleared (relume/type.h)."""

    NONE = lib.RELUME_UNFIT_NONE
    KEY_GONE = lib.RELUME_UNFIT_KEY_GONE
    TYPE = lib.RELUME_UNFIT_TYPE
    LANES = lib.RELUME_UNFIT_LANES
    LABEL = lib.RELUME_UNFIT_LABEL
    RANGE = lib.RELUME_UNFIT_RANGE
    LABELS = lib.RELUME_UNFIT_LABELS
    NO_ROOM = lib.RELUME_UNFIT_NO_ROOM
    NO_VALUE = lib.RELUME_UNFIT_NO_VALUE


class FieldClass(enum.IntEnum):
    """What kind of state a field is (relume/classification.h)."""

    PERSISTED = lib.RELUME_FIELD_PERSISTED
    COMMITTED = lib.RELUME_FIELD_COMMITTED
    TRANSIENT = lib.RELUME_FIELD_TRANSIENT
    RENDER_LOCAL = lib.RELUME_FIELD_RENDER_LOCAL
    HEALTH = lib.RELUME_FIELD_HEALTH


class KeptIn(enum.IntFlag):
    """Which files have a field (relume/classification.h)."""

    MIRROR = lib.RELUME_KEPT_IN_MIRROR
    CHECKPOINT = lib.RELUME_KEPT_IN_CHECKPOINT
    DOCUMENT = lib.RELUME_KEPT_IN_DOCUMENT
