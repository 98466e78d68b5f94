# SPDX-License-Identifier: Apache-2.0
"""Opening, closing, the stack, records, change-sets."""

import gc
import os
import pathlib
import subprocess
import sys
import warnings
from collections.abc import Callable

import pytest
import relume
from conftest import LONG, SECOND, TYPES, Place, Worker, make_schema
from relume import ParamDef, State, Type


def test_a_show_comes_back_with_what_was_set(place: Place) -> None:
    with place.open() as show:
        outcome = show.set("wash/level", 0.75)
        assert (outcome.state, outcome.revision, outcome.level) == (State.CHANGED, 1, relume.Level.MIRRORED)
        assert show.set("wash/level", 0.75).changed is False
    with place.open() as show:
        assert show.get("wash/level") == 0.75
        assert show.info().restarts == 1
        assert show.recovery().clean_close


def test_a_folder_has_one_owner(place: Place) -> None:
    with place.open() as show:
        with pytest.raises(relume.Owned) as caught:
            place.open()
        assert (caught.value.reason, caught.value.culprit) == ("owned", str(place.folder))
        show.set("wash/level", 1)  # the first one is as it was
    place.open().close()


def test_what_cannot_be_opened_says_why(tmp_path: pathlib.Path) -> None:
    with pytest.raises(relume.IoFailed, match="ENOENT") as caught:
        relume.Show(make_schema(), tmp_path / "no" / "such" / "folder")
    assert caught.value.code == -12
    with pytest.raises(relume.Invalid):
        relume.Show(make_schema(), "")
    with pytest.raises(relume.Limit):
        relume.Show(make_schema(), max_layers=1)


def test_every_call_of_a_closed_show_raises_closed(place: Place) -> None:
    show = place.open()
    param, layer, reader, source, events = (
        show.param("wash/level"), show.layer("wash"), show.reader(), show.source(), show.events(),
    )  # fmt: skip
    change, prepared = show.change(), show.prepare_type("dimmer", [ParamDef("level", Type.FLOAT)])
    frame = reader.acquire()
    change.set(param, 0.5)
    show.close()
    show.close()  # once more is nothing
    assert all(it.closed for it in (show, reader, source, events))
    for call in (
        lambda: show.set(param, 1), lambda: show.get(param), lambda: show.layers, lambda: show.record_keys, show.health,
        lambda: show.compose(1), show.reader, show.source, show.events, show.info, show.save, lambda: show.flush(0),
        lambda: layer.params, lambda: param.label(0), reader.acquire, lambda: source.write(param, 1, 1), lambda: source.info,
        lambda: source.release(param, 1), events.poll, lambda: change.__exit__(None, None, None), prepared.commit,
    ):  # fmt: skip
        with pytest.raises(relume.Closed, match="closed"):
            call()
    assert frame.at(param) == 0.0
    for role in (reader, source, events):
        role.close()


def test_close_saves_what_is_unsaved(place: Place) -> None:
    show = place.open(quiet_ns=LONG, max_age_ns=LONG)
    show.persist("wash/level", 0.5)
    show.close()
    assert '"level": 0.5' in (place.folder / "show.json").read_text()


def test_close_says_what_is_not_saved(place: Place) -> None:
    show = place.open(quiet_ns=LONG, max_age_ns=LONG)
    show.persist("wash/level", 0.5)
    show.flush(LONG)
    document = place.folder / "show.json"
    document.write_text(document.read_text().replace("0.5", "0.6"))  # somebody else's, while the show runs
    show.persist("wash/level", 0.25)
    with pytest.raises(relume.Unsaved) as caught:
        show.close()
    assert show.closed
    assert (caught.value.reason, caught.value.culprit) == ("unsaved", str(place.folder))


