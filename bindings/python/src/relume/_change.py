# SPDX-License-Identifier: Apache-2.0
"""Change-sets: several changes as one revision."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ._enums import ChangeKind
from ._errors import WrongState
from ._native import ffi
from ._params import LayerLike, ParamLike
from ._reports import Outcome
from ._schema import record_bytes
from ._values import ValueLike, bytes_value, to_native, utf8

if TYPE_CHECKING:
    from ._mutations import Mutations


class ChangeSet:
    """Changes that are applied as one when the `with` block ends: one revision for all, or none.

        with show.change() as change:
            change.set("wash/level", 0.5)
            change.enable_layer("spot", False)
        print(change.outcome.revision)

    A block that raises applies nothing. Names are resolved and values converted where the method is called, so that a mistake
    raises on its own line; what the library rejects raises at the end of the block, and the error's `change` is the index of the
    change to blame. Layers and parameters must be there when the method is called: a layer that the same change-set adds cannot
    be set in it.

    Attributes:
        outcome: what came of it; None until the block has ended well.
    """

    def __init__(self, show: "Mutations") -> None:
        self._show = show
        self._changes: list[dict[str, Any]] = []
        self._keep: list[Any] = []
        self._ended = False
        self.outcome: Outcome | None = None

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ended, self._ended = self._ended, True
        if kind is None and not ended:
            self.outcome = self._show._apply(self._changes)

    def __len__(self) -> int:
        return len(self._changes)

    def set(self, param: ParamLike, value: ValueLike) -> None:
        """Show.set()."""
        self._value(ChangeKind.SET, param, value)

    def persist(self, param: ParamLike, value: ValueLike) -> None:
        """Show.persist()."""
        self._value(ChangeKind.PERSIST, param, value)

    def store(self, layer: LayerLike | None = None) -> None:
        """Show.store()."""
        self._add(ChangeKind.STORE, layer=self._show._layer_native(layer))

    def revert(self, layer: LayerLike | None = None) -> None:
        """Show.revert()."""
        self._add(ChangeKind.REVERT, layer=self._show._layer_native(layer))

    def reset(self, layer: LayerLike | None = None) -> None:
        """Show.reset()."""
        self._add(ChangeKind.RESET, layer=self._show._layer_native(layer))

    def add_layer(self, key: str, type_key: str, before: LayerLike | None = None) -> None:
        """Show.add_layer()."""
        self._add(
            ChangeKind.ADD,
            key=self._text(key, "layer key"),
            type_key=self._text(type_key, "type key"),
            before=self._show._layer_native(before),
        )

    def remove_layer(self, layer: LayerLike) -> None:
        """Show.remove_layer()."""
        self._add(ChangeKind.REMOVE, layer=self._show._layer_native(layer))

    def move_layer(self, layer: LayerLike, before: LayerLike | None = None) -> None:
        """Show.move_layer()."""
        self._add(ChangeKind.MOVE, layer=self._show._layer_native(layer), before=self._show._layer_native(before))

    def enable_layer(self, layer: LayerLike, on: bool) -> None:
        """Show.enable_layer()."""
        self._add(ChangeKind.ENABLE, layer=self._show._layer_native(layer), flag=int(on))

    def bypass_layer(self, layer: LayerLike, on: bool) -> None:
        """Show.bypass_layer()."""
        self._add(ChangeKind.BYPASS, layer=self._show._layer_native(layer), flag=int(on))

    def retype_layer(self, layer: LayerLike, type_key: str) -> None:
        """Show.retype_layer()."""
        self._add(ChangeKind.RETYPE, layer=self._show._layer_native(layer), type_key=self._text(type_key, "type key"))

    def rename_layer(self, layer: LayerLike, key: str) -> None:
        """Show.rename_layer()."""
        self._add(ChangeKind.RENAME, layer=self._show._layer_native(layer), key=self._text(key, "layer key"))

    def set_record(self, key: str, content: object) -> None:
        """Show.set_record()."""
        kind, data = record_bytes(key, content)
        value, keep = bytes_value(data)
        self._keep.append(keep)
        self._add(ChangeKind.RECORD, key=self._text(key, "record key"), flag=kind, value=value)

    def remove_record(self, key: str) -> None:
        """Show.remove_record()."""
        self._add(ChangeKind.RECORD_REMOVE, key=self._text(key, "record key"))

    def _value(self, kind: ChangeKind, param: ParamLike, value: ValueLike) -> None:
        resolved = self._show._param(param)
        native, keep = to_native(resolved.type, value, resolved.index, resolved.route)
        self._keep.append(keep)
        self._add(kind, param=resolved._native, value=native)

    def _text(self, text: str, what: str) -> Any:
        native = ffi.new("char[]", utf8(text, what))
        self._keep.append(native)
        return native

    def _add(self, kind: ChangeKind, **fields: Any) -> None:
        self._open()
        self._changes.append({"kind": kind, **fields})

    def _open(self) -> None:
        if self._ended:
            raise WrongState("this change-set has ended: begin another one with Show.change()", "change-set")
