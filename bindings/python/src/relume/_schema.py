# SPDX-License-Identifier: Apache-2.0
"""What a host declares: layer types, the stack and the records of a new show."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from typing import Any

from ._enums import CommitPolicy, ParamFlags, RecordKind, Type
from ._errors import BadJson, OutOfRange, failure, new_error
from ._native import ffi, lib
from ._values import ValueLike, to_native, utf8


@dataclasses.dataclass(frozen=True, slots=True)
class ParamDef:
    """Definition of one parameter of a layer type (relume_param_def).

    Args:
        key: 1 to 63 of [a-z0-9_-], unique in its type.
        type: what it holds.
        min, max: both inclusive, for every lane; equal (as by default) means unbounded.
        default: None is zero, or the end of the range that is nearest to zero; the empty text; the first label. A trigger
            takes none.
        labels: of an enum, and only of one: 1 to 65,535 distinct texts.
        clamp: a value out of range is clamped instead of rejected.
        recall_safe: a preset leaves it alone.
        lossy: a change alone never asks to be saved.
        highest: among sources of equal priority the highest value wins, not the latest.
        commit_policy: what becomes of settled automation of this parameter.
        smoothing_ns: time constant of automation's glide; 0 steps.
        settle_ns: how long automation must be unchanged before it is committed; 0 is the show's.
    """

    key: str
    type: Type
    _: dataclasses.KW_ONLY
    min: float = 0.0
    max: float = 0.0
    default: ValueLike | None = None
    labels: Sequence[str] = ()
    clamp: bool = False
    recall_safe: bool = False
    lossy: bool = False
    highest: bool = False
    commit_policy: CommitPolicy = CommitPolicy.DEFAULT
    smoothing_ns: int = 0
    settle_ns: int = 0


class TypeDef:
    """A relume_layer_type_def and all that it points to: `native` is good for as long as this object is there."""

    def __init__(self, key: str, params: Iterable[ParamDef], version: int) -> None:
        self._keep: list[Any] = []
        definitions = list(params)
        array = ffi.new("relume_param_def[]", len(definitions))
        for native, definition in zip(array, definitions, strict=True):
            self._fill(native, definition)
        self.native = ffi.new(
            "relume_layer_type_def *",
            {
                "struct_size": ffi.sizeof("relume_layer_type_def"),
                "version": version,
                "key": self._text(key, "type key"),
                "params": self._own(array),
                "param_count": len(definitions),
            },
        )

    def _own(self, data: Any) -> Any:
        self._keep.append(data)
        return data

    def _text(self, text: str, what: str) -> Any:
        return self._own(ffi.new("char[]", utf8(text, what)))

    def _fill(self, native: Any, definition: ParamDef) -> None:
        native.struct_size = ffi.sizeof("relume_param_def")
        native.type = definition.type
        native.key = self._text(definition.key, "key of a parameter")
        native.min = definition.min
        native.max = definition.max
        native.flags = (
            (ParamFlags.CLAMP if definition.clamp else 0)
            | (ParamFlags.RECALL_SAFE if definition.recall_safe else 0)
            | (ParamFlags.LOSSY if definition.lossy else 0)
            | (ParamFlags.HIGHEST if definition.highest else 0)
        )
        native.commit_policy = definition.commit_policy
        native.smoothing_ns = definition.smoothing_ns
        native.settle_ns = definition.settle_ns
        if definition.labels:
            texts = [self._text(label, "label") for label in definition.labels]
            native.labels = self._own(ffi.new("char *[]", texts))
            native.label_count = len(texts)
        if definition.default is not None:
            native.default_value, keep = to_native(
                definition.type, definition.default, lambda label: _index(definition, label), definition.key
            )
            self._own(keep)


def _index(definition: ParamDef, label: str) -> int:
    if label in definition.labels:
        return definition.labels.index(label)
    raise OutOfRange(f'"{label}" is none of its labels', definition.key)


class Schema:
    """The declared layer types, and what a *new* show starts with: its layers and records.

    A show that is recovered has its own stack and records. The methods return the schema itself, so that they can be chained.
    One thread at a time uses a schema; a show keeps its own copy.
    """

    def __init__(self) -> None:
        out, error = ffi.new("relume_schema **"), new_error()
        result = lib.relume_schema_create(out, error)
        if result:
            raise failure(result, error)
        self._raw = ffi.gc(out[0], lib.relume_schema_destroy)

    def type(self, key: str, params: Iterable[ParamDef], version: int = 1) -> "Schema":
        """Declares a layer type.

        Raises:
            Invalid: a bad key, no parameters, a range that cannot be, labels missing; the culprit is named.
            WrongType, OutOfRange, NotFinite, TooLong, BadUtf8: a default, a range or a label.
            Exists: the type key, or twice the same parameter key.
            Limit: more than 65,536 slots.
        """
        definition = TypeDef(key, params, version)
        return self._add(lib.relume_schema_add_type, definition.native)

    def layer(self, key: str, type_key: str) -> "Schema":
        """Declares a layer on top of those declared before.

        Raises:
            Invalid: a bad key.
            Exists: the layer key.
            UnknownType: the type was not declared.
        """
        return self._add(lib.relume_schema_add_layer, utf8(key, "layer key"), utf8(type_key, "type key"))

    def record(self, key: str, content: object) -> "Schema":
        """Declares a record: bytes as they are, everything else as JSON.

        Raises:
            Invalid: a bad key.
            Exists: the record key.
            TooLong: more than 16 MiB.
            BadJson: the content cannot be written as JSON.
        """
        kind, data = record_bytes(key, content)
        return self._add(lib.relume_schema_add_record, utf8(key, "record key"), kind, ffi.from_buffer(data), len(data))

    def _add(self, function: Any, *arguments: Any) -> "Schema":
        error = new_error()
        result = function(self._raw, *arguments, error)
        if result:
            raise failure(result, error)
        return self


def record_bytes(key: str, content: object) -> tuple[RecordKind, bytes]:
    """What a record is made of: bytes as they are, everything else as JSON."""
    if isinstance(content, bytes | bytearray | memoryview):
        return RecordKind.BYTES, bytes(content)
    return RecordKind.JSON, json_bytes(key, content)


def json_bytes(key: str, content: object) -> bytes:
    try:
        return json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise BadJson(f"it cannot be written as JSON: {error}", key) from None


def record_content(kind: int, data: bytes) -> Any:
    """The reverse of record_bytes."""
    return data if kind == RecordKind.BYTES else json.loads(data)
