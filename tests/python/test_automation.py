# SPDX-License-Identifier: Apache-2.0
"""Sources, streams and what they leave behind; events."""

import os
import signal
from collections.abc import Callable

import numpy as np
import pytest
import relume
from conftest import SECOND, Place
from relume import CommitPolicy, EventKind, ParamDef, Type

MS = 1_000_000


def universe(**options: object) -> relume.Show:
    channels = [ParamDef(f"c{n}", Type.FLOAT, max=1.0) for n in range(512)]
    schema = relume.Schema().type("universe", channels).type("lamp", [ParamDef("color", Type.COLOR), ParamDef("on", Type.BOOL)])
    return relume.Show(schema.layer("u", "universe").layer("lamp", "lamp"), **options)  # type: ignore[arg-type]


def shown(show: relume.Show, reader: relume.Reader, route: str, now: int) -> object:
    show.compose(now)
    return reader.acquire().at(show.param(route))


def test_automation_lies_over_the_committed_value_until_it_is_released(light: relume.Show) -> None:
    level = light.param("wash/level")
    light.set(level, 0.25)
    with light.reader() as reader, light.source(commit_policy=CommitPolicy.RENDER_ONLY) as source:
        source.write(level, 0.5, MS)
        assert shown(light, reader, "wash/level", MS) == 0.5
        explained = light.explain(level)
        assert (explained.winner, explained.transient, explained.committed) == (relume.Tier.TRANSIENT, 0.5, 0.25)
        assert explained.source == source.info.number
        source.release(level, 2 * MS)
        source.release(level, 2 * MS)  # without automation it is no error
        assert shown(light, reader, "wash/level", 2 * MS) == 0.25
        assert (source.info.written, source.info.rejected) == (1, 0)


def test_a_layer_is_explained_whole(light: relume.Show) -> None:
    with light.reader() as reader, light.source() as source:
        level, mode = light.param("wash/level"), light.param("wash/mode")
        light.set(mode, "prism")
        light.set("wash/name", "somebody")
        source.write(level, 0.5, MS)
        shown(light, reader, "wash/level", MS)
        explained = light.explain_layer("wash")
        assert tuple(explained) == light.layer("wash").params
        assert explained[level] == light.explain(level)
        assert (explained[mode].composed, explained[mode].param) == ("prism", mode.handle)
        assert explained[light.param("wash/name")].composed == 8  # bytes
        assert not explained[level].gliding_back
    with pytest.raises(relume.UnknownLayer):
        light.explain_layer("nobody")


def test_a_closed_source_releases_what_it_holds(light: relume.Show) -> None:
    with light.reader() as reader:
        with light.source(commit_policy=CommitPolicy.RENDER_ONLY) as source:
            source.write_many({light.param("wash/level"): 0.5, light.param("wash/mode"): "prism"}, MS)
            assert shown(light, reader, "wash/level", MS) == 0.5
            assert shown(light, reader, "wash/mode", MS) == 2
        assert shown(light, reader, "wash/level", 2 * MS) == 0.0
        assert shown(light, reader, "wash/mode", 2 * MS) == 1


def test_automation_glides(light: relume.Show) -> None:
    slow = light.param("wash/slow")
    with light.reader() as reader, light.source() as source:
        light.compose(0)
        source.write(slow, 1, 0)
        value = shown(light, reader, "wash/slow", 100 * SECOND)
        assert value == pytest.approx(1 - np.exp(-1), abs=1e-4)
        assert reader.acquire().moving == 1


def test_what_has_settled_is_committed_by_policy() -> None:
    with universe(settle_ns=MS, threads=False) as show, show.events() as events, show.source() as source:
        source.write(show.param("u/c0"), 0.5, 0)
        source.write(show.param("u/c1"), 0.5, 0, CommitPolicy.RENDER_ONLY)
        source.write(show.param("u/c2"), 0.5, 0, CommitPolicy.PERSIST)
        for now in range(0, 10 * MS, MS):
            show.compose(now)
            show.control_tick()
        winners = [show.explain(f"u/c{n}").winner for n in range(3)]
        assert winners == [relume.Tier.COMMITTED, relume.Tier.TRANSIENT, relume.Tier.PERSISTED]
        assert [event.kind for event in events] == [EventKind.OVERLAY_SETTLED] * 2


