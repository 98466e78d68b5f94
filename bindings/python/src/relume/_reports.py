# SPDX-License-Identifier: Apache-2.0
"""What the library answers: one dataclass per struct of the C API, whose headers say what each field means.

Times are in nanoseconds. Handles of layers and parameters are numbers here, 0 for none: Show.layer() and Show.param() take
them too.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from ._enums import (
    ChangeKind,
    EventKind,
    Fate,
    FieldClass,
    Invalidation,
    KeptIn,
    Level,
    Persistence,
    RenderReset,
    Rung,
    SaveState,
    State,
    Targets,
    Tier,
    Unfit,
    Urgency,
    Verdict,
)
from ._errors import text_of
from ._native import ffi, lib
from ._values import Value, from_native


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What a mutation did and what will become of it on the disk (relume_outcome)."""

    state: State
    revision: int
    persistence: Persistence
    targets: Targets
    urgency: Urgency
    level: Level | None  # None: it was not a mutation after all (Show.accept where nothing is held)
    debounce_key: int
    request_sequence: int
    invalidation: Invalidation
    render_reset: RenderReset
    events: int
    masked_count: int
    masked_param: int
    masked_by: int
    masked_priority: int
    clamped_values: int
    cleared_values: int

    @property
    def changed(self) -> bool:
        """False when it was so already."""
        return self.state is State.CHANGED


@dataclasses.dataclass(frozen=True, slots=True)
class Status:
    """Watermarks (relume_status): revisions; -1 where there is none."""

    level: Level
    accepted: int
    mirrored: int
    checkpoint_wanted: int
    checkpoint_done: int
    document_wanted: int
    document_done: int
    rejected: int


