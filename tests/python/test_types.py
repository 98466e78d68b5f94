# SPDX-License-Identifier: Apache-2.0
"""Types declared, reloaded and exchanged while the show runs."""

import pytest
import relume
from relume import EventKind, Fate, ParamDef, RenderReset, State, Tier, Type, Unfit

DIMMER = [ParamDef("level", Type.FLOAT, max=1.0)]
WIDER = [ParamDef("level", Type.FLOAT, max=1.0), ParamDef("speed", Type.FLOAT)]


def test_a_type_is_declared_while_the_show_runs(light: relume.Show) -> None:
    with light.events() as events:
        change = light.prepare_type("laser", [ParamDef("size", Type.FLOAT, max=1.0)])
        with pytest.raises(relume.UnknownType):
            light.add_layer("beam", "laser")
        outcome = change.commit()
        assert change.outcome == outcome
        light.add_layer("beam", "laser")
        light.set("beam/size", 0.5)
        started, changed, *_ = events.poll()
        assert (started.kind, changed.kind) == (EventKind.BUILD_STARTED, EventKind.TYPE_CHANGED)
        assert started.type_change == changed.type_change == change.handle


def test_a_reload_of_the_same_shape_keeps_handles_and_clamps(light: relume.Show) -> None:
    light.add_layer("dim", "dimmer")
    level = light.param("dim/level")
    light.set(level, 1)
    with light.prepare_type("dimmer", [ParamDef("level", Type.FLOAT, max=0.5)], version=2) as change:
        assert light.get(level) == 1.0
    assert change.outcome is not None
    assert (change.outcome.clamped_values, change.outcome.render_reset) == (1, RenderReset.LAYER)
    assert light.get(level) == 0.5
    with light.prepare_type("dimmer", [ParamDef("level", Type.FLOAT, max=0.5)], version=2) as change:
        pass
    assert change.outcome is not None
    assert change.outcome.state == State.SAME


def test_a_change_of_type_says_what_became_of_every_value(light: relume.Show) -> None:
    light.set("spot/level", 1)
    light.set("spot/mode", "prism")
    light.set("spot/name", "somebody")
    light.prepare_type("dimmer", [ParamDef("level", Type.FLOAT, max=0.5)]).commit()
    outcome = light.retype_layer("spot", "dimmer")
    told = [(f.key, f.tier, f.fate, f.why, f.before, f.after) for f in light.type_report(outcome.revision)]
    assert told == [
        ("level", Tier.COMMITTED, Fate.CLAMPED, Unfit.RANGE, 1.0, 0.5),
        ("mode", Tier.COMMITTED, Fate.CLEARED, Unfit.KEY_GONE, 2, None),
        ("name", Tier.COMMITTED, Fate.CLEARED, Unfit.KEY_GONE, 8, None),
    ]
    fates = light.type_report(outcome.revision)
    assert [fate.param for fate in fates] == [light.param("spot/level").handle, 0, 0]
    assert {fate.layer_id for fate in fates} == {light.layer("spot").id}
    with pytest.raises(relume.WrongState):
        light.type_report(outcome.revision + 1)


def test_another_shape_keeps_values_and_makes_handles_stale(light: relume.Show) -> None:
    light.add_layer("dim", "dimmer")
    level = light.param("dim/level")
    light.set(level, 0.5)
    with light.prepare_type("dimmer", WIDER):
        pass
    with pytest.raises(relume.UnknownRoute):
        light.get(level)
    assert (light.get("dim/level"), light.get("dim/speed")) == (0.5, 0.0)


def test_a_build_that_fails_leaves_everything_as_it_is(light: relume.Show) -> None:
    light.add_layer("dim", "dimmer")
    with light.events() as events:
        with pytest.raises(ZeroDivisionError), light.prepare_type("dimmer", WIDER) as change:
            print(1 / 0)
        assert change.outcome is None
        assert light.type_failure("dimmer") == "ZeroDivisionError: division by zero"
        assert [event.kind for event in events] == [EventKind.BUILD_STARTED, EventKind.BUILD_FAILED]
    assert light.layer("dim").param_count == 1
    for call in (change.commit, change.abort):
        with pytest.raises(relume.WrongState):
            call()
    light.prepare_type("dimmer", WIDER).commit()
    assert light.type_failure("dimmer") == ""


def test_a_build_that_failed_before_it_had_a_definition_is_told(light: relume.Show) -> None:
    with light.events() as events:
        light.fail_type("dimmer", "dimmer.json: line 3")
        assert [event.kind for event in events] == [EventKind.BUILD_FAILED]
    assert light.type_failure("dimmer") == "dimmer.json: line 3"
    with pytest.raises(relume.Invalid):
        light.fail_type("dimmer", "")


def test_a_later_change_supersedes_an_earlier_one(light: relume.Show) -> None:
    first = light.prepare_type("dimmer", WIDER)
    second = light.prepare_type("dimmer", DIMMER)
    with pytest.raises(relume.WrongState):
        first.commit()
    second.abort()
    assert light.type_failure("dimmer") == ""


@pytest.mark.parametrize(
    ("params", "kind"),
    [([], relume.Invalid), ([ParamDef("a", Type.FLOAT, max=1, default=2)], relume.OutOfRange)],
)
def test_a_definition_that_cannot_be_is_refused(light: relume.Show, params: list[ParamDef], kind: type[relume.Error]) -> None:
    with pytest.raises(kind):
        light.prepare_type("dimmer", params)


def test_a_layer_gets_another_type_at_once(light: relume.Show) -> None:
    light.set("spot/level", 0.5)
    light.set("spot/count", 7)
    before = light.layer("spot")
    outcome = light.retype_layer("spot", "dimmer")
    assert (outcome.changed, outcome.cleared_values) == (True, 1)
    after = light.layer("spot")
    assert (after.id, after.type_key, light.get("spot/level")) == (before.id, "dimmer", 0.5)
    with pytest.raises(relume.UnknownLayer):
        light.layer(before)
    with pytest.raises(relume.UnknownType):
        light.retype_layer("spot", "none")
    with pytest.raises(relume.UnknownLayer):
        light.retype_layer("nobody", "dimmer")


def test_a_layer_gets_another_key(light: relume.Show) -> None:
    light.set("spot/level", 0.5)
    spot, level = light.layer("spot"), light.param("spot/level")
    assert light.rename_layer("spot", "front").changed
    assert (light.layer(spot).key, light.layer("front").id, light.param("front/level")) == ("front", spot.id, level)
    assert light.get(level) == 0.5
    assert not light.rename_layer(spot, "front").changed
    with pytest.raises(relume.UnknownRoute):
        light.get("spot/level")
    with pytest.raises(relume.Exists):
        light.rename_layer(spot, "wash")
    with pytest.raises(relume.Invalid):
        light.rename_layer(spot, "Front")
    with pytest.raises(relume.UnknownLayer):
        light.rename_layer("spot", "back")


def test_a_layer_gets_another_type_in_two_phases(light: relume.Show) -> None:
    light.set("spot/level", 0.5)
    with light.prepare_retype("spot", "dimmer"):
        assert light.layer("spot").type_key == "fixture"
    assert (light.layer("spot").type_key, light.get("spot/level")) == ("dimmer", 0.5)
    with pytest.raises(relume.UnknownType):
        light.prepare_retype("wash", "none")
    change = light.prepare_retype("wash", "dimmer")
    light.remove_layer("wash")
    with pytest.raises((relume.UnknownLayer, relume.WrongState)):
        change.commit()
