# SPDX-License-Identifier: Apache-2.0
"""Handles of one role each: readers of frames, sources of automation, subscriptions to events.

One thread at a time holds a role. Here it holds it for the length of a call: a call that finds another thread inside a call of
the same handle raises RoleHeld and does nothing. That is a try-lock around each call; nobody ever waits for it but close().
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from . import _reports
from ._enums import CommitPolicy, LayerFlags, Type
from ._errors import Closed, Error, Invalid, Limit, RoleHeld, UnknownLayer, UnknownRoute, failure, new_error, of_code
from ._native import ffi, lib
from ._reports import Event, SourceInfo
from ._structs import address, struct_dtype
from ._values import VECTORS, ValueLike, to_native

if TYPE_CHECKING:
    from ._batch import Batch
    from ._mutations import Mutations
    from ._params import Layer, Param

Floats = npt.NDArray[np.float32]
_NO_LAYER = ffi.new("relume_layer *")[0]


class Role:
    """A handle that ends by close(), with its `with` block, or with its show, whichever is first."""

    _what = "handle"

    def __init__(self, show: "Mutations", raw: Any) -> None:
        self._show = show
        self._raw = raw
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_raw", ffi.NULL):
            self.close()

    @property
    def closed(self) -> bool:
        """True once it, or its show, is closed."""
        return not self._raw

    def close(self) -> None:
        """Ends the handle, as the end of its show does. A second time it does nothing. Waits for a call that is running."""
        with self._lock:
            raw, self._raw = self._raw, ffi.NULL
            if raw:
                self._show._end_role(self._end, raw)

    def _end(self, raw: Any) -> None:
        raise NotImplementedError

    def _abandon(self) -> None:
        """The show has ended, and the handle with it; nobody is inside a call of the show."""
        with self._lock:
            self._raw = ffi.NULL

    def _forked(self) -> None:
        """In the child of a fork, where a lock may be held by a thread that is not there."""
        self._lock = threading.Lock()
        self._raw = ffi.NULL

    def _held(self) -> RoleHeld:
        return RoleHeld(f"another thread is inside a call of this {self._what}: one thread at a time", self._what)

    def _gone(self) -> Error:
        return self._show._gone() if self._show.closed else Closed(f"this {self._what} is closed", self._what)


class _Retained:
    """A retained frame: what arrays of it are based on, so that it lives as long as they do."""

    __slots__ = ("__weakref__", "raw")

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def __del__(self, release: Any = lib.relume_frame_release) -> None:
        release(self.raw)

    @property
    def __array_interface__(self) -> dict[str, object]:
        raw = self.raw
        return {
            "version": 3,
            "typestr": "<f4",
            "shape": (raw.slot_count,),
            "data": (int(ffi.cast("uintptr_t", raw.slots)), True),  # True: read-only
        }


LAYOUT = struct_dtype(
    "relume_frame_param",
    {
        "param": (("param",), "<u8"),
        "layer": (("layer",), "<u8"),
        "slot": (("slot",), "<u4"),
        "lanes": (("lanes",), "<u4"),
        "type": (("type",), "<u4"),
        "index": (("index",), "<u4"),
    },
)


class FrameLayer(NamedTuple):
    """One layer of a frame: its values are `frame.array[first_slot:first_slot + slot_count]`."""

    layer: int
    id: int
    first_slot: int
    slot_count: int
    flags: LayerFlags


class Frame:
    """A composed frame: values and stack of one moment.

    It, and every array made from it, keeps the frame alive, past the show's close too. The show lends out `max_retained` frames
    at one time: let go of what you do not need any more.
    """

    __slots__ = ("_array", "_layers", "_retained", "_show")

    def __init__(self, show: "Mutations", raw: Any) -> None:
        self._show = show
        self._retained = _Retained(raw)
        self._array: Floats | None = None
        self._layers: tuple[FrameLayer, ...] | None = None

    @property
    def number(self) -> int:
        """1 and up; rises by one with each new frame."""
        return int(self._retained.raw.number)

    @property
    def revision(self) -> int:
        """The newest mutation that is in it."""
        return int(self._retained.raw.revision)

    @property
    def time_ns(self) -> int:
        """Compose time."""
        return int(self._retained.raw.time_ns)

    @property
    def moving(self) -> int:
        """Slots that are gliding; not 0 means that the next frame will differ."""
        return int(self._retained.raw.moving)

    @property
    def structure(self) -> int:
        """The revision of the newest change of stack or types that is in it: as long as it is the same, layout() is."""
        return int(self._retained.raw.structure)

    def layout(self, layer: "Layer | None" = None) -> npt.NDArray[np.void]:
        """Where everything lies: a structured array with a row per parameter, of one layer or of all from bottom to top.

        Fields: param, layer (handles), slot (index into `array`), lanes, type (Type), index (place in the layer's type). Empty when
        the frame does not have that layer. It holds for every frame of the same `structure`.
        """
        native = layer._native if layer is not None else _NO_LAYER
        rows = np.zeros(lib.relume_frame_layout(self._retained.raw, native, ffi.NULL, 0), LAYOUT)
        lib.relume_frame_layout(self._retained.raw, native, address("relume_frame_param", rows), rows.size)
        return rows

    def view(self, layer: "Layer") -> npt.NDArray[np.void]:
        """A layer's values as one struct, read-only and not copied: `frame.view(wash)["level"]`. Its dtype is Layer.dtype.

        Raises:
            UnknownLayer: the frame does not have it, or it is another show's.
        """
        found = [it for it in self.layers if it.layer == layer.handle] if layer._show is self._show else []
        if not found:
            raise UnknownLayer("this frame does not have it: it was added later or removed before", layer.key)
        first = found[0].first_slot
        return self.array[first : first + found[0].slot_count].view(layer.dtype).reshape(())

    @property
    def array(self) -> Floats:
        """All slots: float32, shape (max_slots,), read-only, not copied. `array.view(numpy.int32)` shows bool, int and enum."""
        if self._array is None:
            self._array = np.asarray(self._retained)
        return self._array

    @property
    def layers(self) -> tuple[FrameLayer, ...]:
        """The stack of that moment, bottom to top."""
        if self._layers is None:
            raw = self._retained.raw
            self._layers = tuple(
                FrameLayer(it.layer.bits, it.id, it.first_slot, it.slot_count, LayerFlags(it.flags))
                for it in ffi.unpack(raw.layers, raw.layer_count)
            )
        return self._layers

    def at(self, param: "Param") -> float | Floats:
        """A parameter's value: a float; an int for int, enum (its index), time (nanoseconds), trigger (the count of its pulses,
        modulo 2^32) and text (a number that is another one when the text is); a bool; for vectors and colours a float32 array of as many lanes, read-only and not copied.

        Raises:
            UnknownRoute: the frame does not have it: its layer was added later or removed before, or it is another show's.
        """
        slots = lib.relume_frame_at(self._retained.raw, param._native) if param._show is self._show else ffi.NULL
        if not slots:
            raise UnknownRoute("this frame does not have it: its layer was added later or removed before", param.route)
        kind = param.type
        if kind in VECTORS:
            first = slots - self._retained.raw.slots
            return self.array[first : first + VECTORS[kind]]
        if kind == Type.FLOAT:
            return float(slots.f)
        if kind == Type.TIME:
            return int(slots[1].i) << 32 | int(slots[0].u)
        if kind == Type.BOOL:
            return bool(slots.i)
        return int(slots.u if kind in (Type.TEXT, Type.TRIGGER) else slots.i)


class Reader(Role):
    """Takes frames: `with show.reader() as reader: frame = reader.acquire()`. One thread at a time is inside acquire()."""

    _what = "reader"

    def acquire(self) -> Frame:
        """The newest frame, retained for as long as it is used.

        Raises:
            RoleHeld: another thread is inside acquire() of this reader.
            Limit: max_retained frames are in use.
            Closed, Forked: the reader or its show is closed, or belongs to the parent process.
        """
        if not self._lock.acquire(blocking=False):
            raise self._held()
        try:  # one hold for both calls: a second acquire in between would take the borrowed frame away
            raw = lib.relume_reader_acquire(self._raw)
            result = lib.relume_frame_retain(raw)
        finally:
            self._lock.release()
        if not raw:
            raise self._gone()
        if result:
            raise Limit("too many frames are in use: let go of one and of its arrays, or open with more max_retained", "frame")
        return Frame(self._show, raw)

    def _end(self, raw: Any) -> None:
        lib.relume_reader_close(raw)


REFUSALS = {
    lib.RELUME_E_RANGE: "the value lies outside the range of its definition",
    lib.RELUME_E_NOT_FINITE: "the value is not finite",
    lib.RELUME_E_TYPE: "the parameter takes a value of another type, or no automation",
    lib.RELUME_E_UNKNOWN_ROUTE: "no such parameter, or its layer is gone: resolve the route again",
    lib.RELUME_E_LIMIT: "more parameters than this source can write: open it with more max_params",
    lib.RELUME_E_STATE: "this source is in a gesture with it: change it there, or end the gesture first",
    lib.RELUME_E_INVALID: "a time constant of that length is none: 1 to 65,534 ms, 0 for the definition's, or SMOOTHING_STEP",
}
NO_GESTURE = "this source is in no gesture with it: begin one"
IN_GESTURE = "this source is in a gesture with it already: end that one first"

#: smoothing_ms of a write that does not glide.
SMOOTHING_STEP = int(lib.RELUME_SMOOTHING_STEP)
#: Number of the source of automation that was held over a death (Explanation.source, Outcome.masked_by). Any write of any source
#: takes the parameter from it, an operator ends it, and after the show's held_ns it is released.
SOURCE_RECOVERED = int(lib.RELUME_SOURCE_RECOVERED)


class Source(Role):
    """Writes automation: `with show.source(kind=SourceKind.LFO) as lfo: lfo.write(param, 0.5, now_ns)`.

    One thread at a time is inside a call of it. A closed source releases what it holds, which glides back.
    """

    _what = "source"

    def write(
        self,
        param: "Param",
        value: ValueLike,
        now_ns: int,
        commit_policy: CommitPolicy = CommitPolicy.DEFAULT,
        smoothing_ms: int = 0,
    ) -> None:
        """Writes one value; the next frame shows it, or a step of its glide.

        Args:
            now_ns: when it was noticed, by the clock that compose() sees; the glide starts there.
            commit_policy: of this write; DEFAULT is the definition's, the source's, the show's.
            smoothing_ms: time constant of this write in milliseconds, 1 to 65,534; 0 is the definition's, SMOOTHING_STEP does not
                glide. Of floats, vectors and colours; others step whatever it says.

        Raises:
            WrongType, OutOfRange, NotFinite: the value does not fit its definition.
            UnknownRoute: the parameter is gone, or another show's.
            Limit: more than max_params of this source.
            Invalid: smoothing_ms.
            WrongState: this source is in a gesture with it.
            RoleHeld: another thread is inside a call of this source.
        """
        if commit_policy or smoothing_ms:
            self.write_many({param: value}, now_ns, commit_policy, smoothing_ms)
            return
        self._show._own(param)
        native, keep = to_native(param.type, value, param.index, param.route)
        with _Hold(self):
            result = lib.relume_overlay_write(self._raw, param._native, ffi.addressof(native), now_ns)
        del keep
        if result:
            raise self._refusal(result, [param], 0)

    def write_many(
        self,
        values: "Mapping[Param, ValueLike]",
        now_ns: int,
        commit_policy: CommitPolicy = CommitPolicy.DEFAULT,
        smoothing_ms: int = 0,
    ) -> None:
        """Writes values that land in one frame; on an error none is written, and `change` is the index of the culprit.
        Arguments and errors as for write(). What comes in hundreds goes by write_batch() or Show.stream()."""
        if not 0 <= smoothing_ms <= SMOOTHING_STEP:
            raise Invalid(REFUSALS[lib.RELUME_E_INVALID], "smoothing_ms")
        params = list(values)
        array = ffi.new("relume_overlay_value[]", len(params))
        keep = []
        for native, (param, value) in zip(array, values.items(), strict=True):
            self._show._own(param)
            native.param = param._native
            native.value, owned = to_native(param.type, value, param.index, param.route)
            keep.append(owned)
            native.commit_policy = commit_policy
            native.smoothing_ms = smoothing_ms
        culprit = ffi.new("size_t *")
        with _Hold(self):
            result = lib.relume_overlay_write_many(self._raw, array, len(params), now_ns, culprit)
        if result:
            raise self._refusal(result, params, culprit[0])

    def write_batch(self, batch: "Batch", now_ns: int) -> None:
        """Writes all values of a batch; they land in one frame, or none is written. Errors as for write(); `change` is the index of
        the culprit."""
        if batch._show is not self._show:
            raise UnknownRoute("the batch is another show's: make one in this show", "batch")
        culprit = ffi.new("size_t *")
        with _Hold(self):
            result = batch._write(self._raw, now_ns, culprit)
        if result:
            raise self._refusal(result, batch.params, culprit[0])

    def release(self, param: "Param", now_ns: int) -> None:
        """Releases this source's automation of a parameter; it glides back to the tier below. Without one it is no error.

        Raises:
            UnknownRoute: the parameter is gone, or another show's.
            WrongState: this source is in a gesture with it.
            RoleHeld: another thread is inside a call of this source.
        """
        self._call(lib.relume_overlay_release, param, now_ns)

    def gesture(self, param: "Param", now_ns: int) -> "Gesture":
        """Begins a gesture: somebody takes the parameter into the hand (a fader is touched, a mouse button goes down). From the next
        frame on it stands where it is shown, at priority 150.

        Args:
            now_ns: as for write().

        Raises:
            UnknownRoute: the parameter is gone, or another show's.
            WrongType: a trigger or a text, which nobody can hold.
            WrongState: this source is in a gesture with it.
            Limit: more than max_params of this source.
            RoleHeld: another thread is inside a call of this source.
        """
        self._call(lib.relume_gesture_begin, param, now_ns, IN_GESTURE)
        return Gesture(self, param)

    def _call(self, function: Any, param: "Param", now_ns: int, state: str = "") -> None:
        self._show._own(param)
        with _Hold(self):
            result = function(self._raw, param._native, now_ns)
        if result:
            raise self._refusal(result, [param], 0, state)

    @property
    def info(self) -> SourceInfo:
        """Number and counters."""
        return _source_info(self, lib.relume_source_info_get)

    def _refusal(self, result: int, params: "Sequence[Param]", culprit: int, state: str = "") -> Error:
        if not self._raw:
            return self._gone()
        route = params[culprit].route if culprit < len(params) else ""
        message = state if state and result == lib.RELUME_E_STATE else REFUSALS.get(result, "the source refused the call")
        return of_code(result, message, route, culprit)

    def _end(self, raw: Any) -> None:
        lib.relume_source_close(raw)


class Gesture:
    """A parameter in somebody's hand, from Source.gesture() to end() or abort(). What is changed meanwhile is transient.

        hand = source.gesture(show.param("wash/level"), now_ns)
        hand.change(0.5, now_ns)
        hand.end(now_ns)

    It belongs to its source: the same thread, and over when that is closed.
    """

    __slots__ = ("_param", "_source")

    def __init__(self, source: Source, param: "Param") -> None:
        self._source = source
        self._param = param

    @property
    def param(self) -> "Param":
        """Which parameter."""
        return self._param

    def change(self, value: ValueLike, now_ns: int) -> None:
        """Changes the value; nothing is committed before the end.

        Raises:
            WrongType, OutOfRange, NotFinite: the value does not fit its definition.
            UnknownRoute: the parameter is gone.
            WrongState: the gesture is over.
            RoleHeld: another thread is inside a call of the source.
        """
        param, source = self._param, self._source
        native, keep = to_native(param.type, value, param.index, param.route)
        with _Hold(source):
            result = lib.relume_gesture_change(source._raw, param._native, ffi.addressof(native), now_ns)
        del keep
        if result:
            raise source._refusal(result, [param], 0, NO_GESTURE)

    def end(self, now_ns: int) -> None:
        """Ends it: its last value is committed once, as soon as its glide has arrived. The policy is that of a write; RENDER_ONLY
        becomes SESSION. A gesture without a change is given up.

        Raises:
            UnknownRoute: the parameter is gone.
            WrongState: the gesture is over.
            RoleHeld: another thread is inside a call of the source.
        """
        self._source._call(lib.relume_gesture_end, self._param, now_ns, NO_GESTURE)

    def abort(self, now_ns: int) -> None:
        """Gives it up: the parameter glides back to what lies below, and nothing is committed. Errors as for end()."""
        self._source._call(lib.relume_gesture_abort, self._param, now_ns, NO_GESTURE)


class Stream(Role):
    """A source that always writes the same run of slots: fill `values`, then write().

        with show.stream("universe/c1", 512, kind=SourceKind.DMX) as stream:
            stream.values[:] = levels
            stream.write(now_ns)

    Attributes:
        values: float32 array of shape (count,), in the order of the slots; the stream's own, filled in place. It begins with
            zeros.
    """

    _what = "stream"

    def __init__(self, show: "Mutations", raw: Any) -> None:
        super().__init__(show, raw)
        self.values: Floats = np.zeros(0, np.float32)
        self._first: Param | None = None
        self._buffer: Any = ffi.NULL
        self._count = 0
        self._culprit = ffi.new("size_t *")

    def _fix(self, first: "Param", count: int) -> None:
        self._first = first
        self.values = np.zeros(count, np.float32)
        self._buffer = ffi.from_buffer("float[]", self.values)
        self._count = count

    def write(self, now_ns: int) -> None:
        """Writes all of `values`; they land in one frame, or none is written. A value equal to the one before is no change.

        Args:
            now_ns: when they were noticed, by the clock that compose() sees.

        Raises:
            OutOfRange, NotFinite: a value; `change` is its index.
            UnknownRoute: the layer is gone, or has another shape: open the stream anew.
            RoleHeld: another thread is inside a call of this stream.
        """
        lock = self._lock
        if not lock.acquire(False):
            raise self._held()
        try:
            result = _stream_write(self._raw, self._buffer, self._count, now_ns, self._culprit)
        finally:
            lock.release()
        if result:
            raise self._refusal(result)

    @property
    def info(self) -> SourceInfo:
        """Number and counters."""
        return _source_info(self, lib.relume_stream_info_get)

    def _refusal(self, result: int) -> Error:
        if not self._raw:
            return self._gone()
        culprit = self._culprit[0] if result in (lib.RELUME_E_RANGE, lib.RELUME_E_NOT_FINITE) else None
        return of_code(result, REFUSALS.get(result, "the stream refused the call"), f"{self._first!r}", culprit)

    def _end(self, raw: Any) -> None:
        lib.relume_stream_close(raw)


_stream_write = lib.relume_stream_write


def _source_info(role: Role, function: Any) -> SourceInfo:
    raw = ffi.new("relume_source_info *", {"struct_size": ffi.sizeof("relume_source_info")})
    with _Hold(role):
        if not role._raw:
            raise role._gone()
        result = function(role._raw, raw)
    if result:
        raise of_code(result, "the counters cannot be read", role._what)
    return SourceInfo(raw.number, raw.written, raw.unchanged, raw.rejected, raw.superseded, raw.timeouts)


class _Hold:
    """Holds a role for the length of a block, or raises RoleHeld."""

    __slots__ = ("_role",)

    def __init__(self, role: Role) -> None:
        self._role = role

    def __enter__(self) -> None:
        if not self._role._lock.acquire(blocking=False):
            raise self._role._held()

    def __exit__(self, *_: object) -> None:
        self._role._lock.release()


class Events(Role):
    """A subscription to what happens from now on, polled: `for event in events` walks over what is there and ends.

    Attributes:
        missed: how many events were lost since the subscription began, because it was polled too rarely. Whoever finds more of
            them than before reads the state anew.
    """

    _what = "subscription to events"

    def __init__(self, show: "Mutations", raw: Any) -> None:
        super().__init__(show, raw)
        self.missed = 0

    def poll(self, capacity: int = 256) -> list[Event]:
        """Up to `capacity` events, oldest first; an empty list when nothing has happened.

        Raises:
            RoleHeld: another thread is inside a call of this subscription.
            Closed, Forked: it or its show is closed, or belongs to the parent process.
        """
        array = ffi.new("relume_event[]", capacity)
        count, missed, error = ffi.new("size_t *"), ffi.new("uint64_t *"), new_error()
        with _Hold(self):
            if not self._raw:
                raise self._gone()
            result = lib.relume_events_poll(self._raw, array, capacity, count, missed, error)
            self.missed += missed[0]
        if result:
            raise failure(result, error)
        return [_reports.event(raw) for raw in ffi.unpack(array, count[0])]

    def __iter__(self) -> Iterator[Event]:
        while events := self.poll():
            yield from events

    def _end(self, raw: Any) -> None:
        lib.relume_events_close(raw, ffi.NULL)
