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

from ._change import ChangeSet
from ._enums import (
    ChangeKind,
    Choice,
    CommitPolicy,
    EventKind,
    HealthLevel,
    Invalidation,
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
    Outcome,
    Recovery,
    SaveResult,
    ShowInfo,
    SourceInfo,
    Status,
)
from ._roles import Events, Frame, FrameLayer, Reader, Source, Stream
from ._schema import ParamDef, Schema
from ._show import Show
from ._types import TypeChange
from ._values import Value, ValueLike

__version__: str = _ffi.string(_lib.relume_version()).decode()

__all__ = [
    "BadJson", "BadUtf8", "Candidate", "ChangeKind", "ChangeSet", "Changes", "Choice", "Closed", "CommitPolicy", "Error",
    "Event", "EventKind", "Events", "Exists", "Explanation", "Forked", "Frame", "FrameLayer", "HealthLevel", "Invalid",
    "Invalidation", "IoFailed", "Layer", "LayerFlags", "LayerLike", "Level", "Limit", "NoMemory", "NotFinite", "OnDamaged",
    "OutOfRange", "Outcome", "Owned", "Param", "ParamDef", "ParamFlags", "ParamLike", "Persistence", "Reader", "RecordKind",
    "Recovery", "RenderReset", "RoleHeld", "Rung", "SaveResult", "SaveState", "Schema", "Show", "ShowInfo", "Source",
    "SourceInfo", "SourceKind", "State", "Status", "Stream", "Targets", "Tier", "Timeout", "TooLong", "Type", "TypeChange",
    "UnknownLayer", "UnknownRoute", "UnknownType", "Unsaved", "Urgency", "Value", "ValueLike", "Verdict", "VersionMismatch",
    "WrongState", "WrongType", "__version__",
]  # fmt: skip
