# SPDX-License-Identifier: Apache-2.0
"""Arrays in and out whole: layouts and views of frames, batches of values, DMX."""

import gc
from typing import Any

import numpy as np
import pytest
import relume
from conftest import Place, make_schema
from hypothesis import given, settings
from hypothesis import strategies as st
from relume import DmxFlags, Type, dmx


def test_a_layout_says_where_every_parameter_lies(light: relume.Show) -> None:
    with light.reader() as reader:
        frame = reader.acquire()
    rows = frame.layout()
    assert rows.dtype.names == ("param", "layer", "slot", "lanes", "type", "index")
    wash, spot = light.layers
    assert len(rows) == wash.param_count + spot.param_count
    for row in rows:
        param = light.param(int(row["param"]))
        assert (row["layer"], row["lanes"], row["type"]) == (param.layer, param.lanes, param.type)
        value = frame.at(param)
        if param.type == Type.FLOAT:
            assert frame.array[row["slot"]] == value
    assert np.array_equal(frame.layout(spot), rows[wash.param_count :])
    light.add_layer("fx", "dimmer")
    assert frame.layout(light.layer("fx")).size == 0


def test_a_layout_is_stale_when_the_structure_is_another(light: relume.Show) -> None:
    with light.reader() as reader:
        before = reader.acquire()
        light.set("wash/level", 0.5)
        light.compose(1)
        assert reader.acquire().structure == before.structure == 0
        outcome = light.remove_layer("wash")
        light.compose(2)
        after = reader.acquire()
        assert after.structure == outcome.revision
        assert len(before.layout()) == 2 * len(after.layout())
        assert len(after.layout()) == light.layer("spot").param_count


def test_a_view_of_a_layer_names_its_values_and_copies_nothing(place: Place) -> None:
    with place.open() as show, show.reader() as reader:
        wash = show.layer("wash")
        with show.change() as change:
            change.set("wash/level", 0.5)
            change.set("wash/color", (0.0, 0.25, 0.5, 1.0))
            change.set("wash/on", True)
            change.set("wash/few", -3)
            change.set("wash/start", -(2**40))
            change.set("wash/pan-tilt", (1.5, -2.5))
        show.compose(1)
        frame = reader.acquire()
        view = frame.view(wash)
        assert np.shares_memory(view, frame.array)
        with pytest.raises(ValueError, match="read-only"):
            view["level"] = 1.0
        show.remove_layer(wash)
        show.compose(2)
        with pytest.raises(relume.UnknownLayer):
            reader.acquire().view(wash)
        with relume.Show(make_schema()) as other, pytest.raises(relume.UnknownLayer):
            frame.view(other.layer("wash"))
    del frame
    gc.collect()
    assert [view[key].item() for key in ("level", "on", "few", "start")] == [0.5, 1, -3, -(2**40)]
    assert view["color"].tolist() == [0.0, 0.25, 0.5, 1.0]
    assert view["pan-tilt"].tolist() == [1.5, -2.5]


ROUTES = ["wash/level", "spot/color", "spot/count", "wash/start", "wash/on", "wash/mode"]


def fill(batch: relume.Batch) -> None:
    batch.lanes[0, 0] = 0.5
    batch.lanes[1] = (0.0, 0.25, 0.5, 1.0)
    batch.integers[2] = -7
    batch.times[3] = 2**40 + 1
    batch.integers[4:] = (1, 2)


def values(show: relume.Show) -> list[Any]:
    return [show.get(route) for route in ROUTES]


def test_a_batch_is_set_as_one_change(light: relume.Show) -> None:
    batch = light.batch(ROUTES)
    assert len(batch) == 6
    fill(batch)
    outcome = light.set_batch(batch)
    assert (outcome.revision, outcome.events) == (1, 1)
    assert values(light) == [0.5, (0.0, 0.25, 0.5, 1.0), -7, 2**40 + 1, True, "prism"]
    batch.lanes[0, 0] = 2.0
    batch.integers[2] = 3
    with pytest.raises(relume.OutOfRange) as caught:
        light.set_batch(batch)
    assert (caught.value.change, light.get("spot/count")) == (0, -7)
    assert light.set_batch(light.batch([])).state == relume.State.SAME


def test_a_batch_is_written_into_one_frame(light: relume.Show) -> None:
    batch = light.batch(ROUTES, relume.CommitPolicy.RENDER_ONLY)
    fill(batch)
    with light.source() as source:
        source.write_batch(batch, 1)
        light.compose(2)
        assert values(light) == [0.5, (0.0, 0.25, 0.5, 1.0), -7, 2**40 + 1, True, "prism"]
        assert light.explain("wash/level").winner == relume.Tier.TRANSIENT
        assert source.info.written == 6
        batch.lanes[1, 2] = np.nan
        with pytest.raises(relume.NotFinite) as caught:
            source.write_batch(batch, 3)
        assert (caught.value.change, caught.value.culprit) == (1, "spot/color")


