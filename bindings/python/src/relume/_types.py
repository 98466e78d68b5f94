# SPDX-License-Identifier: Apache-2.0
"""Changes of type that the host has to build first: prepare, then commit or abort."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ._native import lib
from ._reports import Outcome
from ._values import utf8

if TYPE_CHECKING:
    from ._mutations import Mutations


class TypeChange:
    """A prepared change of type; nothing of it is visible yet. End it by commit() or abort(), or as a `with` block, which commits
    at its end, and aborts with the error's text when it raises:

        with show.prepare_type("plasma", params) as change:
            program = compile_shader(source)
        print(change.outcome.cleared_values)

    Attributes:
        handle: the number that events name it by (Event.type_change).
        outcome: of the commit; None until then.
    """

    def __init__(self, show: "Mutations", native: Any) -> None:
        self._show = show
        self._native = native
        self.handle: int = native.bits
        self.outcome: Outcome | None = None

    def commit(self) -> Outcome:
        """Makes the change visible as one mutation. A definition equal to the one before is State.SAME.

        Raises:
            WrongState: the change was ended, or superseded by one that was prepared later.
            UnknownLayer: the layer is gone.
            Limit: max_layers, max_slots or the mirror's room for the stack is used up.
            IoFailed: the mirror could not grow.
        """
        self.outcome = self._show._mutate(lib.relume_type_commit, self._native)
        return self.outcome

    def abort(self, why: str = "") -> None:
        """Gives the change up: everything stays as it is. `why` is what Show.type_failure() will say; empty: nothing failed.

        Raises:
            WrongState: the change was ended or superseded.
        """
        self._show._call(lib.relume_type_abort, self._native, utf8(why.replace("\0", " "), "reason"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.commit()
        else:
            self.abort(f"{type(error).__name__}: {error}")
