# SPDX-License-Identifier: Apache-2.0
"""Values of many parameters in one numpy array, which go into the library as they lie."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._enums import CommitPolicy, Type
from ._errors import WrongType
from ._native import lib
from ._structs import address, struct_dtype

if TYPE_CHECKING:
    from ._mutations import Mutations
    from ._params import Param

_VALUE = struct_dtype(
    "relume_value",
    {"type": (("type",), "<u4"), "reserved": (("reserved",), "<u4"), "lanes": (("as", "f"), ("<f4", (4,)))},
)
_OVERLAY = struct_dtype(
    "relume_overlay_value",
    {"param": (("param",), "<u8"), "value": (("value",), _VALUE), "commit_policy": (("commit_policy",), "<u4"),
     "smoothing_ms": (("smoothing_ms",), "<u4")},
)


class Batch:
    """Parameters that are written together, resolved once: fill its arrays, then Show.set_batch() or Source.write_batch().

        batch = show.batch(["wash/level", "spot/level"])
        batch.lanes[:, 0] = levels
        show.set_batch(batch)

    No Python runs per value. The first three arrays are views of the same values; all begin at zero.

    Attributes:
        params: as they were resolved; one that goes stale makes the whole batch fail.
        lanes: float32, shape (n, 4): floats in lane 0, vectors and colours in as many as they have.
        integers: int32, shape (n,): bool (0 or 1), int, the index of an enum.
        times: int64, shape (n,): nanoseconds.
        smoothing_ms: uint32, shape (n,): for Source.write_batch(): time constant of each value in milliseconds, 1 to 65,534; 0 is
            the definition's, SMOOTHING_STEP does not glide.
    """

    def __init__(self, show: "Mutations", params: "Iterable[Param]", commit_policy: CommitPolicy) -> None:
        self._show = show
        self.params: tuple[Param, ...] = tuple(params)
        for n, param in enumerate(self.params):
            if param.type == Type.TEXT:
                raise WrongType("a text has no place in an array of numbers: set it by itself", param.route, change=n)
        self._rows = np.zeros(len(self.params), _OVERLAY)
        self._rows["param"] = [param.handle for param in self.params]
        self._rows["value"]["type"] = [param.type for param in self.params]
        self._rows["commit_policy"] = commit_policy
        self.smoothing_ms: npt.NDArray[np.uint32] = self._rows["smoothing_ms"]
        self._overlay = address("relume_overlay_value", self._rows)
        # A mutation wants handles and values apart.
        self._handles = np.ascontiguousarray(self._rows["param"])
        self._values = np.ascontiguousarray(self._rows["value"])
        self._native_handles = address("relume_param", self._handles)
        self._native_values = address("relume_value", self._values)
        lanes: npt.NDArray[np.float32] = self._rows["value"]["lanes"]
        self.lanes = lanes
        self.integers: npt.NDArray[np.int32] = lanes.view(np.int32)[:, 0]
        self.times: npt.NDArray[np.int64] = lanes.view(np.int64)[:, 0]

    def __len__(self) -> int:
        return len(self.params)

    def _mutation(self) -> tuple[Any, ...]:
        self._values[:] = self._rows["value"]
        return lib.relume_values_set, self._native_handles, self._native_values, len(self.params)

    def _write(self, source: Any, now_ns: int, culprit: Any) -> int:
        return int(lib.relume_overlay_write_many(source, self._overlay, len(self.params), now_ns, culprit))

