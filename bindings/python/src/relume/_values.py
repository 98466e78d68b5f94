# SPDX-License-Identifier: Apache-2.0
"""Between Python's values and relume_value."""

import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ._enums import Type
from ._errors import BadUtf8, Invalid, OutOfRange, WrongType
from ._native import ffi, lib

Value: TypeAlias = bool | int | float | str | tuple[float, ...]
"""What a parameter's value is in Python: bool, int (also time, in nanoseconds, and a trigger, whose
pulses go in and whose count comes out), float, a tuple of floats for vectors and colours
(as many as the type has lanes), str for texts and for the label of an enum."""

ValueLike: TypeAlias = Value | Sequence[float] | np.floating[Any] | np.integer[Any] | np.bool_ | np.ndarray[Any, np.dtype[Any]]
"""What is taken for a value: also numpy's scalars, any sequence of floats for vectors and colours, and an index for an enum."""

INT32 = range(-(2**31), 2**31)
INT64 = range(-(2**63), 2**63)

_VALUE = ffi.typeof("relume_value *")
_MAKE: dict[int, Any] = {
    Type.BOOL: lib.relume_value_bool,
    Type.INT: lib.relume_value_int,
    Type.FLOAT: lib.relume_value_float,
    Type.VEC2: lib.relume_value_vec2,
    Type.VEC3: lib.relume_value_vec3,
    Type.VEC4: lib.relume_value_vec4,
    Type.COLOR: lib.relume_value_color,
    Type.ENUM: lib.relume_value_enum,
    Type.TIME: lib.relume_value_time,
}
VECTORS: dict[int, int] = {kind: lib.relume_type_lanes(kind) for kind in (Type.VEC2, Type.VEC3, Type.VEC4, Type.COLOR)}


def utf8(text: str, what: str) -> bytes:
    """A name on its way into C, where a NUL would end it."""
    if not isinstance(text, str):
        raise WrongType(f"a {what} is a str, not {type(text).__name__}", what)
    if "\0" in text:
        raise Invalid(f"the {what} {text!r} has a NUL in it", what)
    return text.encode("utf-8", "surrogatepass")  # the library judges it


def to_native(kind: int, value: ValueLike, label_index: Callable[[str], int], culprit: str) -> tuple[Any, Any]:
    """A relume_value, and what must live as long as it is used.

    Raises:
        WrongType: the value is of another type.
        OutOfRange: an integer that does not fit into its bits, or an unknown label.
    """
    if kind == Type.FLOAT:
        return lib.relume_value_float(_float(value, culprit)), None
    if kind in VECTORS:
        return _MAKE[kind](*_lanes(value, VECTORS[kind], culprit)), None
    if kind == Type.TEXT:
        return bytes_value(_utf8_value(value, culprit))
    if kind == Type.BOOL:
        if not isinstance(value, bool | np.bool_):
            raise _wrong(culprit, "a bool", value)
        return lib.relume_value_bool(value), None
    if kind == Type.ENUM and isinstance(value, str):
        return lib.relume_value_enum(label_index(value)), None
    if kind == Type.TRIGGER:  # the library says how many are too few or too many
        return lib.relume_value_trigger(_integer(value, INT32, "a number of pulses", culprit) & 0xFFFFFFFF), None
    wanted = "a label or an index" if kind == Type.ENUM else "an int"
    return _MAKE[kind](_integer(value, INT64 if kind == Type.TIME else INT32, wanted, culprit)), None


def bytes_value(data: bytes) -> tuple[Any, Any]:
    """A relume_value of type TEXT, which is also how a change-set carries the bytes of a record."""
    owned = ffi.from_buffer(data)
    value = ffi.new(_VALUE, {"type": Type.TEXT})
    text = getattr(value, "as").text
    text.data = owned
    text.size = len(data)
    return value[0], owned


def from_native(value: Any, label: Callable[[int], Value]) -> Value | None:
    """None for "no value". A text comes as its length in bytes: its bytes are read by relume_text_get."""
    content = getattr(value, "as")
    kind = value.type
    if kind == Type.FLOAT:
        return float(content.f[0])
    if kind in VECTORS:
        return tuple(ffi.unpack(content.f, VECTORS[kind]))
    if kind == Type.BOOL:
        return bool(content.i)
    if kind == Type.ENUM:
        return label(content.i)
    if kind == Type.TIME:
        return int(content.t)
    if kind == Type.TRIGGER:
        return int(content.i) & 0xFFFFFFFF
    if kind == Type.TEXT:
        return int(content.text.size)
    return int(content.i) if kind else None


def _wrong(culprit: str, wanted: str, value: object) -> WrongType:
    return WrongType(f"it takes {wanted}, not {type(value).__name__}", culprit)


def _utf8_value(value: object, culprit: str) -> bytes:
    if not isinstance(value, str):
        raise _wrong(culprit, "a str", value)
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise BadUtf8("it has a surrogate in it, which UTF-8 has not", culprit) from None


def _float(value: object, culprit: str) -> float:
    """A bool is no float here, and neither is a str that looks like one."""
    if isinstance(value, bool | np.bool_ | str | bytes):
        raise _wrong(culprit, "a float", value)
    try:
        return float(value)  # type: ignore[arg-type]  # what cannot be one raises
    except (TypeError, ValueError):
        raise _wrong(culprit, "a float", value) from None
    except OverflowError:
        raise OutOfRange(f"{value} is beyond every float", culprit) from None


def _lanes(value: object, count: int, culprit: str) -> list[float]:
    if isinstance(value, str | bytes):
        raise _wrong(culprit, f"{count} floats", value)
    try:
        lanes = list(value)  # type: ignore[call-overload]  # what cannot be walked raises
    except TypeError:
        raise _wrong(culprit, f"{count} floats", value) from None
    if len(lanes) != count:
        raise WrongType(f"it takes {count} floats, not {len(lanes)}", culprit)
    return [_float(lane, culprit) for lane in lanes]


def _integer(value: object, bits: range, wanted: str, culprit: str) -> int:
    if isinstance(value, bool | np.bool_):
        raise _wrong(culprit, wanted, value)
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # what cannot be one raises
    except TypeError:
        raise _wrong(culprit, wanted, value) from None
    if number not in bits:
        raise OutOfRange(f"{number} does not fit into {bits.stop.bit_length()} bits", culprit)
    return number
