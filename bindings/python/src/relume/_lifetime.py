# SPDX-License-Identifier: Apache-2.0
"""The life of an open show, and how its calls reach the C library."""

import collections
import os
import threading
import warnings
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import _reports
from ._errors import Closed, Error, Forked, WrongState, failure, new_error
from ._native import ffi, lib
from ._reports import Outcome

if TYPE_CHECKING:
    from ._roles import Role

_OUTCOME = ffi.typeof("relume_outcome *")
_OUTCOME_SIZE = ffi.sizeof("relume_outcome")

_open_shows: "weakref.WeakSet[Lifetime]" = weakref.WeakSet()


class Lifetime:
    """An open relume_show, closed once, under no call that is still running."""

    def __init__(self) -> None:
        self._raw: Any = None  # None: closed
        self._forked = False
        self._closing = False
        self._close_lock = threading.Lock()
        # One entry for each call that is inside the C library. A deque, because append and pop are atomic without a lock.
        self._calls: collections.deque[None] = collections.deque()
        self._idle = threading.Event()
        self._roles: weakref.WeakSet[Role] = weakref.WeakSet()

    def _open(self, raw: Any) -> None:
        self._raw = raw
        _open_shows.add(self)

    def close(self) -> None:
        """Closes the show: saves what is unsaved within close_deadline_ns and marks a clean close. A second time it does nothing.

        Calls of other threads that are running are waited for, later ones raise Closed. Readers, sources and subscriptions end
        with the show; frames that are in use, and their arrays, stay as they are.

        Raises:
            Unsaved: it is closed, and the message says what is not saved and why.
            Timeout: it is closed and saved, but a file call has not returned: a thread was left behind.
        """
        with self._close_lock:
            raw, self._raw = self._raw, None
            if raw is None:
                return
            self._closing = True
            while self._calls:
                self._idle.wait()
                self._idle.clear()
            for role in list(self._roles):
                role._abandon()
            _open_shows.discard(self)
            error = new_error()
            result = lib.relume_show_close(raw, error)
        if result:
            raise failure(result, error)

    @property
    def closed(self) -> bool:
        """True once it is closed; also in the child of a fork."""
        return self._raw is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_raw", None) is None:
            return
        warnings.warn(f"{self!r} was not closed", ResourceWarning, source=self, stacklevel=2)
        try:
            self.close()
        except Error as error:
            warnings.warn(f"{self!r} was closed by the garbage collector: {error}", ResourceWarning, source=self, stacklevel=2)

    def _gone(self) -> WrongState:
        if self._forked:
            return Forked("the show belongs to the parent process: open another one in this child", "show")
        return Closed("the show is closed", "show")

    def _enter(self) -> Any:
        """Begins a call of the C library; close() waits until it has ended by _leave()."""
        self._calls.append(None)
        raw = self._raw
        if raw is None:
            self._leave()
            raise self._gone()
        return raw

    def _leave(self) -> None:
        self._calls.pop()
        if self._closing:
            self._idle.set()

    def _call(self, function: Any, *arguments: Any) -> None:
        error = new_error()
        raw = self._enter()
        try:
            result = function(raw, *arguments, error)
        finally:
            self._leave()
        if result:
            raise failure(result, error)

    def _ask(self, function: Any, *arguments: Any) -> Any:
        """A call that cannot fail."""
        raw = self._enter()
        try:
            return function(raw, *arguments)
        finally:
            self._leave()

    def _mutate(self, function: Any, *arguments: Any, batch: bool = False) -> Outcome:
        raw = ffi.new(_OUTCOME, (_OUTCOME_SIZE,))
        error = new_error()
        show = self._enter()
        try:
            result = function(show, *arguments, raw, error)
        finally:
            self._leave()
        if result:
            raise failure(result, error, raw.culprit if batch else None)
        return _reports.outcome(raw)

    def _end_role(self, end: Callable[[Any], None], raw: Any) -> None:
        try:
            self._enter()
        except WrongState:
            return  # it has ended with the show
        try:
            end(raw)
        finally:
            self._leave()

    def _abandon(self) -> None:
        """In the child of a fork: the show, its threads and its locks are the parent's, who goes on with them."""
        self._raw = None
        self._forked = True
        self._close_lock = threading.Lock()
        self._calls = collections.deque()
        for role in list(self._roles):
            role._forked()


def _after_fork() -> None:
    for show in list(_open_shows):
        show._abandon()


os.register_at_fork(after_in_child=_after_fork)
