# SPDX-License-Identifier: Apache-2.0
"""What changes an open show, and what reads it by name: layers, values, records, types."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from . import _reports
from ._batch import Batch
from ._change import ChangeSet
from ._enums import CommitPolicy, Type
from ._errors import Error, OutOfRange, UnknownLayer, UnknownRoute, text_of
from ._lifetime import Lifetime
from ._native import ffi, lib
from ._params import Layer, LayerLike, Param, ParamLike
from ._reports import Explanation, Outcome, TypeFate
from ._schema import ParamDef, TypeDef, record_bytes, record_content
from ._types import TypeChange
from ._values import Value, ValueLike, from_native, to_native, utf8

_ParamT = TypeVar("_ParamT", bound=ParamLike)  # keys of a Mapping are not covariant
_NOBODY = ffi.new("relume_layer *")[0]


class Mutations(Lifetime):
    """The part of Show that mutates and queries."""

    # --- names ---

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The stack, bottom to top."""
        layers: list[Layer] = []
        out = ffi.new("relume_layer *")
        while not self._ask(lib.relume_layer_at, len(layers), out, ffi.NULL):
            try:
                layers.append(self.layer(out.bits))
            except UnknownLayer:  # removed in between: the next one has its position
                continue
        return tuple(layers)

    def layer(self, layer: LayerLike) -> Layer:
        """A layer by its key or handle, as it stands now.

        Raises:
            UnknownLayer: there is none, or the handle is stale.
        """
        info = ffi.new("relume_layer_info *", {"struct_size": ffi.sizeof("relume_layer_info")})
        self._call(lib.relume_layer_info_get, self._layer_native(layer), info)
        return Layer(self, info)

    def param(self, param: ParamLike) -> Param:
        """A parameter by its route or handle, as it was declared.

        Raises:
            UnknownRoute: there is none, or the handle is stale.
        """
        if isinstance(param, str):
            found = ffi.new("relume_param *")
            self._call(lib.relume_param_find, utf8(param, "route"), found)
            native = found[0]
        elif isinstance(param, int):
            native = ffi.new("relume_param *", (param,))[0]
        else:
            native = self._own(param)._native
        info = ffi.new("relume_param_info *", {"struct_size": ffi.sizeof("relume_param_info")})
        self._call(lib.relume_param_info_get, native, info)
        return Param(self, info)

    def _param(self, param: ParamLike) -> Param:
        """As param(), but a resolved one is taken as it is."""
        return self._own(param) if isinstance(param, Param) else self.param(param)

    def _own(self, param: Param) -> Param:
        if param._show is not self:
            raise UnknownRoute("the parameter is another show's: resolve its route in this one", param.route)
        return param

    def _layer_native(self, layer: LayerLike | None) -> Any:
        if layer is None:
            return _NOBODY
        if isinstance(layer, str):
            found = ffi.new("relume_layer *")
            self._call(lib.relume_layer_find, utf8(layer, "layer key"), found)
            return found[0]
        if isinstance(layer, int):
            return ffi.new("relume_layer *", (layer,))[0]
        if layer._show is not self:
            raise UnknownLayer("the layer is another show's: find its key in this one", layer.key)
        return layer._native

    def _params_of(self, layer: Layer) -> tuple[Param, ...]:
        params = []
        out = ffi.new("relume_param *")
        for n in range(layer.param_count):
            self._call(lib.relume_param_at, layer._native, n, out)
            params.append(self.param(out.bits))
        return tuple(params)

    def _label(self, param: Param, index: int) -> str:
        buffer = ffi.new("char[64]")
        if not self._ask(lib.relume_param_label, param._native, index, buffer, len(buffer)):
            raise OutOfRange(f"it has no label of index {index}", param.route)
        return str(ffi.string(buffer).decode())

    def _label_index(self, param: Param, label: str) -> int:
        out = ffi.new("int32_t *")
        self._call(lib.relume_param_label_find, param._native, utf8(label, "label"), out)
        return int(out[0])

    # --- values ---

    def set(self, param: ParamLike, value: ValueLike) -> Outcome:
        """Sets the committed value of a parameter: the operator's hand.

        Args:
            value: float; bool; int; a sequence of 2 to 4 floats for vectors and colours; the label or index of an enum; int
                nanoseconds for a time; str for a text.

        Raises:
            UnknownRoute: there is no such parameter, or the handle is stale.
            WrongType, OutOfRange, NotFinite, TooLong, BadUtf8: the value does not fit its definition.
            Limit, IoFailed: of a text: 65,536 texts and records are there; the mirror could not grow.
        """
        return self._set(lib.relume_value_set, param, value)

    def persist(self, param: ParamLike, value: ValueLike) -> Outcome:
        """Sets the persisted value of a parameter and clears the committed one above it. Value and errors as for set()."""
        return self._set(lib.relume_value_persist, param, value)

    def _set(self, function: Any, param: ParamLike, value: ValueLike) -> Outcome:
        resolved = self._param(param)
        native, keep = to_native(resolved.type, value, resolved.index, resolved.route)
        result = self._mutate(function, resolved._native, ffi.addressof(native))
        del keep
        return result

    def set_many(self, values: Mapping[_ParamT, ValueLike] | Iterable[tuple[_ParamT, ValueLike]]) -> Outcome:
        """Sets committed values as one change-set: one revision for all, or none. Of a parameter named twice, the last value
        holds. Errors as for set(); `change` is the index of the value to blame."""
        pairs = list(values.items() if isinstance(values, Mapping) else values)
        params, natives = ffi.new("relume_param[]", len(pairs)), ffi.new("relume_value[]", len(pairs))
        keep = []
        for i, (param, value) in enumerate(pairs):
            try:
                resolved = self._param(param)
                natives[i], owned = to_native(resolved.type, value, resolved.index, resolved.route)
            except Error as error:
                error.change = i
                raise
            params[i] = resolved._native
            keep.append(owned)
        return self._mutate(lib.relume_values_set, params, natives, len(pairs), batch=True)

    def batch(self, params: Iterable[ParamLike], commit_policy: CommitPolicy = CommitPolicy.DEFAULT) -> Batch:
        """Resolves parameters that are to be written together by numpy arrays, without Python's work for each value.

        Args:
            commit_policy: of what Source.write_batch() writes.

        Raises:
            UnknownRoute: one of them is not there; `change` is its index.
            WrongType: a text is among them.
        """
        resolved = []
        for n, param in enumerate(params):
            try:
                resolved.append(self._param(param))
            except Error as error:
                error.change = n
                raise
        return Batch(self, resolved, commit_policy)

    def set_batch(self, batch: Batch) -> Outcome:
        """Sets the committed values of a batch as one change-set: one revision for all, or none. Errors as for set(); `change` is
        the index of the value to blame."""
        if batch._show is not self:
            raise UnknownRoute("the batch is another show's: make one in this show", "batch")
        return self._mutate(*batch._mutation(), batch=True)

    def get(self, param: ParamLike) -> Value:
        """The value that holds now; reads your own write, composed or not. An enum comes as its label.

        Raises:
            UnknownRoute: there is no such parameter, or the handle is stale.
        """
        resolved = self._param(param)
        if resolved.type == Type.TEXT:
            return self._text(resolved)
        raw = ffi.new("relume_value *")
        self._call(lib.relume_value_get, resolved._native, raw, ffi.NULL)
        value = from_native(raw, resolved.label)
        assert value is not None  # what holds is never "no value"
        return value

    def _text(self, param: Param) -> str:
        buffer, size = ffi.new("char[]", lib.RELUME_TEXT_MAX + 1), ffi.new("size_t *")
        self._call(lib.relume_text_get, param._native, buffer, len(buffer), size, ffi.NULL)
        return bytes(ffi.buffer(buffer, size[0])).decode()

    def explain(self, param: ParamLike) -> Explanation:
        """Everything about one parameter: each tier's value and who wins.

        Raises:
            UnknownRoute: there is no such parameter, or the handle is stale.
        """
        resolved = self._param(param)
        raw = ffi.new("relume_explanation *", {"struct_size": ffi.sizeof("relume_explanation")})
        self._call(lib.relume_explain, resolved._native, raw)
        text = resolved.type == Type.TEXT
        composed = self._text(resolved) if text else from_native(raw.composed, resolved.label)
        return _reports.explanation(raw, composed, resolved.label)

    def explain_layer(self, layer: LayerLike) -> dict[Param, Explanation]:
        """Explains every parameter of a layer, in the order of its type, all of one moment. It holds mutations up for that long:
        see relume_explain_layer().

        Raises:
            UnknownLayer: there is none, or the handle is stale.
        """
        native, count = self._layer_native(layer), ffi.new("size_t *")
        while True:
            size = count[0]
            raw = ffi.new("relume_explanation[]", [{"struct_size": ffi.sizeof("relume_explanation")}] * size)
            self._call(lib.relume_explain_layer, native, raw, size, count)
            if count[0] <= size:
                break
        explained: dict[Param, Explanation] = {}
        for one in raw[0 : count[0]]:
            param = self.param(one.param.bits)
            explained[param] = _reports.explanation(one, from_native(one.composed, param.label), param.label)
        return explained

    def store(self, layer: LayerLike | None = None) -> Outcome:
        """Committed values of a layer, or of all, become persisted. Leaves automation alone.

        Raises:
            UnknownLayer
        """
        return self._mutate(lib.relume_store, self._layer_native(layer))

    def revert(self, layer: LayerLike | None = None) -> Outcome:
        """Clears the committed values of a layer, or of all. Leaves automation alone.

        Raises:
            UnknownLayer
        """
        return self._mutate(lib.relume_revert, self._layer_native(layer))

    def reset(self, layer: LayerLike | None = None) -> Outcome:
        """Clears the committed values of a layer, or of all, and releases its automation, which glides back.

        Raises:
            UnknownLayer
        """
        return self._mutate(lib.relume_reset, self._layer_native(layer))

    def change(self) -> ChangeSet:
        """Begins a change-set: `with show.change() as change: ...`."""
        return ChangeSet(self)

    def _apply(self, changes: list[dict[str, Any]]) -> Outcome:
        return self._mutate(lib.relume_apply, ffi.new("relume_change[]", changes), len(changes), batch=True)

    # --- layers ---

    def add_layer(self, key: str, type_key: str, before: LayerLike | None = None) -> Layer:
        """Adds a layer below `before`, or on top. Its parameters hold their defaults. (A change-set has the outcome of it.)

        Raises:
            Invalid: a bad key.
            Exists: the key is taken, also by a layer that lies dormant because its type is not declared.
            UnknownType, UnknownLayer: type_key, before.
            Limit: max_layers, max_slots or the mirror's room for the stack is used up.
        """
        out = ffi.new("relume_layer *")
        self._mutate(lib.relume_layer_add, utf8(key, "layer key"), utf8(type_key, "type key"), self._layer_native(before), out)
        return self.layer(out.bits)

    def remove_layer(self, layer: LayerLike) -> Outcome:
        """Removes a layer with all its values and automation. Its handles, and those of its parameters, become stale.

        Raises:
            UnknownLayer
        """
        return self._mutate(lib.relume_layer_remove, self._layer_native(layer))

    def move_layer(self, layer: LayerLike, before: LayerLike | None = None) -> Outcome:
        """Moves a layer below `before`, or to the top. Handles stay valid.

        Raises:
            UnknownLayer: either of them.
        """
        return self._mutate(lib.relume_layer_move, self._layer_native(layer), self._layer_native(before))

    def enable_layer(self, layer: LayerLike, on: bool) -> Outcome:
        """Enables or disables a layer.

        Raises:
            UnknownLayer
        """
        return self._mutate(lib.relume_layer_enable, self._layer_native(layer), int(on))

    def bypass_layer(self, layer: LayerLike, on: bool) -> Outcome:
        """Bypasses a layer or takes it in again.

        Raises:
            UnknownLayer
        """
        return self._mutate(lib.relume_layer_bypass, self._layer_native(layer), int(on))

    def retype_layer(self, layer: LayerLike, type_key: str) -> Outcome:
        """Gives a layer another type at once, for types that need no building. A parameter of equal key, type and lanes keeps its
        value; the rest is cleared and counted in the outcome. Where the shape differs, handles of the layer and of its parameters
        become stale.

        Raises:
            UnknownLayer, UnknownType
            Limit: max_slots or the mirror's room for the stack is used up.
            IoFailed: the mirror could not grow.
        """
        return self._mutate(lib.relume_layer_retype, self._layer_native(layer), utf8(type_key, "type key"))

    def rename_layer(self, layer: LayerLike, key: str) -> Outcome:
        """Gives a layer another key. Values, automation and all handles stay; its routes are others from now on. What was asked
        of it before (Layer.key, Param.route) is as it was then.

        Raises:
            UnknownLayer
            Invalid: a bad key.
            Exists: another layer has the key, or one that lies dormant because its type is not declared.
            Limit: the mirror's room for the stack is used up.
        """
        return self._mutate(lib.relume_layer_rename, self._layer_native(layer), utf8(key, "layer key"))

    # --- types ---

    def prepare_type(self, key: str, params: Iterable[ParamDef], version: int = 1) -> TypeChange:
        """Prepares a type: one that is new, or a new definition of one that is declared. Nothing is visible until it is
        committed. A change of the same type that was prepared before is superseded.

        Raises:
            As Schema.type() says, but that a declared type is defined anew; the type as it is stays.
        """
        definition = TypeDef(key, params, version)
        out = ffi.new("relume_type_change *")
        self._call(lib.relume_type_prepare, definition.native, out)
        return TypeChange(self, out[0])

    def prepare_retype(self, layer: LayerLike, type_key: str) -> TypeChange:
        """Prepares another type for a layer, for a type that the host has to build for it. Nothing is visible until it is
        committed. A change of the same layer that was prepared before is superseded.

        Raises:
            UnknownLayer, UnknownType
        """
        out = ffi.new("relume_type_change *")
        self._call(lib.relume_retype_prepare, self._layer_native(layer), utf8(type_key, "type key"), out)
        return TypeChange(self, out[0])

    def fail_type(self, type_key: str, why: str) -> None:
        """Records that a build of a type failed before there was a definition to prepare, for example because its file cannot be
        read; type_failure() then says why. The type as it is stays.

        Raises:
            Invalid: a bad key, or an empty reason.
        """
        reason = utf8(why.replace("\0", " "), "reason")
        self._call(lib.relume_type_fail, utf8(type_key, "type key"), reason)

    def type_failure(self, type_key: str) -> str:
        """Why the last build of a type failed; empty when it did not, or was committed since."""
        buffer = ffi.new("char[]", lib.RELUME_TEXT_MAX + 1)
        self._ask(lib.relume_type_failure, utf8(type_key, "type key"), buffer, len(buffer))
        return text_of(buffer)

    def type_report(self, revision: int) -> tuple[TypeFate, ...]:
        """What became of every value at a change of type, by the revision of its outcome or event; what was cleared or clamped
        comes first. The last 8 changes are remembered, with 16,384 values each at most.

        Raises:
            WrongState: no change of type had this revision, it moved no value, or it is forgotten.
        """
        count = ffi.new("size_t *")
        while True:
            size = count[0]
            raw = ffi.new("relume_type_fate[]", [{"struct_size": ffi.sizeof("relume_type_fate")}] * size)
            self._call(lib.relume_type_report, revision, raw, size, count, ffi.NULL)
            if count[0] <= size:
                return tuple(_reports.type_fate(one) for one in raw[0 : count[0]])

    # --- records ---

    @property
    def record_keys(self) -> tuple[str, ...]:
        """Keys of all records, sorted."""
        keys: list[str] = []
        buffer = ffi.new("char[64]")
        while self._ask(lib.relume_record_key, len(keys), buffer, len(buffer)):
            keys.append(ffi.string(buffer).decode())
        return tuple(keys)

    def record(self, key: str) -> Any:
        """A record: bytes if it was set as bytes, else what its JSON says.

        Raises:
            UnknownRoute: there is none of that key.
        """
        size, kind = ffi.new("size_t *"), ffi.new("uint32_t *")
        room = 0
        while True:  # somebody may set it in between
            buffer = ffi.new("char[]", room)
            self._call(lib.relume_record_get, utf8(key, "record key"), buffer, room, size, kind)
            if size[0] <= room:
                return record_content(kind[0], bytes(ffi.buffer(buffer, size[0])))
            room = size[0]

    def set_record(self, key: str, content: object) -> Outcome:
        """Sets a record: bytes as they are, everything else as JSON.

        Raises:
            Invalid: a bad key.
            TooLong: more than 16 MiB.
            BadJson: the content cannot be written as JSON.
            Limit, IoFailed: 65,536 texts and records are there; the mirror could not grow.
        """
        kind, data = record_bytes(key, content)
        return self._mutate(lib.relume_record_set, utf8(key, "record key"), kind, ffi.from_buffer(data), len(data))

    def remove_record(self, key: str) -> Outcome:
        """Removes a record; one that is not there is State.SAME.

        Raises:
            Invalid: a bad key.
        """
        return self._mutate(lib.relume_record_remove, utf8(key, "record key"))
