# SPDX-License-Identifier: Apache-2.0
"""Show: one open instance. Opening is always recovery."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

from ._enums import CommitPolicy, OnDamaged, SourceKind
from ._errors import Invalid, RoleHeld, failure, new_error
from ._mutations import Mutations
from ._native import ffi, lib
from ._params import ParamLike
from ._roles import Events, Reader, Role, Source, Stream
from ._saving import Saving
from ._schema import Schema

_RoleT = TypeVar("_RoleT", bound=Role)


class Show(Mutations, Saving):
    """One open show: schema, tiers, stack and files. A context manager; leaving the block closes it.

        with relume.Show(schema, "/shows/tour.show") as show:
            show.set("wash/level", 0.75)

    Opening takes the locks, recovers what was live and composes the first frame; when it returns, every reader sees the recovered
    look. Files that cannot be had do not fail it: recovery() tells.

    All methods may be called from every thread at once, but for compose(), which is the frame role. Times are nanoseconds of one
    monotonic clock of the host's choice. A method raises Closed once the show is closed, and Forked in the child of a fork.

    Args:
        schema: layer types, and the stack of a new show; copied.
        folder: the show folder, made if absent. None: nothing outlives the process.
        runtime_dir: where the mirror lives; None is /dev/shm.
        threads: False: the library starts no thread, and the host calls control_tick() and disk_tick().
        max_contended: claims on parameters that another source has at that moment; 0 is 4,096 or max_slots, the smaller.
        held_ns: how long, after a death, automation is held that no source takes up and no operator ends, in compose time; 0 is
            10 s, negative: it is not held at all.
        max_layers, max_slots, max_readers, max_retained, max_sources, event_capacity, commit_policy, settle_ns,
        control_period_ns, disk_period_ns, quiet_ns, max_age_ns, close_deadline_ns, on_damaged: as in relume_show_options; 0 is
            the default there, and relume.NONE is none where it may be.

    Raises:
        Invalid: a capacity over its limit, an empty folder name.
        Limit: the declared or the recovered stack does not fit the capacities.
        Owned: another process, or this one, has the show open; the message says which and since when.
        IoFailed: folder, id or lock cannot be made or read; nothing was changed.
        NoMemory
    """

    def __init__(
        self,
        schema: Schema,
        folder: str | os.PathLike[str] | None = None,
        *,
        runtime_dir: str | os.PathLike[str] | None = None,
        threads: bool = True,
        max_layers: int = 0,
        max_slots: int = 0,
        max_readers: int = 0,
        max_retained: int = 0,
        max_sources: int = 0,
        max_contended: int = 0,
        event_capacity: int = 0,
        commit_policy: CommitPolicy = CommitPolicy.DEFAULT,
        settle_ns: int = 0,
        control_period_ns: int = 0,
        disk_period_ns: int = 0,
        quiet_ns: int = 0,
        max_age_ns: int = 0,
        close_deadline_ns: int = 0,
        on_damaged: OnDamaged = OnDamaged.ASK,
        held_ns: int = 0,
    ) -> None:
        super().__init__()
        numbers = {
            "flags": 0 if threads else lib.RELUME_SHOW_NO_THREADS,
            "max_layers": max_layers,
            "max_slots": max_slots,
            "max_readers": max_readers,
            "max_retained": max_retained,
            "max_sources": max_sources,
            "max_contended": max_contended,
            "event_capacity": event_capacity,
            "commit_policy": commit_policy,
            "settle_ns": settle_ns,
            "control_period_ns": control_period_ns,
            "disk_period_ns": disk_period_ns,
            "quiet_ns": quiet_ns,
            "max_age_ns": max_age_ns,
            "close_deadline_ns": close_deadline_ns,
            "on_damaged": on_damaged,
            "held_ns": held_ns,
        }
        folder_text, runtime_text = _path(folder, "folder"), _path(runtime_dir, "runtime_dir")
        options = ffi.new("relume_show_options *", {"struct_size": ffi.sizeof("relume_show_options")})
        for name, number in numbers.items():
            try:
                setattr(options, name, number)
            except OverflowError:
                raise Invalid(f"{number} does not fit into {name}", name) from None
        options.folder = folder_text
        options.runtime_dir = runtime_text
        out, error = ffi.new("relume_show **"), new_error()
        result = lib.relume_show_open(schema._raw, options, out, error)
        if result:
            raise failure(result, error)
        self._open(out[0])

    def compose(self, now_ns: int) -> int:
        """Composes the frame of this moment and publishes it to all readers. Returns the number of the newest frame.

        Raises:
            RoleHeld: another thread is inside compose() at this moment, as the library itself has found; nothing was done.
        """
        number = int(self._ask(lib.relume_compose, now_ns))
        if number == 0:
            raise RoleHeld("another thread is composing: one thread at a time has the frame role", "frame role")
        return number

    def reader(self) -> Reader:
        """Opens a reader of frames.

        Raises:
            Limit: max_readers are open.
        """
        return self._open_role(Reader, "relume_reader **", lib.relume_reader_open)

    def source(
        self,
        *,
        kind: SourceKind = SourceKind.OTHER,
        priority: int = 0,
        commit_policy: CommitPolicy = CommitPolicy.DEFAULT,
        max_params: int = 0,
        timeout_ns: int = 0,
    ) -> Source:
        """Opens a source of automation.

        Args:
            priority: 1 to 200; 0 is 100. An operator's set() ends automation of at most 100.
            max_params: how many parameters it can write; 0 is 4,096 or max_slots, the smaller.
            timeout_ns: a source that has written nothing for so long, not even an equal value, in compose time, is lost: what it
                holds is released. What it says next is news again. 0 is never.

        Raises:
            Invalid: a priority over 200, a negative timeout.
            Limit: max_sources are open.
        """
        return self._open_role(
            Source, "relume_source **", lib.relume_source_open, _source_options(kind, priority, commit_policy, max_params, timeout_ns)
        )

    def stream(
        self,
        first: ParamLike,
        count: int,
        *,
        kind: SourceKind = SourceKind.OTHER,
        priority: int = 0,
        commit_policy: CommitPolicy = CommitPolicy.DEFAULT,
        timeout_ns: int = 0,
    ) -> Stream:
        """Opens a source that always writes the same run of slots: many channels by one call.

        Args:
            first: the parameter that the run begins with.
            count: slots of the run, 1 to 65,536; all parameters in it are of float lanes (float, vectors, colours), the last one
                whole. Slots that alignment leaves between parameters count too.
            kind, priority, commit_policy, timeout_ns: as for source().

        Raises:
            Invalid: a count of 0, a priority over 200, a negative timeout.
            UnknownRoute: `first`, or the layer ends before the run does.
            WrongType: a parameter of another type in the run, or one that its end cuts; the culprit is named.
            Limit: max_sources are open.
        """
        resolved = self._param(first)
        options = _source_options(kind, priority, commit_policy, 0, timeout_ns)
        stream = self._open_role(Stream, "relume_stream **", lib.relume_stream_open, options, resolved._native, count)
        stream._fix(resolved, count)
        return stream

    def events(self) -> Events:
        """Subscribes to what happens from now on."""
        return self._open_role(Events, "relume_events **", lib.relume_events_open, ffi.NULL, ffi.NULL)

    def _open_role(self, role: Callable[["Show", Any], _RoleT], pointer: str, function: Any, *arguments: Any) -> _RoleT:
        out, error = ffi.new(pointer), new_error()
        raw = self._enter()
        try:  # until it is known to the show, close() waits
            result = function(raw, *arguments, out, error)
            if result:
                raise failure(result, error)
            handle = role(self, out[0])
            self._roles.add(handle)
        finally:
            self._leave()
        return handle

    def control_tick(self) -> None:
        """One look of the control thread, for shows opened with threads=False.

        Raises:
            WrongState: the show has its own.
        """
        self._call(lib.relume_control_tick)

    def disk_tick(self) -> None:
        """One look of the disk thread, for shows opened with threads=False; one thread at a time.

        Raises:
            WrongState: the show has its own.
        """
        self._call(lib.relume_disk_tick)


def _path(path: str | os.PathLike[str] | None, what: str) -> Any:
    if path is None:
        return ffi.NULL
    data = os.fsencode(path)
    if b"\0" in data:
        raise Invalid(f"{path!r} has a NUL in it", what)
    return ffi.new("char[]", data)


def _source_options(kind: SourceKind, priority: int, commit_policy: CommitPolicy, max_params: int, timeout_ns: int) -> Any:
    options = ffi.new("relume_source_options *", {"struct_size": ffi.sizeof("relume_source_options")})
    for name, number in {
        "kind": kind,
        "priority": priority,
        "commit_policy": commit_policy,
        "max_params": max_params,
        "timeout_ns": timeout_ns,
    }.items():
        try:
            setattr(options, name, number)
        except OverflowError:
            raise Invalid(f"{number} does not fit into {name}", name) from None
    return options