def test_a_batch_refuses_what_it_cannot_hold(light: relume.Show) -> None:
    with pytest.raises(relume.WrongType) as text:
        light.batch(["wash/level", "wash/name"])
    assert text.value.change == 1
    with pytest.raises(relume.UnknownRoute) as unknown:
        light.batch(["wash/level", "wash/none"])
    assert unknown.value.change == 1
    batch = light.batch(["wash/level"])
    with relume.Show(make_schema()) as other, other.source() as source:
        for call in (lambda: other.set_batch(batch), lambda: source.write_batch(batch, 1)):
            with pytest.raises(relume.UnknownRoute, match="another show"):
                call()
    light.remove_layer("wash")
    with pytest.raises(relume.UnknownRoute):
        light.set_batch(batch)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=32), max_size=40), st.integers(1, 5), st.sampled_from(list(range(4))))
def test_packed_values_are_what_the_formula_says(numbers: list[float], step: int, bits: int) -> None:
    flags = DmxFlags(bits)
    array = np.zeros(len(numbers) * step, np.float32)
    array[::step] = numbers
    packed = dmx.pack(array[::step], flags)
    light = np.nan_to_num(np.clip(np.nan_to_num(np.array(numbers, np.float64), nan=0.0), 0.0, 1.0))
    if flags & DmxFlags.INVERT:
        light = 1.0 - light
    if flags & DmxFlags.FINE:
        steps = packed.reshape(-1, 2)[:, 0].astype(np.int64) * 256 + packed.reshape(-1, 2)[:, 1]
    else:
        steps = packed.astype(np.int64)
    whole = 65535 if flags & DmxFlags.FINE else 255
    assert steps.tolist() == np.floor(whole * light + 0.5).astype(np.int64).tolist()


def test_pack_writes_into_what_it_is_given() -> None:
    out = np.full(4, 9, np.uint8)
    assert dmx.pack([0.0, 0.5, 1.0], out=out).tolist() == [0, 128, 255]
    assert out.tolist() == [0, 128, 255, 9]
    assert dmx.pack(np.array([1.0, 0.0], np.float32)[::-1]).tolist() == [0, 255]
    assert dmx.pack([]).size == 0
    half = np.full(1, 100.5 / 255, np.float32)
    dithered = [int(dmx.pack(half, DmxFlags.DITHER, tick)[0]) for tick in range(64)]
    assert sum(dithered) == 64 * 100.5
    with pytest.raises(relume.OutOfRange, match="6 channels"):
        dmx.pack([0.0, 0.5, 1.0], DmxFlags.FINE, out=out)
    with pytest.raises(relume.Invalid):
        dmx.pack([0.0], DmxFlags(8))
    with pytest.raises(relume.Invalid, match="dimension"):
        dmx.pack(np.zeros((2, 2), np.float32))
    for bad in (np.zeros(8, np.int8), np.zeros(16, np.uint8)[::2]):
        with pytest.raises(relume.WrongType):
            dmx.pack([0.0], out=bad)  # type: ignore[arg-type]


def test_a_universe_is_packed_by_its_patch(light: relume.Show) -> None:
    light.set("wash/color", (1.0, 0.5, 0.25, 1.0))
    light.set("wash/level", 0.5)
    light.compose(1)
    with light.reader() as reader:
        frame = reader.acquire()
    rows = {light.param(int(row["param"])).route: row["slot"] for row in frame.layout()}
    lines = dmx.patch(2)
    lines[0] = (rows["wash/color"], rows["wash/level"], 3, 10, 2, 4, 0)
    lines["channel"][1] = 500
    lines["flags"][1] = DmxFlags.INVERT
    packed = dmx.pack_universe(lines, frame, master=0.5)
    assert packed.shape == (512,)
    assert packed[9:18].tolist() == [0, 64, 32, 16, 0, 64, 32, 16, 0]
    assert packed[500] == 255
    out = np.full(17, 7, np.uint8)
    assert dmx.pack_universe(lines[:1], frame, out=out) is out
    assert out[10:].tolist() == [128, 64, 32, 7, 128, 64, 32]
    with pytest.raises(relume.OutOfRange) as short:
        dmx.pack_universe(lines, frame, out=out)
    assert short.value.change == 1
    lines["flags"][0] = 8
    with pytest.raises(relume.Invalid) as flags:
        dmx.pack_universe(lines, frame)
    assert flags.value.change == 0
    with pytest.raises(relume.WrongType):
        dmx.pack_universe(np.zeros(2, np.dtype([("slot", "<u4")])), frame)