@dataclasses.dataclass(frozen=True, slots=True)
class ShowInfo:
    """Identity and capacities of an open show (relume_show_info)."""

    show_id: str
    history_id: int
    restarts: int
    max_slots: int
    memory_locked: bool
    memory_lock_errno: int
    mirror_path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """One state that recovery looked at (relume_candidate)."""

    rung: Rung
    verdict: Verdict
    revision: int
    path: str
    kept_as: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Recovery:
    """How the show came up (relume_recovery), with every candidate that has been looked at so far."""

    rung: Rung
    revision: int
    age_ns: int | None
    restarts: int
    clean_close: bool
    refused: int
    dormant_layers: int
    converted_layers: int
    cleared_values: int
    mirror: bool
    mirror_reason: str
    complete: bool
    held: Verdict | None
    candidates: tuple[Candidate, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class SaveResult:
    """How an explicit save ended (relume_save_result)."""

    state: SaveState
    revision: int
    target: Targets
    errno: int
    errno_name: str
    step: str
    path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one parameter (relume_explanation), by its handle `param`. Of a text, every tier is its length in bytes,
    but for `composed` in the answer of Show.explain()."""

    winner: Tier
    composed: Value | None
    default: Value | None
    persisted: Value | None
    committed: Value | None
    transient: Value | None
    source: int
    priority: int
    generation: int
    age_ns: int
    gliding_back: bool
    param: int


@dataclasses.dataclass(frozen=True, slots=True)
class TypeFate:
    """What became of one value in one tier at a change of type (relume_type_fate). An enum is its index, a text its length in
    bytes; `param` is the handle after the change, 0 when there is none."""

    key: str
    tier: Tier
    fate: Fate
    why: Unfit
    before: Value
    after: Value | None
    layer_id: int
    param: int


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One kind of field (relume_field)."""

    name: str
    field_class: FieldClass
    kept_in: KeptIn
    meaning: str


@dataclasses.dataclass(frozen=True, slots=True)
class Changes:
    """What a client has to read anew (relume_state_since)."""

    params: tuple[int, ...]
    whole: bool
    history: int
    revision: int


@dataclasses.dataclass(frozen=True, slots=True)
class SourceInfo:
    """Number and counters of a source (relume_source_info).

    Attributes:
        number: as in Outcome.masked_by and Explanation.source; 1 and up, never used twice.
        written: values that were taken.
        unchanged: values equal to the one before, which are no change.
        rejected: values stopped at the door.
        superseded: of the written ones, those that a newer one replaced before a frame could take them.
        timeouts: how often the source was lost (timeout_ns).
    """

    number: int
    written: int
    unchanged: int
    rejected: int
    superseded: int
    timeouts: int


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """Something that happened (relume_event). `change` is a ChangeKind where the kind is ACCEPTED, OVERLAY_SETTLED or
    OVERLAY_STALE, Targets for SAVED and SAVE_FAILED, a Choice for DOCUMENT_ACCEPTED."""

    sequence: int
    revision: int
    kind: EventKind
    change: int
    count: int
    reason: int
    param: int
    layer: int
    type_change: int


def outcome(raw: Any) -> Outcome:
    return Outcome(
        State(raw.state),
        raw.revision,
        Persistence(raw.persistence),
        Targets(raw.targets),
        Urgency(raw.urgency),
        Level(raw.level) if raw.level else None,
        raw.debounce_key,
        raw.request_sequence,
        Invalidation(raw.invalidation),
        RenderReset(raw.render_reset),
        raw.events,
        raw.masked_count,
        raw.masked_param.bits,
        raw.masked_by,
        raw.masked_priority,
        raw.clamped_values,
        raw.cleared_values,
    )


def status(raw: Any) -> Status:
    return Status(
        Level(raw.level),
        raw.accepted,
        raw.mirrored,
        raw.checkpoint_wanted,
        raw.checkpoint_done,
        raw.document_wanted,
        raw.document_done,
        raw.rejected,
    )


def show_info(raw: Any) -> ShowInfo:
    return ShowInfo(
        bytes(raw.show_id).hex(),
        raw.history_id,
        raw.restarts,
        raw.max_slots,
        bool(raw.memory_locked),
        raw.memory_lock_errno,
        text_of(raw.mirror_path),
    )


def candidate(raw: Any) -> Candidate:
    return Candidate(
        Rung(raw.rung),
        Verdict(raw.verdict),
        raw.revision,
        text_of(raw.path),
        text_of(raw.kept_as),
        text_of(raw.reason),
    )


def recovery(raw: Any, candidates: tuple[Candidate, ...]) -> Recovery:
    return Recovery(
        Rung(raw.rung),
        raw.revision,
        raw.age_ns if raw.age_ns >= 0 else None,
        raw.restarts,
        bool(raw.clean_close),
        raw.refused,
        raw.dormant_layers,
        raw.converted_layers,
        raw.cleared_values,
        bool(raw.mirror),
        text_of(raw.mirror_reason),
        bool(raw.complete),
        Verdict(raw.held) if raw.held else None,
        candidates,
    )


def save_result(raw: Any) -> SaveResult:
    return SaveResult(
        SaveState(raw.state),
        raw.revision,
        Targets(raw.target),
        raw.error,
        text_of(raw.errno_name),
        text_of(raw.step),
        text_of(raw.path),
    )


def explanation(raw: Any, composed: Value | None, label: Callable[[int], str]) -> Explanation:
    return Explanation(
        Tier(raw.winner),
        composed,
        from_native(raw.default_value, label),
        from_native(raw.persisted, label),
        from_native(raw.committed, label),
        from_native(raw.transient, label),
        raw.source,
        raw.priority,
        raw.generation,
        raw.age_ns,
        raw.gliding_back != 0,
        raw.param.bits,
    )


def type_fate(raw: Any) -> TypeFate:
    before = from_native(raw.before, int)
    assert before is not None  # what no tier held is not listed
    after = from_native(raw.after, int)
    key = text_of(raw.key)
    return TypeFate(key, Tier(raw.tier), Fate(raw.fate), Unfit(raw.why), before, after, raw.layer_id, raw.param.bits)


def classification() -> tuple[Field, ...]:
    """Every kind of field, with its class and the files that it comes back from: one constant table."""
    fields: list[Field] = []
    raw = ffi.new("relume_field *", {"struct_size": ffi.sizeof("relume_field")})
    while lib.relume_classification(len(fields), raw) == 0:
        name, meaning = (ffi.string(text).decode() for text in (raw.name, raw.meaning))
        fields.append(Field(name, FieldClass(raw.field_class), KeptIn(raw.kept_in), meaning))
    return tuple(fields)


def event(raw: Any) -> Event:
    kind = EventKind(raw.kind)
    plain = kind in (EventKind.ACCEPTED, EventKind.OVERLAY_SETTLED, EventKind.OVERLAY_STALE)
    return Event(
        raw.sequence,
        raw.revision,
        kind,
        ChangeKind(raw.change) if plain and raw.change else raw.change,
        raw.count,
        raw.reason,
        raw.param.bits,
        raw.layer.bits,
        raw.type_change,
    )
