# SPDX-License-Identifier: Apache-2.0
"""Errors: one class per code of the C API, and what fills them."""

from typing import Any, ClassVar

from ._native import ffi, lib


class Error(Exception):
    """A call that failed, and changed nothing unless its documentation says otherwise.

    Attributes:
        code: the relume_result, a negative number; 0 where the call did not get as far as the C library.
        reason: its short stable name, such as "out-of-range"; the rigs send the same over OSC.
        culprit: the key, route, field or path that is to blame; may be empty.
        message: what happened and what to do.
        change: of a rejected change-set or batch: the index of the change to blame, else None.
    """

    _code: ClassVar[int] = 0

    def __init__(self, message: str, culprit: str = "", code: int | None = None, change: int | None = None) -> None:
        Exception.__init__(self, message, culprit, code, change)  # OSError would take them for its own
        self.message = message
        self.culprit = culprit
        self.code = self._code if code is None else code
        self.change = change

    @property
    def reason(self) -> str:
        return str(ffi.string(lib.relume_result_name(self.code)).decode())

    def __str__(self) -> str:
        return self.message if self.culprit in self.message else f"{self.culprit}: {self.message}"


class Invalid(Error, ValueError):
    """An argument breaks its contract: a bad key, inconsistent options."""

    _code = lib.RELUME_E_INVALID


class NoMemory(Error, MemoryError):
    """The system gave no memory."""

    _code = lib.RELUME_E_NOMEM


class OutOfRange(Error, ValueError):
    """A value outside the range of its definition, which rejects."""

    _code = lib.RELUME_E_RANGE


class NotFinite(Error, ValueError):
    """NaN or infinity, or a number that is one in 32 bits."""

    _code = lib.RELUME_E_NOT_FINITE


class WrongType(Error, TypeError):
    """A value of another type than the parameter's."""

    _code = lib.RELUME_E_TYPE


class UnknownRoute(Error, LookupError):
    """No such parameter or record, or a handle that is stale: the layer is gone or has another shape."""

    _code = lib.RELUME_E_UNKNOWN_ROUTE


class UnknownLayer(Error, LookupError):
    """No such layer, or a handle that is stale."""

    _code = lib.RELUME_E_UNKNOWN_LAYER


class UnknownType(Error, LookupError):
    """No layer type of that key was declared."""

    _code = lib.RELUME_E_UNKNOWN_TYPE


class Exists(Error):
    """The key is taken."""

    _code = lib.RELUME_E_EXISTS


class Limit(Error):
    """A capacity that was fixed at open is used up."""

    _code = lib.RELUME_E_LIMIT


class Owned(Error):
    """Another process, or another Show of this one, owns the folder."""

    _code = lib.RELUME_E_OWNED


class IoFailed(Error):
    """A system call failed; the message has path, step and errno name."""

    _code = lib.RELUME_E_IO


class VersionMismatch(Error):
    """A struct is larger than the library knows."""

    _code = lib.RELUME_E_VERSION


class WrongState(Error, RuntimeError):
    """Not allowed now."""

    _code = lib.RELUME_E_STATE


class Closed(WrongState):
    """The show, or the handle, is closed."""


class Forked(WrongState):
    """The show was opened before a fork, and this is the child: the show belongs to the parent."""


class RoleHeld(WrongState):
    """Another thread holds the role at this moment: it is inside a call of the same role."""


class TooLong(Error, ValueError):
    """A text, a record or a name beyond its limit."""

    _code = lib.RELUME_E_TOO_LONG


class BadUtf8(Error, ValueError):
    """A text that is not UTF-8, or has a NUL in it."""

    _code = lib.RELUME_E_BAD_UTF8


class BadJson(Error, ValueError):
    """A record that is not JSON."""

    _code = lib.RELUME_E_BAD_JSON


class Timeout(Error, TimeoutError):
    """The deadline has passed; what was asked for goes on in the background."""

    _code = lib.RELUME_E_TIMEOUT


class Unsaved(Error):
    """Closed, or flushed, with something that is not saved."""

    _code = lib.RELUME_E_UNSAVED


BY_CODE: dict[int, type[Error]] = {
    kind._code: kind
    for kind in (
        Invalid, NoMemory, OutOfRange, NotFinite, WrongType, UnknownRoute, UnknownLayer, UnknownType, Exists, Limit, Owned,
        IoFailed, VersionMismatch, WrongState, TooLong, BadUtf8, BadJson, Timeout, Unsaved,
    )
}  # fmt: skip

_ERROR = ffi.typeof("relume_error *")
_ERROR_SIZE = ffi.sizeof("relume_error")


def new_error() -> Any:
    """A relume_error for one call."""
    return ffi.new(_ERROR, (_ERROR_SIZE,))


def failure(result: int, error: Any, change: int | None = None) -> Error:
    """The exception for a call that returned `result` and filled `error`."""
    return of_code(result, text_of(error.message), text_of(error.culprit), change)


def of_code(result: int, message: str, culprit: str = "", change: int | None = None) -> Error:
    return BY_CODE.get(result, Error)(message, culprit, result, change)


def text_of(array: Any) -> str:
    """A char array of the C API; it may have been cut in the middle of a character."""
    return str(ffi.string(array).decode("utf-8", "replace"))