def test_close_waits_for_calls_that_are_running(place: Place) -> None:
    show = place.open(quiet_ns=LONG, max_age_ns=LONG)
    show.flush(LONG)  # what a new show writes by itself
    outcome = show.set("wash/level", 0.5)
    waiting = Worker(lambda: show.wait(outcome, relume.Level.CHECKPOINTED, SECOND // 2))
    while not show._calls:  # until it is inside the call
        pass
    show.close()
    with pytest.raises(relume.Timeout):  # had close() not waited, its save would have been the answer, or worse
        waiting.result()


def test_close_under_fire_ends_every_thread_with_closed(place: Place) -> None:
    show = place.open()
    param = show.param("wash/level")

    def fire(number: int) -> int:
        calls = 0
        try:
            while True:
                show.set(param, (calls + number) % 100 / 100)
                show.compose(calls)
                with show.reader() as reader, show.source() as source:
                    reader.acquire()
                    source.write(param, 0.5, calls)
                calls += 1
        except relume.RoleHeld:
            return fire(number)  # of compose(): there are several threads
        except relume.Closed:
            return calls

    threads = [Worker(lambda n=n: fire(n)) for n in range(3)]  # type: ignore[misc]
    while show.status().accepted < 200:
        pass
    show.close()
    for thread in threads:
        thread.result()


def test_a_show_that_nobody_closed_is_closed_and_complained_about(place: Place) -> None:
    show = place.open()
    show.set("wash/level", 0.5)
    with pytest.warns(ResourceWarning, match="was not closed"):
        del show
        gc.collect()
    place.open().close()


def test_a_show_left_open_at_the_end_of_the_program_is_recovered(place: Place) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import conftest, pathlib\n"
        "show = conftest.Place(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])).open()\n"
        "reader = show.reader(); frame = reader.acquire(); array = frame.array\n"
        "show.set('wash/level', 0.5)\n"
    )
    here = os.path.dirname(__file__)
    ended = subprocess.run(
        [sys.executable, "-c", program, here, place.folder.parent, place.runtime], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    with place.open() as show:
        assert show.get("wash/level") == 0.5


def test_layers_are_found_listed_and_changed(light: relume.Show) -> None:
    assert [layer.key for layer in light.layers] == ["wash", "spot"]
    added = light.add_layer("back", "dimmer", before="spot")
    assert [layer.key for layer in light.layers] == ["wash", "back", "spot"]
    assert (added.type_key, added.param_count, added.enabled, added.bypassed) == ("dimmer", 1, True, False)
    light.move_layer("wash")
    light.enable_layer(added, False)
    light.bypass_layer(added, True)
    assert [layer.key for layer in light.layers] == ["back", "spot", "wash"]
    again = light.layer(added.handle)
    assert (again, again.enabled, again.bypassed) == (added, False, True)
    assert [param.route for param in light.layer("spot").params] == [f"spot/{definition.key}" for definition in TYPES]
    level = light.param("back/level")
    light.remove_layer("back")
    with pytest.raises(relume.UnknownLayer):
        light.layer(added)
    with pytest.raises(relume.UnknownRoute):
        light.set(level, 0.5)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("wash", "fixture"), relume.Exists), (("new", "none"), relume.UnknownType), (("Bad Key", "fixture"), relume.Invalid),
        (("new", "fixture", "nobody"), relume.UnknownLayer),
    ],
)  # fmt: skip
def test_a_layer_that_cannot_be_added_is_refused(light: relume.Show, arguments: tuple[str, ...], kind: type[relume.Error]) -> None:
    with pytest.raises(kind):
        light.add_layer(*arguments)
    assert len(light.layers) == 2


def test_handles_of_another_show_are_refused(light: relume.Show, show: relume.Show) -> None:
    param, layer = show.param("wash/level"), show.layer("wash")
    with light.source() as source, light.reader() as reader:
        for call in (
            lambda: light.set(param, 1), lambda: source.write(param, 1, 1), lambda: source.release(param, 1),
            lambda: reader.acquire().at(param), lambda: source.write_many({param: 1}, 1), lambda: light.param(param),
        ):  # fmt: skip
            with pytest.raises(relume.UnknownRoute):
                call()
    with pytest.raises(relume.UnknownLayer):
        light.remove_layer(layer)
    assert param != light.param("wash/level")


def test_store_revert_and_reset(light: relume.Show) -> None:
    light.set("wash/level", 0.5)
    light.set("spot/level", 0.25)
    light.store("wash")
    assert light.explain("wash/level").winner == relume.Tier.PERSISTED
    light.revert()
    assert (light.get("wash/level"), light.get("spot/level")) == (0.5, 0.0)
    light.set("wash/level", 1)
    assert light.reset("wash").changed
    assert light.get("wash/level") == 0.5
    with pytest.raises(relume.UnknownLayer):
        light.store("nobody")


