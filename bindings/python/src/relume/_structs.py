# SPDX-License-Identifier: Apache-2.0
"""Structs of the C API as numpy sees them, for arrays that cross the border whole."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ._enums import Type
from ._native import ffi, lib

_LANES = {
    Type.FLOAT: "<f4", Type.VEC2: "<f4", Type.VEC3: "<f4", Type.VEC4: "<f4", Type.COLOR: "<f4", Type.TIME: "<i8",
    Type.TEXT: "<u4", Type.TRIGGER: "<u4",
}  # fmt: skip


def struct_dtype(c_type: str, fields: Mapping[str, tuple[tuple[str, ...], Any]]) -> np.dtype[np.void]:
    """A struct of fixed size. Each field: its path in C, and its format."""
    return np.dtype(
        {
            "names": list(fields),
            "formats": [form for _, form in fields.values()],
            "offsets": [ffi.offsetof(c_type, *path) for path, _ in fields.values()],
            "itemsize": ffi.sizeof(c_type),
        }
    )


def slots_format(kind: int) -> Any:
    """What a parameter's slots are in numpy: "<f4", ("<f4", (3,)), "<i8", ..."""
    one = np.dtype(_LANES.get(Type(kind), "<i4"))
    lanes = lib.relume_type_lanes(kind) * 4 // one.itemsize
    return one if lanes == 1 else (one, (lanes,))


def address(c_type: str, array: npt.NDArray[Any]) -> Any:
    """The contiguous memory of an array as a C array, borrowed."""
    return ffi.from_buffer(f"{c_type}[]", array) if array.size else ffi.NULL
