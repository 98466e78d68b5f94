# SPDX-License-Identifier: Apache-2.0
"""Resolved handles: parameters and layers of an open show, as they stood when they were asked for."""

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from . import _values
from ._enums import CommitPolicy, LayerFlags, ParamFlags, Type
from ._errors import text_of
from ._native import ffi, lib
from ._structs import slots_format
from ._values import Value

if TYPE_CHECKING:
    from ._mutations import Mutations


class _Handle:
    """What a handle is equal by."""

    __slots__ = ("_native", "_show", "handle")

    def __init__(self, show: "Mutations", pointer: str, handle: int) -> None:
        self._show = show
        self._native: Any = ffi.new(pointer, (handle,))[0]  # owns its memory, which a field of another struct would not
        self.handle = handle

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self.handle == other.handle and self._show is other._show

    def __hash__(self) -> int:
        return hash(self.handle)


class Param(_Handle):
    """A parameter: its handle and its definition. Resolve a route once and keep it.

    It goes stale when its layer is removed, or gets another shape by a change of type: calls then raise UnknownRoute, and the
    route is to be resolved again.

    Attributes:
        handle: the number that events and outcomes name it by.
        route: "layer/key".
        layer: handle of its layer.
        type, min, max, flags, commit_policy, smoothing_ns, settle_ns: as declared (ParamDef).
        default: as declared; None for a text.
        slot: its first slot within the layer's (FrameLayer.first_slot).
        lanes: how many slots its value has, 1 to 4.
    """

    __slots__ = (
        "_label_count", "_labels", "commit_policy", "default", "flags", "lanes", "layer", "max", "min", "route", "settle_ns",
        "slot", "smoothing_ns", "type",
    )  # fmt: skip

    def __init__(self, show: "Mutations", info: Any) -> None:
        super().__init__(show, "relume_param *", info.param.bits)
        self._label_count = info.label_count
        self._labels: tuple[str, ...] | None = None
        self.route = text_of(info.route)
        self.layer: int = info.layer.bits
        self.type = Type(info.type)
        self.min: float = info.min
        self.max: float = info.max
        self.flags = ParamFlags(info.flags)
        self.commit_policy = CommitPolicy(info.commit_policy)
        self.smoothing_ns: int = info.smoothing_ns
        self.settle_ns: int = info.settle_ns
        self.slot: int = info.slot
        self.lanes: int = lib.relume_type_lanes(info.type)
        text = info.type == Type.TEXT  # of which the C library tells no more than a length
        self.default: Value | None = None if text else _values.from_native(info.default_value, self.label)

    def __repr__(self) -> str:
        return f"<Param {self.route} {self.type.name}>"

    @property
    def labels(self) -> tuple[str, ...]:
        """Of an enum, in the order of their indices; else empty. Read from the show the first time."""
        if self._labels is None:
            self._labels = tuple(self.label(index) for index in range(self._label_count))
        return self._labels

    def label(self, index: int) -> str:
        """The label of an index.

        Raises:
            OutOfRange: there is none.
        """
        return self._show._label(self, index)

    def index(self, label: str) -> int:
        """The index of a label.

        Raises:
            OutOfRange: there is no such label.
            WrongType: the parameter is no enum.
        """
        return self._show._label_index(self, label)


class Layer(_Handle):
    """A layer as it stood when it was asked for; Show.layer() asks again.

    Attributes:
        handle: the number that events name it by.
        id: persistent, never used twice in a show.
        key, type_key: as declared or added.
        flags: disabled, bypassed.
        param_count, slot_count: of its type.
    """

    __slots__ = ("_dtype", "flags", "id", "key", "param_count", "slot_count", "type_key")

    def __init__(self, show: "Mutations", info: Any) -> None:
        super().__init__(show, "relume_layer *", info.layer.bits)
        self.id: int = info.id
        self.key = text_of(info.key)
        self.type_key = text_of(info.type_key)
        self.flags = LayerFlags(info.flags)
        self.param_count: int = info.param_count
        self.slot_count: int = info.slot_count
        self._dtype: np.dtype[np.void] | None = None

    def __repr__(self) -> str:
        return f"<Layer {self.key} of type {self.type_key}>"

    @property
    def enabled(self) -> bool:
        return LayerFlags.DISABLED not in self.flags

    @property
    def bypassed(self) -> bool:
        return LayerFlags.BYPASSED in self.flags

    @property
    def params(self) -> tuple[Param, ...]:
        """Its parameters in the order of its type, resolved anew.

        Raises:
            UnknownLayer: the layer is gone, or has another shape.
        """
        return self._show._params_of(self)

    @property
    def dtype(self) -> np.dtype[np.void]:
        """Its slots in a frame, as one struct: a field for each parameter, by its key. Read from the show the first time.

        Raises:
            UnknownLayer: the layer is gone, or has another shape.
        """
        if self._dtype is None:
            params = self.params
            self._dtype = np.dtype(
                {
                    "names": [param.route.rpartition("/")[2] for param in params],
                    "formats": [slots_format(param.type) for param in params],
                    "offsets": [4 * param.slot for param in params],
                    "itemsize": 4 * self.slot_count,
                }
            )
        return self._dtype


ParamLike: TypeAlias = Param | str | int
"""A parameter, its route, or its handle."""

LayerLike: TypeAlias = Layer | str | int
"""A layer, its key, or its handle."""