@pytest.mark.parametrize("content", [b"", b"\0\xff", {"a": [1, 2.5, None, "ü"]}, [], "text", 7, None, True])
def test_records_keep_bytes_and_json(light: relume.Show, content: object) -> None:
    assert light.record("patch") == {"universe": 1}
    assert light.set_record("scene", content).changed
    assert light.record("scene") == content
    assert light.record_keys == ("patch", "scene")
    assert light.remove_record("scene").changed
    assert not light.remove_record("scene").changed
    with pytest.raises(relume.UnknownRoute):
        light.record("scene")


def test_records_that_cannot_be_are_refused(light: relume.Show) -> None:
    for content in ({1, 2}, float("nan"), object()):
        with pytest.raises(relume.BadJson):
            light.set_record("scene", content)
    with pytest.raises(relume.Invalid):
        light.set_record("Bad Key", b"")
    with pytest.raises(relume.TooLong):
        light.set_record("scene", bytes(16 * 2**20 + 1))
    assert light.record_keys == ("patch",)


def test_a_change_set_is_one_revision(light: relume.Show) -> None:
    with light.events() as events:
        with light.change() as change:
            change.set("wash/level", 0.5)
            change.persist("spot/mode", "prism")
            change.set("wash/name", "somebody")
            change.add_layer("back", "dimmer", before="wash")
            change.set_record("scene", {"a": 1})
            change.set_record("raw", b"\0\1")
            change.remove_record("patch")
            change.move_layer("wash")
            change.enable_layer("spot", False)
            change.bypass_layer("spot", True)
            change.rename_layer("spot", "front")
            change.retype_layer("spot", "dimmer")  # last: it makes the layer's handle stale
            change.store("wash")
            assert light.status().accepted == 0
            assert len(change) == 13
        assert change.outcome is not None
        assert (change.outcome.revision, change.outcome.changed) == (1, True)
        assert [(event.kind, event.count) for event in events] == [(relume.EventKind.ACCEPTED, 13)]
    assert [layer.key for layer in light.layers] == ["back", "front", "wash"]
    assert (light.get("wash/level"), light.get("wash/name")) == (0.5, "somebody")
    assert (light.record("scene"), light.record("raw"), light.record_keys) == ({"a": 1}, b"\0\1", ("raw", "scene"))
    front = light.layer("front")
    assert (front.enabled, front.bypassed, front.type_key) == (False, True, "dimmer")


def test_a_change_set_whose_block_raises_applies_nothing(light: relume.Show) -> None:
    with pytest.raises(ZeroDivisionError), light.change() as change:
        change.set("wash/level", 0.5)
        print(1 / 0)
    assert (change.outcome, light.get("wash/level"), light.status().accepted) == (None, 0.0, 0)


def test_a_change_set_that_is_rejected_names_the_change(light: relume.Show) -> None:
    with pytest.raises(relume.OutOfRange) as caught, light.change() as change:
        change.set("wash/on", True)
        change.set("wash/level", 2)
    assert (caught.value.change, caught.value.culprit) == (1, "wash/level")
    assert (change.outcome, light.get("wash/on")) == (None, False)


def test_a_change_set_says_mistakes_where_they_are_made_and_ends_once(light: relume.Show) -> None:
    with light.change() as change:
        with pytest.raises(relume.UnknownRoute):
            change.set("wash/nothing", 1)
        with pytest.raises(relume.WrongType):
            change.set("wash/level", "x")
        change.revert()
        change.reset("wash")
    assert change.outcome is not None
    with pytest.raises(relume.WrongState, match=r"Show\.change"):
        change.set("wash/level", 1)
    with pytest.raises(relume.WrongState), change:
        pass
    with light.change() as outer, outer:
        outer.set("wash/level", 1)
    assert (outer.outcome is not None, light.status().accepted) == (True, 1)


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ([ParamDef("Bad Key", Type.FLOAT)], relume.Invalid),
        ([], relume.Invalid),
        ([ParamDef("a", Type.ENUM)], relume.Invalid),
        ([ParamDef("a", Type.FLOAT, min=1, max=0)], relume.Invalid),
        ([ParamDef("a", Type.FLOAT, max=1, default=2.0)], relume.OutOfRange),
        ([ParamDef("a", Type.FLOAT, default="x")], relume.WrongType),
        ([ParamDef("a", Type.ENUM, labels=["x"], default="y")], relume.OutOfRange),
        ([ParamDef("a", Type.FLOAT), ParamDef("a", Type.FLOAT)], relume.Exists),
        ([ParamDef("a", Type.TEXT, default="x" * 2000)], relume.TooLong),
        ([ParamDef("a", Type.FLOAT, max=float("nan"))], relume.NotFinite),
        ([ParamDef(f"k{i}", Type.VEC4) for i in range(16385)], relume.Limit),
    ],
)
def test_a_type_that_cannot_be_is_refused(params: list[ParamDef], kind: type[relume.Error]) -> None:
    schema = relume.Schema()
    with pytest.raises(kind):
        schema.type("wrong", params)
    schema.type("wrong", [ParamDef("a", Type.FLOAT)])  # nothing of it is left


