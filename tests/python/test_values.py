# SPDX-License-Identifier: Apache-2.0
"""Values go in and come out as natural Python values; what does not fit is refused and changes nothing."""

import math
import struct

import numpy as np
import pytest
import relume
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from relume import ParamDef, Type

# The fixture is one show for all examples on purpose: each of them writes before it reads.
many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
keys = st.sampled_from(["level", "on", "count", "position", "color", "mode", "start", "name"])


def lanes(count: int) -> st.SearchStrategy[tuple[float, ...]]:
    return st.tuples(*[floats] * count)


def single(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


CASES = {
    "free": floats,
    "on": st.booleans(),
    "count": st.integers(-(2**31), 2**31 - 1),
    "pan-tilt": lanes(2),
    "position": lanes(3),
    "quad": lanes(4),
    "mode": st.sampled_from(["open", "gobo", "prism"]),
    "start": st.integers(-(2**63), 2**63 - 1),
    "name": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=256),
}


@pytest.mark.parametrize("key", CASES)
def test_a_value_comes_back_as_it_went_in(light: relume.Show, key: str) -> None:
    route = f"wash/{key}"
    reader = light.reader()
    param = light.param(route)

    @many
    @given(CASES[key])
    def round_trip(value: relume.Value) -> None:
        light.set(param, value)
        assert light.get(route) == value
        assert type(light.get(route)) is type(value)
        light.compose(1)
        seen = reader.acquire().at(param)
        if key == "name":
            assert (seen == 0) == (value == "")
        elif key == "mode":
            assert param.labels[int(seen)] == value
        else:
            assert np.array_equal(np.asarray(seen), np.asarray(value))

    round_trip()


def test_a_trigger_counts_its_pulses(light: relume.Show) -> None:
    go = light.param("wash/go")
    assert (light.get(go), go.default) == (0, 0)
    first = light.set(go, 1).revision
    assert light.persist(go, np.uint8(2)).revision == first + 1
    assert light.get(go) == 3
    with light.change() as change:
        change.set(go, 2**31 - 1)
        change.set(go, 2**31 - 1)
    assert light.get(go) == 1
    light.set(go, 2**31 - 1)
    light.reset()
    reader = light.reader()
    light.compose(1)
    assert reader.acquire().at(go) == light.get(go) == light.explain(go).persisted == 2**31
    with pytest.raises(relume.OutOfRange, match="1 to 2147483647 pulses"):
        light.set(go, 0)
    with pytest.raises(relume.Invalid, match="no default"):
        relume.Schema().type("t", [ParamDef("go", Type.TRIGGER, default=1)])


def test_colours_are_four_floats_of_32_bits(light: relume.Show) -> None:
    light.set("wash/color", (0.1, 0.2, 0.3, 0.4))
    assert light.get("wash/color") == tuple(map(single, (0.1, 0.2, 0.3, 0.4)))


def test_declared_defaults_hold_until_a_value_is_set(light: relume.Show) -> None:
    assert light.get("wash/color") == (1.0, 0.5, 0.25, 1.0)
    assert light.get("wash/mode") == "gobo"
    assert light.get("wash/name") == "nobody"
    assert light.get("wash/level") == 0.0


def test_numpy_scalars_and_arrays_are_values(light: relume.Show) -> None:
    light.set("wash/level", np.float32(0.5))
    light.set("wash/count", np.int64(-7))
    light.set("wash/on", np.bool_(True))
    light.set("wash/position", np.array([1, 2, 3], np.int16))
    assert [light.get(f"wash/{key}") for key in ("level", "count", "on", "position")] == [0.5, -7, True, (1.0, 2.0, 3.0)]


