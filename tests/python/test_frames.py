# SPDX-License-Identifier: Apache-2.0
"""Frames: views without a copy that keep their frame, past close, and let go of it."""

import gc

import numpy as np
import pytest
import relume
from conftest import Place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_a_frame_shows_the_values_of_one_moment(light: relume.Show) -> None:
    light.set("wash/level", 0.5)
    light.set("wash/count", -7)
    light.set("wash/color", (0.0, 0.25, 0.5, 1.0))
    assert light.compose(1_000) == 2
    with light.reader() as reader:
        frame = reader.acquire()
        assert (frame.number, frame.revision, frame.time_ns, frame.moving) == (2, 3, 1_000, 0)
        assert frame.array.shape == (light.info().max_slots,)
        assert frame.array.dtype == np.float32
        assert frame.at(light.param("wash/level")) == 0.5
        color = frame.at(light.param("wash/color"))
        assert isinstance(color, np.ndarray)
        assert (color.dtype.name, color.tolist()) == ("float32", [0.0, 0.25, 0.5, 1.0])
        count = light.param("wash/count")
        wash, spot = frame.layers
        assert frame.array.view(np.int32)[wash.first_slot + count.slot] == frame.at(count) == -7
        assert [layer.layer for layer in frame.layers] == [layer.handle for layer in light.layers]
        assert (wash.id, wash.flags) == (light.layer("wash").id, relume.LayerFlags(0))
        assert (spot.first_slot % 4, spot.slot_count) == (0, light.layer("spot").slot_count)


def test_a_view_is_no_copy_and_cannot_be_written(light: relume.Show) -> None:
    with light.reader() as reader:
        first, second = reader.acquire(), reader.acquire()
        assert first.number == second.number
        assert np.shares_memory(first.array, second.array)
        color = first.at(light.param("wash/color"))
        assert np.shares_memory(first.array, color)
        for array in (first.array, color, first.array.view(np.int32), first.array[3:7]):
            assert isinstance(array, np.ndarray)
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1
            with pytest.raises(ValueError, match="WRITEABLE"):
                array.flags.writeable = True


def test_a_frame_stays_as_it_was_while_the_show_goes_on(light: relume.Show) -> None:
    level = light.param("wash/level")
    with light.reader() as reader:
        kept = []
        for step in range(1, 9):
            light.set(level, step / 10)
            light.compose(step)
            kept.append(reader.acquire())
        for step in range(100):  # every buffer that is free is used again
            light.set(level, step % 2)
            light.compose(100 + step)
        assert [round(float(frame.at(level)), 1) for frame in kept] == [step / 10 for step in range(1, 9)]


def test_a_view_survives_its_frame_its_reader_and_its_show(place: Place) -> None:
    show = place.open()
    level = show.param("wash/level")
    show.set(level, 0.5)
    show.compose(1)
    frame = show.reader().acquire()
    whole, part = frame.array, frame.array[:16].view(np.int32)[0:1]
    show.close()
    assert (frame.at(level), frame.number, len(frame.layers)) == (0.5, 2, 2)
    del frame, show, level
    gc.collect()
    assert whole[0] == 0.5
    del whole
    gc.collect()
    assert part.view(np.float32)[0] == 0.5


def test_frames_in_use_are_limited_and_come_back_when_the_last_view_goes(light: relume.Show) -> None:
    with light.reader() as reader:
        frames = [reader.acquire() for _ in range(8)]
        with pytest.raises(relume.Limit, match="max_retained") as caught:
            reader.acquire()
        assert caught.value.reason == "limit"
        view = frames[3].array[5:6]
        del frames[3]
        with pytest.raises(relume.Limit):
            reader.acquire()
        del view  # nothing but this view held the frame
        frames.append(reader.acquire())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(["frame", "array", "part", "at", "layers"]), max_size=30))
def test_no_way_of_looking_at_a_frame_leaks_it(light: relume.Show, looks: list[str]) -> None:
    """Whatever was looked at: once it is gone, all the show's frames can be had again; no collector is needed for that."""
    color = light.param("wash/color")
    gc.disable()
    try:
        with light.reader() as reader:
            kept: list[object] = []
            for look in looks:
                frame = reader.acquire()
                array = frame.array
                made = {"frame": frame, "array": array, "part": array[2:9:3], "at": frame.at(color), "layers": frame.layers}
                kept.append(made[look])
                if len(kept) > 6:
                    kept.pop(0)
                del frame, array, made
            kept.clear()
            assert len([reader.acquire() for _ in range(8)]) == 8
    finally:
        gc.enable()


def test_a_frame_does_not_have_what_came_after_it(light: relume.Show) -> None:
    with light.reader() as reader:
        old = reader.acquire()
        light.add_layer("late", "dimmer")
        level = light.param("late/level")
        with pytest.raises(relume.UnknownRoute) as caught:
            old.at(level)
        assert caught.value.culprit == "late/level"
        light.compose(1)
        new = reader.acquire()
        assert new.at(level) == 0.0
        light.remove_layer("late")
        light.compose(2)
        with pytest.raises(relume.UnknownRoute):
            reader.acquire().at(level)
        assert new.at(level) == 0.0


def test_readers_are_limited_and_come_back(light: relume.Show) -> None:
    readers = [light.reader() for _ in range(4)]
    with pytest.raises(relume.Limit, match="max_readers"):
        light.reader()
    readers.pop().close()
    light.reader().close()
    readers.clear()  # and so does one that is dropped
    gc.collect()
    assert len([light.reader() for _ in range(4)]) == 4
