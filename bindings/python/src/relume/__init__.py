# SPDX-License-Identifier: Apache-2.0
"""Relume: live show state that survives the process.

    import relume

    schema = relume.Schema()
    schema.type("fixture", [relume.ParamDef("level", relume.Type.FLOAT, max=1.0)]).layer("wash", "fixture")
    with relume.Show(schema, "tour.show") as show:
        show.set("wash/level", 0.75)

Declare with Schema and ParamDef; open a Show; set, persist and change; write automation by a Source; compose, and take a Frame by
a Reader; watch by Events, Show.health() and Show.recovery(). Errors are subclasses of Error, one per code of the C library.
"""

from . import dmx
from ._batch import Batch
from ._change import ChangeSet
from ._enums import (
    ChangeKind,
    Choice,
    CommitPolicy,
    DmxFlags,
    EventKind,
    Fate,
    FieldClass,
    HealthLevel,
    Invalidation,
    KeptIn,
    LayerFlags,
    Level,
    OnDamaged,
    ParamFlags,
    Persistence,
    RecordKind,
    RenderReset,
    Rung,
    SaveState,
    SourceKind,
    State,
    Targets,
    Tier,
    Type,
    Unfit,
    Urgency,
    Verdict,
)
from ._errors import (
    BadJson,
    BadUtf8,
    Closed,
    Error,
    Exists,
    Forked,
    Invalid,
    IoFailed,
    Limit,
    NoMemory,
    NotFinite,
    OutOfRange,
    Owned,
    RoleHeld,
    Timeout,
    TooLong,
    UnknownLayer,
    UnknownRoute,
    UnknownType,
    Unsaved,
    VersionMismatch,
    WrongState,
    WrongType,
)
from ._native import ffi as _ffi
from ._native import lib as _lib
from ._params import Layer, LayerLike, Param, ParamLike
from ._reports import (
    Candidate,
    Changes,
    Event,
    Explanation,
    Field,
    Outcome,
    Recovery,
    SaveResult,
    ShowInfo,
    SourceInfo,
    Status,
    TypeFate,
    classification,
)
from ._roles import SMOOTHING_STEP, SOURCE_RECOVERED, Events, Frame, FrameLayer, Gesture, Reader, Source, Stream
from ._schema import ParamDef, Schema
from ._show import Show
from ._types import TypeChange
from ._values import Value, ValueLike

#: None at all, where 0 means the default (Show(max_retained=NONE)).
NONE = int(_lib.RELUME_NONE)

__version__: str = _ffi.string(_lib.relume_version()).decode()

__all__ = [
    "BadJson", "BadUtf8", "Batch", "Candidate", "ChangeKind", "ChangeSet", "Changes", "Choice", "Closed", "CommitPolicy",
    "DmxFlags", "Error", "Event", "EventKind", "Events", "Exists", "Explanation", "Fate", "Field", "FieldClass", "Forked",
    "Frame", "FrameLayer", "Gesture", "HealthLevel", "Invalid", "Invalidation", "IoFailed", "KeptIn", "Layer", "LayerFlags", "LayerLike",
    "Level", "Limit", "NONE", "NoMemory", "NotFinite", "OnDamaged", "OutOfRange", "Outcome", "Owned", "Param", "ParamDef",
    "ParamFlags", "ParamLike", "Persistence", "Reader", "RecordKind", "Recovery", "RenderReset", "RoleHeld", "Rung",
    "SMOOTHING_STEP", "SOURCE_RECOVERED", "SaveResult", "SaveState", "Schema", "Show", "ShowInfo", "Source", "SourceInfo", "SourceKind", "State", "Status", "Stream",
    "Targets", "Tier", "Timeout", "TooLong", "Type", "TypeChange", "TypeFate", "Unfit", "UnknownLayer", "UnknownRoute",
    "UnknownType", "Unsaved", "Urgency", "Value", "ValueLike", "Verdict", "VersionMismatch", "WrongState", "WrongType",
    "__version__", "classification", "dmx",
]  # fmt: skip