def test_an_enum_takes_its_label_or_its_index(light: relume.Show) -> None:
    light.set("wash/mode", 2)
    assert light.get("wash/mode") == "prism"
    light.set("wash/mode", "open")
    assert light.get("wash/mode") == "open"
    mode = light.param("wash/mode")
    assert mode.labels == ("open", "gobo", "prism")
    assert (mode.index("prism"), mode.label(2)) == (2, "prism")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("level", "0.5"), ("level", True), ("level", None), ("level", (0.5,)), ("level", b"1"), ("level", np.bool_(True)),
        ("on", 1), ("on", "yes"), ("count", 1.0), ("count", True), ("count", "1"), ("mode", 1.0), ("mode", None),
        ("position", (1, 2)), ("position", (1, 2, 3, 4)), ("position", 1.0), ("position", "abc"), ("position", (1, 2, "3")),
        ("start", 1.5), ("name", b"bytes"), ("name", 1), ("go", True), ("go", 1.0), ("go", None),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(light: relume.Show, key: str, value: object) -> None:
    before = light.get(f"wash/{key}"), light.status().accepted
    with pytest.raises(relume.WrongType) as caught:
        light.set(f"wash/{key}", value)  # type: ignore[arg-type]
    assert (caught.value.culprit, caught.value.reason) == (f"wash/{key}", "wrong-type")
    assert (light.get(f"wash/{key}"), light.status().accepted) == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("level", 1.5), ("few", 4), ("count", 2**31), ("count", -(2**31) - 1), ("start", 2**63), ("mode", 3), ("mode", -1),
        ("mode", "strobe"), ("color", (0, 0, 0, 2)), ("free", 10**400), ("go", 0), ("go", -1), ("go", 2**31), ("go", 2**32 + 1),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused(light: relume.Show, key: str, value: relume.ValueLike) -> None:
    before = light.get(f"wash/{key}")
    with pytest.raises(relume.OutOfRange) as caught:
        light.set(f"wash/{key}", value)
    assert caught.value.code == -3
    assert light.get(f"wash/{key}") == before


def test_a_clamping_parameter_takes_the_end_of_its_range(light: relume.Show) -> None:
    light.set("wash/clamped", 7)
    assert light.get("wash/clamped") == 1.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
def test_what_is_not_finite_in_32_bits_is_refused(light: relume.Show, value: float) -> None:
    with pytest.raises(relume.NotFinite):
        light.set("wash/free", value)
    assert light.get("wash/free") == 0.0


def test_texts_are_bounded_utf8_without_nul(light: relume.Show) -> None:
    light.set("wash/name", "ü" * 512)
    assert light.get("wash/name") == "ü" * 512
    for bad, kind in (("x" * 1025, relume.TooLong), ("a\0b", relume.BadUtf8), ("\ud800", relume.BadUtf8)):
        with pytest.raises(kind):
            light.set("wash/name", bad)
    assert light.get("wash/name") == "ü" * 512


def test_names_with_a_nul_are_refused_and_not_cut(light: relume.Show) -> None:
    for call in (
        lambda: light.set("wash/level\0", 0.5),
        lambda: light.layer("wash\0x"),
        lambda: light.add_layer("x\0", "fixture"),
        lambda: light.set_record("patch\0", b""),
        lambda: light.set("wash/mode", "open\0"),
        lambda: relume.Show(relume.Schema(), "/tmp/a\0b"),
        lambda: relume.Schema().type("a\0", []),
    ):
        with pytest.raises(relume.Invalid, match="NUL"):
            call()


def test_explain_tells_every_tier(light: relume.Show) -> None:
    light.persist("wash/level", 0.25)
    light.set("wash/level", 0.5)
    explained = light.explain("wash/level")
    assert (explained.winner, explained.composed) == (relume.Tier.COMMITTED, 0.5)
    assert (explained.default, explained.persisted, explained.committed, explained.transient) == (0.0, 0.25, 0.5, None)
    light.set("wash/name", "ä")
    assert (light.explain("wash/name").composed, light.explain("wash/name").committed) == ("ä", 2)


@many
@given(st.sets(keys, min_size=1))
def test_set_many_is_one_revision(light: relume.Show, chosen: set[str]) -> None:
    fresh: dict[str, relume.Value] = {
        "level": 0.5, "on": True, "count": 3, "position": (1.0, 2.0, 3.0), "color": (0.0, 0.0, 0.0, 1.0), "mode": "prism",
        "start": 5, "name": "them all",
    }  # fmt: skip
    light.revert()
    before = light.status().accepted
    values = {f"wash/{key}": fresh[key] for key in chosen}
    outcome = light.set_many(values)
    assert (outcome.revision, outcome.changed) == (before + 1, True)
    assert {route: light.get(route) for route in values} == values


def test_set_many_is_all_or_nothing_and_names_the_culprit(light: relume.Show) -> None:
    for bad, kind in ((2.0, relume.OutOfRange), ("x", relume.WrongType)):
        with pytest.raises(kind) as caught:
            light.set_many([("wash/on", True), ("wash/level", bad), ("spot/level", 0.5)])
        assert (caught.value.change, caught.value.culprit) == (1, "wash/level")
    with pytest.raises(relume.UnknownRoute) as lost:
        light.set_many({"wash/on": True, "wash/nothing": 1})
    assert (lost.value.change, lost.value.culprit) == (1, "wash/nothing")
    assert (light.get("wash/on"), light.status().accepted) == (False, 0)