def test_the_operator_is_told_what_masks_the_value(light: relume.Show) -> None:
    level = light.param("wash/level")
    with light.source(priority=150) as source:
        source.write(level, 0.5, MS)
        light.compose(MS)
        outcome = light.set(level, 1)
        assert (outcome.masked_count, outcome.masked_param, outcome.masked_priority) == (1, level.handle, 150)
        assert outcome.masked_by == source.info.number


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("level", 2.0, relume.OutOfRange), ("free", float("nan"), relume.NotFinite), ("level", "x", relume.WrongType),
        ("name", "text", relume.WrongType),
    ],
)  # fmt: skip
def test_automation_that_does_not_fit_is_refused(
    light: relume.Show, key: str, value: relume.Value, kind: type[relume.Error]
) -> None:
    param = light.param(f"wash/{key}")
    on = light.param("wash/on")
    with light.reader() as reader, light.source() as source:
        with pytest.raises(kind) as caught:
            source.write(param, value, MS)
        assert caught.value.culprit == f"wash/{key}"
        with pytest.raises(kind):
            source.write_many({on: True, param: value}, MS)
        assert shown(light, reader, "wash/on", MS) is False  # none of the batch was written
        source.write(on, True, MS)
        assert shown(light, reader, "wash/on", 2 * MS) is True


def test_a_source_has_its_limits(light: relume.Show) -> None:
    with light.source(max_params=1) as source:
        source.write(light.param("wash/level"), 0.5, 1)
        with pytest.raises(relume.Limit, match="max_params"):
            source.write(light.param("wash/free"), 0.5, 1)
    gone = light.param("spot/level")
    light.remove_layer("spot")
    with light.source() as source:
        for call in (source.release, lambda param, now: source.write(param, 0.5, now)):
            with pytest.raises(relume.UnknownRoute) as caught:
                call(gone, 1)
            assert caught.value.culprit == "spot/level"
    with pytest.raises(relume.Invalid):
        light.source(priority=201)
    with pytest.raises(relume.Invalid, match="priority"):
        light.source(priority=-1)


def test_a_stream_writes_its_run_as_one() -> None:
    with universe() as show, show.reader() as reader, show.stream("u/c100", 412) as stream:
        assert (stream.values.shape, stream.values.dtype.name) == ((412,), "float32")
        stream.values[:] = np.linspace(0, 1, 412, dtype=np.float32)
        stream.write(MS)
        show.compose(MS)
        frame = reader.acquire()
        assert np.array_equal(frame.array[100:512], stream.values)
        assert not frame.array[:100].any()
        stream.close()
        show.compose(2 * MS)
        assert not reader.acquire().array[:512].any()


def test_a_stream_names_the_value_to_blame_and_writes_none() -> None:
    with universe() as show, show.reader() as reader, show.stream("u/c0", 512) as stream:
        for bad, kind in ((2.0, relume.OutOfRange), (np.nan, relume.NotFinite)):
            stream.values[:] = 0.5
            stream.values[7] = bad
            with pytest.raises(kind) as caught:
                stream.write(MS)
            assert caught.value.change == 7
            show.compose(MS)
            assert not reader.acquire().array.any()
        stream.values[7] = 0.5
        stream.write(MS)
        show.compose(2 * MS)
        assert (reader.acquire().array[:512] == 0.5).all()
        assert stream.info.rejected == 2


@pytest.mark.parametrize(
    ("first", "count", "kind"),
    [
        ("u/c0", 513, relume.UnknownRoute), ("u/c0", 0, relume.Invalid), ("lamp/on", 1, relume.WrongType),
        ("lamp/color", 3, relume.WrongType), ("u/c512", 1, relume.UnknownRoute),
    ],
)  # fmt: skip
def test_a_run_that_cannot_be_is_refused(first: str, count: int, kind: type[relume.Error]) -> None:
    with universe() as show:
        with pytest.raises(kind):
            show.stream(first, count)
        show.stream("lamp/color", 4).close()