def test_a_schema_refuses_what_it_has_and_what_it_has_not() -> None:
    schema = make_schema()
    cases: list[tuple[Callable[[], relume.Schema], type[relume.Error]]] = [
        (lambda: schema.type("fixture", TYPES), relume.Exists),
        (lambda: schema.layer("wash", "fixture"), relume.Exists),
        (lambda: schema.layer("new", "none"), relume.UnknownType),
        (lambda: schema.layer("Bad Key", "fixture"), relume.Invalid),
        (lambda: schema.record("patch", b""), relume.Exists),
        (lambda: schema.record("scene", object()), relume.BadJson),
        (lambda: schema.record("scene", bytes(16 * 2**20 + 1)), relume.TooLong),
        (lambda: schema.layer(1, "fixture"), relume.WrongType),  # type: ignore[arg-type]
    ]
    for call, kind in cases:
        with pytest.raises(kind):
            call()


def test_each_handle_stays_its_own(light: relume.Show) -> None:
    """However many are resolved before and after: what a handle points to is nobody else's memory."""
    for n in range(20):
        light.add_layer(f"more-{n}", "dimmer")
    params = [light.param(f"more-{n}/level") for n in range(20)]
    layers = [light.layer(f"more-{n}") for n in range(20)]
    for n, param in enumerate(params):
        light.set(param, n / 20)
    for n, layer in enumerate(layers):
        light.enable_layer(layer, n % 2 == 0)
        assert [param.route for param in layer.params] == [f"more-{n}/level"]
    assert [light.get(f"more-{n}/level") for n in range(20)] == pytest.approx([n / 20 for n in range(20)])
    assert [layer.enabled for layer in light.layers[2:]] == [n % 2 == 0 for n in range(20)]


def test_definitions_come_back_as_declared() -> None:
    schema = relume.Schema().type(
        "lamp",
        [
            ParamDef("a", Type.FLOAT, min=-1, max=1, default=0.5, recall_safe=True, lossy=True, smoothing_ns=7, settle_ns=8),
            ParamDef("b", Type.INT, clamp=True, commit_policy=relume.CommitPolicy.PERSIST),
            ParamDef("c", Type.VEC3),
        ],
    )
    with relume.Show(schema.layer("lamp", "lamp")) as show:
        a, b, c = show.layer("lamp").params
        assert (a.min, a.max, a.default, a.smoothing_ns, a.settle_ns) == (-1, 1, 0.5, 7, 8)
        assert (a.flags, b.flags) == (relume.ParamFlags.RECALL_SAFE | relume.ParamFlags.LOSSY, relume.ParamFlags.CLAMP)
        assert (b.commit_policy, c.lanes, c.slot, c.default) == (relume.CommitPolicy.PERSIST, 3, 4, (0.0, 0.0, 0.0))
        assert show.param(a.handle) == a == show.param(a)
        assert len({a, show.param("lamp/a"), b}) == 2


def test_without_threads_the_host_ticks(place: Place) -> None:
    with place.open(threads=False, quiet_ns=1) as show:
        show.persist("wash/level", 0.5)
        while show.status().document_done < 1:
            show.control_tick()
            show.disk_tick()
    with place.open() as show:
        for tick in (show.control_tick, show.disk_tick):
            with pytest.raises(relume.WrongState):
                tick()


def test_no_warning_is_left_by_a_show_that_is_closed(place: Place) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with place.open() as show:
            show.reader().acquire()
        del show
        gc.collect()
