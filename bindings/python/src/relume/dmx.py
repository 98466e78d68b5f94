# SPDX-License-Identifier: Apache-2.0
"""DMX out of floats: bytes, pairs of bytes, whole universes; include/relume/dmx.h says how values are rounded and dithered.

    lines = relume.dmx.patch(2)
    lines["slot"], lines["lanes"], lines["channel"] = slots, 3, [0, 100]
    packet = relume.dmx.pack_universe(lines, frame, master=0.5)
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ._enums import DmxFlags
from ._errors import Invalid, OutOfRange, WrongType
from ._native import ffi, lib
from ._structs import address, struct_dtype

if TYPE_CHECKING:
    from ._roles import Frame

CHANNELS: int = lib.RELUME_DMX_CHANNELS
"""Channels of a universe."""

NO_SLOT: int = lib.RELUME_DMX_NO_SLOT
"""In a line of a patch: there is no such slot in the frame."""

LINE = struct_dtype(
    "relume_dmx_patch",
    {
        "slot": (("slot",), "<u4"),
        "level": (("level",), "<u4"),
        "lanes": (("lanes",), "<u2"),
        "channel": (("channel",), "<u2"),
        "fixtures": (("fixtures",), "<u2"),
        "stride": (("stride",), "<u2"),
        "flags": (("flags",), "<u4"),
    },
)
"""One line of a patch, relume_dmx_patch."""

Bytes = npt.NDArray[np.uint8]


def patch(count: int) -> npt.NDArray[np.void]:
    """So many lines of a patch: no values, no level, one fixture of one channel."""
    lines = np.zeros(count, LINE)
    lines["slot"] = lines["level"] = NO_SLOT
    lines["lanes"] = lines["fixtures"] = 1
    return lines


def pack(
    values: npt.NDArray[np.float32] | Sequence[float],
    flags: DmxFlags = DmxFlags(0),  # noqa: B008  # immutable
    tick: int = 0,
    out: Bytes | None = None,
) -> Bytes:
    """Values of 0 to 1 as channels that follow each other.

    Args:
        values: one dimension. A float32 array is not copied, whatever its stride: `colours[:, 0]` is fine.
        flags: FINE makes two channels of each value, coarse and fine.
        tick: the number of the packet; only looked at with DITHER.
        out: uint8, contiguous, to be written into; else a new one.

    Returns:
        The channels that were written: `out`, or its beginning.

    Raises:
        OutOfRange: `out` is too short; nothing is written.
        WrongType: `out` is not a contiguous array of uint8 that can be written to.
    """
    source = np.asarray(values, np.float32)
    if source.ndim != 1:
        raise Invalid(f"values have one dimension, not {source.ndim}", "values")
    if source.strides[0] <= 0 or source.strides[0] % source.itemsize:
        source = np.ascontiguousarray(source)
    size = source.size * (2 if flags & DmxFlags.FINE else 1)
    channels = _room(out, size)
    first = ffi.cast("float *", source.ctypes.data)
    stride = source.strides[0] // source.itemsize
    room = address("uint8_t", channels)
    result = lib.relume_dmx_pack(first, stride, source.size, flags, tick & 0xFFFFFFFF, room, channels.size)
    if result == lib.RELUME_E_RANGE:
        raise OutOfRange(f"{source.size} values take {size} channels, and there is room for {channels.size}", "out")
    if result:
        raise Invalid(f"unknown flags {flags!r}", "flags")
    return channels[:size]


def pack_universe(
    lines: npt.NDArray[np.void],
    frame: "Frame",
    master: float = 1.0,
    tick: int = 0,
    out: Bytes | None = None,
) -> Bytes:
    """A universe out of a frame, as its patch says; channels that are not patched stay as they are in `out`.

    Args:
        lines: of dtype LINE, contiguous. Slots are those of Frame.layout().
        master: multiplies all.
        tick: the number of the packet, for lines with DITHER.
        out: uint8, contiguous, to be written into; else 512 new ones, which begin at 0.

    Raises:
        OutOfRange: a line reaches beyond the frame or the channels; `change` is its index, and nothing is written.
        Invalid: a line with unknown flags, or with fixtures that overlap; the same.
        WrongType: `lines` or `out` is another kind of array.
    """
    if lines.dtype != LINE or not lines.flags.c_contiguous:
        raise WrongType("the lines of a patch are a contiguous array of dtype relume.dmx.LINE", "lines")
    channels = _room(np.zeros(CHANNELS, np.uint8) if out is None else out, 0)
    slots = frame.array
    culprit = ffi.new("size_t *")
    result = lib.relume_dmx_pack_universe(
        address("relume_dmx_patch", lines), lines.size, address("relume_slot", slots), slots.size, master,
        tick & 0xFFFFFFFF, address("uint8_t", channels), channels.size, culprit,
    )  # fmt: skip
    if result:
        refusal = OutOfRange if result == lib.RELUME_E_RANGE else Invalid
        why = "reaches beyond the frame or the channels" if refusal is OutOfRange else "has unknown flags or fixtures that overlap"
        raise refusal(f"line {culprit[0]} of the patch {why}", "lines", change=culprit[0])
    return channels


def _room(out: Bytes | None, size: int) -> Bytes:
    if out is None:
        return np.empty(size, np.uint8)
    if out.dtype != np.uint8 or not out.flags.c_contiguous or not out.flags.writeable:
        raise WrongType("the channels are a contiguous array of uint8 that can be written to", "out")
    return out