def test_a_stream_whose_layer_is_gone_says_so_and_a_closed_one_too() -> None:
    with universe() as show:
        stream = show.stream("u/c0", 512)
        show.remove_layer("u")
        with pytest.raises(relume.UnknownRoute):
            stream.write(1)
        stream.close()
        for call in (lambda: stream.write(1), lambda: stream.info):
            with pytest.raises(relume.Closed):
                call()
        other = show.stream("lamp/color", 4)
    with pytest.raises(relume.Closed):
        other.write(1)


def test_events_tell_what_happened_in_order(light: relume.Show) -> None:
    light.set("wash/level", 0.1)
    with light.events() as events:
        light.set("wash/level", 0.2)
        light.enable_layer("spot", False)
        first, second = events.poll()
        assert (first.kind, first.change, first.revision) == (EventKind.ACCEPTED, relume.ChangeKind.SET, 2)
        assert light.param(first.param).route == "wash/level"
        assert (second.change, light.layer(second.layer).key) == (relume.ChangeKind.ENABLE, "spot")
        assert second.sequence == first.sequence + 1
        assert events.poll() == []
        light.set("wash/level", 0.2)  # the same is no event
        assert list(events) == []


def test_who_polls_too_rarely_learns_how_much_was_missed() -> None:
    with universe(event_capacity=16) as show, show.events() as events:
        for step in range(20):
            show.set("u/c0", step / 20)
        assert len(events.poll(capacity=5)) == 5
        assert events.missed == 4
        assert len(list(events)) == 11
        show.set("u/c0", 1)
        assert (len(list(events)), events.missed) == (1, 4)


def test_a_gesture_is_committed_once_at_its_end() -> None:
    with universe(threads=False) as show, show.reader() as reader, show.source() as source, show.events() as events:
        level = show.param("u/c0")
        hand = source.gesture(level, 0)
        assert hand.param == level
        assert shown(show, reader, "u/c0", 0) == 0.0
        for step in range(1, 5):
            hand.change(step / 8, step * MS)
            assert shown(show, reader, "u/c0", step * MS) == step / 8
            show.control_tick()
        explained = show.explain(level)
        assert (explained.priority, explained.committed) == (150, None)
        hand.end(10 * MS)
        for now in (10 * MS, 20 * MS):
            show.compose(now)
            show.control_tick()
        assert show.explain(level).committed == 0.5
        assert [event.kind for event in events] == [EventKind.OVERLAY_SETTLED]


def test_a_gesture_that_is_given_up_leaves_nothing() -> None:
    with universe(threads=False) as show, show.reader() as reader, show.source() as source:
        show.set("u/c0", 0.25)
        hand = source.gesture(show.param("u/c0"), 0)
        hand.change(0.5, 0)
        assert shown(show, reader, "u/c0", 0) == 0.5
        hand.abort(MS)
        assert shown(show, reader, "u/c0", MS) == 0.25
        assert show.explain("u/c0").transient is None


def test_a_gesture_says_what_cannot_be(light: relume.Show) -> None:
    level = light.param("wash/level")
    with light.source(max_params=1) as source:
        for key in ("go", "name"):
            with pytest.raises(relume.WrongType):
                source.gesture(light.param(f"wash/{key}"), 0)
        hand = source.gesture(level, 0)
        with pytest.raises(relume.WrongState, match="already"):
            source.gesture(level, 0)
        refused: list[Callable[[], object]] = [lambda: source.write(level, 0.5, 0), lambda: source.release(level, 0)]
        for call in refused:
            with pytest.raises(relume.WrongState, match="end the gesture first") as caught:
                call()
            assert caught.value.culprit == "wash/level"
        for value, kind in ((2.0, relume.OutOfRange), (np.nan, relume.NotFinite), ("x", relume.WrongType)):
            with pytest.raises(kind):
                hand.change(value, 0)
        with pytest.raises(relume.Limit):
            source.gesture(light.param("wash/free"), 0)
        hand.end(0)
        refused = [lambda: hand.end(0), lambda: hand.abort(0), lambda: hand.change(0.5, 0)]
        for call in refused:
            with pytest.raises(relume.WrongState, match="begin one"):
                call()
    with pytest.raises(relume.Closed):
        hand.end(0)


def test_a_single_write_has_its_own_time_constant() -> None:
    with universe() as show, show.reader() as reader, show.source() as source:
        show.compose(0)
        source.write(show.param("u/c0"), 1, 0, smoothing_ms=100)
        source.write_many({show.param("u/c1"): 1}, 0, smoothing_ms=relume.SMOOTHING_STEP)
        batch = show.batch(["u/c2", "u/c3"])
        batch.lanes[:, 0] = 1
        batch.smoothing_ms[:] = (200, 0)
        source.write_batch(batch, 0)
        show.compose(0)
        show.compose(100 * MS)
        values = reader.acquire().array[:4]
        assert values == pytest.approx([1 - np.exp(-1), 1, 1 - np.exp(-0.5), 1], abs=1e-4)
        for bad in (-1, relume.SMOOTHING_STEP + 1):
            with pytest.raises(relume.Invalid) as caught:
                source.write(show.param("u/c0"), 0.5, 0, smoothing_ms=bad)
            assert caught.value.culprit == "smoothing_ms"
        batch.smoothing_ms[1] = relume.SMOOTHING_STEP + 1
        with pytest.raises(relume.Invalid, match="time constant") as caught:
            source.write_batch(batch, 0)
        assert (caught.value.culprit, caught.value.change) == ("u/c3", 1)


def test_a_source_that_falls_silent_is_lost_until_it_speaks_again() -> None:
    with (
        universe() as show,
        show.reader() as reader,
        show.source(timeout_ns=SECOND) as source,
        show.stream("u/c1", 1, timeout_ns=SECOND) as stream,
    ):
        stream.values[:] = 0.5
        for now, expected in ((0, 0.5), (SECOND - 1, 0.5), (SECOND, 0.0)):
            if now == 0:
                source.write(show.param("u/c0"), 0.5, 0)
                stream.write(0)
            show.compose(now)
            assert list(reader.acquire().array[:2]) == [expected, expected]
        assert (source.info.timeouts, stream.info.timeouts) == (1, 1)
        source.write(show.param("u/c0"), 0.5, SECOND)  # an equal value is news now
        assert shown(show, reader, "u/c0", SECOND) == 0.5
        with pytest.raises(relume.Invalid, match="timeout"):
            show.source(timeout_ns=-1)


def test_counters_tell_what_no_frame_took() -> None:
    with universe() as show, show.source() as source:
        for step in range(5):
            source.write(show.param("u/c0"), step / 8, 0)
        show.compose(0)
        info = source.info
        assert (info.written, info.superseded, info.unchanged, info.timeouts) == (5, 4, 0, 0)


def test_the_highest_value_wins_where_the_definition_says_so() -> None:
    schema = relume.Schema().type("t", [ParamDef("high", Type.FLOAT, highest=True), ParamDef("late", Type.FLOAT)])
    with relume.Show(schema.layer("a", "t")) as show, show.reader() as reader, show.source() as one, show.source() as two:
        for key in ("high", "late"):
            one.write(show.param(f"a/{key}"), 2, 0)
            two.write(show.param(f"a/{key}"), 1, MS)
        show.compose(MS)
        frame = reader.acquire()
        assert (frame.at(show.param("a/high")), frame.at(show.param("a/late"))) == (2, 1)


def test_automation_is_held_over_a_death_by_a_source_of_its_own(place: Place) -> None:
    def die_with_automation(held_ns: int) -> relume.Explanation:
        child = os.fork()
        if child == 0:
            show = place.open(held_ns=held_ns, commit_policy=CommitPolicy.RENDER_ONLY)
            source = show.source()
            source.write(show.param("wash/level"), 0.5, MS)
            show.compose(MS)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child, 0)
        with place.open(held_ns=held_ns) as show:
            return show.explain("wash/level")

    held = die_with_automation(0)
    assert (held.transient, held.source) == (0.5, relume.SOURCE_RECOVERED)


def test_none_is_none() -> None:
    with universe(max_retained=relume.NONE) as show, show.reader() as reader:
        show.compose(0)
        with pytest.raises(relume.Limit):
            reader.acquire()
    with universe(max_contended=1) as show, show.source() as source:
        source.write(show.param("u/c0"), 0.5, 0)
